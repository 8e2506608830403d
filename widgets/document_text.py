"""A document as YAML or JSON text, and which of its lines are data rather than structure.

Nothing here touches the screen; it may take a second for a large document, and is meant to be
called in a thread.
"""

from __future__ import annotations

import json
import re
from typing import Any, Literal, NamedTuple, TypeAlias

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
    inner: frozenset[int]
    """The lines, by index, that continue a YAML block of text: nothing in them is a key."""


def write(document: object, language: Language) -> DocumentText:
    """Return a document of plain JSON values as text; raises ValueError for anything else."""
    try:
        text = to_yaml(document) if language == "yaml" else to_json(document)
    except RecursionError as error:
        raise ValueError("the document is nested too deeply") from error
    lines = tuple(text.removesuffix("\n").split("\n"))
    inner = frozenset(block_lines(lines)) if language == "yaml" else frozenset[int]()
    return DocumentText(language, text, lines, inner)


def to_json(document: object) -> str:
    """Return indented JSON, characters beyond ASCII as they are."""
    import orjson

    try:
        return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()
    except TypeError:
        pass  # a number of more than 64 bits, half a surrogate pair: slower, but it can
    try:
        return json.dumps(document, indent=2, ensure_ascii=False)
    except TypeError as error:
        raise ValueError(str(error)) from error


def to_yaml(document: object) -> str:
    """Return block-style YAML in the document's own order, long lines unbroken.

    Text of several lines becomes a literal block where that is exact, else a quoted string.
    """
    import yaml

    try:
        return yaml.dump(
            document,
            Dumper=_dumper(),
            sort_keys=False,
            allow_unicode=True,
            default_flow_style=False,
            width=1 << 30,
        )
    except yaml.YAMLError as error:
        raise ValueError(str(error).splitlines()[0]) from error


def _dumper() -> type[Any]:
    """Return libyaml's dumper, or PyYAML's own where it was built without."""
    import yaml

    base: type[Any] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

    class Dumper(base):  # type: ignore[misc]
        """Writes equal parts of a document each time in full, never as an alias."""

        def ignore_aliases(self, data: object) -> bool:
            return True

    def text(dumper: Any, value: str) -> Any:
        style = None
        if "\n" in value:
            style = "|" if _fits_block(value) else '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    return Dumper


def _fits_block(value: str) -> bool:
    """Whether a literal block holds exactly this text, in every YAML parser."""
    if not value[0].strip() or value.endswith("\n\n"):
        return False
    if any(not (c.isprintable() or c == "\n") for c in value):
        return False
    return not any(line != line.rstrip() for line in value.split("\n"))


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
