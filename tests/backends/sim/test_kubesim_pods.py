"""Pods come up, fail, wait and go as real ones do."""

from __future__ import annotations

import pytest
from kubesim import NAMESPACE, Lab, condition, rolled_out, workload

from backends.sim.kube_world import kinds


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


def test_addresses_of_pods_that_are_gone_are_given_out_again() -> None:
    lab = Lab(workload(desired=1), nodes=1)
    node = lab.docs(kinds.NODES, "")[0]["metadata"]["name"]
    addresses, pod = lab.cluster.kubelet.addresses, lab.pods()[0]
    for number in range(600):
        ip = addresses.take(node)
        meta = {**pod["metadata"], "name": f"p{number}", "uid": f"p{number}"}
        meta.pop("ownerReferences", None)
        doc = {**pod, "metadata": meta, "status": {**pod["status"], "podIP": ip}}
        lab.put(kinds.PODS, doc)
        assert ip != pod["status"]["podIP"]
        lab.cluster.state.remove(kinds.PODS, NAMESPACE, f"p{number}")


def test_a_pod_that_was_there_has_been_created_started_and_ready_in_this_order() -> None:
    for pod in Lab(workload(), workload("db", kind="statefulset")).docs(kinds.PODS):
        running = pod["status"]["containerStatuses"][0]["state"]["running"]
        ready = condition(pod, "Ready")["lastTransitionTime"]
        assert pod["metadata"]["creationTimestamp"] < running["startedAt"] < ready
