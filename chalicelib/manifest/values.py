"""The kinds of value that a manifest holds: numbers, names, references, each with the rule that AWS has for it.

A validator's message goes on from the value that was found: `"a b" is not a name: write …`.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, Strict
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_after_validator_function

from chalicelib import limits

# CreateService, RegisterTaskDefinition and CreateCluster, members serviceName, family and clusterName.
NAME = rf"[A-Za-z0-9_-]{{1,{limits.NAME_LENGTH}}}"
# CreateRole, member RoleName; an ARN may have a path before the name.
ROLE = r"arn:aws[a-z-]*:iam::\d{12}:role/[\x21-\x7e]{1,512}|[\w+=,.@-]{1,64}"
# CreateLoadBalancer, member Name.
LOAD_BALANCER = r"(?!internal-)(?!-)[A-Za-z0-9-]{1,32}(?<!-)"
# A private DNS namespace is a Route 53 hosted zone: labels of at most 63 characters.
NAMESPACE = r"(?=.{1,253}$)(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*"
# Cloud Map's CreateService, member Name.
DISCOVERY_LABEL = r"(?:[A-Za-z0-9_][A-Za-z0-9_-]{0,61}[A-Za-z0-9_]|[A-Za-z0-9])"
DISCOVERY_NAME = rf"(?=.{{1,127}}$){DISCOVERY_LABEL}(?:\.{DISCOVERY_LABEL})*"
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RuleCondition.html
PATH_PATTERN = r"/[A-Za-z0-9_.$/~\"'@:+&*?-]{0,127}"
HOST_PATTERN = r"(?=.{1,128}$)[A-Za-z0-9.*?-]*\.[A-Za-z]+"
HEALTH_PATH = r"/[\x21-\x7e]{0,1023}"
# https://github.com/distribution/reference: registry/repository:tag@digest; the registry may have capitals, the
# repository may not.
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]+)?"
_REPOSITORY_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
IMAGE = (
    rf"(?:{_HOST}/)?{_REPOSITORY_PART}(?:/{_REPOSITORY_PART})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?"
    r"(?:@sha256:[0-9a-fA-F]{64})?"
)
# PutRetentionPolicy, member retentionInDays.
RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545),
    *(731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
TAG_PUNCTUATION = "_.:/=+-@"
# How the keys of tags begin that are nobody's to write.
RESERVED = {"aws:": "is reserved for AWS", "slipway:": "Slipway writes itself"}
# Secret, member valueFrom: an ARN, or the name of a parameter in the same region.
VALUE_FROM = r"arn:aws[a-z-]*:(?:secretsmanager|ssm):[a-z0-9-]+:\d{12}:[\x21-\x7e]{1,2048}|[A-Za-z0-9_./-]{1,1011}"
# EFS API reference, CreateAccessPoint and CreateMountTarget.
FILE_SYSTEM = r"fs-[0-9a-f]{8,40}"
ACCESS_POINT = r"fsap-[0-9a-f]{8,40}"


@dataclass(frozen=True)
class Matching:
    """Demand that the whole text matches; `otherwise` goes on from the value found. JSON Schema tells the pattern."""

    pattern: str
    otherwise: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the schema of what it annotates, followed by this demand."""
        return no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the JSON Schema of what it annotates, with the pattern."""
        return {**handler(schema), "pattern": f"^(?:{self.pattern})$"}

    def _check(self, text: str) -> str:
        if re.fullmatch(self.pattern, text, re.ASCII) is None:
            raise ValueError(self.otherwise)
        return text


@dataclass(frozen=True, eq=False)  # by identity: typing hashes it, and a mapping has no hash
class Told:
    """What JSON Schema can tell of a rule that is a function of ours."""

    keywords: Mapping[str, Any]

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the JSON Schema of what it annotates, with these keywords."""
        return {**handler(schema), **self.keywords}


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("holds a NUL character, which no process can be given: remove it")
    return text


def _image(text: str) -> str:
    # RegisterTaskDefinition, member image: the limit does not count the digest.
    if len(text.partition("@")[0]) > 255:
        raise ValueError("is too long for an image: write at most 255 characters before the @")
    if re.fullmatch(IMAGE, text) is None:
        raise ValueError(
            "is not an image: write registry/repository:tag or registry/repository@sha256:…,"
            " the repository in lower case"
        )
    return text


def _retention(days: int) -> int:
    if days not in RETENTION_DAYS:
        raise ValueError(
            f"is not a retention that CloudWatch Logs has: write one of {', '.join(map(str, RETENTION_DAYS))}"
        )
    return days


def _variable_name(text: str) -> str:
    if not text or "=" in text:
        raise ValueError("cannot name an environment variable: write a name that is not empty and has no =")
    return text


def _tag(text: str) -> str:
    if not all(letter in TAG_PUNCTUATION or unicodedata.category(letter)[0] in ("L", "Z", "N") for letter in text):
        raise ValueError(f"has a character that tags cannot have: write letters, digits, spaces and {TAG_PUNCTUATION}")
    if text.lower().startswith("aws:"):
        raise ValueError("begins with aws:, which is reserved for AWS: write another")
    return text


def _matcher(text: str) -> str:
    """Demand codes and ranges within 200 to 499 (Matcher, member HttpCode)."""
    for part in text.split(","):
        found = re.fullmatch(r"([0-9]{3})(?:-([0-9]{3}))?", part)
        low, high = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if not 200 <= low <= high <= 499:
            raise ValueError('is not a matcher: write codes from 200 to 499, such as "200", "200,302" or "200-299"')
    return text


def check_command(words: tuple[str, ...]) -> tuple[str, ...]:
    """Demand a container health check's form: CMD or CMD-SHELL, then what to run (HealthCheck, member command)."""
    if len(words) < 2 or words[0] not in ("CMD", "CMD-SHELL"):
        raise ValueError(
            'is not a health check: write CMD or CMD-SHELL first, then what to run, as ["CMD-SHELL", "exit 0"]'
        )
    return words


def records_once(records: tuple[str, ...]) -> tuple[str, ...]:
    """Demand at least one record type and none twice."""
    if not records or len(set(records)) < len(records):
        raise ValueError("does not name each record once: write [A], [SRV] or [A, SRV]")
    return records


def not_empty(words: tuple[str, ...]) -> tuple[str, ...]:
    """Demand at least one word."""
    if not words:
        raise ValueError("holds no word: write what to run, such as [python, migrate.py]")
    return words


Flag = Annotated[bool, Strict()]
Whole = Annotated[int, Strict()]
Text = Annotated[str, Strict(), AfterValidator(_without_nul), Told({"pattern": r"^[^\u0000]*$"})]
Texts = tuple[Text, ...]

Name = Annotated[Text, Matching(NAME, f"is not a name: write 1 to {limits.NAME_LENGTH} letters, digits, _ and -")]
Port = Annotated[Whole, Field(ge=1, le=65535)]
# An id, an ARN or a Name tag; a tag's value has at most 256 characters, and an ARN is not longer.
Reference = Annotated[Text, Field(min_length=1, max_length=256)]
Role = Annotated[Text, Matching(ROLE, "is not a role: write its ARN or its name (1 to 64 of A-Z a-z 0-9 _+=,.@-)")]
LoadBalancerName = Annotated[
    Text,
    Matching(
        LOAD_BALANCER,
        "cannot name a load balancer: write 1 to 32 letters, digits and inner hyphens, without internal- first",
    ),
]
Namespace = Annotated[
    Text,
    Matching(
        NAMESPACE,
        "is not a private DNS namespace: write labels of 1 to 63 letters, digits, _ and inner hyphens,"
        " dots between, 253 characters at most, such as api.local",
    ),
]
DISCOVERY_NAME_RULE = (
    "cannot be a Cloud Map service name: write labels of 1 to 63 letters, digits, _ and inner hyphens,"
    " 127 characters at most"
)
DiscoveryName = Annotated[Text, Matching(DISCOVERY_NAME, DISCOVERY_NAME_RULE)]
PathPattern = Annotated[
    Text,
    Matching(
        PATH_PATTERN,
        "is not a path pattern: write / first, then letters, digits, _-.$/~\"'@:+& and the wildcards * and ?,"
        ' 128 characters at most, such as "/home*"',
    ),
]
HostPattern = Annotated[
    Text,
    Matching(
        HOST_PATTERN,
        "is not a host pattern: write letters, digits, hyphens, dots, * and ?, and only letters after the last dot,"
        ' 128 characters at most, such as "*.example.com"',
    ),
]
HealthPath = Annotated[
    Text,
    Matching(
        HEALTH_PATH, "is not a health check path: write / first, then printable ASCII without spaces, 1024 at most"
    ),
]
AbsolutePath = Annotated[
    Text, Matching(r"/[^:]{0,4095}", "is not a path: write / first, no colon, 4096 characters at most")
]
SecretReference = Annotated[
    Text,
    Matching(
        VALUE_FROM,
        "is not a secret: write the ARN of one in Secrets Manager, or the ARN or name of an SSM parameter",
    ),
]
FileSystem = Annotated[
    Text,
    Matching(FILE_SYSTEM, 'is not an EFS file system: write its id, such as "fs-0123abcd"'),
]
AccessPoint = Annotated[
    Text,
    Matching(ACCESS_POINT, 'is not an EFS access point: write its id, such as "fsap-0123abcd"'),
]
MATCHER = r"[2-4]\d\d(-[2-4]\d\d)?"
Matcher = Annotated[Text, AfterValidator(_matcher), Told({"pattern": f"^{MATCHER}(,{MATCHER})*$"})]
Image = Annotated[Text, AfterValidator(_image), Told({"pattern": f"^(?:{IMAGE})$"})]
RetentionDays = Annotated[Whole, AfterValidator(_retention), Told({"enum": RETENTION_DAYS})]
VariableName = Annotated[Text, AfterValidator(_variable_name), Told({"pattern": r"^[^=\u0000]+$"})]
TagValue = Annotated[Text, Field(max_length=256), AfterValidator(_tag)]
TagKey = Annotated[Text, Field(min_length=1, max_length=128), AfterValidator(_tag)]
