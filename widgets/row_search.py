"""The rows that a filter lets through, found a slice at a time and kept up to date."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from backends.model import Health, Ref, Resource
from widgets.row_filter import RowFilter, RowTest
from widgets.row_order import Batch, RowOrder
from widgets.row_texts import RowText, RowTexts

Over: TypeAlias = Callable[[], bool]
"""Says whether a slice of work is over."""

HANDFUL = 500
"""Rows whose texts are made between two looks at the clock: about a millisecond's worth."""


class RowSearch:
    """One filter over the rows of a `RowOrder`.

    It goes through the rows as they are when it begins, in their order. What changes meanwhile
    waits until it is through, and is looked at by itself.
    """

    def __init__(
        self, order: RowOrder, what: RowFilter, texts: RowTexts, among: Sequence[int] | None = None
    ) -> None:
        self.refs: list[Ref] = []
        """What is shown, in order."""
        self.hits: list[int] = []
        """Which rows of `texts` were let through, by their index."""
        self.texts: RowTexts | None = texts
        """What it reads; None once it needs no more of them."""
        self.health_counts = [0] * len(Health)
        """How many of the shown rows have each health, indexed by it."""
        self._order = order
        self._test = RowTest(what)
        self._among: Sequence[int] = range(len(texts.refs)) if among is None else among
        self._at = 0
        self._candidates: list[int] = []
        self._waiting: dict[Ref, None] = dict(texts.spoiled)
        self._let_through: dict[Ref, Resource] = {}
        self._known: set[Ref] | None = None

    @property
    def trouble(self) -> str:
        """What to say about rows that took too long; empty: nothing."""
        return self._test.trouble

    @property
    def undecided(self) -> int:
        """How many rows there was no time to look at yet."""
        return self._unread + len(self._waiting)

    @property
    def _unread(self) -> int:
        return len(self._among) - self._at + len(self._candidates)

    def shows(self, ref: Ref) -> bool:
        """Return whether a row that is there is shown."""
        if self._known is not None:
            return ref in self._known
        at = self._order.place(self._order.rows[ref], self.refs)
        return at < len(self.refs) and self.refs[at] == ref

    # Going through the rows

    def run(self, over: Over) -> bool:
        """Look at rows until `over`; return whether there are others."""
        if self._unread and self.texts is not None:
            self._read(self.texts, over)
        if not self._unread:
            self._catch_up(over)
        return self.undecided > 0

    def _read(self, texts: RowTexts, over: Over) -> None:
        while True:
            self._decide(texts, over)
            if self._candidates or not self._unread:
                return
            quick = self._test.quick and all(map(texts.ready, self._test.columns))
            if not quick and over():
                return
            rows = self._among[self._at : None if quick else self._at + HANDFUL]
            self._at += len(rows)
            for column in self._test.columns:
                texts.fill(column, rows[-1] + 1)
            found = self._test.sift(rows, texts.columns)
            if self._test.limited:
                self._candidates = list(reversed(found))
            else:
                self._take(texts, found)

    def _decide(self, texts: RowTexts, over: Over) -> None:
        """Look at the candidates one by one."""
        found: list[int] = []
        while self._candidates and not over():
            row = self._candidates.pop()
            if self._test.decide(row, texts.columns):
                found.append(row)
        self._take(texts, found)

    def _take(self, texts: RowTexts, rows: Sequence[int]) -> None:
        """Show rows that were found, but for those that have changed since."""
        self.hits += rows
        if texts.spoiled:
            rows = [row for row in rows if texts.refs[row] not in texts.spoiled]
        if not rows:
            return
        texts.fill_healths(rows[-1] + 1)
        healths = bytes(map(texts.healths.__getitem__, rows))
        for health in Health:
            self.health_counts[health] += healths.count(health)
        found = list(map(texts.refs.__getitem__, rows))
        self.refs += found
        if self._known is not None:
            self._known.update(found)

    def _catch_up(self, over: Over) -> None:
        """Look at the rows that have changed and that there was no time for."""
        found: dict[Ref, Resource] = {}
        waiting, self._waiting = self._waiting, {}
        for ref in waiting:
            resource = self._order.rows.get(ref)
            if resource is not None and self._passes(resource, over):
                found[ref] = resource
        self._show(found)

    # Keeping up with changes

    def leave(self, batch: Batch, over: Over) -> None:
        """Take out what a change takes out or moves; call it before the change is committed."""
        rows, known, moved = self._order.rows, self._shown(), batch.moved
        let_through: dict[Ref, Resource] = {}
        for changed in (batch.stayed, moved, batch.added):
            for ref, resource in changed.items():
                self._waiting.pop(ref, None)
                if self._unread:
                    self._waiting[ref] = None
                elif self._passes(resource, over):
                    let_through[ref] = resource
        leaving = []
        for ref in (*batch.gone, *batch.stayed, *moved):
            if ref in known:
                self.health_counts[rows[ref].health] -= 1
                if ref in moved or ref not in let_through:
                    leaving.append(ref)
        self.refs = self._order.leave(self.refs, leaving)
        known.difference_update(leaving)
        for ref in batch.gone:
            self._waiting.pop(ref, None)
        self._let_through = let_through

    def enter(self) -> None:
        """Put in what the change brings; call it once it is committed."""
        found, self._let_through = self._let_through, {}
        self._show(found)

    def rearrange(self) -> None:
        """Take over another order of the rows; nothing may be undecided."""
        known = self._shown()
        self.refs = list(filter(known.__contains__, self._order.refs))
        self.forget_texts()

    def forget_texts(self) -> None:
        """Let go of what was read; nothing may be undecided."""
        self.texts, self.hits = None, []
        self._among, self._at = (), 0

    def _shown(self) -> set[Ref]:
        if self._known is None:
            self._known = set(self.refs)
        return self._known

    def _show(self, found: Mapping[Ref, Resource]) -> None:
        """Show rows of which some may be shown already, as they were before."""
        if not found:
            return
        known = self._shown()
        for resource in found.values():
            self.health_counts[resource.health] += 1
        self.refs = self._order.enter(
            self.refs, [r for ref, r in found.items() if ref not in known]
        )
        known.update(found)

    def _passes(self, resource: Resource, over: Over) -> bool:
        """Return whether a row is let through; if there is no time, it is not yet."""
        if self._test.limited and over():
            self._waiting[resource.ref] = None
            return False
        text = RowText(resource, self._order.cells(resource), self._order.columns)
        return self._test.passes(text)
