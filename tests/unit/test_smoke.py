"""What `make smoke` says, when it goes on, and that it knows the rows of docs/aws-assumptions.md."""

import re
from pathlib import Path

import pytest

from cli.client import ApiError, Client
from cli.smoke import Settings, announcement, main
from cli.smoke_steps import STEPS, Smoke, Step, Subject, Unexpected, line, run

PAGE = (Path(__file__).parents[2] / "docs" / "aws-assumptions.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in row.strip("|").split(" | ")]
    for row in re.findall(r"^\| [A-Z]\d+ .+\|$", PAGE, re.MULTILINE)
]
NAMED = {"SLIPWAY_URL": "https://slipway.example/api", "SLIPWAY_TOKEN": "secret"}
SUBJECT = Subject("slipway-smoke-1", "nginx:stable", 80)


def smoke() -> Smoke:
    """Return a run that never asks anybody."""
    return Smoke(Client("https://slipway.example/api", "secret"), SUBJECT, 0)


def step(name: str, taken: list[str], raises: BaseException | None = None) -> Step:
    """Return a step that notes that it was taken, tells a line of a timeline, and ends as it is told."""

    def take(run_: Smoke) -> str:
        taken.append(name)
        run_.timeline.append(f"{name} began")
        if raises:
            raise raises
        return "seen"

    return Step(name, take, "R1")


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"SLIPWAY_URL": ""}, "SLIPWAY_URL is missing: write the API's URL."),
        ({"SLIPWAY_TOKEN": ""}, "SLIPWAY_TOKEN is missing: write a token with read and write."),
        ({"SLIPWAY_SMOKE_PORT": "http"}, "SLIPWAY_SMOKE_PORT=http: write a number, such as 80"),
        ({"SLIPWAY_SMOKE_POLL_SECONDS": "x"}, "SLIPWAY_SMOKE_POLL_SECONDS=x: write a number, such as 3.0"),
        ({"SLIPWAY_SMOKE_LOAD_BALANCER": "a:b"}, "SLIPWAY_SMOKE_LOAD_BALANCER=a:b: write name or name:port"),
    ],
)
def test_what_cannot_be_used_is_named(variables: dict[str, str], said: str) -> None:
    """A variable that is missing or wrong is told, and nothing is begun: it ends with 2."""
    lines = list[str]()

    assert 2 == main({**NAMED, **variables}, lines.append)
    assert [said] == [each[: len(said)] for each in lines]


def test_it_tells_what_it_makes_and_what_it_costs() -> None:
    """Before anything is made, all of it is named, with the minutes and the dollars, and where these come from."""
    settings = Settings.read({**NAMED, "SLIPWAY_SMOKE_LOAD_BALANCER": "main:8080", "SLIPWAY_SMOKE_IMAGE": "web:1"})
    application = settings.subject.application
    told = announcement(settings)

    assert re.fullmatch(r"slipway-smoke-[0-9a-f]{8}", application)
    for each in (
        f"a cluster and a service, {application}",
        "a task of web:1",
        f"the namespace {application}.internal",
        "a rule and a target group on main",
        f"/ecs/{application}-web",
        "About 10 minutes, and $0.01: Fargate $0.0041",
        "https://aws.amazon.com/fargate/pricing/",
        "Slipway $0.0055 (docs/install.md)",
    ):
        assert each in told
    assert "secret" not in told


@pytest.mark.parametrize(
    "image",
    ["nginx", "nginx:stable", "nginx@sha256:0a", "nginx:stable@sha256:0a"],
)
@pytest.mark.parametrize("registry", ["", "public.ecr.aws/nginx/", "registry.local:5000/"])
def test_the_missing_image_is_beside_the_image(registry: str, image: str) -> None:
    """It has the image's registry, whose port is no tag, and a repository that nobody has."""
    assert f"{registry}nginx-missing:1" == Subject("a", registry + image, 80).image_missing


def test_a_route_is_asked_for_where_a_load_balancer_is_named() -> None:
    """Without one there is neither route nor load balancer; with one both are there, on its port."""
    without = SUBJECT.manifest()
    behind = Subject("slipway-smoke-1", "nginx:stable", 80, ("main", 8080)).manifest()

    assert "load_balancer" not in without
    assert "route" not in without["services"]["web"]
    assert {"name": "main", "port": 8080} == behind["load_balancer"]
    assert "/slipway-smoke-1*" == behind["services"]["web"]["route"]["path"]


@pytest.mark.parametrize(("well", "verdict"), [(True, "ok   "), (False, "WRONG")])
def test_a_step_is_a_line(well: bool, verdict: str) -> None:
    """It has the step's number and name, its seconds, its verdict, what was seen, and the assumptions it checks."""
    told = line(4, Step("image missing", Smoke.image_missing, "R1 T9"), 61.23, "rolled_back", well=well)
    assert f"4  image missing      61.2 s  {verdict}  rolled_back  [R1 T9]" == told


def outcome(said: list[str]) -> list[str]:
    """Return the lines without their seconds."""
    return [re.sub(r" +\d+\.\d s ", "", each) for each in said]


def test_steps_follow_each_other() -> None:
    """When each goes as expected, all are taken in order, and nothing of their timelines is told."""
    taken, said = list[str](), list[str]()
    steps = [step("one", taken), step("two", taken), step("last", taken)]

    assert (True, True) == run(smoke(), said.append, steps)
    assert ["one", "two", "last"] == taken
    assert ["1  one ok     seen  [R1]", "2  two ok     seen  [R1]", "3  last ok     seen  [R1]"] == outcome(said)


@pytest.mark.parametrize(
    "error", [Unexpected("it is so"), ApiError(409, {"title": "Busy", "detail": "it is so"}), OSError("it is so")]
)
def test_the_first_that_goes_otherwise_is_the_last_but_one(error: Exception) -> None:
    """What was seen is told with the timeline of that step alone; the rest is left out, the last is taken."""
    taken, said = list[str](), list[str]()
    steps = [step("one", taken), step("two", taken, error), step("three", taken), step("last", taken)]

    assert (False, True) == run(smoke(), said.append, steps)
    assert ["one", "two", "last"] == taken
    assert [f"2  two WRONG  {error}  [R1]", "      two began"] == outcome(said)[1:3]


def test_ctrl_c_ends_the_steps() -> None:
    """It is told, the rest is left out, and the last is taken."""
    taken, said = list[str](), list[str]()
    steps = [step("one", taken, KeyboardInterrupt()), step("two", taken), step("last", taken)]

    assert (False, True) == run(smoke(), said.append, steps)
    assert ["one", "last"] == taken
    assert "Interrupted: what was made is removed." == said[0]


def test_a_fault_of_ours_tears_down_first() -> None:
    """What no step knows how to tell goes on its way, after the last was taken."""
    taken, said = list[str](), list[str]()
    steps = [step("one", taken, KeyError("status")), step("two", taken), step("last", taken)]

    with pytest.raises(KeyError):
        run(smoke(), said.append, steps)
    assert ["one", "last"] == taken


def test_rows_are_numbered() -> None:
    """Each table of the page counts from 1, without a gap, under a letter of its own."""
    numbers: dict[str, list[int]] = {}
    for letter, number in (re.fullmatch(r"([A-Z])(\d+)", row[0]).groups() for row in ROWS):  # type: ignore[union-attr]
        numbers.setdefault(letter, []).append(int(number))

    assert list("RNBTDF") == list(numbers)
    assert {letter: list(range(1, len(found) + 1)) for letter, found in numbers.items()} == numbers


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_row_is_whole(row: list[str]) -> None:
    """It says what is assumed, its source or that there is none, what would show it wrong, and how to check it."""
    assert 5 == len([cell for cell in row if cell])
    assert re.search(r"\[[^]]+\]|none found|`source`", row[2]), row[2]


def test_sources_are_links() -> None:
    """Each name in brackets is defined, as a URL, and each that is defined is used."""
    tables, _, links = PAGE.partition("\n[#24565]: ")
    defined = dict(re.findall(r"^\[([^]]+)\]: (\S+)$", f"[#24565]: {links}", re.MULTILINE))
    used = set(re.findall(r"\[([^]]+)\](?![(\[])", re.sub(r"`[^`]*`", "", tables)))

    assert set(defined) == used
    assert [] == [url for url in defined.values() if not re.match(r"https://(docs\.aws\.amazon|github)\.com/", url)]


def test_steps_name_what_they_check() -> None:
    """Where a row says "smoke 4", the fourth step names that row, and the other way round."""
    of_the_page = {number: [row[0] for row in ROWS if number in said(row[4])] for number in range(1, len(STEPS) + 1)}
    assert of_the_page == {number: each.assumptions.split() for number, each in enumerate(STEPS, 1)}


def said(check: str) -> list[int]:
    """Return the numbers of the steps that a check names."""
    return [int(each) for found in re.findall(r"smoke ((?:\d(?:, )?)+)", check) for each in re.findall(r"\d", found)]
