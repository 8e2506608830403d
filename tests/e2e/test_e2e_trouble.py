"""Pods in trouble: what Topdeck says of them is what kubectl says of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backends.model import Health, LogRequest, Resource
from tests.e2e.plane.api import Api
from tests.e2e.plane.eyes import Eyes, View, looking
from tests.e2e.plane.kubectl import Kubectl, needs_kubectl
from tests.e2e.plane.plane import Plane
from tests.e2e.plane.shown import Shown
from tests.e2e.running import Apps, notes, template

pytestmark = pytest.mark.usefixtures("kubelet")

LONG = "600"
"""A back-off that nothing here lives to see the end of: what is seen stays so."""

PODS: dict[str, tuple[str, dict[str, str], str, Health, str]] = {
    # name: policy, behaviour, kubectl's word, health, part of the reason
    "fine": ("Always", {}, "Running", Health.OK, ""),
    "crash": (
        "Always", {"behaviour": "crash-loop", "exit_code": "3", "back_off": LONG},
        "CrashLoopBackOff", Health.FAILING, "container app: Error (exit 3), restarted 1 time",
    ),
    "memory": (
        "Always", {"behaviour": "oom", "back_off": LONG},
        "CrashLoopBackOff", Health.FAILING, "container app: OOMKilled (exit 137), restarted 1 time",
    ),
    "memory-once": (
        "Never", {"behaviour": "oom"},
        "OOMKilled", Health.FAILING, "container app: OOMKilled (exit 137)",
    ),
    "pull": (
        "Always", {"behaviour": "image-pull-failure", "back_off": LONG},
        "ImagePullBackOff", Health.FAILING, 'Back-off pulling image "registry.test/shop/web:1"',
    ),
    "denied": (
        "Always", {"pull": "denied", "back_off": LONG},
        "ImagePullBackOff", Health.FAILING, "pull access denied",
    ),
    "done": ("Never", {"behaviour": "exits"}, "Completed", Health.IDLE, ""),
    "failed": (
        "Never", {"behaviour": "exits", "exit_code": "42"},
        "Error", Health.FAILING, "container app: Error (exit 42)",
    ),
    "unready": (
        "Always", {"behaviour": "never-ready"},
        "Running", Health.PROGRESSING, "0 of 1 ready: waiting for app",
    ),
    "slow": (
        "Always", {"start_seconds": LONG}, "ContainerCreating", Health.PROGRESSING, "",
    ),
    "stopped": (
        "Always", {"exit_after": "1", "exit_code": "143", "back_off": LONG},
        "CrashLoopBackOff", Health.FAILING, "container app: Error (exit 143), restarted 1 time",
    ),
}  # fmt: skip


def with_init(said: dict[str, str]) -> dict[str, Any]:
    """Return a pod whose init container behaves as is said."""
    made = template("init", **{f"{key}.prepare": value for key, value in said.items()})
    made["metadata"]["name"] = "init"
    made["spec"]["initContainers"] = [{"name": "prepare", "image": "registry.test/prepare:1"}]
    return made


async def all_there(eyes: Eyes, namespace: str, words: dict[str, str]) -> View:
    """Return the pods once all of them have come to where they stay."""
    view = await eyes.on("pods", namespace)
    return await view.until(
        lambda v: {name: row.status for name, row in v.named(namespace).items()} == words,
        f"{words}",
    )


@needs_kubectl
async def test_pods_in_every_trouble_are_as_kubectl_prints_them(
    plane: Plane, api: Api, namespace: str, shown: Shown, tmp_path: Path
) -> None:
    apps = Apps(api, namespace)
    await api.each(apps.pod(name, policy, **said) for name, (policy, said, _, _, _) in PODS.items())
    await api.post(apps.pods, with_init({"behaviour": "crash-loop", "back_off": LONG}))
    words = {name: case[2] for name, case in PODS.items()} | {"init": "Init:CrashLoopBackOff"}
    async with looking(plane.kubeconfig) as eyes:
        view = await all_there(eyes, namespace, words)
        kubectl = Kubectl(plane.kubeconfig, tmp_path)
        printed = {
            line["NAME"]: line
            for line in await kubectl.table("pods")
            if line["NAMESPACE"] == namespace
        }
        rows = view.named(namespace)
        assert printed.keys() == rows.keys()
        for name, row in rows.items():
            line = printed[name]
            restarts = line["RESTARTS"].split(" ")[0]
            assert (row.status, row.cells[2], str(row.cells[4])) == (
                line["STATUS"], line["READY"], restarts,
            ), name  # fmt: skip
        for name, (_, _, _, health, reason) in PODS.items():
            assert rows[name].health is health, rows[name]
            assert reason in rows[name].reason, rows[name]
        assert rows["init"].reason == "container prepare: Error (exit 1), restarted 1 time"
        shown("pods in every trouble: the words of kubectl", len(rows))
        await described(eyes, rows)


async def described(eyes: Eyes, rows: dict[str, Resource]) -> None:
    """Look at what is said of some of them at length."""
    found = await eyes.backend.describe(rows["memory"])
    text = "\n".join(
        " ".join(cells)
        for s in found.sections
        for cells in (*s.pairs, *s.rows, *((line,) for line in s.lines))
    )
    for word in ("OOMKilled", "137", "BackOff", "Container started", "Pulling image"):
        assert word in text
    found = await eyes.backend.describe(rows["pull"])
    text = "\n".join(" ".join(row) for s in found.sections for row in s.rows)
    assert "Failed to pull image" in text
    assert "registry.test/shop/web:1: not found" in text


async def test_containers_tell_their_exit_codes_and_their_last_end(
    plane: Plane, api: Api, namespace: str, shown: Shown
) -> None:
    apps = Apps(api, namespace)
    await apps.pod("memory", behaviour="oom", back_off=LONG)
    await apps.pod("failed", "Never", behaviour="exits", exit_code="42")
    async with looking(plane.kubeconfig) as eyes:
        await all_there(eyes, namespace, {"memory": "CrashLoopBackOff", "failed": "Error"})
        seen = {}
        for pod in ("memory", "failed"):
            view = await eyes.on("containers", namespace, eyes.ref("pods", namespace, pod))
            await view.until(lambda v: v.rows)
            (row,) = view.rows  # a pod's containers are a feed of their own
            seen[pod] = (row.status, row.cells[4], row.cells[5], row.cells[6], row.health)
    assert seen == {
        "memory": ("CrashLoopBackOff", 1, 137, "OOMKilled", Health.FAILING),
        "failed": ("Error", 0, 42, "Error", Health.FAILING),
    }
    shown("exit codes and last ends of containers", 2)


async def test_logs_say_why_there_are_none_and_what_the_run_before_said(
    plane: Plane, api: Api, namespace: str, shown: Shown
) -> None:
    apps = Apps(api, namespace)
    await apps.pod("pull", behaviour="image-pull-failure", back_off=LONG)
    await apps.pod("crash", behaviour="crash-loop", back_off=LONG, log_burst="3")
    await apps.pod("fine")
    words = {"pull": "ImagePullBackOff", "crash": "CrashLoopBackOff", "fine": "Running"}
    async with looking(plane.kubeconfig) as eyes:
        rows = (await all_there(eyes, namespace, words)).named(namespace)

        async def read(name: str, **asked: Any) -> tuple[list[str], list[str]]:
            lines, said = [], []
            request = LogRequest(since=None, follow=False, **asked)
            async for batch in eyes.backend.logs(rows[name], request):
                lines += [line.text for line in batch.lines]
                said += batch.notes
            return lines, said

        lines, said = await read("pull")
        assert not lines
        assert any("ImagePullBackOff" in note for note in said), said
        # While it waits to be restarted both are the run that ended last: as kubectl has it.
        last = [f"crash run 1 line {n}" for n in range(3)] + ["app run 1 ends with 1"]
        assert (await read("crash"))[0] == last
        assert (await read("crash", previous=True))[0] == last
        with_none = await read("fine", previous=True)
        assert with_none == ([], ["no container has run before: there is no previous log"])
    shown("logs of what does not run", 3)


async def test_a_pod_that_recovers_is_well_again(
    plane: Plane, api: Api, namespace: str, shown: Shown
) -> None:
    apps = Apps(api, namespace)
    await apps.make("deployments", "web", 2, behaviour="never-ready")
    async with looking(plane.kubeconfig) as eyes:
        pods, sets = await eyes.on("pods", namespace), await eyes.on("deployments", namespace)
        await pods.until(
            lambda v: (
                [(r.status, r.cells[2]) for r in v.within(namespace)] == [("Running", "0/1")] * 2
            )
        )
        await sets.until(lambda v: [r.ready for r in v.within(namespace)] == [0])
        for pod in await apps.of("web"):
            await api.patch(
                f"{apps.pods}/{pod['metadata']['name']}",
                {"metadata": {"annotations": notes({"ready_after": "0"})}},
            )
        await pods.until(
            lambda v: all(r.health is Health.OK for r in v.within(namespace)), "healthy pods"
        )
        await sets.until(
            lambda v: v.named(namespace)["web"].health is Health.OK, "a healthy deployment"
        )
        assert sets.named(namespace)["web"].ready == 2
    shown("pods that are not ready, and then are", 2)
