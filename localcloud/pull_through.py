"""ECR's rules for pull-through caches, which moto has not; any image is there to be pulled as it is.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html
"""

from typing import Any

from localcloud.faults import AwsFault

OPERATIONS = ("CreatePullThroughCacheRule", "DescribePullThroughCacheRules")


class PullThroughCache:
    """The rules of the account's registry."""

    def __init__(self, account: str) -> None:
        self._registry = {"registryId": account}
        self._rules: dict[str, dict[str, Any]] = {}

    def handle(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Make a rule, or tell all of them."""
        if operation == "DescribePullThroughCacheRules":
            return {"pullThroughCacheRules": list(self._rules.values())}
        prefix = request["ecrRepositoryPrefix"]
        if prefix in self._rules:
            message = f"A pull through cache rule with prefix {prefix} already exists."
            raise AwsFault("PullThroughCacheRuleAlreadyExistsException", message)
        self._rules[prefix] = self._registry | {"upstreamRepositoryPrefix": "ROOT"} | request
        return self._rules[prefix]
