"""/containerLogs of a kubelet."""

from __future__ import annotations

import asyncio
from datetime import datetime

from aiohttp import web

from backends.clock import Clock
from tests.e2e.kubelet.agent import Worker
from tests.e2e.kubelet.container import Container
from tests.e2e.kubelet.runlog import NANO, RunLog, select


def log_of(container: Container, pod: str, *, previous: bool) -> RunLog:
    """Return the log to serve, or raise what a kubelet answers.

    The rules and words of `validateContainerLogStatus` in kubelet_pods.go.
    """
    name, state = container.name, container.state
    if previous:
        found = container.previous_log
        if "waiting" in state:
            found = container.log
        if found is None or not container.last_state:
            raise _bad(f'previous terminated container "{name}" in pod "{pod}" not found')
        return found
    if container.log is not None:
        return container.log
    reason = state["waiting"]["reason"]
    why = {
        "ErrImagePull": "image can't be pulled",
        "ImagePullBackOff": "trying and failing to pull image",
    }.get(reason, reason)
    raise _bad(f'container "{name}" in pod "{pod}" is waiting to start: {why}')


def _bad(words: str) -> web.HTTPException:
    return web.HTTPBadRequest(text=words)


async def serve_log(request: web.Request, worker: Worker, clock: Clock) -> web.StreamResponse:
    """Answer a request for a container's log."""
    query, pod = request.query, request.match_info["pod"]
    name = request.match_info["container"]
    container = worker.machine.container(name)
    if container is None:
        raise web.HTTPNotFound(text=f'container "{name}" not found in pod "{pod}"')
    log = log_of(container, pod, previous=query.get("previous") == "true")
    tail = int(query["tailLines"]) if "tailLines" in query else None
    since: int | None = None
    if "sinceTime" in query:
        since = round(datetime.fromisoformat(query["sinceTime"]).timestamp() * NANO)
    elif "sinceSeconds" in query:
        since = round((clock.now() - float(query["sinceSeconds"])) * NANO)
    lines = log.lines(clock.now())
    sender = _Sender(request, int(query["limitBytes"]) if "limitBytes" in query else None)
    await sender.begin()
    first = select(lines, tail=tail, since=since)
    position = await sender.send(log, first, clock.now())
    while query.get("follow") == "true" and not sender.full:
        if log.ended is not None:
            await sender.send(log, position, clock.now())
            break
        await asyncio.sleep(min(log.next(clock.now()), 0.1))
        position = await sender.send(log, position, clock.now())
    await sender.answer.write_eof()
    return sender.answer


class _Sender:
    """Sends lines until nobody may have more."""

    def __init__(self, request: web.Request, limit: int | None) -> None:
        self.answer = web.StreamResponse(headers={"Content-Type": "text/plain"})
        self.full = False
        self._request = request
        self._left = limit
        self._timestamps = request.query.get("timestamps") == "true"

    async def begin(self) -> None:
        await self.answer.prepare(self._request)

    async def send(self, log: RunLog, position: int, now: float) -> int:
        """Send all lines from a position on; return the next position."""
        lines = log.lines(now)
        raw = b"".join(line.shown(timestamps=self._timestamps) for line in lines[position:])
        if self._left is not None:
            raw = raw[: self._left]
            self._left -= len(raw)
            self.full = self._left == 0
        if raw:
            await self.answer.write(raw)
        return len(lines)
