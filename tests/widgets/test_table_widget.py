from __future__ import annotations

import pytest
from rich.cells import cell_len
from table_support import COLUMNS, TableApp, named, painted, ref, resource, until
from textual.pilot import Pilot

from backends.model import Column, Format, Health
from widgets.resource_table import ResourceTable
from widgets.row_view import HEALTH_FIRST

HEADER = " NAME            STATUS↓          READY   COUNT     AGE"
SIZE = (70, 8)
LETTERS = [f"n{i:02}" for i in range(30)]


def names_on(screen: list[str]) -> list[str]:
    return [line[1:15].strip() for line in screen[1:] if line.strip()]


def cursor_on(screen: list[str]) -> list[str]:
    return [line[1:15].strip() for line in screen if line.startswith("▌")]


async def test_rows_are_drawn_under_their_titles() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE):
        now = app.clock.now()
        app.table.replace(
            [
                resource("web", Health.OK, "ACTIVE", "2/2", 12, now - 312),
                resource("cart", Health.FAILING, "DRAINING", "0/10", None, None),
            ]
        )
        assert await painted(app) == [
            HEADER,
            "▌cart            ✗ DRAINING        0/10       –       –",
            " web             ✓ ACTIVE           2/2      12   5m12s",
            *[""] * 5,
        ]


async def test_keys_move_the_cursor_and_the_window() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        app.table.replace(named(*LETTERS))
        expected = {
            "j": "n01",
            "down": "n02",
            "k": "n01",
            "up": "n00",
            "ctrl+f": "n06",
            "pagedown": "n12",
            "ctrl+b": "n06",
            "pageup": "n00",
            "G": "n29",
            "g": "n00",
            "end": "n29",
            "home": "n00",
        }
        for key, name in expected.items():
            await pilot.press(key)
            assert app.table.cursor_ref == ref(name), key
            assert cursor_on(await painted(app)) == [name], key


async def test_the_window_scrolls_just_so_far() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        app.table.replace(named(*LETTERS))
        await pilot.press(*["j"] * 8)
        assert names_on(await painted(app)) == LETTERS[2:9]
        await pilot.press(*["k"] * 3)
        assert names_on(await painted(app)) == LETTERS[2:9]


async def test_enter_opens_the_resource_under_the_cursor() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        app.table.replace(named("a", "b"))
        await pilot.press("j", "enter")
        (opened,) = app.heard_of(ResourceTable.RowActivated)
        assert opened.resource is app.table.current
        assert opened.resource.ref == ref("b")
        assert opened.control is app.table


async def test_moving_is_announced_once_and_an_update_is_not_a_move() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        app.table.replace(named("a", "b"))
        await pilot.press("j", "j")
        newer = resource("b", count=7)
        app.table.apply([newer, resource("a", count=7)])
        await pilot.pause()
        moves = [m.resource for m in app.heard_of(ResourceTable.RowHighlighted)]
        assert [r.ref.name if r else None for r in moves] == ["a", "b"]
        (update,) = app.heard_of(ResourceTable.RowUpdated)
        assert update.resource is newer
        assert app.table.current is newer


async def test_a_resource_that_goes_leaves_a_line_that_no_key_acts_on() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        app.table.replace(named("a", "b", "c"))
        await pilot.press("j")
        app.table.apply([], [ref("b")])
        screen = await painted(app)
        assert screen[1:4] == [screen[1], "✗b — gone", screen[3]]
        assert names_on([*screen[:2], *screen[3:]]) == ["a", "c"]
        assert app.table.current is None
        assert app.table.cursor_ref == ref("b")
        await pilot.press("enter")
        assert app.heard_of(ResourceTable.RowActivated) == []
        (gone,) = app.heard_of(ResourceTable.CursorGone)
        assert gone.ref == ref("b")
        assert gone.next is not None
        assert gone.next.ref == ref("c")
        assert app.heard_of(ResourceTable.RowHighlighted)[-1].resource is None
        await pilot.press("j")
        assert names_on(await painted(app)) == ["a", "c"]
        assert app.table.cursor_ref == ref("c")


async def test_a_row_that_the_filter_no_longer_lets_through_says_so() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE):
        app.table.replace(named("a", "b"))
        app.table.set_filter("health:ok")
        app.table.apply([resource("a", Health.FAILING)])
        assert (await painted(app))[1] == "✗a — no longer matches the filter"


async def test_sorting_and_refreshing_keep_the_cursor_and_its_line() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        rows = [resource(name, count=i) for i, name in enumerate(LETTERS)]
        app.table.replace(rows)
        await pilot.press(*["j"] * 12)
        before = await painted(app)
        line = next(y for y, text in enumerate(before) if text.startswith("▌"))
        app.table.sort_by("count", True)
        after = await painted(app)
        assert after[line].startswith("▌n12")
        assert after[0].find("COUNT↓") > 0
        assert names_on(after) == LETTERS[12 + line - 1 : 12 + line - 8 : -1]
        app.table.replace([resource(name, count=i) for i, name in enumerate(LETTERS)])
        assert (await painted(app))[line].startswith("▌n12")


async def test_names_that_look_like_markup_or_escapes_are_shown_and_stay_aligned() -> None:
    nasty = [
        "[bold]x[/]",
        "[/foo]",
        "[@click=app.quit]",
        "東京本番",
        "a\x1b[31mb",
        "e\u202ef",
        "n" * 255,
    ]
    app = TableApp()
    async with app.run_test(size=SIZE):
        app.table.replace(named(*nasty))
        screen = await painted(app)
        assert "[bold]x[/]" in screen[1] or any("[bold]x[/]" in line for line in screen)
        shown = "\n".join(screen)
        for text in ("[/foo]", "[@click=app.quit]", "東京本番", "a�[31mb", "e�f", "nnnnn…"):
            assert text in shown
        status = {cell_len(line[: line.index("✓")]) for line in screen[1:]}
        assert len(status) == 1
        assert "\x1b" not in shown


async def test_the_sort_marker_stands_at_the_title_of_its_column() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE):
        app.table.replace(named("a"))
        for key, reverse, title in [
            ("name", False, "NAME↑ "),
            ("ready", True, " READY↓"),
            ("age", False, " AGE↑"),
            (HEALTH_FIRST, True, "STATUS↓"),
        ]:
            app.table.sort_by(key, reverse)
            assert title in (await painted(app))[0]
            assert (app.table.sort_key, app.table.sort_reverse) == (key, reverse)


async def test_ages_tick_and_nothing_else_is_drawn_anew() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE):
        now = app.clock.now()
        app.table.replace([resource("young", born=now - 10), resource("old", born=now - 86400 * 9)])
        await painted(app)
        refreshed: list[int] = []
        app.table.refresh = lambda *regions, **_: refreshed.extend(r.y for r in regions)  # type: ignore[method-assign, assignment]
        app.clock.advance(5)
        app.table.tick()
        assert refreshed == [2]
        del app.table.refresh
        app.table.tick()
        assert (await painted(app))[2].endswith("15s")


async def test_only_lines_that_changed_are_drawn_anew() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE):
        app.table.replace(named(*LETTERS))
        await painted(app)
        drawn: list[int] = []
        draw = app.table.render_line

        def noting(y: int):  # type: ignore[no-untyped-def]
            drawn.append(y)
            return draw(y)

        app.table.render_line = noting  # type: ignore[method-assign]
        app.table.apply([resource("n03", count=5), resource("n25", count=5)])
        screen = await painted(app)
        assert drawn == [4]
        assert " 5 " in screen[4]


async def test_many_changes_make_few_frames() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE):
        app.table.replace(named(*LETTERS))
        await painted(app)
        frames = 0
        sync = app.table._sync

        def counting() -> None:
            nonlocal frames
            frames += 1
            sync()

        app.table._sync = counting  # type: ignore[method-assign]
        for count in range(200):
            app.table.apply([resource("n01", count=count)])
        screen = await painted(app)
        assert frames == 2  # at once, and at the end of the frame
        assert " 199 " in screen[2]


async def test_a_key_meets_what_is_on_the_screen_however_busy_it_is() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        app.table.replace(named("d", "e", "f"))
        await pilot.press("j")
        app.table.apply(named("a"))
        app.table.apply(named("b"))  # waits for the end of the frame
        app.table.action_move(1)
        assert app.table.cursor_ref == ref("f")


async def test_the_empty_text_stands_in_place_of_rows() -> None:
    app = TableApp()
    async with app.run_test(size=(24, 8)):
        app.table.set_empty("No [b]services[/b] here.\nCreate one first\x1b[2J, then look again.")
        assert (await painted(app))[1:] == [
            "",
            "  No [b]services[/b]",
            "  here.",
            "  Create one first,",
            "  then look again.",
            "",
            "",
        ]
        app.table.replace(named("a"))
        assert [line[:4] for line in (await painted(app))[1:]] == ["▌a  ", *[""] * 6]


async def test_a_filter_says_what_it_did_not_understand() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE):
        app.table.replace([resource("web"), resource("cart", Health.FAILING)])
        app.table.set_filter("nonsense:x")
        assert "nonsense" in app.table.note
        assert (app.table.shown, app.table.total) == (0, 2)
        app.table.set_filter("cart")
        assert app.table.note == ""
        assert names_on(await painted(app)) == ["cart"]
        assert app.table.health_counts() == {Health.FAILING: 1}


async def test_stale_rows_are_marked_in_the_header() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE):
        app.table.replace(named("a"))
        app.table.set_stale(True)
        assert (await painted(app))[0].startswith("!NAME")
        app.table.set_stale(False)
        assert (await painted(app))[0].startswith(" NAME")


async def test_clicks_choose_open_and_sort() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        app.table.replace(named("a", "b", "c"))
        await painted(app)
        await click(pilot, 5, 3)
        assert app.table.cursor_ref == ref("c")
        assert app.heard_of(ResourceTable.RowActivated) == []
        await click(pilot, 5, 3)
        assert [m.resource.ref for m in app.heard_of(ResourceTable.RowActivated)] == [ref("c")]
        await click(pilot, 20, 0)
        assert [m.column_key for m in app.heard_of(ResourceTable.HeaderClicked)] == ["status"]
        await click(pilot, 5, 6)
        assert app.table.cursor_ref == ref("c")


async def test_the_second_half_of_a_double_click_opens_nothing_else() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        app.table.replace(named("a", "b"))
        await painted(app)
        await pilot.click(ResourceTable, offset=(5, 2), times=2)
        assert [m.resource.ref for m in app.heard_of(ResourceTable.RowActivated)] == [ref("b")]
        app.heard.clear()
        app.table.replace(named("x", "y"))  # as if another view had opened under the pointer
        app.table.move_to(ref("x"))
        app.table._clicked = None
        await pilot.click(ResourceTable, offset=(5, 2), times=2)
        assert [m.resource.ref for m in app.heard_of(ResourceTable.RowActivated)] == [ref("y")]


async def click(pilot: Pilot[None], x: int, y: int) -> None:
    app = pilot.app
    app._mouse_down_widget = None
    app._click_chain_last_time = None  # apart from the click before it
    await pilot.click(ResourceTable, offset=(x, y))


WIDE = (
    Column("name", "NAME"),
    Column("one", "ONE", width=20),
    Column("two", "TWO", width=20),
    Column("three", "THREE", wide=True, width=20),
    Column("age", "AGE", Format.AGE),
)


async def test_wide_columns_come_with_room_or_when_asked_for() -> None:
    app = TableApp(WIDE)
    async with app.run_test(size=(60, 8)) as pilot:
        app.table.replace(named("a"))
        assert "THREE" not in (await painted(app))[0]
        await pilot.resize_terminal(100, 8)
        await until(lambda: app.table.size.width == 100, "the new size")
        assert "THREE" in (await painted(app))[0]
        await pilot.resize_terminal(60, 8)
        await until(lambda: app.table.size.width == 60, "the old size")
        app.table.show_wide = True
        assert (await painted(app))[0].endswith("›")
        await pilot.press("right")
        screen = await painted(app)
        assert screen[0].startswith(" NAME ‹TWO")
        assert screen[1].startswith("▌a ")
        await pilot.press("left")
        assert (await painted(app))[0].startswith(" NAME  ONE")
        await pilot.press("right")
        app.table.show_wide = False
        assert "THREE" not in (await painted(app))[0]
        assert "ONE" in (await painted(app))[0]


async def test_columns_do_not_shrink_while_rows_change() -> None:
    app = TableApp((Column("name", "NAME"), Column("status", "STATUS", Format.STATUS)))
    async with app.run_test(size=SIZE):
        app.table.replace([resource("a-rather-long-name", status="CrashLoopBackOff")])
        before = (await painted(app))[0]
        app.table.replace(named("a"))
        assert (await painted(app))[0] == before
        app.table.apply([resource("a", status="ContainerCannotRunAtAll")])
        assert "ContainerCannotRunAtAll" in "".join(await painted(app))


async def test_a_longer_name_widens_its_column_with_the_next_load_only() -> None:
    app = TableApp((Column("name", "NAME"), Column("status", "STATUS", Format.STATUS)))
    async with app.run_test(size=SIZE):
        app.table.replace(named("a", "b", "c"))
        app.table.apply(named("d-with-a-long-name"))
        assert "d-w…" in (await painted(app))[4]
        app.table.replace(named("a", "d-with-a-long-name"))
        assert "d-with-a-long-name" in (await painted(app))[2]


async def test_a_number_that_comes_into_view_is_shown_whole() -> None:
    app = TableApp()
    async with app.run_test(size=(80, 12)):
        rows = [resource(f"svc-{number:03}") for number in range(100)]
        app.table.replace(rows)
        before = (await painted(app))[0].index("AGE")
        app.table.apply([resource("svc-099", count=123_456_789)])
        app.table.apply([resource("svc-002", count=7)])
        assert (await painted(app))[0].index("AGE") == before
        app.table.action_last()
        screen = await painted(app)
        assert "123456789" in "\n".join(screen)
        assert screen[0].index("AGE") > before


async def test_new_columns_begin_anew() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        app.table.replace(named("a", "b"))
        app.table.set_filter("b")
        app.table.set_columns(WIDE)
        assert (app.table.total, app.table.current, app.table.cursor_ref) == (0, None, None)
        await pilot.pause()
        assert app.heard_of(ResourceTable.RowHighlighted)[-1].resource is None
        app.table.replace(named("a", "b"))
        assert names_on(await painted(app))[0].startswith("a")


async def test_move_to_shows_the_row_or_says_that_it_cannot() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE):
        app.table.replace(named(*LETTERS))
        assert app.table.move_to(ref("n20"))
        assert cursor_on(await painted(app)) == ["n20"]
        assert not app.table.move_to(ref("elsewhere"))
        assert app.table.cursor_ref == ref("n20")


async def test_the_wheel_moves_the_window_and_not_the_cursor() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        app.table.replace(named(*LETTERS))
        await painted(app)
        app.table.scroll_to(y=10, animate=False)
        assert names_on(await painted(app)) == LETTERS[10:17]
        assert app.table.cursor_ref == ref("n00")
        app.table.apply(named("a"))
        assert names_on(await painted(app)) == LETTERS[10:17]
        await pilot.press("j")
        assert cursor_on(await painted(app)) == ["n01"]


async def test_a_resize_keeps_the_cursor_in_sight() -> None:
    app = TableApp()
    async with app.run_test(size=(70, 20)) as pilot:
        app.table.replace(named(*LETTERS))
        await pilot.press(*["j"] * 15)
        await pilot.resize_terminal(40, 6)
        await until(lambda: app.table.size.height == 6, "the new size")
        assert cursor_on(await painted(app)) == ["n15"]


async def test_the_cursor_is_seen_without_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = TableApp()
    async with app.run_test(size=SIZE):
        app.table.replace([resource("a", Health.FAILING), resource("b")])
        screen = await painted(app)
        assert screen[1].startswith("▌a")
        assert "✗ ACTIVE" in screen[1]
        assert "✓ ACTIVE" in screen[2]


async def test_only_status_cells_are_coloured_and_by_the_theme() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE):
        for theme in ("topdeck-dark", "topdeck-light", "topdeck-contrast"):
            app.theme = theme
            app.table.replace([resource("a"), resource("b", Health.FAILING), resource("c")])
            app.table.move_to(ref("c"))
            await painted(app)
            strips = app.screen._compositor.render_strips()
            by_text = {s.text.strip(): s.style for line in (1, 2) for s in strips[line]}
            colours = {text: style.color for text, style in by_text.items() if style}
            variables = app.get_css_variables()
            assert colours["✗ ACTIVE"].name == variables["text-error"]
            assert colours["✓ ACTIVE"].name == variables["text-success"]
            rest = {c for text, c in colours.items() if text and "ACTIVE" not in text}
            assert rest == {by_text["b"].color}
            assert by_text["b"].color.name == app.current_theme.foreground


async def test_focus_is_seen_at_the_cursor() -> None:
    app = TableApp()
    async with app.run_test(size=SIZE) as pilot:
        app.table.replace(named("a"))
        await painted(app)
        focused = next(iter(app.screen._compositor.render_strips()[1])).style
        app.set_focus(None)
        await pilot.pause()
        await painted(app)
        blurred = next(iter(app.screen._compositor.render_strips()[1])).style
        assert focused != blurred


async def test_rows_may_come_before_there_is_a_screen() -> None:
    app = TableApp(())
    app.table.set_columns(COLUMNS)
    app.table.replace(named("a", "b"))
    app.table.apply([resource("c")], [ref("a")])
    assert app.table.move_to(ref("c"))
    async with app.run_test(size=SIZE):
        screen = await painted(app)
        assert names_on(screen) == ["b", "c"]
        assert app.table.cursor_ref == ref("c")
        assert cursor_on(screen) == ["c"]
