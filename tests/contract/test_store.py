"""The record's locks, keys and ends: the real store on a table made from the template."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Lock, Thread

import pytest

from chalicelib.claims import AlreadyAccepted
from chalicelib.deployment import Failure, Status, new_id
from chalicelib.errors import DeploymentInProgress, NotFound
from chalicelib.items import IDEMPOTENCY_LIFETIME, IdempotencyRecord
from chalicelib.manifest import with_images
from chalicelib.store import Store
from tests.contract.records import NOW, asked, begun, holders, new


class TestBegin:
    """A deployment begins with all of its locks, or not at all."""

    def test_takes_every_lock(self, store: Store) -> None:
        """All services are locked by the deployment that began, as a lease beyond its deadline."""
        deployment = begun(store, "home", "redis")
        lock = store.lock("shop/home")
        assert [deployment.id] * 2 == holders(store, "home", "redis")
        assert lock is not None
        assert lock.expires_at > deployment.deadline_at

    def test_can_be_read(self, store: Store) -> None:
        """What began is read as it was written, with its manifest."""
        deployment = begun(store, "home", "redis")
        assert deployment == store.get(deployment.id)
        assert asked("home", "redis") == store.manifest(deployment.id)

    def test_images_are_kept_once(self, store: Store) -> None:
        """What images were resolved to first is deployed to the end, whatever a second look says."""
        deployment = begun(store, "home")
        image = asked("home").services["home"].image or ""
        kept = [store.keep_images(deployment.id, {image: f"home@sha256:{number}"}) for number in (1, 2)]
        assert [True, False] == kept
        assert with_images(asked("home"), {image: "home@sha256:1"}) == store.manifest(deployment.id)

    def test_takes_no_lock_when_one_is_held(self, store: Store) -> None:
        """One busy service keeps every lock from being taken, and the refusal names the holder."""
        holder, late = begun(store, "redis"), new("home", "redis")
        with pytest.raises(DeploymentInProgress, match=f"shop/redis is being deployed by {holder.id}") as refusal:
            store.begin(late, asked("home", "redis"))
        assert holder.id == refusal.value.holder
        assert [None, holder.id] == holders(store, "home", "redis")
        with pytest.raises(NotFound):
            store.get(late.id)

    def test_names_the_first_of_several_holders(self, store: Store) -> None:
        """With several holders one is named."""
        first, second = begun(store, "home"), begun(store, "redis")
        with pytest.raises(DeploymentInProgress) as refusal:
            store.begin(new("home", "redis"), asked("home", "redis"))
        assert refusal.value.holder in (first.id, second.id)

    def test_other_services_go_side_by_side(self, store: Store) -> None:
        """Deployments of other services do not meet."""
        one, other = begun(store, "home"), begun(store, "redis")
        assert [one.id, other.id] == holders(store, "home", "redis")

    def test_exactly_one_of_many_begins(self, store: Store) -> None:
        """Of many that begin at once, one holds the service and all others are told which."""
        # moto's DynamoDB is not thread-safe: one write at a time, in whatever order they come.
        turn, start, outcomes = Lock(), Barrier(8), []

        def begin() -> None:
            deployment = new("home")
            start.wait()
            try:
                with turn:
                    store.begin(deployment, asked("home"))
                outcomes.append(deployment.id)
            except DeploymentInProgress as busy:
                outcomes.append(f"busy: {busy.holder}")

        run_together(begin, times=8)
        (winner,) = [each for each in outcomes if not each.startswith("busy")]
        assert {winner, f"busy: {winner}"} == set(outcomes)
        assert [winner] == holders(store, "home")


def run_together(action: Callable[[], None], times: int) -> None:
    """Run an action in as many threads, to the end of all."""
    threads = [Thread(target=action) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
        assert not thread.is_alive()


class TestIdempotencyKey:
    """A key makes one deployment, for a day."""

    def test_known_key_tells_what_it_made(self, store: Store) -> None:
        """A second begin with a key is refused with what the first made, even while its services are busy."""
        first = new("home")
        record = IdempotencyRecord("ci", "key-1", "print-1", first.id)
        store.begin(first, asked("home"), [record])
        again = new("home")
        with pytest.raises(AlreadyAccepted) as accepted:
            store.begin(again, asked("home"), [IdempotencyRecord("ci", "key-1", "print-2", again.id)])
        assert record == accepted.value.record
        assert record == store.idempotency("ci", "key-1", NOW)

    def test_busy_service_uses_no_key(self, store: Store) -> None:
        """A request that is refused for a busy service leaves its key free."""
        begun(store, "home")
        late = new("home")
        with pytest.raises(DeploymentInProgress):
            store.begin(late, asked("home"), [IdempotencyRecord("ci", "key-2", "print", late.id)])
        assert store.idempotency("ci", "key-2", NOW) is None

    def test_keys_belong_to_their_caller(self, store: Store) -> None:
        """Another caller's key is another key."""
        deployment = new("home")
        store.begin(deployment, asked("home"), [IdempotencyRecord("ci", "key-3", "print", deployment.id)])
        assert store.idempotency("other", "key-3", NOW) is None

    def test_key_expires(self, store: Store) -> None:
        """After its lifetime a key is free again, whether DynamoDB has removed it or not."""
        first = new("home")
        store.begin(first, asked("home"), [IdempotencyRecord("ci", "key-4", "print-1", first.id)])
        later = new("redis", at=NOW + IDEMPOTENCY_LIFETIME + timedelta(seconds=1))
        assert store.idempotency("ci", "key-4", later.created_at) is None
        store.begin(later, asked("redis"), [IdempotencyRecord("ci", "key-4", "print-2", later.id)])
        known = store.idempotency("ci", "key-4", later.created_at)
        assert known is not None
        assert later.id == known.deployment_id

    def test_every_key_counts(self, store: Store) -> None:
        """Of several keys of a deployment each tells what was made; one that is kept is known for ever."""
        first = new("home")
        records = [
            IdempotencyRecord("ci", "key-5", "print", first.id),
            IdempotencyRecord("ci", "key-6", "print", first.id, kept=True),
        ]
        store.begin(first, asked("home"), records)
        later = new("redis", at=NOW + IDEMPOTENCY_LIFETIME + timedelta(days=1000))
        with pytest.raises(AlreadyAccepted) as accepted:
            store.begin(later, asked("redis"), [IdempotencyRecord("ci", each.key, "x", later.id) for each in records])
        assert records[1] == accepted.value.record
        assert [None, records[1]] == [store.idempotency("ci", each.key, later.created_at) for each in records]


class TestFinish:
    """A deployment ends once, and its services are free with it."""

    def test_releases_every_lock(self, store: Store) -> None:
        """The end is written and the locks are gone."""
        deployment = begun(store, "home", "redis")
        assert store.finish(deployment, Status.SUCCEEDED, "Fine.", NOW)
        ended = store.get(deployment.id)
        assert (Status.SUCCEEDED, "Fine.", NOW) == (ended.status, ended.verdict, ended.finished_at)
        assert [None, None] == holders(store, "home", "redis")
        assert [] == store.open_deployments()

    def test_happens_once(self, store: Store) -> None:
        """A second end changes nothing, and says so."""
        deployment = begun(store, "home")
        store.finish(deployment, Status.FAILED, "Broken.", NOW)
        assert not store.finish(deployment, Status.SUCCEEDED, "Fine.", NOW)
        assert Status.FAILED is store.get(deployment.id).status

    def test_whose_answer_was_lost(self, store: Store) -> None:
        """An end that is written again with its instant is known as what stands there; a successor keeps its lock."""
        deployment = begun(store, "home")
        store.finish(deployment, Status.FAILED, "Broken.", NOW)
        successor = begun(store, "home")
        assert store.finish(deployment, Status.FAILED, "Broken.", NOW)
        assert not store.finish(deployment, Status.FAILED, "Broken.", NOW + timedelta(seconds=1))
        assert [successor.id] == holders(store, "home")

    def test_leaves_a_successors_lock_alone(self, store: Store) -> None:
        """An end that comes twice takes no lock from who came next."""
        deployment = begun(store, "home")
        store.finish(deployment, Status.FAILED, "Broken.", NOW)
        successor = begun(store, "home")
        assert not store.finish(deployment, Status.FAILED, "Broken.", NOW + timedelta(seconds=1))
        assert [successor.id] == holders(store, "home")

    def test_ended_deployment_stays_as_it_is(self, store: Store) -> None:
        """A late update does not open what has ended."""
        deployment = begun(store, "home")
        store.finish(deployment, Status.FAILED, "Broken.", NOW)
        store.update(deployment.id, NOW, status="running", phase="planned")
        assert ("failed", "failed") == (store.get(deployment.id).status, store.get(deployment.id).phase)

    def test_first_failure_counts(self, store: Store) -> None:
        """The failure that is recorded first is the deployment's."""
        deployment = begun(store, "home")
        first, second = (Failure(code="rollout_failed", cause=cause, fix="Mend it.") for cause in ("one", "two"))
        assert [True, False] == [store.fail(deployment.id, each, NOW) for each in (first, second)]
        assert first == store.get(deployment.id).failure

    def test_pruning_begins_unless_a_failure_is_there(self, store: Store) -> None:
        """Either what is not named goes, or the deployment goes back: who writes first decides."""
        pruning, failed = begun(store, "home"), begun(store, "redis")
        store.fail(failed.id, Failure(code="deployment_cancelled", cause="no", fix="none"), NOW)
        assert [True, True, False] == [store.begin_pruning(each.id, NOW) for each in (pruning, pruning, failed)]
        assert ["pruning", "pending"] == [store.get(each.id).phase for each in (pruning, failed)]

    def test_nothing_fails_that_is_not_there(self, store: Store) -> None:
        """A failure of an unknown deployment makes no record of it."""
        unknown = new_id("dep", NOW)
        assert not store.fail(unknown, Failure(code="x", cause="y", fix="z"), NOW)
        with pytest.raises(NotFound):
            store.get(unknown)
