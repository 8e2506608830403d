"""A reflector keeps up: pages, events, broken streams, expired versions, garbage."""

from __future__ import annotations

import asyncio
import json

import pytest
from aiohttp import web
from kube_docs import deployment, pod
from kube_fake import FakeKube, status

from backends.eks.pace import Pace
from backends.model import FeedState

PODS = "/api/v1/pods"


def live(shown) -> bool:
    return shown.last.status.state is FeedState.LIVE


async def test_pages_are_shown_as_they_come_and_then_all_is_live(kube, watch) -> None:
    kube.page = 2
    for number in range(5):
        kube.put("pods", pod(f"web-{number}"))
    seen_first = asyncio.Event()

    async def not_before_the_first_was_shown(request: web.Request) -> None:
        if "continue" in request.query:
            await seen_first.wait()

    kube.script(not_before_the_first_was_shown, watch=False, once=False)
    feed = watch("k8s/pods")
    shown = await feed.until(lambda s: s.rows)
    assert shown.changes[0].resync
    assert shown.last.status.state is FeedState.LOADING
    assert shown.names == {"web-0", "web-1"}
    assert (shown.last.status.loaded, shown.last.status.total) == (2, 5)

    seen_first.set()
    await feed.until(live)
    assert shown.names == {f"web-{n}" for n in range(5)}
    asked = [r.query for r in kube.seen(watch=False)]
    assert [q.get("continue") for q in asked] == [None, "2", "4"]
    assert all(q["limit"] == "500" for q in asked)


async def test_events_change_rows(kube, watch) -> None:
    kube.put("deployments", deployment("web"))
    feed = watch("k8s/deployments")
    await feed.until(live)
    kube.put("deployments", deployment("api"))
    await feed.until(lambda s: s.names == {"web", "api"})
    kube.put("deployments", deployment("api", replicas=7))
    await feed.until(lambda s: any(r.desired == 7 for r in s.rows.values()))
    kube.remove("deployments", "shop", "web")
    await feed.until(lambda s: s.names == {"api"})
    assert len(kube.seen(watch=False)) == 1


async def test_a_watch_that_ends_goes_on_from_where_it_was(kube, watch) -> None:
    async def one_event(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        made = kube.put("pods", pod("web-1"))
        await response.write(json.dumps({"type": "ADDED", "object": made}).encode() + b"\n")
        return response

    kube.put("pods", pod("web-0"))
    kube.script(one_event, watch=True)
    feed = watch("k8s/pods")
    await feed.until(lambda s: len(s.names) == 2 and len(kube.seen(watch=True)) == 2)
    listed, resumed = (int(r.query["resourceVersion"]) for r in kube.seen(watch=True))
    assert resumed == kube.version > listed
    assert len(kube.seen(watch=False)) == 1


async def test_a_bookmark_moves_the_version_on_and_nothing_else(kube, watch) -> None:
    async def only_a_bookmark(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        bookmark = {
            "kind": "Pod",
            "metadata": {"resourceVersion": "777"},
            "spec": {"containers": None},
        }
        line = json.dumps({"type": "BOOKMARK", "object": bookmark})
        await response.write(line.encode() + b"\n")
        return response

    kube.put("pods", pod("web-0"))
    kube.script(only_a_bookmark, watch=True)
    feed = watch("k8s/pods")
    await feed.until(lambda s: len(kube.seen(watch=True)) == 2)
    assert kube.seen(watch=True)[1].query["resourceVersion"] == "777"
    assert kube.seen(watch=True)[0].query["allowWatchBookmarks"] == "true"
    assert feed.shown.names == {"web-0"}


GONE = {"kind": "Status", "status": "Failure", "reason": "Expired", "code": 410}


def gone_as_event() -> web.Response:
    return web.Response(body=json.dumps({"type": "ERROR", "object": GONE}).encode() + b"\n")


@pytest.mark.parametrize("form", [gone_as_event(), status(410, "Gone")], ids=["event", "status"])
async def test_an_expired_version_lists_again_without_a_blank_moment(kube, watch, form) -> None:
    kube.put("pods", pod("web-0"))
    kube.put("pods", pod("web-1"))
    feed = watch("k8s/pods")
    before = await feed.until(live)
    kept = next(row for row in before.rows.values() if row.ref.name == "web-1")
    mark = len(before.changes)
    kube.page = 1
    kube.forget_silently("pods", "shop", "web-0")
    kube.script(form, watch=True)
    kube.cut()
    shown = await feed.until(lambda s: s.names == {"web-1"})
    assert len(kube.seen(watch=False)) == 2
    assert all(c.upserts for c in shown.changes[mark:] if c.resync)
    assert next(iter(shown.rows.values())) is kept  # unchanged, so the very same row


async def test_after_a_continue_token_expired_nothing_is_shown_that_is_gone(kube, watch) -> None:
    kube.page = 2
    for number in range(4):
        kube.put("pods", pod(f"web-{number}"))

    async def expired(request: web.Request) -> web.StreamResponse | None:
        if "continue" not in request.query:
            kube.script(expired, path=PODS, watch=False)
            return None
        # web-0 was shown with the first page, and goes before the second.
        kube.forget_silently("pods", "shop", "web-0")
        return status(410, "Expired", metadata={"continue": "1"})

    kube.script(expired, path=PODS, watch=False)
    shown = await watch("k8s/pods").until(live)
    assert [(r.query.get("continue"), "limit" in r.query) for r in kube.seen(watch=False)] == [
        (None, True), ("2", True), (None, False),
    ]  # fmt: skip
    assert shown.names == {"web-1", "web-2", "web-3"}


async def test_a_failing_list_is_retried_and_rows_stay(kube, watch) -> None:
    kube.put("pods", pod("web-0"))
    feed = watch("k8s/pods")
    await feed.until(live)
    at = feed.shown.last.status.at
    kube.script(status(500, "InternalError", "etcd is down"), watch=False, once=False)
    kube.script(gone_as_event(), watch=True)
    kube.cut()
    shown = await feed.until(lambda s: s.last.status.state is FeedState.STALE)
    assert shown.names == {"web-0"}
    assert shown.last.status.at >= at
    problem = shown.last.status.problem
    assert problem is not None
    assert (problem.code, problem.action) == ("unreachable", "list pods")
    assert "etcd is down" in problem.message
    kube.unscript()
    await feed.until(live)


async def test_a_silent_watch_makes_rows_stale_that_are_then_listed(kube, backend, watch) -> None:
    backend._pace = backend._pace.__class__(silence=0.1, backoff=0.01, backoff_max=0.05, steady=0.0)
    kube.put("pods", pod("web-0"))
    feed = watch("k8s/pods")
    shown = await feed.until(lambda s: s.last.status.state is FeedState.STALE)
    problem = shown.last.status.problem
    assert problem is not None
    assert (problem.action, problem.message) == ("watch pods", "nothing was heard for 0 s")
    kube.put("pods", pod("web-1"))
    await feed.until(lambda s: s.names == {"web-0", "web-1"})
    assert feed.shown.last.status.state is FeedState.STALE
    kube.bookmark("pods")
    await feed.until(live)


async def test_lines_that_arrive_in_pieces_are_put_together(kube, watch) -> None:
    async def pieces(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        made = [kube.put("pods", pod(f"web-{n}")) for n in range(3)]
        whole = b"".join(
            json.dumps({"type": "ADDED", "object": doc}).encode() + b"\n" for doc in made
        )
        for begin in range(0, len(whole), 97):
            await response.write(whole[begin : begin + 97])
            await asyncio.sleep(0)
        await asyncio.Event().wait()
        return response

    kube.script(pieces, watch=True)
    feed = watch("k8s/pods")
    await feed.until(lambda s: s.names == {"web-0", "web-1", "web-2"})
    assert len(kube.seen(watch=True)) == 1


@pytest.mark.parametrize("line", [b'{"type":"ADDED","obj', b"<html>proxy</html>", b"\x00\xff"])
async def test_a_line_that_is_no_event_leads_to_a_new_list(kube, watch, line) -> None:
    kube.put("pods", pod("web-0"))
    kube.script(web.Response(body=line + b"\n"), watch=True)
    feed = watch("k8s/pods")
    shown = await feed.until(lambda s: len(kube.seen(watch=False)) == 2 and live(s))
    assert shown.names == {"web-0"}
    whole = [c for c in shown.changes if c.resync and c.status.state is not FeedState.LOADING]
    assert all("web-0" in {r.ref.name for r in c.upserts} for c in whole)


async def test_an_object_that_cannot_be_read_does_not_hide_the_others(kube, watch) -> None:
    kube.put("deployments", deployment("web"))
    bad = deployment("bad")
    bad["spec"]["replicas"] = "three"
    kube.put("deployments", bad)
    feed = watch("k8s/deployments")
    shown = await feed.until(lambda s: live(s) and s.last.status.problem)
    assert shown.names == {"web"}
    assert "1 of them could not be read" in shown.last.status.problem.message
    kube.put("deployments", deployment("bad"))
    await feed.until(lambda s: s.names == {"web", "bad"})


async def test_what_is_deleted_and_cannot_be_read_is_gone_all_the_same(kube, watch) -> None:
    kube.put("deployments", deployment("web"))
    kube.put("deployments", deployment("bad"))
    feed = watch("k8s/deployments")
    await feed.until(lambda s: live(s) and len(s.rows) == 2)
    kube.objects["deployments"]["shop", "bad"]["spec"]["replicas"] = "three"
    kube.remove("deployments", "shop", "bad")
    await feed.until(lambda s: s.names == {"web"})


async def test_a_list_that_is_no_list_is_a_problem(kube, watch) -> None:
    kube.script(web.Response(body=b"<html>login</html>"), watch=False)
    kube.put("pods", pod("web-0"))
    feed = watch("k8s/pods")
    await feed.until(lambda s: s.names == {"web-0"})


async def test_a_connection_that_is_refused_is_stale_with_a_remedy(kube, watch) -> None:
    await kube.stop()
    feed = watch("k8s/pods")
    shown = await feed.until(lambda s: s.last.status.state is FeedState.STALE)
    problem = shown.last.status.problem
    assert problem.code == "unreachable"
    assert "refuses connections" in problem.message
    assert problem.remedy
    kube._runner = (await FakeKube().start())._runner  # so that the fixture has one to stop


async def test_changes_are_coalesced(kube, watch) -> None:
    feed = watch("k8s/pods")
    await feed.until(live)
    mark = len(feed.shown.changes)
    for round_ in range(20):
        for number in range(50):
            kube.put("pods", pod(f"web-{number}", spec={"nodeName": f"node-{round_}"}))
    shown = await feed.until(
        lambda s: len(s.rows) == 50 and all("node-19" in row.cells for row in s.rows.values())
    )
    sent = sum(len(c.upserts) for c in shown.changes[mark:])
    assert sent < 1000  # of 1,000 events


async def test_a_heartbeat_tells_the_age(kube, watch, clock) -> None:
    feed = watch("k8s/pods")
    feed_changes = feed.shown.changes
    await feed.until(live)
    clock.advance(3)
    kube.bookmark("pods")
    before = len(feed_changes)
    await feed.until(lambda s: s.last.status.at == clock.now())
    assert feed_changes[before].upserts == ()


def test_backoff_grows_to_a_limit() -> None:
    pace = Pace()
    assert pace.pause(1) <= 0.5
    assert 1.0 <= pace.pause(3) <= 2.0
    assert 2.5 <= pace.pause(50) <= 5.0
