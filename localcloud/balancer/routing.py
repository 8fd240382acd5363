"""Which action answers a request: pure.

Rules: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html and
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address, ip_network
from random import SystemRandom
from urllib.parse import parse_qsl

from localcloud.balancer.memory import Action, Condition, Listener


@dataclass(frozen=True)
class Asked:
    """What rules look at. `host` is without port; `headers` are by lower-case name; `path` is as it was sent."""

    method: str
    host: str
    path: str
    query: str
    headers: Mapping[str, str]
    source_ip: str


def action_for(asked: Asked, listener: Listener) -> Action:
    """Return the action of the first rule whose conditions all hold, else the default one."""
    for rule in listener.rules:
        if all(holds(condition, asked) for condition in rule.conditions):
            return rule.action
    return listener.default_action


def holds(condition: Condition, asked: Asked) -> bool:
    """Say whether any value of the condition matches; a field that we do not know never does."""
    test = TESTS.get(condition.field)
    return test is not None and test(condition, asked)


def _path_holds(condition: Condition, asked: Asked) -> bool:
    return any(like(value, asked.path) for value in condition.values)


def _host_holds(condition: Condition, asked: Asked) -> bool:
    return any(like(value.lower(), asked.host.lower()) for value in condition.values)


def _method_holds(condition: Condition, asked: Asked) -> bool:
    return asked.method in condition.values


def _header_holds(condition: Condition, asked: Asked) -> bool:
    sent = asked.headers.get(condition.header.lower())
    return sent is not None and any(like(value.lower(), sent.lower()) for value in condition.values)


def _query_holds(condition: Condition, asked: Asked) -> bool:
    sent = [(key.lower(), value.lower()) for key, value in parse_qsl(asked.query, keep_blank_values=True)]
    return any(
        like(value.lower(), sent_value) and (not key or like(key.lower(), sent_key))
        for key, value in condition.values
        for sent_key, sent_value in sent
    )


def _source_holds(condition: Condition, asked: Asked) -> bool:
    return any(ip_address(asked.source_ip) in ip_network(value, strict=False) for value in condition.values)


TESTS: dict[str, Callable[[Condition, Asked], bool]] = {
    "path-pattern": _path_holds,
    "host-header": _host_holds,
    "http-request-method": _method_holds,
    "http-header": _header_holds,
    "query-string": _query_holds,
    "source-ip": _source_holds,
}


def like(pattern: str, text: str) -> bool:
    """Say whether `text` matches all of a pattern in which * is any characters and ? exactly one; case counts."""
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    wildcards = {"*": ".*", "?": "."}
    return re.compile("".join(wildcards.get(letter, re.escape(letter)) for letter in pattern), re.DOTALL)


def group_for(action: Action) -> str | None:
    """Return the ARN of a target group, drawn by weight, or None when no group has any weight."""
    arns, weights = [arn for arn, _ in action.target_groups], [weight for _, weight in action.target_groups]
    return SystemRandom().choices(arns, weights)[0] if sum(weights) else None


def redirect_location(action: Action, asked: Asked, port: int) -> str:
    """Return the Location of a redirect, with #{protocol}, #{host}, #{port}, #{path} and #{query} filled in."""
    parts = {"protocol": "http", "host": asked.host, "port": str(port), "path": asked.path[1:], "query": asked.query}
    defaults = {
        "Protocol": "#{protocol}",
        "Host": "#{host}",
        "Port": "#{port}",
        "Path": "/#{path}",
        "Query": "#{query}",
    }
    values = {key: _filled(action.settings.get(key) or default, parts) for key, default in defaults.items()}
    query = f"?{values['Query']}" if values["Query"] else ""
    return f"{values['Protocol'].lower()}://{values['Host']}:{values['Port']}{values['Path']}{query}"


def _filled(template: str, parts: Mapping[str, str]) -> str:
    return re.sub(r"#\{(\w+)\}", lambda found: parts[found[1]], template)
