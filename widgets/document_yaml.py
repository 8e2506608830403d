"""YAML written in portions, so that a large document never holds up the other threads for long.

libyaml writes fast, but does not let go of the interpreter until it is through. What is large
is therefore taken apart into portions of a few milliseconds, and put together as libyaml itself
would have written the whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

PORTION = 1_500
"""Values and keys that are written in one go, about."""


def to_yaml(document: object, portion: int = PORTION) -> str:
    """Return block-style YAML in the document's own order, long lines unbroken.

    Text of several lines becomes a literal block where that is exact, else a quoted string.
    Raises ValueError for what is not made of plain JSON values.
    """
    try:
        return "".join(_written(document, portion, _weigh(document)))
    except RecursionError as error:
        raise ValueError("the document is nested too deeply") from error


def _weigh(document: object) -> dict[int, int]:
    """Return how many values and keys each list and mapping holds in all, by identity."""
    weights: dict[int, int] = {}

    def weigh(value: object) -> int:
        if isinstance(value, dict):
            weight = 1 + len(value) + sum([weigh(inner) for inner in value.values()])
        elif isinstance(value, list | tuple):
            weight = 1 + sum([weigh(inner) for inner in value])
        else:
            return 1
        weights[id(value)] = weight
        return weight

    weigh(document)
    return weights


def _written(value: Any, portion: int, weights: dict[int, int]) -> Iterator[str]:
    """Yield the text of a value in portions that end with a line each."""
    if weights.get(id(value), 1) <= portion:
        yield _dump(value)
    elif isinstance(value, dict):
        for group in _groups(value.items(), portion, weights):
            key, inner = group[0]
            if weights.get(id(inner), 1) <= portion:
                yield _dump(dict(group))
                continue
            head = _dump({key: 0})
            if head.startswith("?"):  # a key too long or too odd to stand before its colon
                yield _dump({key: inner})
                continue
            yield head.removesuffix(" 0\n") + "\n"
            indent = "  " if isinstance(inner, dict) else ""
            for text in _written(inner, portion, weights):
                yield _indented(text, indent)
    else:
        for group in _groups([(None, inner) for inner in value], portion, weights):
            if weights.get(id(group[0][1]), 1) <= portion:
                yield _dump([inner for _, inner in group])
                continue
            lead = "- "
            for text in _written(group[0][1], portion, weights):
                yield lead + _indented(text, "  ")[2:] if lead else _indented(text, "  ")
                lead = ""


def _groups(items: Any, portion: int, weights: dict[int, int]) -> Iterator[list[tuple[Any, Any]]]:
    """Yield neighbours that make up a portion together; what is too large comes alone."""
    group: list[tuple[Any, Any]] = []
    load = 0
    for item in items:
        weight = weights.get(id(item[1]), 1)
        if group and load + weight > portion:
            yield group
            group, load = [], 0
        group.append(item)
        load += weight
    if group:
        yield group


def _indented(text: str, indent: str) -> str:
    if not indent:
        return text
    lines = text.split("\n")
    return "\n".join([indent + line if line else line for line in lines])


def _dump(value: object) -> str:
    import yaml

    try:
        text: str = yaml.dump(
            value,
            Dumper=_dumper(),
            sort_keys=False,
            allow_unicode=True,
            default_flow_style=False,
            width=1 << 30,
        )
    except yaml.YAMLError as error:
        raise ValueError(str(error).splitlines()[0]) from error
    return text


@cache
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
