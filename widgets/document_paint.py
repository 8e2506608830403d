"""One line of YAML or JSON as runs: keys apart from values, data apart from text.

Colour is left to health: keys are muted, numbers and the like have the theme's own hue.
"""

from __future__ import annotations

import re

from widgets.detail_layout import Row, Tone
from widgets.document_text import Language
from widgets.log_text import tidy

_YAML = re.compile(
    r"^(?P<lead> *(?:- )*)"
    r"(?:(?P<key>\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'|[^\"'\s].*?)(?P<colon>:)(?= |$))?"
    r"(?P<value>.*)$"
)
_JSON = re.compile(
    r"^(?P<lead> *)(?:(?P<key>\"(?:[^\"\\]|\\.)*\")(?P<colon>:))?(?P<value>.*?)(?P<comma>,?)$"
)
_DATA = re.compile(
    r"^ ?(?:null|true|false|\{\}|\[\]|[-+]?[0-9][0-9_.]*(?:[eE][-+]?[0-9]+)?|\.nan|-?\.inf)$"
)


def highlighted(line: str, language: Language, *, inner: bool = False) -> Row:
    """Return one line in runs, cleaned; `inner` lines are text whatever they look like."""
    text, hidden = tidy(line)
    row: Row = []
    match = None if inner else (_YAML if language == "yaml" else _JSON).match(text)
    if match is None:
        row.append((text, "text"))
    else:
        groups = match.groupdict()
        row += [
            (groups["lead"], "quiet"),
            (groups["key"] or "", "key"),
            (groups["colon"] or "", "quiet"),
            (groups["value"], _tone(groups["value"])),
            (groups.get("comma") or "", "quiet"),
        ]
    if hidden:
        row.append((f"… +{hidden:,} more", "quiet"))
    return [run for run in row if run[0]]


def _tone(value: str) -> Tone:
    if _DATA.match(value):
        return "literal"
    return "quiet" if value.strip() in {"{", "}", "[", "]", "|", "|-", "|+", "-"} else "text"


def with_found(row: Row, needle: str, *, folded: bool) -> Row:
    """Return the row with each occurrence of `needle` in the tone ``found``."""
    if not needle:
        return row
    found: Row = []
    for text, tone in row:
        at = 0
        searched = text.lower() if folded and len(text.lower()) == len(text) else text
        while (index := searched.find(needle, at)) >= 0:
            found += [(text[at:index], tone), (text[index : index + len(needle)], "found")]
            at = index + len(needle)
        found.append((text[at:], tone))
    return [run for run in found if run[0]]
