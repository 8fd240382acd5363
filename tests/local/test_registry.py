"""ECR in the local cloud: a task runs what was pushed, and a tag that moves deploys."""

import json
from typing import Any

from tests.local.local_cloud import LocalCloud, hello

REGISTRY = "000000000000.dkr.ecr.us-east-1.amazonaws.com"
PROGRAM = "org.opencontainers.image.ref.name"


def push(cloud: LocalCloud, repository: str, tag: str, program: str | None) -> str:
    """Push an image that is a program of the images files, and return its digest."""
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"digest": f"sha256:{'0' * 64}", "size": 1},
        "layers": [],
        "annotations": {PROGRAM: program} if program else {},
    }
    ecr, text = cloud.client("ecr"), json.dumps(manifest)
    pushed = ecr.put_image(repositoryName=repository, imageTag=tag, imageManifest=text)
    return str(pushed["image"]["imageId"]["imageDigest"])


def images(cloud: LocalCloud, cluster: str) -> set[str]:
    """Return the images of the running tasks."""
    ecs = cloud.client("ecs")
    arns = ecs.list_tasks(cluster=cluster)["taskArns"]
    tasks = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"]
    return {container["image"] for task in tasks for container in task["containers"]}


def test_a_moved_tag_deploys(cloud: LocalCloud) -> None:
    """A tag deploys what it names, nothing while it stays, and what it has moved to in new tasks."""
    repository = f"{REGISTRY}/team/site"
    cloud.client("ecr").create_repository(repositoryName="team/site")
    manifest = hello("moved", image=f"{repository}:live")
    one = push(cloud, "team/site", "live", "actors-hello")
    first, again = cloud.deploy(manifest), cloud.deploy(manifest)
    before, page = images(cloud, "moved"), cloud.visit("/moved")
    two = push(cloud, "team/site", "live", "hostname-app")
    moved: dict[str, Any] = cloud.deploy(manifest)

    assert ["succeeded"] * 3 == [each["status"] for each in (first, again, moved)], moved["failure"]
    assert [True, False, True] == [each["services"]["hello"]["changed"] for each in (first, again, moved)]
    assert (["image"], "hello") == (moved["services"]["hello"]["changed_fields"], page["greeting"])
    assert ({f"{repository}@{one}"}, {f"{repository}@{two}"}) == (before, images(cloud, "moved"))


def test_what_a_tag_left_can_be_deployed_by_its_digest(cloud: LocalCloud) -> None:
    """An image without a tag is there by its digest, and one without an annotation goes by its repository's name."""
    cloud.client("ecr").create_repository(repositoryName="actors-hello")
    left, now = (push(cloud, "actors-hello", "1", program) for program in (None, "actors-crash-loop"))
    deployed = cloud.deploy(hello("left", image=f"{REGISTRY}/actors-hello@{left}"))

    assert left != now
    assert "succeeded" == deployed["status"], deployed["failure"]
    assert "hello" == cloud.visit("/left")["greeting"]


def test_what_describing_prints_deploys_behind_a_pull_through_cache(cloud: LocalCloud) -> None:
    """A definition as the AWS CLI prints it is registered, its image pulled by a rule: both are told, as warnings."""
    cloud.client("ecr").create_pull_through_cache_rule(
        ecrRepositoryPrefix="docker-hub", upstreamRegistryUrl="registry-1.docker.io"
    )
    ecs, image = cloud.client("ecs"), f"{REGISTRY}/docker-hub/library/actors-hello:1"
    container = {"name": "hello", "image": image, "portMappings": [{"containerPort": 8080}]}
    size = {"cpu": "256", "memory": "512", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"]}
    ecs.register_task_definition(family="printed-hello", containerDefinitions=[container], **size)
    answer = ecs.describe_task_definition(taskDefinition="printed-hello", include=["TAGS"])
    printed = {key: answer[key] for key in ("taskDefinition", "tags")}
    service = {"task_definition": json.loads(json.dumps(printed, default=str)), "route": {"path": "/printed*"}}
    deployed = cloud.deploy(hello("printed") | {"services": {"hello": service}})
    events = cloud.ask("GET", f"/deployments/{deployed['id']}/events").document["events"]
    told = [each["message"].split(":")[0] for each in events if each["phase"] == "preflight"]

    assert "succeeded" == deployed["status"], deployed["failure"]
    assert (1, 1) == tuple(told.count(f"warning {code}") for code in ("definition_described", "image_not_cached"))
