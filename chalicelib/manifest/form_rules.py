"""The rules on the form of a service: which of the three it is, and which fields belong to it."""

from collections.abc import Iterator, Mapping

from chalicelib.manifest.asked import Asked, Rule
from chalicelib.manifest.findings import Finding
from chalicelib.manifest.forms import FORMS

# What each container says for itself where there may be several.
OF_A_CONTAINER = (
    *("port", "command", "entry_point", "environment", "secrets", "health_check", "stop_timeout", "mounts"),
)
# What a raw task definition says in its own words.
OF_A_DEFINITION: Mapping[str, str] = {
    "cpu": "cpu",
    "memory": "memory",
    "architecture": "runtimePlatform",
    "volumes": "volumes",
    "ephemeral_storage_gib": "ephemeralStorage",
    "task_role": "taskRoleArn",
    "log_retention_days": "containerDefinitions' logConfiguration",
    **dict.fromkeys(OF_A_CONTAINER, "containerDefinitions"),
}


def one_form(asked: Asked) -> Iterator[Finding]:
    """Check that a service says once what runs: by an image, by containers, or by a task definition."""
    said = [form for form in FORMS if asked.service.says(form)]
    if not said:
        cure = 'write the image of its container, such as "nginx:1.27", or containers, or task_definition'
        yield asked.service.finding(f'"image" is missing: {cure}', "image")
    for other in said[1:]:
        yield asked.service.finding(f"{other} is written beside {said[0]}: write one of them", other)


def fields_belong_to_the_form(asked: Asked) -> Iterator[Finding]:
    """Check that nothing is said of the service that its containers or its task definition say."""
    if asked.form == "containers":
        for key in filter(asked.service.says, OF_A_CONTAINER):
            yield asked.service.finding(f"with containers each of them has its own {key}: write it there", key)
    if asked.form == "task_definition":
        for key, place in OF_A_DEFINITION.items():
            if asked.service.says(key):
                yield asked.service.finding(f"the task_definition says this itself: write it there, in {place}", key)


FORM_RULES: tuple[Rule, ...] = (one_form, fields_belong_to_the_form)
