"""What every test has: no real account in reach, hypothesis with its profile's examples, and a clock for each floor.

The profile is HYPOTHESIS_PROFILE: dev or ci, or mutants, which tries the same examples each time.
"""

import gc
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("dev", max_examples=30, deadline=None)
settings.register_profile("ci", max_examples=500, deadline=None)
settings.register_profile("mutants", max_examples=50, deadline=None, derandomize=True, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

NOBODY = {
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_DEFAULT_REGION": "us-east-1",
}
REAL = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ENDPOINT_URL")


@pytest.fixture(scope="session", autouse=True)
def no_real_account() -> Iterator[None]:
    """Take the credentials of a real AWS account out of this process's environment."""
    with pytest.MonkeyPatch.context() as environment:
        for name in REAL:
            environment.delenv(name, raising=False)
        for name, value in NOBODY.items():
            environment.setenv(name, value)
        yield


def pytest_collection_finish() -> None:
    """Have the garbage collector look less often, and pass over what stays: modules, models and thousands of tests."""
    gc.collect()
    gc.set_threshold(20_000)
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell the seconds of each floor: those of its tests and their fixtures, one after the other."""
    seconds: Counter[str] = Counter()
    for kind in ("passed", "failed", "error", "skipped", ""):
        for report in terminalreporter.getreports(kind):
            seconds[Path(report.nodeid).parts[1]] += getattr(report, "duration", 0)
    told = ", ".join(f"{floor} {taken:.0f} s" for floor, taken in sorted(seconds.items()))
    terminalreporter.write_line(f"floors: {told}")
