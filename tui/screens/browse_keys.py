"""The keys of the browse screen: each is declared here once, for footer, help and keymap."""

from __future__ import annotations

from textual.binding import Binding, BindingType


def _bind(  # one line for each key below
    key: str, action: str, label: str, text: str, *, show: bool = True, first: bool = False
) -> Binding:
    name = action.partition("(")[0]
    return Binding(key, action, label, show=show, tooltip=text, id=f"browse.{name}", priority=first)


# Filter and command are taken by the app before any widget sees the key (`first`), so that what
# is typed fast after them goes into the line they open and is not taken for verbs.
KEYS: list[BindingType] = [
    _bind("escape,q", "back", "Back", "Clear the filter or the marks, or go back."),
    _bind("d", "describe", "Describe", "Show everything worth knowing of the row."),
    _bind("y", "document", "YAML", "Show the provider's own document; J switches to JSON."),
    _bind("l", "logs", "Logs", "Tail the logs of the row and of all that runs under it."),
    _bind("p", "previous_logs", "Previous", "Logs of the container's previous run."),
    _bind(
        "i", "insights", "Insights", "Query days of logs with CloudWatch Logs Insights.", show=False
    ),
    _bind("s", "scale", "Scale", "Set the desired count; asks first."),
    _bind("r", "restart", "Restart", "Replace every task or pod by a rollout; asks first."),
    _bind("ctrl+l", "rollback", "Roll back", "Go back to the revision before; asks first."),
    _bind("w", "watch_rollout", "Rollout", "Follow the rollout of the row until it settles."),
    _bind("u", "related", "Related", "Go to what this belongs to: Cloud Map, task, pod."),
    _bind("slash", "filter", "Filter", "Show only rows that match, as you type.", first=True),
    _bind("colon", "command", "Command", "Go to a kind or run a command: :svc web.", first=True),
    _bind("space", "mark", "Mark", "Mark the row, or unmark it; s, r and c act on all marked."),
    _bind("v", "pane", "Pane", "Show or hide details beside or below the table."),
    _bind("o", "sort_next", "Sort", "Sort by the next column."),
    _bind("O", "sort_reverse", "Reverse", "Reverse the order.", show=False),
    _bind("N", "sort_by('name')", "By name", "Sort by name.", show=False),
    _bind("A", "sort_age", "By age", "Sort by age.", show=False),
    _bind("S", "sort_health", "By health", "Sort by health, worst first.", show=False),
    _bind("ctrl+z", "faults", "Faults", "Show only what is degraded or failing.", show=False),
    _bind("ctrl+w", "wide", "Wide", "Show or hide the wide columns.", show=False),
    _bind("ctrl+r", "refresh", "Refresh", "Ask for fresh rows now.", show=False),
    _bind("c", "copy", "Copy", "Copy the name of the row to the clipboard."),
    _bind("C", "copy_address", "Copy address", "Copy the full address.", show=False),
    Binding(
        "ctrl+@",
        "mark_range",
        "Mark to here",
        show=False,
        id="browse.mark_range",
        tooltip="Mark all from the last mark to this row.",
        key_display="^space",  # what terminals send for it has no other name
    ),
    _bind("asterisk", "mark_shown", "Mark all", "Mark all that the filter shows.", show=False),
    _bind("ctrl+backslash", "unmark", "Unmark all", "Unmark every row.", show=False),
    _bind("0", "everywhere", "All", "Show this kind in every cluster.", show=False),
    _bind("left_square_bracket", "history(-1)", "Earlier", "Go back in history.", show=False),
    _bind("right_square_bracket", "ahead", "Later", "Go forward in history.", show=False),
    _bind("minus", "last", "Last view", "Swap with the view before this one.", show=False),
    _bind("question_mark", "help", "Help", "Every key of this screen."),
]
"""In the order of the foot of the screen."""
