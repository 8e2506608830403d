"""Verbs on everything that is marked: target, confirm, call, answer, for several at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from backends.batch import Outcome, perform_all
from backends.model import Operation, Ref, Resource, Restart, Scale, Verb
from widgets.fit import plural
from widgets.outcome_dialog import OutcomeDialog
from widgets.scale_plan import unit_of
from widgets.scale_together import ScaleTogether
from widgets.together import ConfirmTogether, Selection

if TYPE_CHECKING:
    from tui.screens.browse import BrowseScreen

MOST = 100
"""Resources that something is done to at once: more than one reads through is not asked about."""

NAMED = 3
"""Names that a notice gives before it only counts."""

PATIENCE = 0.5
"""Seconds after which it is said that operations are on their way."""


def restart(screen: BrowseScreen) -> None:
    """Ask about all that are marked, and request a rolling restart of each."""
    able, selection = _chosen(screen, Verb.RESTART)
    if able:
        screen.run_worker(_restart(screen, able, selection), group="verb", exclusive=True)


async def _restart(screen: BrowseScreen, able: Sequence[Resource], selection: Selection) -> None:
    title = f"Restart {_counted(screen, able)}"
    noun = unit_of(able[0].ref).noun
    effects = (
        f"Every {noun} of each is replaced by a rolling deployment of the same version. "
        "New ones start before old ones stop, as far as its deployment settings allow.",
    )
    dialog = ConfirmTogether(title, selection, effects, confirm=f"Restart {len(able)}")
    if await screen.app.push_screen_wait(dialog):
        send(screen, "Restart", [Restart(row.ref, row.uid) for row in able])


def scale(screen: BrowseScreen) -> None:
    """Ask for one new desired count for all that are marked, and request it of each."""
    able, selection = _chosen(screen, Verb.SCALE)
    if able:
        screen.run_worker(_scale(screen, able, selection), group="verb", exclusive=True)


async def _scale(screen: BrowseScreen, able: Sequence[Resource], selection: Selection) -> None:
    title = f"Scale {_counted(screen, able)}"
    dialog = ScaleTogether(title, able, selection, screen.fleet.scale_info)
    desired = await screen.app.push_screen_wait(dialog)
    if desired is not None:
        changing = [row for row in able if dialog.current(row.ref) != desired]
        operations = [
            Scale(row.ref, dialog.current(row.ref) or 0, desired, row.uid) for row in changing
        ]
        send(screen, f"Scale to {desired:,}", operations)


def _chosen(screen: BrowseScreen, verb: Verb) -> tuple[Sequence[Resource], Selection]:
    """Return the marked resources that a verb applies to, and how a dialog shows them; none,
    once it has been said why."""
    table = screen.table
    marked = table.marked
    able = [row for row in marked if verb in _verbs(screen, row.ref)]
    left_out = {
        row.ref: f"A {_kind(screen, row.ref)} has no {verb.value}."
        for row in marked
        if verb not in _verbs(screen, row.ref)
    }
    if not able or len(able) > MOST:
        told = f"No marked row has a {verb.value}. Nothing is sent."
        if able:
            told = f"{len(able):,} are marked, and {MOST} at most are changed at once."
        screen.notify(told, severity="warning", markup=False)
        return (), Selection(())
    hidden = frozenset(table.marked_hidden) & {row.ref for row in able}
    current, note = table.current, ""
    if current is not None and not table.is_marked(current.ref):
        note = f"Nothing happens to the cursor's row, {current.ref.name}: it is not marked."
    return able, Selection(tuple(row.ref for row in able), hidden, note, left_out)


def _verbs(screen: BrowseScreen, ref: Ref) -> frozenset[Verb]:
    kind = screen.fleet.kind(ref.kind)
    return kind.verbs if kind is not None else frozenset()


def _kind(screen: BrowseScreen, ref: Ref) -> str:
    kind = screen.fleet.kind(ref.kind)
    return kind.singular if kind is not None else "resource"


def _counted(screen: BrowseScreen, rows: Sequence[Resource]) -> str:
    """Return how many of what: ``3 marked services``."""
    kinds = {_kind(screen, row.ref) for row in rows}
    return plural(len(rows), f"marked {kinds.pop() if len(kinds) == 1 else 'workload'}")


def send(screen: BrowseScreen, what: str, operations: Sequence[Operation]) -> None:
    """Send operations, each once, and say what became of them. It goes on when the screen is
    left; those that were accepted are no longer marked."""
    work = _send(screen, what, operations)
    screen.app.run_worker(work, name=f"send {what}", group="together")


async def _send(screen: BrowseScreen, what: str, operations: Sequence[Operation]) -> None:
    app = screen.app
    told = f"{what}: {len(operations)} are being requested ..."
    notice = app.set_timer(PATIENCE, lambda: app.notify(told, timeout=3, markup=False))
    try:
        outcomes = await perform_all(screen.fleet.perform, operations)
    finally:
        notice.stop()
    done = [each.operation.ref for each in outcomes if each.accepted is not None]
    if screen.children:
        screen.table.unmark(done)
    _report(screen, what, outcomes, done)


def _report(
    screen: BrowseScreen, what: str, outcomes: Sequence[Outcome], done: Sequence[Ref]
) -> None:
    title = f"{what}: {len(done)} of {len(outcomes)} requested"
    refused = {e.operation.ref: e.problem for e in outcomes if e.problem is not None}
    if refused:
        note = "Nothing is tried again by itself. What was not accepted stays marked."
        screen.app.push_screen(OutcomeDialog(title, note, refused))
    else:
        screen.app.notify(f"{title}: {_named(done)}", markup=False)


def _named(refs: Sequence[Ref]) -> str:
    names = ", ".join(ref.name for ref in refs[:NAMED])
    return names + (f" and {len(refs) - NAMED} more" if len(refs) > NAMED else "")


def gone_marks(refs: Sequence[Ref]) -> str:
    """Return that marked resources are gone."""
    one = len(refs) == 1
    return f"{_named(refs)} {'is' if one else 'are'} gone, and no longer marked."
