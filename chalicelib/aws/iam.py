"""AWS IAM: whom a role trusts."""

from typing import Any

from chalicelib.aws.calls import call
from chalicelib.errors import AwsRefused


class Iam:
    """The roles of an account."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def trusted_services(self, role: str) -> tuple[str, ...] | None:
        """Return the services that may assume a role, by its ARN or name; None when there is no such role."""
        try:
            answer = call(self._client.get_role, RoleName=role.rpartition("/")[2])
        except AwsRefused as refusal:
            if refusal.aws_code == "NoSuchEntity":
                return None
            raise
        statements = _list(answer["Role"]["AssumeRolePolicyDocument"]["Statement"])
        return tuple(sorted({each for statement in statements for each in _services(statement)}))


def _services(statement: dict[str, Any]) -> list[Any]:
    principal = statement.get("Principal", {})
    assumes = {"sts:AssumeRole", "sts:*", "*"}.intersection(_list(statement.get("Action", [])))
    if statement.get("Effect") != "Allow" or not assumes or not isinstance(principal, dict):
        return []
    return _list(principal.get("Service", []))


def _list(value: Any) -> list[Any]:
    """Return what IAM writes as one thing or as a list of them."""
    return value if isinstance(value, list) else [value]
