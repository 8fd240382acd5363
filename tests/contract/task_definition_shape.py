"""The shape of RegisterTaskDefinition as botocore's model of ECS tells it; `python -m` this writes the file anew."""

import json
from collections.abc import Iterator
from typing import Any

import botocore.session

from chalicelib.manifest.task_definition import REQUEST, SHAPES


def structures() -> dict[str, dict[str, Any]]:
    """Return the members of each structure of the request, required ones with !, each with its shape."""
    model = botocore.session.get_session().get_service_model("ecs")
    request: Any = model.operation_model("RegisterTaskDefinition").input_shape
    return {
        shape.name: {
            member + "!" * (member in shape.required_members): spelled(inner) for member, inner in shape.members.items()
        }
        for shape in reachable(request, set())
    }


def reachable(shape: Any, seen: set[str]) -> Iterator[Any]:
    """Yield the structures of a shape, each once."""
    if shape.type_name == "list":
        yield from reachable(shape.member, seen)
    elif shape.type_name == "map":
        yield from reachable(shape.value, seen)
    elif shape.type_name == "structure" and shape.name not in seen:
        seen.add(shape.name)
        yield shape
        for inner in shape.members.values():
            yield from reachable(inner, seen)


def spelled(shape: Any) -> Any:
    """Return a shape as the file spells it."""
    if shape.type_name == "list":
        return {"list": spelled(shape.member)}
    if shape.type_name == "map":
        return {"map": spelled(shape.value)}
    if getattr(shape, "enum", None):
        return {"enum": shape.enum}
    return shape.name if shape.type_name == "structure" else shape.type_name


if __name__ == "__main__":
    assert REQUEST in structures()
    SHAPES.write_text(json.dumps(structures(), indent=1) + "\n", encoding="utf-8")
