"""Asks before a query is run: what it would cost, and the full address of what it scans."""

from __future__ import annotations

from collections.abc import Sequence

from backends.logs.insights_model import Estimate, Question
from tui.insights_range import Range
from widgets.confirm_dialog import ConfirmDialog
from widgets.fields import Field
from widgets.question_lines import about, bytes_words

GROUPS_SHOWN = 5
"""Log groups that are named; of more, the number is."""


def cost_words(estimate: Estimate, groups: int) -> str:
    """Return in a sentence what a query of so many log groups would scan and cost."""
    where = "1 log group" if groups == 1 else f"{groups} log groups"
    if estimate.scanned is None or estimate.dollars is None:
        return f"What it will scan in {where} is not known ({estimate.source})."
    return (
        f"Will scan about {bytes_words(estimate.scanned)} in {where}: "
        f"{about(estimate.dollars)}, {estimate.source}."
    )


def price_words(estimate: Estimate, region: str) -> str:
    """Return in a sentence what a region asks."""
    price = f"{estimate.price.per_gb:g} USD a GB scanned"
    if estimate.price.known:
        return f"{region} asks {price}; the first 5 GB of a month are free."
    return f"The price in {region} is not known here: reckoned with {price}, the dearest known."


class InsightsDialog(ConfirmDialog):
    """Shows cost, account, region, groups, range and query, and answers whether to run it."""

    def __init__(self, question: Question, span: Range, estimate: Estimate) -> None:
        effects = (
            cost_words(estimate, len(question.groups)),
            price_words(estimate, question.scope.region),
        )
        super().__init__("Run this query", None, effects, confirm="Run")
        self.question = question
        self.estimate = estimate
        self._span = span

    @property
    def fields(self) -> Sequence[Field]:
        """The whole address, the range and the query."""
        question = self.question
        scope, groups = question.scope, question.groups
        named = list(groups[:GROUPS_SHOWN])
        if len(groups) > GROUPS_SHOWN:
            named.append(f"and {len(groups) - GROUPS_SHOWN} more")
        exact = Range(0, question.start, question.end).words()
        span = f"{self._span.words()}: {exact}" if self._span.span else exact
        query = " ".join(line.strip() for line in question.query.splitlines())
        return (
            ("profile", scope.profile or "default"),
            ("account", scope.account or "–"),
            ("region", scope.region),
            *(("groups" if at == 0 else "", name) for at, name in enumerate(named)),
            ("range", span),
            ("query", query if len(query) <= 300 else query[:300] + "…"),
        )
