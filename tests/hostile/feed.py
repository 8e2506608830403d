"""What every act feeds a widget with: made of one hostile text each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backends.model import Health, Problem, Ref, Resource, Scope
from tests.hostile.strategies import FACTOR

NOW = 1_790_000_000.0
"""Epoch seconds at which all acts are played."""


def some(texts: Sequence[str], most: int) -> Sequence[str]:
    """Return all texts in a full run, else at most so many of them, from all over."""
    return texts if FACTOR > 1 else texts[:: max(1, -(-len(texts) // most))]


def chunks(texts: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Yield all texts, so many at a time; the last ones are filled up with the first."""
    for start in range(0, len(texts), size):
        yield (
            *texts[start : start + size],
            *([*texts] * size)[: max(0, start + size - len(texts))],
        )


def ref(text: str, kind: str = "ecs/services") -> Ref:
    """Return the address of something called `text`, in places called the same."""
    return Ref(Scope("ecs", text, "111122223333", "us-east-1", text, text), kind, text)


def resource(text: str) -> Resource:
    """Return a row that says `text` in every cell."""
    return Resource(
        ref=ref(text), health=Health.FAILING, status=text, reason=text,
        cells=(text, text, text, NOW - 5, text, text), ready=1, desired=2, pending=1,
    )  # fmt: skip


def problem(text: str) -> Problem:
    """Return an error that says `text` throughout."""
    return Problem("denied", text, text, text)
