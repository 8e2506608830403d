"""Changes of the fleet are shown in the real table, and not what merely arrives."""

from __future__ import annotations

from pathlib import Path

import msgspec
from app_help import Operator, demo_sources, operating

from backends.model import Resource
from backends.sim.server import SimServer


async def services(operator: Operator) -> None:
    await operator.on_row("shop-prod")
    await operator.press("enter")
    await operator.on_row("cart")


async def scaled(operator: Operator) -> Resource:
    """Scale a service up by one, as an operator does; return it as it was."""
    row = operator.browse.table.current
    assert row is not None
    await operator.press("s")
    await operator.until(lambda: "new count" in operator.seen(), "the dialog")
    await operator.until(lambda: "asking" not in operator.seen(), "the counts")
    await operator.press("up", "enter", "y")

    def differs() -> bool:
        found = operator.browse.table.find(row.ref)
        return found is not None and found.desired != row.desired

    await operator.until(differs, "it is seen")
    return row


async def test_a_live_change_is_shown_and_what_arrives_is_not(operator: Operator) -> None:
    await services(operator)
    table = operator.browse.table
    assert len(table._changes) == 0
    # What changes while rows first arrive is not told from their arrival.
    operator.browse._arriving = 0.0
    row = await scaled(operator)
    ready = [column.key for column in operator.browse.source.columns].index("ready")

    def shown() -> dict[int, int]:
        return dict(table._changes.fading(row.ref, operator.app.fleet.clock.monotonic()))

    await operator.until(lambda: ready in shown(), "the cell that changed")
    await operator.until(lambda: len(table._changes) < table.shown, "no more than that")


async def test_while_the_first_rows_arrive_nothing_counts_as_a_change(operator: Operator) -> None:
    await services(operator)
    browse, table = operator.browse, operator.browse.table
    browse._arriving = 0.0
    row = table.resources[0]
    cells = ("another", *row.cells[1:])
    for late in (True, False):
        table.settle_changes()
        table.tick()
        cells = (f"{cells[0]}!", *cells[1:])
        table.apply([msgspec.structs.replace(row, cells=cells)])
        await operator.until(lambda: not table.painting, "a frame to end")
        browse._arriving = 0.0 if late else float("inf")
        browse._stirred = True
        browse._flush()
        assert (row.ref in table._changes) is late


async def test_it_can_be_turned_off(sim: SimServer, tmp_path: Path) -> None:
    sources = demo_sources(sim, tmp_path)
    async with operating(sources, tmp_path / "state", highlight_changes=False) as operator:
        await services(operator)
        operator.browse._arriving = 0.0
        await scaled(operator)
        assert len(operator.browse.table._changes) == 0
