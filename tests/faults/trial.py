"""One round of trouble: clusters have their faults, the operator looks on, the faults end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from backends.base import BackendError, sentence
from backends.board import BOARD_KIND
from backends.fleet import Subscription
from backends.model import FeedState, Query, Resource, Scale
from tests.faults.keys import Keys, KeysInTerminal, Pressing, send
from tests.faults.lab import CONTROL, Lab
from tests.faults.outcome import Outcome, expectations
from tests.faults.tails import Tail
from tests.faults.truth import SCALED, STEADY
from tests.tui.app_help import Operator, operating
from widgets.command_bar import CommandBar
from widgets.resource_table import ResourceTable

KINDS = {"ecs": ("ecs/services", "ecs:UpdateService"), "eks": ("k8s/deployments", "patch scale")}
"""What is looked at on each backend, and the action that scales it."""

DEADLINE = 60.0
"""Seconds that anything may take to come true."""

LAST_WORDS = 5.0
"""Seconds that are waited for the lines of a log of which the tail said that some of it ended."""

_SEEN = next(i for i, column in enumerate(BOARD_KIND.columns) if column.key == "updated")


class Trial:
    """One application over one lab."""

    def __init__(self, lab: Lab, operator: Operator, keys: Pressing) -> None:
        self.lab = lab
        self.operator = operator
        self.keys = keys
        self.feeds: dict[str, Subscription] = {}
        self.tails: dict[str, Tail] = {}
        self.kind, self.action = KINDS[lab.backend]
        self._comparisons: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Show every cluster's workloads in one table, and tail the log of one in each."""
        board, wanted = self.operator.app.board, set(self.lab.names)
        await self.until(lambda: wanted <= {c.ref.name for c in board.clusters}, "all clusters")
        for cluster in board.clusters:
            query = Query(cluster.ref.scope, self.kind)
            self.feeds[cluster.ref.name] = self.operator.app.fleet.open(query, visible=False)
        await self.show("everywhere")
        await self.until(lambda: all(len(f.shelf.rows) == 2 for f in self.feeds.values()), "rows")
        for name in self.lab.names:
            self.tails[name] = Tail(self.operator.app.fleet, self.row(name, STEADY))
        await self.until(lambda: all(t.live and t.lines for t in self.tails.values()), "logs")

    async def show(self, where: str) -> None:
        """Go to the table of all workloads (``everywhere``), or to the ``board``."""
        self.keys.paused = True
        kind = self.kind.partition("/")[2]
        command = {"everywhere": f"{kind} @all", "board": "board"}[where]
        screen = self.operator.browse
        send(self.operator, "colon")
        await self.until(
            lambda: any(bar.has_focus_within for bar in screen.query(CommandBar)),
            "the command line",
        )
        send(self.operator, *("space" if c == " " else "at" if c == "@" else c for c in command))
        send(self.operator, "enter")
        wanted = self.kind if where == "everywhere" else BOARD_KIND.id
        least = len(self.lab.names)
        await self.until(lambda: self.operator.browse.place.kind == wanted, where)
        await self.until(lambda: self._filled(least), f"rows {where}")
        self.keys.paused = False

    def _filled(self, least: int) -> bool:
        screen = self.operator.browse
        return bool(screen.query(ResourceTable)) and screen.table.total >= least

    def row(self, name: str, workload: str) -> Resource:
        return next(r for r in self.feeds[name].shelf.rows.values() if r.ref.name == workload)

    def counts(self, name: str) -> dict[str, tuple[int, int]]:
        """Return (ready, desired) of a cluster's workloads as the table has them."""
        scope = self.feeds[name].query.scope
        return {
            row.ref.name: (row.ready or 0, row.desired or 0)
            for row in self.operator.browse.table.resources
            if row.ref.scope.cluster == scope.cluster
        }

    def state(self, name: str) -> tuple[str, str, str]:
        """Return how a cluster's feed is: live, slowed or stale; the code, and the cause."""
        status = self.feeds[name].shelf.status
        assert status is not None
        problem = status.problem
        code, said = (problem.code, problem.message) if problem else ("", "")
        if status.state is FeedState.LIVE:
            return ("slowed" if problem else "live"), code, said
        return status.state.value, code, said

    async def until(self, condition: Callable[[], object], what: str) -> None:
        try:
            async with asyncio.timeout(DEADLINE):
                while not condition():
                    await asyncio.sleep(0.05)
        except TimeoutError:
            seen = self.operator.seen()
            raise AssertionError(f"{self.lab.backend}: did not come true: {what}\n{seen}") from None

    async def round(
        self, names: Sequence[str], expected: Callable[[str], set[str]], lasts: float
    ) -> list[Outcome]:
        """Let some clusters have their faults for so long; return what came of it.

        `expected` says which states and codes a fault is to lead to; where ``live`` is among
        them nothing is waited for.
        """
        outcomes = {name: Outcome(name, self.lab.backend) for name in names}
        began, wall = time.perf_counter(), time.time()
        doors = [self.lab.doors[name] for name in names]
        for door in doors:
            door.arrived.clear()
            door.passed.clear()
        await asyncio.gather(*(self.lab.strike(name) for name in names))
        await asyncio.gather(
            *(self.lab.truth.scale(name, 3) for name in (*names, CONTROL)),
            *(self._notice(outcomes[name], expected(name), began) for name in names),
        )
        changes = [asyncio.create_task(self._change(outcomes[name])) for name in names]
        others = await self._others()
        await self._board(outcomes)
        await asyncio.gather(*changes)
        await asyncio.sleep(max(0.0, lasts - (time.perf_counter() - began)))
        for outcome in outcomes.values():
            outcome.kept &= set(self.counts(outcome.fault)) == {STEADY, SCALED}
            outcome.others = others and self.state(CONTROL)[0] == "live"
        await asyncio.gather(*(self.lab.lift(name) for name in names))
        lifted = time.perf_counter()
        await asyncio.gather(*(self._recover(o, lifted) for o in outcomes.values()))
        ended = time.perf_counter()
        until = time.time()
        for outcome in outcomes.values():
            comparing = self._compare(outcome, wall - 2, until)
            self._comparisons.append(asyncio.create_task(comparing))
        for outcome in outcomes.values():
            outcome.keys = self.keys.longest(began, ended)
            outcome.usual = self.keys.usual(began, ended)
            door = self.lab.doors[outcome.fault]
            outcome.arrived = sum(self.action == r.action for r in door.arrived)
            outcome.passed = sum(self.action == r.action for r in door.passed)
        return list(outcomes.values())

    async def _notice(self, outcome: Outcome, expected: set[str], began: float) -> None:
        """Wait until a fault is shown."""
        name = outcome.fault
        if "live" not in expected:
            await self.until(
                lambda: self.state(name)[0] == "stale" and self.state(name)[1] in expected,
                f"{name} shown as one of {expected}, but {self.state(name)}",
            )
            outcome.noticed = time.perf_counter() - began
        outcome.state, outcome.code, outcome.said = self.state(name)
        outcome.kept = set(self.counts(name)) == {STEADY, SCALED}

    async def _change(self, outcome: Outcome) -> None:
        """Scale a workload of a cluster that is in trouble."""
        row = self.row(outcome.fault, SCALED)
        operation = Scale(row.ref, row.desired or 0, 4, row.uid)
        try:
            accepted = await self.operator.app.fleet.perform(operation)
            outcome.answer = f"accepted: {accepted.summary}"
        except BackendError as error:
            outcome.answer = f"{error.code}: {sentence(error.problem)}"

    async def _others(self) -> bool:
        """Whether the cluster that was left alone is live and follows its server."""
        await self.until(lambda: self.counts(CONTROL).get(SCALED, (0, 0))[1] == 3, "3 wanted")
        await self.lab.truth.scale(CONTROL, 1)
        await self.until(lambda: self.counts(CONTROL)[SCALED] == (1, 1), "the other cluster moves")
        return self.state(CONTROL)[0] == "live"

    async def _board(self, outcomes: dict[str, Outcome]) -> None:
        """See what the board says of each cluster, and come back."""
        await self.show("board")
        for name, outcome in outcomes.items():
            if outcome.state == "stale":
                await self.until(
                    lambda name=name: "stale" in self._on_board(name).status,  # type: ignore[misc]
                    f"{name} stale on the board",
                )
            row = self._on_board(name)
            outcome.board = f"{row.status}: {row.reason}"
            seen = row.cells[_SEEN]
            outcome.age = time.time() - seen if isinstance(seen, float) else 0.0
        await self.show("everywhere")

    def _on_board(self, name: str) -> Resource:
        rows = self.operator.browse.table.resources
        return next(row for row in rows if row.ref.name == name)

    async def _recover(self, outcome: Outcome, lifted: float) -> None:
        """Wait until a cluster's rows are live and those of its server."""
        name = outcome.fault
        while time.perf_counter() - lifted < DEADLINE:
            truth = await self.lab.truth.counts(name)
            if self.state(name)[0] == "live" and self.counts(name) == truth:
                if outcome.back < 0:
                    outcome.back = time.perf_counter() - lifted
                if all(ready == desired for ready, desired in truth.values()):
                    outcome.equal = True
                    return
            await asyncio.sleep(0.1)
        outcome.said += f" (and then {self.state(name)}, {self.counts(name)} of {truth})"

    async def compared(self) -> None:
        """Wait until every log of the rounds so far has been compared with its tail."""
        await asyncio.gather(*self._comparisons)

    async def _compare(self, outcome: Outcome, since: float, until: float) -> None:
        """Compare a tail with the log, once it has got as far as `until`."""
        tail = self.tails[outcome.fault]
        ended = any("log ends" in mark for mark in tail.marks)
        deadline = time.perf_counter() + (LAST_WORDS if ended else DEADLINE)
        while not tail.over and tail.newest < until and time.perf_counter() < deadline:
            await asyncio.sleep(0.1)
        outcome.log = await tail.verdict(self.lab, outcome.fault, since, until)
        await tail.close()

    async def close(self) -> None:
        for task in self._comparisons:
            task.cancel()
        await asyncio.gather(*(tail.close() for tail in self.tails.values()))
        for feed in self.feeds.values():
            feed.close()


async def rounds(
    backend: str,
    groups: Sequence[Sequence[str]],
    folder: Path,
    *,
    timeout: float,
    lasts: Callable[[Sequence[str]], float],
    terminal: bool = False,
    told: Callable[[Outcome], None] = lambda _outcome: None,
) -> list[Outcome]:
    """Run one application through groups of faults; those of a group strike together.

    Keys are pressed in it or, as users do, in a `terminal` of its own, where neither the simulator
    nor the doors nor what looks on is on the same loop.
    """
    names = [*(name for group in groups for name in group), CONTROL]
    outcomes: list[Outcome] = []
    async with AsyncExitStack() as stack:
        lab = await stack.enter_async_context(Lab(backend, names, folder, timeout=timeout))
        operator = await stack.enter_async_context(
            operating(lab.sources, folder / "state", size=(160, 24 + 2 * len(names)))
        )
        pressing = KeysInTerminal(lab) if terminal else Keys(operator)
        keys = await stack.enter_async_context(pressing)
        trial = Trial(lab, operator, keys)
        stack.push_async_callback(trial.close)
        await trial.open()
        for group in groups:
            found = await trial.round(group, expectations(backend), lasts(group))
            outcomes += found
            for outcome in found:
                told(outcome)
        await trial.compared()
    return outcomes
