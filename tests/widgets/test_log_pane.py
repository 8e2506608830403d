"""The log pane as its users see it: what is on the screen after lines, keys and the wheel."""

import random
from itertools import pairwise
from pathlib import Path

import pytest
from log_support import NOW, LogApp, TickingClock, batch, line, numbered, until
from rich.cells import cell_len
from textual.events import MouseScrollDown, MouseScrollUp

from backends.model import LogBatch, Problem
from widgets.log_wrap import breaks

SIZE = (40, 10)


def lines(start: int, stop: int) -> list[str]:
    return [f"line {number:05}" for number in range(start, stop)]


async def test_it_follows_the_end() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE):
        app.pane.feed(numbered(0, 3))
        assert await app.shown() == [*lines(0, 3), *[""] * 7]
        app.pane.feed(numbered(3, 50))
        assert await app.shown() == lines(40, 50)
        assert app.pane.following


async def test_what_was_fed_before_it_was_mounted_is_shown() -> None:
    app = LogApp()
    app.pane.feed(numbered(0, 20))
    async with app.run_test(size=SIZE):
        assert await app.shown() == lines(10, 20)


async def test_scrolling_up_stands_still_while_lines_come_and_fall_out() -> None:
    app = LogApp(max_bytes=35_000)
    async with app.run_test(size=SIZE) as pilot:
        app.pane.feed(numbered(0, 500))
        await app.shown()
        await pilot.press("k", "pageup")
        assert await app.shown() == lines(480, 490)
        assert not app.pane.following
        for start in range(500, 860, 40):
            app.pane.feed(numbered(start, start + 40))
            assert await app.shown() == lines(480, 490)
        assert app.pane.fell_out > 0
        app.pane.feed(numbered(860, 3000))
        first = app.pane.fell_out
        assert first > 490
        assert await app.shown() == lines(first, first + 10)
        assert not app.pane.following


@pytest.mark.parametrize("pattern", ["", "line", "[0-9]$"])
async def test_history_comes_in_at_the_top_and_moves_nothing_in_view(pattern: str) -> None:
    app = LogApp(max_bytes=40_000)
    async with app.run_test(size=SIZE) as pilot:
        app.pane.set_filter(pattern)
        app.pane.feed(numbered(3000, 3900))
        await app.shown()
        await pilot.press("g")
        first = int((await app.shown())[0].removeprefix("line "))
        assert app.pane.fell_out == first - 3000 > 0
        assert app.pane.prepend(numbered(first - 50, first).lines) == 50
        assert await app.shown() == lines(first, first + 10)
        app.pane.feed(numbered(3900, 3910))
        assert await app.shown() == lines(first, first + 10)
        await pilot.press("k", "k")
        assert await app.shown() == lines(first - 2, first + 8)
        await pilot.press("g")
        assert await app.shown() == lines(first - 50, first - 40)
        assert app.pane.held == 910 - (first - 3000) + 50
        assert 0 < app.pane.prepend(numbered(0, 3000).lines) < 3000
        await pilot.press("G")
        app.pane.feed(numbered(3910, 3911))
        assert await app.shown() == lines(3901, 3911)
        await pilot.press("g")
        assert int((await app.shown())[0].removeprefix("line ")) >= first


@pytest.mark.parametrize("keys", [("G",), ("end",), ("s",), ("pagedown",) * 2])
async def test_going_to_the_end_follows_again(keys: tuple[str, ...]) -> None:
    app = LogApp()
    async with app.run_test(size=SIZE) as pilot:
        app.pane.feed(numbered(0, 100))
        await app.shown()
        await pilot.press("pageup", "k")
        assert not app.pane.following
        await pilot.press(*keys)
        assert app.pane.following
        app.pane.feed(numbered(100, 101))
        assert await app.shown() == lines(91, 101)


async def test_keys_move() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE) as pilot:
        app.pane.feed(numbered(0, 100))
        await app.shown()
        for key, top in [
            ("g", 0), ("j", 1), ("down", 2), ("up", 1), ("ctrl+f", 10), ("pagedown", 19),
            ("ctrl+b", 10), ("pageup", 1), ("pageup", 0), ("k", 0), ("home", 0), ("end", 90),
        ]:  # fmt: skip
            await pilot.press(key)
            assert await app.shown() == lines(top, top + 10), key


async def test_stopping_at_the_end_stands_still() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE) as pilot:
        app.pane.feed(numbered(0, 100))
        await app.shown()
        await pilot.press("s")
        app.pane.feed(numbered(100, 200))
        assert await app.shown() == lines(90, 100)


async def test_a_log_that_fits_goes_on_following_whatever_is_pressed() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE) as pilot:
        app.pane.feed(numbered(0, 5))
        await app.shown()
        await pilot.press("k", "pageup", "j")
        app.pane.feed(numbered(5, 20))
        assert await app.shown() == lines(10, 20)


@pytest.mark.parametrize("keys", [("g",), ("s", "k"), ("s", "pageup")])
async def test_a_log_that_fits_stands_still_when_told_to(keys: tuple[str, ...]) -> None:
    app = LogApp()
    async with app.run_test(size=SIZE) as pilot:
        app.pane.feed(numbered(0, 5))
        await app.shown()
        await pilot.press(*keys)
        app.pane.feed(numbered(5, 20))
        assert await app.shown() == lines(0, 10)


async def test_the_wheel_moves() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE):
        app.pane.feed(numbered(0, 100))
        await app.shown()

        async def turn(kind: type[MouseScrollUp | MouseScrollDown]) -> None:
            nothing = {"shift": False, "meta": False, "ctrl": False}
            event = kind(app.pane, 1, 1, 0, 0, 0, screen_x=1, screen_y=1, **nothing)
            before = app.pane.scroll_y
            app.pane.post_message(event)
            await until(lambda: app.pane.scroll_y != before, "the wheel")

        await turn(MouseScrollUp)
        await turn(MouseScrollUp)
        step = round(app.scroll_sensitivity_y)
        assert await app.shown() == lines(90 - 2 * step, 100 - 2 * step)
        assert not app.pane.following
        await turn(MouseScrollDown)
        assert not app.pane.following
        await turn(MouseScrollDown)
        assert app.pane.following


async def test_dragging_the_scroll_bar_moves() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE):
        app.pane.feed(numbered(0, 1000))
        await app.shown()
        app.pane.scroll_to(y=500, animate=False)
        assert await app.shown() == lines(500, 510)
        assert not app.pane.following


# Notes


async def test_notes_losses_and_problems_stand_in_their_place() -> None:
    app = LogApp()
    problem = Problem("denied", "logs:FilterLogEvents", "not authorized", "allow it")
    async with app.run_test(size=(80, 10)):
        app.pane.feed(batch("first"))
        app.pane.feed(LogBatch(lines=(line("second"),), dropped=1200, notes=("task 1f began",)))
        app.pane.feed(LogBatch(problem=problem))
        app.pane.feed(LogBatch(problem=problem))
        app.pane.feed(LogBatch(dropped=1))
        assert (await app.shown())[:6] == [
            "first",
            "── 1,200 lines lost upstream ──",
            "── task 1f began ──",
            "second",
            "── logs:FilterLogEvents: not authorized · allow it ──",
            "── 1 line lost upstream ──",
        ]
        assert (app.pane.received, app.pane.held, app.pane.dropped) == (2, 2, 1201)
        assert app.pane.problem is None


async def test_live_and_problem_are_told() -> None:
    app = LogApp()
    problem = Problem("throttled", "a", "b", "c")
    async with app.run_test(size=SIZE):
        assert not app.pane.live
        app.pane.feed(LogBatch(live=True))
        app.pane.feed(LogBatch(problem=problem))
        assert app.pane.live
        assert app.pane.problem == problem


async def test_an_empty_pane_says_why() -> None:
    app = LogApp()
    app.pane.set_empty(
        "No lines in the last 5 min.\n[b]New\x1b[31m ones\x1b[0m[/b] will appear here."
    )
    async with app.run_test(size=SIZE):
        assert (await app.shown())[:3] == [
            "No lines in the last 5 min.",
            "[b]New ones[/b] will appear here.",
            "",
        ]
        app.pane.feed(batch("x"))
        assert (await app.shown())[:2] == ["x", ""]
        app.pane.set_filter("nowhere")
        assert (await app.shown())[0] == "None of 1 line matches nowhere"


async def test_clear_begins_anew() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE) as pilot:
        app.pane.set_empty("nothing yet")
        app.pane.feed(LogBatch(lines=numbered(0, 50).lines, dropped=3, live=True))
        await app.shown()
        await pilot.press("g")
        app.pane.clear()
        assert (await app.shown())[0] == "nothing yet"
        assert (app.pane.received, app.pane.held, app.pane.dropped) == (0, 0, 0)
        assert app.pane.following
        assert not app.pane.live
        app.pane.feed(numbered(0, 30))
        assert await app.shown() == lines(20, 30)


# Filtering


async def test_a_filter_shows_matches_and_new_ones_as_they_come() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE):
        app.pane.feed(batch(*(f"{'odd' if i % 2 else 'even'} {i}" for i in range(100))))
        assert app.pane.set_filter("ODD") == ""
        assert (await app.shown())[0] == "None of 100 lines matches ODD"
        app.pane.set_filter("odd")
        assert await app.shown() == [f"odd {i}" for i in range(81, 100, 2)]
        assert app.pane.matched == 50
        app.pane.feed(batch("even 100", "odd 101"))
        assert (await app.shown())[-2:] == ["odd 99", "odd 101"]
        app.pane.set_filter("!odd")
        assert (await app.shown())[-2:] == ["even 98", "even 100"]
        app.pane.set_filter("")
        assert (await app.shown())[-2:] == ["even 100", "odd 101"]
        assert app.pane.filter_text == ""


async def test_an_invalid_expression_is_literal_and_says_so() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE):
        app.pane.feed(batch("a (b", "c"))
        assert "literally" in app.pane.set_filter("(b")
        assert (await app.shown())[0] == "a (b"


async def test_a_filter_sees_the_whole_buffer_step_by_step() -> None:
    app = LogApp(clock=TickingClock(NOW))
    async with app.run_test(size=SIZE):
        app.pane.feed(batch("needle at the very beginning"))
        app.pane.feed(numbered(0, 30_000))
        await app.shown()
        app.pane.set_filter("0$|needle")
        assert app.pane.scanning is not None
        top = app.screen._compositor  # the first screen is there before the scan is through
        assert top is not None
        assert 10 <= app.pane.matched < 3_000
        shown = await app.shown()
        assert shown[-1] == "line 29990"
        assert app.pane.scanning is None
        assert app.pane.matched == 3_001
        app.pane.action_scroll_home()
        assert (await app.shown())[0] == "needle at the very beginning"


async def test_the_lines_in_view_stay_when_the_filter_goes() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE) as pilot:
        app.pane.feed(numbered(0, 1000))
        app.pane.set_filter("0$")
        await app.shown()
        await pilot.press("pageup", "pageup", "k")
        top = (await app.shown())[0]
        app.pane.set_filter("")
        shown = await app.shown()
        assert shown[0] == top
        assert shown[1] == f"line {int(top.split()[1]) + 1:05}"
        app.pane.set_filter("5$")
        assert (await app.shown())[0] == f"line {int(top.split()[1]) + 5:05}"


async def test_n_goes_through_the_matches_in_their_surroundings() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE) as pilot:
        app.pane.feed(numbered(0, 300))
        app.pane.set_filter("50$")
        app.pane.set_filter("")
        await pilot.press("g", "n")
        assert "line 00050" in await app.shown()
        await pilot.press("n")
        shown = await app.shown()
        assert "line 00150" in shown
        assert "line 00149" in shown
        await pilot.press("N")
        assert "line 00050" in await app.shown()
        before = await app.shown()
        await pilot.press("N")
        assert await app.shown() == before
        assert not app.pane.following


# Rendering


def naive(texts: list[str], width: int) -> list[str]:
    """Wrap everything, by the plainest means."""
    rows: list[str] = []
    for text in texts:
        starts = breaks(text, width, 10_000)
        rows += [text[a:b].rstrip()[:width] for a, b in pairwise(starts)]
    return rows


MOVES = (
    "scroll_up", "scroll_down", "page_up", "page_down", "scroll_home", "scroll_end",
    "toggle_follow",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("wrap", [False, True])
async def test_whatever_happens_a_slice_of_the_log_is_shown(seed: int, wrap: bool) -> None:
    rng = random.Random(seed)
    app = LogApp(max_bytes=16_000)
    texts: list[str] = []
    async with app.run_test(size=SIZE) as pilot:
        app.pane.wrap = wrap
        pattern = ""
        for _ in range(40):
            match rng.randrange(9):
                case 8:
                    old = [f"{-i} " + "older " * rng.randrange(9) for i in range(9)]
                    texts = texts[len(texts) - app.pane.held :]
                    taken = app.pane.prepend([line(text) for text in old])
                    texts[:0] = old[9 - taken :]
                case 0 | 1 | 2:
                    new = [f"{len(texts) + i} " + "word " * rng.randrange(25) for i in range(9)]
                    texts += new
                    app.pane.feed(batch(*new))
                case 3:
                    pattern = rng.choice(["", "1", "12", "!1", "word word"])
                    app.pane.set_filter(pattern)
                case 4:
                    await pilot.resize_terminal(rng.randint(20, 60), rng.randint(3, 14))
                case _:
                    for name in rng.choices(MOVES, k=3):
                        getattr(app.pane, f"action_{name}")()
            shown = [row for row in await app.shown() if not row.startswith("None of")]
            held = texts[len(texts) - app.pane.held :]
            if pattern.startswith("!"):
                held = [text for text in held if pattern[1:] not in text]
            else:
                held = [text for text in held if pattern in text]
            width, height = app.pane.scrollable_size
            rows = naive(held, width) if wrap else [text[:width].rstrip() for text in held]
            last = max(0, len(rows) - height)
            slices = [
                at
                for at in range(last + 1)
                if shown == (rows[at : at + height] + [""] * height)[:height]
            ]
            assert slices
            if app.pane.following:
                assert slices[-1] == last


async def test_wrapping_keeps_the_line_at_the_top() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE) as pilot:
        app.pane.feed(batch(*(f"{i:03} " + "word " * 20 for i in range(200))))
        await app.shown()
        await pilot.press("g", "pagedown", "pagedown")
        assert (await app.shown())[0].startswith("018 ")
        await pilot.press("w")
        shown = await app.shown()
        assert shown[0].startswith("018 ")
        assert sum(row[:3].isdigit() for row in shown) == 4
        await pilot.resize_terminal(60, 10)
        assert (await app.shown())[0].startswith("018 ")


async def test_left_and_right_show_the_rest_of_long_lines() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE) as pilot:
        app.pane.feed(batch("".join(chr(97 + i % 26) for i in range(100)), "日本語" * 20, "x"))
        await app.shown()
        await pilot.press("right")
        step = app.pane.scrollable_size.width // 2
        shown = await app.shown()
        assert shown[0].startswith("".join(chr(97 + (i + step) % 26) for i in range(20)))
        assert shown[2] == ""
        await pilot.press("left", "left")
        assert (await app.shown())[2] == "x"


async def test_huge_lines_are_bounded() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE) as pilot:
        app.pane.feed(batch(*("y" * 1_000_000 for _ in range(20))))
        shown = await app.shown()
        assert shown == ["y" * app.pane.scrollable_size.width] * 10
        await pilot.press("w")
        shown = await app.shown()
        assert shown[-1].endswith(" more")
        assert shown[-1].startswith("… +9")
        await pilot.press("g", "pagedown", "pagedown")
        assert len(await app.shown()) == 10
        assert app.pane.virtual_size.height < 1000


HOSTILE = (
    "[/foo] [@click=app.quit]x[/] [bold]",
    "\x1b]52;c;aGk=\x07\x1b[2J\x1b[31mred\x1b[0m \x9b1m \x90q\x9c \x1b]8;;http://evil\x1b\\link",
    "bidi \u202e\u2066 zero \u200b\ufeff nul \x00 bell \x07 del \x7f",
    '{"msg":"\\u001b[31m\\u202e\\u0000","\\u001b]52;c;aGk=\\u0007":"\\u009b2J"}',
    "lone \ud800 half",
    "tags \U000e0041 soft\xadhyphen emoji 👩‍👩‍👧 ✌🏽 ❤️",
)


@pytest.mark.parametrize("wrap", [False, True])
async def test_nothing_in_a_line_reaches_the_terminal_as_a_command(wrap: bool) -> None:
    app = LogApp()
    app.pane.show_source = True
    async with app.run_test(size=(100, 20)):
        app.pane.wrap = wrap
        app.pane.feed(LogBatch(lines=tuple(line(t, source=t) for t in HOSTILE), notes=HOSTILE))
        shown = await app.shown()
        assert any("[@click=app.quit]x[/]" in row for row in shown)
        for strip in app.strips():
            assert strip.text.isprintable()
            for segment in strip:
                assert segment.control is None
                assert segment.style is None or segment.style.link is None
            assert strip.cell_length == cell_len(strip.text) == 100


async def test_modes_change_what_is_shown() -> None:
    app = LogApp()
    async with app.run_test(size=(80, 10)) as pilot:
        pane = app.pane
        pane.feed(LogBatch(lines=(line('{"level":"warn","msg":"m","k":1}', "api/app", NOW - 5),)))
        assert (await app.shown())[0] == "WARN  m  k=1"
        await pilot.press("o")
        assert (await app.shown())[0] == "api/app WARN  m  k=1"
        await pilot.press("J")
        assert (await app.shown())[0] == 'api/app {"level":"warn","msg":"m","k":1}'
        await pilot.press("o", "t", "t", "t")
        assert pane.timestamps == "relative"
        assert (await app.shown())[0] == '    5s {"level":"warn","msg":"m","k":1}'
        pane.timestamps = "utc"
        assert (await app.shown())[0].startswith('14:13:15.000Z {"level"')


async def test_colours_of_levels_and_sources() -> None:
    app = LogApp()
    app.pane.show_source = True
    async with app.run_test(size=(80, 10)):
        app.pane.feed(LogBatch(lines=(line("ERROR a", "one"), line("b", "two"), line("c", "one"))))
        await app.shown()
        colours: list[dict[str, str]] = []
        for strip in app.strips()[:3]:
            found = {s.text.strip(): str(s.style.color) for s in strip if s.style}
            colours.append(found)
        assert colours[0]["one"] == colours[2]["one"]
        assert colours[0]["one"] != colours[1]["two"]
        assert colours[0]["ERROR"] not in {colours[0]["a"], colours[0]["one"]}
        app.theme = "topdeck-light"
        await until(
            lambda: str(next(iter(app.strips()[0])).style.color) != colours[0]["one"], "the theme"
        )


async def test_what_matches_is_set_off() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE):
        app.pane.feed(batch("some needle here"))
        app.pane.set_filter("needle")
        await app.shown()
        marked = [s.text for s in app.strips()[0] if s.style and s.style.underline]
        assert marked == ["needle"]


# Elsewhere


async def test_many_batches_are_one_paint() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE):
        await app.shown()
        app.statuses = 0
        for number in range(2_000):
            app.pane.feed(numbered(number, number + 1))
        assert await app.shown() == lines(1990, 2000)
        assert 1 <= app.statuses <= 3


async def test_saving_writes_what_was_held(tmp_path: Path) -> None:
    app = LogApp()
    async with app.run_test(size=SIZE):
        app.pane.feed(batch("one", '{"level":"info","n":2}', "three\x1b[31m", source="api"))
        path = tmp_path / "out.log"
        assert app.pane.save(path, filtered=False) == 3
        assert path.read_text() == (
            "2026-09-21T14:13:20.000Z api one\n"
            '2026-09-21T14:13:20.000Z api {"level":"info","n":2}\n'
            "2026-09-21T14:13:20.000Z api three\n"
        )
        assert path.stat().st_mode & 0o777 == 0o600
        app.pane.set_filter("t")
        assert app.pane.save(path, filtered=True) == 1
        assert app.pane.save(path, filtered=False) == 3


async def test_a_snapshot_is_of_its_moment() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE):
        app.pane.feed(numbered(0, 5))
        snapshot = app.pane.snapshot_text(filtered=False)
        app.pane.feed(numbered(5, 10))
        app.pane.clear()
        assert [row.rpartition("web ")[2] for row in snapshot] == lines(0, 5)


async def test_saving_where_one_may_not_raises(tmp_path: Path) -> None:
    app = LogApp()
    async with app.run_test(size=SIZE):
        with pytest.raises(OSError, match="directory"):
            app.pane.save(tmp_path, filtered=False)


async def test_visible_text_is_whole_lines() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE) as pilot:
        app.pane.feed(numbered(0, 100))
        app.pane.feed(batch("long " * 30))
        await app.shown()
        assert app.pane.visible_text() == "\n".join([*lines(91, 100), ("long " * 30).rstrip()])
        await pilot.press("w")
        await app.shown()
        assert app.pane.visible_text().endswith("\n" + ("long " * 30).rstrip())


async def test_the_mouse_selects_and_the_selection_stays_with_its_text() -> None:
    app = LogApp(max_bytes=12_000)
    async with app.run_test(size=SIZE) as pilot:
        app.pane.feed(numbered(0, 100))
        await app.shown()
        await pilot.hover(app.pane, offset=(2, 2))
        await app.shown()
        await pilot.mouse_down(app.pane, offset=(2, 2))
        await pilot.hover(app.pane, offset=(6, 4))
        await pilot.mouse_up(app.pane, offset=(6, 4))
        await until(lambda: bool(app.pane.selected_text()), "the selection")
        text = app.pane.selected_text()
        assert text.startswith("ne 00092\nline 00093\nline 0")
        assert not app.pane.following
        for start in range(100, 160, 20):
            app.pane.feed(numbered(start, start + 20))
            await app.shown()
            assert app.pane.selected_text() == text
        assert app.pane.fell_out > 0
        assert app.screen.get_selected_text() == text
        app.pane.feed(numbered(160, 1000))
        await app.shown()
        assert app.pane.selected_text() == ""


async def test_a_pane_that_gets_higher_or_lower_goes_on_following() -> None:
    app = LogApp()
    async with app.run_test(size=(60, 20)) as pilot:
        app.pane.feed(numbered(0, 200))
        await app.shown()
        for height in (17, 20, 12, 30):
            await pilot.resize_terminal(60, height)
            await app.shown()
            app.pane.feed(numbered(200 + height, 201 + height))
            assert (await app.shown())[-1] == f"line {200 + height:05}"
            assert app.pane.following
