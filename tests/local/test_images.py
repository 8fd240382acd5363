"""Image names, and how what they name is run."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from localcloud.ecs.command import command_line, environment, health_check_line
from localcloud.images import Image, Images, ImagesError

TOML = """
[image.home]
directory = "home"
command = ["python", "server.py"]
environment = { FLASK_APP = "server.py" }

[image."home:old"]
directory = "home-old"
command = ["python", "old.py"]

[image."team/api"]
directory = "api"
command = ["./api"]
requirements = "requirements.txt"
"""


@pytest.fixture
def images(tmp_path: Path) -> Images:
    """Return the images of TOML."""
    (tmp_path / "images.toml").write_text(TOML)
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "requirements.txt").write_text("")
    return Images([tmp_path / "images.toml"], tmp_path / "cache")


def found(images: Images, reference: str) -> Image:
    """Return an image that must be there."""
    image = images.find(reference)
    assert image is not None
    return image


@pytest.mark.parametrize(
    "reference",
    [
        "home",
        "home:1.4",
        "localhost:5000/home",
        "1234.dkr.ecr.us-east-1.amazonaws.com/home:1.4",
        f"home@sha256:{'0' * 64}",
    ],
)
def test_any_registry_tag_and_digest(images: Images, reference: str) -> None:
    """An image is found under any registry prefix, with any tag or digest."""
    assert found(images, reference).name == "home"


def test_a_pinned_tag_goes_first(images: Images) -> None:
    """An image listed as name:tag is meant by that tag only."""
    assert found(images, "registry.example/home:old").command == ("python", "old.py")


def test_a_path_is_part_of_the_name(images: Images) -> None:
    """A listed path is found as a whole, not by its last part."""
    assert found(images, "registry.example/team/api:2").name == "team/api"
    assert images.find("api") is None
    assert images.find("other") is None


def test_a_later_file_counts(images: Images, tmp_path: Path) -> None:
    """Where two files list the same image, the later one counts."""
    own = tmp_path / "own.toml"
    own.write_text('[image.home]\ndirectory = "mine"\ncommand = ["x"]\n')

    assert found(Images([tmp_path / "images.toml", own], images.cache), "home").directory == tmp_path / "mine"


@pytest.mark.parametrize("text", ["[image", '[image.a]\ndirectory = "a"\n', '[image.a]\ndirectory="a"\ncommand="x"\n'])
def test_a_file_with_a_fault(tmp_path: Path, text: str) -> None:
    """A file that cannot be used is named in the error."""
    (tmp_path / "images.toml").write_text(text)
    with pytest.raises(ImagesError, match=str(tmp_path)):
        Images([tmp_path / "images.toml"], tmp_path)


def test_requirements_get_an_environment_of_their_own_once(images: Images) -> None:
    """The virtual environment is made once, also when several tasks ask for it at the same time."""
    image = found(images, "team/api")
    run_together(lambda: images.prepare(image), 3)
    made = image.virtual_environment(images.cache) / "complete"
    when = made.stat().st_mtime_ns
    images.prepare(image)

    assert image.python(images.cache).exists()
    assert made.stat().st_mtime_ns == when


def test_requirements_that_cannot_be_installed(images: Images, tmp_path: Path) -> None:
    """The error has pip's own words."""
    (tmp_path / "api" / "requirements.txt").write_text("./no-such-directory\n")
    with pytest.raises(ImagesError, match="no-such-directory"):
        images.prepare(found(images, "team/api"))


def test_nothing_is_installed_after_the_end(images: Images) -> None:
    """Once closed, nothing is started any more."""
    images.close()
    with pytest.raises(ImagesError, match="stopping"):
        images.prepare(found(images, "team/api"))


def test_a_command_line(images: Images) -> None:
    """The container's entryPoint and command replace the image's; "python" is the image's interpreter."""
    image, python = found(images, "home"), Path("/venv/bin/python")

    assert command_line(image, {}, python, "127.1.0.2") == ["/venv/bin/python", "server.py"]
    assert command_line(image, {"command": ["serve", "--bind={ip}"]}, python, "127.1.0.2") == [
        "serve",
        "--bind=127.1.0.2",
    ]
    assert command_line(image, {"entryPoint": ["sh", "-c"], "command": ["x"]}, python, "") == ["sh", "-c", "x"]
    assert health_check_line({"command": ["CMD", "python", "c.py"]}, python, "") == ["/venv/bin/python", "c.py"]


def test_an_environment(images: Images) -> None:
    """The container's variables go over the image's, the network's over all; PYTHONPATH is joined."""
    own = [{"name": "FLASK_APP", "value": "mine.py"}, {"name": "PYTHONPATH", "value": "/lib"}]
    seen = environment(
        found(images, "home"),
        {"environment": own},
        Path("/venv/bin/python"),
        network={"PYTHONPATH": "/shim"},
        secrets={"TOKEN": "t"},
    )

    assert (seen["FLASK_APP"], seen["TOKEN"], seen["PYTHONPATH"]) == ("mine.py", "t", "/shim:/lib")
    assert seen["PATH"].startswith("/venv/bin:")


def run_together(act: Callable[[], None], count: int) -> None:
    """Call a function on several threads at once."""
    threads = [threading.Thread(target=act) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
