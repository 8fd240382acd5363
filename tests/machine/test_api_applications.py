"""PUT and GET /applications, and POST /deployments of what is registered."""

import json
from typing import Any

import pytest
from chalice.test import HTTPResponse

from chalicelib import limits
from chalicelib.cloud import Cloud
from tests.fake_observer import FakeObserver
from tests.machine.api import READER, Api, end, problem
from tests.machine.slipway import two_services, with_service

PUSH = {"event": "push", "repository": "acme/shop", "branch": "main"}


def template(**changes: Any) -> dict[str, Any]:
    """Return a manifest whose `home` has a placeholder in its image."""
    return with_service({**two_services(), **changes}, "home", image="registry.local/home:{version}")


def put(api: Api, manifest: dict[str, Any], application: str | None = None, **beside: Any) -> HTTPResponse:
    """Register a manifest under its application, or another."""
    body = {"manifest": manifest, **beside}
    return api.request("PUT", f"/applications/{application or manifest['application']}", {}, body)


def pointers(answer: HTTPResponse) -> list[str]:
    """Return the pointers of the faults of an answer."""
    return [each["pointer"] for each in problem(answer, 422, "invalid_manifest")["errors"]]


def images(cloud: Cloud, deployment_id: str) -> list[str | None]:
    """Return the images of a deployment's manifest."""
    return [each.image for _, each in sorted(cloud.store.manifest(deployment_id).services.items())]


@pytest.fixture(autouse=True)
def observer(cloud: Cloud) -> FakeObserver:
    """Deploy an `observe` that tells what it was asked."""
    observer = FakeObserver()
    observer.function = lambda document: {"asked": document}
    cloud.__dict__["observer"] = observer
    return observer


class TestRegister:
    """PUT /applications/{application}."""

    def test_first_time(self, api: Api) -> None:
        """The first registration of an environment is 201 and shows what is registered, and by whom."""
        manifest = template()
        answer = put(api, manifest, triggers=[PUSH], only=["deployment", "person"])
        assert 201 == answer.status_code, answer.body
        assert {**manifest, "environment": "default"} == answer.json_body["manifest"]
        assert "main" == answer.json_body["triggers"][0]["branch"]
        assert ("writer", ["deployment", "person"]) == (answer.json_body["registered_by"], answer.json_body["only"])

    def test_again(self, api: Api) -> None:
        """The same again is 200 and changes nothing; another manifest takes its place."""
        manifest = template()
        first, same = (put(api, manifest, triggers=[PUSH]) for _ in range(2))
        other = put(api, {**manifest, "timeout_seconds": 60})
        assert (201, 200, 200) == (first.status_code, same.status_code, other.status_code)
        assert first.json_body == same.json_body
        assert (first.json_body["registered_at"], 60, []) == (
            other.json_body["registered_at"],
            other.json_body["manifest"]["timeout_seconds"],
            other.json_body["triggers"],
        )

    def test_application_may_be_left_out(self, api: Api) -> None:
        """The path says the application of a manifest that does not."""
        manifest = template()
        name = manifest.pop("application")
        assert name == put(api, manifest, name).json_body["manifest"]["application"]

    def test_yaml(self, api: Api) -> None:
        """YAML is as good as JSON."""
        body = json.dumps({"manifest": template(application="yam")}).encode()
        answer = api.request("PUT", "/applications/yam", {"Content-Type": "application/yaml"}, body)
        assert 201 == answer.status_code

    def test_faults_quote_what_was_written(self, api: Api) -> None:
        """What YAML reads otherwise is told at its place, in the manifest and in a trigger, as it was written."""
        body = b"""
            manifest: {network: {vpc: v, subnets: [a]}, services: {home: {image: home, port: 0443, command: [1.10]}}}
            triggers: [{event: push, repository: acme/yam, branch: 1.10}]
        """
        answer = api.request("PUT", "/applications/yam", {"Content-Type": "application/yaml"}, body)
        faults = problem(answer, 422, "invalid_manifest")["errors"]
        text = 'is a number where text belongs: put it in quotes as you mean it, "1.10"'

        assert {
            "/manifest/services/home/command/0": f"1.10 {text}",
            "/triggers/0/branch": f"1.10 {text}",
        }.items() <= {each["pointer"]: each["detail"] for each in faults}.items()
        assert ["/manifest/services/home/port"] == [
            each["pointer"] for each in faults if "0443 as 291" in each["detail"]
        ]
        assert 3 == len(faults)

    def test_every_fault_at_once(self, api: Api) -> None:
        """All faults of manifest and triggers come in one answer, each with its pointer."""
        manifest = with_service(template(application="other"), "redis", image="redis:{sah}", port="many")
        triggers = [
            {"event": "push", "repository": "acme/shop", "branch": 1, "brunch": "main"},
            {"event": "pull_request", "repository": "*/shop"},
            {"repository": "shop"},
        ]
        found = pointers(put(api, manifest, "shop", triggers=triggers, only=["robots"], extra=1))
        assert [
            "/extra",
            "/manifest/application",
            "/manifest/services/redis/image",
            "/manifest/services/redis/port",
            "/only/0",
            "/triggers/0/branch",
            "/triggers/0/brunch",
            "/triggers/1/event",
            "/triggers/1/repository",
            "/triggers/2/event",
            "/triggers/2/repository",
        ] == sorted(found)

    def test_faults_between_fields(self, api: Api) -> None:
        """A pattern that its event does not have, and an image of no service, are faults at their place."""
        trigger = {**PUSH, "workflow": "CI", "images": {"hme": "home:{sha}", "home": "home:{shaa}"}}
        assert [
            "/triggers/0/images/hme",
            "/triggers/0/images/home",
            "/triggers/0/workflow",
        ] == sorted(pointers(put(api, template(), triggers=[trigger])))

    def test_a_run_needs_its_workflow(self, api: Api) -> None:
        """A trigger of a workflow's run names the workflow, and lists only events whose runs may deploy."""
        run = {"event": "workflow_run", "repository": "acme/shop"}
        assert ["/triggers/0/workflow"] == pointers(put(api, template(), triggers=[run]))
        listed = {**run, "workflow": "CI", "runs_of": ["push", "pull_request", "psh"]}
        strange = {**PUSH, "runs_of": ["push"]}
        assert ["/triggers/0/runs_of/1", "/triggers/0/runs_of/2"] == pointers(put(api, template(), triggers=[listed]))
        assert ["/triggers/0/runs_of"] == pointers(put(api, template(), triggers=[strange]))
        taken = put(api, template(), triggers=[{**run, "workflow": "CI", "runs_of": ["push", "schedule"]}])
        assert (201, ["push", "schedule"]) == (taken.status_code, taken.json_body["triggers"][0]["runs_of"])

    @pytest.mark.parametrize("field", ["branch", "tag"])
    @pytest.mark.parametrize("ref", ["refs/heads/main", "refs/tags/v*"])
    def test_a_ref_is_no_name(self, api: Api, field: str, ref: str) -> None:
        """A pattern that begins with refs/heads/ or refs/tags/ never matches: the name alone is asked for."""
        refused = put(api, template(), triggers=[{"event": "push", "repository": "acme/shop", field: ref}])
        [fault] = problem(refused, 422, "invalid_manifest")["errors"]
        detail = f'"{ref}" is a ref, which no {field} is called: write "{ref.split("/", 2)[2]}"'
        assert {"pointer": f"/triggers/0/{field}", "detail": detail} == fault

    def test_limits_of_triggers(self, api: Api) -> None:
        """As many triggers as there may be, with patterns as long as they may be, are taken; one more is a fault."""
        most = {**PUSH, "branch": "b" * limits.PATTERN_LENGTH}
        more = {**PUSH, "branch": "b" * (limits.PATTERN_LENGTH + 1)}
        assert 201 == put(api, template(), triggers=[most] * limits.TRIGGERS).status_code
        assert ["/triggers"] == pointers(put(api, template(), triggers=[PUSH] * (limits.TRIGGERS + 1)))
        assert ["/triggers/0/branch"] == pointers(put(api, template(), triggers=[more]))

    @pytest.mark.parametrize("image", ["{branch}/home:1", "home{sha}", "home-{tag}:1", "{version}", "r:5000/{sha}"])
    def test_placeholder_outside_the_tag(self, api: Api, image: str) -> None:
        """A placeholder stands in the tag alone: a branch's name cannot choose another repository."""
        manifest = with_service(template(), "home", image=image)
        assert {"/manifest/services/home/image"} == set(pointers(put(api, manifest)))

    @pytest.mark.parametrize("body", [{}, {"manifest": []}, {"manifest": {}}, {"manifest": None, "triggers": {}}])
    def test_no_manifest(self, api: Api, body: dict[str, Any]) -> None:
        """Without a manifest there is a fault, and nothing is registered."""
        assert pointers(api.request("PUT", "/applications/shop", {}, body))
        assert {"applications": []} == api.get("/applications").json_body

    def test_reader_may_not(self, api: Api) -> None:
        """A token without the right to write may not register."""
        problem(api.request("PUT", "/applications/x", {"Authorization": READER}, {}), 403, "forbidden")


class TestShow:
    """GET /applications and GET /applications/{application}."""

    def test_list(self, api: Api) -> None:
        """Applications are listed by name, each with its environments."""
        for application, environment in (("b", "staging"), ("a", "default"), ("b", "default")):
            put(api, template(application=application, environment=environment))
        assert [
            {"application": "a", "environments": ["default"]},
            {"application": "b", "environments": ["default", "staging"]},
        ] == api.get("/applications").json_body["applications"]

    def test_one(self, api: Api) -> None:
        """An application shows what is registered in an environment, and what `observe` sees there."""
        manifest = template(environment="staging")
        put(api, manifest)
        name = manifest["application"]
        shown = api.get(f"/applications/{name}?environment=staging").json_body
        assert (name, "staging", manifest) == (
            shown["application"],
            shown["environment"],
            shown["registration"]["manifest"],
        )
        assert {"asked": {"state": "Live", "application": name, "environment": "staging"}} == {"asked": shown["asked"]}

    def test_deployed_and_never_registered(self, api: Api) -> None:
        """What was deployed is shown, registered or not."""
        manifest = two_services()
        api.post(manifest)
        assert api.get(f"/applications/{manifest['application']}").json_body["registration"] is None

    def test_unknown(self, api: Api) -> None:
        """What was neither registered nor deployed in an environment is not found."""
        manifest = template()
        put(api, manifest)
        for path in ("nobody", f"{manifest['application']}?environment=other", "%20"):
            problem(api.get(f"/applications/{path}"), 404, "not_found")

    def test_unknown_parameter(self, api: Api) -> None:
        """A parameter that a route does not have is refused."""
        problem(api.get("/applications?limit=1"), 400, "invalid_query")
        problem(api.get("/applications/a?stage=1"), 400, "invalid_query")

    def test_teardown_forgets(self, api: Api) -> None:
        """A teardown takes the registration with it, deployed or not: nothing deploys the application by itself."""
        manifest = template()
        put(api, manifest, triggers=[PUSH])
        path = f"/applications/{manifest['application']}"
        assert 202 == api.request("DELETE", path).status_code
        assert {"applications": []} == api.get("/applications").json_body

    def test_replayed_teardown_leaves_what_came_after(self, api: Api, cloud: Cloud) -> None:
        """A DELETE that comes again forgets what it should have forgotten, and not what was registered since."""
        manifest = template()
        put(api, manifest)
        path, key = f"/applications/{manifest['application']}", {"Idempotency-Key": "k"}
        end(cloud, api.request("DELETE", path, key).json_body["id"])
        put(api, manifest)
        assert "true" == api.request("DELETE", path, key).headers["Idempotency-Replayed"]
        assert 1 == len(api.get("/applications").json_body["applications"])


class TestDeployRegistered:
    """POST /deployments of what is registered."""

    @pytest.mark.parametrize(
        ("asked", "expected"),
        [
            ({"version": "1.5.0"}, ["registry.local/home:1.5.0", "redis:7"]),
            ({"images": {"home": "home:2"}}, ["home:2", "redis:7"]),
            ({"images": {"home": "home:2"}, "version": "3"}, ["home:2", "redis:7"]),
            ({"images": {"redis": "redis:8"}, "version": "3"}, ["registry.local/home:3", "redis:8"]),
        ],
    )
    def test_images_and_versions(self, api: Api, cloud: Cloud, asked: dict[str, Any], expected: list[str]) -> None:
        """Images take the place of the registered ones; a version fills what placeholders are left."""
        manifest = template()
        put(api, manifest)
        answer = api.post({"application": manifest["application"], **asked})
        assert (202, expected) == (answer.status_code, images(cloud, answer.json_body["id"]))

    def test_environment(self, api: Api) -> None:
        """The manifest of the environment that is asked for is deployed."""
        manifest = template(environment="staging")
        put(api, manifest)
        answer = api.post({"application": manifest["application"], "environment": "staging", "version": "1"})
        assert (202, "staging") == (answer.status_code, answer.json_body["environment"])

    def test_containers_and_raw_definitions(self, api: Api, cloud: Cloud) -> None:
        """One of several containers is named "service.container", the only one as its service, too."""
        manifest = two_services(
            services={
                "web": {"containers": {"web": {"image": "web:1", "port": 80}, "redis": {"image": "redis:{tag}"}}},
                "job": {"containers": {"only": {"image": "job:{sha}"}}},
            }
        )
        put(api, manifest)
        given = {"web.redis": "redis:8", "job": "job:2"}
        answer = api.post({"application": manifest["application"], "images": given})
        services = cloud.store.manifest(answer.json_body["id"]).services
        assert {"web": "web:1", "redis": "redis:8", "only": "job:2"} == {
            name: each.image for service in services.values() for name, each in (service.containers or {}).items()
        }

    def test_placeholder_without_a_value(self, api: Api) -> None:
        """A placeholder that gets no value is a fault at its place in the registered manifest."""
        manifest = template()
        put(api, manifest)
        assert ["/services/home/image"] == pointers(api.post({"application": manifest["application"]}))

    def test_faults(self, api: Api) -> None:
        """What cannot be an image, a version or a service of the manifest is a fault at its place."""
        manifest = template()
        put(api, manifest)
        name = manifest["application"]
        assert ["/images/home", "/version"] == pointers(
            api.post({"application": name, "images": {"home": "Not An Image"}, "version": "../1"})
        )
        assert ["/images/hom", "/services/home/image"] == sorted(
            pointers(api.post({"application": name, "images": {"hom": "home:1"}}))
        )
        assert ["/application", "/aplication"] == pointers(api.post({"aplication": name}))

    def test_task_definition_over_64_kib(self, api: Api) -> None:
        """What ECS would not register is not registered here, either."""
        large = with_service(two_services(), "home", environment={"A": "x" * 65_536})
        assert ["/manifest/services/home"] == pointers(put(api, large))

    def test_slipways_own_secret(self, api: Api, cloud: Cloud) -> None:
        """A secret of Slipway's own is neither registered, nor deployed from what was registered before."""
        manifest = template(execution_role="runner")
        put(api, manifest)
        stored = cloud.store.registration(manifest["application"], "default")
        assert stored is not None
        stealing = with_service(manifest, "home", secrets={"GH": "/slipway/github-webhook"})
        assert ["/manifest/services/home/secrets/GH"] == pointers(put(api, stealing))
        cloud.store.register(stored.model_copy(update={"manifest": {**stealing, "environment": "default"}}))
        released = api.post({"application": manifest["application"], "version": "1"})
        assert ["/services/home/secrets/GH"] == pointers(released)

    def test_unregistered(self, api: Api) -> None:
        """What is not registered is not found."""
        problem(api.post({"application": "nobody", "version": "1"}), 404, "not_found")

    def test_dry_run(self, api: Api) -> None:
        """A registered manifest is planned as it would be deployed."""
        manifest = template()
        put(api, manifest)
        body = {"application": manifest["application"], "version": "7"}
        answer = api.request("POST", "/deployments?dry_run=true", {}, body)
        assert "registry.local/home:7" in answer.json_body["asked"]["manifest"]

    def test_replay(self, api: Api) -> None:
        """The same key and body are the same deployment, whatever is registered meanwhile."""
        manifest = template()
        put(api, manifest)
        body = {"application": manifest["application"], "version": "7"}
        first = api.post(body, Idempotency_Key="k")
        put(api, {**manifest, "timeout_seconds": 60})
        again = api.post(body, Idempotency_Key="k")
        assert (first.json_body["id"], "true") == (again.json_body["id"], again.headers["Idempotency-Replayed"])

    def test_only_github_deploys(self, api: Api, cloud: Cloud) -> None:
        """An environment that only GitHub's deployments may deploy refuses tokens, with whole manifests too."""
        manifest = two_services()
        put(api, manifest, only=["deployment"])
        problem(api.post(manifest), 403, "forbidden")
        problem(api.post({"application": manifest["application"]}), 403, "forbidden")
        put(api, manifest, only=["deployment", "person"])
        accepted = api.post(manifest)
        assert 202 == accepted.status_code
        end(cloud, accepted.json_body["id"])
