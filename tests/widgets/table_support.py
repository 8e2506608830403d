"""Columns, resources and an app that the tests of the table share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

from textual.app import App, ComposeResult
from textual.message import Message

from backends.clock import ManualClock
from backends.model import Cell, Column, Format, Health, Ref, Resource, Scope
from widgets.resource_table import ResourceTable
from widgets.themes import THEMES

M = TypeVar("M", bound=Message)

SCOPE = Scope("ecs", "acme", "111122223333", "eu-west-1", "shop")

COLUMNS = (
    Column("name", "NAME", width=14),
    Column("status", "STATUS", Format.STATUS, width=14),
    Column("ready", "READY", Format.RATIO, width=6),
    Column("count", "COUNT", Format.NUMBER, width=6),
    Column("age", "AGE", Format.AGE),
)


def ref(name: str, cluster: str = "shop") -> Ref:
    return Ref(SCOPE.at(cluster=cluster), "ecs/services", name)


def resource(
    name: str,
    health: Health = Health.OK,
    status: str = "ACTIVE",
    ready: Cell = "1/1",
    count: Cell = 0,
    born: Cell = None,
    cluster: str = "shop",
) -> Resource:
    return Resource(
        ref=ref(name, cluster),
        health=health,
        status=status,
        cells=(name, status, ready, count, born),
    )


def named(*names: str) -> list[Resource]:
    return [resource(name) for name in names]


class TableApp(App[None]):
    """One table, and every message that it posted."""

    def __init__(self, columns: tuple[Column, ...] = COLUMNS) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.table = ResourceTable(clock=self.clock)
        self.columns = columns
        self.heard: list[Message] = []

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name
        if self.columns:
            self.table.set_columns(self.columns)
        self.table.focus()

    def on_resource_table_row_highlighted(self, event: ResourceTable.RowHighlighted) -> None:
        self.heard.append(event)

    def on_resource_table_row_updated(self, event: ResourceTable.RowUpdated) -> None:
        self.heard.append(event)

    def on_resource_table_row_activated(self, event: ResourceTable.RowActivated) -> None:
        self.heard.append(event)

    def on_resource_table_cursor_gone(self, event: ResourceTable.CursorGone) -> None:
        self.heard.append(event)

    def on_resource_table_header_clicked(self, event: ResourceTable.HeaderClicked) -> None:
        self.heard.append(event)

    def heard_of(self, kind: type[M]) -> list[M]:
        return [message for message in self.heard if isinstance(message, kind)]


async def until(condition: Callable[[], bool], what: str, seconds: float = 10.0) -> None:
    """Wait for a condition; fail after a deadline."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        await asyncio.sleep(0.002)


async def painted(app: TableApp) -> list[str]:
    """Wait until the table is at rest; return the lines of the terminal, trailing blanks cut.

    They come from the compositor, which keeps lines that nobody refreshed: a line that should
    have been repainted and was not is seen here.
    """
    table = app.table
    await until(lambda: not table.painting, "the table to be at rest")
    await app.animator.wait_for_idle()
    done = asyncio.Event()
    table.call_after_refresh(done.set)
    async with asyncio.timeout(10):
        await done.wait()
    strips = app.screen._compositor.render_strips()
    without_scrollbar = app.size.width - 1
    return [strip.crop(0, without_scrollbar).text.rstrip() for strip in strips]
