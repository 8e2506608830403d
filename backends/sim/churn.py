"""Pods that change at a given rate, all over the Kubernetes clusters: what load tests ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from backends.sim.kube_world import KubeCluster, containers, kinds
from backends.sim.kube_world.store import Version
from backends.sim.kube_world.values import Doc
from backends.sim.world import World

STEP = 0.02
"""Seconds between two handfuls of changes."""

GOES = 50
"""One change in so many takes a pod away; its replica set makes another one."""


class Wish(msgspec.Struct):
    """How much is to happen."""

    rate: float
    """Changes of pods a second, above 0."""
    seconds: float
    clusters: tuple[str, ...] = ()
    """Where; empty: in all of them."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if not 0 < self.rate <= 100_000 or not 0 < self.seconds <= 600:
            raise ValueError("rate: above 0 to 100,000 a second; seconds: above 0 to 600")


class Churn:
    """Changes pods in turn: a container of each ends and is started again at once."""

    def __init__(self, world: World, wish: Wish) -> None:
        """Raises ValueError for a cluster that is not there."""
        kube = world.kube
        if missing := [name for name in wish.clusters if name not in kube]:
            raise ValueError(f"no Kubernetes cluster {missing[0]!r}")
        self._wish = wish
        self._world = world
        self._clusters = [kube[name] for name in wish.clusters or kube]
        self._rng = world.rng("churn")

    async def run(self) -> int:
        """Change pods for as long as was wished; return how many changes were made.

        Where the machine can't keep up it takes longer rather than do less.
        """
        turns = [self._turn(cluster) for cluster in self._clusters]
        total = round(self._wish.rate * self._wish.seconds)
        loop = asyncio.get_running_loop()
        began, made = loop.time(), 0
        while made < total:
            due = min(total, round((loop.time() - began) * self._wish.rate))
            # However late it is, no more at once than others can wait for.
            for number in range(made, min(due, made + round(self._wish.rate * STEP) + 1)):
                place = number % len(turns)
                self._change(self._clusters[place], turns[place], number)
                made = number + 1
            await asyncio.sleep(STEP if made >= due else 0)
        return made

    def _turn(self, cluster: KubeCluster) -> list[tuple[str, str]]:
        """Return the addresses of a cluster's pods in an order of chance."""
        found = [(v.namespace, v.name) for v in _pods(cluster) if v.ready and not v.deleting]
        if not found:
            raise ValueError(f"no pod is ready in {cluster.name!r}")
        self._rng.shuffle(found)
        return found

    def _change(self, cluster: KubeCluster, turn: list[tuple[str, str]], number: int) -> None:
        """Let something happen to the next pod of a cluster that is still there."""
        for _ in range(len(turn)):
            namespace, name = turn.pop()
            version = cluster.state.get(kinds.PODS, namespace, name)
            if version is None or version.deleting:
                continue
            if number % GOES == GOES - 1:
                cluster.lifecycle.delete_pod(version.unfold())
            else:
                cluster.state.put(kinds.PODS, restarted(version.unfold(), self._world.clock.now()))
                turn.insert(0, (namespace, name))
            return
        turn += self._turn(cluster)


def restarted(pod: Doc, now: float) -> Doc:
    """Return a pod whose first container has just ended and was started again."""
    first, *others = containers.statuses_of(pod)
    ended = containers.as_terminated(first, now, 1, "Error")
    again = {**ended, "lastState": ended["state"]}
    again = containers.as_running(pod, again, now, ready=True, restart=first["restartCount"] + 1)
    return {**pod, "status": {**pod["status"], "containerStatuses": [again, *others]}}


def tally(cluster: KubeCluster) -> list[tuple[str, str, int]]:
    """Return (namespace, name, restarts) of every pod of a cluster, in the order of keys."""
    return [
        (v.namespace, v.name, sum(s["restartCount"] for s in containers.statuses_of(v.doc)))
        for v in _pods(cluster)
    ]


def _pods(cluster: KubeCluster) -> Sequence[Version]:
    return cluster.state.of(kinds.PODS).select()
