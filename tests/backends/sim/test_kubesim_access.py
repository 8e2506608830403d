"""Who may do what, what is to be found, and trouble on request."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kubesim import DEPLOYMENTS, MERGE, PODS, Lab, serving, workload

from backends.sim.faults import Fault, Faults
from backends.sim.kube_face import protobuf
from backends.sim.kube_face.path import RequestInfo, read
from backends.sim.kube_face.status import ApiError
from backends.sim.kube_world.trouble import Trouble

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


async def test_the_limited_user_reads_pods_of_one_namespace_and_nothing_else() -> None:
    lab = Lab(workload(), workload("x", namespace="elsewhere"))
    name = lab.pods()[0]["metadata"]["name"]
    async with serving(lab) as kube:
        bearer = {"Authorization": "Bearer limited"}
        for path, wanted in (
            (PODS, 200), (f"{PODS}/{name}", 200), (f"{PODS}/{name}/log?tailLines=1", 200),
            ("/api/v1/pods", 403), ("/api/v1/namespaces/elsewhere/pods", 403),
            (DEPLOYMENTS, 403), ("/api/v1/nodes", 403), ("/api", 200), ("/version", 200),
            (f"{PODS}?watch=1&timeoutSeconds=1&resourceVersion=abc", 500),
        ):  # fmt: skip
            assert (await kube.call("GET", path, headers=bearer)).status == wanted, path
        scale = {"spec": {"replicas": 9}}
        refused = await kube.call("PATCH", f"{DEPLOYMENTS}/web/scale", scale, {**MERGE, **bearer})
        assert refused.status == 403
        assert (await kube.call("DELETE", f"{PODS}/{name}", headers=bearer)).status == 403
        assert len(lab.pods()) == 3


async def test_the_operator_may_ask_in_anothers_name_and_others_may_not() -> None:
    async with serving(Lab()) as kube:
        for who in ("limited", "system:serviceaccount:shop:limited"):
            answer = await kube.call("GET", DEPLOYMENTS, headers={"Impersonate-User": who})
            assert answer.status == 403
            assert 'User "system:serviceaccount:shop:limited"' in answer.body["message"]
        stranger = await kube.call("GET", PODS, headers={"Impersonate-User": "jane"})
        assert 'User "jane" cannot list resource "pods"' in stranger.body["message"]
        headers = {"Authorization": "Bearer limited", "Impersonate-User": "operator"}
        climb = await kube.call("GET", DEPLOYMENTS, headers=headers)
        assert climb.status == 403
        assert "cannot impersonate" in climb.body["message"]


@pytest.mark.parametrize("header", ["Bearer wrong", "Basic b3A6cHc=", "Bearer"])
async def test_what_nobody_has_is_no_token(header: str) -> None:
    async with serving(Lab()) as kube:
        answer = await kube.get(PODS, Authorization=header)
        assert (answer.status, answer.body["reason"]) == (401, "Unauthorized")


@pytest.mark.parametrize(
    ("method", "path", "query", "wanted"),
    [
        ("GET", "/api/v1/pods", {}, RequestInfo("list", "", "", "v1", "", "pods")),
        ("GET", "/api/v1/pods", {"watch": "true"},
         RequestInfo("watch", "", "", "v1", "", "pods")),
        ("GET", "/api/v1/namespaces/a/pods/b/log", {},
         RequestInfo("get", "", "", "v1", "a", "pods", "b", "log")),
        ("PATCH", "/apis/apps/v1/namespaces/a/deployments/b/scale", {},
         RequestInfo("patch", "", "apps", "v1", "a", "deployments", "b", "scale")),
        ("GET", "/api/v1/namespaces", {}, RequestInfo("list", "", "", "v1", "", "namespaces")),
        ("GET", "/api/v1/namespaces/a", {},
         RequestInfo("get", "", "", "v1", "a", "namespaces", "a")),
        ("GET", "/api/v1/nodes/n", {}, RequestInfo("get", "", "", "v1", "", "nodes", "n")),
        ("DELETE", "/api/v1/namespaces/a/pods", {},
         RequestInfo("deletecollection", "", "", "v1", "a", "pods")),
        ("GET", "/healthz", {}, RequestInfo("get", "")),
    ],
)  # fmt: skip
def test_a_path_says_what_is_asked_for(
    method: str, path: str, query: dict[str, str], wanted: RequestInfo
) -> None:
    found = read(method, path, query)
    assert found.path == path
    parts = [f for f in RequestInfo.__struct_fields__ if f != "path"]
    assert [getattr(found, f) for f in parts] == [getattr(wanted, f) for f in parts]


# -- discovery --------------------------------------------------------------------------------


async def test_discovery_comes_in_both_forms_and_health_in_words() -> None:
    async with serving(Lab()) as kube:
        old = (await kube.get("/apis")).body
        assert {g["name"] for g in old["groups"]} >= {"apps", "autoscaling"}
        new = await kube.get("/apis", Accept=f"{AGGREGATED},application/json")
        assert new.headers["Content-Type"] == AGGREGATED
        resources = (await kube.get("/apis/apps/v1")).body["resources"]
        names = {r["name"] for r in resources}
        assert {"deployments", "deployments/scale", "replicasets", "statefulsets"} <= names
        for path in ("/healthz", "/livez", "/readyz"):
            assert (await kube.get(path)).raw == b"ok"
        assert b"readyz check passed" in (await kube.get("/readyz?verbose")).raw
        assert (await kube.get("/version")).body["minor"] == "36"
        assert (await kube.get("/apis/apps")).body["preferredVersion"]["version"] == "v1"
        only_beta = AGGREGATED.replace("v=v2", "v=v2beta1")
        assert (await kube.get("/api", Accept=only_beta)).status == 406


async def test_unknown_clusters_groups_and_paths_are_not_found_in_plain_text() -> None:
    async with serving(Lab()) as kube:
        for path in ("/nosuch", "/apis/nosuch.example.com/v1/things", "/apis/apps/v2/deployments"):
            answer = await kube.get(path)
            assert (answer.status, answer.raw) == (404, b"404 page not found\n")
        kube.base = kube.base.replace("/lab", "/nosuch")
        assert (await kube.get("/api")).status == 404


async def test_what_is_discovered_is_served() -> None:
    async with serving(Lab()) as kube:
        for path in ("/api/v1", "/apis/apps/v1", "/apis/autoscaling/v2",
                     "/apis/discovery.k8s.io/v1"):  # fmt: skip
            for resource in (await kube.get(path)).body["resources"]:
                if "/" not in resource["name"]:
                    answer = await kube.get(f"{path}/{resource['name']}")
                    assert answer.body["kind"] == f"{resource['kind']}List"


# -- reviews in protobuf ----------------------------------------------------------------------


def field(number: int, value: bytes | str) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    size, length = len(raw), b""
    while size > 0x7F:
        length += bytes([size & 0x7F | 0x80])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + raw


def wrapped(kind: str, group: str, spec: bytes) -> bytes:
    types = field(1, f"{group}/v1") + field(2, kind)
    return protobuf.MAGIC + field(1, types) + field(2, field(1, b"") + field(2, spec))


async def test_reviews_are_read_from_protobuf_as_kubectl_sends_them() -> None:
    attributes = field(1, "shop") + field(2, "patch") + field(3, "apps") + field(5, "deployments")
    group = "authorization.k8s.io"
    access = wrapped("SelfSubjectAccessReview", group, field(1, attributes + field(6, "scale")))
    sent = {"Content-Type": "application/vnd.kubernetes.protobuf"}
    async with serving(Lab()) as kube:
        answer = await kube.call("POST", REVIEW, access, sent)
        assert answer.status == 201
        assert answer.body["status"] == {"allowed": True}
        assert answer.body["spec"]["resourceAttributes"] == {
            "namespace": "shop", "verb": "patch", "group": "apps", "resource": "deployments",
            "subresource": "scale",
        }  # fmt: skip
        limited = {**sent, "Authorization": "Bearer limited"}
        refused = await kube.call("POST", REVIEW, access, limited)
        assert refused.body["status"] == {"allowed": False}
        path = REVIEW.replace("access", "rules")
        rules = wrapped("SelfSubjectRulesReview", group, field(1, "shop"))
        found = (await kube.call("POST", path, rules, limited)).body["status"]["resourceRules"]
        assert ["pods", "pods/log"] in [r["resources"] for r in found]
        elsewhere = wrapped("SelfSubjectRulesReview", group, field(1, "other"))
        found = (await kube.call("POST", path, elsewhere, limited)).body["status"]["resourceRules"]
        assert ["pods", "pods/log"] not in [r["resources"] for r in found]
        assert (await kube.get(REVIEW)).status == 405


@given(st.binary(max_size=40))
def test_bytes_that_are_no_review_are_refused_and_nothing_worse(raw: bytes) -> None:
    for body in (raw, protobuf.MAGIC + raw):
        try:
            code, review = 200, protobuf.decode_review(body)
        except ApiError as error:
            code, review = error.code, {"spec": {}}
        assert code in (200, 400)
        assert isinstance(review["spec"], dict)


@given(st.lists(st.tuples(st.integers(1, 15), st.binary(max_size=300)), max_size=5))
def test_what_is_written_as_protobuf_is_read_again(parts: list[tuple[int, bytes]]) -> None:
    raw = b"".join(field(number, value) for number, value in parts)
    assert protobuf.fields(raw) == dict(parts)


# -- trouble ----------------------------------------------------------------------------------


async def test_the_next_requests_of_a_path_can_be_refused() -> None:
    lab = Lab()
    async with serving(lab) as kube:
        lab.cluster.trouble.make(Trouble(
            prefix="/apis/apps", times=2, status=503, message="shutting down",
            reason="ServiceUnavailable",
        ))  # fmt: skip
        assert (await kube.get(PODS)).status == 200
        for _ in range(2):
            answer = await kube.get(DEPLOYMENTS)
            assert (answer.status, answer.body["reason"]) == (503, "ServiceUnavailable")
        assert (await kube.get(DEPLOYMENTS)).status == 200


async def test_the_frames_faults_are_met_by_verb_and_resource() -> None:
    lab = Lab()
    lab.faults = Faults()
    async with serving(lab) as kube:
        lab.faults.add(Fault(action="k8s:list pods", scope="lab", code="Busy", status=429))
        assert (await kube.get(DEPLOYMENTS)).status == 200
        answer = await kube.get(PODS)
        assert (answer.status, answer.body["reason"]) == (429, "Busy")
        assert (await kube.get(PODS)).status == 200
        assert lab.faults.calls["k8s:list pods"] == 2


async def test_connections_can_be_dropped_or_left_hanging_until_it_is_cleared() -> None:
    lab = Lab()
    async with serving(lab) as kube:
        lab.cluster.trouble.make(Trouble(drop=True, times=-1))
        for _ in range(2):
            with pytest.raises(aiohttp.ClientConnectionError):
                await kube.get(PODS)
        lab.cluster.trouble.clear()
        lab.cluster.trouble.make(Trouble(hang=True))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await kube.get(PODS)
        assert (await kube.get(PODS)).status == 200
