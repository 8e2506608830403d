"""Cleaning and measuring: what is left of hostile text, and how wide it is on a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from backends.text import clean, clean_block
from tests.hostile import strategies as hostile
from tests.hostile.terminal import Command, Terminal, cells, commands, unsafe
from widgets.cells import fit, width_of
from widgets.fit import clip, clip_left, clip_middle
from widgets.log_buffer import Note
from widgets.log_format import saved_line
from widgets.log_text import plain, readable, tidy
from widgets.log_wrap import folded
from widgets.safe_text import SafeLineFilter

BLACK = Color(0, 0, 0)

HALVES = {"rest of a clipboard", "rest of a colour", "tabs"}
"""Payloads that are harmless by themselves."""


@pytest.mark.parametrize("name", sorted(hostile.COMMANDS.keys() - HALVES))
def test_the_terminal_notices_every_command(name: str) -> None:
    terminal = Terminal()
    terminal.feed(hostile.COMMANDS[name].encode("utf-8", "surrogatepass"))
    terminal.end()
    assert terminal.foreign()


@pytest.mark.parametrize("data", hostile.INVALID)
def test_the_terminal_notices_what_is_no_text(data: bytes) -> None:
    terminal = Terminal()
    terminal.feed(data + b" ")
    terminal.end()
    assert {command.kind for command in terminal.foreign()} & {"BAD", "OSC", "C1", "CSI"}


def test_the_terminal_joins_what_was_read_in_pieces() -> None:
    terminal = Terminal(5, 20)
    for byte in "\x1b[2;3H\x1b[1mé漢x\x1b]0;t\x1b\\\x1b[1;19H漢漢".encode():
        terminal.feed(bytes((byte,)))
    assert terminal.lines[:2] == [" " * 18 + "漢", "  é漢x"]
    assert terminal.foreign() == [Command("OSC", "0;t")]
    assert terminal.overflows == ["漢"]


def assert_tame(text: str, kept: str = "") -> None:
    """Nothing in a text commands, hides or reorders anything."""
    assert not unsafe(text, kept), text
    assert all(isinstance(item, str) or item.body in kept for item in commands(text))
    text.encode()


@hostile.always()
@given(hostile.texts())
@hostile.trying(200)
def test_clean_text_is_one_harmless_line(text: str) -> None:
    cleaned = clean(text)
    assert_tame(cleaned)
    assert clean(cleaned) == cleaned
    assert len(cleaned) <= max(len(text), 1)


@hostile.always("]52;c;eA==\x07")
@given(hostile.texts(), hostile.texts())
@hostile.trying(100)
def test_halves_of_a_command_never_meet(first: str, second: str) -> None:
    assert_tame(clean(first) + clean(second))
    assert_tame(tidy(first)[0] + tidy(second)[0])


@hostile.always()
@given(hostile.texts(2000))
@hostile.trying(100)
def test_blocks_keep_their_lines_and_nothing_else(text: str) -> None:
    assert_tame(clean_block(text), "\n")


@pytest.mark.parametrize("name", hostile.HUGE)
def test_a_megabyte_is_cleaned_and_cut(name: str) -> None:
    text = hostile.HUGE[name]
    assert len(clean(text)) <= 4097
    assert_tame(clean(text))
    assert_tame(tidy(text)[0])
    assert_tame("".join(piece for piece, _ in plain(text)[0]))
    assert_tame(saved_line(Note(at=1.0, text=text)), "\t")
    assert len(fit(text, 20)) < 200
    assert cells(fit(text, 20)) == 20
    assert len(folded(tidy(text)[0], 80)) < 402


@hostile.always()
@given(hostile.texts(2000))
@hostile.trying(150)
def test_log_lines_are_drawn_and_saved_without_commands(text: str) -> None:
    pieces = readable(text, keep_time=True) or plain(text)
    for piece, _ in pieces[0]:
        assert_tame(piece)
    drawn = "".join(piece for piece, _ in pieces[0])
    assert cell_len(drawn) == cells(drawn)
    assert_tame(saved_line(Note(at=1.0, text=text)), "\t")


@hostile.always(12, False)
@given(hostile.texts(), st.integers(1, 60), st.booleans())
@hostile.trying(200)
def test_cells_of_a_table_have_their_width_on_any_terminal(
    text: str, width: int, right: bool
) -> None:
    fitted = fit(text, width, right=right)
    assert_tame(fitted)
    assert cells(fitted) == cell_len(fitted) == width
    assert cells(fit(text, width_of(text))) == width_of(text)


@hostile.always(12)
@given(hostile.texts(), st.integers(0, 60))
@hostile.trying(150)
def test_clipped_text_keeps_within_its_room(text: str, width: int) -> None:
    for cut in (clip, clip_left, clip_middle):
        cut_text = cut(clean(text), width)
        assert cell_len(cut_text) <= width
        assert_tame(cut_text)


_STYLES = st.sampled_from([None, Style(bold=True), Style(link="https://evil.example")])


@hostile.always(None)
@given(hostile.texts(), _STYLES)
@hostile.trying(200)
def test_the_last_gate_lets_nothing_pass_and_nothing_move(text: str, style: Style | None) -> None:
    (after,) = SafeLineFilter().apply([Segment(text, style)], BLACK)
    assert_tame(after.text)
    assert after.style is None or after.style.link is None
    assert cells(after.text) == cell_len(after.text) == cell_len(text), ascii(after.text)
