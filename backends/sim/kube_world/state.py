"""What all controllers of one simulated cluster share: its objects, its agenda, its dice."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable

from backends.sim.agenda import Agenda
from backends.sim.kube_world import kinds
from backends.sim.kube_world.kinds import KubeKind
from backends.sim.kube_world.store import Change, Clockwork, Collection, Version
from backends.sim.kube_world.values import Doc


class KubeState:
    """The objects of one cluster, and who is told when they change."""

    def __init__(self, start: float, rng: random.Random) -> None:
        self.agenda = Agenda(start)
        self.rng = rng
        self.versions = Clockwork()
        self.collections: dict[tuple[str, str], Collection] = {
            key: Collection(kind, self.versions) for key, kind in kinds.KINDS.items()
        }
        self._listeners: defaultdict[str, list[Callable[[Change], None]]] = defaultdict(list)
        self._watchers: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._queued: set[tuple[str, str, str]] = set()

    @property
    def now(self) -> float:
        """The epoch second at which what happens at the moment happens."""
        return self.agenda.now

    def of(self, kind: KubeKind) -> Collection:
        """Return the collection of a kind."""
        return self.collections[kind.group, kind.plural]

    def get(self, kind: KubeKind, namespace: str, name: str) -> Version | None:
        """Return one object, or None."""
        return self.of(kind).get(namespace, name)

    def put(self, kind: KubeKind, doc: Doc) -> None:
        """Store an object and tell those who listen, unless it is the same as before."""
        change = self.of(kind).put(doc)
        if change is not None:
            self._tell(kind, change)

    def remove(self, kind: KubeKind, namespace: str, name: str) -> None:
        """Take an object away and tell those who listen."""
        change = self.of(kind).remove(namespace, name)
        if change is not None:
            self._tell(kind, change)

    def _tell(self, kind: KubeKind, change: Change) -> None:
        for listener in self._listeners[kind.kind]:
            listener(change)
        for watcher in self._watchers[kind.kind]:
            watcher.set()

    def listen(self, kind: KubeKind, listener: Callable[[Change], None]) -> None:
        """Have a controller called for each change of a kind, while it is being made."""
        self._listeners[kind.kind].append(listener)

    def watch(self, kind: KubeKind) -> asyncio.Event:
        """Return an event that is set at each change of a kind, until `unwatch`."""
        event = asyncio.Event()
        self._watchers[kind.kind].add(event)
        return event

    def unwatch(self, kind: KubeKind, event: asyncio.Event) -> None:
        """End what `watch` began."""
        self._watchers[kind.kind].discard(event)

    def watchers(self, kind: KubeKind) -> int:
        """Return how many watches of a kind are open."""
        return len(self._watchers[kind.kind])

    def wake_watchers(self) -> None:
        """Have every open watch look again, whether or not its kind has changed."""
        for events in self._watchers.values():
            for event in events:
                event.set()

    def enqueue(
        self, controller: str, namespace: str, name: str, sync: Callable[[str, str], None]
    ) -> None:
        """Have a controller look at an object soon; once, however often it is asked before."""
        key = (controller, namespace, name)
        if key in self._queued:
            return
        self._queued.add(key)

        def run() -> None:
            self._queued.discard(key)
            sync(namespace, name)

        self.agenda.after(self.rng.uniform(0.01, 0.05), run)

    def spread(self, low: float, high: float) -> float:
        """Return a random number of seconds."""
        return self.rng.uniform(low, high)
