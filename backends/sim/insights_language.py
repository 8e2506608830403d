"""The part of the Logs Insights query language that the simulator understands.

`fields`, `display`, `filter`, `parse`, `stats`, `sort`, `limit`, `dedup` and `estimate`, as
"CloudWatch Logs Insights language query syntax" in the CloudWatch Logs User Guide has them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from backends.sim import insights_commands as commands
from backends.sim.insights_commands import Gathering, Named, Whole
from backends.sim.insights_expressions import Expression, expression
from backends.sim.insights_lexer import Word, Words, unquoted
from backends.sim.insights_values import Row, Value, written

MOST_ROWS = 10_000
"""Rows of a query that names no limit ("limit" in the query syntax)."""

EachRow: TypeAlias = Callable[[Row], bool]
"""Does something to one row; False drops it."""


class Plan:
    """A query as understood."""

    def __init__(self) -> None:
        self.each: list[EachRow] = []
        """What is done to every event, in order."""
        self.wholes: list[Whole | EachRow] = []
        """The commands from the first on that needs every row."""
        self.columns: list[str] = []
        """The columns of the answer, in order."""
        self.grouped = False
        """Whether rows are groups of a `stats`, and no events any more."""
        self.estimate = False
        """Whether only what would be scanned is asked for."""
        self.limit: int | None = None

    def then(self, act: EachRow) -> None:
        """Do something to each row at this point of the query."""
        (self.wholes if self.wholes else self.each).append(act)


def parse(query: str) -> Plan:
    """Understand a query; raises `Malformed`."""
    words = Words(query)
    try:
        return _parse(words)
    except RecursionError:
        raise words.unexpected() from None


def _parse(words: Words) -> Plan:
    plan = Plan()
    shown = False
    while True:
        word = words.kind("name")
        name = word.text.lower()
        if plan.estimate:
            raise words.unexpected(word)
        shown = _command(words, word, name, plan, shown)
        if words.next.kind == "end":
            break
        words.expect("|")
    plan.columns = plan.columns or ["@timestamp", "@message"]
    return plan


def _command(words: Words, word: Word, name: str, plan: Plan, shown: bool) -> bool:
    """Read one command into the plan; return whether a `display` has chosen the columns."""
    if name in ("fields", "display"):
        named = commands.named_list(words)
        plan.then(lambda row: _assign(row, named))
        names = [column for column, _ in named]
        if name == "display":
            plan.columns = names
        elif not shown:
            plan.columns += [column for column in names if column not in plan.columns]
        return shown or name == "display"
    if name in ("filter", "where"):
        test = expression(words)
        plan.then(lambda row: bool(test(row)))
    elif name == "parse":
        plan.then(_parsing(words))
    elif name == "stats":
        stats = commands.stats(words)
        plan.wholes.append(stats)
        plan.columns, plan.grouped = stats.columns, True
        return False
    elif name == "sort":
        plan.wholes.append(commands.sort(words))
    elif name in ("limit", "head"):
        plan.limit = int(float(words.kind("number").text))
        plan.wholes.append(commands.First(plan.limit))
    elif name == "dedup":
        plan.wholes.append(commands.Dedup(commands.names(words)))
    elif name == "estimate":
        plan.estimate = True
    else:
        raise words.unexpected(word)
    return shown


def _assign(row: Row, named: Iterable[Named]) -> bool:
    for name, of in named:
        row.values[name] = of(row)
    return True


def _parsing(words: Words) -> EachRow:
    """Read ``parse [field] "glob" as a, b`` or ``parse [field] /(?<a>...)/``."""
    of: Expression = lambda row: row.get("@message")  # noqa: E731
    if words.next.kind == "name":
        field = unquoted(words.take())

        def of(row: Row) -> Value:
            return row.get(field)

    pattern = words.regex()
    if pattern is not None:
        return lambda row: _take(row, of, pattern, None)
    glob = unquoted(words.kind("text"))
    words.expect("as")
    names = commands.names(words)
    if glob.count("*") != len(names):
        raise words.unexpected()
    parts = [re.escape(part) for part in glob.split("*")]
    compiled = re.compile("(.*?)".join(parts[:-1]) + ("(.*)" if glob.endswith("*") else "(.*?)")
                          + parts[-1] if names else parts[0], re.DOTALL)  # fmt: skip
    return lambda row: _take(row, of, compiled, names)


def _take(row: Row, of: Expression, pattern: re.Pattern[str], names: list[str] | None) -> bool:
    found = pattern.search(written(of(row)))
    if found is not None:
        taken = found.groupdict() if names is None else zip(names, found.groups(), strict=True)
        row.values.update(taken)
    return True


class Run:
    """One run of a plan: events go in, and at any time there is an answer so far."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.matched = 0
        """Events that passed what is done to each."""
        first = next((one for one in plan.wholes if not callable(one)), None)
        self._gathering: Gathering = (first or commands.First(MOST_ROWS)).begin()
        self._rest = plan.wholes[1:] if first is not None else []

    def add(self, row: Row) -> None:
        """Take in one event; the newest come first."""
        if all(act(row) for act in self._plan.each):
            self.matched += 1
            self._gathering.add(row)

    def rows(self) -> Sequence[Row]:
        """Return the answer that the events so far have."""
        rows = self._gathering.rows()
        for step in self._rest:
            if callable(step):
                rows = [row for row in rows if step(row)]
            else:
                gathering = step.begin()
                for row in rows:
                    gathering.add(row)
                rows = gathering.rows()
        return rows[: MOST_ROWS if self._plan.limit is None else self._plan.limit]
