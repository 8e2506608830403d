"""A simulated cluster is found aged, stays the same for the same seed, and is never dull."""

from __future__ import annotations

from kubesim import Lab, condition, rolled_out, workload

from backends.sim.kube_world import kinds
from backends.sim.kube_world.store import is_ready


def test_a_cluster_is_found_aged_and_settled() -> None:
    lab = Lab()
    doc = lab.get(kinds.DEPLOYMENTS, "web")
    assert rolled_out(lab)
    assert condition(doc, "Progressing")["reason"] == "NewReplicaSetAvailable"
    assert doc["status"]["observedGeneration"] == doc["metadata"]["generation"]
    assert lab.words() == ["Running"] * 3
    assert all(is_ready(pod) for pod in lab.pods())
    born = {p["metadata"]["creationTimestamp"] for p in lab.docs(kinds.PODS)}
    assert all(stamp < "2026-09-21T12" for stamp in born)
    assert len(lab.docs(kinds.REPLICA_SETS)) == 2


def test_nothing_happens_unasked_in_a_calm_cluster() -> None:
    lab = Lab(workload(), workload("db", kind="statefulset"), workload("agent", kind="daemonset"))
    before = {v.key: v.rv for v in lab.cluster.state.of(kinds.PODS).select()}
    lab.run(600)
    assert {v.key: v.rv for v in lab.cluster.state.of(kinds.PODS).select()} == before
    assert lab.docs(kinds.EVENTS) == []


def test_the_same_seed_and_times_give_the_same_world() -> None:
    def history(step: float) -> list[bytes]:
        lab = Lab(
            workload(incident="crash-loop"), workload("api", autoscaled=True), lively=True, seed=7
        )
        for _ in range(round(120 / step)):
            lab.run(step)
        return [v.encoded for kind in kinds.KINDS.values()
                for v in lab.cluster.state.of(kind).select()]  # fmt: skip

    assert history(1.0) == history(1.0)
    assert history(1.0) == history(40.0)


def test_something_can_be_seen_to_happen_every_half_minute() -> None:
    lab = Lab(workload(desired=2, incident="crash-loop"), workload("api"), lively=True)
    for _ in range(20):
        before = lab.cluster.state.versions.current
        lab.run(30)
        assert lab.cluster.state.versions.current > before
