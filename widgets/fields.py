"""Labelled values, one below the other, whose long values continue under themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from rich.cells import cell_len
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from backends.model import Ref
from widgets.cells import fit
from widgets.fit import lines, plain

Field: TypeAlias = tuple[str, Content | str]
"""A label of the program's own and a value; a string is text from outside."""


def address_fields(ref: Ref) -> tuple[Field, ...]:
    """Return every part of an address with its label, widest first; parts not set are left out."""
    scope = ref.scope
    profile = "context" if scope.provider == "k8s" else "profile"
    parts = (
        ("provider", scope.provider),
        (profile, scope.profile),
        ("account", scope.account),
        ("region", scope.region),
        ("cluster", scope.cluster),
        ("namespace", scope.namespace),
        ("kind", ref.kind.partition("/")[2] or ref.kind),
        ("name", ref.name),
    )
    return tuple((label, value) for label, value in parts if value)


def render_fields(
    fields: Sequence[Field],
    width: int,
    label_width: int = 0,
    label_style: str = "$foreground-muted",
) -> Content:
    """Lay fields out in `width` cells; values wrap, and their further lines are indented.

    `label_width` is the cells kept for labels, at least as many as the longest needs.
    """
    gutter = max([label_width, *(cell_len(label) for label, _ in fields)]) + 2
    indent = Content(" " * gutter)
    rows: list[Content] = []
    for label, value in fields:
        content = plain(value) if isinstance(value, str) else value
        head, *rest = content.wrap(max(2, width - gutter)) or [Content("")]
        rows.append(Content.assemble((fit(label, gutter), label_style), head))
        rows.extend(indent + line for line in rest)
    return lines(rows)


class Fields(Widget):
    """Draws labelled values; it grows to the height that they need."""

    DEFAULT_CSS = """
    Fields { height: auto; width: 1fr; text-wrap: nowrap; }
    """

    def __init__(
        self,
        fields: Sequence[Field] = (),
        *,
        label_width: int = 0,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(id=id)
        self._fields = tuple(fields)
        self._label_width = label_width

    def show(self, fields: Sequence[Field]) -> None:
        """Replace what is shown."""
        if tuple(fields) != self._fields:
            self._fields = tuple(fields)
            self.refresh(layout=True)

    @property
    def text(self) -> str:
        """What is shown, unwrapped: one ``label: value`` a line."""
        return "\n".join(f"{label}: {value}" for label, value in self._fields)

    def render(self) -> Content:
        """Lay the fields out in the width that there is."""
        return render_fields(self._fields, self.content_size.width, self._label_width)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the lines that the fields take when `width` cells wide."""
        laid_out = render_fields(self._fields, width, self._label_width)
        return laid_out.plain.count("\n") + 1 if self._fields else 0
