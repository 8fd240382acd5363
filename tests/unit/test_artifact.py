"""What of Chalice's zip and template goes to AWS, and how."""

import importlib.util
import io
import marshal
import zipfile
from pathlib import Path

import pytest
import yaml

from artifact import archive, plain
from artifact.template import Loader, merged

SERVICES = frozenset({"ecs"})


@pytest.mark.parametrize(
    "path",
    [
        "app.py",
        "chalicelib/manifest/manifest.schema.json",
        "botocore/data/ecs/2014-11-13/service-2.json.gz",
        "botocore/data/endpoints.json",
        "botocore/data/partitions.json",
        "pydantic_core/_pydantic_core.cpython-311-aarch64-linux-gnu.so",
        "typing_extensions.py",
    ],
)
def test_what_is_needed_stays(path: str) -> None:
    """What the functions import or read is in the zip."""
    assert archive.is_needed(path, SERVICES)


@pytest.mark.parametrize(
    "path",
    [
        "pip/_internal/cli/main.py",
        "readchar.py",
        "botocore/data/s3/2006-03-01/service-2.json.gz",
        "botocore/data/ecs/2014-11-13/examples-1.json",
        "botocore-1.44.5.dist-info/RECORD",
        "pydantic/v1/main.py",
        "boto3/py.typed",
        "chalice/app.pyi",
        "app/__pycache__/x.cpython-311.pyc",
    ],
)
def test_what_nothing_needs_goes(path: str) -> None:
    """The zip has no service that we never call, no command line, no types for editors, no metadata."""
    assert not archive.is_needed(path, SERVICES)


def test_services_are_those_of_the_clients() -> None:
    """The services that stay are those of which cloud.py makes clients."""
    assert {"ecs", "kms"} == archive.services_of('a = self._client("ecs")\nb = f(self._client("kms"))\nc = g("s3")')


def test_bytecode_runs_unchecked() -> None:
    """Each module has its bytecode where Python looks for it, which is not compared with the source."""
    [(path, content)] = archive.bytecode({"folder/module.py": b"x = 1", "folder/data.json": b"{}"}).items()
    scope: dict[str, int] = {}
    exec(marshal.loads(content[16:]), scope)  # noqa: S102, S302  our own, made above

    assert importlib.util.cache_from_source("folder/module.py") == path
    assert (importlib.util.MAGIC_NUMBER, 1, 1) == (content[:4], int.from_bytes(content[4:8], "little"), scope["x"])


def test_same_files_same_zip(tmp_path: Path) -> None:
    """The same files are the same bytes, whenever and in whichever order: nothing is deployed that did not change."""
    first, second = tmp_path / "first.zip", tmp_path / "second.zip"
    archive.write(first, {"a.py": b"1", "b.py": b"2"})
    archive.write(second, {"b.py": b"2", "a.py": b"1"})

    assert first.read_bytes() == second.read_bytes()
    assert ["a.py", "b.py"] == zipfile.ZipFile(io.BytesIO(first.read_bytes())).namelist()


def test_parts_are_laid_over() -> None:
    """Of two templates objects are joined; of anything else the later one counts."""
    over = {"Properties": {"Timeout": 60, "Tags": ["b"]}}
    assert {"Type": "T", "Properties": {"Timeout": 60, "Name": "n", "Tags": ["b"]}} == merged(
        {"Type": "T", "Properties": {"Timeout": 1, "Name": "n", "Tags": ["a"]}}, over
    )


def test_short_forms_are_read() -> None:
    """CloudFormation's short forms become the long ones, inside of each other too."""
    text = "{a: !Ref X, b: !GetAtt X.Arn.Y, c: !If [C, [!Sub '${X}'], !Ref AWS::NoValue], d: {Condition: C}}"
    assert {
        "a": {"Ref": "X"},
        "b": {"Fn::GetAtt": ["X", "Arn.Y"]},
        "c": {"Fn::If": ["C", [{"Fn::Sub": "${X}"}], {"Ref": "AWS::NoValue"}]},
        "d": {"Condition": "C"},
    } == yaml.load(text, Loader)  # noqa: S506  a SafeLoader


def test_another_body_is_another_deployment() -> None:
    """API Gateway serves what it deployed: a body that changed has a deployment of its own, the same body has not."""
    names = [plain.deployment_of("Api", body)[0] for body in ({"a": 1}, {"a": 1}, {"a": 2})]
    assert names[0] == names[1] != names[2]
