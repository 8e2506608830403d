"""Words that only a cluster knows: its own kinds, asked for when a command calls for them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from backends.base import BackendError
from backends.board import Board
from backends.fleet import Fleet
from backends.model import Kind, Problem, Resource
from tui.commands import OWN_KINDS, Command, CommandError, Vocabulary

RECENT = 5.0
"""Seconds for which the answer of a cluster stands that did not know a word."""

AT_ONCE = 16
"""Clusters that are asked at the same time."""


class Wording:
    """What commands mean in one place: within a cluster, or on the board.

    Where a cluster has kinds of its own, its words come before those of other families: in a
    Kubernetes cluster ``services`` are its own, not those of ECS.
    """

    def __init__(self, fleet: Fleet, board: Board, family: str, cluster: Resource | None) -> None:
        self._fleet = fleet
        self._board = board
        self._family = family
        self._cluster = cluster

    def asked(self, text: str) -> Sequence[Resource]:
        """Return the clusters whose own kinds a command may be about."""
        able = [c for c in self._board.clusters if self._fleet.discovers(c.ref.scope)]
        names = [word[1:] for word in text.split()[1:] if word.startswith("@")]
        if names and names[-1] != "all":
            return [c for c in able if names[-1] in _names(c)]
        if not names and self._cluster is not None and self._cluster in able:
            return [self._cluster]
        return able

    def parse(self, text: str) -> Command:
        """Understand a command by what is known so far; raises `CommandError`."""
        asked = self.asked(text)
        words = Vocabulary(self._fleet.kinds.values(), self._offered(asked))
        command = words.parse(text, self._preferred(text, asked) or self._family)
        if asked and not self._is_looked_at(command.kind):
            return words.parse(text, _family(asked[0]))
        return command

    def sure(self, text: str) -> bool:
        """Whether no cluster need be asked what a command means."""
        asked = self.asked(text)
        if not text.split() or not asked:
            return True
        try:
            command = self.parse(text)
        except CommandError:
            return False
        if command.action or any(command.kind == kind.id for kind in OWN_KINDS):
            return True
        wanted = self._preferred(text, asked)
        if wanted:
            return command.kind.startswith(f"{wanted}/")
        return self._is_looked_at(command.kind)

    def _is_looked_at(self, kind: str) -> bool:
        """Whether there is anywhere to look for a kind of that family."""
        family = kind.partition("/")[0]
        return any(root.kind.startswith(f"{family}/") for root in self._fleet.roots)

    async def learn(self, text: str, max_age: float = RECENT) -> Sequence[Problem]:
        """Ask clusters for their kinds until one knows what a command means.

        Returns why some could not say; one that does not answer holds nobody up who is not
        in need of it.
        """
        gate = asyncio.Semaphore(AT_ONCE)

        async def ask(cluster: Resource) -> Problem | None:
            async with gate:
                try:
                    return (await self._fleet.discover(cluster.ref.scope, max_age)).problem
                except BackendError as error:
                    return error.problem

        tasks = [asyncio.create_task(ask(cluster)) for cluster in self.asked(text)]
        problems: list[Problem] = []
        try:
            for answered in asyncio.as_completed(tasks):
                problem = await answered
                if problem is not None:
                    problems.append(problem)
                if self.sure(text):
                    break
        finally:
            for task in tasks:
                task.cancel()
        return problems

    def _preferred(self, text: str, asked: Sequence[Resource]) -> str:
        """Return the family that a command is about by where it is typed or what it names."""
        families = {_family(cluster) for cluster in asked}
        if "@" in text and "@all" not in text.split() and len(families) == 1:
            return families.pop()
        return self._family if self._family in families else ""

    def _offered(self, clusters: Sequence[Resource]) -> Sequence[Kind]:
        found = (kind for c in clusters for kind in self._fleet.offered(c.ref.scope))
        return tuple({kind.id: kind for kind in found}.values())


def explained(error: CommandError, problems: Sequence[Problem]) -> str:
    """Return why a command is not understood, with what could not be asked."""
    told = dict.fromkeys(problem.message for problem in problems)
    return f"{error} Not every kind is known: {'; '.join(told)}." if told else str(error)


def _family(cluster: Resource) -> str:
    return cluster.ref.kind.partition("/")[0]


def _names(cluster: Resource) -> tuple[str, ...]:
    scope = cluster.ref.scope
    return (cluster.ref.name, scope.profile, scope.account, scope.region)
