"""A terminal that takes note of everything: it draws what it is sent, and keeps every command.

The parser is the state machine of a VT500 (https://vt100.net/emu/dec_ansi_parser), fed with UTF-8;
C1 controls count whether they are seven or eight bits wide. The widths of characters are those of
`wcwidth` as most terminals have it: one character at a time, nothing joins, nothing widens.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from rich.cells import cell_len


class Command(NamedTuple):
    """One control function that a terminal was sent."""

    kind: str
    """``C0``, ``C1``, ``ESC``, ``CSI``, ``OSC``, ``DCS``, ``SOS``, ``PM``, ``APC`` or ``BAD``."""
    body: str
    """All that follows the introducer, the final character included, without a terminator."""


ALLOWED = (
    # Weights, and colours in full: never one of the terminal's own.
    re.compile(r"CSI (?:(?:[0-9]|2[1-9]|[34]8;2;\d+;\d+;\d+|[34]9)(?:;(?!m)|(?=m)))*m"),
    re.compile(r"CSI \d*(?:;\d*)?H"),  # to a cell
    re.compile(r"CSI \?(?:1000|1003|1006|1015|1016|1004|1049|2004|2026|2048|25|7)[hl]"),
    re.compile(r"CSI \?(?:2026|2048)\$p"),  # asks for a mode
    re.compile(r"CSI (?:>\d+u|<u)"),  # the keyboard protocol of kitty
    re.compile(r"CSI (?:>0q|>q|c|6n|18t|14t)"),
    re.compile(r"OSC 22;(?:default|pointer|text)"),  # the shape of the mouse's pointer
    re.compile(r"C0 [\r\n]"),
)
"""What Textual writes by itself: SGR, CUP, and the modes it sets at the start and end."""

CLIPBOARD = re.compile(r"OSC 52;c;[A-Za-z0-9+/]*=*")
"""What is written in addition where somebody copies."""

_STRINGS = {"]": "OSC", "P": "DCS", "X": "SOS", "^": "PM", "_": "APC"}
_EIGHT_BIT = {"\x9b": "[", "\x9d": "]", "\x90": "P", "\x98": "X", "\x9e": "^", "\x9f": "_"}


def commands(text: str) -> Iterator[Command | str]:
    """Yield what a terminal makes of a text: runs of characters to draw, and commands."""
    for item, _, _ in _parsed(text):
        yield item


def _parsed(text: str) -> Iterator[tuple[Command | str, int, bool]]:
    """Yield the same, each with where it begins and whether more may belong to it."""
    at, size, drawn = 0, len(text), 0
    while at < size:
        char = text[at]
        if not ("\x00" <= char < "\x20" or "\x7f" <= char < "\xa0"):
            at += 1
            continue
        if drawn < at:
            yield text[drawn:at], drawn, False
        begin = at
        lead = text[at + 1 : at + 2] if char == "\x1b" else _EIGHT_BIT.get(char, "")
        start = at + (2 if char == "\x1b" else 1)
        if char == "\x1b" or lead:
            command, at, more = _escape(text, lead, min(start, size))
            yield command, begin, more
        else:
            at += 1
            yield Command("C0" if char < "\x80" else "C1", char), begin, False
        drawn = at
    if drawn < size:
        yield text[drawn:], drawn, False


def _escape(text: str, lead: str, at: int) -> tuple[Command, int, bool]:
    size = len(text)
    if lead == "[":
        end = at
        while end < size and "\x20" <= text[end] < "\x40":
            end += 1
        if end < size and "\x40" <= text[end] <= "\x7e":
            return Command("CSI", text[at : end + 1]), end + 1, False
        return Command("BAD", "CSI " + text[at:end]), end, end == size
    if lead in _STRINGS:
        found = re.compile("\x07|\x9c|\x1b\\\\?" if lead == "]" else "\x9c|\x1b\\\\?").search(
            text, at
        )
        if found is None:
            return Command(_STRINGS[lead], text[at:]), size, True
        command = Command(_STRINGS[lead], text[at : found.start()])
        if found.group() == "\x1b":  # another sequence begins, and ends this one
            return command, found.start(), found.end() == size
        return command, found.end(), False
    end = at - len(lead)
    while end < size and "\x20" <= text[end] < "\x30":
        end += 1
    body = text[at - len(lead) : end + 1]
    if end < size and "\x30" <= text[end] <= "\x7e":
        return Command("ESC", body), end + 1, False
    return Command("BAD", f"ESC {body!r}"), end, end == size


_LATER = ((0x2630, 0x2637), (0x268A, 0x268F), (0x4DC0, 0x4DFF), (0x1D300, 0x1D376))
"""What became wide in Unicode 16, which is newer than the tables of some Pythons."""


@lru_cache(maxsize=1 << 16)
def width(char: str) -> int:
    """Return the cells of one character as `wcwidth` has it."""
    if char.isascii():
        return 1
    code = ord(char)
    if unicodedata.category(char) == "Cn" or any(a <= code <= b for a, b in _LATER):
        return cell_len(char)  # too new for this Python's tables, perhaps not for the terminal's
    if unicodedata.category(char) in ("Mn", "Me", "Mc", "Cf"):
        return 0
    if 0x1160 <= code <= 0x11FF or 0xD7B0 <= code <= 0xD7FF:
        return 0  # vowels and finals, which join the syllable before them
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def cells(text: str) -> int:
    """Return the cells that a text without commands takes."""
    return len(text) if text.isascii() else sum(map(width, text))


class Terminal:
    """A screen of cells, and a list of all that was not drawn on it."""

    def __init__(self, rows: int = 50, columns: int = 200) -> None:
        self.rows, self.columns = rows, columns
        self.commands: Counter[Command] = Counter()
        """Every command, and how often."""
        self.overflows: list[str] = []
        """What was written beyond the right edge."""
        self._grid = [[" "] * columns for _ in range(rows)]
        self._x = self._y = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._rest = ""

    def feed(self, data: bytes) -> None:
        """Take in what a program wrote, all of it up to a moment at which it paused."""
        text = self._rest + self._decoder.decode(data)
        self._rest = ""
        for item, begin, more in _parsed(text):
            if more:  # the read ended in the middle of it
                self._rest = text[begin:]
                break
            if isinstance(item, str):
                self._draw(item)
            else:
                self.commands[item] += 1
                self._obey(item)

    def end(self) -> None:
        """Take what is left of a sequence that never came to an end for what it is."""
        for item in commands(self._rest):
            if not isinstance(item, str):
                self.commands[item] += 1
        self._rest = ""

    def foreign(self, *also: re.Pattern[str]) -> list[Command]:
        """Return the commands that Textual does not write by itself, nor any of `also`."""
        allowed = (*ALLOWED, *also)
        return [
            command
            for command in self.commands
            if not any(p.fullmatch(f"{command.kind} {command.body}") for p in allowed)
        ]

    @property
    def lines(self) -> list[str]:
        """What is to be seen; a wide character is followed by nothing in its second cell."""
        return ["".join(row).rstrip() for row in self._grid]

    def _draw(self, text: str) -> None:
        for char in text:
            if "\udc80" <= char <= "\udcff":
                self.commands[Command("BAD", f"byte {ord(char) - 0xDC00:#x}")] += 1
                continue
            size = width(char)
            if not size:
                if self._x:
                    self._grid[self._y][self._x - 1] += char
                continue
            if self._x + size > self.columns:
                self.overflows.append(char)
                continue
            self._grid[self._y][self._x] = char
            if size == 2:
                self._grid[self._y][self._x + 1] = ""
            self._x += size

    def _obey(self, command: Command) -> None:
        kind, body = command
        if kind == "CSI" and body.endswith("H"):
            row, _, column = body[:-1].partition(";")
            self._y = min(self.rows, max(1, int(row or 1))) - 1
            self._x = min(self.columns, max(1, int(column or 1))) - 1
        elif command == ("C0", "\r"):
            self._x = 0
        elif command == ("C0", "\n"):
            self._y = min(self.rows - 1, self._y + 1)
        elif kind == "CSI" and body == "?1049h":
            self._grid = [[" "] * self.columns for _ in range(self.rows)]


def unsafe(text: str, kept: Iterable[str] = ()) -> list[str]:
    """Return what in a text a terminal would obey, or what would hide or reorder its characters;
    `kept` are controls that are meant to be there."""
    bad = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return [
        f"U+{ord(c):04X}" for c in text if unicodedata.category(c) in bad and c not in set(kept)
    ]
