"""Descriptions laid out in rows of a given width; nothing in them is cut off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias, cast

from rich.cells import cell_len

from backends.model import Description, Problem, Resource, Section
from widgets.cells import age_text
from widgets.fit import clip, clip_middle
from widgets.health import HEALTH_LOOKS, label
from widgets.log_text import tidy
from widgets.log_wrap import folded

Tone: TypeAlias = Literal[
    "text",
    "name",
    "title",
    "key",
    "quiet",
    "literal",
    "found",
    "ok",
    "idle",
    "unknown",
    "progressing",
    "degraded",
    "failing",
]
"""What a run of text is, from which its style follows."""

Run: TypeAlias = tuple[str, Tone]
"""Text in one tone."""

Row: TypeAlias = list[Run]
"""One row of the screen."""

MAX_KEY = 28
"""Cells that a column of keys takes at most; a longer key has a row to itself."""

COMFORTABLE = 12
"""Cells that a table's column keeps if its content needs them."""

GAP = 2
"""Cells between two columns."""


def wrapped(text: str, width: int) -> list[str]:
    """Return cleaned text in pieces of at most `width` cells; an empty text is one piece."""
    return folded(tidy(text, len(text))[0], width)


def head_row(name: str, resource: Resource | None, at: float | None, now: float, width: int) -> Row:
    """Return the row that stays in view: glyph and word, name, and how old the data is.

    Where it is narrow, it is the middle of the name that goes.
    """
    row: Row = []
    if resource is not None:
        tone = cast(Tone, HEALTH_LOOKS[resource.health].css_class)
        row += [(label(resource.health, clip(tidy(resource.status)[0], width // 3)), tone)]
        row += [("  ", "text")]
    age: Row = [] if at is None else [(f"  as of {age_text(now - at)} ago", "quiet")]
    room = width - sum(cell_len(text) for text, _ in [*row, *age])
    return [*row, (clip_middle(tidy(name)[0], max(4, room)), "name"), *age]


def summary_rows(resource: Resource, width: int) -> list[Row]:
    """Return what is known of a resource before it has been described."""
    pairs = [("Address", resource.ref.address)]
    if resource.reason:
        pairs.insert(0, ("Reason", resource.reason))
    if resource.desired is not None:
        ready = "–" if resource.ready is None else str(resource.ready)
        pending = f", {resource.pending} pending" if resource.pending else ""
        pairs.append(("Ready", f"{ready} of {resource.desired} desired{pending}"))
    return pair_rows(pairs, width)


def problem_rows(problem: Problem, width: int) -> list[Row]:
    """Return what was tried, what came back and what to do."""
    rows: list[Row] = [[(f"✗ could not be described ({problem.code})", "failing")]]
    pairs = (
        ("Tried", problem.action),
        ("Came back", problem.message),
        ("Do", problem.remedy),
    )
    return rows + pair_rows(pairs, width)


def description_rows(description: Description, width: int) -> list[Row]:
    """Return all sections one below the other."""
    rows: list[Row] = []
    for section in description.sections:
        if rows:
            rows.append([])
        rows += section_rows(section, width)
    return rows


def section_rows(section: Section, width: int) -> list[Row]:
    """Return one section under its title."""
    rows: list[Row] = [[(piece, "title")] for piece in wrapped(section.title, width)]
    rows += pair_rows(section.pairs, width)
    if section.head or section.rows:
        rows += table_rows(section.head, section.rows, width)
    for line in section.lines:
        rows += [[(piece, "text")] for piece in wrapped(line, width)]
    return rows


def pair_rows(pairs: Iterable[tuple[str, str]], width: int) -> list[Row]:
    """Return keys and values in two columns; long values continue below themselves."""
    cleaned = [(tidy(key)[0], value) for key, value in pairs]
    room = max(4, min(MAX_KEY, width // 2))
    sizes = [size for key, _ in cleaned if (size := cell_len(key)) <= room]
    column = max(sizes, default=room) + GAP
    rows: list[Row] = []
    for key, value in cleaned:
        if cell_len(key) + GAP > column:
            rows += [[(piece, "key")] for piece in wrapped(key, width)]
            lead: Run = (" " * column, "key")
        else:
            lead = (key + " " * (column - cell_len(key)), "key")
        for piece in wrapped(value, width - column):
            rows.append([lead, (piece, "text")])
            lead = (" " * column, "key")
    return rows


def table_rows(head: Sequence[str], body: Sequence[Sequence[str]], width: int) -> list[Row]:
    """Return a table whose columns line up; where they don't fit, the widest ones wrap.

    Where even that would squeeze them, each line becomes a record of pairs instead.
    """
    columns = max([len(head), *(len(line) for line in body)])
    cells = [[tidy(cell)[0] for cell in line] + [""] * (columns - len(line)) for line in body]
    heads = [tidy(cell)[0] for cell in head] + [""] * (columns - len(head))
    natural = [max(cell_len(line[i]) for line in [heads, *cells]) for i in range(columns)]
    floors = [
        max(2, cell_len(title), min(size, COMFORTABLE))
        for title, size in zip(heads, natural, strict=True)
    ]
    room = width - GAP * (columns - 1)
    if columns == 1:
        floors = [2]
    elif sum(floors) > room:
        return _records(heads, cells, width)
    widths = narrowed(natural, floors, room)
    rows = _table_line(heads, widths, "key") if head else []
    for line in cells:
        rows += _table_line(line, widths, "text")
    return rows


def narrowed(natural: Sequence[int], floors: Sequence[int], room: int) -> list[int]:
    """Return column widths that sum up to `room` at most, taken from the widest ones first.

    No column gets narrower than its floor, even if the sum is then too large.
    """
    widths = [max(size, floor) for size, floor in zip(natural, floors, strict=True)]
    while (over := sum(widths) - room) > 0:
        wide = [i for i, floor in enumerate(floors) if widths[i] > floor]
        if not wide:
            break
        widest = max(wide, key=widths.__getitem__)
        next_widest = max([widths[i] for i in wide if widths[i] < widths[widest]], default=0)
        widths[widest] -= max(1, min(over, widths[widest] - max(next_widest, floors[widest])))
    return widths


def _records(heads: Sequence[str], body: Sequence[Sequence[str]], width: int) -> list[Row]:
    rows: list[Row] = []
    for line in body:
        if rows:
            rows.append([])
        rows += pair_rows([p for p in zip(heads, line, strict=True) if p[1]], width)
    return rows


def _table_line(line: Sequence[str], widths: Sequence[int], tone: Tone) -> list[Row]:
    cells = [wrapped(cell, width) for cell, width in zip(line, widths, strict=True)]
    rows: list[Row] = []
    for number in range(max(len(pieces) for pieces in cells)):
        text = ""
        for pieces, width in zip(cells, widths, strict=True):
            piece = pieces[number] if number < len(pieces) else ""
            text += piece + " " * (max(2, width) - cell_len(piece) + GAP)
        rows.append([(text.rstrip(), tone)])
    return rows
