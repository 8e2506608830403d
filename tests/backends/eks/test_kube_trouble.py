"""What a feed of a cluster makes of answers that are broken, endless, late or not its own."""

from __future__ import annotations

import asyncio
import json

import pytest
from aiohttp import web
from kube_docs import pod
from kube_help import until

from backends.base import Throttled
from backends.eks.errors import Act, from_status, read_status, told_to_wait
from backends.eks.pace import ASKED_MOST, Pace
from backends.model import FeedState


def live(shown) -> bool:
    return shown.last.status.state is FeedState.LIVE


def stale(shown) -> bool:
    return shown.last.status.state is FeedState.STALE


def answering(body: str, content_type: str):
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text=body, content_type=content_type)

    return answer


@pytest.mark.parametrize(
    ("body", "content_type", "said"),
    [
        ('{"items": [{"metadata": {"na', "application/json", "broken"),
        ("<html>Welcome to the guest network</html>", "text/html", "answers with a web page"),
    ],
)
async def test_a_list_that_makes_no_sense_makes_the_rows_stale(
    kube, watch, body, content_type, said
) -> None:
    kube.put("pods", pod("web-0"))
    feed = watch("k8s/pods")
    await feed.until(live)
    kube.script(answering(body, content_type), once=False)
    kube.cut()
    await feed.until(stale)
    problem = feed.shown.last.status.problem
    assert (problem.code, problem.action) == ("unreachable", "list pods")
    assert said in problem.message
    assert feed.shown.names == {"web-0"}
    kube.put("pods", pod("web-1"))
    kube.unscript()
    await feed.until(lambda s: live(s) and s.names == {"web-0", "web-1"})


async def test_a_listing_that_goes_in_a_circle_is_given_up(kube, watch) -> None:
    async def again(request: web.Request) -> web.Response:
        listed = {"metadata": {"resourceVersion": "1", "continue": "again"}, "items": []}
        return web.json_response({"kind": "PodList", "apiVersion": "v1", **listed})

    kube.script(again, once=False)
    feed = watch("k8s/pods")
    await feed.until(stale)
    problem = feed.shown.last.status.problem
    assert problem.message == "the listing does not end: the same page came twice"
    kube.unscript()
    await feed.until(live)


async def test_watches_that_break_before_they_tell_anything_lead_to_a_list(kube, watch) -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'{"type":"ADDED","obj')
        assert request.transport is not None
        request.transport.abort()
        return response

    kube.put("pods", pod("web-0"))
    feed = watch("k8s/pods")
    await feed.until(live)
    kube.script(half, watch=True, once=False)
    kube.cut()
    kube.put("pods", pod("web-1"))
    await feed.until(lambda s: s.names == {"web-0", "web-1"})


async def test_a_watch_that_died_without_a_word_is_found_out_once_its_rows_are_looked_at(
    kube, backend, watch
) -> None:
    """What is behind it is not an error: a new watch brings what the old one did not."""

    async def nothing(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await asyncio.Event().wait()
        return response

    backend._pace = backend._pace.__class__(quiet_seen=0.05, backoff=0.01, steady=0.0)
    kube.put("pods", pod("web-0"))
    kube.script(nothing, watch=True)
    feed = watch("k8s/pods")
    feed.demand.visible = False
    await feed.until(live)
    await until(lambda: len(kube.seen(watch=True)) == 1)
    kube.put("pods", pod("web-1"))
    feed.demand.visible = True
    await feed.until(lambda s: s.names == {"web-0", "web-1"})
    assert not any(c.status.state is FeedState.STALE for c in feed.shown.changes)
    probe = kube.seen(watch=True)[1]
    assert probe.query["timeoutSeconds"] == "3"


def test_a_servers_wish_to_wait_is_honoured_within_bounds() -> None:
    body = json.dumps({"kind": "Status", "code": 429, "message": "slow down"}).encode()
    asked = told_to_wait(read_status(429, body), "7")
    error = from_status(Act("list", "pods"), asked)
    assert isinstance(error, Throttled)
    assert error.retry_after == 7
    pace = Pace()
    assert pace.pause(1, error) == 7
    assert pace.pause(1, Throttled("list pods", "slow down", "wait", 86_400)) == ASKED_MOST
    assert told_to_wait(read_status(429, b"{}"), "Fri, 31 Dec 1999 23:59:59 GMT").details is None


def test_what_an_attempt_waited_is_not_waited_again() -> None:
    pace = Pace()
    assert pace.pause(50, spent=10.0) == 0.25
    assert 0.5 <= pace.pause(50, spent=2.0) <= 3.0
