"""The log pane under load: full rate, a ring that runs over, a filter, keys; nothing is lost."""

from __future__ import annotations

import pytest
from log_support import LogApp, TickingClock, batch, line, until

from backends.clock import ManualClock
from backends.model import LogBatch
from widgets.log_filter import Pattern
from widgets.log_model import LogModel

SIZE = (60, 12)
BATCHES, EACH = 60, 250
MOVES = ("scroll_up", "page_up", "page_down", "scroll_end", "scroll_home", "toggle_follow")


def texts_of(number: int) -> list[str]:
    return [f"{n} {'hit' if n % 7 == 0 else 'miss'} {'x' * (n % 45)}" for n in
            range(number * EACH, (number + 1) * EACH)]  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "wrap"),
    [("", False), ("", True), ("hit", True), ("^[0-9]+ h.t x*$", False), ("!miss", False),
     ("!^[0-9]*[1-9] ", False)],
)  # fmt: skip
async def test_a_flood_loses_and_doubles_no_line(pattern: str, wrap: bool) -> None:
    app = LogApp(max_bytes=200_000, clock=TickingClock())
    sent: list[str] = []
    async with app.run_test(size=SIZE) as pilot:
        pane = app.pane
        pane.wrap = wrap
        pane.set_filter(pattern)
        for number in range(BATCHES):
            texts = texts_of(number)
            sent += texts
            pane.feed(batch(*texts))
            if number % 10 == 9:
                getattr(pane, f"action_{MOVES[number // 10 % len(MOVES)]}")()
                await pilot.pause()
        pane.action_scroll_end()
        shown = await app.shown()
        total = BATCHES * EACH
        assert pane.received == total
        assert pane.fell_out == total - pane.held > 0
        held = sent[pane.fell_out :]
        saved = [text.split(" ", 2)[2] for text in pane.snapshot_text(False)]
        assert saved == held
        accepts = Pattern(pattern).accepts
        wanted = [text for text in held if accepts(line(text, "web"))]
        assert pane.matched == len(wanted)
        assert [text.split(" ", 2)[2] for text in pane.snapshot_text(True)] == wanted
        assert shown == [text.rstrip() for text in wanted[-12:]]
        pane.action_scroll_home()
        assert await app.shown() == [text.rstrip() for text in wanted[:12]]
        pane.set_filter("")
        pane.action_scroll_home()
        assert await app.shown() == [text.rstrip() for text in held[:12]]


async def test_how_far_a_search_is_counts_up_to_what_is_held() -> None:
    app = LogApp(clock=TickingClock())
    async with app.run_test(size=SIZE):
        pane = app.pane
        pane.feed(LogBatch(lines=tuple(line(f"{n}") for n in range(60_000))))
        assert pane.searched is None
        pane.set_filter("[05]+$")
        seen = [pane.searched or 0]
        first = await_rows(app)
        assert first[-1] == "59995"
        while pane.searched is not None:
            seen.append(pane.searched)
            await until(lambda: pane.searched != seen[-1], "progress")
        assert len(seen) > 5
        assert seen == sorted(seen)
        assert 0 < seen[0] < seen[-1] <= 60_000
        assert pane.matched == 12_000
        assert (await app.shown())[-1] == "59995"


def await_rows(app: LogApp) -> list[str]:
    """Return the rows as they are at once, long before the search is through."""
    app.pane.show_log()
    app.pane.render_lines(app.pane.size.region)
    assert app.pane.searched is not None
    return [strip.text for _, strip in app.pane._canvas.rows]


def seek(model: LogModel, pattern: str, ordinal: int, step: int) -> tuple[int | None, int]:
    """Return what a search finds, and how many pauses it made."""
    pauses = 0
    for found in model.seek(Pattern(pattern), ordinal, step):
        if found is not None:
            return found, pauses
        pauses += 1
    return None, pauses


@pytest.mark.parametrize("filtered", ["", "9$"])
def test_a_jump_finds_the_next_that_is_shown_from_anywhere(filtered: str) -> None:
    model = LogModel(ManualClock(), 100_000)
    for start in range(0, 9_000, 1000):
        model.feed(batch(*(f"line {n:05}" for n in range(start, start + 1000))))
    model.set_filter(Pattern(filtered))
    while model.step():
        pass
    shown = [model.entry(o).text for o in range(model.lo, model.hi)]
    for pattern in ("99$", "[1-4]99", "line 085", "00000", "!line"):
        accepts = Pattern(pattern).accepts
        hits = [i for i, text in enumerate(shown) if accepts(line(text, ""))]
        for start in (0, 1, len(shown) // 2, len(shown) - 1):
            after = next((i for i in hits if i >= start), None)
            before = next((i for i in reversed(hits) if i <= start), None)
            for step, expected in ((1, after), (-1, before)):
                found, _ = seek(model, pattern, model.lo + start, step)
                assert found == (None if expected is None else model.lo + expected)
    assert seek(model, "line", model.hi, 1)[0] is None
    assert seek(model, "line", model.lo - 1, -1)[0] is None


def test_a_jump_over_many_lines_pauses_for_keys() -> None:
    model = LogModel(TickingClock())
    model.feed(batch("needle", *(f"line {n}" for n in range(60_000))))
    found, pauses = seek(model, "needle", model.hi - 1, -1)
    assert found == 0
    assert pauses >= 5


async def test_a_jump_shows_what_is_around_the_match() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE) as pilot:
        app.pane.feed(batch(*(f"line {n:05}" for n in range(20_000))))
        app.pane.set_filter("05000")
        app.pane.set_filter("")
        await pilot.press("N")
        shown = await app.shown()
        assert shown == [f"line {n:05}" for n in range(4996, 5008)]
        app.pane.feed(batch("more"))
        await pilot.press("k")
        assert await app.shown() == [f"line {n:05}" for n in range(4995, 5007)]
