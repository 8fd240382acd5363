"""Writes down what this release leaves in the middle of a deployment: `python -m tests.releases.freeze 2026-11-21`.

A later release must go on from there. What was frozen once is never written again.
"""

import shutil
import sys

from tests.direct_dynamodb import DirectDynamoDb
from tests.machine.slipway import MACHINES
from tests.releases.scenes import FOLDER, SCENES, play, written
from tests.tables import fresh_store, moto_dynamodb


def main(release: str) -> None:
    """Make the folder of a release: its state machines, and the items of each scene."""
    folder = FOLDER / release
    folder.mkdir()
    for machine in MACHINES.glob("*.asl.json"):
        shutil.copy(machine, folder)
    with moto_dynamodb() as client:
        DirectDynamoDb().listen(client.meta.events)
        for name in SCENES:
            with fresh_store(client) as store:
                (folder / f"{name}.json").write_text(written(play(name, client, store)))


if __name__ == "__main__":
    main(sys.argv[1])
