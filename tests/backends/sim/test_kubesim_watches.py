"""Watches: events as they happen, bookmarks, selectors, and the ways in which they end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from kubesim import PODS, TABLE, Client, Lab, golden, serving, workload

from backends.sim.kube_face import watches
from backends.sim.kube_world import kinds


async def version(kube: Client, path: str = PODS) -> str:
    return str((await kube.get(path)).body["metadata"]["resourceVersion"])


async def take(events: AsyncIterator[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    return [await anext(events) for _ in range(number)]


async def test_a_watch_tells_what_happens_after_its_version() -> None:
    lab = Lab(workload(desired=1))
    async with serving(lab) as kube:
        rv = await version(kube)
        lab.respec(kinds.DEPLOYMENTS, "web", replicas=2)
        lab.run(10)
        events = kube.watch(f"{PODS}?watch=1&resourceVersion={rv}")
        added, *later = await take(events, 5)
        assert added["type"] == "ADDED"
        assert added["object"]["kind"] == "Pod"
        assert {e["type"] for e in later} == {"MODIFIED"}
        statuses = later[-1]["object"]["status"]["containerStatuses"]
        assert statuses[0]["ready"] is True
        name = added["object"]["metadata"]["name"]
        lab.cluster.lifecycle.delete_pod(lab.get(kinds.PODS, name))
        going = await anext(events)
        assert going["object"]["metadata"]["deletionTimestamp"]
        lab.run(5)
        kinds_seen = [going["type"]]
        async for event in events:
            if event["object"]["metadata"]["name"] == name:
                kinds_seen.append(event["type"])
            if event["type"] == "DELETED":
                break
        assert kinds_seen == ["MODIFIED", "MODIFIED", "MODIFIED", "DELETED"]
        rvs = [int(e["object"]["metadata"]["resourceVersion"]) for e in [added, *later, going]]
        assert rvs == sorted(rvs)


@pytest.mark.parametrize("start", ["", "&resourceVersion=0"])
async def test_without_a_version_a_watch_begins_with_what_is_there(start: str) -> None:
    async with serving(Lab(workload(desired=3))) as kube:
        events = await take(kube.watch(f"{PODS}?watch=true{start}"), 3)
        assert [e["type"] for e in events] == ["ADDED"] * 3


async def test_initial_events_end_with_a_marked_bookmark() -> None:
    async with serving(Lab(workload(desired=1))) as kube:
        query = (
            "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
            "&allowWatchBookmarks=true"
        )
        added, mark = await take(kube.watch(PODS + query), 2)
        assert added["type"] == "ADDED"
        wanted = golden("watch-forms")["sendInitialEvents"]
        wanted["object"]["metadata"]["resourceVersion"] = await version(kube)
        assert mark == wanted
        _, row = await take(kube.watch(PODS + query, **TABLE), 2)
        shape = golden("watch-forms")["sendInitialEvents as Table"]["object"]
        assert set(row["object"]) == set(shape)
        assert row["object"]["columnDefinitions"] is None
        assert set(row["object"]["rows"][0]) == {"cells", "object"}
        wrong = await kube.get(f"{PODS}?watch=1&sendInitialEvents=true")
        assert (wrong.status, wrong.body) == (
            422, golden("watch-forms")["sendInitialEvents without resourceVersionMatch"]
        )  # fmt: skip


async def test_bookmarks_come_now_and_then_where_asked_for() -> None:
    lab = Lab(workload(desired=1))
    async with serving(lab) as kube:
        rv = await version(kube)
        events = kube.watch(f"{PODS}?watch=1&allowWatchBookmarks=true&resourceVersion={rv}")
        silent = kube.watch(f"{PODS}?watch=1&timeoutSeconds=100&resourceVersion={rv}")
        waiting = asyncio.ensure_future(anext(silent, None))
        bookmark = asyncio.ensure_future(anext(events))
        await asyncio.wait({bookmark}, timeout=0.3)
        assert not bookmark.done()
        lab.run(watches.BOOKMARK_EVERY + 1)
        mark = await bookmark
        assert mark["type"] == "BOOKMARK"
        assert int(mark["object"]["metadata"]["resourceVersion"]) >= int(rv)
        assert not waiting.done()
        lab.run(60)
        assert await waiting is None


async def test_a_watch_ends_at_its_timeout() -> None:
    lab = Lab()
    async with serving(lab) as kube:
        rv = await version(kube)
        events = kube.watch(f"{PODS}?watch=1&timeoutSeconds=30&resourceVersion={rv}")
        ending = asyncio.ensure_future(anext(events, None))
        await asyncio.wait({ending}, timeout=0.3)
        assert not ending.done()
        lab.run(31)
        assert await ending is None


async def test_a_version_that_is_too_old_is_an_error_event_and_an_end() -> None:
    lab = Lab()
    async with serving(lab) as kube:
        rv = await version(kube)
        lab.cluster.expire_watches()
        for headers in ({}, TABLE):
            events = [
                e async for e in kube.watch(f"{PODS}?watch=1&resourceVersion={rv}", **headers)
            ]
            wanted = golden("watch-forms")["too old"]
            current = lab.cluster.state.versions.current
            wanted["object"]["message"] = f"too old resource version: {rv} ({current})"
            assert events == [wanted]


async def test_history_is_bounded() -> None:
    lab = Lab(workload(desired=1))
    pods = lab.cluster.state.of(kinds.PODS)
    pods.capacity = 5
    async with serving(lab) as kube:
        rv = await version(kube)
        for number in range(4):
            lab.annotate(kinds.DEPLOYMENTS, "web", str(number))
            lab.run(20)
        events = [e async for e in kube.watch(f"{PODS}?watch=1&resourceVersion={rv}")]
        assert [e["object"]["code"] for e in events] == [410]


async def test_open_watches_expire_and_break_off_on_request() -> None:
    lab = Lab()
    async with serving(lab) as kube:
        rv = await version(kube)
        path = f"{PODS}?watch=1&resourceVersion={rv}"
        expiring = asyncio.ensure_future(anext(kube.watch(path)))
        await asyncio.wait({expiring}, timeout=0.2)
        lab.cluster.expire_watches()
        assert (await expiring)["object"]["reason"] == "Expired"
        path = f"{PODS}?watch=1&resourceVersion={await version(kube)}"
        ending = asyncio.ensure_future(anext(kube.watch(path), None))
        await asyncio.wait({ending}, timeout=0.2)
        assert not ending.done()
        lab.cluster.disconnect_watches()
        assert await ending is None


async def test_what_leaves_a_selector_is_deleted_and_what_enters_is_added() -> None:
    lab = Lab(workload(desired=1))
    async with serving(lab) as kube:
        rv = await version(kube)
        pod = lab.pods()[0]
        for value in ("x", "web"):
            labels = {**pod["metadata"]["labels"], "mood": value}
            lab.put(kinds.PODS, {**pod, "metadata": {**pod["metadata"], "labels": labels}})
        left, entered = (c.version.rv for c in lab.cluster.state.of(kinds.PODS).since(int(rv)))
        path = f"{PODS}?watch=1&resourceVersion={{}}&labelSelector=mood%3Dx"
        gone = await anext(kube.watch(path.format(left)))
        assert gone["type"] == "DELETED"
        assert gone["object"]["metadata"]["labels"]["mood"] == "x"
        assert gone["object"]["metadata"]["resourceVersion"] == str(entered)
        added = await anext(kube.watch(path.format(rv)))
        assert added["type"] == "ADDED"


async def test_a_table_watch_sends_its_columns_once() -> None:
    lab = Lab(workload(desired=2))
    async with serving(lab) as kube:
        first, second = await take(kube.watch(f"{PODS}?watch=1", **TABLE), 2)
        assert first["object"]["kind"] == "Table"
        assert first["object"]["columnDefinitions"]
        assert second["object"]["columnDefinitions"] is None
        assert len(second["object"]["rows"]) == 1


async def test_a_version_that_is_no_number_is_an_internal_error() -> None:
    async with serving(Lab()) as kube:
        answer = await kube.get(f"{PODS}?watch=1&resourceVersion=abc")
        assert (answer.status, answer.body) == (500, golden("watch-forms")["bad resourceVersion"])


async def test_other_namespaces_are_not_told_of() -> None:
    lab = Lab(workload(desired=1), workload("other", desired=1, namespace="elsewhere"))
    async with serving(lab) as kube:
        rv = await version(kube)
        lab.cluster.lifecycle.delete_pod(lab.docs(kinds.PODS, "elsewhere")[0])
        lab.run(10)
        lab.cluster.lifecycle.delete_pod(lab.pods()[0])
        event = await anext(kube.watch(f"{PODS}?watch=1&resourceVersion={rv}"))
        assert event["object"]["metadata"]["namespace"] == "shop"


async def test_a_client_that_leaves_is_not_watched_for_any_longer() -> None:
    lab = Lab()
    async with serving(lab) as kube:
        rv = await version(kube)
        async with kube.session.get(f"{kube.base}{PODS}?watch=1&resourceVersion={rv}") as response:
            assert response.status == 200
            assert lab.cluster.state.watchers(kinds.PODS) == 1
            response.close()
        async with asyncio.timeout(5):
            while lab.cluster.state.watchers(kinds.PODS):
                await asyncio.sleep(0.01)
