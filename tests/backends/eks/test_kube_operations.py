"""Scaling and restarting: one request each, as asked, with its precondition."""

from __future__ import annotations

import pytest
from kube_docs import deployment, merge
from kube_fake import status
from kube_help import SCOPE

from backends.base import Conflict, Denied, Invalid, NotFound
from backends.model import Health, Ref, Resource, Restart, Scale

SHOP = SCOPE.at(namespace="shop")
WEB = Ref(SHOP, "k8s/deployments", "web")
SCALE_PATH = "/apis/apps/v1/namespaces/shop/deployments/web/scale"


def resource(ref: Ref = WEB) -> Resource:
    return Resource(ref=ref, health=Health.OK, status="", cells=())


async def test_scaling_patches_the_scale_subresource_once(kube, backend) -> None:
    kube.put("deployments", deployment("web"))
    accepted = await backend.perform(Scale(WEB, 3, 5, "uid-web"))
    assert accepted.summary == "3 -> 5 requested"
    assert accepted.request_id == "audit-1"
    (sent,) = kube.requests
    assert (sent.method, sent.path) == ("PATCH", SCALE_PATH)
    assert sent.headers["Content-Type"] == "application/merge-patch+json"
    assert sent.body == {"metadata": {"uid": "uid-web"}, "spec": {"replicas": 5}}
    assert sent.query == {"fieldManager": "topdeck"}
    assert kube.objects["deployments"]["shop", "web"]["spec"]["replicas"] == 5


async def test_without_a_uid_there_is_no_precondition(kube, backend) -> None:
    kube.put("deployments", deployment("web"))
    await backend.perform(Scale(WEB, 3, 0))
    assert kube.requests[0].body == {"spec": {"replicas": 0}}


async def test_another_incarnation_is_not_scaled(kube, backend) -> None:
    kube.put("deployments", deployment("web"))
    with pytest.raises(Conflict):
        await backend.perform(Scale(WEB, 3, 5, "an-earlier-uid"))
    assert kube.objects["deployments"]["shop", "web"]["spec"]["replicas"] == 3


async def test_what_is_missing_is_named(kube, backend) -> None:
    kube.put("deployments", deployment("web"))
    kube.script(status(403, "Forbidden", "cannot patch"), method="PATCH")
    with pytest.raises(Denied) as caught:
        await backend.perform(Scale(WEB, 3, 5))
    remedy = caught.value.problem.remedy
    assert remedy == 'allow "patch" on deployments/scale in namespace shop'


async def test_less_than_none_is_not_sent(kube, backend) -> None:
    with pytest.raises(Invalid):
        await backend.perform(Scale(WEB, 3, -1))
    assert not kube.requests


@pytest.mark.parametrize("kind", ["k8s/daemonsets", "k8s/pods", "k8s/nodes", "k8s/nonsense"])
async def test_what_does_not_scale_is_not_sent(kube, backend, kind) -> None:
    with pytest.raises(Invalid):
        await backend.perform(Scale(Ref(SHOP, kind, "x"), 1, 2))
    with pytest.raises(Invalid):
        await backend.scale_info(resource(Ref(SHOP, kind, "x")))
    assert not kube.requests


@pytest.mark.parametrize("plural", ["deployments", "statefulsets", "daemonsets"])
async def test_restarting_annotates_the_template(kube, backend, plural) -> None:
    kube.put(plural, deployment("web"))
    accepted = await backend.perform(Restart(Ref(SHOP, f"k8s/{plural}", "web"), "uid-web"))
    assert accepted.summary == "restart requested"
    (sent,) = kube.requests
    assert sent.path == f"/apis/apps/v1/namespaces/shop/{plural}/web"
    assert sent.headers["Content-Type"] == "application/strategic-merge-patch+json"
    assert sent.body == {
        "metadata": {"uid": "uid-web"},
        "spec": {
            "template": {
                "metadata": {
                    "annotations": {"kubectl.kubernetes.io/restartedAt": "2026-11-22T21:30:48Z"}
                }
            }
        },
    }


async def test_a_paused_deployment_says_that_it_waits(kube, backend) -> None:
    kube.put("deployments", deployment("web", spec={"paused": True}))
    accepted = await backend.perform(Restart(WEB))
    assert "paused" in accepted.summary


async def test_replica_sets_do_not_restart(kube, backend) -> None:
    with pytest.raises(Invalid):
        await backend.perform(Restart(Ref(SHOP, "k8s/replicasets", "web-1")))
    assert not kube.requests


async def test_what_is_gone_is_not_found(kube, backend) -> None:
    with pytest.raises(NotFound):
        await backend.perform(Restart(WEB))
    with pytest.raises(NotFound):
        await backend.scale_info(resource())


def hpa(name: str, target: str, **changes):
    doc = {
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "scaleTargetRef": {"kind": "Deployment", "name": target},
            "minReplicas": 2,
            "maxReplicas": 9,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"averageUtilization": 70}},
                },
                {
                    "type": "Resource",
                    "resource": {"name": "memory", "target": {"averageValue": "500Mi"}},
                },
                {"type": "External", "external": {}},
            ],
        },
        "status": {"conditions": [{"type": "ScalingActive", "status": "True"}]},
    }
    return merge(doc, changes)


async def test_the_dialog_is_told_numbers_and_autoscaler(kube, backend) -> None:
    kube.put(
        "deployments",
        deployment("web", replicas=4, status={"replicas": 4, "readyReplicas": 3}),
    )
    kube.put("horizontalpodautoscalers", hpa("other", "api"))
    kube.put("horizontalpodautoscalers", hpa("web-scaler", "web"))
    info = await backend.scale_info(resource())
    assert (info.desired, info.running, info.pending) == (4, 3, 1)
    assert info.autoscaler is not None
    assert info.autoscaler.name == "HorizontalPodAutoscaler web-scaler"
    assert (info.autoscaler.minimum, info.autoscaler.maximum) == (2, 9)
    assert info.autoscaler.note == "cpu at 70%, memory at 500Mi"
    assert info.problem is None


@pytest.mark.parametrize(
    ("reason", "note"),
    [
        ("ScalingDisabled", "suspended while scaled to zero"),
        ("FailedGetResourceMetric", "does nothing at the moment: FailedGetResourceMetric"),
    ],
)
async def test_an_autoscaler_that_does_nothing_says_so(kube, backend, reason, note) -> None:
    kube.put("deployments", deployment("web"))
    conditions = [{"type": "ScalingActive", "status": "False", "reason": reason}]
    kube.put("horizontalpodautoscalers", hpa("h", "web", status={"conditions": conditions}))
    info = await backend.scale_info(resource())
    assert info.autoscaler is not None
    assert info.autoscaler.note.startswith(note)


async def test_autoscalers_that_may_not_be_seen_are_a_problem_not_an_end(kube, backend) -> None:
    kube.put("deployments", deployment("web"))
    path = "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers"
    kube.script(status(403, "Forbidden", "no"), path=path)
    info = await backend.scale_info(resource())
    assert info.desired == 3
    assert info.autoscaler is None
    assert info.problem is not None
    assert info.problem.remedy == ('allow "list" on horizontalpodautoscalers in namespace shop')


async def test_no_autoscaler(kube, backend) -> None:
    kube.put("deployments", deployment("web"))
    info = await backend.scale_info(resource())
    assert (info.autoscaler, info.problem) == (None, None)


async def test_only_the_scale_may_be_read(kube, backend) -> None:
    kube.put("deployments", deployment("web"))
    path = "/apis/apps/v1/namespaces/shop/deployments/web"
    kube.script(status(403, "Forbidden", "no"), path=path)
    info = await backend.scale_info(resource())
    assert (info.desired, info.running) == (3, 3)
