"""The arithmetic of a rolling update keeps within its bounds and gets to its end."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from backends.sim.kube_world import rollout

TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": []}}
OTHER = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": ["old"]}}
BOUND = st.integers(0, 5) | st.integers(0, 100).map(lambda n: f"{n}%")


def deployment(replicas: int, surge: Any = "25%", unavailable: Any = "25%") -> dict[str, Any]:
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    return {
        "metadata": {"name": "web", "generation": 2, "annotations": {}},
        "spec": {"replicas": replicas, "template": TEMPLATE,
                 "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling},
                 "progressDeadlineSeconds": 600},
        "status": {},
    }  # fmt: skip


def replica_set(name: str, template: Any, replicas: int, available: int) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "uid": name, "annotations": {}, "creationTimestamp": name},
        "spec": {"replicas": replicas, "template": template},
        "status": {"replicas": replicas, "availableReplicas": available,
                   "readyReplicas": available, "terminatingReplicas": 0},
    }  # fmt: skip


@given(st.integers(0, 60), BOUND, BOUND)
def test_a_rollout_can_always_move(replicas: int, surge: Any, unavailable: Any) -> None:
    most, least = rollout.fenceposts(deployment(replicas, surge, unavailable))
    assert most >= 0
    assert least >= 0
    assert most + least > 0


@given(st.integers(1, 40), BOUND, BOUND, st.data())
def test_a_rollout_keeps_its_bounds_and_ends(
    replicas: int, surge: Any, unavailable: Any, data: st.DataObject
) -> None:
    doc = deployment(replicas, surge, unavailable)
    more, fewer = rollout.fenceposts(doc)
    old, new = replica_set("a", OTHER, replicas, replicas), replica_set("b", TEMPLATE, 0, 0)
    for _ in range(8 * replicas + 20):
        total = old["spec"]["replicas"] + new["spec"]["replicas"]
        assert total <= replicas + more
        new["spec"]["replicas"] = rollout.room_for_new(doc, total, new["spec"]["replicas"])
        for target, size in rollout.scale_downs(doc, [old], new):
            target["spec"]["replicas"] = size
        old["status"]["availableReplicas"] = old["spec"]["replicas"]
        assert (
            old["status"]["availableReplicas"] + new["status"]["availableReplicas"]
            >= replicas - fewer
        )
        arrived = data.draw(st.integers(0, 3)) + 1
        ready = min(new["status"]["availableReplicas"] + arrived, new["spec"]["replicas"])
        new["status"]["availableReplicas"] = ready
        if (old["spec"]["replicas"], ready) == (0, replicas):
            return
    raise AssertionError("the rollout did not end")


def test_a_rollout_that_fails_keeps_the_old_pods() -> None:
    doc = deployment(4)
    old, new = replica_set("a", OTHER, 4, 4), replica_set("b", TEMPLATE, 0, 0)
    for _ in range(20):
        total = old["spec"]["replicas"] + new["spec"]["replicas"]
        new["spec"]["replicas"] = rollout.room_for_new(doc, total, new["spec"]["replicas"])
        for target, size in rollout.scale_downs(doc, [old], new):
            target["spec"]["replicas"] = size
            target["status"]["availableReplicas"] = size
    assert (old["spec"]["replicas"], new["spec"]["replicas"]) == (3, 2)


@given(st.integers(0, 40), st.integers(1, 20), st.integers(1, 20))
def test_a_new_size_is_shared_out_in_proportion(wanted: int, first: int, second: int) -> None:
    doc = deployment(wanted)
    sets = [replica_set("a", OTHER, first, first), replica_set("b", TEMPLATE, second, second)]
    for s in sets:
        s["metadata"]["annotations"] = {
            rollout.MAXIMUM: str(first + second), rollout.DESIRED: str(first + second)
        }  # fmt: skip
    shares = rollout.proportions(doc, sets, sets[1])
    allowed = wanted + rollout.fenceposts(doc)[0] if wanted else 0
    assert sum(size for _, size in shares) == allowed
    assert all(size >= 0 for _, size in shares)


def test_a_template_is_the_same_whatever_its_hash() -> None:
    hashed = {**TEMPLATE, "metadata": {"labels": {"app": "web", rollout.HASH: "abc"}}}
    found = rollout.current_set(deployment(1), [replica_set("a", hashed, 1, 1)])
    assert found is not None
