"""Moments in the middle of a deployment at which a new release of Slipway comes: what is in the table then."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalicelib.deployment import Deployment
from chalicelib.store import Store
from tests.machine.moments import Interruption, Moment
from tests.machine.slipway import MACHINES, Slipway, two_services, with_service
from tests.tables import NAME

FOLDER = Path(__file__).parent
Begin = Callable[[Slipway, Deployment], Deployment]


def shop(version: int) -> dict[str, Any]:
    """Return the manifest of an application with all that a record can hold of it."""
    home = {
        "image": f"home:{version}",
        "desired_count": version + 1,
        "scaling": {"min": 1, "max": 4 + version, "cpu": 60},
        "before_deploy": {"command": ["migrate", "--all"]},
    }
    return with_service(two_services(application="shop"), "home", **home)


def _deploy(slipway: Slipway, _deployed: Deployment) -> Deployment:
    return slipway.post(shop(2), key="2")


def _break(slipway: Slipway, deployed: Deployment) -> Deployment:
    slipway.world.broken.add("home:2")
    slipway.world.exit_codes["home:2"] = 0  # before_deploy succeeds, the service does not
    return _deploy(slipway, deployed)


def _tear_down(slipway: Slipway, deployed: Deployment) -> Deployment:
    return slipway.delete(deployed, key="3")


@dataclass(frozen=True)
class Scene:
    """What begins once a first version serves, and the moment at which the release comes."""

    begin: Begin
    moment: Moment


SCENES: Mapping[str, Scene] = {
    "deploys": Scene(_deploy, Moment("AwaitStable", "home", after=True)),
    "goes_back": Scene(_break, Moment("AwaitRestored", "home", after=True)),
    "tears_down": Scene(_tear_down, Moment("AwaitInactive", "home", after=True)),
}
Items = list[dict[str, Any]]


@dataclass(frozen=True)
class Played:
    """A scene to its end; `items` are what was in the table at its moment, as DynamoDB has them."""

    slipway: Slipway
    ended: Deployment
    items: Items


def play(name: str, dynamodb: Any, store: Store, frozen: Path | None = None) -> Played:
    """Play a scene. With a folder of what an older release left, all goes on from its records, in its state machines.

    What is then in the table is that release's alone; only the deployment's id is this one's, which AWS has seen.
    """
    scene, items = SCENES[name], Items()
    slipway = Slipway(store, machines=frozen or MACHINES)
    deployed = slipway.deploy(shop(1))
    begun = scene.begin(slipway, deployed)

    def release() -> None:
        items.extend(items_of(dynamodb))
        if frozen:
            _replace(dynamodb, items, _with_ids(frozen / f"{name}.json", deployed.id, begun.id))

    interruption = Interruption(slipway, scene.moment, release)
    machine = slipway.teardowns if begun.kind == "teardown" else slipway.machine
    machine.run(begun.id)
    assert interruption.happened, f"{scene.moment} never came"
    return Played(slipway, slipway.record(begun), items)


def items_of(dynamodb: Any) -> Items:
    """Return all that is in the table."""
    items: Items = dynamodb.scan(TableName=NAME)["Items"]
    return items


def _replace(dynamodb: Any, old: Items, new: Items) -> None:
    for item in old:
        dynamodb.delete_item(TableName=NAME, Key={"pk": item["pk"], "sk": item["sk"]})
    for item in new:
        dynamodb.put_item(TableName=NAME, Item=item)


def _with_ids(path: Path, deployed: str, begun: str) -> Items:
    """Return frozen items with the ids of two deployments of now in the place of their own."""
    frozen = json.loads(path.read_text())
    text = json.dumps(frozen["items"])
    for old, new in zip(frozen["deployments"], (deployed, begun), strict=True):
        text = text.replace(old, new)
    items: Items = json.loads(text, object_hook=_read)
    return items


def written(played: Played) -> str:
    """Return the items of a scene as JSON, binaries in base64, and the ids of its two deployments, oldest first."""
    heads = [each for each in played.items if each["sk"]["S"] == "deployment"]
    ids = sorted(each["id"]["S"] for each in heads)
    items = sorted(played.items, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))
    return json.dumps({"deployments": ids, "items": items}, indent=1, default=_write) + "\n"


def _write(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _read(value: dict[str, Any]) -> dict[str, Any]:
    """Return an attribute with its bytes: {"B": "..."} is what DynamoDB calls a binary."""
    return {"B": base64.b64decode(value["B"])} if set(value) == {"B"} else value
