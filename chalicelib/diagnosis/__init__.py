"""Why a rollout fails: from what was seen to one cause with a code, AWS's words, and what to do. Pure."""

from chalicelib.diagnosis.cause import Cause
from chalicelib.diagnosis.causes import CAUSES, CODES, UNKNOWN
from chalicelib.diagnosis.diagnosis import Diagnosis, diagnose, explains, hopeless_since, observed, says
from chalicelib.diagnosis.facts import (
    Facts,
    LogLine,
    ServiceEvent,
    StoppedContainer,
    StoppedTask,
    TargetHealth,
    telling,
)

__all__ = [
    "CAUSES",
    "CODES",
    "UNKNOWN",
    "Cause",
    "Diagnosis",
    "Facts",
    "LogLine",
    "ServiceEvent",
    "StoppedContainer",
    "StoppedTask",
    "TargetHealth",
    "diagnose",
    "explains",
    "hopeless_since",
    "observed",
    "says",
    "telling",
]
