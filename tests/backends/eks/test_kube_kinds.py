"""Kinds: what the table of them promises, and what real objects become."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from kube_docs import deployment, merge
from kube_help import NOW, SCOPE

from backends.eks.kinds import KINDS, SPECS
from backends.eks.kinds.cluster import Node, judge_node, memory
from backends.eks.kinds.spec import View
from backends.eks.kinds.workloadstatus import (
    DaemonSet,
    Workload,
    judge_daemon_set,
    judge_deployment,
    judge_replica_set,
    judge_stateful_set,
)
from backends.eks.wire import Requirement, Selector
from backends.model import Health, Ref, Verb

GOLDEN = json.loads(
    (Path(__file__).parents[2] / "golden" / "kubernetes" / "kinds.json").read_text()
)


def rows(plural: str):
    spec = SPECS[f"k8s/{plural}"]
    view = View(SCOPE, NOW)
    for doc in GOLDEN[plural]:
        yield from spec.rows(msgspec.convert(doc, spec.wire), view)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_kinds_are_whole(kind) -> None:
    assert kind.aliases
    assert kind.columns[0].key == "name"
    assert all(alias == alias.lower() for alias in kind.aliases)
    assert len({column.key for column in kind.columns}) == len(kind.columns)
    assert not kind.child or kind.child in KINDS
    for member in kind.members:
        theirs = {column.key for column in KINDS[member].columns}
        assert {column.key for column in kind.columns} <= theirs


@pytest.mark.parametrize(
    ("alias", "kind"),
    [
        ("po", "pods"), ("deploy", "deployments"), ("dp", "deployments"), ("sts", "statefulsets"),
        ("ds", "daemonsets"), ("rs", "replicasets"), ("no", "nodes"), ("ns", "namespaces"),
        ("ev", "events"), ("k8s-events", "events"),
    ],
)  # fmt: skip
def test_aliases_are_those_of_kubectl(alias, kind) -> None:
    assert alias in KINDS[f"k8s/{kind}"].aliases


def test_verbs_are_what_kubernetes_can_do() -> None:
    verbs = {kind.id: kind.verbs for kind in KINDS.values()}
    scalable = {kind for kind, found in verbs.items() if Verb.SCALE in found}
    assert scalable == {"k8s/deployments", "k8s/statefulsets", "k8s/replicasets", "k8s/workloads"}
    restarts = {kind for kind, found in verbs.items() if Verb.RESTART in found}
    assert restarts == {"k8s/deployments", "k8s/statefulsets", "k8s/daemonsets", "k8s/workloads"}
    counted = {kind.id for kind in KINDS.values() if kind.workload}
    assert counted == {"k8s/deployments", "k8s/statefulsets", "k8s/daemonsets"}


@pytest.mark.parametrize("plural", [name for name in GOLDEN if name != "hpas"])
def test_real_objects_become_rows(plural) -> None:
    found = list(rows(plural))
    assert found
    for row in found:
        assert len(row.cells) == len(KINDS[row.ref.kind].columns)
        assert row.uid
        assert row.created
        assert row.health is not Health.UNKNOWN
        assert row.reason or row.health in (Health.OK, Health.IDLE, Health.PROGRESSING)


def test_a_deployment_of_a_real_server() -> None:
    found = {row.ref.name: row for row in rows("deployments")}
    web = found["web"]
    assert web.ref == Ref(SCOPE.at(namespace="shop"), "k8s/deployments", "web")
    assert (web.health, web.ready, web.desired) == (Health.OK, 2, 2)
    assert web.cells[:7] == ("web", "shop", "Deployment", "Running", "2/2", 2, 2)
    assert found["search"].health is Health.PROGRESSING
    assert (found["worker"].health, found["worker"].reason) == (Health.FAILING, "0 of 1 ready")


def test_replica_sets_are_under_their_deployment() -> None:
    for row in rows("replicasets"):
        assert [parent.kind for parent in row.parents] == ["k8s/deployments"]


def test_events_are_under_their_object() -> None:
    by_kind = {row.parents[0].kind for row in rows("events") if row.parents}
    assert {"k8s/pods", "k8s/deployments", "k8s/replicasets"} <= by_kind
    for row in rows("events"):
        assert (row.health is Health.DEGRADED) == ("Warning" in row.cells)


def test_namespaces_narrow_to_themselves() -> None:
    for row in rows("namespaces"):
        assert row.ref.scope.namespace == row.ref.name


def workload(**changes) -> Workload:
    return msgspec.convert(merge(deployment("web", replicas=4), changes), Workload)


def conditions(reason: str, status: str = "True"):
    return [{"type": "Progressing", "status": status, "reason": reason, "message": "m"}]


@pytest.mark.parametrize(
    ("changes", "health", "reason"),
    [
        ({}, Health.OK, ""),
        ({"status": {"readyReplicas": 2, "availableReplicas": 2}}, Health.DEGRADED, "2 of 4 ready"),
        ({"status": {"readyReplicas": 0}}, Health.FAILING, "0 of 4 ready"),
        (
            {"spec": {"replicas": 0}, "status": {"replicas": 0, "updatedReplicas": 0}},
            Health.IDLE,
            "",
        ),
        ({"spec": {"replicas": 1}}, Health.PROGRESSING, "4 of 1 left"),
        (
            {"status": {"updatedReplicas": 1, "conditions": conditions("ReplicaSetUpdated")}},
            Health.PROGRESSING,
            "1 of 4 updated, 4 ready",
        ),
        ({"metadata": {"generation": 2}}, Health.PROGRESSING, "4 of 4 updated, 4 ready"),
        (
            {
                "status": {
                    "readyReplicas": 1,
                    "conditions": conditions("ProgressDeadlineExceeded", "False"),
                }
            },
            Health.FAILING,
            "progress deadline exceeded: 1 of 4 ready",
        ),
        (
            {"status": {"conditions": conditions("ProgressDeadlineExceeded", "False")}},
            Health.DEGRADED,
            "progress deadline exceeded: 4 of 4 ready",
        ),
        (
            {
                "status": {
                    "readyReplicas": 0,
                    "conditions": [
                        {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}
                    ],
                }
            },
            Health.FAILING,
            "exceeded quota",
        ),
        ({"spec": {"paused": True}}, Health.OK, "its rollout is paused"),
    ],
)
def test_deployments(changes, health, reason) -> None:
    verdict = judge_deployment(workload(**changes), 0.0, NOW)
    assert (verdict.health, verdict.reason) == (health, reason)


def test_stateful_sets_roll_by_revision() -> None:
    rolling = {"currentRevision": "a", "updateRevision": "b", "updatedReplicas": 1}
    verdict = judge_stateful_set(workload(status=rolling), 0.0, NOW)
    assert (verdict.health, verdict.reason) == (Health.PROGRESSING, "1 of 4 updated, 4 ready")
    assert judge_stateful_set(workload(), 0.0, NOW).health is Health.OK
    assert judge_stateful_set(workload(spec={"replicas": 2}), 0.0, NOW).reason == "4 of 2 left"


def test_replica_sets_are_idle_when_they_are_old() -> None:
    old = workload(spec={"replicas": 0}, status={"replicas": 0, "readyReplicas": 0})
    assert judge_replica_set(old, 0.0, NOW).health is Health.IDLE


@pytest.mark.parametrize(
    ("status", "health"),
    [
        ({"desiredNumberScheduled": 3, "numberReady": 3, "updatedNumberScheduled": 3}, Health.OK),
        (
            {"desiredNumberScheduled": 3, "numberReady": 2, "updatedNumberScheduled": 3},
            Health.DEGRADED,
        ),
        (
            {"desiredNumberScheduled": 3, "numberReady": 3, "updatedNumberScheduled": 1},
            Health.PROGRESSING,
        ),
        ({"desiredNumberScheduled": 0}, Health.IDLE),
    ],
)
def test_daemon_sets(status, health) -> None:
    obj = msgspec.convert({"metadata": {"name": "agent"}, "status": status}, DaemonSet)
    assert judge_daemon_set(obj, 0.0, NOW).health is health


def node(**changes) -> Node:
    return msgspec.convert(merge(GOLDEN["nodes"][0], changes), Node)


def ready(status: str, *more):
    return {"conditions": [{"type": "Ready", "status": status, "message": "m"}, *more]}


@pytest.mark.parametrize(
    ("changes", "status", "health"),
    [
        ({}, "Ready", Health.OK),
        ({"spec": {"unschedulable": True}}, "Ready,SchedulingDisabled", Health.IDLE),
        ({"status": ready("Unknown")}, "NotReady", Health.FAILING),
        ({"status": ready("False")}, "NotReady", Health.FAILING),
        (
            {
                "status": ready(
                    "True", {"type": "DiskPressure", "status": "True", "message": "full"}
                )
            },
            "Ready",
            Health.DEGRADED,
        ),
        ({"status": {"conditions": []}}, "Unknown", Health.UNKNOWN),
    ],
)
def test_nodes(changes, status, health) -> None:
    verdict = judge_node(node(**changes))
    assert (verdict.status, verdict.health) == (status, health)


@pytest.mark.parametrize(
    ("quantity", "shown"),
    [("33554432Ki", "32.0 GiB"), ("16Gi", "16.0 GiB"), ("1073741824", "1.0 GiB"), ("", None)],
)
def test_memory(quantity, shown) -> None:
    assert memory(quantity) == shown


def test_selectors_are_written_as_the_api_reads_them() -> None:
    selector = Selector(
        {"app": "web"},
        (
            Requirement("tier", "In", ("a", "b")),
            Requirement("env", "NotIn", ("dev",)),
            Requirement("x", "Exists"),
            Requirement("y", "DoesNotExist"),
        ),
    )
    assert selector.query() == "app=web,tier in (a,b),env notin (dev),x,!y"
