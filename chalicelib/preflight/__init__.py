"""What is wrong before anything is changed: facts about the account and the manifest make findings, all at once."""

from chalicelib.preflight.artifacts import (
    SecretFound,
    SecretPlace,
    definition_findings,
    image_findings,
    images_asked,
    pinned,
    role_findings,
    roles_asked,
    secret_findings,
    secret_place,
    secrets_asked,
)
from chalicelib.preflight.finding import FIXES, Finding, could_not_check, failure_of
from chalicelib.preflight.names import NameFound, discovery_findings, names_asked, namespace_findings
from chalicelib.preflight.network import NetworkFound, dns_findings, network_findings, network_pointer, placed
from chalicelib.preflight.room import Capacity, Room, rollout_findings, room_findings, waits_for_room
from chalicelib.preflight.routes import Admission, Rule, admission_findings, elsewhere_findings, route_findings
from chalicelib.preflight.services import (
    claimed_by_others,
    classic_findings,
    kept_target_findings,
    launch_type_findings,
    may_change,
    ownership_findings,
    whose,
)
from chalicelib.preflight.unnamed import Unnamed, unnamed_findings
from chalicelib.preflight.ways import Ways, way_findings

__all__ = [
    "FIXES",
    "Admission",
    "Capacity",
    "Finding",
    "NameFound",
    "NetworkFound",
    "Room",
    "Rule",
    "SecretFound",
    "SecretPlace",
    "Unnamed",
    "Ways",
    "admission_findings",
    "claimed_by_others",
    "classic_findings",
    "could_not_check",
    "definition_findings",
    "discovery_findings",
    "dns_findings",
    "elsewhere_findings",
    "failure_of",
    "image_findings",
    "images_asked",
    "kept_target_findings",
    "launch_type_findings",
    "may_change",
    "names_asked",
    "namespace_findings",
    "network_findings",
    "network_pointer",
    "ownership_findings",
    "pinned",
    "placed",
    "role_findings",
    "roles_asked",
    "rollout_findings",
    "room_findings",
    "route_findings",
    "secret_findings",
    "secret_place",
    "secrets_asked",
    "unnamed_findings",
    "waits_for_room",
    "way_findings",
    "whose",
]
