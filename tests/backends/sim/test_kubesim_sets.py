"""Stateful sets keep their order, daemon sets their nodes."""

from __future__ import annotations

from kubesim import NAMESPACE, Lab, rolled_out, workload

from backends.sim.kube_world import kinds
from backends.sim.kube_world.store import is_ready


def test_a_stateful_set_is_replaced_one_by_one_from_its_end() -> None:
    lab = Lab(workload("db", desired=3, kind="statefulset"))
    lab.annotate(kinds.STATEFUL_SETS, "db")
    order: list[str] = []
    worst = 3

    def done() -> bool:
        nonlocal worst
        going = [p["metadata"]["name"] for p in lab.pods("db")
                 if "deletionTimestamp" in p["metadata"]]  # fmt: skip
        order.extend(name for name in going if name not in order)
        worst = min(worst, sum(1 for p in lab.pods("db") if is_ready(p)))
        status = lab.get(kinds.STATEFUL_SETS, "db")["status"]
        return len(order) == 3 and status["currentRevision"] == status["updateRevision"]

    lab.until(done)
    assert order == ["db-2", "db-1", "db-0"]
    assert worst == 2
    status = lab.get(kinds.STATEFUL_SETS, "db")["status"]
    assert (status["updatedReplicas"], status["currentReplicas"]) == (3, 3)
    hashes = {p["metadata"]["labels"]["controller-revision-hash"] for p in lab.pods("db")}
    assert f"db-{hashes.pop()}" == status["updateRevision"]
    assert len(lab.docs(kinds.CONTROLLER_REVISIONS)) == 2


def test_a_stateful_set_grows_in_order_and_shrinks_in_reverse() -> None:
    lab = Lab(workload("db", desired=1, kind="statefulset"))
    lab.respec(kinds.STATEFUL_SETS, "db", replicas=3)
    lab.until(lambda: len(lab.pods("db")) == 2)
    assert all(is_ready(p) for p in lab.pods("db") if p["metadata"]["name"] == "db-0")
    lab.until(lambda: lab.get(kinds.STATEFUL_SETS, "db")["status"].get("readyReplicas") == 3)
    pod = lab.get(kinds.PODS, "db-2")
    assert pod["spec"]["hostname"] == "db-2"
    assert pod["metadata"]["labels"]["apps.kubernetes.io/pod-index"] == "2"
    lab.respec(kinds.STATEFUL_SETS, "db", replicas=1)
    lab.until(lambda: [p["metadata"]["name"] for p in lab.pods("db")] == ["db-0"])


def test_a_deleted_stateful_pod_comes_back_under_its_name() -> None:
    lab = Lab(workload("db", desired=2, kind="statefulset"))
    before = lab.get(kinds.PODS, "db-0")["metadata"]["uid"]
    lab.cluster.lifecycle.delete_pod(lab.get(kinds.PODS, "db-0"))

    def back() -> bool:
        found = lab.cluster.state.get(kinds.PODS, NAMESPACE, "db-0")
        return found is not None and found.uid != before and found.ready

    lab.until(back)


def test_a_daemon_set_has_a_pod_on_each_node_and_follows_them() -> None:
    lab = Lab(workload(), workload("agent", kind="daemonset"), nodes=3)
    nodes = {n["metadata"]["name"] for n in lab.docs(kinds.NODES, "")}
    assert {p["spec"]["nodeName"] for p in lab.pods("agent")} == nodes
    lab.annotate(kinds.DAEMON_SETS, "agent")
    worst = 3

    def done() -> bool:
        nonlocal worst
        worst = min(worst, sum(1 for p in lab.pods("agent") if is_ready(p)))
        status = lab.get(kinds.DAEMON_SETS, "agent")["status"]
        return status.get("updatedNumberScheduled") == status.get("numberAvailable") == 3

    lab.run(0.2)
    lab.until(done)
    assert worst == 2


def test_a_spot_interruption_moves_pods_to_a_new_node() -> None:
    lab = Lab(workload(desired=4), workload("agent", kind="daemonset"), nodes=2)
    before = {n["metadata"]["name"] for n in lab.docs(kinds.NODES, "")}
    lab.cluster.incident("spot", "web")
    lab.run(1)
    cordoned = [n for n in lab.docs(kinds.NODES, "") if n["spec"].get("unschedulable")]
    assert len(cordoned) == 1
    lab.run(60)
    after = {n["metadata"]["name"] for n in lab.docs(kinds.NODES, "")}
    assert len(after) == 2
    assert len(before - after) == 1
    assert rolled_out(lab)
    assert {p["spec"]["nodeName"] for p in lab.docs(kinds.PODS)} <= after
    assert {p["spec"]["nodeName"] for p in lab.pods("agent")} == after
