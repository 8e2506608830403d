"""Pod logs: what a container wrote, and how a log is refused."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from kubesim import PODS, Client, Lab, golden, serving, workload

from backends.sim.kube_world import kinds
from backends.sim.kube_world.columns import pod_status

STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z ")


async def text(kube: Client, name: str, query: str = "") -> str:
    answer = await kube.get(f"{PODS}/{name}/log?{query}", Accept="application/json")
    assert answer.status == 200, answer.raw
    assert answer.headers["Content-Type"].startswith("text/plain")
    return answer.raw.decode()


def first(lab: Lab, app: str = "web") -> str:
    return str(lab.pods(app)[0]["metadata"]["name"])


async def test_a_tail_is_the_end_of_the_whole() -> None:
    lab = Lab(workload(desired=1))
    async with serving(lab) as kube:
        whole = (await text(kube, first(lab), "sinceSeconds=900")).splitlines()
        assert len(whole) > 20
        assert (await text(kube, first(lab), "tailLines=7")).splitlines() == whole[-7:]
        assert await text(kube, first(lab), "tailLines=0") == ""
        assert (await text(kube, first(lab), "sinceSeconds=60")).splitlines() == whole[
            -len((await text(kube, first(lab), "sinceSeconds=60")).splitlines()) :
        ]


async def test_stamps_limits_and_start_times_are_honoured() -> None:
    lab = Lab(workload(desired=1))
    async with serving(lab) as kube:
        stamped = (await text(kube, first(lab), "tailLines=50&timestamps=true")).splitlines()
        assert all(STAMP.match(line) for line in stamped)
        assert stamped == sorted(stamped, key=lambda line: line[:30])
        plain = (await text(kube, first(lab), "tailLines=50")).splitlines()
        assert [STAMP.sub("", line) for line in stamped] == plain
        since = stamped[25][:30]
        later = await text(kube, first(lab), f"sinceTime={since}&timestamps=true")
        assert later.splitlines() == stamped[25:]
        assert len(await text(kube, first(lab), "limitBytes=10")) == 10


async def test_a_follower_is_told_of_new_lines_until_the_container_ends() -> None:
    lab = Lab(workload(desired=1))
    async with serving(lab) as kube:
        name = first(lab)
        path = f"{kube.base}{PODS}/{name}/log?follow=true&tailLines=1"
        async with kube.session.get(path) as response:
            old = await response.content.readline()
            lab.run(30)
            new = await response.content.readline()
            assert new != old
            lab.cluster.lifecycle.delete_pod(lab.get(kinds.PODS, name))
            lab.run(10)
            rest = await response.content.read()
        assert rest.endswith(b"\n")


async def test_a_follower_is_let_go_when_the_container_crashes() -> None:
    lab = Lab(workload(desired=1))
    async with serving(lab) as kube:
        path = f"{kube.base}{PODS}/{first(lab)}/log?follow=true&tailLines=1"
        async with kube.session.get(path) as response:
            await response.content.readline()
            lab.cluster.incident("crash-loop", "web")
            lab.until(lambda: lab.words() == ["Error"])
            rest = (await response.content.read()).decode()
        assert lab.words() == ["Error"]
        assert rest.endswith("KeyError: 'DATABASE_URL'\n")


async def test_every_container_has_its_own_log() -> None:
    lab = Lab(workload(desired=1, autoscaled=True))
    async with serving(lab) as kube:
        main = await text(kube, first(lab), "container=web&tailLines=20")
        proxy = await text(kube, first(lab), "container=proxy&tailLines=20")
        assert main != proxy
        unsaid = await kube.get(f"{PODS}/{first(lab)}/log")
        assert (unsaid.status, unsaid.body["message"]) == (
            400, f"a container name must be specified for pod {first(lab)}, choose one of: "
            "[web proxy]",
        )  # fmt: skip


async def test_the_previous_run_of_a_crashed_container_ends_in_its_last_words() -> None:
    lab = Lab(workload(desired=1))
    name = first(lab)
    async with serving(lab) as kube:
        refused = await kube.get(f"{PODS}/{name}/log?previous=true")
        wanted = golden("logs")["previous, none"]["body"]
        assert refused.body["message"] == wanted["message"].replace("web0", name).replace(
            '"app"', '"web"'
        )
        lab.cluster.incident("crash-loop", "web")
        lab.until(lambda: lab.words() == ["CrashLoopBackOff"], 200)
        between = await text(kube, name, "tailLines=1")
        lab.until(lambda: pod_status(lab.pods()[0]) == "Running", 100)
        previous = await text(kube, name, "previous=true")
        assert previous.endswith(between)
        assert "KeyError: 'DATABASE_URL'" in previous
        assert "KeyError: 'DATABASE_URL'" not in await text(kube, name)


async def refusal(kube: Client, name: str) -> Any:
    return (await kube.get(f"{PODS}/{name}/log")).body


async def test_a_log_that_can_not_be_yet_is_refused_in_the_kubelets_words() -> None:
    lab = Lab(workload("search", desired=1, incident="image-pull"), workload(desired=1))
    async with serving(lab) as kube:
        waiting = next(p for p in lab.pods("search") if pod_status(p) == "ImagePullBackOff")
        name = waiting["metadata"]["name"]
        wanted = golden("logs")["image cannot be pulled"]["body"]
        assert await refusal(kube, name) == {
            **wanted, "message": wanted["message"].replace("search-667c6b4c45-fkblc", name)
        }  # fmt: skip
        lab.annotate(kinds.DEPLOYMENTS, "web")
        lab.until(lambda: "ContainerCreating" in lab.words())
        young = next(p for p in lab.pods() if pod_status(p) == "ContainerCreating")
        name = young["metadata"]["name"]
        wanted = golden("logs")["still being created"]["body"]
        message = wanted["message"].replace('"app"', '"web"').replace("slow", name)
        assert await refusal(kube, name) == {**wanted, "message": message}


async def test_a_pod_on_no_node_has_no_log_at_all() -> None:
    lab = Lab(workload(desired=1, cpu=1024), nodes=1)
    lab.respec(kinds.DEPLOYMENTS, "web", replicas=20)
    lab.until(lambda: bool(lab.events("FailedScheduling")))
    name = next(p["metadata"]["name"] for p in lab.pods() if "nodeName" not in p["spec"])
    async with serving(lab) as kube:
        answer = await kube.get(f"{PODS}/{name}/log")
        assert (answer.status, answer.raw) == (204, b"")


@pytest.mark.parametrize("name", ["negative tailLines", "sinceSeconds and sinceTime"])
async def test_options_that_make_no_sense_are_refused(name: str) -> None:
    lab = Lab()
    pod = first(lab)
    wanted = golden("logs")[name]
    query = wanted["request"].split()[1].partition("?")[2]
    async with serving(lab) as kube:
        answer = await kube.get(f"{PODS}/{pod}/log?{query}")
    body = wanted["body"]
    body["message"] = body["message"].replace("web0", pod)
    body["details"]["name"] = pod
    assert (answer.status, answer.body) == (422, body)


async def test_lines_are_the_same_whoever_reads_them_when() -> None:
    lab = Lab(workload(desired=1))
    async with serving(lab) as kube:
        stamped = await text(kube, first(lab), "tailLines=30&timestamps=true")
        lab.run(5)
        later, again = await asyncio.gather(
            text(kube, first(lab), "tailLines=300&timestamps=true"),
            text(kube, first(lab), "tailLines=300&timestamps=true"),
        )
        assert later == again
        assert stamped in later
