"""Cleaning of text that comes from outside: names, tags, log lines, error messages.

Such text is data. It may hold escape sequences that move the cursor, write the clipboard or
retitle the terminal, and characters that reorder what is read. `clean` is called once, where
text enters; a line filter in `widgets` repeats the removal at the screen.
"""

from __future__ import annotations

import re

ANSI = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?"
    r"|[PX^_][^\x1b]*(?:\x1b\\)?|[ -/]*[0-~])"
    r"|\x9b[0-?]*[ -/]*[@-~]|[\x9d\x90\x98\x9e\x9f][^\x9c\x07]*[\x9c\x07]?"
)
"""Whole escape sequences, 7-bit and 8-bit: ECMA-48 CSI, OSC, DCS, SOS, PM, APC."""

UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
"""Control, bidi, zero-width and surrogate characters, which no terminal should be sent."""

REPLACEMENT = "\ufffd"
"""What an unsafe character becomes, so that its presence stays visible."""

MAX_NAME = 4096
"""Characters kept of a name, tag or message; longer text is cut and ends in an ellipsis."""


def clean(text: str, limit: int = MAX_NAME) -> str:
    """Return `text` as one line without escape sequences or unsafe characters.

    Line breaks and tabs become spaces; other unsafe characters become U+FFFD. Text longer
    than `limit` characters is cut and ends in an ellipsis.
    """
    if len(text) > limit:
        text = text[:limit] + "…"
    if text.isascii() and text.isprintable():
        return text
    text = ANSI.sub("", text)
    if not text.isprintable():
        text = text.replace("\r\n", " ").replace("\n", " ").replace("\r", " ").replace("\t", " ")
    return UNSAFE.sub(REPLACEMENT, text)


def clean_block(text: str, limit: int = 1_000_000) -> str:
    """Return `text` cleaned line by line, its line breaks kept and its tabs widened."""
    return "\n".join(clean(line.expandtabs(4), limit) for line in text[:limit].splitlines())
