"""What the API shows: one deployment, the list, the timeline; and who may see it."""

from typing import Any

import pytest

from chalicelib.api.tokens import authenticate
from chalicelib.cloud import Cloud
from chalicelib.deployment import instant
from chalicelib.errors import Unauthorized
from tests.machine.api import READER, Api, end, problem
from tests.machine.slipway import two_services
from tests.tables import NAME


class TestShow:
    """GET /deployments/{id}."""

    def test_etag(self, api: Api, cloud: Cloud) -> None:
        """A caller who has this version is told so without a body; another version is sent."""
        made = api.post(two_services()).json_body["id"]
        shown = api.get(f"/deployments/{made}")
        same = api.get(f"/deployments/{made}", If_None_Match=shown.headers["ETag"])
        end(cloud, made)
        changed = api.get(f"/deployments/{made}", If_None_Match=shown.headers["ETag"])

        assert (200, 304, 200) == (shown.status_code, same.status_code, changed.status_code)
        assert b"" == same.body
        assert shown.headers["ETag"] == same.headers["ETag"] != changed.headers["ETag"]

    @pytest.mark.parametrize(("written", "status"), [("*", 304), ('"other", W/{}', 304), ('"other"', 200)])
    def test_etags_of_a_caller(self, api: Api, written: str, status: int) -> None:
        """If-None-Match may be a list, with weak tags, or an asterisk (RFC 9110); 304 says when to ask again."""
        here = f"/deployments/{api.post(two_services()).json_body['id']}"
        etag = api.get(here).headers["ETag"]
        found = api.get(here, If_None_Match=written.format(etag))
        assert (status, etag) == (found.status_code, found.headers["ETag"])
        assert int(found.headers["Retry-After"]) > 0

    def test_retry_after_while_it_runs(self, api: Api, cloud: Cloud) -> None:
        """Retry-After is there until the deployment has ended."""
        made = api.post(two_services()).json_body["id"]
        assert "Retry-After" in api.get(f"/deployments/{made}").headers
        end(cloud, made)
        assert "Retry-After" not in api.get(f"/deployments/{made}").headers

    def test_read_token(self, api: Api) -> None:
        """A token that may read may look."""
        made = api.post(two_services()).json_body["id"]
        assert 200 == api.get(f"/deployments/{made}", Authorization=READER).status_code

    @pytest.mark.parametrize("path", ["dep_00000000000000000000000000", "nonsense", "dep_1"])
    @pytest.mark.parametrize("rest", ["", "/events"])
    def test_unknown(self, api: Api, path: str, rest: str) -> None:
        """A deployment that is not there is 404, whatever its id looks like."""
        problem(api.get(f"/deployments/{path}{rest}"), 404, "not_found")

    def test_fault_of_our_own(self, api: Api, dynamodb: Any) -> None:
        """An error that nobody foresaw is a problem without its details."""
        broken = "dep_00000000000000000000000001"
        item = {"pk": {"S": f"deployment#{broken}"}, "sk": {"S": "deployment"}, "id": {"S": "SECRET"}}
        dynamodb.put_item(TableName=NAME, Item=item)
        answer = api.get(f"/deployments/{broken}")
        problem(answer, 500, "internal_error")
        assert b"SECRET" not in answer.body
        assert b"validation" not in answer.body


class TestList:
    """GET /deployments."""

    def test_pages(self, api: Api) -> None:
        """Pages follow one another by their cursor, newest first, with a link to the next."""
        made = [api.post(two_services()).json_body["id"] for _ in range(5)]
        first = api.get("/deployments?limit=3")
        cursor = first.json_body["next_cursor"]
        second = api.get(f"/deployments?limit=3&cursor={cursor}")

        listed = [each["id"] for page in (first, second) for each in page.json_body["deployments"]]
        assert sorted(made, reverse=True) == listed
        assert f'</deployments?limit=3&cursor={cursor}>; rel="next"' == first.headers["Link"]
        assert (None, False) == (second.json_body["next_cursor"], "Link" in second.headers)

    def test_filters(self, api: Api, cloud: Cloud) -> None:
        """Application, environment and status leave out what they do not name."""
        one = api.post(two_services()).json_body
        other = api.post(two_services(environment="staging")).json_body
        end(cloud, other["id"])
        for query, expected in {
            f"application={one['application']}": [one["id"]],
            "environment=staging": [other["id"]],
            "status=failed": [other["id"]],
            "status=pending&environment=staging": [],
        }.items():
            listed = api.get(f"/deployments?{query}").json_body["deployments"]
            assert expected == [each["id"] for each in listed], query

    @pytest.mark.parametrize(
        "query",
        [
            "colour=red",
            "status=",
            "limit=0",
            "limit=101",
            "limit=x",
            "status=happy",
            "cursor=x",
            f"application={'x' * 256}",
        ],
    )
    def test_query_that_cannot_be_used(self, api: Api, query: str) -> None:
        """A parameter that nobody knows, or with a value that cannot be used, is refused by its name."""
        found = problem(api.get(f"/deployments?{query}"), 400, "invalid_query")
        assert query.partition("=")[0] in found["detail"]


class TestEvents:
    """GET /deployments/{id}/events."""

    def test_pages(self, api: Api, cloud: Cloud) -> None:
        """The timeline comes in pages, oldest first, and `next` goes on where the caller is."""
        made = api.post(two_services()).json_body["id"]
        for number in range(5):
            cloud.store.record(made, "home", "planned", str(number), instant(1_800_000_000 + number))
        first = api.get(f"/deployments/{made}/events?limit=3").json_body
        second = api.get(f"/deployments/{made}/events?after={first['next']}").json_body
        nothing = api.get(f"/deployments/{made}/events?after={second['next']}").json_body

        assert ["0", "1", "2", "3", "4"] == [each["message"] for page in (first, second) for each in page["events"]]
        assert {"events": [], "next": second["next"]} == nothing
        assert {"id", "at", "service", "phase", "message"} == set(first["events"][0])

    @pytest.mark.parametrize("query", ["after=x", "limit=0", "since=yesterday"])
    def test_query_that_cannot_be_used(self, api: Api, query: str) -> None:
        """A parameter that cannot be used is refused."""
        made = api.post(two_services()).json_body["id"]
        problem(api.get(f"/deployments/{made}/events?{query}"), 400, "invalid_query")


class TestTokens:
    """Bearer tokens."""

    def test_known_token(self, cloud: Cloud) -> None:
        """A token is known whatever the case of its scheme."""
        assert "writer" == authenticate(cloud, "bearer writer").name

    @pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer nobody", "Basic writer", "writer"])
    def test_unknown_token(self, cloud: Cloud, header: str) -> None:
        """Anything else is Unauthorized, in the one word of which API Gateway makes a 401."""
        with pytest.raises(Unauthorized, match=r"^Unauthorized$"):
            authenticate(cloud, header)


def test_health(api: Api) -> None:
    """The API says that it answers, to anybody."""
    assert {"status": "ok"} == api.get("/health").json_body
