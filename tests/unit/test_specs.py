"""Task definitions as values: their content's hash, and what differs between two of them."""

from dataclasses import fields, replace
from typing import Any

import pytest

from chalicelib.manifest import HealthCheck, Mount, Volume
from chalicelib.specs import Change, ContainerSpec, TaskSpec, task_changes

HOME = ContainerSpec(
    name="home",
    image="home:1",
    port=5000,
    environment={"A": "1", "B": "2"},
    health_check=HealthCheck(command=("CMD-SHELL", "true")),
    mounts=(Mount(volume="v", path="/v"),),
)
REDIS = ContainerSpec(name="redis", image="redis:7", port=6379)
SPEC = TaskSpec(
    family="shop-home", containers=(HOME,), cpu=256, memory=512, architecture="x86_64", log_group="/ecs/shop-home"
)
RAW = TaskSpec(
    family="shop-home", raw={"cpu": "256", "containerDefinitions": [{"name": "home", "image": "home:1"}], "tags": []}
)
OTHERWISE: dict[str, Any] = {
    "family": "shop-other",
    "containers": (HOME, REDIS),
    "cpu": 512,
    "memory": 1024,
    "architecture": "arm64",
    "compatibility": "EC2",
    "volumes": {"v": Volume(efs="fs-01234567")},
    "ephemeral_storage_gib": 21,
    "log_group": "/ecs/other",
    "task_role": "arn:role",
    "execution_role": "arn:role",
    "raw": {"cpu": "256"},
}
CONTAINER_OTHERWISE: dict[str, Any] = {
    "name": "other",
    "image": "home:2",
    "port": None,
    "essential": False,
    "command": ("run",),
    "entry_point": ("sh",),
    "environment": {"A": "1"},
    "secrets": {"S": "arn:secret"},
    "health_check": HealthCheck(command=("CMD-SHELL", "true"), interval=31),
    "depends_on": {"redis": "START"},
    "stop_timeout": 2,
    "mounts": (Mount(volume="v", path="/v", read_only=True),),
    "cpu": 10,
    "memory": 20,
}


class TestContentHash:
    """The same content, the same hash; any other content, another."""

    def test_is_stable(self) -> None:
        """A hash is the same tomorrow: revisions that are registered are found by it."""
        assert "7f7c57" == TaskSpec("f", (ContainerSpec("c", "i"),), 1, 2, "a", log_group="l").content_hash[:6]

    def test_order_is_no_content(self) -> None:
        """Variables, containers and volumes are the same in any order."""
        one = replace(SPEC, containers=(HOME, REDIS), volumes={"a": Volume(), "b": Volume()})
        home = replace(HOME, environment={"B": "2", "A": "1"})
        assert (
            one.content_hash
            == replace(SPEC, containers=(REDIS, home), volumes=dict.fromkeys("ba", Volume())).content_hash
        )

    def test_order_of_a_raw_definition_is_no_content(self) -> None:
        """The keys of a raw definition are the same in any order."""
        assert RAW.content_hash == replace(RAW, raw=dict(reversed(list((RAW.raw or {}).items())))).content_hash

    def test_covers_every_field(self) -> None:
        """There is no field without a line in this test."""
        assert {each.name for each in fields(TaskSpec)} == set(OTHERWISE)
        assert {each.name for each in fields(ContainerSpec)} == set(CONTAINER_OTHERWISE)

    @pytest.mark.parametrize("name", OTHERWISE)
    def test_is_sensitive_to_each_field(self, name: str) -> None:
        """A change of any field is another content."""
        assert SPEC.content_hash != replace(SPEC, **{name: OTHERWISE[name]}).content_hash

    @pytest.mark.parametrize("name", CONTAINER_OTHERWISE)
    def test_is_sensitive_to_each_field_of_a_container(self, name: str) -> None:
        """A change of any field of a container is another content."""
        home = replace(HOME, **{name: CONTAINER_OTHERWISE[name]})
        assert SPEC.content_hash != replace(SPEC, containers=(home,)).content_hash


def names(changes: tuple[Change, ...]) -> list[str]:
    """Return the fields that changed."""
    return [change.field for change in changes]


class TestTaskChanges:
    """What differs is told by its name in the manifest."""

    @pytest.mark.parametrize("name", sorted(OTHERWISE.keys() - {"containers", "raw"}))
    def test_of_the_task(self, name: str) -> None:
        """A field of the task has its own name, and what it was and becomes is told."""
        expected = (Change(name, getattr(SPEC, name), OTHERWISE[name]),)
        assert expected == task_changes(replace(SPEC, **{name: OTHERWISE[name]}), SPEC)

    def test_nothing(self) -> None:
        """What is the same does not differ."""
        assert () == task_changes(SPEC, SPEC)

    @pytest.mark.parametrize("name", CONTAINER_OTHERWISE)
    def test_of_the_only_container(self, name: str) -> None:
        """A field of the only container is the service's."""
        home = replace(HOME, **{name: CONTAINER_OTHERWISE[name]})
        assert [name] == names(task_changes(replace(SPEC, containers=(home,)), SPEC))

    def test_of_one_of_several_containers(self) -> None:
        """A field of one of several containers tells which one."""
        several = replace(SPEC, containers=(HOME, REDIS))
        other = replace(SPEC, containers=(HOME, replace(REDIS, image="redis:8")))
        assert (Change("containers.redis.image", "redis:7", "redis:8"),) == task_changes(other, several)

    def test_containers_come_and_go(self) -> None:
        """A container that is new or gone is told as a whole."""
        several = replace(SPEC, containers=(HOME, REDIS))
        assert (Change("containers.redis", None, REDIS),) == task_changes(several, SPEC)
        assert (Change("containers.redis", REDIS, None),) == task_changes(SPEC, several)

    def test_of_a_raw_definition(self) -> None:
        """A raw definition differs by its own keys."""
        other = replace(RAW, raw={**(RAW.raw or {}), "cpu": "512"})
        assert (Change("task_definition.cpu", "256", "512"),) == task_changes(other, RAW)

    def test_what_ecs_adds_to_a_raw_definition_is_no_change(self) -> None:
        """What was not written does not differ."""
        stored = [{"name": "home", "image": "home:1", "cpu": 0, "environment": []}]
        assert () == task_changes(
            RAW, replace(RAW, raw={"cpu": "256", "containerDefinitions": stored, "status": "ACTIVE"})
        )

    @pytest.mark.parametrize(
        ("written", "stored"),
        [
            ([1, 2], [1]),
            ([1], [1, 2]),
            ([1], "1"),
            ("1", [1]),
            ([{"a": 1}], [{"a": 2}]),
            ({"a": 1}, ["a"]),
            (["a"], {"a": 1}),
            ({"a": 1}, {"b": 1}),
            ({"a": 1}, None),
            (1, 2),
        ],
    )
    def test_what_is_not_stored_as_written(self, written: Any, stored: Any) -> None:
        """A list that is longer or shorter, another kind of value, a key that is not there: each is a change."""
        expected = (Change("task_definition.x", stored, written),)
        assert expected == task_changes(replace(RAW, raw={"x": written}), replace(RAW, raw={"x": stored}))

    ROLE = "arn:aws:iam::000000000000:role/app/home"

    @pytest.mark.parametrize("name", ["task_role", "execution_role"])
    @pytest.mark.parametrize(
        ("one", "other", "same"),
        [
            ("home", ROLE, True),
            ("home", "arn:aws:iam::000000000000:role/home", True),
            (ROLE, ROLE, True),
            (ROLE, ROLE.replace("0:role", "1:role"), False),
            ("shop", ROLE, False),
            ("ome", ROLE, False),
            (None, ROLE, False),
        ],
    )
    def test_a_role_is_the_same_by_name_and_arn(self, name: str, one: str | None, other: str, *, same: bool) -> None:
        """ECS stores the ARN of a role that was written by its name: that is no change, in either direction."""
        raw = {"task_role": "taskRoleArn", "execution_role": "executionRoleArn"}[name]
        for old, new in ((one, other), (other, one)):
            written: dict[str, Any] = {name: new}
            stored: dict[str, Any] = {name: old}
            changes = task_changes(replace(SPEC, **written), replace(SPEC, **stored))
            assert (() if same else (Change(name, old, new),)) == changes
            if new:
                changes = task_changes(replace(RAW, raw={raw: new}), replace(RAW, raw={raw: old}))
                assert (() if same else (Change(f"task_definition.{raw}", old, new),)) == changes

    @pytest.mark.parametrize(
        ("key", "written", "stored", "same"),
        [
            ("cpu", "1 vCPU", "1024", True),
            ("memory", "2 GB", "2048", True),
            ("memory", "2 GB", "1024", False),
            ("cpu", "256", "256", True),
            ("cpu", "256", None, False),
        ],
    )
    def test_a_size_is_the_same_in_other_words(self, key: str, written: str, stored: str | None, *, same: bool) -> None:
        """ECS stores a task's size as a number of CPU units, and of MiB."""
        changes = task_changes(replace(RAW, raw={key: written}), replace(RAW, raw={key: stored}))
        assert (() if same else (Change(f"task_definition.{key}", stored, written),)) == changes

    def test_the_order_of_what_has_names_is_no_change(self) -> None:
        """Variables, secrets and containers mean the same in any order; words of a command do not."""
        written = [{"name": "b", "value": "2"}, {"name": "a", "value": "1"}]
        stored = [*reversed(written)]
        assert () == task_changes(replace(RAW, raw={"x": written}), replace(RAW, raw={"x": stored}))
        changed = [{"name": "a", "value": "1"}, {"name": "b", "value": "3"}]
        for one, other in ((written, changed), (["b", "a"], ["a", "b"])):
            found = task_changes(replace(RAW, raw={"x": one}), replace(RAW, raw={"x": other}))
            assert ["task_definition.x"] == names(found)

    def test_family_and_tags_are_not_compared(self) -> None:
        """ECS tells neither with the content of a revision: a family has its own place, and tags are the revision's."""
        assert () == task_changes(replace(RAW, raw={"family": "shop-home", "tags": [1]}), replace(RAW, raw={}))

    def test_of_another_form(self) -> None:
        """A raw definition against one of ours differs as a whole."""
        assert (Change("task_definition", None, RAW.raw),) == task_changes(RAW, SPEC)
        assert (Change("task_definition", RAW.raw, None),) == task_changes(SPEC, RAW)
