"""How much one request may ask for, and how much one answer holds; docs/api.md says what comes past each.

What AWS limits in one field (tags, subnets, containers, seconds) stands with that field, in `manifest`.
"""

# The body of a manifest, and what it holds once its aliases are written out.
BODY_BYTES = 262_144
BODY_VALUES = 10_000
BODY_LEVELS = 100
SERVICES = 40
NAME_LENGTH = 255
# Faults told in one answer.
FAULTS = 100

# The body of GitHub's webhook: Lambda takes 6 MB in all (quotas, "Invocation payload"), in which it is quoted as JSON.
DELIVERY_BYTES = 5_000_000
TRIGGERS = 50
PATTERN_LENGTH = 255

PARAMETER_LENGTH = 255
IDEMPOTENCY_KEY_LENGTH = 255
# GitHub Enterprise Server redelivers for 7 days (docs: "Redelivering webhooks"); a delivery of before must be known.
IDEMPOTENCY_HOURS = 192

# A page of GET /deployments, and of a timeline; how many a caller gets who does not say.
PAGE = 100
DEPLOYMENTS_UNLESS_TOLD = 20
EVENTS_UNLESS_TOLD = 100
# For one page of a filtered list.
DEPLOYMENTS_LOOKED_AT = 2_000

# A teardown is recorded and takes its locks in one transaction, of 100 writes at most: TransactWriteItems.
TEARDOWN_SERVICES = 97

# What GET /deployments/{id}/logs shows: lines of each container, how many a caller gets who does not say, of how many
# tasks, and how much of a line. It fits into Lambda's answer of 6 MB.
LOG_LINES = 100
LOG_LINES_UNLESS_TOLD = 20
LOG_TASKS = 5
LOG_LINE_LENGTH = 1_000
