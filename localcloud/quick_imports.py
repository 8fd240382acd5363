"""What keeps the import of moto, and the first client of each service, from taking seconds.

Every session of botocore reads its files of services and endpoints anew, and moto makes sessions as it is imported:
EC2's model alone takes a quarter of a second, and was read five times until a local cloud was ready. moto's EC2 also
makes 1,300 machine images, which nobody here starts a machine from.
"""

import os
from functools import cache
from pathlib import Path
from typing import Any

from botocore.loaders import JSONFileLoader

NO_IMAGES = Path(__file__).with_name("no_machine_images.json")
READ = JSONFileLoader.load_file


def prepare() -> None:
    """Have botocore remember what it reads, and moto make no machine images."""
    setattr(JSONFileLoader, "load_file", lambda _loader, path: _remembered(path))  # noqa: B010  a method of others
    os.environ.setdefault("MOTO_AMIS_PATH", str(NO_IMAGES))  # moto's own setting


@cache
def _remembered(path: str) -> Any:
    return READ(JSONFileLoader(), path)
