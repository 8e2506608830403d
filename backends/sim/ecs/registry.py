"""The task definitions of every account and region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from backends.sim.ecs.model import TaskDefinition


class Definitions:
    """Task definitions by place, family and revision."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, str], dict[str, dict[int, TaskDefinition]]] = {}

    def register(self, definition: TaskDefinition) -> None:
        """Enter a revision, so that it can be found and used."""
        place = self._places.setdefault(_place(definition), {})
        place.setdefault(definition.family, {})[definition.revision] = definition

    def newest(self, definition: TaskDefinition) -> TaskDefinition:
        """Return the latest revision of a definition's family."""
        revisions = self._places[_place(definition)][definition.family]
        return revisions[max(revisions)]

    def families(self, account: str, region: str) -> Mapping[str, Mapping[int, TaskDefinition]]:
        """Return the task definitions of one account and region, by family and revision."""
        return self._places.get((account, region), {})

    def images(self, account: str) -> Iterator[str]:
        """Yield the application images of an account's revisions, those that can be pulled."""
        for (owner, _), families in self._places.items():
            if owner == account:
                for revisions in families.values():
                    for definition in revisions.values():
                        if definition.flaw != "image-pull":
                            yield definition.containers[0].image


def _place(definition: TaskDefinition) -> tuple[str, str]:
    region, account = definition.arn.split(":")[3:5]
    return account, region
