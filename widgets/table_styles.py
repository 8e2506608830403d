"""The look of a table: its style sheet, and the styles that its lines are drawn in."""

from __future__ import annotations

from rich.style import Style
from textual.widget import Widget

from widgets.health import HEALTH_LOOKS
from widgets.table_paint import Styles

PARTS = (
    *("header", "marked", "cursor", "gone", "empty"),
    *(look.css_class for look in HEALTH_LOOKS.values()),
)
"""What component classes ``table--...`` there are."""

TABLE_CSS = """
TableCanvas {
    height: 1fr;
    background: $background;
    color: $foreground;
    overflow-x: auto;
    overflow-y: auto;
    scrollbar-gutter: stable;
    scrollbar-size-vertical: 1;
    scrollbar-size-horizontal: 0;
}
TableCanvas > .table--header {
    color: $foreground-muted;
    text-style: bold;
}
TableCanvas > .table--cursor {
    background: $block-cursor-blurred-background;
    color: $foreground;
}
TableCanvas:focus > .table--cursor {
    background: $block-cursor-background;
    color: $block-cursor-foreground;
    text-style: bold;
}
TableCanvas > .table--marked {
    background: $foreground 12%;
    color: $foreground;
    text-style: bold;
}
TableCanvas > .table--gone { color: $foreground-muted; text-style: italic; }
TableCanvas > .table--empty { color: $foreground-muted; }
""" + "".join(
    f"TableCanvas > .table--{look.css_class} {{ color: {look.color}; }}\n"
    for look in HEALTH_LOOKS.values()
)
"""The default style sheet; colours come from the theme."""


def table_styles(table: Widget) -> Styles:
    """Return the styles of a table as its theme and focus have them."""

    def component(name: str) -> Style:
        return table.get_visual_style(f"table--{name}").rich_style

    return Styles(
        row=table.visual_style.rich_style,
        marked=component("marked"),
        cursor=component("cursor"),
        header=component("header"),
        gone=component("gone"),
        empty=component("empty"),
        health={
            health: Style(color=component(look.css_class).color)
            for health, look in HEALTH_LOOKS.items()
        },
    )
