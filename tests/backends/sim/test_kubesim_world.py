"""Simulated clusters behave as real ones do: rollouts, restarts, failures, deletions."""

from __future__ import annotations

from typing import Any

import pytest
from kubesim import NAMESPACE, Lab, workload

from backends.sim.kube_world import kinds, rollout
from backends.sim.kube_world.store import is_ready


def condition(doc: dict[str, Any], type_: str) -> dict[str, Any]:
    return next(c for c in doc["status"]["conditions"] if c["type"] == type_)


def rolled_out(lab: Lab, name: str = "web") -> bool:
    doc = lab.get(kinds.DEPLOYMENTS, name)
    return rollout.complete(doc, doc["status"])


def images(lab: Lab, app: str = "web") -> set[str]:
    return {p["spec"]["containers"][0]["image"].rpartition(":")[2] for p in lab.pods(app)}


# -- as it is found ---------------------------------------------------------------------------


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


# -- deployments ------------------------------------------------------------------------------


def test_a_restart_replaces_every_pod_and_never_has_too_few() -> None:
    lab = Lab(workload(desired=4))
    before = {p["metadata"]["name"] for p in lab.pods()}
    lab.annotate(kinds.DEPLOYMENTS, "web")
    seen_ready: list[int] = []

    def done() -> bool:
        ready = [p for p in lab.pods() if is_ready(p) and "deletionTimestamp" not in p["metadata"]]
        seen_ready.append(len(ready))
        return rolled_out(lab) and len(lab.pods()) == 4

    lab.run(0.2)
    taken = lab.until(done)
    assert min(seen_ready) >= 3
    assert 3 < taken < 25
    assert before.isdisjoint(p["metadata"]["name"] for p in lab.pods())
    doc = lab.get(kinds.DEPLOYMENTS, "web")
    assert doc["metadata"]["annotations"][rollout.REVISION] == "3"
    assert condition(doc, "Progressing")["reason"] == "NewReplicaSetAvailable"
    said = [e["message"] for e in lab.events("ScalingReplicaSet")]
    assert any(m.startswith("Scaled up replica set web-") and "from 0 to" in m for m in said)
    assert any(m.startswith("Scaled down replica set web-") and m.endswith("to 0") for m in said)


def test_scaling_moves_the_pods_and_then_the_status() -> None:
    lab = Lab()
    lab.respec(kinds.DEPLOYMENTS, "web", replicas=6)
    assert lab.get(kinds.DEPLOYMENTS, "web")["status"]["replicas"] == 3
    lab.until(lambda: lab.get(kinds.DEPLOYMENTS, "web")["status"].get("readyReplicas") == 6)
    lab.respec(kinds.DEPLOYMENTS, "web", replicas=0)
    lab.until(lambda: not lab.pods())
    lab.run(1)
    status = lab.get(kinds.DEPLOYMENTS, "web")["status"]
    assert "replicas" not in status
    assert status["terminatingReplicas"] == 0


def test_an_image_that_is_not_there_stops_a_rollout_and_times_out() -> None:
    lab = Lab(workload(desired=4))
    lab.reimage(kinds.DEPLOYMENTS, "web", "nosuch:2.0")
    lab.until(lambda: "ImagePullBackOff" in lab.words())
    assert lab.words().count("Running") == 3
    assert condition(lab.get(kinds.DEPLOYMENTS, "web"), "Available")["status"] == "True"
    lab.run(700)
    progressing = condition(lab.get(kinds.DEPLOYMENTS, "web"), "Progressing")
    assert progressing["reason"] == "ProgressDeadlineExceeded"
    assert progressing["status"] == "False"
    assert "has timed out progressing" in progressing["message"]
    failed = [e for e in lab.events("Failed") if "docker.io/library/nosuch:2.0" in e["message"]]
    assert max(e["count"] for e in failed) > 1
    lab.reimage(kinds.DEPLOYMENTS, "web", "nginx:1.27")
    lab.until(lambda: rolled_out(lab) and images(lab) == {"1.27"})


def test_going_back_takes_the_old_replica_set_up_again() -> None:
    lab = Lab()
    first = images(lab)
    original = lab.get(kinds.DEPLOYMENTS, "web")["spec"]["template"]
    lab.reimage(kinds.DEPLOYMENTS, "web", "nginx:1.27")
    lab.until(lambda: rolled_out(lab) and images(lab) == {"1.27"})
    sets = len(lab.docs(kinds.REPLICA_SETS))
    lab.respec(kinds.DEPLOYMENTS, "web", template=original)
    lab.until(lambda: rolled_out(lab) and images(lab) == first)
    assert len(lab.docs(kinds.REPLICA_SETS)) == sets
    assert lab.get(kinds.DEPLOYMENTS, "web")["metadata"]["annotations"][rollout.REVISION] == "4"


def test_old_replica_sets_beyond_the_limit_are_removed() -> None:
    lab = Lab(workload(desired=1))
    lab.respec(kinds.DEPLOYMENTS, "web", revisionHistoryLimit=1)
    for number in range(3):
        lab.reimage(kinds.DEPLOYMENTS, "web", f"nginx:1.{number}")
        lab.until(lambda: rolled_out(lab))
    lab.until(lambda: len(lab.docs(kinds.REPLICA_SETS)) == 2)


def test_a_paused_deployment_waits() -> None:
    lab = Lab()
    lab.respec(kinds.DEPLOYMENTS, "web", paused=True)
    lab.run(1)
    lab.annotate(kinds.DEPLOYMENTS, "web")
    lab.run(30)
    assert len(lab.docs(kinds.REPLICA_SETS)) == 2
    assert condition(lab.get(kinds.DEPLOYMENTS, "web"), "Progressing")["reason"] == (
        "DeploymentPaused"
    )
    lab.respec(kinds.DEPLOYMENTS, "web", paused=False)
    lab.until(lambda: rolled_out(lab) and len(lab.docs(kinds.REPLICA_SETS)) == 3)


def test_recreate_stops_everything_before_it_starts_anything() -> None:
    lab = Lab()
    lab.respec(kinds.DEPLOYMENTS, "web", strategy={"type": "Recreate"})
    lab.run(1)
    old = images(lab)
    lab.reimage(kinds.DEPLOYMENTS, "web", "nginx:1.27")
    together = []

    def done() -> bool:
        together.append(len(images(lab)))
        return images(lab) == {"1.27"} and rolled_out(lab)

    lab.until(done)
    assert old != {"1.27"}
    assert max(together) == 1


# -- stateful and daemon sets -----------------------------------------------------------------


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


# -- pods -------------------------------------------------------------------------------------


def test_a_crash_loop_backs_off_longer_each_time() -> None:
    lab = Lab(workload(desired=1))
    lab.cluster.incident("crash-loop", "web")
    waits: list[str] = []

    def thrice() -> bool:
        status = lab.pods()[0]["status"]["containerStatuses"][0]
        waiting = status["state"].get("waiting", {})
        if waiting.get("reason") == "CrashLoopBackOff":
            waits.append(waiting["message"].split()[1])
        return bool(status["restartCount"] >= 4)

    lab.until(thrice, 200)
    assert list(dict.fromkeys(waits)) == ["10s", "20s", "30s"]
    status = lab.pods()[0]["status"]["containerStatuses"][0]
    last = status["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"]) == (1, "Error")
    backing_off = lab.events("BackOff")[0]
    assert backing_off["type"] == "Warning"
    assert backing_off["count"] == 3
    lab.cluster.incident("", "web")
    lab.until(lambda: rolled_out(lab), 60)


def test_a_container_that_uses_too_much_memory_is_killed() -> None:
    lab = Lab(workload(desired=1))
    lab.cluster.incident("oom", "web")
    lab.until(lambda: "OOMKilled" in lab.words())
    ended = lab.pods()[0]["status"]["containerStatuses"][0]["state"]["terminated"]
    assert ended["exitCode"] == 137
    assert condition(lab.pods()[0], "Ready")["status"] == "False"


def test_incidents_of_the_blueprint_are_there_from_the_start_and_go_on() -> None:
    lab = Lab(workload(incident="oom"), workload("flags", incident="image-pull"), lively=True)
    assert set(lab.words()) == {"CrashLoopBackOff"}
    assert "ImagePullBackOff" in lab.words("flags")
    flags = lab.get(kinds.DEPLOYMENTS, "flags")
    assert condition(flags, "Progressing")["reason"] == "ProgressDeadlineExceeded"
    assert {e["reason"] for e in lab.docs(kinds.EVENTS)} >= {"BackOff", "Failed", "Scheduled"}
    restarts = lab.pods()[0]["status"]["containerStatuses"][0]["restartCount"]
    assert restarts > 0
    seen: set[str] = set()
    for _ in range(600):
        lab.run(1)
        seen.update(lab.words())
    assert {"Running", "OOMKilled", "CrashLoopBackOff"} <= seen
    reasons = {e["reason"] for e in lab.docs(kinds.EVENTS)}
    assert "SuccessfulCreate" in reasons


def test_a_probe_that_fails_takes_a_pod_out_of_its_service() -> None:
    lab = Lab(workload(desired=2, registered=True))
    lab.cluster.incident("target-health", "web")

    def conditions() -> list[bool]:
        endpoints = lab.docs(kinds.ENDPOINT_SLICES)[0]["endpoints"]
        return [endpoint["conditions"]["ready"] for endpoint in endpoints]

    assert conditions() == [True, True]
    lab.until(lambda: False in conditions())
    assert lab.events("Unhealthy")[0]["message"].startswith("Readiness probe failed")
    lab.cluster.incident("", "web")
    lab.until(lambda: conditions() == [True, True])


def test_a_slow_start_is_slow() -> None:
    lab = Lab(workload(desired=1))
    lab.cluster.incident("slow-start", "web")
    lab.annotate(kinds.DEPLOYMENTS, "web")
    lab.run(1)
    assert lab.until(lambda: rolled_out(lab)) > 15


def test_an_unknown_incident_or_workload_is_refused() -> None:
    lab = Lab()
    with pytest.raises(ValueError, match="no incident 'flood'"):
        lab.cluster.incident("flood", "web")
    with pytest.raises(ValueError, match="no workload 'nosuch'"):
        lab.cluster.incident("oom", "nosuch")


def test_a_deleted_pod_goes_as_a_real_one_goes() -> None:
    lab = Lab(workload(desired=1))
    pod = lab.pods()[0]
    rv = lab.cluster.state.versions.current
    lab.cluster.lifecycle.delete_pod(pod)
    lab.run(5)
    name = pod["metadata"]["name"]
    changes = [c for c in lab.cluster.state.of(kinds.PODS).since(rv) if c.version.name == name]
    assert [c.type for c in changes] == ["MODIFIED", "MODIFIED", "MODIFIED", "DELETED"]
    graces = [c.version.doc["metadata"]["deletionGracePeriodSeconds"] for c in changes]
    assert graces == [30, 30, 0, 0]
    first, last = (changes[i].version.doc["metadata"]["deletionTimestamp"] for i in (0, 2))
    assert last < first
    assert lab.events("Killing")[0]["message"] == "Stopping container web"
    assert len(lab.pods()) == 1


def test_a_pod_that_finds_no_room_waits_until_there_is_some() -> None:
    lab = Lab(workload(desired=2, cpu=1024), nodes=1)
    lab.respec(kinds.DEPLOYMENTS, "web", replicas=20)
    lab.until(lambda: "Pending" in lab.words() and lab.events("FailedScheduling") != [])
    said = lab.events("FailedScheduling")[0]["message"]
    assert said.startswith("0/1 nodes are available: 1 Insufficient cpu.")
    lab.run(1)
    waiting = next(p for p in lab.pods() if "nodeName" not in p["spec"])
    assert condition(waiting, "PodScheduled")["reason"] == "Unschedulable"
    lab.respec(kinds.DEPLOYMENTS, "web", replicas=2)
    lab.until(lambda: lab.words() == ["Running", "Running"])


def test_pods_of_a_cordoned_node_stay_and_new_ones_go_elsewhere() -> None:
    lab = Lab(workload(desired=4), nodes=2)
    node = lab.docs(kinds.NODES, "")[0]
    lab.put(kinds.NODES, {**node, "spec": {**node["spec"], "unschedulable": True}})
    lab.respec(kinds.DEPLOYMENTS, "web", replicas=8)
    lab.until(lambda: rolled_out(lab))
    on_it = [p for p in lab.pods() if p["spec"]["nodeName"] == node["metadata"]["name"]]
    assert len(on_it) == 2


def test_addresses_are_never_shared() -> None:
    lab = Lab(workload(desired=6), workload("api", desired=6))
    for number in range(4):
        lab.annotate(kinds.DEPLOYMENTS, "web", str(number))
        lab.until(lambda: rolled_out(lab))
        found = [p["status"]["podIP"] for p in lab.docs(kinds.PODS) if "podIP" in p["status"]]
        assert len(found) == len(set(found))
    pairs = lab.cluster.pod_addresses(NAMESPACE, "web")
    assert {name for name, _ in pairs} <= {p["metadata"]["name"] for p in lab.pods()}
    assert len(pairs) == 6


# -- owners, services, autoscalers, events ----------------------------------------------------


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
