"""A document as YAML or JSON text, and which of its lines are data rather than structure.

Nothing here touches the screen; it may take a second for a large document, and is meant to be
called in a thread.
"""

from __future__ import annotations

import json
import re
from typing import Literal, NamedTuple, TypeAlias

from widgets.document_yaml import to_yaml

Language: TypeAlias = Literal["yaml", "json"]
"""How a document is written."""

_BLOCK = re.compile(r"^( *)((?:- )*)(.*: )?[|>][-+]?$")

_ENDINGS = ("|", "|-", "|+", ">", ">-", ">+")


class DocumentText(NamedTuple):
    """A document, written."""

    language: Language
    text: str
    """All of it, correct YAML or JSON, as it came: not cleaned."""
    lines: tuple[str, ...]
    """The same, line by line."""
    folded: tuple[str, ...]
    """The lines in lower case, for searching."""
    inner: frozenset[int]
    """The lines, by index, that continue a YAML block of text: nothing in them is a key."""


def write(document: object, language: Language) -> DocumentText:
    """Return a document of plain JSON values as text; raises ValueError for anything else."""
    text = to_yaml(document) if language == "yaml" else to_json(document)
    lines = tuple(text.removesuffix("\n").split("\n"))
    inner = frozenset(block_lines(lines)) if language == "yaml" else frozenset[int]()
    folded = tuple([line.lower() for line in lines])
    return DocumentText(language, text, lines, folded, inner)


def to_json(document: object) -> str:
    """Return indented JSON, characters beyond ASCII as they are."""
    import orjson

    try:
        return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()
    except TypeError:
        pass  # a number of more than 64 bits, half a surrogate pair: slower, but it can
    try:
        return json.dumps(document, indent=2, ensure_ascii=False)
    except RecursionError as error:
        raise ValueError("the document is nested too deeply") from error
    except TypeError as error:
        raise ValueError(str(error)) from error


def block_lines(lines: tuple[str, ...]) -> list[int]:
    """Return the indices of the lines that are the content of literal or folded blocks."""
    found: list[int] = []
    indent = -1
    for index, line in enumerate(lines):
        if indent >= 0:
            if not line or len(line) - len(line.lstrip(" ")) > indent:
                found.append(index)
                continue
            indent = -1
        if line.endswith(_ENDINGS) and (match := _BLOCK.match(line)):
            indent = len(match[1]) + len(match[2]) - (0 if match[3] else 2)
    return found
