"""Deployments of services that ended one way or another."""

from datetime import UTC, datetime

from chalicelib.deployment import Deployment, Failure, NameProof, Names, ServiceProgress

NOW = datetime(2026, 11, 20, 18, 50, tzinfo=UTC)


def deployment(*services: ServiceProgress, failure: Failure | None = None) -> Deployment:
    """Return a deployment of these services."""
    return Deployment(
        id="dep_1",
        application="shop",
        environment="default",
        cluster="shop",
        requested_by="tester",
        created_at=NOW,
        updated_at=NOW,
        deadline_at=NOW,
        services={each.name: each for each in services},
        failure=failure,
    )


def proven(name: str, *, changed: bool = True, dns: bool = False, by: NameProof = "resolver") -> ServiceProgress:
    """Return a service that succeeded."""
    return ServiceProgress(
        name=name, status="succeeded", changed=changed, dns=Names(name=f"{name}.local", by=by) if dns else None
    )


def failure(code: str, service: str | None = "home") -> Failure:
    """Return a failure."""
    return Failure(code=code, service=service, cause="Because.", fix="Mend it.")
