"""Deployments roll out, pause, fail and go back as real ones do."""

from __future__ import annotations

from kubesim import Lab, condition, images, rolled_out, workload

from backends.sim.kube_world import kinds, rollout
from backends.sim.kube_world.store import is_ready


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


def test_a_condition_keeps_the_time_since_which_it_holds() -> None:
    lab = Lab()
    before = condition(lab.get(kinds.DEPLOYMENTS, "web"), "Progressing")
    lab.annotate(kinds.DEPLOYMENTS, "web")
    lab.run(1)
    during = condition(lab.get(kinds.DEPLOYMENTS, "web"), "Progressing")
    assert during["reason"] != before["reason"]
    assert during["lastTransitionTime"] == before["lastTransitionTime"]
    assert during["lastUpdateTime"] > before["lastUpdateTime"]
