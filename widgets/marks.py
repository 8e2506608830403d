"""Which resources the operator has marked, to do something to all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from backends.model import Ref


class Marks:
    """Refs in the order in which they were marked.

    They stay marked however rows are sorted, filtered or refreshed; `drop_gone` takes out those
    that are no longer there at all.
    """

    def __init__(self) -> None:
        self._refs: dict[Ref, None] = {}

    def __len__(self) -> int:
        return len(self._refs)

    def __iter__(self) -> Iterator[Ref]:
        return iter(self._refs)

    def __contains__(self, ref: object) -> bool:
        return ref in self._refs

    @property
    def last(self) -> Ref | None:
        """What was marked last, among what still is: the end that a range begins from."""
        return next(reversed(self._refs), None)

    def toggle(self, ref: Ref) -> bool:
        """Mark what is not, unmark what is; return whether it is marked now."""
        if ref in self._refs:
            del self._refs[ref]
            return False
        self._refs[ref] = None
        return True

    def add(self, refs: Iterable[Ref]) -> None:
        """Mark these besides."""
        self._refs.update(dict.fromkeys(refs))

    def discard(self, refs: Iterable[Ref]) -> None:
        """Unmark these, where they are marked."""
        for ref in refs:
            self._refs.pop(ref, None)

    def clear(self) -> None:
        """Unmark everything."""
        self._refs.clear()

    def drop_gone(
        self, exists: Callable[[Ref], bool], among: Iterable[Ref] | None = None
    ) -> Sequence[Ref]:
        """Unmark, and return, what no longer exists; `among`: what may have gone, None: all."""
        if not self._refs:
            return ()
        suspects = list(self._refs) if among is None else [r for r in among if r in self._refs]
        gone = [ref for ref in dict.fromkeys(suspects) if not exists(ref)]
        self.discard(gone)
        return gone
