"""docs/github.md tells every field of a trigger, and its examples are taken."""

import re
import subprocess
from pathlib import Path
from shutil import which

import pytest

from chalicelib.api import openapi
from chalicelib.errors import Unauthorized
from chalicelib.github.delivery import WorkflowSucceeded, read
from chalicelib.github.signature import verify
from chalicelib.github.triggers import PATTERNS, Trigger
from tests.machine.api import Api

PAGE = (Path(__file__).parents[2] / "docs" / "github.md").read_text(encoding="utf-8")
SECRET = b"local-github-secret"


def first_cells(title: str) -> list[str]:
    """Return the first column of the first table under a heading."""
    table = PAGE.split(f"\n## {title}\n", 1)[1].split("|---|---|\n", 1)[1].split("\n\n", 1)[0]
    return re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)


def test_every_field_is_on_the_page() -> None:
    """The table of triggers has every field, and nothing else; every event is told."""
    assert list(Trigger.model_fields) == first_cells("Triggers")
    assert [] == [event for event in PATTERNS if f"| `{event}` | " not in PAGE]


def test_every_answer_is_on_the_page() -> None:
    """The table of answers has each status that the route may answer, and no other."""
    table = PAGE.split("\n## What a delivery is answered\n", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| (\d{3})(?:, (\d{3}))? \|", table, re.MULTILINE)
    responses = openapi.document("")["paths"]["/webhooks/github"]["post"]["responses"]
    assert sorted(responses) == sorted(status for row in rows for status in row if status)


def test_example_registers(api: Api) -> None:
    """The example of the page is a registration."""
    [example] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    body = re.sub(r"^   ", "", example, flags=re.MULTILINE).encode()
    answer = api.request("PUT", "/applications/shop", {"Content-Type": "application/yaml"}, body)
    assert (201, "staging") == (answer.status_code, answer.json_body["environment"])


@pytest.mark.skipif(which("openssl") is None, reason="the page signs with openssl, which is not here")
def test_delivery_by_hand() -> None:
    """The delivery that the page signs by hand is one that is let in, and a workflow's success."""
    [lines] = re.findall(r"^body=.*?^signature=.*?$", PAGE, re.MULTILINE | re.DOTALL)
    script = f'{lines}\nprintf "%s\\0%s" "$body" "$signature"'
    body, signature = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout.split(
        "\0"
    )

    verify(body.encode(), f"sha256={signature}", [SECRET])
    assert isinstance(read("workflow_run", body.encode(), "application/json"), WorkflowSucceeded)
    with pytest.raises(Unauthorized):
        verify(body.encode(), f"sha256={signature}", [SECRET[1:]])
