"""What the keys of a Compose file are here: those of a service's container, of a service, and at the top.

https://github.com/compose-spec/compose-spec/blob/main/spec.md
"""

from collections.abc import Collection, Mapping

IN_A_DEFINITION = {
    "cap_add": "linuxParameters.capabilities.add",
    "cap_drop": "linuxParameters.capabilities.drop",
    "credential_spec": "credentialSpecs",
    "devices": "linuxParameters.devices",
    "dns": "dnsServers",
    "dns_search": "dnsSearchDomains",
    "extra_hosts": "extraHosts",
    "init": "linuxParameters.initProcessEnabled",
    "ipc": "ipcMode",
    "mem_reservation": "memoryReservation",
    "network_mode": "networkMode",
    "pid": "pidMode",
    "privileged": "privileged",
    "read_only": "readonlyRootFilesystem",
    "security_opt": "dockerSecurityOptions",
    "shm_size": "linuxParameters.sharedMemorySize",
    "stdin_open": "interactive",
    "sysctls": "systemControls",
    "tmpfs": "linuxParameters.tmpfs",
    "tty": "pseudoTerminal",
    "ulimits": "ulimits",
    "user": "user",
    "volumes_from": "volumesFrom",
    "working_dir": "workingDirectory",
}
"""What only a raw task definition has."""
NOWHERE = (
    *("annotations", "attach", "blkio_config", "cgroup", "cgroup_parent", "configs", "cpuset", "develop"),
    *("cpu_count", "cpu_percent", "cpu_period", "cpu_quota", "cpu_rt_period", "cpu_rt_runtime", "device_cgroup_rules"),
    *("dns_opt", "domainname", "driver_opts", "extends", "external_links", "gpus", "group_add", "isolation"),
    *("label_file", "mac_address", "mem_swappiness", "memswap_limit", "models", "oom_kill_disable", "oom_score_adj"),
    *("pids_limit", "post_start", "pre_stop", "profiles", "provider", "runtime", "storage_opt", "use_api_socket"),
    *("userns_mode", "uts"),
)
_NONE = "has no counterpart here: leave it out"
OF_A_CONTAINER = {
    **dict.fromkeys(NOWHERE, _NONE),
    "build": "has no counterpart here: push the image, and write its name as image",
    "container_name": "has no counterpart here: the key of the service or container is its name",
    "cpus": "is cpu here, in CPU units (a vCPU has 1024)",
    "cpu_shares": "is cpu here, in CPU units (a vCPU has 1024)",
    "entrypoint": "is entry_point here",
    "env_file": "has no counterpart here: write its variables in environment, passwords in secrets",
    "expose": "is port here",
    "healthcheck": "is health_check here, its test is command",
    "hostname": "is the name of discovery here",
    "labels": "is tags here, at the top",
    "links": "is depends_on here, and discovery for a name in DNS",
    "logging": f"{_NONE}; logs go to CloudWatch Logs (a task_definition has logConfiguration)",
    "mem_limit": "is memory here, in MiB",
    "ports": "is port here",
    "pull_policy": f"{_NONE}; ECS asks for the image whenever a task starts",
    "restart": f"{_NONE}; ECS starts again what stops",
    "stop_grace_period": "is stop_timeout here, in seconds",
    "stop_signal": f"{_NONE}; an image has STOPSIGNAL",
    **{key: f"is {theirs} of a raw task_definition here" for key, theirs in IN_A_DEFINITION.items()},
}
OF_A_SERVICE = OF_A_CONTAINER | {
    "deploy": "is desired_count, cpu and memory here",
    "networks": "is network here, with subnets and security_groups",
    "platform": "is architecture here, x86_64 or arm64",
    "replicas": "is desired_count here",
    "scale": "is desired_count here",
}
AT_THE_TOP = {
    "configs": _NONE,
    "include": _NONE,
    "models": _NONE,
    "name": "is application here",
    "networks": "is network here, with vpc, subnets and security_groups",
    "secrets": "is secrets of a service here",
    "version": _NONE,
    "volumes": "is volumes of a service here",
}


def of_compose(key: str, known: Collection[str]) -> str | None:
    """Return what a key of Compose is in an object that knows other keys, None where it is no such key there."""
    # Each of these keys is known in one kind of object alone.
    words: Mapping[str, Mapping[str, str]] = {
        "services": AT_THE_TOP,
        "desired_count": OF_A_SERVICE,
        "essential": OF_A_CONTAINER,
    }
    return next((f"Compose's {key} {of[key]}" for mark, of in words.items() if mark in known and key in of), None)
