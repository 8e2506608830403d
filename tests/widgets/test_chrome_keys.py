"""The key bar and the help: what the bindings in force say."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, ClassVar

from chrome_support import HostApp, screen_text
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App
from textual.binding import Binding, BindingType
from textual.widget import Widget

from widgets.completion import Candidate
from widgets.help_panel import FILTER_HELP, HelpPanel, commands_section
from widgets.key_bar import KeyBar, lay_out
from widgets.keys import KeyHint, hints_of
from widgets.prompt import Prompt


class Rows(Widget, can_focus=True):
    BINDING_GROUP_TITLE = "Table"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "noop", "Down", show=False, id="rows.down", tooltip="The next row."),
    ]
    DEFAULT_CSS = "Rows { height: 1fr; }"

    def render(self) -> str:
        return ""

    def action_noop(self) -> None:
        """Do nothing."""


class KeysApp(HostApp):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "scale", "Scale", id="verb.scale", tooltip="Set the count."),
        Binding("r", "restart", "Restart", id="verb.restart", tooltip="Replace [/all]."),
        Binding("slash", "filter", "Filter", id="view.filter", tooltip="Filter"),
        Binding("ctrl+r", "refresh", "Refresh", show=False, id="view.refresh", tooltip="Ask now."),
        Binding("question_mark", "help", "Help", id="view.help", tooltip="Every key."),
    ]

    def __init__(self, *widgets: Widget) -> None:
        super().__init__(*widgets)
        self.scaled = 0
        self.offered: dict[str, bool | None] = {}

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.offered.get(action, True)

    def action_scale(self) -> None:
        self.scaled += 1


def keys_app() -> tuple[KeysApp, Rows, KeyBar]:
    rows, bar = Rows(), KeyBar()
    return KeysApp(rows, Prompt(id="text"), bar), rows, bar


async def foot(pilot: Any) -> str:
    await pilot.pause()
    return screen_text(pilot.app).splitlines()[-1].strip()


async def test_shows_the_keys_in_their_order_without_hidden_ones() -> None:
    app, rows, _bar = keys_app()
    async with app.run_test(size=(80, 24)) as pilot:
        rows.focus()
        line = await foot(pilot)
        assert line.startswith("s Scale  r Restart  / Filter  ? Help")
        assert "Refresh" not in line
        assert "Down" not in line


async def test_follows_the_keymap() -> None:
    app, rows, _bar = keys_app()
    async with app.run_test(size=(80, 24)) as pilot:
        rows.focus()
        app.set_keymap({"verb.scale": "ctrl+s"})
        assert "^s Scale" in await foot(pilot)
        await pilot.press("s")
        assert app.scaled == 0
        await pilot.press("ctrl+s")
        assert app.scaled == 1


async def test_greyed_actions_are_dimmed_and_hidden_ones_gone() -> None:
    app, rows, bar = keys_app()
    async with app.run_test(size=(80, 24)) as pilot:
        rows.focus()
        app.offered = {"scale": None, "restart": False}
        app.refresh_bindings()
        line = await foot(pilot)
        assert "Restart" not in line
        drawn = bar.render()
        at = drawn.plain.index("Scale")
        assert any("dim" in str(s.style) for s in drawn.spans if s.start <= at < s.end)


async def test_keys_that_a_field_takes_as_text_are_not_shown() -> None:
    app, _rows, _bar = keys_app()
    async with app.run_test(size=(80, 24)) as pilot:
        app.query_one("#text").focus()
        line = await foot(pilot)
        for text in ("Scale", "Filter", "Help"):
            assert text not in line


async def test_a_click_presses_the_key() -> None:
    app, rows, bar = keys_app()
    async with app.run_test(size=(80, 24)) as pilot:
        rows.focus()
        await pilot.pause()
        await pilot.click(bar, offset=(3, 0))
        await pilot.pause()
        assert app.scaled == 1
        app.offered = {"scale": None}
        app.refresh_bindings()
        await pilot.pause()
        await pilot.click(bar, offset=(3, 0))
        await pilot.pause()
        assert app.scaled == 1


def hint(label: str, key: str = "x", owner: str = "a", id: str = "") -> KeyHint:  # noqa: A002
    return KeyHint((key,), key, label, "", id, owner)


HELP = hint("Help", "?", id="view.help")


def test_what_does_not_fit_is_left_to_the_help() -> None:
    hints = [HELP, *(hint(f"Label {n}") for n in range(40))]
    placed = lay_out(hints, 60, 2)
    assert placed[-1].label == "all keys"
    assert placed[-1].hint is HELP
    assert [p.label for p in placed[:3]] == ["Label 0", "Label 1", "Label 2"]
    assert max(p.line for p in placed) == 1


def test_where_all_fit_the_help_has_its_own_label() -> None:
    placed = lay_out([HELP, hint("One")], 60, 2)
    assert [p.label for p in placed] == ["One", "Help"]


@given(
    labels=st.lists(st.text("abc 名", min_size=1, max_size=30), max_size=30),
    width=st.integers(12, 120),
    most=st.integers(1, 3),
)
def test_keys_never_overlap_nor_leave_the_bar(labels: list[str], width: int, most: int) -> None:
    placed = lay_out([*(hint(label, owner=label[0]) for label in labels), HELP], width, most)
    assert all(0 <= p.line < most and p.end <= width for p in placed)
    assert any(p.hint is HELP for p in placed)
    for left, right in pairwise(placed):
        assert (left.line, left.end) < (right.line, right.start) or left.line < right.line


async def test_the_bar_grows_to_three_lines_where_it_is_narrow() -> None:
    class Many(KeysApp):
        BINDINGS: ClassVar[list[BindingType]] = [
            Binding(f"f{n}", f"go({n})", f"Label number {n}", id=f"go.{n}") for n in range(1, 25)
        ]

    bar = KeyBar()
    rows = Rows()
    app = Many(rows, bar)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert bar.size.height == 3
        assert "? all keys" in screen_text(app).splitlines()[-1]
        await pilot.resize_terminal(120, 40)
        await pilot.pause()
        assert bar.size.height == 2


async def test_help_lists_every_key_with_its_sentence() -> None:
    app, rows, _bar = keys_app()
    async with app.run_test(size=(100, 50)) as pilot:
        rows.focus()
        app.offered = {"scale": None}
        app.set_keymap({"verb.restart": "ctrl+t"})
        await pilot.pause()
        panel = HelpPanel(
            app.screen.active_bindings,
            (commands_section([Candidate("pods", "Pods", ("po",), "filter")]), FILTER_HELP),
        )
        await app.push_screen(panel)
        await pilot.pause()
        shown = " ".join(screen_text(app).split())
        for part in (
            "Table",
            "↓ j The next row.",
            "Everywhere",
            "s Set the count. Not possible now.",
            "^t Replace [/all].",
            "^r Ask now.",
            ":pods filter Pods. Also: po.",
            "health:failing By health",
        ):
            assert part in shown
        await pilot.press("escape")
        assert app.screen is not panel
        assert app.focused is rows


async def test_help_scrolls_at_eighty_by_twenty_four_and_its_keys_stay() -> None:
    app, rows, _bar = keys_app()
    async with app.run_test(size=(80, 24)) as pilot:
        rows.focus()
        await app.push_screen(HelpPanel(app.screen.active_bindings))
        await pilot.pause()
        assert "All of several conditions" not in screen_text(app)
        await pilot.press("end")
        await pilot.pause()
        shown = screen_text(app)
        assert "All of several conditions" in shown
        assert "esc Close" in shown
        await pilot.press("home", "question_mark")
        assert not isinstance(app.screen, HelpPanel)


async def test_hints_name_a_key_once_and_leave_textuals_own_out() -> None:
    app, rows, _bar = keys_app()
    async with app.run_test(size=(80, 24)) as pilot:
        rows.focus()
        await pilot.pause()
        hints = hints_of(app, app.screen.active_bindings)
        assert [h.keys for h in hints if h.id == "rows.down"] == [("↓", "j")]
        assert not any(cell_len(h.label) == 0 for h in hints)
        assert not any("super" in key for h in hints for key in h.keys)
        assert isinstance(app, App)
