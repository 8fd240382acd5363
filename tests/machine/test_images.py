"""Images of ECR: a deployment runs the bytes that its tags named when it was planned."""

from chalicelib.deployment import Deployment, Status
from chalicelib.steps import plan
from chalicelib.steps.step import StepEvent
from chalicelib.store import Store
from tests.machine.slipway import Slipway, two_services, with_service

REPOSITORY = "000000000000.dkr.ecr.us-east-1.amazonaws.com/team/home"
IMAGE = f"{REPOSITORY}:1"


def runs(slipway: Slipway, deployment: Deployment) -> str:
    """Return the image that serves as home."""
    serving = slipway.world.serves(deployment.cluster, "home") or ""
    return slipway.world.spec_of(serving).images[0]


def test_a_moved_tag_deploys(store: Store) -> None:
    """The same tag is unchanged while it names the same image, and an update of the image when it has moved."""
    slipway, manifest = Slipway(store), with_service(two_services(), "home", image=IMAGE)
    first = slipway.deploy(manifest)
    before, again = runs(slipway, first), slipway.deploy(manifest)
    slipway.world.moved[IMAGE] = "another"
    moved = slipway.deploy(manifest)
    after = runs(slipway, moved)

    assert [Status.SUCCEEDED] * 3 == [each.status for each in (first, again, moved)]
    assert [True, False, True] == [each.services["home"].changed for each in (first, again, moved)]
    assert ("image",) == moved.services["home"].changed_fields
    assert [f"{REPOSITORY}@sha256"] * 2 == [image.rpartition(":")[0] for image in (before, after)]
    assert before != after
    assert [before, before, after] == [store.manifest(each.id).services["home"].image for each in (first, again, moved)]


def test_a_plan_tells_the_moved_tag(store: Store) -> None:
    """A plan compares digests: nothing to do for the same one, and one change of the image for another."""
    slipway, manifest = Slipway(store), with_service(two_services(), "home", image=IMAGE)
    before = runs(slipway, slipway.deploy(manifest))
    unchanged = slipway.dry_run(manifest)
    slipway.world.moved[IMAGE] = "another"
    (change,) = slipway.dry_run(manifest)["services"]["home"]["changes"]

    assert (0, []) == (unchanged["calls"], unchanged["findings"])
    assert ("image", before) == (change["field"], change["old"])
    assert change["new"].startswith(f"{REPOSITORY}@sha256:")


def test_a_tag_that_moves_meanwhile(store: Store) -> None:
    """A Plan that runs again keeps what it resolved first, and the timeline says what that is."""
    slipway = Slipway(store)
    deployment = slipway.post(with_service(two_services(), "home", image=IMAGE))
    event = StepEvent("Plan", deployment.id)
    plan.run(slipway.cloud, event)
    first = store.manifest(deployment.id)
    slipway.world.moved[IMAGE] = "another"
    plan.run(slipway.cloud, event)

    assert first == store.manifest(deployment.id)
    digest = (first.services["home"].image or "").partition("@")[2]
    assert [f"{IMAGE} is {digest}."] == [
        line.message for line in slipway.timeline(deployment) if line.message.startswith(IMAGE)
    ]


def test_other_registries_are_not_asked(store: Store) -> None:
    """Images of other registries, accounts and regions stay as they are written."""
    manifest = two_services()
    elsewhere = [IMAGE.replace("us-east-1", "eu-west-1"), IMAGE.replace("000000000000", "111111111111")]
    for name, image in zip(("home", "redis"), elsewhere, strict=True):
        manifest = with_service(manifest, name, image=image)
    slipway = Slipway(store)
    deployment = slipway.deploy(manifest)

    assert Status.SUCCEEDED is deployment.status
    assert elsewhere[0] == runs(slipway, deployment)
    assert "ecr.digest" not in slipway.faults.calls


def test_an_image_that_is_pulled_through_deploys(store: Store) -> None:
    """An image that ECR does not have yet, and pulls from another registry, is a warning; the rules are asked once."""
    slipway = Slipway(store, absent={IMAGE}, upstreams={IMAGE: "registry-1.docker.io/home:1"})
    deployment = slipway.deploy(with_service(two_services(), "home", image=IMAGE))
    told = [each.message for each in slipway.timeline(deployment) if each.phase == "preflight"]

    assert Status.SUCCEEDED is deployment.status
    assert 1 == len(told) == slipway.faults.calls.count("ecr.upstreams")
    assert told[0].startswith(f"warning image_not_cached: ECR has no image {IMAGE} yet, and pulls registry-1")


def test_an_image_that_is_there_asks_for_no_rules(store: Store) -> None:
    """Nobody asks for rules while every image is there."""
    slipway = Slipway(store)
    assert Status.SUCCEEDED is slipway.deploy(with_service(two_services(), "home", image=IMAGE)).status
    assert "ecr.upstreams" not in slipway.faults.calls


def test_an_absent_image_is_told_as_it_is_written(store: Store) -> None:
    """An image that ECR does not have is no error of the Plan: Preflight tells of it by the name that was written."""
    slipway = Slipway(store, absent={IMAGE})
    deployment = slipway.deploy(with_service(two_services(), "home", image=IMAGE))

    assert deployment.failure
    assert ("image_not_found", f"ECR has no image {IMAGE}") == (deployment.failure.code, deployment.failure.cause)
