"""Writes over HTTP: scale, patch, update, delete, and their real effects."""

from __future__ import annotations

from typing import Any

import pytest
from kubesim import (
    DEPLOYMENTS,
    JSON_PATCH,
    MERGE,
    PODS,
    STATEFUL_SETS,
    STRATEGIC,
    Lab,
    serving,
    workload,
)  # fmt: skip

from backends.sim.kube_world import kinds, rollout

RESTART = {"spec": {"template": {"metadata": {"annotations": {
    "kubectl.kubernetes.io/restartedAt": "2026-11-22T21:15:00Z"
}}}}}  # fmt: skip


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (MERGE, {"spec": {"replicas": 5}}),
        (STRATEGIC, {"spec": {"replicas": 5}}),
        (JSON_PATCH, [{"op": "replace", "path": "/spec/replicas", "value": 5}]),
    ],
)
@pytest.mark.parametrize("path", [DEPLOYMENTS, STATEFUL_SETS])
async def test_every_form_of_patch_scales(path: str, headers: Any, body: Any) -> None:
    lab = Lab(workload(), workload("web", kind="statefulset"))
    async with serving(lab) as kube:
        before = (await kube.get(f"{path}/web/scale")).body
        answer = await kube.call("PATCH", f"{path}/web/scale", body, headers)
        assert answer.status == 200
        assert answer.body["spec"] == {"replicas": 5}
        assert answer.body["status"]["replicas"] == before["status"]["replicas"] == 3
        assert answer.body["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"]
        lab.run(60)
        doc = (await kube.get(f"{path}/web")).body
        assert doc["status"]["readyReplicas"] == 5
        assert doc["status"]["observedGeneration"] == doc["metadata"]["generation"]


async def test_a_scale_is_put_with_or_without_a_precondition() -> None:
    lab = Lab()
    async with serving(lab) as kube:
        scale = (await kube.get(f"{DEPLOYMENTS}/web/scale")).body
        scale["spec"]["replicas"] = 4
        assert (await kube.call("PUT", f"{DEPLOYMENTS}/web/scale", scale)).status == 200
        scale["spec"]["replicas"] = 9
        stale = await kube.call("PUT", f"{DEPLOYMENTS}/web/scale", scale)
        assert (stale.status, stale.body["reason"]) == (409, "Conflict")
        del scale["metadata"]["resourceVersion"]
        assert (await kube.call("PUT", f"{DEPLOYMENTS}/web/scale", scale)).status == 200
        assert lab.get(kinds.DEPLOYMENTS, "web")["spec"]["replicas"] == 9


async def test_the_same_number_changes_nothing() -> None:
    async with serving(Lab()) as kube:
        path = f"{DEPLOYMENTS}/web"
        before = (await kube.get(path)).raw
        same = {"spec": {"replicas": 3}}
        await kube.call("PATCH", f"{path}/scale", same, MERGE)
        await kube.call("PATCH", path, same, STRATEGIC)
        assert (await kube.get(path)).raw == before


async def test_a_replica_set_can_be_scaled_but_its_deployment_takes_it_back() -> None:
    lab = Lab()
    name = max(lab.docs(kinds.REPLICA_SETS), key=lambda s: s["spec"]["replicas"])["metadata"][
        "name"
    ]
    async with serving(lab) as kube:
        path = f"/apis/apps/v1/namespaces/shop/replicasets/{name}/scale"
        answer = await kube.call("PATCH", path, {"spec": {"replicas": 1}}, MERGE)
        assert answer.body["spec"] == {"replicas": 1}
    lab.run(30)
    assert lab.get(kinds.REPLICA_SETS, name)["spec"]["replicas"] == 3


async def test_a_restart_annotation_rolls_the_workload() -> None:
    lab = Lab(workload(), workload("db", kind="statefulset"), workload("agent", kind="daemonset"))
    async with serving(lab) as kube:
        for plural, name in (
            ("deployments", "web"), ("statefulsets", "db"), ("daemonsets", "agent"),
        ):  # fmt: skip
            before = {p["metadata"]["uid"] for p in lab.pods(name)}
            answer = await kube.call(
                "PATCH",
                f"/apis/apps/v1/namespaces/shop/{plural}/{name}?fieldManager=kubectl-rollout",
                RESTART, STRATEGIC,
            )  # fmt: skip
            assert answer.status == 200
            managers = [m["manager"] for m in answer.body["metadata"]["managedFields"]]
            assert "kubectl-rollout" in managers

            def all_new(name: str = name, before: set[str] = before) -> bool:
                uids = {p["metadata"]["uid"] for p in lab.pods(name)}
                return len(uids) == 3 and uids.isdisjoint(before)

            lab.until(all_new)


async def test_an_image_is_set_by_strategic_patch_and_a_merge_patch_loses_the_rest() -> None:
    lab = Lab()
    patch = {
        "spec": {"template": {"spec": {"containers": [{"name": "web", "image": "web:2.0.0"}]}}}
    }
    async with serving(lab) as kube:
        path = f"{DEPLOYMENTS}/web"
        kept = (await kube.call("PATCH", f"{path}?dryRun=All", patch, STRATEGIC)).body
        container = kept["spec"]["template"]["spec"]["containers"][0]
        assert container["image"] == "web:2.0.0"
        assert container["ports"]
        lost = (await kube.call("PATCH", f"{path}?dryRun=All", patch, MERGE)).body
        assert "ports" not in lost["spec"]["template"]["spec"]["containers"][0]
        assert lab.get(kinds.DEPLOYMENTS, "web")["metadata"]["generation"] == 2
        await kube.call("PATCH", path, patch, STRATEGIC)
    lab.until(lambda: {p["spec"]["containers"][0]["image"] for p in lab.pods()} == {"web:2.0.0"})


async def test_a_label_can_be_set_but_a_status_can_not() -> None:
    async with serving(Lab()) as kube:
        patch = {"metadata": {"labels": {"team": "a"}}, "status": {"replicas": 99}}
        answer = (await kube.call("PATCH", f"{DEPLOYMENTS}/web", patch, MERGE)).body
        assert answer["metadata"]["labels"]["team"] == "a"
        assert answer["status"]["replicas"] == 3
        assert answer["metadata"]["generation"] == 2
        uid = answer["metadata"]["uid"]
        other = {"metadata": {"creationTimestamp": None, "generation": 7}}
        again = (await kube.call("PATCH", f"{DEPLOYMENTS}/web", other, MERGE)).body
        assert (again["metadata"]["uid"], again["metadata"]["generation"]) == (uid, 2)
        assert again["metadata"]["creationTimestamp"] == answer["metadata"]["creationTimestamp"]


async def test_an_update_replaces_the_whole_object() -> None:
    lab = Lab()
    async with serving(lab) as kube:
        doc = (await kube.get(f"{DEPLOYMENTS}/web")).body
        doc["spec"]["replicas"] = 2
        updated = await kube.call("PUT", f"{DEPLOYMENTS}/web", doc)
        assert updated.body["metadata"]["generation"] == 3
        stale = await kube.call("PUT", f"{DEPLOYMENTS}/web", doc)
        assert stale.status == 409
        wrong = await kube.call("PUT", f"{DEPLOYMENTS}/web", {**doc, "kind": "Service"})
        assert wrong.status == 400
        broken = await kube.call("PUT", f"{DEPLOYMENTS}/web", b"{not json")
        assert "invalid character 'n'" in broken.body["message"]
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert (await kube.call("PUT", f"{DEPLOYMENTS}/web", b"x=1", form)).status == 415


@pytest.mark.parametrize(
    ("patch", "status", "words"),
    [
        ({"spec": {"replicas": "three"}}, 400, "cannot unmarshal string into Go struct field"),
        ({"spec": {"replicas": -2}}, 422, "must be greater than or equal to 0"),
        ({"spec": {"template": {"spec": {"containers": []}}}}, 422, "Required value"),
        ({"metadata": {"resourceVersion": "1"}}, 409, "the object has been modified"),
        ({"metadata": {"uid": "other"}}, 422, 'metadata.uid: Invalid value: "other": field is imm'),
    ],
)
async def test_a_patch_that_may_not_be_is_refused(patch: Any, status: int, words: str) -> None:
    async with serving(Lab()) as kube:
        answer = await kube.call("PATCH", f"{DEPLOYMENTS}/web", patch, MERGE)
        assert answer.status == status
        assert words in answer.body["message"]


async def test_a_scale_meant_for_another_incarnation_is_a_conflict() -> None:
    async with serving(Lab()) as kube:
        patch = {"metadata": {"uid": "other"}, "spec": {"replicas": 9}}
        answer = await kube.call("PATCH", f"{DEPLOYMENTS}/web/scale", patch, MERGE)
        assert answer.status == 409
        assert answer.body["message"].startswith(
            'Operation cannot be fulfilled on deployments/scale.apps "web": Precondition failed: '
        )


async def test_an_undo_takes_the_old_template_as_kubectl_sends_it() -> None:
    lab = Lab()
    old = min(lab.docs(kinds.REPLICA_SETS), key=rollout.revision)
    template = old["spec"]["template"]
    labels = {k: v for k, v in template["metadata"]["labels"].items() if k != rollout.HASH}
    body = [{"op": "replace", "path": "/spec/template", "value": {
        **template, "metadata": {"creationTimestamp": None, "labels": labels},
    }}]  # fmt: skip
    async with serving(lab) as kube:
        await kube.call("PATCH", f"{DEPLOYMENTS}/web", body, JSON_PATCH)
    image = template["spec"]["containers"][0]["image"]
    lab.until(lambda: {p["spec"]["containers"][0]["image"] for p in lab.pods()} == {image})
    assert len(lab.docs(kinds.REPLICA_SETS)) == 2


async def test_deleting_a_pod_answers_the_pod_and_then_it_goes() -> None:
    lab = Lab()
    name = lab.pods()[0]["metadata"]["name"]
    async with serving(lab) as kube:
        dry = await kube.call("DELETE", f"{PODS}/{name}?dryRun=All")
        assert dry.status == 200
        answer = await kube.call("DELETE", f"{PODS}/{name}", {"propagationPolicy": "Background"})
        assert (answer.status, answer.body["kind"]) == (200, "Pod")
        assert answer.body["metadata"]["deletionGracePeriodSeconds"] == 30
        lab.run(20)
        assert (await kube.get(f"{PODS}/{name}")).status == 404
        assert len(lab.pods()) == 3


async def test_a_pod_can_be_deleted_at_once_and_a_finalizer_keeps_it() -> None:
    lab = Lab(workload(desired=2))
    first, second = (p["metadata"]["name"] for p in lab.pods())
    async with serving(lab) as kube:
        await kube.call("DELETE", f"{PODS}/{first}?gracePeriodSeconds=0")
        assert (await kube.get(f"{PODS}/{first}")).status == 404
        hold = {"metadata": {"finalizers": ["example.com/hold"]}}
        await kube.call("PATCH", f"{PODS}/{second}", hold, MERGE)
        await kube.call("DELETE", f"{PODS}/{second}", {"gracePeriodSeconds": 0})
        lab.run(30)
        assert (await kube.get(f"{PODS}/{second}")).body["metadata"]["deletionTimestamp"]
        await kube.call("PATCH", f"{PODS}/{second}", {"metadata": {"finalizers": None}}, MERGE)
        assert (await kube.get(f"{PODS}/{second}")).status == 404


async def test_preconditions_and_policies_of_a_deletion_are_checked() -> None:
    lab = Lab()
    uid = lab.get(kinds.DEPLOYMENTS, "web")["metadata"]["uid"]
    path = f"{DEPLOYMENTS}/web"
    async with serving(lab) as kube:
        other = {"preconditions": {"uid": "0000"}}
        refused = await kube.call("DELETE", path, other)
        assert refused.status == 409
        assert refused.body["message"] == (
            'Operation cannot be fulfilled on Deployment.apps "web": the UID in the precondition '
            f"(0000) does not match the UID in record ({uid}). The object might have been deleted "
            "and then recreated"
        )
        wrong = await kube.call("DELETE", f"{path}?propagationPolicy=Nosuch")
        assert wrong.status == 422
        staying = await kube.call("DELETE", path, {"propagationPolicy": "Foreground"})
        assert staying.body["metadata"]["finalizers"] == ["foregroundDeletion"]
        lab.until(lambda: lab.cluster.state.get(kinds.DEPLOYMENTS, "shop", "web") is None)
        assert lab.pods() == []


async def test_a_deleted_deployment_is_gone_at_once_with_a_status() -> None:
    lab = Lab()
    async with serving(lab) as kube:
        uid = (await kube.get(f"{DEPLOYMENTS}/web")).body["metadata"]["uid"]
        answer = await kube.call("DELETE", f"{DEPLOYMENTS}/web")
        assert answer.body["status"] == "Success"
        assert answer.body["details"] == {
            "name": "web", "group": "apps", "kind": "deployments", "uid": uid
        }  # fmt: skip
        lab.until(lambda: not lab.pods())


async def test_what_is_only_looked_at_can_not_be_changed() -> None:
    async with serving(Lab()) as kube:
        for path in ("/api/v1/namespaces/shop", "/api/v1/namespaces/shop/services/web"):
            assert (await kube.call("DELETE", path)).status == 405
        assert (await kube.call("POST", PODS, {"kind": "Pod"})).status == 405
        assert (await kube.call("POST", f"{PODS}/x", {"kind": "Pod"})).status == 405


async def test_a_node_is_cordoned_by_a_patch() -> None:
    lab = Lab()
    node = lab.docs(kinds.NODES, "")[0]["metadata"]["name"]
    async with serving(lab) as kube:
        path = f"/api/v1/nodes/{node}"
        on = await kube.call("PATCH", path, {"spec": {"unschedulable": True}}, STRATEGIC)
        assert on.body["spec"]["unschedulable"] is True
        off = await kube.call("PATCH", path, {"spec": {"unschedulable": None}}, STRATEGIC)
        assert "unschedulable" not in off.body["spec"]
