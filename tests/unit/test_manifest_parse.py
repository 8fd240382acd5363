"""From a body to a manifest: all faults in one answer, the stage's defaults, the names that follow."""

import json
from typing import Any, cast

import pytest
from pydantic_core import ErrorDetails

from chalicelib import limits
from chalicelib.errors import InvalidManifest
from chalicelib.manifest import Manifest, Network, parse
from chalicelib.manifest.findings import pointer
from chalicelib.manifest.sentences import sentence

JSON = "application/json"

SHOP: dict[str, Any] = {
    "application": "shop",
    "namespace": "api.local",
    "network": {"vpc": "vpc-1", "subnets": ["private"], "security_groups": ["default"]},
    "load_balancer": {"name": "front"},
    "tags": {"Environment": "Demo"},
    "services": {
        "api": {
            "image": "api:1",
            "port": 3000,
            "environment": {"A": "1"},
            "health_check": {"command": ["CMD", "check"]},
            "depends_on": ["user-api"],
            "discovery": {"name": "user", "records": ["A", "SRV"]},
            "route": {"path": "/a*"},
            "network": {"security_groups": ["api"], "assign_public_ip": True},
        },
        "user-api": {"image": "user-api:1", "discovery": {}},
    },
}


def parsed(document: dict[str, Any], **defaults: Any) -> Manifest:
    """Return the manifest of an object."""
    return parse(json.dumps(document).encode(), JSON, defaults)


def faults_of(body: str) -> dict[str, str]:
    """Return the faults of a body: pointer to detail."""
    with pytest.raises(InvalidManifest) as refused:
        parse(body.encode(), JSON)
    return {fault.pointer: fault.detail for fault in refused.value.faults}


class TestFaults:
    """Everything that is wrong comes in one answer."""

    def test_all_together(self) -> None:
        """Faults of notation, of fields and between fields come together, in the order of the document."""
        faults = faults_of("""{
            "application": "a b",
            "tag": {},
            "network": {"vpc": 1},
            "services": {
                "api": {"image": "api:1", "cpu": 1024, "prot": 1, "depends_on": ["web"], "route": {"path": 5}},
                "web": {"depends_on": ["api", 7], "discovery": {"records": ["SRV"], "ttl": "1"}, "cpu": "many"}
            }
        }""")

        assert [
            "/application",
            "/tag",
            "/network/subnets",
            "/network/vpc",
            "/services/api/memory",
            "/services/api/prot",
            "/services/api/depends_on",
            "/services/api/route",
            "/services/api/route/path",
            "/services/web/image",
            "/services/web/depends_on/1",
            "/services/web/discovery",
            "/services/web/discovery/records",
            "/services/web/discovery/ttl",
            "/services/web/cpu",
        ] == list(faults)
        assert "api → web → api" in faults["/services/api/depends_on"]

    def test_two_circles(self) -> None:
        """Every circle of services is told."""
        needs = {"a": ["b"], "b": ["a"], "c": ["d"], "d": ["e"], "e": ["c"], "f": ["a", "c"]}
        services = {name: {"image": "x", "depends_on": needed} for name, needed in needs.items()}
        faults = faults_of(json.dumps(SHOP | {"services": services}))

        assert ["/services/a/depends_on", "/services/c/depends_on"] == list(faults)
        assert "c → d → e → c" in faults["/services/c/depends_on"]

    def test_not_without_end(self) -> None:
        """There are at most 100 faults; the last says how many more there are."""
        faults = faults_of(json.dumps(SHOP | {f"k{n}": 1 for n in range(4000)}))

        assert limits.FAULTS == len(faults)
        assert faults[""].startswith("There are 3901 more faults")

    def test_too_many(self) -> None:
        """That there are too many of something does not hide what is wrong with one of them."""
        services = {f"s{n}": {"image": "x", "depends_on": [[], "s0"]} for n in range(41)}
        network = {"vpc": "v", "subnets": [1, *["a"] * 16]}
        faults = faults_of(json.dumps(SHOP | {"network": network, "services": services}))

        assert ["/network/subnets", "/network/subnets/0", "/services"] == list(faults)[:3]
        assert 45 == len(faults)

    def test_values_are_shortened(self) -> None:
        """A long value is quoted in short."""
        detail = faults_of(json.dumps(SHOP | {"application": "x" * 9999}))["/application"]

        assert len(detail) < 150

    def test_a_field_named_as_a_service(self) -> None:
        """A service may be named as a field, and its own keys are still told from the field's."""
        faults = faults_of(json.dumps(SHOP | {"services": {"network": {"image": "x", "prot": 1}}}))

        assert 'did you mean "port"?' in faults["/services/network/prot"]

    def test_pointers_are_escaped(self) -> None:
        """A pointer escapes ~ and / as RFC 6901 says."""
        assert "/a~1b/m~0n/0/" == pointer(("a/b", "m~n", 0, ""))


class TestDefaults:
    """What a stage says on behalf of its manifests."""

    def test_merged(self) -> None:
        """A manifest's own value wins; the network is joined field by field."""
        own = {
            "application": "a",
            "network": {"subnets": ["own"]},
            "poll_seconds": 5,
            "services": {"s": {"image": "x"}},
        }
        manifest = parsed(
            own,
            network={"vpc": "v", "subnets": ["stage"], "assign_public_ip": True},
            poll_seconds=1,
            namespace="local",
            load_balancer={"name": "front"},
            execution_role="role",
            timeout_seconds=7,
        )

        assert Network(vpc="v", subnets=("own",), assign_public_ip=True) == manifest.network
        assert (5, 900) == (manifest.poll_seconds, manifest.timeout_seconds)
        assert ("local", "role") == (manifest.namespace, manifest.execution_role)
        assert manifest.load_balancer is not None

    def test_faulty_defaults(self) -> None:
        """A fault in the stage's defaults is told as the stage's."""
        with pytest.raises(InvalidManifest) as refused:
            parsed(SHOP | {"network": {"vpc": "v", "subnets": ["a"]}}, network={"zone": "a"}, poll_seconds=0)

        assert ["/network/zone", "/poll_seconds"] == [fault.pointer for fault in refused.value.faults]
        assert all("the stage's default" in fault.detail for fault in refused.value.faults)


class TestNames:
    """What follows from a manifest."""

    def test_default_environment(self) -> None:
        """The environment "default" is left out of names."""
        manifest = parsed(SHOP)

        assert ("shop", "shop-api") == (manifest.cluster_name, manifest.family("api"))

    def test_other_environment(self) -> None:
        """Any other environment is part of them; a cluster that is written is taken as it is."""
        manifest = parsed(SHOP | {"environment": "staging"})

        assert ("shop-staging", "shop-staging-api") == (manifest.cluster_name, manifest.family("api"))
        assert "own" == parsed(SHOP | {"cluster": "own"}).cluster_name

    def test_network_of(self) -> None:
        """A service's network is the application's, each field as the service says otherwise."""
        manifest = parsed(SHOP)

        assert manifest.network == manifest.network_of("user-api")
        assert (
            Network(vpc="vpc-1", subnets=("private",), security_groups=("api",), assign_public_ip=True)
            == manifest.network_of("api")
        )  # fmt: skip

    def test_discovered_name(self) -> None:
        """A discovered service has a DNS name, of its own name unless another is written; others have none."""
        manifest = parsed(SHOP)
        plain = parsed(SHOP | {"services": {"api": {"image": "x"}}})

        assert "user.api.local" == manifest.discovered_name("api")
        assert "user-api.api.local" == manifest.discovered_name("user-api")
        assert None is plain.discovered_name("api")


def test_round_trip_of_everything() -> None:
    """The round trip holds for a manifest that uses every kind of field."""
    manifest = parsed(SHOP)

    assert manifest == Manifest.model_validate_json(manifest.model_dump_json())


def test_what_nobody_has_words_for() -> None:
    """An error that pydantic may come to know is told in its own words, with what was written."""
    error = {"type": "of_tomorrow", "loc": ("application",), "msg": "Input is odd", "input": ["x"]}
    assert '["x"] cannot be used here: Input is odd' == sentence(cast("ErrorDetails", error))
