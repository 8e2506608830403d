"""A namespace that is deleted while Topdeck shows what is in it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager

import pytest

from backends.base import NotFound
from backends.model import FeedState, LogBatch, LogRequest, Problem, RolloutState, Scale
from tests.e2e.plane.api import Api
from tests.e2e.plane.eyes import looking
from tests.e2e.plane.plane import Plane
from tests.e2e.plane.shown import Shown
from tests.e2e.running import DEADLINE, Apps, follow

pytestmark = pytest.mark.usefixtures("kubelet")


class Tail:
    """A log that is read in the background, whatever else happens."""

    def __init__(self, batches: AsyncGenerator[LogBatch, None]) -> None:
        self._batches = batches
        self.lines: list[str] = []
        self.sources: set[str] = set()
        self.problems: list[Problem] = []

    @property
    def last_words(self) -> int:
        """How many containers have said that they end."""
        return sum("ends with" in line for line in self.lines)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """Read for as long as the block runs, and until the last words of all pods are in."""
        task = asyncio.create_task(self._read())
        try:
            yield
            await self.until(lambda: self.last_words == 3 or task.done(), "the last words")
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def until(self, seen: Callable[[], object], what: str) -> None:
        """Wait for something to be read."""
        try:
            async with asyncio.timeout(DEADLINE):
                while not seen():
                    await asyncio.sleep(0.05)
        except TimeoutError:
            said = f"{self.sources}, {self.last_words} last words, {self.problems}"
            raise AssertionError(f"{what} did not come: {said}") from None

    async def _read(self) -> None:
        async with aclosing(self._batches) as batches:
            async for batch in batches:
                self.lines += [line.text for line in batch.lines]
                self.sources |= {line.source for line in batch.lines}
                self.problems += [batch.problem] if batch.problem is not None else []


KINDS = ("pods", "deployments", "replicasets", "statefulsets", "daemonsets", "events")


async def test_a_namespace_that_is_deleted_goes_with_all_that_is_in_it(
    plane: Plane, api: Api, shown: Shown
) -> None:
    async with (
        api.namespace(f"e2e-{uuid.uuid4().hex[:8]}") as going,
        api.namespace(f"e2e-{uuid.uuid4().hex[:8]}") as staying,
        looking(plane.kubeconfig) as eyes,
    ):
        views = {kind: await eyes.on(kind) for kind in KINDS}
        spaces = await eyes.on("namespaces")
        for namespace in (going, staying):
            apps = Apps(api, namespace)
            # Slow enough in ending for it to be seen.
            await apps.make("deployments", "web", 3, stop_seconds="2", log_rate="10")
            await apps.make("statefulsets", "db", 1)
            await apps.make("daemonsets", "agent", None)
        for namespace in (going, staying):
            await Apps(api, namespace).ready("deployments", "web", 3)
            await Apps(api, namespace).ready("statefulsets", "db", 1)
        for kind in KINDS:
            await views[kind].until(lambda v: v.within(going) and v.within(staying), kind)
        deployments = views["deployments"]
        web = deployments.named(going)["web"]
        kept = {row.uid for row in deployments.within(staying)}

        tail = Tail(eyes.backend.logs(web, LogRequest(since=60)))
        async with tail.reading():
            await tail.until(lambda: len(tail.sources) == 3, "lines of all three pods")
            await api.delete(f"/api/v1/namespaces/{going}")
            await spaces.until(
                lambda v: any(r.ref.name == going and r.status == "Terminating" for r in v.rows),
                "a namespace that is terminating",
            )
            await views["pods"].until(
                lambda v: any(r.status == "Terminating" for r in v.within(going)),
                "pods that are terminating",
            )
            await views["pods"].until(lambda v: not v.within(going), "no pods any more")
        assert not tail.problems
        assert tail.last_words == 3
        for kind in KINDS:
            await views[kind].until(lambda v: not v.within(going), f"no {kind} any more")
        await spaces.until(lambda v: going not in {r.ref.name for r in v.rows}, "one less")
        for view in (*views.values(), spaces):
            assert view.status.state is FeedState.LIVE
            assert {s.state for s in view.statuses} <= {FeedState.LOADING, FeedState.LIVE}
        assert {row.uid for row in deployments.within(staying)} == kept

        with pytest.raises(NotFound):
            await eyes.backend.perform(Scale(web.ref, 3, 4, web.uid))
        with pytest.raises(NotFound):
            await eyes.backend.describe(web)
        with pytest.raises(NotFound):
            await follow(eyes.backend, web.ref)
        (state,) = await follow(eyes.backend, deployments.named(staying)["web"].ref)
        assert state.state is RolloutState.SETTLED
        shown("a namespace deleted with all that is in it, and no other", len(KINDS))
