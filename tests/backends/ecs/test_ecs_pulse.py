"""How seldom services are looked at that nobody sees, and what wakes those who look."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any, cast

from ecs_access import Eager, FakeAccess
from ecs_payloads import NOW, SCOPE, cluster, service
from test_ecs_feed import SERVICES, View, many

from backends.base import Demand, Sources
from backends.clock import ManualClock
from backends.ecs.backend import EcsBackend
from backends.ecs.feed import BACKGROUND, CALM, LISTED, VISIBLE
from backends.ecs.pulse import Pulse
from backends.model import Query

REGION = SCOPE.at(account="", cluster="")
CLUSTERS = Query(REGION, "ecs/clusters")


class Nudged(Demand):
    """Counts how often it was nudged."""

    def __init__(self) -> None:
        super().__init__(visible=False)
        self.nudges = 0

    def nudge(self) -> None:
        self.nudges += 1


def test_a_change_of_counts_wakes_who_watches_that_cluster_alone() -> None:
    pulse, mine, others = Pulse(), Nudged(), Nudged()
    pulse.watch(SCOPE, mine)
    pulse.watch(SCOPE.at(cluster="other"), others)
    assert not pulse.known(SCOPE)
    pulse.heard(REGION, [cluster("shop"), cluster("other")])
    pulse.heard(REGION, [cluster("shop"), cluster("other")])
    assert (pulse.known(SCOPE), pulse.beats(SCOPE), mine.nudges) == (True, 0, 0)
    for number, field in enumerate(
        ("runningTasksCount", "pendingTasksCount", "activeServicesCount"), 1
    ):
        pulse.heard(REGION, [cluster("shop", **{field: 77}), cluster("other")])
        assert (pulse.beats(SCOPE), mine.nudges) == (number, number)
    assert others.nudges == 0
    pulse.leave(SCOPE, mine)
    pulse.heard(REGION, [cluster("shop")])
    assert mine.nudges == 3


def test_clusters_of_one_name_in_two_regions_are_two() -> None:
    pulse, mine = Pulse(), Nudged()
    pulse.watch(SCOPE, mine)
    elsewhere = REGION.at(region="eu-west-1")
    pulse.heard(elsewhere, [cluster("shop")])
    pulse.heard(elsewhere, [cluster("shop", runningTasksCount=77)])
    assert (mine.nudges, pulse.known(SCOPE)) == (0, False)


class Both:
    """Services and the clusters that they are in, seen through one backend."""

    def __init__(self) -> None:
        self.access = FakeAccess()
        self.access.clusters = [cluster("shop")]
        self.access.services = many(3)
        backend = EcsBackend(Sources(), ManualClock(NOW))
        backend._access = cast(Any, self.access)
        self.services, self.clusters = View(self.access, SERVICES), View(self.access, CLUSTERS)
        for view, visible in ((self.services, False), (self.clusters, True)):
            view.demand = Eager(visible=visible)
            view.changes = cast(Any, backend.watch(view.shelf.query, view.demand))

    async def rounds(self, *views: View) -> tuple[float, float]:
        """Let views have a round each, and a pause; return how long services last rested."""
        for view in views:
            await view.settle()
        await self.services.settle()
        return self.services.demand.pauses[-1]


async def test_services_that_are_well_are_left_alone_for_longer() -> None:
    both = Both()
    async with aclosing(both.services.changes), aclosing(both.clusters.changes):
        unwatched = await both.rounds(both.services)
        assert unwatched == (VISIBLE, BACKGROUND)
        calm = await both.rounds(both.clusters)
        assert calm == (VISIBLE, CALM)
        both.access.clusters = [cluster("shop", runningTasksCount=77)]
        await both.clusters.settle()
        assert both.clusters.demand.pauses[-1][0] == LISTED
        stirred = await both.rounds()
        assert stirred == (VISIBLE, VISIBLE)
        assert await both.rounds() == (VISIBLE, CALM)


async def test_services_in_trouble_are_looked_at_as_often_as_before() -> None:
    both = Both()
    both.access.services.append(service(runningCount=1, desiredCount=4))
    async with aclosing(both.services.changes), aclosing(both.clusters.changes):
        assert await both.rounds(both.clusters, both.services) == (VISIBLE, BACKGROUND)
