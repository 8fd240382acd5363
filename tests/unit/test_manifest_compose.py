"""Whoever brings a Compose file is told of each of its keys what it is here, or that it is nothing."""

import re

import pytest

from chalicelib.manifest.compose import AT_THE_TOP, IN_A_DEFINITION, OF_A_SERVICE, of_compose
from chalicelib.manifest.containers import Container
from chalicelib.manifest.models import Manifest
from chalicelib.manifest.services import Service
from chalicelib.manifest.task_definition import shapes
from tests.unit.test_manifest_rules import faults_of, manifest, service

# https://github.com/compose-spec/compose-spec/blob/main/schema/compose-spec.json, definitions/service.
KEYS = frozenset(
    re.findall(
        r"\w+",
        """
        annotations attach blkio_config build cap_add cap_drop cgroup cgroup_parent command configs
        container_name cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares cpus
        cpuset credential_spec depends_on deploy develop device_cgroup_rules devices dns dns_opt dns_search
        domainname driver_opts entrypoint env_file environment expose extends external_links extra_hosts gpus
        group_add healthcheck hostname image init ipc isolation label_file labels links logging mac_address
        mem_limit mem_reservation mem_swappiness memswap_limit models network_mode networks oom_kill_disable
        oom_score_adj pid pids_limit platform ports post_start pre_stop privileged profiles provider pull_policy
        read_only restart runtime scale secrets security_opt shm_size stdin_open stop_grace_period stop_signal
        storage_opt sysctls tmpfs tty ulimits use_api_socket user userns_mode uts volumes volumes_from
        working_dir
        """,
    )
)
TOP = ["version", "name", "include", "services", "models", "networks", "volumes", "secrets", "configs"]


@pytest.mark.parametrize("key", sorted({*KEYS, *OF_A_SERVICE} - Service.model_fields.keys()))
def test_key_of_a_service(key: str) -> None:
    """A key of a Compose service that is none of ours is told with what it is here."""
    (fault,) = faults_of(service(**{key: "x"}))
    assert fault.detail.startswith(f'"{key}" is not a key that is known here; Compose\'s {key} ')


@pytest.mark.parametrize("key", sorted(set(TOP) - Manifest.model_fields.keys()))
def test_key_at_the_top(key: str) -> None:
    """So is one at the top of a Compose file, and in its own words."""
    (fault,) = faults_of(manifest(**{key: "x"}))
    assert fault.detail.endswith(f"Compose's {key} {AT_THE_TOP[key]}")


def test_key_of_a_container() -> None:
    """In a container no key is told that only a service has."""
    assert "Compose's mem_limit is memory here, in MiB" == of_compose("mem_limit", Container.model_fields)
    assert of_compose("deploy", Container.model_fields) is None
    assert of_compose("mem_limit", Manifest.model_fields) is None


@pytest.mark.parametrize("way", IN_A_DEFINITION.values())
def test_raw_definitions_have_it(way: str) -> None:
    """What is said to be in a raw task definition is a key of ECS's, of the whole or of a container."""
    first, *inside = way.split(".")
    names = {"RegisterTaskDefinitionRequest", "ContainerDefinition"}
    known = {key.rstrip("!"): shape for name in names for key, shape in shapes()[name].items()}
    assert first in known
    for step in inside:
        known = {key.rstrip("!"): shape for key, shape in shapes()[known[first]].items()}
        first = step
        assert step in known


def test_nothing_is_told_of_our_own_keys() -> None:
    """No key that is known here is said to be another."""
    assert not OF_A_SERVICE.keys() & Service.model_fields.keys()
    assert not AT_THE_TOP.keys() & Manifest.model_fields.keys()
