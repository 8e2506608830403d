"""Output without a screen: the fleet board and `topdeck get` as text or JSON."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from typing import TextIO

import msgspec

from backends.base import BackendError, sentence
from backends.board import BOARD_KIND, Board
from backends.calls import CALLS_KIND
from backends.fleet import Fleet
from backends.model import FeedState, Kind, Problem, Ref, Resource
from backends.text import MAX_NAME, clean, escaped
from tui.call_rows import CallRows
from tui.cli import Options
from tui.commands import OWN_KINDS, CommandError, Vocabulary
from tui.compose import SourcesFor, attach_backends
from tui.offers import Wording, explained
from tui.query_rows import EverywhereRows
from tui.row_status import SourceStatus
from tui.rows import BoardRows, RowSource
from widgets.cells import RIGHT_ALIGNED, cell_text, fit, width_of
from widgets.row_filter import RowFilter
from widgets.row_view import RowView

POLL = 0.05
"""Seconds between looks at whether every feed has answered."""

WIDEST = 48
"""Cells of a column of plain text; longer text is cut."""


async def print_rows(
    fleet: Fleet, sources_for: SourcesFor, options: Options, out: TextIO | None = None
) -> int:
    """Print what `options` ask for to `out`, and return the exit code.

    0: every feed answered; 1: some did not, and standard error says which and why.
    """
    out = out or sys.stdout
    board = Board(fleet)
    try:
        await attach_backends(fleet, sources_for)
        kind = _kind(fleet, options.kind)
        board.open()
        complete = await _until(lambda: _settled(board), options.timeout)
        if kind is None:
            kind = await _asked(fleet, board, options.kind)
        source = _source(fleet, board, kind)
        rows, all_in = await _rows(source, options.timeout)
        shown, note = _arranged(rows, source, " ".join(options.words))
        if note:
            _say(f"filter: {note}")
        if options.output == "json":
            out.write(_json(shown, source) + "\n")
        else:
            _print_table(shown, source, fleet.clock.now(), out, of=len(rows))
        code = _report(fleet.failures, source.status(), complete=complete and all_in)
        # The board shows what failed among its rows: it did its job if it has any.
        return 0 if rows and not options.kind else code
    except BackendError as error:
        _say(str(error))
        return 1
    except CommandError as error:
        if fleet.failures:  # the kind may be one of a backend that could not be made
            nothing = SourceStatus(FeedState.LIVE, fleet.clock.now())
            return _report(fleet.failures, nothing, complete=True)
        _say(str(error))
        return 2
    finally:
        board.close()
        await fleet.close()


def _source(fleet: Fleet, board: Board, kind: Kind) -> RowSource:
    """Return every row of a kind. Calls are those that it took to fill the board."""
    if kind.id == BOARD_KIND.id:
        return BoardRows(board, fleet)
    if kind.id == CALLS_KIND.id:
        return CallRows(fleet)
    return EverywhereRows(fleet, board, kind)


def _kind(fleet: Fleet, word: str) -> Kind | None:
    """Return the kind that a word names; None where the clusters have to be asked for it."""
    if not word:
        return BOARD_KIND
    may_ask = any(fleet.discovers(root.scope) for root in fleet.roots)
    try:
        kind = Vocabulary(fleet.kinds.values()).kind(word)
    except CommandError:
        if may_ask:
            return None
        raise
    family = kind.id.partition("/")[0]
    looked_at = any(root.kind.startswith(f"{family}/") for root in fleet.roots)
    return kind if looked_at or kind in OWN_KINDS or not may_ask else None


async def _asked(fleet: Fleet, board: Board, word: str) -> Kind:
    """Ask the clusters for a kind; raises `CommandError` where none has it."""
    wording = Wording(fleet, board, "", None)
    problems = await wording.learn(word)
    try:
        kind = fleet.kind(wording.parse(word).kind)
    except CommandError as error:
        raise CommandError(explained(error, problems)) from error
    if kind is None:
        raise CommandError(f"{word!r} is no kind.")
    return kind


async def _until(done: Callable[[], bool], timeout: float) -> bool:
    """Wait until `done` says so; False if `timeout` seconds ran out before."""
    try:
        async with asyncio.timeout(timeout):
            while True:
                if done():
                    return True
                await asyncio.sleep(POLL)
    except TimeoutError:
        return False


def _settled(board: Board) -> bool:
    board.flush()
    return board.settled


async def _rows(source: RowSource, timeout: float) -> tuple[list[Resource], bool]:
    """Open a source and wait for its rows; the flag is False if the time ran out."""
    rows: dict[Ref, Resource] = {}

    def changed(new: Sequence[Resource], gone: Sequence[Ref]) -> None:
        rows.update({row.ref: row for row in new})
        for ref in gone:
            rows.pop(ref, None)

    changed(source.open(changed), ())
    complete = await _until(lambda: source.status().state is not FeedState.LOADING, timeout)
    return list(rows.values()), complete


def _arranged(
    rows: Sequence[Resource], source: RowSource, words: str
) -> tuple[list[Resource], str]:
    """Filter and sort as the table on the screen does: worst first, then by name; also return
    what was not understood of the filter, or took too long."""
    view = RowView()
    view.set_columns(source.columns, source.project)
    view.replace(rows)
    view.set_filter(RowFilter.parse(words, source.columns))
    return [row.resource for row in view.visible], view.note


def _json(rows: Sequence[Resource], source: RowSource) -> str:
    """Render rows as JSON: the address, the health, and the cells by column key."""
    made = [
        {
            "provider": row.ref.scope.provider,
            "profile": row.ref.scope.profile,
            "account": row.ref.scope.account,
            "region": row.ref.scope.region,
            "cluster": row.ref.scope.cluster,
            "namespace": row.ref.scope.namespace,
            "kind": row.ref.kind,
            "health": row.health.name.lower(),
            "reason": row.reason,
            **{
                column.key: cell
                for column, cell in zip(source.columns, source.project(row), strict=True)
            },
        }
        for row in rows
    ]
    return escaped(msgspec.json.format(msgspec.json.encode(made), indent=2).decode())


def _print_table(
    rows: Sequence[Resource], source: RowSource, now: float, out: TextIO, *, of: int
) -> None:
    """Print rows, those of all `of` that pass the filter, as plain text; none says why."""
    if of and not rows:
        out.write(f"None of {of} match{'es' * (of == 1)} the filter.\n")
        return
    if not rows and source.status().state is FeedState.LIVE and source.status().feeds:
        out.write(source.empty + "\n")
        return
    if not rows:
        return
    columns = [column for column in source.columns if not column.wide]
    picks = [index for index, column in enumerate(source.columns) if not column.wide]
    table = [[column.title.upper() for column in columns]]
    for row in rows:
        cells = source.project(row)
        table.append(
            [
                cell_text(cells[pick], column, row.health, now)
                for pick, column in zip(picks, columns, strict=True)
            ]
        )
    widths = [
        min(WIDEST, max(width_of(line[index]) for line in table)) for index in range(len(columns))
    ]
    # The last column is as long as it is: what a reason ends in is its remedy.
    widths[-1] = max(width_of(line[-1]) for line in table)
    for line in table:
        parts = [
            fit(text, width, right=column.format in RIGHT_ALIGNED)
            for text, width, column in zip(line, widths, columns, strict=True)
        ]
        out.write("  ".join(parts).rstrip() + "\n")


def _say(text: str) -> None:
    """Say something on standard error, which may be a terminal: what is quoted in it commands
    nothing there."""
    print(f"topdeck: {clean(text, 2 * MAX_NAME)}", file=sys.stderr)


def _report(problems: Sequence[Problem], status: SourceStatus, *, complete: bool) -> int:
    """Say on standard error what is missing from the output; return the exit code."""
    found = list(problems)
    if status.problem is not None and status.state is FeedState.STALE:
        found.append(status.problem)
    for problem in dict.fromkeys(found):
        _say(sentence(problem))
    if not complete:
        print(
            "topdeck: not everything answered in time; the list may be incomplete. "
            "Raise --timeout.",
            file=sys.stderr,
        )
    return 1 if found or not complete else 0
