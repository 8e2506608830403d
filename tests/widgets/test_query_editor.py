"""The editor of queries, and the dialogs that offer lines and names."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.events import Paste
from textual.widgets import OptionList

from widgets.picker import LinePicker, NamePicker, Picked
from widgets.query_editor import HIGHEST, LOWEST, QueryEditor
from widgets.question_lines import ProgressLine, QuestionLines


class Bare(App[None]):
    """An app of nothing but an editor."""

    def compose(self) -> ComposeResult:
        yield QueryEditor("fields a", longest=100)

    @property
    def editor(self) -> QueryEditor:
        return self.query_one(QueryEditor)


async def test_the_editor_takes_the_lines_that_its_text_has() -> None:
    app = Bare()
    async with app.run_test(size=(80, 30)) as pilot:
        heights = []
        for lines in (1, 5, 20):
            app.editor.show("\n".join("x" * lines))
            await pilot.pause()
            heights.append(app.editor.size.height)
        assert heights == [LOWEST, 5, HIGHEST]
        assert app.editor.cursor_location == (19, 1)


async def test_what_is_pasted_is_cleaned_and_keeps_its_lines() -> None:
    app = Bare()
    async with app.run_test() as pilot:
        app.editor.show("")
        app.editor.focus()
        app.editor.post_message(Paste("filter a\x1b[31m = 1\r\n| limit\x07 5"))
        await pilot.pause()
        assert app.editor.text == "filter a = 1\n| limit\ufffd 5"


async def test_what_is_put_in_is_cleaned_as_well() -> None:
    app = Bare()
    async with app.run_test():
        app.editor.show("fields\x1b[31m a\n| sort\u202e b")
        assert app.editor.text == "fields a\n| sort\ufffd b"


async def test_a_text_that_is_too_long_is_cut() -> None:
    app = Bare()
    async with app.run_test() as pilot:
        app.editor.focus()
        app.editor.post_message(Paste("y" * 500))
        await pilot.pause()
        assert len(app.editor.text) == 100
        await pilot.press("z")
        await pilot.pause()
        assert len(app.editor.text) == 100


@pytest.mark.parametrize(
    ("place", "cursor"), [((0, 3), (0, 3)), ((1, 99), (1, 2)), ((9, 9), (1, 2)), ((-1, -1), (0, 0))]
)
async def test_the_cursor_goes_as_near_as_it_can(
    place: tuple[int, int], cursor: tuple[int, int]
) -> None:
    app = Bare()
    async with app.run_test():
        app.editor.show("abcd\nef")
        app.editor.point_at(*place)
        assert app.editor.cursor_location == cursor


async def test_a_line_is_picked_or_typed_or_neither() -> None:
    app = Bare()
    answers: list[Picked | None] = []
    async with app.run_test() as pilot:
        for keys in (("down", "enter"), ("tab", "n", "o", "enter", "backspace", "enter"),
                     ("escape",)):  # fmt: skip
            picker = LinePicker(
                "Title", ["one", "two"], typed="a letter",
                check=lambda text: "" if len(text) == 1 else "too long",
            )  # fmt: skip
            app.push_screen(picker, answers.append)
            await pilot.pause()
            await pilot.press(*keys)
            await pilot.pause()
    assert answers == [Picked(1), Picked(text="n"), None]


async def test_names_are_marked_up_to_a_number_and_narrowed() -> None:
    app = Bare()
    answers: list[tuple[str, ...] | None] = []
    async with app.run_test() as pilot:
        picker = NamePicker("Title", ["/b"], most=2, noun="groups")
        app.push_screen(picker, answers.append)
        await pilot.pause()
        picker.show([("/[red]a", "1 GB"), ("/b", ""), ("/c", "")], "Type.")
        await pilot.pause()
        await pilot.press("down", "space", "down", "space")
        await pilot.pause()
        lines = [str(option.prompt) for option in picker.query_one(OptionList).options]
        assert [line[:10].strip() for line in lines] == ["[x] /b", "[x] /[red]", "[ ] /c"]
        await pilot.press("c", "enter")
        await pilot.pause()
        assert answers == [("/b", "/[red]a")]

        picker = NamePicker("Title", [], most=2, noun="groups")
        app.push_screen(picker, answers.append)
        await pilot.pause()
        picker.show([("/a", ""), ("/prod/b", "")], hint="prod")
        await pilot.pause()
        await pilot.press("enter")  # without any mark the one under the cursor is taken
        await pilot.pause()
        assert answers[1:] == [("/prod/b",)]


async def test_remarks_stand_below_each_other_whatever_the_names_are() -> None:
    app = Bare()
    async with app.run_test(size=(80, 24)) as pilot:
        picker = NamePicker("Title", [], most=2, noun="groups")
        app.push_screen(picker)
        await pilot.pause()
        room = 66
        names = ["/a", "/\u540d\u524d", "/\x1b[31mred", "x" * 61]
        picker.show([(name, "12.4 GB") for name in names] + [("y" * 70, "1 GB")])
        await pilot.pause()
        lines = [str(option.prompt) for option in picker.query_one(OptionList).options]
        assert [cell_len(line) for line in lines] == [room] * 5
        assert [line.endswith("  12.4 GB") for line in lines] == [True, True, True, False, False]
        assert not any("\x1b" in line for line in lines)


class Asked(App[None]):
    """An app of nothing but what is said of a question."""

    def compose(self) -> ComposeResult:
        yield QuestionLines()
        yield ProgressLine()


async def test_what_is_said_of_a_question_is_cleaned_and_measured_in_cells() -> None:
    app = Asked()
    async with app.run_test(size=(40, 4)):
        about, progress = app.query_one(QuestionLines), app.query_one(ProgressLine)
        about.show([("groups", "/a\x1b[31mred\u202e")])
        assert about.render().plain == "groups    /ared\ufffd"
        progress.show("\u540d" * 12, "\x1b[31mred", "\u524d" * 12)
        shown = progress.render().plain
        assert shown == "\u540d" * 12 + " \u00b7 red \u00b7 " + "\u524d" * 2 + "\u2026"
        progress.show("\u540d" * 6, share=0.5)  # its gauge has 26 cells and the words have 12
        assert progress.render().plain.startswith("\u2588")
        progress.show("\u540d" * 7, share=0.5)
        assert not progress.render().plain.startswith("\u2588")
