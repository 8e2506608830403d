"""Rollouts are followed until they settle or fail, with their revisions, failures and events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

import msgspec
import pytest
from kube_docs import deployment, merge, owner, pod
from kube_fake import FakeKube, status
from kube_help import SCOPE

from backends.base import Invalid, NotFound
from backends.eks.kinds import SPECS
from backends.eks.progress import progress_of
from backends.model import Ref, Rollout, RolloutState

SHOP = SCOPE.at(namespace="shop")
WEB = Ref(SHOP, "k8s/deployments", "web")
EXCEEDED = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]


def replica_set(name: str, revision: int, replicas: int, image: str):
    return {
        "metadata": {
            "name": name,
            "namespace": "shop",
            "labels": {"app": "web"},
            "annotations": {"deployment.kubernetes.io/revision": str(revision)},
            "ownerReferences": owner("Deployment", "web"),
        },
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"spec": {"containers": [{"name": "app", "image": image}]}},
        },
        "status": {"replicas": replicas, "readyReplicas": replicas},
    }


def event(name: str, about: str, kind: str, message: str, at: str, warning: bool = False):
    return {
        "metadata": {"name": name, "namespace": "shop"},
        "involvedObject": {
            "kind": kind, "name": about, "namespace": "shop", "uid": f"uid-{about}"
        },
        "reason": "Because",
        "message": message,
        "type": "Warning" if warning else "Normal",
        "lastTimestamp": at,
        "count": 2,
    }  # fmt: skip


def rolling(kube: FakeKube, **counts: int) -> None:
    """Put the deployment in the middle of a rollout to revision 2."""
    doc = deployment(
        "web",
        metadata={
            "generation": 2,
            "annotations": {"deployment.kubernetes.io/revision": "2"},
        },
        status={
            "observedGeneration": 2, "replicas": 4, "updatedReplicas": 2, "readyReplicas": 3,
            "availableReplicas": 3, **counts,
            "conditions": [
                {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"}
            ],
        },
    )  # fmt: skip
    kube.put("deployments", doc)


class Following:
    """A rollout that is being read."""

    def __init__(self, states: AsyncIterator[Rollout]) -> None:
        self.states = states
        self.seen: list[Rollout] = []

    async def until(self, found: Callable[[Rollout], object]) -> Rollout:
        async with asyncio.timeout(10):
            while not (self.seen and found(self.seen[-1])):
                self.seen.append(await anext(self.states))
        return self.seen[-1]


async def test_a_rollout_is_seen_to_its_end(kube, backend) -> None:
    kube.put("replicasets", replica_set("web-a", 1, 2, "nginx:1"))
    kube.put("replicasets", replica_set("web-b", 2, 2, "nginx:2"))
    kube.put("replicasets", replica_set("web-0", 0, 0, "nginx:0"))
    kube.put("pods", pod("web-a-1", owners=owner("ReplicaSet", "web-a")))
    kube.put("pods", pod("web-b-1", owners=owner("ReplicaSet", "web-b")))
    crashing = pod("web-b-2", owners=owner("ReplicaSet", "web-b"))
    crashing["status"]["containerStatuses"][0] |= {
        "ready": False, "state": {"waiting": {"reason": "ErrImagePull", "message": "no such tag"}}
    }  # fmt: skip
    kube.put("pods", crashing)
    kube.put("pods", pod("stranger", owners=owner("ReplicaSet", "other")))
    kube.put("events", event("e1", "web", "Deployment", "scaled", "2026-11-22T21:30:01Z"))
    kube.put("events", event("e2", "web-b-2", "Pod", "back-off", "2026-11-22T21:30:09Z", True))
    kube.put("events", event("e3", "stranger", "Pod", "not ours", "2026-11-22T21:30:09Z"))
    rolling(kube)
    async with aclosing(backend.rollout(WEB)) as states:
        following = Following(states)
        first = await following.until(lambda r: True)
        assert first.state is RolloutState.RUNNING
        trouble = "container app: ErrImagePull: no such tag"
        assert first.summary == f"2 of 3 new pods made; {trouble}"
        new, old = first.revisions
        assert (new.name, new.role, new.image) == ("web-b", "new", "nginx:2")
        assert (new.desired, new.running, new.pending, new.failed) == (2, 1, 0, 1)
        assert (old.name, old.role, old.desired, old.running) == ("web-a", "old", 2, 1)
        assert [(e.warning, e.count) for e in first.events] == [(True, 2), (False, 2)]
        assert "back-off" in first.events[0].text

        rolling(kube, updatedReplicas=3)
        await following.until(lambda r: r.summary.startswith("1 old pod still to go"))
        rolling(kube, updatedReplicas=3, replicas=3)
        await following.until(lambda r: r.state is RolloutState.SETTLED or "available" in r.summary)
        rolling(kube, updatedReplicas=3, replicas=3, availableReplicas=3)
        last = await following.until(lambda r: r.state is RolloutState.SETTLED)
        assert last.summary == "3 of 3 pods ready"
        with pytest.raises(StopAsyncIteration):
            await anext(states)


async def test_a_rollout_that_takes_too_long_has_failed(kube, backend) -> None:
    rolling(kube)
    async with aclosing(backend.rollout(WEB)) as states:
        following = Following(states)
        await following.until(lambda r: r.state is RolloutState.RUNNING)
        doc = kube.objects["deployments"]["shop", "web"]
        kube.put("deployments", merge(doc, {"status": {"conditions": EXCEEDED}}))
        last = await following.until(lambda r: r.state is RolloutState.FAILED)
        assert "ProgressDeadlineExceeded" in last.summary
        with pytest.raises(StopAsyncIteration):
            await anext(states)


async def test_one_that_is_deleted_meanwhile_has_failed(kube, backend) -> None:
    rolling(kube)
    async with aclosing(backend.rollout(WEB)) as states:
        following = Following(states)
        await following.until(lambda r: True)
        kube.remove("deployments", "shop", "web")
        last = await following.until(lambda r: r.state is RolloutState.FAILED)
        assert last.summary == "it is gone"


async def test_what_may_not_be_seen_is_left_out(kube, backend) -> None:
    for plural in ("pods", "events"):
        kube.script(status(403, "Forbidden"), path=f"/api/v1/namespaces/shop/{plural}", once=False)
    kube.put("deployments", deployment("web"))
    async with aclosing(backend.rollout(WEB)) as states:
        last = await Following(states).until(lambda r: True)
    assert last.state is RolloutState.SETTLED
    assert last.events == ()


async def test_what_is_not_there_is_not_found(backend) -> None:
    with pytest.raises(NotFound):
        await anext(backend.rollout(WEB))


async def test_pods_do_not_roll_out(backend) -> None:
    with pytest.raises(Invalid):
        await anext(backend.rollout(Ref(SHOP, "k8s/pods", "x")))


async def test_a_stateful_set_rolls_by_revision(kube, backend) -> None:
    doc = deployment(
        "db",
        replicas=2,
        status={"currentRevision": "db-1", "updateRevision": "db-2", "updatedReplicas": 1},
    )
    kube.put("statefulsets", doc)
    for name, revision in (("db-0", "db-1"), ("db-1", "db-2")):
        labels = {"app": "db", "controller-revision-hash": revision}
        kube.put("pods", pod(name, labels=labels, owners=owner("StatefulSet", "db")))
    async with aclosing(backend.rollout(Ref(SHOP, "k8s/statefulsets", "db"))) as states:
        following = Following(states)
        first = await following.until(lambda r: True)
        assert first.summary == "1 of 2 pods updated"
        assert [(r.name, r.role, r.running) for r in first.revisions] == [
            ("db-2", "new", 1),
            ("db-1", "old", 1),
        ]
        kube.put("statefulsets", merge(doc, {"status": {"currentRevision": "db-2"}}))
        await following.until(lambda r: r.state is RolloutState.SETTLED)


def of(kind: str, doc) -> tuple[RolloutState, str]:
    spec = SPECS[f"k8s/{kind}"]
    progress = progress_of(spec, msgspec.json.decode(json.dumps(doc).encode(), type=spec.wire))
    return progress.state, progress.summary


def daemon_set(**counts: int):
    return {
        "metadata": {"name": "agent", "generation": 1},
        "status": {
            "observedGeneration": 1, "desiredNumberScheduled": 3, "numberReady": 3,
            "numberAvailable": 3, "updatedNumberScheduled": 3, **counts,
        },
    }  # fmt: skip


RUNNING, SETTLED = RolloutState.RUNNING, RolloutState.SETTLED


@pytest.mark.parametrize(
    ("kind", "doc", "expected"),
    [
        ("deployments", deployment("web"), (SETTLED, "3 of 3 pods ready")),
        (
            "deployments",
            deployment("web", metadata={"generation": 2}),
            (RUNNING, "requested; its controller has not seen it yet"),
        ),
        (
            "deployments",
            deployment("web", spec={"replicas": 1}),
            (RUNNING, "2 pods still to stop"),
        ),
        (
            "deployments",
            deployment("web", spec={"paused": True}, status={"updatedReplicas": 1}),
            (RUNNING, "its rollout is paused: 1 of 3 new pods made"),
        ),
        (
            "deployments",
            deployment(
                "web",
                status={
                    "conditions": [{"type": "ReplicaFailure", "status": "True", "message": "quota"}]
                },
            ),
            (RUNNING, "pods cannot be made: quota"),
        ),
        (
            "deployments",
            deployment("web", status={"availableReplicas": 1}),
            (RUNNING, "1 of 3 new pods available"),
        ),
        (
            "statefulsets",
            deployment(
                "db",
                spec={
                    "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
                },
                status={"currentRevision": "a", "updateRevision": "b", "updatedReplicas": 1},
            ),
            (SETTLED, "3 of 3 pods ready"),
        ),
        (
            "statefulsets",
            deployment(
                "db",
                spec={"updateStrategy": {"type": "OnDelete"}},
                status={"currentRevision": "a", "updateRevision": "b", "updatedReplicas": 0},
            ),
            (RUNNING, "waits for its pods to be deleted (OnDelete)"),
        ),
        ("daemonsets", daemon_set(), (SETTLED, "3 of 3 pods available")),
        ("daemonsets", daemon_set(updatedNumberScheduled=1), (RUNNING, "1 of 3 pods updated")),
        ("daemonsets", daemon_set(numberAvailable=2), (RUNNING, "2 of 3 pods available")),
        (
            "replicasets",
            deployment("web-1", status={"readyReplicas": 1}),
            (RUNNING, "1 of 3 pods ready"),
        ),
    ],
)
def test_where_a_rollout_stands(kind, doc, expected) -> None:
    assert of(kind, doc) == expected
