"""Services that are rolled out, fail, and go back; with real processes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.faults import AwsFault
from tests.local.ecs_support import GROUP, Cloud, running_cloud, until

BREAKER: dict[str, Any] = {"deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}}
THRESHOLD_EXCEEDED = "Service deployment rolled back because the circuit breaker threshold was exceeded."
NO_CANDIDATE = "No rollback candidate was found to run the rollback."
TARGETS = [{"targetGroupArn": GROUP, "containerName": "app", "containerPort": 8000}]
NO_ROLLBACK: dict[str, Any] = {
    "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}
}


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    """Run an ECS for one test."""
    with running_cloud(tmp_path) as cloud:
        yield cloud


def names(cloud: Cloud, kind: str) -> list[str]:
    """Return the eventNames of the events of one kind so far."""
    return [detail["eventName"] for what, _, detail in list(cloud.events) if what == f"aws.ecs {kind}"]


def ended(cloud: Cloud) -> dict[str, Any]:
    """Return the newest service deployment once it has ended."""

    def look() -> dict[str, Any] | None:
        record = cloud.deployment()
        return record if "finishedAt" in record else None

    return until(look)


class TestRollout:
    """Rolling deployments."""

    def test_a_first_deployment_completes(self, cloud: Cloud) -> None:
        """A new service starts its tasks, completes, and reaches a steady state, in AWS's words."""
        service = cloud.create(count=2)
        deployment = service["deployments"][0]["id"]
        cloud.until_steady()
        record = cloud.deployment()

        assert cloud.messages()[-2:] == [
            f"(service web) (deployment {deployment}) deployment completed.",
            "(service web) has reached a steady state.",
        ]
        assert cloud.messages()[0].startswith("(service web) has started 2 tasks: (task ")
        assert record["serviceDeploymentArn"] == service["currentServiceDeployment"]
        assert record["status"] == "SUCCESSFUL"
        assert record["targetServiceRevision"]["runningTaskCount"] == 2
        assert until(lambda: "SERVICE_STEADY_STATE" in names(cloud, "ECS Service Action"))
        assert names(cloud, "ECS Deployment State Change") == [
            "SERVICE_DEPLOYMENT_IN_PROGRESS",
            "SERVICE_DEPLOYMENT_COMPLETED",
        ]

    def test_a_task_settles_before_it_counts(self, cloud: Cloud) -> None:
        """Without any check a rollout completes 40 s (scaled) after its tasks run."""
        cloud.create()
        cloud.until_steady()

        assert cloud.deployment()["finishedAt"] - cloud.tasks()[0]["startedAt"] == pytest.approx(0.4, abs=0.09)

    def test_a_new_revision_replaces_the_old_one(self, cloud: Cloud) -> None:
        """An update makes a second deployment, and completes when only the new revision's tasks are left."""
        cloud.create(count=2)
        cloud.until_steady()
        arn = cloud.register("hello")
        answer = cloud.update(taskDefinition=arn)
        states = [(d["status"], d["rolloutState"]) for d in answer["deployments"]]
        cloud.until_steady()

        assert states == [("PRIMARY", "IN_PROGRESS"), ("ACTIVE", "COMPLETED")]
        assert answer["currentServiceDeployment"] == cloud.deployment()["serviceDeploymentArn"]
        assert [d["taskDefinition"] for d in cloud.service()["deployments"]] == [arn]
        assert {task["taskDefinitionArn"] for task in cloud.tasks()} == {arn}
        assert {task["stoppedReason"] for task in cloud.tasks("STOPPED")} == {
            f"Scaling activity initiated by (deployment {answer['deployments'][0]['id']})"
        }

    def test_old_tasks_stay_until_new_ones_are_healthy(self, cloud: Cloud) -> None:
        """While new tasks are not healthy, not one old task is stopped."""
        cloud.create(count=2)
        cloud.until_steady()
        check = {"command": ["CMD", "false"], "interval": 300, "retries": 10}
        cloud.update(taskDefinition=cloud.register("server", healthCheck=check))
        until(lambda: sum(task["lastStatus"] == "RUNNING" for task in cloud.tasks()) == 4)

        assert cloud.tasks("STOPPED") == []
        assert [d["runningCount"] for d in cloud.service()["deployments"]] == [2, 2]

    def test_what_starts_a_deployment(self, cloud: Cloud) -> None:
        """A new count or new rollout settings start no deployment; forceNewDeployment does."""
        cloud.create()
        cloud.until_steady()

        cloud.update(desiredCount=2, **BREAKER)
        until(lambda: cloud.service()["runningCount"] == 2)
        cloud.update(taskDefinition="web")

        assert len(cloud.call("ListServiceDeployments", cluster="main", service="web")["serviceDeployments"]) == 1
        assert len(cloud.update(forceNewDeployment=True)["deployments"]) == 2

    def test_a_newer_deployment_replaces_one_in_progress(self, cloud: Cloud) -> None:
        """An update during a rollout ends that rollout's record."""
        first = cloud.create()["currentServiceDeployment"]
        cloud.update(forceNewDeployment=True)
        records = cloud.call("DescribeServiceDeployments", serviceDeploymentArns=[first])["serviceDeployments"]

        assert records[0]["status"] == "STOPPED"

    def test_no_room(self, cloud: Cloud) -> None:
        """Percents that leave no room are told in the service's events, once of each rollout."""
        cloud.create(deploymentConfiguration={"maximumPercent": 150, "minimumHealthyPercent": 100})
        cloud.until_steady()
        cloud.update(forceNewDeployment=True)

        stuck = "was unable to stop or start tasks during a deployment"
        assert until(lambda: stuck in cloud.messages()[-1])
        cloud.update(forceNewDeployment=True)
        assert until(lambda: 2 == sum(stuck in each for each in cloud.messages()))

    def test_deleting_drains_and_ends(self, cloud: Cloud) -> None:
        """A deleted service is DRAINING until its tasks are gone, then INACTIVE; its name is free then."""
        cloud.create()
        cloud.until_steady()
        with pytest.raises(AwsFault, match="cannot be stopped while it is scaled above 0"):
            cloud.call("DeleteService", cluster="main", service="web")

        assert cloud.call("DeleteService", cluster="main", service="web", force=True)["service"]["status"] == "DRAINING"
        with pytest.raises(AwsFault, match=r"Unable to Start a service that is still Draining\."):
            cloud.create()
        assert until(lambda: cloud.service()["status"] == "INACTIVE")
        assert cloud.create()["status"] == "ACTIVE"


class TestCircuitBreaker:
    """Deployments that fail."""

    @pytest.mark.parametrize("image", ["no-such-image", "crash"])
    def test_goes_back_to_the_last_completed_deployment(self, cloud: Cloud, image: str) -> None:
        """Three failed tasks fail the deployment; the previous one, whose tasks never stopped, is primary again."""
        first = cloud.create(**BREAKER)
        cloud.until_steady()
        serving = cloud.tasks()[0]["taskArn"]
        second = cloud.update(taskDefinition=cloud.register(image))["deployments"][0]["id"]
        record = ended(cloud)
        old = first["deployments"][0]["id"]

        assert record["status"] == "ROLLBACK_SUCCESSFUL"
        assert record["deploymentCircuitBreaker"] == {"status": "TRIGGERED", "failureCount": 3, "threshold": 3}
        assert record["statusReason"] == record["rollback"]["reason"] == THRESHOLD_EXCEEDED
        assert cloud.service()["taskDefinition"] == first["taskDefinition"]
        assert f"(service web) (deployment {second}) deployment failed: tasks failed to start." in cloud.messages()
        assert f"(service web) rolling back to deployment {old}." in cloud.messages()
        assert serving in [task["taskArn"] for task in cloud.tasks()]
        assert until(lambda: names(cloud, "ECS Deployment State Change")[-1] == "SERVICE_DEPLOYMENT_COMPLETED")
        assert names(cloud, "ECS Deployment State Change")[2:] == [
            "SERVICE_DEPLOYMENT_IN_PROGRESS",
            "SERVICE_DEPLOYMENT_FAILED",
            "SERVICE_DEPLOYMENT_IN_PROGRESS",
            "SERVICE_DEPLOYMENT_COMPLETED",
        ]

    def test_failing_checks_count(self, cloud: Cloud) -> None:
        """Tasks that run but never pass their check trip the breaker too."""
        cloud.create(**BREAKER)
        cloud.until_steady()
        check = {"command": ["CMD", "false"], "interval": 5, "retries": 1}
        cloud.update(taskDefinition=cloud.register("server", healthCheck=check))

        assert ended(cloud)["status"] == "ROLLBACK_SUCCESSFUL"

    def test_a_healthy_task_forgets_failures(self, cloud: Cloud) -> None:
        """A task that becomes healthy sets failedTasks back to 0: it counts failures in a row."""
        cloud.balancer.answers = ("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
        cloud.create(loadBalancers=TARGETS, healthCheckGracePeriodSeconds=30, **BREAKER)
        until(lambda: cloud.service()["deployments"][0]["failedTasks"] == 1)
        cloud.balancer.answers = ("healthy", "", "")
        cloud.until_steady()

        record = cloud.deployment()

        assert cloud.service()["deployments"][0]["failedTasks"] == 0
        assert (record["status"], record["deploymentCircuitBreaker"]["failureCount"]) == ("SUCCESSFUL", 0)

    @pytest.mark.full
    def test_while_one_goes_back_there_is_nothing_to_go_back_to(self, cloud: Cloud) -> None:
        """A deployment that fails while a rollback is under way has no completed one to return to."""
        cloud.create(loadBalancers=TARGETS, **BREAKER)
        cloud.until_steady()
        cloud.balancer.drained = False
        check = {"command": ["CMD", "false"], "interval": 5, "retries": 1}
        cloud.update(taskDefinition=cloud.register("server", healthCheck=check))
        until(lambda: cloud.deployment()["status"] == "ROLLBACK_IN_PROGRESS")
        cloud.update(taskDefinition=cloud.register("no-such-image"))
        record = ended(cloud)

        assert (record["status"], record["statusReason"]) == ("ROLLBACK_FAILED", NO_CANDIDATE)
        assert cloud.service()["deployments"][0]["rolloutState"] == "FAILED"

    def test_a_first_deployment_has_nothing_to_go_back_to(self, cloud: Cloud) -> None:
        """A first deployment that fails stays FAILED, and starts no more tasks."""
        cloud.create(image="crash", **BREAKER)
        record = ended(cloud)
        deployment = cloud.service()["deployments"][0]
        until(lambda: not cloud.tasks())
        stopped = len(cloud.tasks("STOPPED"))

        assert record["status"] == "ROLLBACK_FAILED"
        assert record["statusReason"] == NO_CANDIDATE
        assert (deployment["rolloutState"], deployment["failedTasks"]) == ("FAILED", 3)
        assert deployment["rolloutStateReason"] == "ECS deployment circuit breaker: tasks failed to start."
        assert (len(cloud.tasks("STOPPED")), cloud.tasks()) == (stopped, [])

    def test_without_rollback_the_old_tasks_stay(self, cloud: Cloud) -> None:
        """Without rollback a failed deployment ends STOPPED, and what served goes on."""
        cloud.create(**NO_ROLLBACK)
        cloud.until_steady()
        serving = cloud.tasks()[0]["taskArn"]
        cloud.update(taskDefinition=cloud.register("crash"))

        assert ended(cloud)["status"] == "STOPPED"
        assert until(lambda: [task["taskArn"] for task in cloud.tasks()] == [serving])

    def test_starts_back_off(self, cloud: Cloud) -> None:
        """Without the breaker, tasks that cannot start are tried again ever more slowly, and the service says so."""
        cloud.create(image="no-such-image")

        assert until(lambda: "SERVICE_TASK_START_IMPAIRED" in names(cloud, "ECS Service Action"))
        assert "(service web) is unable to consistently start tasks successfully." in cloud.messages()
        assert cloud.service()["deployments"][0]["rolloutState"] == "IN_PROGRESS"
        assert len(cloud.stopped()) <= 5


class TestStop:
    """Deployments that are stopped."""

    def test_stopping_a_deployment_goes_back(self, cloud: Cloud) -> None:
        """StopServiceDeployment returns to the last completed deployment; once ended it is a conflict."""
        first = cloud.create()
        cloud.until_steady()
        check = {"command": ["CMD", "false"], "interval": 300, "retries": 10}
        arn = cloud.update(taskDefinition=cloud.register("server", healthCheck=check))["currentServiceDeployment"]
        cloud.call("StopServiceDeployment", serviceDeploymentArn=arn, stopType="ROLLBACK")

        assert ended(cloud)["status"] == "ROLLBACK_SUCCESSFUL"
        assert cloud.service()["taskDefinition"] == first["taskDefinition"]
        with pytest.raises(AwsFault, match="ended already") as refusal:
            cloud.call("StopServiceDeployment", serviceDeploymentArn=arn, stopType="ROLLBACK")
        assert refusal.value.code == "ConflictException"

    def test_stopping_a_first_deployment_has_no_way_back(self, cloud: Cloud) -> None:
        """Without a completed deployment, a stopped one ends in ROLLBACK_FAILED."""
        arn = cloud.create()["currentServiceDeployment"]
        cloud.call("StopServiceDeployment", serviceDeploymentArn=arn)

        assert ended(cloud)["status"] == "ROLLBACK_FAILED"
