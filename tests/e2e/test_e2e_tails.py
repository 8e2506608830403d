"""Following logs while containers restart and pods are replaced: no line lost, none doubled."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing

import pytest

from backends.model import LogBatch, LogRequest, Resource, Restart
from tests.e2e.plane.api import Api
from tests.e2e.plane.eyes import Eyes, looking
from tests.e2e.plane.plane import Plane
from tests.e2e.plane.shown import Shown
from tests.e2e.running import DEADLINE, Apps

pytestmark = pytest.mark.usefixtures("kubelet")

LINE = re.compile(r"(\S+) run (\d+) (?:line (\d+)|ends with \d+)")


class Tail:
    """A log that is followed, sorted out by pod and run."""

    def __init__(self, batches: AsyncGenerator[LogBatch, None]) -> None:
        self._batches = batches
        self.lines: list[tuple[float, str, str]] = []
        self.problems: list[str] = []
        self.runs: dict[tuple[str, int], list[int]] = defaultdict(list)
        """Numbers of the lines of a run, in the order in which they came; -1: its last words."""

    async def until(self, seen: Callable[[Tail], object], what: str) -> None:
        """Read until something has been seen."""
        try:
            async with asyncio.timeout(DEADLINE):
                while not seen(self):
                    self._take(await anext(self._batches))
        except TimeoutError:
            runs = {key: (len(found), found[-1]) for key, found in self.runs.items()}
            raise AssertionError(f"{what} did not come: {runs}, {self.problems}") from None

    def _take(self, batch: LogBatch) -> None:
        if batch.problem is not None:
            self.problems.append(batch.problem.message)
        for line in batch.lines:
            self.lines.append((line.at, line.source, line.text))
            match = LINE.fullmatch(line.text)
            assert match is not None, line.text
            _, run, number = match.groups()
            self.runs[line.source, int(run)].append(-1 if number is None else int(number))

    def whole(self) -> dict[tuple[str, int], int]:
        """Return how many lines came of each run that has ended; all of them, once, in order."""
        ended = {}
        for key, numbers in self.runs.items():
            body = numbers[:-1] if numbers[-1] == -1 else numbers
            assert body == list(range(len(body))), (key, body)
            if numbers[-1] == -1:
                ended[key] = len(numbers)
        return ended

    def ended(self) -> set[tuple[str, int]]:
        """Return the runs whose last words came."""
        return {key for key, numbers in self.runs.items() if numbers[-1] == -1}


@pytest.fixture
async def eyes(plane: Plane) -> AsyncIterator[Eyes]:
    async with looking(plane.kubeconfig) as made:
        yield made


async def seen(eyes: Eyes, kind: str, namespace: str) -> Resource:
    """Return the row of ``web`` once something of it runs, or is to."""
    view = await eyes.on(kind, namespace)
    await view.until(
        lambda v: (
            "web" in v.named(namespace)
            and (kind != "pods" or v.named(namespace)["web"].status == "Running")
        )
    )
    return view.named(namespace)["web"]


async def test_a_tail_goes_on_across_restarts_of_a_container(
    api: Api, namespace: str, eyes: Eyes, shown: Shown
) -> None:
    apps = Apps(api, namespace)
    await apps.pod("web", log_rate="50", log_burst="20", back_off="2")
    web = await seen(eyes, "pods", namespace)
    async with aclosing(eyes.backend.logs(web, LogRequest(since=None))) as batches:
        tail = Tail(batches)
        for run in range(3):  # at once the first time, after two seconds the second
            await tail.until(
                lambda t, n=run: len(t.runs["web/app", n]) > 60, f"60 lines of run {run}"
            )
            await apps.annotate("web", kill=f"{run}")
        await tail.until(lambda t: ("web/app", 2) in t.ended(), "the end of the last run")
        ended = tail.whole()
    assert ended.keys() == {("web/app", 0), ("web/app", 1), ("web/app", 2)}
    assert not tail.problems
    assert tail.lines == sorted(tail.lines, key=lambda line: line[0])
    shown("a tail across restarts of a container: lines, none lost or doubled", len(tail.lines))


async def test_a_tail_goes_on_across_the_replacement_of_its_pods(
    api: Api, namespace: str, eyes: Eyes, shown: Shown
) -> None:
    apps = Apps(api, namespace)
    # The stop takes a while in which lines are written still.
    await apps.make("deployments", "web", 3, log_rate="20", stop_seconds="1")
    await apps.ready("deployments", "web", 3)
    web = await seen(eyes, "deployments", namespace)
    old = {pod["metadata"]["name"].rpartition("-")[2] for pod in await apps.of("web")}
    async with aclosing(eyes.backend.logs(web, LogRequest(since=None))) as batches:
        tail = Tail(batches)
        await tail.until(
            lambda t: all(len(t.runs[f"{pod}/app", 0]) > 30 for pod in old), "lines of old pods"
        )
        await eyes.backend.perform(Restart(web.ref))
        await tail.until(
            lambda t: {pod for pod in old if (f"{pod}/app", 0) in t.ended()} == old,
            "the last words of the old pods",
        )
        await tail.until(
            lambda t: sum(len(n) > 30 for key, n in t.runs.items() if key not in t.ended()) == 3,
            "lines of three new pods",
        )
        tail.whole()
    sources = {source.removesuffix("/app") for source, _ in tail.runs}
    new = {pod["metadata"]["name"].rpartition("-")[2] for pod in await apps.of("web")}
    assert sources == old | new
    assert not tail.problems
    shown("a tail across the replacement of pods: lines, none lost or doubled", len(tail.lines))


async def test_a_tail_catches_every_run_of_a_crash_loop(
    api: Api, namespace: str, eyes: Eyes, shown: Shown
) -> None:
    apps = Apps(api, namespace)
    await apps.make(
        "deployments", "web", 1,
        behaviour="crash-loop", back_off="2", log_burst="25", log_rate="0", start_seconds="1",
    )  # fmt: skip
    web = await seen(eyes, "deployments", namespace)
    async with aclosing(eyes.backend.logs(web, LogRequest(since=None))) as batches:
        tail = Tail(batches)
        await tail.until(lambda t: len(t.ended()) >= 3, "three runs")
        ended = tail.whole()
    assert sorted(run for _, run in ended)[:3] == [0, 1, 2]
    assert set(ended.values()) == {26}
    shown("every run of a crash loop in one tail", len(tail.lines))


async def test_a_part_of_a_log_is_what_kubectl_logs_gives(
    api: Api, namespace: str, eyes: Eyes, shown: Shown
) -> None:
    apps = Apps(api, namespace)
    await apps.pod("web", log_rate="0", log_burst="3000")
    web = await seen(eyes, "pods", namespace)

    async def read(request: LogRequest) -> list[int]:
        tail = Tail(eyes.backend.logs(web, request))
        async for batch in tail._batches:
            tail._take(batch)
        return tail.runs["web/app", 0]

    every = list(range(3000))
    assert await read(LogRequest(since=None, follow=False)) == every
    assert await read(LogRequest(since=None, follow=False, tail=7)) == every[-7:]
    assert await read(LogRequest(since=3600, follow=False, head=5)) == every[:5]
    shown("parts of a log: the last lines, the first lines, all of them", 3000)
