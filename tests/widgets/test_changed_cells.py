"""What just changed is shown by weight, fades with the clock, and nothing else is taken for it."""

from __future__ import annotations

import asyncio
from unittest.mock import patch

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from rich.style import Style
from table_support import COLUMNS, TableApp, named, painted, ref, resource
from test_table_looks import contrast
from textual.color import Color
from textual.theme import Theme

from backends.model import Column, Format, Health, Resource
from widgets import resource_table
from widgets.changed_cells import LASTING, MOST, STEPS, ChangedCells
from widgets.health import HEALTH_LOOKS
from widgets.sorted_rows import Row
from widgets.table_paint import SHADES, shade
from widgets.themes import THEMES, TOPDECK_CONTRAST

COUNT = 3
"""The index of the column that most of these tests change."""


def row(found: Resource) -> Row:
    return Row(found, found.cells)


def cells(lasting: float = 6.0) -> ChangedCells:
    made = ChangedCells(row, lasting)
    made.forget((*COLUMNS, Column("recent", "Recent", Format.SPARK)))
    return made


def expect(changes: ChangedCells, was: Resource) -> None:
    """Tell that a resource is about to fail."""
    failing = resource(was.ref.name, Health.FAILING)
    changes.expect([failing], {was.ref: was}.get)


def test_a_change_fades_in_steps_and_is_forgotten() -> None:
    changes = cells()
    changes.look([row(resource("a", count=1))], 0.0)
    assert changes.fading(ref("a"), 0.0) == ()
    changes.look([row(resource("a", count=2))], 10.0)
    seen = [dict(changes.fading(ref("a"), 10.0 + after)) for after in (0, 1.9, 2, 4, 5.9)]
    assert seen == [{COUNT: 3}, {COUNT: 3}, {COUNT: 2}, {COUNT: 1}, {COUNT: 1}]
    assert changes.fading(ref("a"), 16.0) == ()
    changes.look([], 16.0)
    assert len(changes) == 0


def test_only_what_reads_differently_is_a_change() -> None:
    changes = cells()

    def look(found: Resource, recent: tuple[float, ...], now: float) -> None:
        changes.look([Row(found, (*found.cells, recent))], now)

    look(resource("a", count=0.301, born=5.0), (1, 2), 0.0)
    look(resource("a", count=0.302, born=9.0), (2, 3), 1.0)
    assert changes.fading(ref("a"), 1.0) == ()
    look(resource("a", count=0.302, born=9.0, health=Health.FAILING), (2, 3), 2.0)
    assert dict(changes.fading(ref("a"), 2.0)) == {1: STEPS}, "a glyph is part of the text"


def test_another_change_of_a_cell_is_fresh_again_and_leaves_others_to_fade() -> None:
    changes = cells()
    changes.look([row(resource("a", count=1, ready="1/2"))], 0.0)
    changes.look([row(resource("a", count=2, ready="2/2"))], 1.0)
    changes.look([row(resource("a", count=3, ready="2/2"))], 4.0)
    assert dict(changes.fading(ref("a"), 4.0)) == {2: 2, COUNT: STEPS}


def test_what_comes_into_view_has_not_changed() -> None:
    changes = cells()
    changes.look([row(resource("a", count=1))], 0.0)
    changes.look([row(resource("b", count=1))], 1.0)
    changes.look([row(resource("a", count=2))], 2.0)
    assert changes.fading(ref("a"), 2.0) == ()


def test_what_moves_into_view_by_its_change_has() -> None:
    changes = cells()
    changes.look([row(resource("b"))], 0.0)
    expect(changes, resource("a", Health.OK))
    changes.look([row(resource("a", Health.FAILING)), row(resource("b"))], 1.0)
    assert dict(changes.fading(ref("a"), 1.0)) == {1: STEPS}
    expect(changes, resource("c", Health.OK))
    changes.look([], 2.0)
    changes.look([row(resource("c", Health.FAILING))], 3.0)
    assert changes.fading(ref("c"), 3.0) == (), "it moved at another time"


def test_off_means_that_nothing_is_remembered() -> None:
    changes = cells(0.0)
    changes.look([row(resource("a", count=1))], 0.0)
    expect(changes, resource("b"))
    changes.look([row(resource("a", count=2)), row(resource("b", Health.FAILING))], 0.5)
    assert changes.fading(ref("a"), 0.5) == changes.fading(ref("b"), 0.5) == ()
    assert len(changes) == 0


def test_memory_is_bounded_and_the_newest_changes_are_kept() -> None:
    changes = cells(60.0)
    names = [f"r{n}" for n in range(3 * MOST)]
    for count in (1, 2):
        changes.look([row(resource(name, count=count)) for name in names], float(count))
    assert len(changes) == MOST
    assert changes.fading(ref(names[0]), 2.0) == ()
    assert dict(changes.fading(ref(names[-1]), 2.0)) == {COUNT: STEPS}


def test_what_has_faded_is_forgotten_though_an_older_row_changed_again() -> None:
    changes = cells()
    for now, counts in ((0.0, (0, 0)), (1.0, (1, 0)), (2.0, (1, 1)), (5.0, (2, 1)), (8.5, (2, 1))):
        rows = [row(resource(name, count=n)) for name, n in zip("ab", counts, strict=True)]
        changes.look(rows, now)
    assert len(changes) == 1
    assert dict(changes.fading(ref("a"), 8.5)) == {COUNT: 2}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), max_size=3),
            st.integers(0, 32).map(lambda eighths: eighths / 8),  # sums of these are exact
        ),
        max_size=12,
    )
)
def test_a_cell_is_shown_for_as_long_as_it_lasts(
    script: list[tuple[list[tuple[str, int]], float]],
) -> None:
    changes = cells()
    now, held, since = 0.0, dict.fromkeys("abc", 0), dict[str, float]()
    changes.look([row(resource(name, count=0)) for name in "abc"], now)
    for updates, pause in script:
        now += pause
        for name, count in dict(updates).items():
            if held[name] != count:
                held[name], since[name] = count, now
        changes.look([row(resource(name, count=held[name])) for name in "abc"], now)
        for name in "abc":
            age = now - since.get(name, float("-inf"))
            weights = dict(changes.fading(ref(name), now))
            assert set(weights) == ({COUNT} if age < 6.0 else set())
            if weights:
                assert weights[COUNT] == 3 - int(age / 2)


# On the screen


def styles(app: TableApp, name: str) -> dict[str, Style]:
    """Return the style of each piece of a row's line, by its text."""
    for strip in app.screen._compositor.render_strips():
        if strip.text[1:].split(" ")[0] == name:
            return {s.text.strip(): s.style for s in strip if s.text.strip() and s.style}
    raise AssertionError(name)


def weight(app: TableApp, name: str, text: str) -> int:
    """Return how strongly a cell is shown as changed, from its background."""
    found = styles(app, name)
    piece = found.get(text)
    if piece is None:
        return 0
    base = app.table._styles
    assert base is not None
    for candidate in range(1, STEPS + 1):
        for ground in (base.row, base.cursor, base.marked):
            if shade(ground, candidate).bgcolor == piece.bgcolor:
                return candidate
    return 0


async def test_a_changed_cell_fades_by_the_clock_and_its_text_keeps_its_colour() -> None:
    app = TableApp()
    async with app.run_test(size=(70, 9)):
        app.table.replace([resource(name, count=1) for name in "abcd"])
        await painted(app)
        app.table.apply([resource("b", count=7)])
        await painted(app)
        for after, expected in ((0.0, 3), (2.0, 2), (2.0, 1), (2.0, 0)):
            app.clock.advance(after)
            app.table.tick()
            await painted(app)
            assert weight(app, "b", "7") == expected
            assert weight(app, "b", "1/1") == 0
        app.table.apply([resource("b", Health.FAILING, count=7)])
        await painted(app)
        piece = next(s for text, s in styles(app, "b").items() if "ACTIVE" in text)
        fails = app.table._styles
        assert fails is not None
        assert piece.color == fails.health[Health.FAILING].color


async def test_loads_sorts_filters_and_scrolls_change_nothing() -> None:
    app = TableApp()
    async with app.run_test(size=(70, 6)) as pilot:
        table = app.table
        rows = [resource(f"r{n:02}", count=n) for n in range(40)]
        table.replace(rows)
        await painted(app)
        table.replace([resource(f"r{n:02}", count=n + 1) for n in range(40)])
        await painted(app)
        table.sort_by("count", True)
        await painted(app)
        table.set_filter("name:r0")
        await painted(app)
        table.set_filter("")
        await pilot.press("G", "ctrl+b", "g")
        await painted(app)
        assert len(table._changes) == 0
        table.apply([resource("r39", count=-1)])
        await painted(app)
        assert len(table._changes) == 1


async def test_out_of_sight_costs_nothing_but_what_fails_and_comes_up_is_shown() -> None:
    app = TableApp()
    async with app.run_test(size=(70, 6)):
        app.table.replace([resource(f"r{n:02}", count=n) for n in range(40)])
        await painted(app)
        app.table.apply([resource(f"r{n:02}", count=n + 1) for n in range(20, 40)])
        await painted(app)
        assert len(app.table._changes) == 0
        app.table.apply([resource("r30", Health.FAILING, "GONE", count=31)])
        app.table.scroll_to(y=0, animate=False)
        await painted(app)
        assert weight(app, "r30", "✗ GONE") == STEPS
        assert len(app.table._changes) == 1


async def test_changes_while_rows_arrive_are_settled() -> None:
    app = TableApp()
    async with app.run_test(size=(70, 6)):
        app.table.replace(named("a"))
        await painted(app)
        app.table.apply([resource("a", count=3)])
        app.table.settle_changes()
        await painted(app)
        assert weight(app, "a", "3") == 0


resources = st.builds(
    resource, st.sampled_from("abcdef"), st.sampled_from(list(Health)), count=st.integers(0, 2)
)
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)


@settings(max_examples=10, deadline=None, phases=PHASES)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("apply"), st.lists(resources, max_size=4)),
            st.tuples(st.just("wait"), st.sampled_from([1.0, 3.0])),
        ),
        max_size=12,
    )
)
def test_the_screen_shows_what_a_naive_memory_would(script: list[tuple[str, object]]) -> None:
    async def play() -> None:
        app = TableApp()
        async with app.run_test(size=(70, 12)):
            start = {name: resource(name) for name in "abcdef"}
            app.table.replace(start.values())
            app.table.sort_by("name", False)
            await painted(app)
            held = {name: str(r.cells[COUNT]) for name, r in start.items()}
            since = dict[str, float]()
            for act, given_ in script:
                if act == "wait":
                    app.clock.advance(given_)  # type: ignore[arg-type]
                    app.table.tick()
                else:
                    app.table.apply(given_)  # type: ignore[arg-type]
                    last = {str(r.cells[0]): str(r.cells[COUNT]) for r in given_}  # type: ignore[attr-defined]
                    for name, text in last.items():
                        if held[name] != text:
                            held[name], since[name] = text, app.clock.monotonic()
                await painted(app)
                for name, text in held.items():
                    age = app.clock.monotonic() - since.get(name, float("-inf"))
                    expected = STEPS - int(age / LASTING * STEPS) if age < LASTING else 0
                    assert weight(app, name, text) == expected, (name, act)

    with patch.object(resource_table, "FRAME", 0.001):
        asyncio.run(play())


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_a_shade_has_no_hue_of_its_own_and_leaves_text_readable(theme: Theme) -> None:
    variables = theme.to_color_system().generate()
    grounds = [Color.parse(variables[name]) for name in ("background", "block-cursor-background")]
    assert list(SHADES) == sorted(SHADES)
    least = 4.5 if theme is TOPDECK_CONTRAST else 3.0
    text = Color.parse(variables["foreground"])
    for ground in grounds:
        base = Style(color=text.rich_color, bgcolor=ground.rich_color)
        shades = [shade(base, weight) for weight in range(1, STEPS + 1)]
        assert len({made.bgcolor for made in shades} | {base.bgcolor}) == STEPS + 1
        for made in shades:
            assert made.color is None, "what is laid over the text leaves its colour"
            assert made.bgcolor is not None
            found = Color.from_rich_color(made.bgcolor)
            assert found.hsl.s <= ground.hsl.s + 0.02
            assert contrast(text, found) >= 4.5
            for look in HEALTH_LOOKS.values():
                color = Color.parse(variables[look.color.removeprefix("$")])
                if ground is grounds[0]:
                    assert contrast(color, found) >= least, look


def test_without_colours_a_change_is_bold_or_underlined() -> None:
    assert shade(Style(), STEPS).bold
    assert shade(Style(), 2).underline
