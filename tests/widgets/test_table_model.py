"""What is on the screen, after any sequence of events, is what a naive table would draw."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from unittest.mock import patch

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from table_support import COLUMNS, TableApp, painted, ref, resource

from backends.model import Health, Ref, Resource
from widgets import resource_table, row_order
from widgets.cells import age_text, sort_key
from widgets.health import HEALTH_LOOKS
from widgets.row_view import HEALTH_FIRST

SIZE = (60, 7)
HEIGHT = SIZE[1] - 1
NAMES = [f"{kind}-{number}" for kind in ("api", "db", "web") for number in range(5)]
ARROWS = {True: "↓", False: "↑"}


class NaiveTable:
    """Rows, cursor and drawing with no regard to cost; the window is taken from the real one."""

    def __init__(self, now: float) -> None:
        self.rows: dict[Ref, Resource] = {}
        self.filter = ""
        self.key, self.reverse = HEALTH_FIRST, True
        self.now = now

    def shown(self) -> list[Resource]:
        def key(r: Resource) -> object:
            if self.key == HEALTH_FIRST:
                return r.health
            index = [c.key for c in COLUMNS].index(self.key)
            return sort_key(r.cells[index], COLUMNS[index], r.health)

        found = [r for r in self.rows.values() if self.filter in r.ref.name]
        found.sort(key=lambda r: (r.ref.name.lower(), r.ref))
        valued = sorted(
            (r for r in found if key(r) is not None),
            key=key,  # type: ignore[arg-type]
            reverse=self.reverse,
        )
        return valued + [r for r in found if key(r) is None]

    def line(self, r: Resource, cursor: Ref | None) -> str:
        name, status, ready, count, born = r.cells
        age = "–" if born is None else age_text(self.now - float(born))
        return (
            f"{'▌' if r.ref == cursor else ' '}{name:<14}  "
            f"{HEALTH_LOOKS[r.health].glyph + ' ' + str(status):<14}  "
            f"{'–' if ready is None else ready:>6}  {'–' if count is None else count:>6}  {age:>6}"
        )

    def lines(self, cursor: Ref | None, last_index: int | None) -> list[str]:
        """Return every line below the header; `last_index`: where the cursor's row is missing."""
        rows = self.shown()
        drawn = [self.line(r, cursor) for r in rows]
        if cursor is not None and cursor not in {r.ref for r in rows}:
            assert last_index is not None
            word = "no longer matches the filter" if cursor in self.rows else "gone"
            drawn.insert(last_index, f"✗{cursor.name} — {word}")
        return drawn


resources = st.builds(
    resource,
    st.sampled_from(NAMES),
    st.sampled_from(list(Health)),
    st.sampled_from(["ACTIVE", "DRAINING"]),
    st.sampled_from([None, "0/1", "2/2"]),
    st.sampled_from([None, 1, 20]),
    st.sampled_from([None, 1_789_999_990.0, 1_789_000_000.0]),
)
events = st.one_of(
    st.tuples(st.just("apply"), st.lists(resources, max_size=5), st.lists(st.sampled_from(NAMES))),
    st.tuples(st.just("replace"), st.lists(resources, max_size=15)),
    st.tuples(st.just("filter"), st.sampled_from(["", "a", "api", "db", "zzz"])),
    st.tuples(
        st.just("sort"),
        st.sampled_from([HEALTH_FIRST, *(column.key for column in COLUMNS)]),
        st.booleans(),
    ),
    st.tuples(st.just("press"), st.sampled_from(["j", "k", "G", "g", "ctrl+f", "ctrl+b"])),
    st.tuples(st.just("wheel"), st.integers(0, 12)),
    st.tuples(st.just("time"), st.sampled_from([1, 60])),
    st.tuples(st.just("expect"), st.booleans()),
)


async def play(script: list[tuple[object, ...]]) -> None:
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        table = app.table
        naive = NaiveTable(app.clock.now())

        def apply(upserts: list[Resource], deletes: list[str]) -> None:
            table.apply(upserts, [ref(name) for name in deletes])
            for name in deletes:
                naive.rows.pop(ref(name), None)
            naive.rows.update((r.ref, r) for r in upserts)

        def replace(rows: list[Resource]) -> None:
            table.replace(rows)
            naive.rows = {r.ref: r for r in rows}

        def narrow(text: str) -> None:
            table.set_filter(text and f"name:{text}")
            naive.filter = text

        def sort(key: str, reverse: bool) -> None:
            table.sort_by(key, reverse)
            naive.key, naive.reverse = key, reverse

        def wait(seconds: int) -> None:
            app.clock.advance(seconds)
            naive.now += seconds
            table.tick()

        acts: dict[object, Callable[..., object]] = {
            "apply": apply,
            "replace": replace,
            "filter": narrow,
            "sort": sort,
            "wheel": lambda top: table.scroll_to(y=top, animate=False),
            "time": wait,
            "expect": table.expect_filter,
        }
        for act, *given_ in script:
            cursor = table.cursor_ref
            if act == "press":
                await pilot.press(*given_)  # type: ignore[arg-type]
            else:
                acts[act](*given_)
            screen = await painted(app)
            if act in ("apply", "replace", "sort", "time", "expect") and cursor is not None:
                assert table.cursor_ref == cursor
            expected = naive.lines(table.cursor_ref, table._port.cursor)
            top = table.scroll_offset.y
            window = expected[top : top + HEIGHT]
            assert screen[1:] == [*window, *[""] * (HEIGHT - len(window))], act
            current = naive.rows.get(table.cursor_ref) if table.cursor_ref else None
            assert table.current is (current if current in naive.shown() else None)


# Shrinking would start an app for each of hundreds of attempts.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)


@settings(max_examples=25, deadline=None, phases=PHASES)
@given(st.lists(events, min_size=5, max_size=20))
def test_the_screen_shows_what_a_naive_table_would(script: list[tuple[object, ...]]) -> None:
    """The first rows of a load are put in order before the others, as if there were many."""
    with patch.object(resource_table, "FRAME", 0.001), patch.multiple(row_order, HEAD=7, _SMALL=3):
        asyncio.run(play([("replace", [resource(name) for name in NAMES[::2]]), *script]))


@settings(max_examples=10, deadline=None, phases=PHASES)
@given(st.lists(events, min_size=5, max_size=15))
def test_the_screen_agrees_after_a_burst_within_one_frame(
    script: list[tuple[object, ...]],
) -> None:
    """All but key presses come at once; only what is drawn at the end is looked at."""

    async def burst() -> None:
        app = TableApp()
        async with app.run_test(size=SIZE):
            app.table.replace([resource(name) for name in NAMES])
            naive = NaiveTable(app.clock.now())
            naive.rows = {ref(name): resource(name) for name in NAMES}
            for act, *given_ in script:
                if act == "apply":
                    upserts, deletes = given_
                    app.table.apply(upserts, [ref(name) for name in deletes])  # type: ignore[arg-type,attr-defined]
                    for name in deletes:  # type: ignore[attr-defined]
                        naive.rows.pop(ref(name), None)
                    naive.rows.update((r.ref, r) for r in upserts)  # type: ignore[attr-defined]
                elif act == "replace":
                    app.table.replace(given_[0])  # type: ignore[arg-type]
                    naive.rows = {r.ref: r for r in given_[0]}  # type: ignore[attr-defined]
                elif act == "filter":
                    app.table.set_filter(given_[0] and f"name:{given_[0]}")  # type: ignore[arg-type]
                    naive.filter = given_[0]  # type: ignore[assignment]
                elif act == "wheel":
                    app.table.scroll_to(y=given_[0], animate=False)  # type: ignore[arg-type]
                elif act == "sort":
                    app.table.sort_by(*given_)  # type: ignore[arg-type]
                    naive.key, naive.reverse = given_  # type: ignore[assignment]
            screen = await painted(app)
            expected = naive.lines(app.table.cursor_ref, app.table._port.cursor)
            top = app.table.scroll_offset.y
            window = expected[top : top + HEIGHT]
            assert screen[1:] == [*window, *[""] * (HEIGHT - len(window))]

    asyncio.run(burst())
