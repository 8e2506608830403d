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

VARIATIONS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
"""Variation selectors, as part of a regular expression's class: they choose among the looks of the
character before them, on whose width terminals then disagree."""

UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
    # Formats (general category Cf): bidi, zero-width and soft hyphens, marks before numbers, tags
    "\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    # What else is drawn as nothing (Default_Ignorable_Code_Point), fillers above all
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff"
    # Noncharacters
    "\ufdd0-\ufdef\ufffe\uffff"
    "\U0001fffe\U0001ffff\U0002fffe\U0002ffff\U0003fffe\U0003ffff\U0004fffe\U0004ffff"
    "\U0005fffe\U0005ffff\U0006fffe\U0006ffff\U0007fffe\U0007ffff\U0008fffe\U0008ffff"
    "\U0009fffe\U0009ffff\U000afffe\U000affff\U000bfffe\U000bffff\U000cfffe\U000cffff"
    "\U000dfffe\U000dffff\U000efffe\U000effff\U000ffffe\U000fffff\U0010fffe\U0010ffff]"
)
"""Control, bidi, invisible and surrogate characters, which no terminal should be sent."""

_VARIATION = re.compile(f"[{VARIATIONS}]")

REPLACEMENT = "\ufffd"
"""What an unsafe character becomes, so that its presence stays visible."""

MAX_NAME = 4096
"""Characters kept of a name, tag or message; longer text is cut and ends in an ellipsis."""


def clean(text: str, limit: int = MAX_NAME) -> str:
    """Return `text` as one line without escape sequences or unsafe characters.

    Line breaks and tabs become spaces, variation selectors are left out; other unsafe
    characters become U+FFFD. Text longer than `limit` characters is cut and ends in an ellipsis.
    """
    if len(text) > limit:
        text = text[:limit] + "…"
    if text.isascii() and text.isprintable():
        return text
    text = ANSI.sub("", text)
    if not text.isprintable():
        text = text.replace("\r\n", " ").replace("\n", " ").replace("\r", " ").replace("\t", " ")
    return UNSAFE.sub(REPLACEMENT, _VARIATION.sub("", text))


def clean_block(text: str, limit: int = 1_000_000) -> str:
    """Return `text` cleaned line by line, its line breaks kept and its tabs widened."""
    return "\n".join(clean(line.expandtabs(4), limit) for line in text[:limit].splitlines())


def escaped(text: str) -> str:
    """Return JSON with its unsafe characters written as escapes, for files and terminals.

    It stays the same JSON value; line breaks between values stay as they are.
    """
    if text.isascii() and "\x7f" not in text:
        return text
    return UNSAFE.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    if found[0] in "\n\t":
        return found[0]
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
