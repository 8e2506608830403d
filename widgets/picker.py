"""Lists to choose from in a dialog: one of some lines, or any number of many names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from backends.text import clean
from widgets.cells import fit, width_of
from widgets.fit import plain
from widgets.key_bar import KeyBar
from widgets.modal import Modal
from widgets.prompt import Prompt

MOST_SHOWN = 300
"""Names that are listed at once; a filter finds the others."""

WIDEST = 110
"""Cells of the box at most."""

_FRAME = """
    {name} {{ align: center middle; }}
    {name} > .box {{
        width: 90%; max-width: 110; height: auto; max-height: 90%;
        border: round $foreground 50%; background: $surface; padding: 0 1;
    }}
    {name} .title {{ text-style: bold; height: 1; margin-bottom: 1; }}
    {name} OptionList, {name} OptionList:focus {{
        height: auto; max-height: 14; border: none; background: $surface; padding: 0;
    }}
    {name} .note {{ height: auto; color: $foreground-muted; }}
    {name} Prompt {{ background: $panel; }}
    {name} KeyBar {{ background: transparent; padding: 0; margin-top: 1; }}
"""


class Picked(msgspec.Struct, frozen=True):
    """What was chosen in a `LinePicker`."""

    index: int = -1
    """The line; -1: something was typed."""
    text: str = ""


class LinePicker(Modal[Picked | None]):
    """Offers lines; where `typed` says what, something else can be typed below them."""

    BINDING_GROUP_TITLE = "Dialog"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Cancel", id="picker.cancel", tooltip="Choose nothing."),
        Binding("enter", "choose", "Choose", id="picker.choose", tooltip="Take this one."),
        Binding("tab", "app.focus_next", "Next field", id="picker.next", show=False,
                tooltip="Between the list and the field below it."),
    ]  # fmt: skip
    DEFAULT_CSS = _FRAME.format(name="LinePicker")

    def __init__(
        self,
        title: str,
        lines: Sequence[str],
        *,
        typed: str = "",
        check: Callable[[str], str] = lambda text: "",
    ) -> None:
        """`typed` is a hint at what may be typed; `check` says what is wrong with a text."""
        super().__init__()
        self._title, self._lines, self._typed, self._check = title, lines, typed, check

    def compose(self) -> ComposeResult:
        """Lay out the title, the lines, the field and the keys."""
        with Vertical(classes="box"):
            yield Static(plain(self._title), classes="title")
            room = max(20, min(self.app.size.width * 9 // 10, WIDEST) - 6)
            yield OptionList(*(Option(Content(fit(line, room))) for line in self._lines))
            if self._typed:
                yield Static(plain(f"or type {self._typed}"), classes="note", id="hint")
                yield Prompt(id="typed")
            yield KeyBar(most_lines=1)

    def on_mount(self) -> None:
        """Begin on the first line."""
        options = self.query_one(OptionList)
        options.highlighted = 0 if self._lines else None
        options.focus()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(Picked(event.option_index))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        wrong = self._check(event.value) if event.value.strip() else "nothing was typed"
        if wrong:
            self.query_one("#hint", Static).update(plain(wrong))
        else:
            self.dismiss(Picked(text=event.value.strip()))

    def action_choose(self) -> None:
        """Take the line under the cursor."""
        self.query_one(OptionList).action_select()

    def action_close(self) -> None:
        """Choose nothing."""
        self.dismiss(None)


class NarrowPrompt(Prompt):
    """Takes what narrows names down; they have no spaces, so the space bar is left to the list."""

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Say that a space is no text here."""
        return key != "space" and super().check_consume_key(key, character)


class NamePicker(Modal[tuple[str, ...] | None]):
    """Offers many names, of which some are chosen; typing narrows them down.

    `show` brings the names, which may come late; `say` tells why there are none.
    """

    BINDING_GROUP_TITLE = "Dialog"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "done", "Done", id="names.done", priority=True,
                tooltip="Take the names that are marked; without any, the one under the cursor."),
        Binding("space", "mark", "Mark", id="names.mark", priority=True,
                tooltip="Mark the name under the cursor, or unmark it."),
        Binding("up", "move(-1)", "Up", id="names.up", show=False, priority=True,
                tooltip="The name before."),
        Binding("down", "move(1)", "Down", id="names.down", show=False, priority=True,
                tooltip="The next name."),
        Binding("ctrl+u", "none", "Unmark all", id="names.none", priority=True,
                tooltip="Unmark every name."),
        Binding("escape", "close", "Cancel", id="names.cancel", tooltip="Leave it as it was."),
    ]  # fmt: skip
    DEFAULT_CSS = _FRAME.format(name="NamePicker")

    def __init__(self, title: str, chosen: Iterable[str], *, most: int, noun: str) -> None:
        """Begin with some names marked, of at most `most`; `noun` is their plural."""
        super().__init__()
        self._title, self._most, self._noun = title, most, noun
        self._chosen = dict.fromkeys(chosen)
        self._names: dict[str, str] = dict.fromkeys(self._chosen, "")
        self._shown: list[str] = []
        self._said = f"Asking for {noun} ..."

    def compose(self) -> ComposeResult:
        """Lay out the title, the field, the names and what is said of them."""
        with Vertical(classes="box"):
            yield Static(plain(self._title), classes="title")
            yield NarrowPrompt(id="narrow")
            yield OptionList()
            yield Static(classes="note")
            yield KeyBar(most_lines=1)

    def on_mount(self) -> None:
        """Begin to type."""
        self.query_one(OptionList).can_focus = False
        self.query_one(Prompt).focus()
        self._list()

    def show(self, names: Iterable[tuple[str, str]], said: str = "", *, hint: str = "") -> None:
        """Offer these names, each with a remark; those that were chosen before stay offered.

        They are narrowed down to those with `hint` in them at first, if there are any.
        """
        self._names = {**dict.fromkeys(self._chosen, ""), **dict(names)}
        prompt, hint = self.query_one(Prompt), clean(hint)
        if hint and not prompt.value and any(hint.lower() in name.lower() for name in self._names):
            prompt.value = hint
        self.say(said)

    def say(self, text: str) -> None:
        """Say something below the names."""
        self._said = text
        self._list()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._list()

    def _list(self, keep: str = "") -> None:
        if not self.is_mounted:
            return
        options, words = self.query_one(OptionList), self.query_one(Prompt).value.lower().split()
        found = [name for name in self._names if all(word in name.lower() for word in words)]
        found.sort(key=lambda name: (name not in self._chosen, name))
        self._shown = found[:MOST_SHOWN]
        options.set_options([Option(self._line(name)) for name in self._shown])
        if self._shown:
            options.highlighted = self._shown.index(keep) if keep in self._shown else 0
        marked = f"{len(self._chosen)} marked"
        count = f"{len(found):,} of {len(self._names):,}" if words else f"{len(self._names):,}"
        more = f", the first {MOST_SHOWN} listed" if len(found) > MOST_SHOWN else ""
        note = f"{count} {self._noun}{more}, {marked}. {self._said}"
        self.query_one(".note", Static).update(plain(note))

    def _line(self, name: str) -> Content:
        mark = "[x]" if name in self._chosen else "[ ]"
        remark = self._names[name]
        room = max(20, min(self.app.size.width * 9 // 10, WIDEST) - 6)
        text = f"{mark} {name}"
        behind = min(width_of(remark), room - width_of(text) - 2)
        if behind <= 0:
            return Content(fit(text, room))
        return Content(f"{fit(text, room - behind - 2)}  {fit(remark, behind)}")

    @property
    def _current(self) -> str:
        at = self.query_one(OptionList).highlighted
        return self._shown[at] if at is not None and at < len(self._shown) else ""

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        options = self.query_one(OptionList)
        (options.action_cursor_down if by > 0 else options.action_cursor_up)()

    def action_mark(self) -> None:
        """Mark the name under the cursor, or unmark it."""
        name = self._current
        if not name:
            return
        if name in self._chosen:
            del self._chosen[name]
        elif len(self._chosen) < self._most:
            self._chosen[name] = None
        else:
            self._said = f"At most {self._most} can be marked."
        self._mark(name)

    def _mark(self, name: str) -> None:
        """Draw one name anew where it is: what one marks does not run away."""
        options, place = self.query_one(OptionList), self._shown.index(name)
        options.replace_option_prompt_at_index(place, self._line(name))
        note = f"{len(self._names):,} {self._noun}, {len(self._chosen)} marked. {self._said}"
        self.query_one(".note", Static).update(plain(note))

    def action_none(self) -> None:
        """Unmark every name."""
        self._chosen.clear()
        self._list(self._current)

    def action_done(self) -> None:
        """Take the marked names, or the one under the cursor."""
        current = self._current
        self.dismiss(tuple(self._chosen) or ((current,) if current else ()))

    def action_close(self) -> None:
        """Leave it as it was."""
        self.dismiss(None)
