"""STATUS, READY and RESTARTS of pods are what the API server itself prints."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kube_docs import merge, pod
from kube_help import NOW

from backends.eks.kinds.judge import judge_pod
from backends.eks.kinds.podstatus import Pod, summarise
from backends.model import Health

GOLDEN = Path(__file__).parents[2] / "golden" / "kubernetes" / "pod-tables.jsonl"
CASES = [json.loads(line) for line in GOLDEN.read_text().splitlines()]


def read(doc) -> Pod:
    return msgspec.json.decode(json.dumps(doc).encode(), type=Pod)


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['cells'][0]}-{c['cells'][2]}")
def test_the_cells_are_those_of_the_servers_table(case) -> None:
    _, ready, status, restarts, *_ = case["cells"]
    summary = summarise(read(case["pod"]))
    assert summary.status == status
    assert f"{summary.ready}/{summary.total}" == ready
    assert str(summary.restarts) == restarts.split(" ")[0]
    assert (summary.restarted is not None) == ("ago" in restarts)


def test_the_golden_file_has_the_interesting_states() -> None:
    assert {case["cells"][2] for case in CASES} >= {
        "Completed", "ContainerCreating", "CrashLoopBackOff", "ImagePullBackOff", "Pending",
        "Running", "Terminating",
    }  # fmt: skip


def state(**what):
    return {"name": "app", "restartCount": 0, "ready": False, "state": what}


def with_init(*statuses, **conditions):
    """A pod of two init containers whose statuses are given."""
    doc = pod("web-0")
    doc["spec"]["initContainers"] = [{"name": "one"}, {"name": "two"}]
    doc["status"] |= {
        "phase": "Pending",
        "conditions": [{"type": k, "status": v} for k, v in conditions.items()],
        "initContainerStatuses": [
            {**s, "name": name} for s, name in zip(statuses, ("one", "two"), strict=False)
        ],
        "containerStatuses": [state(waiting={"reason": "PodInitializing"})],
    }
    return doc


DONE = state(terminated={"exitCode": 0, "reason": "Completed"})


@pytest.mark.parametrize(
    ("doc", "expected"),
    [
        (with_init(state(running={}), state(waiting={"reason": "PodInitializing"})), "Init:0/2"),
        (with_init(DONE, state(running={})), "Init:1/2"),
        (with_init(DONE, state(terminated={"exitCode": 3})), "Init:ExitCode:3"),
        (with_init(DONE, state(terminated={"exitCode": 1, "signal": 9})), "Init:Signal:9"),
        (
            with_init(state(terminated={"exitCode": 1, "reason": "Error"})),
            "Init:Error",
        ),
        (
            with_init(state(waiting={"reason": "CrashLoopBackOff"})),
            "Init:CrashLoopBackOff",
        ),
        (with_init(DONE, DONE, Initialized="True"), "PodInitializing"),
        (
            pod("x", status={"phase": "Failed", "reason": "Evicted", "containerStatuses": []}),
            "Evicted",
        ),
        (
            pod("x", metadata={"deletionTimestamp": "2026-11-22T21:31:00Z"}),
            "Terminating",
        ),
        (
            pod(
                "x",
                metadata={"deletionTimestamp": "2026-11-22T21:31:00Z"},
                status={"reason": "NodeLost"},
            ),
            "Unknown",
        ),
        (
            pod(
                "x",
                status={
                    "phase": "Pending",
                    "containerStatuses": [],
                    "conditions": [
                        {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}
                    ],
                },
            ),
            "SchedulingGated",
        ),
        (
            pod("x", status={"containerStatuses": [state(terminated={"exitCode": 2})]}),
            "ExitCode:2",
        ),
    ],
)
def test_status_words(doc, expected) -> None:
    assert summarise(read(doc)).status == expected


def test_one_container_done_and_one_running_is_running_only_if_ready() -> None:
    doc = pod("x")
    doc["spec"]["containers"].append({"name": "job"})
    doc["status"]["containerStatuses"].insert(0, {**DONE, "name": "job"})
    assert summarise(read(doc)).status == "Running"
    doc["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
    assert summarise(read(doc)).status == "NotReady"


def test_a_container_that_failed_says_more_than_one_that_is_done() -> None:
    doc = pod("x")
    failed = {**DONE, "name": "late", "state": {"terminated": {"exitCode": 137, "reason": "OOM"}}}
    doc["spec"]["containers"] += [{"name": "job"}, {"name": "late"}]
    doc["status"]["containerStatuses"] = [
        {**DONE, "name": "job"}, *doc["status"]["containerStatuses"], failed,
    ]  # fmt: skip
    assert summarise(read(doc)).status == "Running"
    doc["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
    assert summarise(read(doc)).status == "OOM"


def test_sidecars_count_as_containers() -> None:
    doc = pod("x")
    doc["spec"]["initContainers"] = [{"name": "mesh", "restartPolicy": "Always"}]
    doc["status"]["initContainerStatuses"] = [
        {
            "name": "mesh",
            "started": True,
            "ready": True,
            "restartCount": 2,
            "state": {"running": {}},
        }
    ]
    summary = summarise(read(doc))
    assert (summary.status, summary.ready, summary.total) == ("Running", 2, 2)
    assert summary.restarts == 2


def waiting(reason, message="", last=None, restarts=0):
    last_state = {"terminated": last} if last else {}
    return {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "False"}],
        "containerStatuses": [
            {
                "name": "app",
                "ready": False,
                "restartCount": restarts,
                "state": {"waiting": {"reason": reason, "message": message}},
                "lastState": last_state,
            }
        ],
    }


def restarted(finished: str):
    doc = pod("x")
    doc["status"]["containerStatuses"][0] |= {
        "restartCount": 1,
        "lastState": {
            "terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": finished}
        },
    }
    return doc


def unready(started: str):
    doc = pod("x", status={"conditions": [{"type": "Ready", "status": "False"}]})
    doc["status"]["containerStatuses"][0] |= {
        "ready": False,
        "state": {"running": {"startedAt": started}},
    }
    return doc


OOM = {"reason": "OOMKilled", "exitCode": 137, "finishedAt": "2026-11-22T21:30:00Z"}
JUST_NOW, LONG_AGO = "2026-11-22T21:30:40Z", "2026-11-22T20:00:00Z"


@pytest.mark.parametrize(
    ("doc", "health", "reason"),
    [
        (pod("x"), Health.OK, ""),
        (
            pod("x", status=waiting("CrashLoopBackOff", last=OOM, restarts=14)),
            Health.FAILING,
            "container app: OOMKilled (exit 137), restarted 14 times",
        ),
        (
            pod("x", status=waiting("ImagePullBackOff", 'Back-off pulling image "a:b"')),
            Health.FAILING,
            'container app: ImagePullBackOff: Back-off pulling image "a:b"',
        ),
        (
            pod("x", status=waiting("ContainerCreating")),
            Health.DEGRADED,
            "0 of 1 ready: waiting for app",
        ),
        (
            restarted(JUST_NOW),
            Health.DEGRADED,
            "container app: OOMKilled (exit 137), restarted 1 time",
        ),
        (restarted(LONG_AGO), Health.OK, ""),
        (unready(JUST_NOW), Health.PROGRESSING, "0 of 1 ready: waiting for app"),
        (unready(LONG_AGO), Health.DEGRADED, "0 of 1 ready: waiting for app"),
        (pod("x", status={"phase": "Succeeded"}), Health.IDLE, ""),
        (
            pod(
                "x",
                status={
                    "phase": "Failed",
                    "reason": "Evicted",
                    "message": "The node was low on memory.",
                    "containerStatuses": [],
                },
            ),
            Health.FAILING,
            "Evicted: The node was low on memory.",
        ),
        (
            pod("x", metadata={"deletionTimestamp": JUST_NOW}),
            Health.PROGRESSING,
            "",
        ),
        (
            pod("x", metadata={"deletionTimestamp": LONG_AGO}),
            Health.DEGRADED,
            "should be gone by now: a finalizer or its node holds it",
        ),
        (
            pod(
                "x",
                status={
                    "phase": "Pending",
                    "containerStatuses": [],
                    "conditions": [
                        {
                            "type": "PodScheduled",
                            "status": "False",
                            "reason": "Unschedulable",
                            "message": "0/3 nodes are available",
                        }
                    ],
                },
            ),
            Health.FAILING,
            "Unschedulable: 0/3 nodes are available",
        ),
    ],
)
def test_health_has_its_reason(doc, health, reason) -> None:
    parsed = read(doc)
    verdict = judge_pod(parsed, summarise(parsed), NOW)
    assert (verdict.health, verdict.reason) == (health, reason)


def test_a_verdict_that_time_changes_says_when() -> None:
    parsed = read(restarted(JUST_NOW))
    verdict = judge_pod(parsed, summarise(parsed), NOW)
    assert verdict.until is not None
    assert judge_pod(parsed, summarise(parsed), verdict.until).health is Health.OK


def test_text_of_a_container_cannot_reach_the_screen_raw() -> None:
    parsed = read(pod("x", status=waiting("Bad\x1b]52;c;x\x07", "two\nlines\x1b[31m")))
    verdict = judge_pod(parsed, summarise(parsed), NOW)
    assert verdict.status.isprintable()
    assert verdict.reason.isprintable()


STATES = st.fixed_dictionaries(
    {},
    optional={
        "waiting": st.fixed_dictionaries({"reason": st.sampled_from(["", "CrashLoopBackOff"])}),
        "running": st.just({"startedAt": JUST_NOW}),
        "terminated": st.fixed_dictionaries(
            {"exitCode": st.integers(0, 255)},
            optional={"reason": st.text(max_size=5), "finishedAt": st.just(JUST_NOW)},
        ),
    },
)
STATUSES = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["app", "b", "c"]),
            "state": STATES,
            "lastState": STATES,
            "ready": st.booleans(),
            "restartCount": st.integers(0, 99),
        }
    ),
    max_size=3,
)


@given(
    STATUSES,
    STATUSES,
    st.sampled_from(["Pending", "Running", "Succeeded", "Failed", "Unknown", ""]),
    st.booleans(),
)
def test_every_pod_has_a_verdict(init, main, phase, deleted) -> None:
    doc = merge(
        pod("x"),
        {
            "spec": {"initContainers": [{"name": "b"}, {"name": "c", "restartPolicy": "Always"}]},
            "status": {
                "phase": phase, "initContainerStatuses": init, "containerStatuses": main
            },
        },
    )  # fmt: skip
    if deleted:
        doc["metadata"]["deletionTimestamp"] = JUST_NOW
    parsed = read(doc)
    summary = summarise(parsed)
    verdict = judge_pod(parsed, summary, NOW)
    assert verdict.until is None or verdict.until > NOW
    assert summary.ready >= 0
    if verdict.health in (Health.DEGRADED, Health.FAILING):
        assert verdict.reason
