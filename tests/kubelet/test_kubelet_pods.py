"""What the fake kubelet says of pods, at which moment."""

from __future__ import annotations

import pytest

from tests.e2e.kubelet.behaviour import behaviour_of
from tests.kubelet.kubelet_pods import Life, pod


def test_a_pod_comes_to_life_as_a_kubelet_tells_it() -> None:
    life = Life(pod("app", "proxy"))
    assert (life.word, life.ready) == ("ContainerCreating", "0/2")
    assert life.condition("PodReadyToStartContainers")["status"] == "False"
    assert life.condition("Initialized")["status"] == "True"
    ready = life.condition("Ready")
    assert (ready["status"], ready["reason"]) == ("False", "ContainersNotReady")
    assert ready["message"] == "containers with unready status: [app proxy]"
    assert "podIP" not in life.status
    assert "containerID" not in life.container()

    life.to(0.12)
    assert (life.word, life.ready) == ("Running", "0/2")
    assert life.status["phase"] == "Running"
    assert life.status["podIP"] == "10.1.0.1"

    life.to(0.2)
    assert (life.word, life.ready) == ("Running", "2/2")
    assert life.condition("Ready")["status"] == "True"
    app = life.container()
    assert app["containerID"].startswith("containerd://")
    assert app["imageID"].startswith("docker.io/library/app@sha256:")
    assert app["state"]["running"]["startedAt"] == "2026-09-21T14:13:20Z"
    assert [s.reason for s in life.machine.said if s.container == "app"] == [
        "Pulling", "Pulled", "Created", "Started",
    ]  # fmt: skip


def test_init_containers_run_one_after_the_other_before_the_rest() -> None:
    life = Life(pod("app", init=("first", "second"), **{"exit_after.second": "10"}))
    assert life.word == "Init:0/2"
    life.to(0.35)
    assert life.word == "Init:1/2"
    assert life.condition("Initialized")["message"] == (
        "containers with incomplete status: [second]"
    )
    assert life.container()["state"] == {"waiting": {"reason": "PodInitializing"}}
    life.to(10.7)
    assert (life.word, life.ready) == ("Running", "1/1")
    assert life.container("second")["state"]["terminated"]["reason"] == "Completed"
    assert life.condition("Initialized")["status"] == "True"


def test_a_sidecar_starts_first_and_stays() -> None:
    made = pod("app", init=("proxy",))
    made["spec"]["initContainers"][0]["restartPolicy"] = "Always"
    life = Life(made).to(1)
    assert (life.word, life.ready) == ("Running", "2/2")
    assert life.container("proxy")["state"].keys() == {"running"}


def test_a_crash_loop_restarts_at_once_and_then_ever_later() -> None:
    life = Life(pod(behaviour="crash-loop", exit_code="3"))
    life.to(0.65)
    assert life.word == "Error"
    life.to(0.9)
    assert (life.word, life.container()["restartCount"]) == ("Running", 1)
    assert life.container()["lastState"]["terminated"]["exitCode"] == 3
    life.to(2)
    assert life.word == "CrashLoopBackOff"
    assert life.container()["state"]["waiting"]["message"] == (
        "back-off 10s restarting failed container=app pod=web_shop(u-1)"
    )
    assert life.said("BackOff") == ["Back-off restarting failed container app in pod web_shop(u-1)"]
    assert life.container()["restartCount"] == 1
    life.to(13)
    assert life.container()["restartCount"] == 2
    assert "back-off 20s" in life.container()["state"]["waiting"]["message"]
    life.to(2000)
    assert "back-off 5m0s" in life.container()["state"]["waiting"]["message"]


def test_being_killed_for_memory_is_said_as_such() -> None:
    life = Life(pod(behaviour="oom")).to(0.65)
    assert life.word == "OOMKilled"
    ended = life.container()["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (137, "OOMKilled")
    assert life.to(2).word == "CrashLoopBackOff"
    assert life.container()["lastState"]["terminated"]["reason"] == "OOMKilled"


def test_an_image_that_is_not_there_is_tried_again_and_again() -> None:
    made = pod()
    made["spec"]["containers"][0]["image"] = "shop/web:missing"
    life = Life(made).to(0.1)
    assert life.word == "ErrImagePull"
    assert "shop/web:missing: not found" in life.container()["state"]["waiting"]["message"]
    life.to(0.3)
    assert life.word == "ImagePullBackOff"
    assert life.container()["state"]["waiting"]["message"].startswith(
        'Back-off pulling image "shop/web:missing": ErrImagePull: rpc error'
    )
    life.to(10.4)
    assert life.word == "ErrImagePull"
    assert len(life.said("Pulling")) == 2
    assert life.said("Failed")[1:3] == ["Error: ErrImagePull", "Error: ImagePullBackOff"]
    assert life.status["phase"] == "Pending"


def test_what_is_never_ready_runs_and_says_why() -> None:
    life = Life(pod(behaviour="never-ready")).to(25)
    assert (life.word, life.ready) == ("Running", "0/1")
    assert set(life.said("Unhealthy")) == {
        "Readiness probe failed: HTTP probe failed with statuscode: 503"
    }
    assert len(life.said("Unhealthy")) == 3
    life.annotate(ready_after="0").to(26)
    assert life.ready == "1/1"
    assert life.condition("Ready")["lastTransitionTime"] > life.condition("Initialized")[
        "lastTransitionTime"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "code", "word", "phase"),
    [
        ("Never", "0", "Completed", "Succeeded"),
        ("Never", "3", "Error", "Failed"),
        ("OnFailure", "0", "Completed", "Succeeded"),
        ("OnFailure", "3", "CrashLoopBackOff", "Running"),
        ("Always", "0", "CrashLoopBackOff", "Running"),
    ],
)
def test_what_ends_is_restarted_as_its_policy_has_it(
    policy: str, code: str, word: str, phase: str
) -> None:
    life = Life(pod(policy=policy, behaviour="exits", exit_code=code)).to(3)
    assert (life.word, life.status["phase"]) == (word, phase)


def test_a_slow_start_takes_its_time() -> None:
    life = Life(pod(start_seconds="20", ready_after="5"))
    assert life.to(20).word == "ContainerCreating"
    assert (life.to(21).word, life.ready) == ("Running", "0/1")
    assert life.to(25.2).ready == "1/1"


def test_a_deleted_pod_ends_its_containers_first() -> None:
    life = Life(pod(stop_seconds="3")).to(1).delete(30)
    assert life.said("Killing") == ["Stopping container app"]
    assert not life.machine.finished
    life.to(3.9)
    assert life.container()["state"].keys() == {"running"}
    life.to(4)
    assert life.machine.finished
    assert life.container()["state"]["terminated"]["exitCode"] == 0
    assert life.status["phase"] == "Succeeded"
    assert life.container()["restartCount"] == life.to(60).container()["restartCount"]


def test_what_does_not_end_in_its_grace_period_is_killed() -> None:
    life = Life(pod(stop_seconds="100")).to(1).delete(5).to(6)
    assert life.machine.finished
    assert life.container()["state"]["terminated"]["exitCode"] == 137
    assert life.status["phase"] == "Failed"


def test_a_pod_deleted_before_it_began_goes_at_once() -> None:
    life = Life(pod(behaviour="image-pull-failure")).to(0.3).delete(30)
    assert life.machine.finished


def test_a_container_dies_when_it_is_told_to() -> None:
    life = Life(pod(exit_code="9")).to(5)
    assert life.annotate(kill="now").container()["state"]["terminated"]["exitCode"] == 9
    life.to(5.5)
    assert (life.ready, life.container()["restartCount"]) == ("1/1", 1)
    assert life.annotate(cpu="500m").container()["restartCount"] == 1


def test_annotations_may_be_for_one_container_and_must_be_known() -> None:
    said = {"topdeck.test/cpu": "1", "topdeck.test/cpu.app": "2", "other/cpu": "3"}
    assert behaviour_of(said, "app", "app:1").cpu == "2"
    assert behaviour_of(said, "proxy", "proxy:1").cpu == "1"
    with pytest.raises(ValueError, match="speed"):
        behaviour_of({"topdeck.test/speed": "1"}, "app", "app:1")
