"""Owners take what they own with them; autoscalers and events do as real ones do."""

from __future__ import annotations

from kubesim import NAMESPACE, Lab, rolled_out, workload

from backends.sim.kube_world import kinds


def test_what_an_owner_owns_goes_with_it() -> None:
    lab = Lab(workload(), workload("api"))
    lab.cluster.lifecycle.delete(kinds.DEPLOYMENTS, lab.get(kinds.DEPLOYMENTS, "web"))
    lab.until(lambda: not lab.pods() and len(lab.docs(kinds.REPLICA_SETS)) == 2)
    assert len(lab.pods("api")) == 3


def test_a_foreground_deletion_waits_for_what_is_owned() -> None:
    lab = Lab()
    doc = lab.get(kinds.DEPLOYMENTS, "web")
    lab.cluster.lifecycle.delete(kinds.DEPLOYMENTS, doc, "Foreground")
    assert lab.get(kinds.DEPLOYMENTS, "web")["metadata"]["finalizers"] == ["foregroundDeletion"]
    left: list[int] = []

    def gone() -> bool:
        left.append(len(lab.pods()))
        return lab.cluster.state.get(kinds.DEPLOYMENTS, NAMESPACE, "web") is None

    lab.until(gone)
    assert left[-1] == 0
    assert max(left) == 3


def test_orphans_stay() -> None:
    lab = Lab()
    doc = lab.get(kinds.DEPLOYMENTS, "web")
    lab.cluster.lifecycle.delete(kinds.DEPLOYMENTS, doc, "Orphan")
    lab.until(lambda: lab.cluster.state.get(kinds.DEPLOYMENTS, NAMESPACE, "web") is None)
    lab.run(10)
    assert len(lab.pods()) == 3
    assert all("ownerReferences" not in s["metadata"] for s in lab.docs(kinds.REPLICA_SETS))


def test_an_autoscaler_follows_its_load_and_takes_a_size_back() -> None:
    lab = Lab(workload("api", desired=6, autoscaled=True), lively=True)
    sizes: set[int] = set()
    for _ in range(300):
        lab.run(1)
        sizes.add(lab.get(kinds.DEPLOYMENTS, "api")["spec"]["replicas"])
    assert len(sizes) > 1
    scaler = lab.get(kinds.AUTOSCALERS, "api")
    least, most = scaler["spec"]["minReplicas"], scaler["spec"]["maxReplicas"]
    assert sizes <= set(range(least, most + 1))
    assert lab.events("SuccessfulRescale")[0]["message"].startswith("New size: ")
    lab.respec(kinds.DEPLOYMENTS, "api", replicas=most + 5)
    lab.run(16)
    assert lab.get(kinds.DEPLOYMENTS, "api")["spec"]["replicas"] <= most


def test_an_autoscaler_leaves_zero_replicas_alone() -> None:
    lab = Lab(workload("api", autoscaled=True), lively=True)
    lab.respec(kinds.DEPLOYMENTS, "api", replicas=0)
    lab.run(120)
    assert lab.get(kinds.DEPLOYMENTS, "api")["spec"]["replicas"] == 0


def test_many_events_of_one_sort_are_combined() -> None:
    lab = Lab(workload(desired=4))
    for number in range(3):
        lab.annotate(kinds.DEPLOYMENTS, "web", str(number))
        lab.run(0.2)
        lab.until(lambda: rolled_out(lab))
    combined = [e for e in lab.events("ScalingReplicaSet")
                if e["message"].startswith("(combined from similar events): ")]  # fmt: skip
    assert len(combined) == 1
    assert combined[0]["count"] > 1
    assert combined[0]["reportingComponent"] == ""


def test_events_are_forgotten_after_an_hour() -> None:
    lab = Lab(workload(desired=1))
    lab.annotate(kinds.DEPLOYMENTS, "web")
    lab.run(60)
    assert lab.docs(kinds.EVENTS)
    lab.run(3700)
    assert lab.docs(kinds.EVENTS) == []


def test_the_time_of_what_happens_does_not_depend_on_who_looks() -> None:
    lab = Lab(workload(desired=1))
    lab.annotate(kinds.DEPLOYMENTS, "web")
    lab.run(3600)
    started = lab.pods()[0]["status"]["containerStatuses"][0]["state"]["running"]["startedAt"]
    born = lab.pods()[0]["metadata"]["creationTimestamp"]
    assert started[:15] == born[:15]


def test_next_due_names_the_next_event() -> None:
    lab = Lab()
    due = lab.cluster.next_due()
    assert due is not None
    lab.respec(kinds.DEPLOYMENTS, "web", replicas=4)
    soon = lab.cluster.next_due()
    assert soon is not None
    assert lab.clock.now() <= soon < lab.clock.now() + 0.1
