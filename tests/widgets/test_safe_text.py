from __future__ import annotations

import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import ControlType, Segment
from rich.style import Style
from textual.color import Color

from backends.text import UNSAFE
from widgets.safe_text import SafeLineFilter, drop_unsafe, show_unsafe

ROOT = Path(__file__).parents[2]
BLACK = Color(0, 0, 0)

texts = st.text(
    st.one_of(
        st.characters(),
        st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp"]),
        st.sampled_from("aé東\x1b\x9b\x07"),
    ),
    max_size=30,
)
styles = st.sampled_from(
    [None, Style(bold=True), Style(link="https://evil.example"), Style(color="red")]
)
segments = st.lists(
    st.builds(Segment, texts, styles, st.sampled_from([None, None, [(ControlType.BELL,)]]))
)


@given(segments)
def test_nothing_unsafe_passes(line: list[Segment]) -> None:
    for text, style, control in SafeLineFilter().apply(line, BLACK):
        assert not UNSAFE.search(text)
        text.encode()  # surrogates would raise
        assert control is None
        assert style is None or style.link is None


@given(segments)
def test_a_line_stays_as_wide_as_it_was(line: list[Segment]) -> None:
    filtered = SafeLineFilter().apply(line, BLACK)
    assert sum(s.cell_length for s in filtered) == sum(s.cell_length for s in line)


# Letters and marks that are drawn as nothing, or as wide as the terminal likes.
_TRICKY = "".join(
    map(chr, (0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x3164, 0xFFA0,
              *range(0xFE00, 0xFE10), *range(0x1F3FB, 0x1F400), *range(0xE0100, 0xE01F0)))
)  # fmt: skip
_HARMLESS = st.characters(categories=["L", "N", "P", "S", "Mn"], exclude_characters=_TRICKY)


@given(st.lists(st.text(_HARMLESS), max_size=4))
def test_what_is_harmless_is_left_alone(words: list[str]) -> None:
    line = [Segment(word, Style(color="red")) for word in words]
    assert SafeLineFilter().apply(line, BLACK) is line


def test_the_rest_of_a_style_stays() -> None:
    (segment,) = SafeLineFilter().apply([Segment("x", Style(bold=True, link="https://x"))], BLACK)
    assert segment.style is not None
    assert segment.style.bold
    assert segment.style.link is None


@given(texts)
def test_dropping_keeps_the_width_and_showing_keeps_the_count(text: str) -> None:
    assert cell_len(drop_unsafe(text)) == cell_len(text)
    assert len(show_unsafe(text)) == len(text)


APP = r"""
import os
from textual.app import App
from textual.widgets import Label, OptionList, Static
from backends.clock import ManualClock
from backends.model import Column, Health, Ref, Resource, Scope
from rich.text import Text
from widgets.resource_table import ResourceTable
from widgets.safe_text import SafeLineFilter

HOSTILE = (
    "A\x1b]52;c;UFdORUQ=\x07B", "C\x1b[31mD", "E\x1b]8;;https://evil.example\x1b\\F\x1b]8;;\x1b\\",
    "G\x9b35mH", "I\x9d0;PWNED\x9cJ", "K\u202eL", "M\u2066N", "O\ud800P", "Q\x00R", "S\x1b[2JT",
    "U\x1bP+q544e\x1b\\V", "W\u200b\u2028X",
)
MARK = os.environ["MARK"]

class Probe(App):
    def get_line_filters(self):
        filters = [*super().get_line_filters()]
        return [*filters, SafeLineFilter()] if MARK == "safe" else filters
    def compose(self):
        yield Static("\n".join(HOSTILE), markup=False)
        yield Label(Text("link", style="link https://evil.example"))
        yield OptionList(*[Text(text) for text in HOSTILE])
        yield ResourceTable(clock=ManualClock())
    def on_mount(self):
        table = self.query_one(ResourceTable)
        table.set_columns([Column("name", "NAME"), Column("image", "IMAGE")])
        table.replace([
            Resource(ref=Ref(Scope("ecs"), "ecs/services", str(i)), health=Health.OK, status="",
                     cells=(text, text))
            for i, text in enumerate((*HOSTILE, "the last row"))
        ])

Probe().run()
"""

LEAKS = (
    b"\x1b]52;",
    b"UFdORUQ=\x07",
    b"\x1b]8;;https://evil",
    "\x9b".encode(),
    "\x9d".encode(),
    "\u202e".encode(),
    "\u2066".encode(),
    "\u200b".encode(),
    b"C\x1b[31mD",
    b"S\x1b[2JT",
    b"\x1bP+q",
    b"Q\x00R",
)


def terminal_output(mark: str, seconds: float = 60.0) -> bytes:
    """Run the probe in a terminal of its own; return every byte that it wrote."""
    terminal, inside = pty.openpty()
    ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 100, 0, 0))
    env = {**os.environ, "MARK": mark, "TERM": "xterm-256color", "TEXTUAL_ANIMATIONS": "none"}
    command = [sys.executable, "-c", APP]
    child = subprocess.Popen(command, stdin=inside, stdout=inside, stderr=inside, env=env, cwd=ROOT)
    os.close(inside)
    written = bytearray()
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            if not select.select([terminal], [], [], 1.0)[0]:
                continue
            try:
                written += os.read(terminal, 65536)
            except OSError:  # Linux says so once the other side is closed
                break
            if b"the last row" in written:
                os.write(terminal, b"\x11")  # ctrl-q, once everything above it is drawn
    finally:
        child.kill()
        child.wait()
        os.close(terminal)
    return bytes(written)


def test_no_escape_of_a_resource_reaches_a_real_terminal() -> None:
    written = terminal_output("safe")
    assert b"NAME" in written
    assert [leak for leak in LEAKS if leak in written] == []


def test_the_probe_would_notice_a_leak() -> None:
    written = terminal_output("unsafe")
    assert b"\x1b]52;" in written
