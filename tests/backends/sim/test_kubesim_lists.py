"""Lists and gets: pages, resource versions, selectors, forms."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from kubesim import PODS, TABLE, Lab, golden, serving, workload

from backends.sim.kube_face import face
from backends.sim.kube_world import kinds
from backends.sim.kube_world.seeds import PodPress, PodSeed

METADATA = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"


@pytest.mark.parametrize("path", ["/api/v1/pods", PODS])
async def test_pages_together_are_the_whole_list(path: str) -> None:
    lab = Lab(workload(desired=7), workload("agent", kind="daemonset", namespace="kube-system"))
    async with serving(lab) as kube:
        whole = await kube.get(path)
        assert "continue" not in whole.body["metadata"]
        assert "kind" not in whole.body["items"][0]
        assert whole.body["kind"] == "PodList"
        names, going_on, left = [], "", len(whole.names)
        while True:
            page = await kube.get(f"{path}?limit=3{going_on}")
            meta = page.body["metadata"]
            names += page.names
            left -= len(page.names)
            assert meta["resourceVersion"] == whole.body["metadata"]["resourceVersion"]
            assert meta.get("remainingItemCount", 0) == left
            if "continue" not in meta:
                break
            going_on = f"&continue={meta['continue']}"
        assert names == whole.names


async def test_a_page_shows_the_state_of_the_first_page() -> None:
    lab = Lab(workload(desired=4))
    async with serving(lab) as kube:
        whole = (await kube.get(PODS)).names
        first = (await kube.get(f"{PODS}?limit=2")).body
        lab.respec(kinds.DEPLOYMENTS, "web", replicas=0)
        lab.run(20)
        assert (await kube.get(PODS)).names == []
        second = await kube.get(f"{PODS}?limit=2&continue={first['metadata']['continue']}")
        assert second.names == whole[2:]
        exact = await kube.get(
            f"{PODS}?resourceVersionMatch=Exact&resourceVersion="
            + first["metadata"]["resourceVersion"]
        )
        assert exact.names == whole


async def test_an_expired_page_says_so_and_lets_the_listing_go_on() -> None:
    lab = Lab(workload(desired=4))
    async with serving(lab) as kube:
        whole = (await kube.get(PODS)).names
        going_on = (await kube.get(f"{PODS}?limit=2")).body["metadata"]["continue"]
        lab.cluster.expire_watches()
        gone = await kube.get(f"{PODS}?limit=2&continue={going_on}")
        assert gone.status == 410
        wanted = golden("expired")["expired continue token"]["body"]
        again = gone.body["metadata"]["continue"]
        assert gone.body == {**wanted, "metadata": {"continue": again}}
        rest = await kube.get(f"{PODS}?limit=2&continue={again}")
        assert rest.names == whole[2:]


async def test_an_exact_version_that_is_too_old_is_gone() -> None:
    async with serving(Lab()) as kube:
        rv = (await kube.get(PODS)).body["metadata"]["resourceVersion"]
        kube.lab.cluster.expire_watches()
        gone = await kube.get(f"{PODS}?resourceVersion={rv}&resourceVersionMatch=Exact")
        assert (gone.status, gone.body) == (
            410, golden("expired")["exact resourceVersion, too old"]["body"]
        )  # fmt: skip
        fine = await kube.get(f"{PODS}?resourceVersion={rv}&resourceVersionMatch=NotOlderThan")
        assert fine.status == 200


async def test_version_zero_ignores_the_limit_and_a_selector_hides_the_rest() -> None:
    async with serving(Lab(workload(desired=5))) as kube:
        everything = await kube.get(f"{PODS}?limit=2&resourceVersion=0")
        assert len(everything.names) == 5
        assert "continue" not in everything.body["metadata"]
        some = await kube.get(f"{PODS}?limit=2&labelSelector=app!%3Dx")
        assert "continue" in some.body["metadata"]
        assert "remainingItemCount" not in some.body["metadata"]


async def test_a_version_of_the_future_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face, "FUTURE_WAIT", 0.0)
    async with serving(Lab()) as kube:
        current = kube.lab.cluster.state.versions.current
        answer = await kube.get(f"{PODS}?resourceVersion=99999999")
        wanted = golden("errors")["504 resourceVersion of the future"]["body"]
        wanted["message"] = wanted["message"].replace("940", str(current))
        assert (answer.status, answer.body) == (504, wanted)
        assert answer.headers["Retry-After"] == "1"


async def test_a_list_of_nothing_is_empty_not_null() -> None:
    async with serving(Lab()) as kube:
        for path in (
            "/api/v1/namespaces/nosuch/pods",
            f"{PODS}?labelSelector=app%3Dnosuch",
            "/apis/apps/v1/statefulsets",
        ):
            answer = await kube.get(path)
            assert answer.status == 200
            assert answer.body["items"] == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("labelSelector=app=web", 2),
        ("labelSelector=app in (web,api),app!=api", 2),
        ("fieldSelector=status.phase=Running", 5),
        ("fieldSelector=status.phase!=Running", 0),
        ("labelSelector=app=api&fieldSelector=metadata.namespace=shop", 3),
    ],
)
async def test_selectors_select(query: str, expected: int) -> None:
    lab = Lab(workload(desired=2), workload("api", desired=3))
    async with serving(lab) as kube:
        assert len((await kube.get(f"{PODS}?{quote(query, safe='=&')}")).names) == expected


async def test_pods_of_a_node_and_events_of_an_object_are_found() -> None:
    lab = Lab(workload(desired=6))
    lab.annotate(kinds.DEPLOYMENTS, "web")
    lab.run(30)
    async with serving(lab) as kube:
        node = lab.docs(kinds.NODES, "")[0]["metadata"]["name"]
        pods = await kube.get(f"/api/v1/pods?fieldSelector=spec.nodeName%3D{node}")
        assert {item["spec"]["nodeName"] for item in pods.body["items"]} == {node}
        uid = lab.get(kinds.DEPLOYMENTS, "web")["metadata"]["uid"]
        events = await kube.get(
            "/api/v1/namespaces/shop/events?fieldSelector="
            f"involvedObject.kind%3DDeployment%2CinvolvedObject.uid%3D{uid}"
        )
        assert events.body["items"]
        assert {e["reason"] for e in events.body["items"]} == {"ScalingReplicaSet"}


async def test_one_object_has_its_kind_and_a_namespace_is_no_namespaced_thing() -> None:
    async with serving(Lab()) as kube:
        name = (await kube.get(PODS)).names[0]
        pod = (await kube.get(f"{PODS}/{name}")).body
        assert (pod["kind"], pod["apiVersion"]) == ("Pod", "v1")
        namespace = (await kube.get("/api/v1/namespaces/shop")).body
        assert namespace["status"] == {"phase": "Active"}


async def test_tables_and_metadata_come_on_request() -> None:
    lab = Lab(workload(desired=3))
    async with serving(lab) as kube:
        table = (await kube.call("GET", f"{PODS}?limit=1", headers=TABLE)).body
        assert table["kind"] == "Table"
        assert table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
        assert table["metadata"]["remainingItemCount"] == 2
        bare = await kube.call("GET", f"{PODS}?includeObject=None", headers=TABLE)
        assert [row["object"] for row in bare.body["rows"]] == [None] * 3
        full = await kube.call("GET", f"{PODS}?includeObject=Object", headers=TABLE)
        assert full.body["rows"][0]["object"]["kind"] == "Pod"
        wrong = await kube.call("GET", f"{PODS}?includeObject=Nosuch", headers=TABLE)
        assert wrong.status == 400
        metadata = (await kube.get(PODS, Accept=METADATA)).body
        assert metadata["kind"] == "PartialObjectMetadataList"
        assert set(metadata["items"][0]) == {"kind", "apiVersion", "metadata"}
        one = await kube.get(
            f"{PODS}/{metadata['items'][0]['metadata']['name']}",
            Accept="application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
        )
        assert set(one.body) == {"kind", "apiVersion", "metadata"}


async def test_protobuf_is_passed_over_where_json_will_do() -> None:
    async with serving(Lab()) as kube:
        both = await kube.get(PODS, Accept="application/vnd.kubernetes.protobuf,application/json")
        assert both.headers["Content-Type"].startswith("application/json")
        only = await kube.get(PODS, Accept="application/vnd.kubernetes.protobuf")
        assert only.status == 406


async def test_laying_out_the_large_world_writes_no_pod_before_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    printed: list[str] = []
    original = PodPress._print

    def counted(self: PodPress, seed: PodSeed, rv: int) -> bytes:
        printed.append(seed.name)
        return original(self, seed, rv)

    monkeypatch.setattr(PodPress, "_print", counted)
    lab = Lab(*(workload(f"svc-{n}", desired=20) for n in range(50)), nodes=12)
    assert printed == []
    async with serving(lab) as kube:
        assert len((await kube.get(f"{PODS}?limit=100")).names) == 100
        assert len(printed) == 100
        await kube.get(f"{PODS}?limit=100")
        assert len(printed) == 100
