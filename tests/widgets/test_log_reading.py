"""Levels, folded traces, jumps and columns in the log pane, as they are seen."""

import json

import pytest
from log_support import NOW, LogApp, batch, line, until

from backends.model import LogBatch
from widgets.log_pane import LogPane

SIZE = (60, 10)

TRACE = (
    "ERROR request failed",
    "java.lang.IllegalStateException: no",
    "\tat a.b(C.java:1)",
    "\tat a.c(C.java:2)",
)


def calm(start: int, stop: int) -> LogBatch:
    return batch(*(f"INFO step {n}" for n in range(start, stop)))


def words(shown: list[str]) -> list[str]:
    return [row for row in shown if row]


async def test_levels_have_a_column_once_there_is_one() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE):
        app.pane.feed(batch("plain"))
        assert words(await app.shown()) == ["plain"]
        app.pane.feed(batch("[warn] hm", '{"level":"error","msg":"no","n":1}'))
        assert words(await app.shown()) == ["      plain", "WARN  hm", "ERROR no  n=1"]
        app.pane.json_mode = "raw"
        assert words(await app.shown()) == [
            "plain",
            "[warn] hm",
            '{"level":"error","msg":"no","n":1}',
        ]


async def test_levels_are_drawn_in_the_colours_of_health() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE):
        app.pane.feed(batch("ERROR x", "WARN x", "INFO x"))
        await app.shown()
        pane = app.pane
        colours = []
        for strip in app.strips()[:3]:
            style = next(iter(strip)).style
            assert style is not None
            colours.append(style.color)
        roles = ("error", "warning", "quiet")
        assert colours == [pane.get_component_rich_style(f"log-pane--{r}").color for r in roles]
        assert len(set(colours)) == 3


async def test_a_trace_is_one_line_until_it_is_unfolded() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE) as pilot:
        app.pane.feed(batch("INFO a", *TRACE, "INFO b"))
        folded = ["INFO  a", "ERROR request failed +3 lines", "INFO  b"]
        assert words(await app.shown()) == folded
        await pilot.press("enter")
        unfolded = [
            "INFO  a", "ERROR request failed", "      java.lang.IllegalStateException: no",
            "          at a.b(C.java:1)", "          at a.c(C.java:2)", "INFO  b",
        ]  # fmt: skip
        assert words(await app.shown()) == unfolded
        assert not app.pane.following
        await pilot.press("enter")
        assert words(await app.shown()) == folded
        await pilot.press("z")
        assert words(await app.shown()) == unfolded
        await pilot.press("z")
        assert words(await app.shown()) == folded


async def test_enter_unfolds_what_was_jumped_to_or_else_the_first_in_view() -> None:
    app = LogApp()
    async with app.run_test(size=(60, 20)) as pilot:
        app.pane.feed(batch("INFO a", *TRACE, "INFO b", *TRACE, "ERROR alone", "INFO c"))
        await app.shown()
        await pilot.press("E", "enter")
        shown = words(await app.shown())
        assert shown[1] == "ERROR request failed"
        assert shown[4] == "          at a.c(C.java:2)"
        assert shown[6] == "ERROR request failed +3 lines"
        await pilot.press("enter", "e", "enter")
        shown = words(await app.shown())
        assert shown[1] == "ERROR request failed +3 lines"
        assert shown[3] == "ERROR request failed"


async def test_a_folded_python_trace_tells_what_was_raised() -> None:
    app = LogApp()
    trace = (
        "Traceback (most recent call last):", '  File "x.py", line 1, in y', "    raise X",
        "app.errors.UpstreamError: inventory answered 503",
    )  # fmt: skip
    async with app.run_test(size=(100, 5)):
        app.pane.feed(batch(*trace, "INFO a"))
        assert words(await app.shown())[0] == (
            "ERROR Traceback: app.errors.UpstreamError: inventory answered 503 +3 lines"
        )
    app = LogApp()
    async with app.run_test(size=(60, 5)):
        app.pane.feed(batch(*trace, "INFO a"))
        assert words(await app.shown())[0] == (
            "ERROR Traceback: app.errors.UpstreamError: invent… +3 lines"
        )


async def test_what_goes_on_with_a_trace_later_is_folded_beneath_it() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE):
        app.pane.feed(batch(*TRACE[:3], source="a"))
        app.pane.feed(batch("INFO between", source="b"))
        app.pane.feed(batch(TRACE[3], source="a"))
        assert words(await app.shown()) == ["ERROR request failed +3 lines", "INFO  between"]


async def test_the_count_of_folded_lines_is_seen_beside_a_long_line() -> None:
    app = LogApp()
    async with app.run_test(size=(40, 6)) as pilot:
        app.pane.feed(batch("ERROR " + "x" * 100, *TRACE[1:]))
        assert words(await app.shown()) == ["ERROR " + "x" * (33 - 9) + " +3 lines"]
        await pilot.press("w")
        shown = words(await app.shown())
        assert shown[0] == "ERROR " + "x" * 33
        assert shown[-1].endswith("x +3 lines")
        assert len(shown) == 4


async def test_a_match_inside_a_folded_trace_is_shown() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE) as pilot:
        app.pane.feed(batch("INFO a", *TRACE, "INFO b"))
        await app.shown()
        app.pane.set_filter("C.java:2")
        assert words(await app.shown()) == ["          at a.c(C.java:2)"]
        app.pane.set_filter("")
        assert "ERROR request failed +3 lines" in words(await app.shown())
        await pilot.press("n")
        shown = words(await app.shown())
        assert "          at a.c(C.java:2)" in shown
        assert "ERROR request failed" in shown


async def test_a_filter_by_level_keeps_traces_folded_and_whole() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE) as pilot:
        app.pane.feed(batch("INFO a", *TRACE, "WARN w", "INFO b"))
        await app.shown()
        app.pane.set_filter("level>=warn")
        assert words(await app.shown()) == ["ERROR request failed +3 lines", "WARN  w"]
        assert app.pane.matched == 5
        await pilot.press("enter")
        assert "          at a.c(C.java:2)" in words(await app.shown())
        saved = list(app.pane.snapshot_text(True))
        assert [text.split("web ")[1] for text in saved] == [*TRACE, "WARN w"]


async def test_what_the_pane_says_itself_has_no_level() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE):
        app.pane.feed(LogBatch(notes=("began",), lines=batch("plain", "INFO b").lines))
        app.pane.set_filter("level!=debug")
        assert words(await app.shown()) == ["      plain", "INFO  b"]


async def test_filters_by_field_are_applied_as_lines_come() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE):
        told = [
            json.dumps({"msg": f"m{n}", "status": 200 + n, "level": "info"}) for n in range(400)
        ]
        app.pane.feed(batch(*told))
        app.pane.set_filter("status>=598 level=info")
        assert words(await app.shown()) == ["INFO  m398  status=598", "INFO  m399  status=599"]
        app.pane.feed(batch('{"msg":"x","status":700}', '{"level":"info","msg":"y","status":700}'))
        assert words(await app.shown())[2:] == ["INFO  y  status=700"]


async def test_a_field_that_no_line_has_is_said() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE):
        app.pane.feed(batch(*(['{"latency_ms":5}'] * 600)))
        app.pane.set_filter("latency>1")
        await app.shown()
        assert app.pane.filter_note == "no line has a field latency; there is latency_ms"
        app.pane.set_filter("latency_ms>1")
        await app.shown()
        assert app.pane.filter_note == ""


async def test_jumps_to_errors_and_says_where_there_is_none() -> None:
    app = LogApp()
    async with app.run_test(size=(60, 10), notifications=True) as pilot:
        for n in range(3):
            app.pane.feed(calm(n * 100, n * 100 + 50))
            app.pane.feed(batch(f"ERROR broken {n}"))
            app.pane.feed(calm(n * 100 + 50, n * 100 + 100))
        await app.shown()
        for key, seen in [("E", 2), ("E", 1), ("E", 0), ("e", 1), ("e", 2)]:
            await pilot.press(key)
            assert f"ERROR broken {seen}" in words(await app.shown()), (key, seen)
            assert not app.pane.following
        before = app.pane.ids_in_view()
        await pilot.press("e")
        await until(lambda: "No error below" in said(app.pane), "the end to be said")
        assert app.pane.ids_in_view() == before


def said(pane: LogPane) -> str:
    return " ".join(note.message for note in pane.app._notifications)


async def test_jumps_only_to_errors_that_are_shown() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE) as pilot:
        app.pane.feed(batch(*(f"{'ERROR' if n % 10 == 0 else 'INFO'} n{n}" for n in range(400))))
        await app.shown()
        app.pane.set_filter("n.*5|n100$|n300$")
        await app.shown()
        await pilot.press("g", "e")
        await until(lambda: app.pane._current is not None, "a jump")
        assert app.pane._current == 50
        for key, expected in [("e", 100), ("e", 150), ("E", 100), ("E", 50)]:
            await pilot.press(key)
            await until(lambda e=expected: app.pane._current == e, f"{key} to {expected}")  # type: ignore[misc]


async def test_fields_as_columns_and_back() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE) as pilot:
        for path, status in (("/a", 200), ("/items", 503)):
            said = json.dumps({"level": "info", "msg": "done", "path": path, "status": status})
            app.pane.feed(LogBatch(lines=(line(said, at=NOW),)))
        readable = ["INFO  done  path=/a status=200", "INFO  done  path=/items status=503"]
        assert words(await app.shown()) == readable
        assert app.pane.heading == ""
        await pilot.press("f")
        assert words(await app.shown()) == [
            "INFO  done     /a         200",
            "INFO  done     /items     503",
        ]
        assert app.pane.heading == "      MESSAGE  path    status"
        app.pane.feed(batch(json.dumps({"msg": "x", "path": "/much/longer", "status": 1})))
        assert words(await app.shown())[0] == "INFO  done     /a               200"
        await pilot.press("f")
        assert words(await app.shown())[:2] == readable


@pytest.mark.parametrize("wrap", [False, True])
async def test_scrolling_past_folded_traces_goes_line_by_line(wrap: bool) -> None:
    app = LogApp()
    async with app.run_test(size=SIZE) as pilot:
        app.pane.wrap = wrap
        for n in range(60):
            app.pane.feed(batch(f"INFO calm {n}", *TRACE))
        expected = [f"{n} {what}" for n in range(60) for what in ("calm", "trace")]

        def seen(shown: list[str]) -> list[str]:
            return ["calm" if row.startswith("INFO") else "trace" for row in words(shown)]

        shown = await app.shown()
        assert len(words(shown)) == 10
        assert "INFO  calm 59" in shown
        await pilot.press("g")
        shown = await app.shown()
        assert shown[0] == "INFO  calm 0"
        for top in range(1, 40):
            await pilot.press("j")
            shown = await app.shown()
            assert seen(shown) == [what.split()[1] for what in expected[top : top + 10]]
            assert all(row.endswith("+3 lines") for row in shown if row.startswith("ERROR"))
        await pilot.press(*"k" * 38)
        shown = await app.shown()
        assert seen(shown) == [what.split()[1] for what in expected[1:11]]


async def test_another_log_begins_without_the_levels_of_the_last() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE):
        app.pane.feed(batch(*TRACE))
        await app.shown()
        assert app.pane.counts.errors_since(0) == 1
        app.pane.clear()
        app.pane.feed(batch("\tat a.d(C.java:3)", "plain"))
        assert words(await app.shown()) == ["    at a.d(C.java:3)", "plain"]
        assert app.pane.counts.errors_since(0) == 0
