# The local cloud's network `vpc` needs nftables and iproute2 (Debian: apt-get install nftables iproute2); without them
# it is `loopback`.
# make demo | up | test | test-full | test-busy | check | package | deploy | smoke | destroy | bench | mutants | lock.
# On a fresh machine: Python 3.11+, make, a package index.

PYTHON ?= python3
BIN := .venv/bin
# Most of a test's time is waiting for a local cloud, so five share two cores; the tests of a file share theirs.
PARALLEL := -n 5 --dist loadfile
# Where Python may not keep what it compiles, each of these processes compiles all of it.
unexport PYTHONDONTWRITEBYTECODE
SOURCES := app.py artifact chalicelib localcloud cli docs statemachines tests benchmarks sample_services

.PHONY: demo up test test-full test-busy check package deploy smoke destroy bench mutants setup lock docs format clean

demo: setup
	@$(BIN)/python -m localcloud demo

up: setup
	@exec $(BIN)/python -m localcloud up

test: check
	$(BIN)/pytest $(PARALLEL) -m "not full"

test-full: check
	HYPOTHESIS_PROFILE=ci $(BIN)/pytest $(PARALLEL)

# Three times beside a busy core: no test may hang on how fast the machine is. Its figures are in benchmarks/results.
test-busy: setup
	$(BIN)/python -m benchmarks suite_busy

check: setup
	@$(MAKE) --no-print-directory --jobs 2 types form

.PHONY: types form
types: setup
	$(BIN)/mypy

form: setup
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/statelint statemachines/*.asl.json
	$(BIN)/cfn-lint infrastructure/*.yaml
	$(BIN)/pytest tests/contract/test_layers.py tests/contract/test_state_machine.py tests/contract/test_tests.py

# The stage: dev or prod. A stack of another name is another installation.
STAGE ?= dev
STACK ?= slipway-$(STAGE)

package: setup
	$(BIN)/python -m artifact $(STAGE)

# PARAMETERS="Vpc=main Subnets=private": those of infrastructure/parts/parameters.yaml; the stack remembers them.
deploy: package
	@artifact/deploy $(STACK) $(PARAMETERS)

# Is it right on AWS? SLIPWAY_TOKEN says who asks; SLIPWAY_URL where, if not the stack's API.
smoke: setup
	@export SLIPWAY_URL="$${SLIPWAY_URL:-$$(aws cloudformation describe-stacks --stack-name $(STACK) --output text \
	  --query "Stacks[0].Outputs[?OutputKey=='EndpointURL'].OutputValue")}"; exec $(BIN)/python -m cli.smoke

destroy:
	aws cloudformation delete-stack --stack-name $(STACK)
	aws cloudformation wait stack-delete-complete --stack-name $(STACK)

bench: setup
	$(BIN)/python -m benchmarks

# Do the tests notice when the code is changed? By hand, now and then: tests/mutants.
mutants: .mutants/ready
	.mutants/venv/bin/python -m tests.mutants

# What makes the mutants is needed by nothing else, so it has an environment of its own.
.mutants/ready: .venv/ready requirements-mutants.txt
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .mutants/venv
	VIRTUAL_ENV=.mutants/venv $(BIN)/uv pip install --quiet --require-hashes -r requirements-dev.txt
	VIRTUAL_ENV=.mutants/venv $(BIN)/uv pip install --quiet --require-hashes -r requirements-mutants.txt
	@touch $@

docs: setup
	$(BIN)/python statemachines/draw.py
	$(BIN)/python -m docs.manifest_schema
	$(BIN)/python -m docs.permissions
	$(BIN)/python -m docs.decision_index

format: setup
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

setup: .venv/ready

# What is installed is what was locked, by its hash, uv first: that one pip installs, and uv installs in seconds what takes
# pip a minute. chalice and the images still need pip itself.
.venv/ready: requirements-dev.txt sample_services/images.toml $(wildcard sample_services/*/*/requirements.txt)
	$(PYTHON) -m venv .venv
	sed -n '/^uv==/,/[^\\]$$/p' requirements-dev.txt | \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r /dev/stdin
	VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements-dev.txt
	$(BIN)/python -m localcloud prepare
	@touch $@

# Versions stay as they are unless the .in file says others; an image has none, and its versions are changed where they are.
LOCK = $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
  --no-emit-find-links --custom-compile-command "make lock"

lock: setup
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) requirements-dev.in -o requirements-dev.txt
	$(LOCK) requirements-mutants.in -o requirements-mutants.txt
	for file in sample_services/*/*/requirements.txt; do \
	  grep == $$file | tr -d '\\' | $(LOCK) --no-annotate - -o $$file.new && mv $$file.new $$file || exit; \
	done

clean:
	rm -rf .venv .slipway .mutants dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
