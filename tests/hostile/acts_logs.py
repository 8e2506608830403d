"""How text from outside gets into what shows logs, and into what asks them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from textual.events import Paste

from backends.clock import ManualClock
from backends.model import LogBatch, LogLine
from tests.hostile.feed import NOW, chunks, problem, some
from tests.hostile.stage import Stage
from widgets.log_pane import LogPane
from widgets.log_top import LogTop
from widgets.prompt import LONGEST
from widgets.query_editor import QueryEditor
from widgets.question_lines import ProgressLine, QuestionLines


async def settled(stage: Stage, pane: LogPane) -> None:
    """Wait until a log has taken in all it was fed."""
    await stage.until(lambda: not pane.busy)


async def log(stage: Stage, texts: Sequence[str]) -> None:
    pane = LogPane(clock=ManualClock(NOW))
    await stage.show(pane)
    pane.set_empty("\n".join(text[:4096] for text in texts))
    await stage.look()
    for part in chunks(texts, min(55, len(texts))):
        pane.feed(LogBatch(lines=tuple(LogLine(NOW, text, text) for text in part)))
        await settled(stage, pane)
        await stage.look(*part)
    pane.feed(LogBatch(notes=tuple(texts[:20]), problem=problem(texts[0]), dropped=3))
    for mode in ("utc", "relative", "off"):
        pane.timestamps = mode
        pane.wrap = not pane.wrap
        pane.json_mode = "raw" if pane.json_mode == "readable" else "readable"
        await settled(stage, pane)
        await stage.look()
    pane.following = False
    pane.action_scroll_home()
    for _ in range(3):
        pane.action_scroll_right()
        pane.action_page_down()
        await stage.look()
    for text in texts:
        pane.set_filter(text[:LONGEST])
    for text in some(texts, 5):
        pane.set_filter(text[:LONGEST])
        await settled(stage, pane)
        await stage.look()


async def columns(stage: Stage, texts: Sequence[str]) -> None:
    clock = ManualClock(NOW)
    for first, second, third in chunks(some(texts, 18), 3):
        pane = LogPane(clock=clock)
        top = LogTop(pane, clock)
        await stage.show(top, pane)
        pane.json_mode = "columns"
        # No decoder of ours lets half a surrogate pair through.
        names = [text.encode(errors="replace").decode() for text in (first, second)]
        said = json.dumps({"level": "error", "msg": third} | dict.fromkeys(names, third))
        pane.feed(LogBatch(lines=tuple(LogLine(NOW - n, third, said) for n in range(3))))
        await settled(stage, pane)
        for _ in range(3):
            top.look()
            await stage.look()
            pane.action_scroll_right()
        pane.timestamps = "utc"
        await settled(stage, pane)
        top.look()
        await stage.look()


async def question(stage: Stage, texts: Sequence[str]) -> None:
    longest = 10_000
    begun = QueryEditor(texts[0], longest=longest)
    about, progress = QuestionLines(), ProgressLine()
    await stage.show(begun, about, progress)
    await stage.look(texts[0])
    for part in chunks(texts, 12):
        about.show([(text, text) for text in part])
        progress.show(part[0], share=0.5)
        await stage.look(*part)
        progress.show(part[0], part[1], part[2])
        await stage.look()
    for text in some(texts, 10):
        progress.show("", text)
        begun.show(text)
        await stage.look(text)
        begun.post_message(Paste(text))
        await stage.pilot.press("home", "enter", "end", "backspace")
        begun.point_at(1, len(text))
        await stage.look()
