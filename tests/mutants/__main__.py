"""Mutants: whether the tests notice when the code is changed.

Each mutant is one small change in one function of the pure modules, and each is tried against the unit floor. Those
that change only what a person reads are counted by themselves. `python -m tests.mutants [path …]` tries some files.
"""

import os
import sys
import time

os.environ["HYPOTHESIS_PROFILE"] = "mutants"  # before tests/conftest.py reads it

import pytest
from mutmut.configuration import config

from benchmarks.results import keep, result
from tests.mutants.killing import Killing
from tests.mutants.made import ROOT, mutants_of, pure
from tests.mutants.told import LEAST, counts, figures, listed, table, the_same

SURVIVORS = ROOT / ".mutants" / "survivors.txt"
OPTIONS = ["-q", "--tb=native", "-p", "no:cacheprovider", "-p", "no:xdist"]


def main(paths: list[str]) -> int:
    """Try the mutants of some files, of all unless some are named; say whether enough were killed."""
    began, load = time.monotonic(), os.getloadavg()[0]
    killing = Killing([each for path in paths or pure() for each in mutants_of(path)])
    pytest.main([*OPTIONS, *config().pytest_add_cli_args_test_selection], plugins=[killing])
    if not killing.done:
        return 1
    same = the_same(killing.survived)
    survived = [each for each in killing.survived if each not in same]
    counted = counts([each for each in killing.mutants if each not in same], survived)
    minutes = (time.monotonic() - began) / 60
    SURVIVORS.parent.mkdir(exist_ok=True)
    SURVIVORS.write_text(listed(survived), encoding="utf-8")
    print(f"\n{table(counted)}\n{len(same)} more do the same as the code; {minutes:.1f} minutes")
    print(f"Those that survived: {SURVIVORS.relative_to(ROOT)}")
    if not paths:
        keep(result("mutants", (__doc__ or "").strip(), 1, load, figures(counted, minutes)))
    return 0 if counted[-1].percent >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
