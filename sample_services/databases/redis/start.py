"""Starts the redis-server of a wheel as the image redis does: `python start.py ADDRESS [options]`.

A container listens on every address of its own. Where tasks have no network of their own but an address in 127.0.0.0/8
each, that address is all there is.
"""

import os
import sys
import tempfile


def main(address: str, options: list[str]) -> None:
    listen = address if address.startswith("127.") else "0.0.0.0"  # noqa: S104
    # The image's own settings: anyone who reaches it may speak, nothing is written to a disk of ours.
    settings = ["--bind", listen, "--protected-mode", "no", "--save", "", "--dir", tempfile.gettempdir()]
    os.execvp("redis-server", ["redis-server", *settings, *options])  # noqa: S606, S607


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
