"""The record's pages, progress and tokens: the real store on a table made from the template."""

from datetime import timedelta

from chalicelib.deployment import Status
from chalicelib.ledger import Principal
from chalicelib.store import Store
from chalicelib.waits import WAKES_AT_MOST
from tests.contract.records import NOW, begun, written


class TestPages:
    """Deployments and events come in pages, none lost and none twice."""

    def test_newest_first(self, store: Store) -> None:
        """90 deployments are listed newest first, page by page, each once."""
        made = [written(store, number).id for number in range(90)]
        listed: list[str] = []
        cursor, pages = None, 0
        while cursor or not pages:
            found, cursor = store.newest(application=None, filters={}, limit=40, after=cursor)
            listed, pages = listed + [each.id for each in found], pages + 1
        assert made[::-1] == listed
        assert 3 == pages

    def test_filters(self, store: Store) -> None:
        """Filters leave out what they do not name, without shortening a page."""
        for number in range(130):
            environment, application = "staging" if number % 10 else "live", "shop" if number % 20 else "pay"
            written(store, number, environment=environment, application=application)
        live, cursor = store.newest(application=None, filters={"environment": "live"}, limit=5, after=None)
        assert (5, {"live"}) == (len(live), {each.environment for each in live})
        rest, cursor = store.newest(application=None, filters={"environment": "live"}, limit=20, after=cursor)
        assert (8, None) == (len(rest), cursor)
        paid, _ = store.newest(application="pay", filters={"environment": "live"}, limit=100, after=None)
        assert (7, {"pay"}) == (len(paid), {each.application for each in paid})

    def test_status_filter_follows_the_end(self, store: Store) -> None:
        """A deployment is found by the status that it has now."""
        deployment = begun(store, "home")
        store.finish(deployment, Status.FAILED, "Broken.", NOW)
        found, _ = store.newest(application=None, filters={"status": "failed"}, limit=10, after=None)
        assert [deployment.id] == [each.id for each in found]
        assert ([], None) == store.newest(application=None, filters={"status": "pending"}, limit=10, after=None)

    def test_events(self, store: Store) -> None:
        """The timeline goes on after an event's id, oldest first."""
        deployment = begun(store, "home")
        for number in range(25):
            store.record(deployment.id, None, "planned", str(number), NOW + timedelta(milliseconds=number))
        told: list[str] = []
        after = None
        while page := store.events(deployment.id, after, limit=10):
            told, after = told + [event.message for event in page], page[-1].id
        assert [str(number) for number in range(25)] == told

    def test_open_deployments(self, store: Store) -> None:
        """The open ones are listed, oldest first."""
        made = [written(store, number) for number in range(120)]
        store.finish(made[7], Status.FAILED, "Broken.", NOW)
        assert [each.id for each in made if each is not made[7]] == store.open_deployments()


class TestProgress:
    """What steps write, they read."""

    def test_service_progress(self, store: Store) -> None:
        """A service's fields are set one by one; the deployment is as recent as its most recent service."""
        deployment, later = begun(store, "home", "redis"), NOW + timedelta(seconds=5)
        store.progress(deployment.id, "home", later, phase="registering", changed_fields=("image", "cpu"))
        now = store.get(deployment.id)
        assert ("registering", ("image", "cpu")) == (now.services["home"].phase, now.services["home"].changed_fields)
        assert ("pending", later) == (now.services["redis"].phase, now.updated_at)

    def test_revision(self, store: Store) -> None:
        """A revision is found by family and content."""
        known, deployment = ("shop-home", "hash-1"), begun(store, "home")
        store.keep_revision(deployment.id, "home", known, "Registered home:1.", NOW, task_definition="arn:1")
        others = [("shop-home", "hash-2"), ("shop-redis", "hash-1")]
        assert {known: "arn:1"} == store.revisions([known, *others])
        assert "arn:1" == store.get(deployment.id).services["home"].task_definition
        assert ["Registered home:1."] == [each.message for each in store.events(deployment.id, None, 10)]

    def test_principal(self, store: Store) -> None:
        """A token is known by its hash alone."""
        store.keep_principal("hash", Principal("ci", ("read", "write")))
        assert Principal("ci", ("read", "write")) == store.principal("hash")
        assert store.principal("other") is None


class TestTokens:
    """The newest token of each wait is kept."""

    def test_newer_token_replaces(self, store: Store) -> None:
        """A wait that is entered again, or tried again, is completed by its newer token."""
        deployment = begun(store, "home")
        for token, second in (("first", 1), ("second", 2), ("again", 2)):
            store.keep_token(deployment.id, "home#AwaitStable", token, f"2026-01-05T09:00:0{second}.000Z", NOW)
        assert ["again"] == list(store.tokens(deployment.id).values())

    def test_older_token_does_not_replace(self, store: Store) -> None:
        """A look that was late keeps no token over a newer one."""
        deployment = begun(store, "home")
        for token, second in (("second", 2), ("first", 1)):
            store.keep_token(deployment.id, "home#AwaitStable", token, f"2026-01-05T09:00:0{second}.000Z", NOW)
        assert ["second"] == list(store.tokens(deployment.id).values())

    def test_tokens_of_one_service(self, store: Store) -> None:
        """The waits of one service are found without those of another whose name begins alike."""
        deployment = begun(store, "home", "home-2")
        for wait in ("home#AwaitStable", "home-2#AwaitStable", "#AwaitNamespace"):
            store.keep_token(deployment.id, wait, f"token of {wait}", "2026-01-05T09:00:00.000Z", NOW)
        assert "token of home#AwaitStable" == store.tokens(deployment.id)["home#AwaitStable"]
        assert 3 == len(store.tokens(deployment.id))


def test_wakes_are_counted(store: Store) -> None:
    """A deployment's waits are woken by tasks so often and no more, each deployment's for itself."""
    deployment, other = begun(store, "home"), begun(store, "other")
    assert WAKES_AT_MOST == sum(store.count_wake(deployment.id, NOW) for _ in range(WAKES_AT_MOST + 2))
    assert store.count_wake(other.id, NOW)
