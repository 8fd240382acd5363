"""What the scheduler decides, as values."""

import pytest

from localcloud.ecs import circuit_breaker
from localcloud.ecs.health import HealthFact, counts_as_healthy, why_failing
from localcloud.ecs.scheduler import Moves, ServiceFact, TaskFact, decide


def service(desired: int, low: int = 100, high: int = 200, *, may_start: bool = True) -> ServiceFact:
    """Return a service whose primary deployment is "new"."""
    return ServiceFact(desired, "new", low, high, may_start=may_start)


def tasks(deployment: str, count: int, state: str = "healthy", failing: str | None = None) -> list[TaskFact]:
    """Return tasks "new0" (the oldest), "new1" … that are starting, running or healthy."""
    return [
        TaskFact(f"{deployment}{n}", deployment, state != "starting", state == "healthy", failing, age=100.0 - n)
        for n in range(count)
    ]


class TestDecide:
    """What to start and to stop."""

    def test_starts_what_is_missing(self) -> None:
        """A service with too few tasks starts the difference."""
        assert decide(service(3), tasks("new", 1)) == Moves(start=2)

    def test_does_nothing_when_all_are_there(self) -> None:
        """A service with as many healthy tasks as it asks for is left alone."""
        assert decide(service(2), tasks("new", 2)) == Moves()

    def test_scales_in_the_least_useful_first(self) -> None:
        """Scaling in stops tasks that do not run, then unhealthy ones, then the newest."""
        mixed = [*tasks("new", 2), TaskFact("slow", "new", True, False), TaskFact("cold", "new", False, False)]

        assert decide(service(2), mixed).stop == ("cold", "slow")
        assert decide(service(1), mixed).stop == ("cold", "slow", "new1")

    def test_replaces_failing_tasks(self) -> None:
        """A failing task is stopped and another one started."""
        assert decide(service(1), tasks("new", 1, failing="x")) == Moves(start=1, replace=("new0",))

    def test_starts_new_tasks_beside_old_ones(self) -> None:
        """A rollout starts new tasks up to the maximum and stops no old task before one of them is healthy."""
        old = tasks("old", 2)

        assert decide(service(2), old) == Moves(start=2)
        assert decide(service(2), old + tasks("new", 2, "running")) == Moves()

    def test_old_tasks_give_way_one_for_one(self) -> None:
        """As many old tasks stop as new ones are healthy, the oldest first."""
        half = [*tasks("new", 1), TaskFact("late", "new", True, False)]

        assert decide(service(2), tasks("old", 2) + half) == Moves(stop=("old0",))
        assert decide(service(2), tasks("old", 2) + tasks("new", 2)) == Moves(stop=("old0", "old1"))

    def test_the_maximum_is_rounded_down(self) -> None:
        """There are never more tasks than the maximum percent, rounded down."""
        assert decide(service(3, high=150), tasks("old", 3)) == Moves(start=1)

    def test_the_minimum_is_rounded_up(self) -> None:
        """There are never fewer healthy tasks than the minimum percent, rounded up."""
        assert decide(service(3, low=50, high=100), tasks("old", 3)).stop == ("old0",)

    def test_the_minimum_makes_room(self) -> None:
        """Where the maximum leaves no room, old tasks stop first, as far as the minimum allows."""
        assert decide(service(1, low=0, high=100), tasks("old", 1)) == Moves(stop=("old0",))

    def test_no_room_at_all_is_blocked(self) -> None:
        """A rollout that may neither start nor stop anything says so."""
        assert decide(service(1, high=150), tasks("old", 1)) == Moves(blocked=True)

    def test_old_tasks_that_do_not_run_yet_stop_at_once(self) -> None:
        """A task of an older deployment that serves nobody is not waited for."""
        assert decide(service(1), tasks("old", 1, "starting")) == Moves(start=1, stop=("old0",))

    def test_an_old_task_that_runs_stays_until_it_is_replaced(self) -> None:
        """An old task that runs but does not count as healthy yet may serve already, so it stays."""
        assert decide(service(1), tasks("old", 1, "running")) == Moves(start=1)

    def test_nothing_starts_while_starts_are_off(self) -> None:
        """While starts back off, and after a failure without a way back, nothing starts and nothing old stops."""
        assert decide(service(2, may_start=False), tasks("old", 2)) == Moves()

    def test_scaling_to_zero_stops_everything(self) -> None:
        """A service of no tasks keeps none, of whatever deployment."""
        assert set(decide(service(0), tasks("old", 1) + tasks("new", 1)).stop) == {"old0", "new0"}

    @pytest.mark.parametrize("low", [0, 50, 100])
    @pytest.mark.parametrize("high", [100, 150, 200])
    def test_bounds_hold_in_every_mixture(self, low: int, high: int) -> None:
        """Whatever there is, a decision never leaves too few healthy tasks and never makes too many tasks."""
        for desired in range(5):
            fact = service(desired, low, high)
            for old in range(desired + 1):
                for new in range(desired + 1):
                    there = tasks("old", old) + tasks("new", new)
                    moves = decide(fact, there)
                    left = len(there) - len(moves.stop)
                    assert left >= min(fact.lower, len(there))
                    assert moves.start == 0 or left + moves.start <= fact.upper


class TestHealth:
    """When a task is healthy."""

    def test_a_task_without_checks_settles(self) -> None:
        """Without any check a task counts as healthy after the settling time, not before."""
        assert not counts_as_healthy(HealthFact(39, 40))
        assert counts_as_healthy(HealthFact(40, 40))

    def test_the_container_check_decides(self) -> None:
        """With a container check only HEALTHY counts, however long the task runs."""
        assert not counts_as_healthy(HealthFact(99, 40, has_container_check=True))
        assert counts_as_healthy(HealthFact(1, 40, has_container_check=True, health_status="HEALTHY"))

    def test_every_target_must_be_healthy(self) -> None:
        """With load balancers all targets must be healthy, and there must be some."""
        assert not counts_as_healthy(HealthFact(99, 40, expects_targets=True))
        assert not counts_as_healthy(
            HealthFact(99, 40, expects_targets=True, targets=(("a", "healthy"), ("b", "initial")))
        )
        assert counts_as_healthy(HealthFact(1, 40, expects_targets=True, targets=(("a", "healthy"),)))

    def test_the_grace_period_covers_all_checks(self) -> None:
        """Failing checks count after the grace period only."""
        bad = HealthFact(9, 40, grace_seconds=10, health_status="UNHEALTHY", targets=(("arn", "unhealthy"),))

        assert why_failing(bad) is None
        assert why_failing(HealthFact(10, 40, 10, True, "UNHEALTHY")) == "Task failed container health checks"
        assert (
            why_failing(HealthFact(10, 40, 10, targets=(("arn", "unhealthy"),)))
            == "Task failed ELB health checks in (target-group arn)"
        )


class TestCircuitBreaker:
    """The arithmetic of failing."""

    @pytest.mark.parametrize(("desired", "expected"), [(1, 3), (6, 3), (25, 13), (400, 200), (800, 200)])
    def test_threshold(self, desired: int, expected: int) -> None:
        """The threshold is half of the desired count, rounded up, between 3 and 200."""
        assert circuit_breaker.threshold(desired) == expected

    def test_threshold_as_asked(self) -> None:
        """A threshold configuration counts tasks, or takes a share with or without bounds."""
        count = {"thresholdConfiguration": {"type": "COUNT", "value": 7}}
        share = {"thresholdConfiguration": {"type": "UNBOUNDED_PERCENT", "value": 10}}

        assert circuit_breaker.threshold(100, count) == 7
        assert circuit_breaker.threshold(10, share) == 1

    def test_starts_back_off(self) -> None:
        """Three tasks in a row may fail to start at once; then the pause doubles up to 15 minutes."""
        assert [circuit_breaker.back_off_seconds(n) for n in (2, 3, 4, 99)] == [0, 10, 20, 900]
