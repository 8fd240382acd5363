"""docs/operating.md tells a person on call what each end means, and where to look for each code."""

import json
import re
from pathlib import Path

import pytest

from chalicelib.deployment import Status
from chalicelib.metrics import calls_counted, count_call, tell_verdict
from tests.unit import test_api_page as api_page
from tests.unit.deployments import NOW, deployment, proven

PAGE = (Path(__file__).parents[2] / "docs" / "operating.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """Return the part of the page under a heading."""
    return PAGE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def codes_of_the_api_page() -> list[str]:
    """Return every code that a failure may have, as docs/api.md has them, each once."""
    rows = api_page.CODE_AND_MEANING.findall(api_page.section("A deployment").split("| `failure.code` |", 1)[1])
    causes = [row[0] for row in api_page.CAUSE.findall(api_page.section("Why a rollout failed"))]
    return sorted({*causes, *(code for row in rows for code in re.findall(r"\w+", row))})


def test_every_end_is_explained() -> None:
    """Each status that ends a deployment has a row that says what serves, what was done, and what to do."""
    table = section("What a verdict says").split("|---|---|---|---|\n", 1)[1]
    rows = re.findall(r"^\| `(\w+)`[^|]*\|(?:[^|]+\|){3}$", table, re.MULTILINE)
    assert {each.value for each in Status if each.ended} == set(rows)


def test_every_code_is_in_one_group() -> None:
    """Each code that a failure may have stands in exactly one group of what to look at first."""
    groups = re.findall(r"^\| [^|`]+ \| ([^|]+) \|", section("What to look at first, by code"), re.MULTILINE)
    assert codes_of_the_api_page() == sorted(code for group in groups for code in re.findall(r"`(\w+)`", group))


def test_every_metric_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """Each metric that is told has a row, with its unit and its dimensions."""
    ended = deployment(proven("home").model_copy(update={"settled_at": NOW}))
    tell_verdict(ended, Status.SUCCEEDED, "slipway-dev", NOW)
    with calls_counted():
        count_call("ecs", throttled=True)
    told = [json.loads(line)["_aws"]["CloudWatchMetrics"][0] for line in capsys.readouterr().out.splitlines()]
    metrics = {(each["Name"], each["Unit"], *line["Dimensions"][0]) for line in told for each in line["Metrics"]}
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]+) \|", section("Metrics"), re.MULTILINE)
    assert metrics == {(name, unit, *re.findall(r"`(\w+)`", dimensions)) for name, unit, dimensions in rows}
