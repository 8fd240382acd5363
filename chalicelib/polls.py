"""How many seconds lie between two looks, so that no execution's history outgrows what Step Functions keeps. Pure."""

from math import ceil

from chalicelib.belongings import Belongings
from chalicelib.manifest import Manifest

# Looks in one execution, each of eight events in its history, which ends at 25,000 (Step Functions quotas).
LOOKS_THERE, LOOKS_IN_ALL = 1_600, 2_000


def poll_seconds_of(asked: Manifest | Belongings) -> int:
    """Return the seconds between two looks, raised until no history outgrows what Step Functions keeps."""
    return _poll_seconds(asked, asked.timeout_seconds, LOOKS_THERE)


def poll_seconds_home(manifest: Manifest, gone_seconds: float, home_seconds: float) -> int:
    """Return the seconds between two looks on the way back, which has the looks that the way there has left."""
    used = len(manifest.services) * gone_seconds / poll_seconds_of(manifest)
    return _poll_seconds(manifest, home_seconds, LOOKS_IN_ALL - min(used, LOOKS_THERE))


def _poll_seconds(asked: Manifest | Belongings, seconds: float, looks: float) -> int:
    return max(asked.poll_seconds, ceil(len(asked.services) * seconds / looks))
