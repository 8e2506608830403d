"""What a question is about, chosen in dialogs: place, log groups, range, and the query itself."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import App

from backends.base import BackendError
from backends.logs.insights_model import MOST_GROUPS, LogGroup
from backends.model import Scope
from backends.questions import Questions
from tui.insights_asking import Asking
from tui.insights_book import STARTERS
from tui.insights_range import EXAMPLES, PRESETS, Range, parse_range
from widgets.cells import fit, width_of
from widgets.picker import LinePicker, NamePicker
from widgets.question_lines import bytes_words

LONGEST_PROFILE = 70
"""Cells of a profile's name at most where its region stands behind it."""


async def choose_range(app: App[None], now: float) -> Range | None:
    """Let a range be chosen, or typed."""

    def wrong(text: str) -> str:
        try:
            parse_range(text, now)
        except ValueError as error:
            return str(error)
        return ""

    lines = [one.words() for one in PRESETS]
    picked = await app.push_screen_wait(
        LinePicker("Time range", lines, typed=EXAMPLES, check=wrong)
    )
    if picked is None:
        return None
    return parse_range(picked.text, now) if picked.index < 0 else PRESETS[picked.index]


async def choose_place(app: App[None], places: Sequence[Scope]) -> Scope | None:
    """Let an account and region be chosen."""
    profiles = [place.profile or "default" for place in places]
    room = min(LONGEST_PROFILE, max(map(width_of, profiles), default=0))
    pairs = zip(profiles, places, strict=True)
    lines = [f"{fit(profile, room)}  {place.region}" for profile, place in pairs]
    picked = await app.push_screen_wait(LinePicker("Account and region", lines))
    return places[picked.index] if picked is not None else None


async def choose_query(app: App[None], remembered: Sequence[str]) -> str | None:
    """Let one of the last queries be chosen, or one that is good to begin with."""
    lines = [f"▸ {title:<28} {_one_line(query)}" for title, query in STARTERS]
    lines += [f"  {_one_line(query)}" for query in remembered]
    queries = [*(starter.query for starter in STARTERS), *remembered]
    title = "Queries: ▸ to begin with, then the last ones that were run"
    picked = await app.push_screen_wait(LinePicker(title, lines))
    return queries[picked.index] if picked is not None else None


def _one_line(query: str) -> str:
    return " ".join(query.split())


def group_words(group: LogGroup) -> str:
    """Return a remark on a log group: what it stores, and for how long."""
    keeps = "for ever" if group.keeps is None else f"{group.keeps / 86_400:.0f} days"
    return f"{bytes_words(group.stored)}, kept {keeps}"


def group_picker(asking: Asking) -> NamePicker:
    """Return the dialog that marks log groups of a place."""
    where = " / ".join(part for part in (asking.scope.profile, asking.scope.region) if part)
    return NamePicker(f"Log groups of {where}", asking.groups, most=MOST_GROUPS, noun="log groups")


async def fill(picker: NamePicker, questions: Questions, scope: Scope, hint: str) -> None:
    """Bring the names into the dialog once they are known."""
    try:
        found = await questions.groups(scope)
    except BackendError as error:
        picker.say(f"{error.problem.message} {error.problem.remedy}")
        return
    said = "Type to narrow them down; space marks." if found else "There are none here."
    picker.show([(group.name, group_words(group)) for group in found], said, hint=hint)
