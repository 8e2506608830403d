"""Every key of a screen, and what else can be typed there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget
from textual.widgets import Static

from widgets.completion import Candidate
from widgets.dialog import DialogBody
from widgets.fields import Field, render_fields
from widgets.fit import lines, plain
from widgets.key_bar import KeyBar
from widgets.keys import KeyHint, by_owner, hints_of
from widgets.modal import Modal

LABELS = 16
"""Cells for the keys, so that all parts line up."""


class HelpSection(msgspec.Struct, frozen=True):
    """One titled list of things to type and what they do."""

    title: str
    rows: tuple[tuple[str, str], ...]


FILTER_HELP = HelpSection(
    "Filter, after /",
    (
        ("web", "Rows whose text holds it, whatever the case; a regular expression."),
        ("^web$", "Cells that are exactly that."),
        ("!web", "Rows that don't hold it."),
        ("image:nginx", "Only in the column of that name."),
        ("health:failing", "By health: ok, idle, unknown, progressing, degraded, failing."),
        ('"two words"', "Quotes keep spaces, exclamation marks and colons."),
        ("web !canary", "All of several conditions."),
    ),
)
"""The filter language of tables."""

LOG_FILTER_HELP = HelpSection(
    "Filter, after /",
    (
        ("timeout", "Lines whose text or source holds it; a regular expression."),
        ("!healthz", "Lines that don't hold it."),
        (
            "level>=warn",
            "By level, in whatever form a line has it: trace debug info warn error fatal.",
        ),
        ("status>=500", "By field of JSON, key=value or access log; numbers compare as numbers."),
        ("took>1.5s size<2MB", "With a unit, where the field has one or its name says it (_ms)."),
        ("user=bob", "The whole value, whatever the case; http.host=... within an object."),
        ("path~^/api", "A value that an expression matches."),
        ("!user=bot user!=bot", "All other lines, those without the field too."),
        ("level=error db", "All of several conditions; a\\=b looks for a=b itself."),
    ),
)
"""The filter language of logs."""


def commands_section(commands: Iterable[Candidate]) -> HelpSection:
    """Return what can be typed after a colon."""
    rows = []
    for each in commands:
        takes = f" {each.takes}" if each.takes else ""
        also = f" Also: {', '.join(each.aliases)}." if each.aliases else ""
        rows.append((f":{each.word}{takes}", sentence(each.help) + also))
    return HelpSection("Commands, after :", tuple(rows))


def sentence(text: str) -> str:
    """Return `text` with a full stop, where it has none."""
    text = text.strip()
    return text if not text or text[-1] in ".!?" else f"{text}."


class HelpText(Widget):
    """All sections, one below the other."""

    DEFAULT_CSS = "HelpText { height: auto; text-wrap: nowrap; }"

    def __init__(self, sections: Sequence[tuple[str, Sequence[Field]]]) -> None:
        super().__init__()
        self._sections = sections

    def _draw(self, width: int) -> Content:
        parts = []
        for title, fields in self._sections:
            heading = plain(title, "bold underline")
            body = render_fields(fields, width, LABELS, "bold")
            parts.append(lines((heading, body, Content(""))))
        return lines(parts)

    def render(self) -> Content:
        """Draw everything; the panel scrolls over it."""
        return self._draw(self.content_size.width)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the lines that everything takes."""
        return self._draw(width).plain.count("\n") + 1


class HelpPanel(Modal[None]):
    """Made from the bindings in force, so that a remapped key shows as it is."""

    BINDING_GROUP_TITLE = "Help"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape,q,question_mark",
            "dismiss",
            "Close",
            id="help.close",
            tooltip="Close the help.",
        ),
        Binding("down,j", "scroll(1)", "Down", id="help.down", tooltip="Scroll down a line."),
        Binding("up,k", "scroll(-1)", "Up", id="help.up", tooltip="Scroll up a line."),
        Binding(
            "pagedown,space,ctrl+f",
            "page(1)",
            "Page down",
            id="help.page_down",
            tooltip="Scroll down a page.",
        ),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", id="help.page_up", tooltip="A page up."),
        Binding("home,g", "edge(False)", "Top", id="help.top", show=False, tooltip="To the top."),
        Binding("end,G", "edge(True)", "End", id="help.end", show=False, tooltip="To the end."),
    ]
    DEFAULT_CSS = """
    HelpPanel { align: center middle; }
    HelpPanel > Vertical {
        width: 90%; max-width: 110; min-width: 60; height: 90%;
        border: round $foreground 50%; background: $surface; padding: 0 1;
    }
    HelpPanel .title { height: 1; text-style: bold; }
    HelpPanel DialogBody { height: 1fr; margin-top: 1; }
    HelpPanel KeyBar { background: transparent; padding: 0; }
    """

    def __init__(
        self,
        bindings: Mapping[str, ActiveBinding],
        sections: Sequence[HelpSection] = (FILTER_HELP,),
        *,
        title: str = "Keys",
    ) -> None:
        """Show `bindings`, a screen's `active_bindings` from before this one is pushed."""
        super().__init__()
        self._bindings_shown = bindings
        self._sections = tuple(sections)
        self._title = title

    def compose(self) -> ComposeResult:
        """Lay out the title, the sections and the panel's own keys."""
        with Vertical():
            yield Static(plain(self._title), classes="title")
            with DialogBody():
                yield HelpText(self._all())
            yield KeyBar(most_lines=1)

    def _all(self) -> Sequence[tuple[str, Sequence[Field]]]:
        groups = by_owner(hints_of(self.app, self._bindings_shown))
        keys = [(owner, [_field(hint) for hint in hints]) for owner, hints in groups.items()]
        return [*keys, *((section.title, section.rows) for section in self._sections)]

    def action_scroll(self, by: int) -> None:
        """Scroll by lines."""
        self.query_one(DialogBody).scroll_relative(y=by, animate=False)

    def action_page(self, by: int) -> None:
        """Scroll by pages."""
        body = self.query_one(DialogBody)
        body.scroll_relative(y=by * max(1, body.size.height - 1), animate=False)

    def action_edge(self, end: bool) -> None:
        """Scroll to the beginning or the end."""
        body = self.query_one(DialogBody)
        (body.scroll_end if end else body.scroll_home)(animate=False)


def _field(hint: KeyHint) -> Field:
    what = sentence(hint.tooltip) or sentence(hint.label)
    if hint.enabled:
        return (" ".join(hint.keys), what)
    return (" ".join(hint.keys), Content.styled(f"{what} Not possible now.", "$foreground-muted"))
