"""Scaling, restarting and rolling out, against real controllers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from backends.base import Conflict
from backends.model import Health, Ref, Restart, Rollout, RolloutState, Scale
from tests.e2e.kubelet.process import Kubelet
from tests.e2e.plane.api import Api
from tests.e2e.plane.eyes import Eyes, looking
from tests.e2e.plane.plane import Plane
from tests.e2e.plane.shown import Shown
from tests.e2e.running import IMAGE, MISSING, Apps, follow

pytestmark = pytest.mark.usefixtures("kubelet")


@pytest.fixture
async def apps(api: Api, namespace: str) -> Apps:
    return Apps(api, namespace)


@pytest.fixture
async def eyes(plane: Plane) -> AsyncIterator[Eyes]:
    async with looking(plane.kubeconfig) as made:
        yield made


async def test_a_deployment_is_scaled_up_to_none_and_back(
    apps: Apps, eyes: Eyes, shown: Shown
) -> None:
    await apps.make("deployments", "web", 2)
    await apps.ready("deployments", "web", 2)
    view = await eyes.on("deployments", apps.namespace)
    ref = eyes.ref("deployments", apps.namespace, "web")
    await view.until(lambda v: ref in v.shelf.rows)
    now = 2
    for wanted in (7, 0, 3):
        row = view.shelf.rows[ref]
        accepted = await eyes.backend.perform(Scale(ref, now, wanted, row.uid))
        assert accepted.summary == f"{now} -> {wanted} requested"
        states = await follow(eyes.backend, ref)
        assert states[-1].state is RolloutState.SETTLED, states
        assert states[-1].summary == f"{wanted} of {wanted} pods ready"
        await view.until(lambda v, n=wanted: (v.shelf.rows[ref].ready or 0) == n)
        # Pods that are on their way out no longer count for the deployment.
        await apps.api.until(apps.pods, lambda found, n=wanted: len(found["items"]) == n)
        info = await eyes.backend.scale_info(view.shelf.rows[ref])
        assert (info.desired, info.running, info.pending) == (wanted, wanted, 0)
        now = wanted
    assert view.shelf.rows[ref].health is Health.OK
    shown("a deployment scaled up, to none, and back", 3)


async def test_a_restart_replaces_every_pod_and_is_seen_to_the_end(
    apps: Apps, eyes: Eyes, shown: Shown
) -> None:
    await apps.make("deployments", "web", 4)
    await apps.ready("deployments", "web", 4)
    before = {pod["metadata"]["uid"] for pod in await apps.of("web")}
    ref = eyes.ref("deployments", apps.namespace, "web")
    await eyes.backend.perform(Restart(ref))
    states = await follow(eyes.backend, ref)
    assert states[-1].state is RolloutState.SETTLED
    assert sides(states) >= {"new", "old"}
    # Of all that is told the latest 20 are kept: which they are is a matter of moments.
    told = {e.text for state in states for e in state.events}
    assert any(re.search(r"(Created|Deleted) pod: web-|replica set web-", text) for text in told)
    events = await apps.api.list(f"/api/v1/namespaces/{apps.namespace}/events")
    objects = [(event["involvedObject"], event) for event in events]
    assert told <= {
        f"{of['kind']} {of['name']}: {event['reason']}: {event['message']}" for of, event in objects
    }
    await apps.api.until(apps.pods, lambda found: len(found["items"]) == 4)
    assert not before & {pod["metadata"]["uid"] for pod in await apps.of("web")}
    shown("a restart followed to its end", 4)


def sides(states: list[Rollout]) -> set[str]:
    return {revision.role for state in states for revision in state.revisions}


async def test_another_incarnation_of_a_name_is_left_alone(apps: Apps, eyes: Eyes) -> None:
    await apps.make("deployments", "web", 1)
    old = (await apps.api.get(apps.path("deployments", "web")))["metadata"]["uid"]
    await apps.api.delete(apps.path("deployments", "web"))
    await apps.api.until(apps.path("deployments", "web"), lambda found: found is None)
    await apps.make("deployments", "web", 1)
    ref = eyes.ref("deployments", apps.namespace, "web")
    for operation in (Scale(ref, 1, 5, old), Restart(ref, old)):
        with pytest.raises(Conflict):
            await eyes.backend.perform(operation)
    found = await apps.api.get(apps.path("deployments", "web"))
    assert found["spec"]["replicas"] == 1
    assert "annotations" not in found["spec"]["template"]["metadata"]


PATIENCE = {"progressDeadlineSeconds": 3}
"""How long these rollouts may stand still: short, and long enough to be seen under way."""

CRASHING = {"behaviour": "crash-loop", "exit_code": "3", "ready_after": "never"}


@pytest.mark.parametrize(
    ("image", "said", "trouble"),
    [
        (MISSING, {}, "ImagePullBackOff"),
        (IMAGE, CRASHING, "Error (exit 3), restarted"),
        (IMAGE, {"behaviour": "never-ready"}, ""),
    ],
    ids=["an image that is not there", "a crash loop", "never ready"],
)
async def test_a_rollout_that_fails_is_shown_so_and_undone(
    apps: Apps, eyes: Eyes, shown: Shown, image: str, said: dict[str, str], trouble: str
) -> None:
    await apps.make("deployments", "web", 3, PATIENCE)
    await apps.ready("deployments", "web", 3)
    good = (await apps.api.get(apps.path("deployments", "web")))["spec"]["template"]
    view = await eyes.on("deployments", apps.namespace)
    ref = eyes.ref("deployments", apps.namespace, "web")
    await apps.change("deployments", "web", image, **said)
    states = await follow(eyes.backend, ref)
    last = states[-1]
    assert last.state is RolloutState.FAILED
    assert last.summary.startswith(
        "progress deadline exceeded (ProgressDeadlineExceeded): 1 of 3 new pods, 3 ready"
    )
    assert trouble in last.summary
    new, old = last.revisions
    assert (new.role, new.running, old.role, old.running) == ("new", 0, "old", 3)
    assert new.image == image
    assert new.failed == (1 if trouble else 0)
    await view.until(lambda v: v.shelf.rows[ref].health >= Health.DEGRADED, "a failed rollout")
    assert view.shelf.rows[ref].reason.startswith("progress deadline exceeded")

    # Undone as `kubectl rollout undo` does it: the template is that of the revision before.
    undo = [{"op": "replace", "path": "/spec/template", "value": good}]
    await apps.api.patch(apps.path("deployments", "web"), undo, "json")
    states = await follow(eyes.backend, ref)
    assert states[-1].state is RolloutState.SETTLED
    await view.until(lambda v: v.shelf.rows[ref].health is Health.OK, "a healthy deployment")
    assert [r.image for r in states[-1].revisions] == [IMAGE]
    shown(f"a rollout that fails ({trouble or 'never ready'}) and is undone", 3)


async def test_a_stateful_set_scales_restarts_in_order_and_says_so(
    apps: Apps, eyes: Eyes, shown: Shown
) -> None:
    await apps.make("statefulsets", "db", 2)
    await apps.ready("statefulsets", "db", 2)
    view = await eyes.on("statefulsets", apps.namespace)
    ref = eyes.ref("statefulsets", apps.namespace, "db")
    await eyes.backend.perform(Scale(ref, 2, 3))
    states = await follow(eyes.backend, ref)
    assert (states[-1].state, states[-1].summary) == (RolloutState.SETTLED, "3 of 3 pods ready")
    before = {p["metadata"]["name"]: p["metadata"]["uid"] for p in await apps.of("db")}
    assert before.keys() == {"db-0", "db-1", "db-2"}
    await eyes.backend.perform(Restart(ref))
    states = await follow(eyes.backend, ref)
    assert states[-1].state is RolloutState.SETTLED
    assert sides(states) == {"new", "old"}
    told = [state.summary for state in states]
    assert any(said.endswith("of 3 pods updated") for said in told), told
    after = {p["metadata"]["name"]: p["metadata"]["uid"] for p in await apps.of("db")}
    assert after.keys() == before.keys()
    assert not set(after.values()) & set(before.values())
    await view.until(lambda v: v.shelf.rows[ref].health is Health.OK)
    shown("a stateful set scaled and restarted", 3)


async def test_a_daemon_set_restarts_on_every_node(
    apps: Apps, eyes: Eyes, kubelet: Kubelet, shown: Shown
) -> None:
    count = len(kubelet.names)
    await apps.make("daemonsets", "agent", None)
    await apps.ready("daemonsets", "agent", count)
    before = {pod["metadata"]["uid"] for pod in await apps.of("agent")}
    ref = eyes.ref("daemonsets", apps.namespace, "agent")
    await eyes.backend.perform(Restart(ref))
    states = await follow(eyes.backend, ref)
    assert states[-1].state is RolloutState.SETTLED
    assert states[-1].summary == f"{count} of {count} pods available"
    now = await apps.of("agent")
    assert {pod["spec"]["nodeName"] for pod in now} == set(kubelet.names)
    assert not before & {pod["metadata"]["uid"] for pod in now}
    shown("a daemon set restarted", count)


async def test_operations_at_the_same_time_do_not_get_mixed_up(
    apps: Apps, eyes: Eyes, shown: Shown
) -> None:
    wanted = {f"web-{i}": i % 4 for i in range(12)}
    await asyncio.gather(*(apps.make("deployments", name, 1) for name in wanted))
    view = await eyes.on("deployments", apps.namespace)
    await view.until(lambda v: len(v.within(apps.namespace)) == len(wanted))
    rows = view.named(apps.namespace)

    async def scale(ref: Ref, uid: str, desired: int) -> Rollout:
        await eyes.backend.perform(Scale(ref, 1, desired, uid))
        return (await follow(eyes.backend, ref))[-1]

    ends = await asyncio.gather(
        *(scale(rows[name].ref, rows[name].uid, count) for name, count in wanted.items())
    )
    assert {end.ref.name: end.state for end in ends} == dict.fromkeys(wanted, RolloutState.SETTLED)
    await view.until(lambda v: {r.ref.name: r.ready or 0 for r in v.rows
                                if r.ref.scope.namespace == apps.namespace} == wanted)  # fmt: skip
    shown("a dozen deployments scaled at the same time", len(wanted))
