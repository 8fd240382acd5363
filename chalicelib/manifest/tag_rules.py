"""The rules on the keys of tags: IAM tells no capitals apart in them, and Slipway's rights go by tags of its own.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html
"""

from collections.abc import Iterable, Iterator

from chalicelib.manifest.described import is_of_others, is_wrapped
from chalicelib.manifest.findings import Finding, Path
from chalicelib.manifest.part import Part
from chalicelib.manifest.sentences import shown
from chalicelib.manifest.services import Service
from chalicelib.manifest.values import RESERVED

Keys = list[tuple[Path, str]]


def tag_keys_fit(manifest: Part, services: Iterable[Part]) -> Iterator[Finding]:
    """Check the keys of the manifest's tags, and of those in raw task definitions, which get the manifest's, too."""
    shared: Keys = [((*manifest.path, "tags", key), key) for key in manifest.texts_by_key("tags")]
    yield from _findings(shared, ())
    for service in services:
        yield from _findings(_of_definition(service), [key for _, key in shared])


def _of_definition(service: Part) -> Keys:
    definition = service.part("task_definition", Service)
    if definition is None:
        return []
    tags = [each for each in definition.parts("tags", Service).values() if isinstance(each.written.get("key"), str)]
    if is_wrapped(definition.written):
        tags = [each for each in tags if not is_of_others(each.written)]
    return [((*each.path, "key"), each.written["key"]) for each in tags]


def _findings(keys: Keys, shared: Iterable[str]) -> Iterator[Finding]:
    """Yield which keys are not one's own to write, or are another one in other capitals."""
    holders = {key.casefold(): key for key in shared}
    for path, key in keys:
        prefix = next((each for each in RESERVED if key.casefold().startswith(each)), None)
        holder = holders.setdefault(key.casefold(), key)
        if prefix:
            yield Finding(path, f"{shown(key)} begins with {prefix}, which {RESERVED[prefix]}: write another key")
        elif holder != key:
            detail = f"{shown(key)} is {shown(holder)} in other capitals, and IAM takes both for one key"
            yield Finding(path, f"{detail}: write one of them")
