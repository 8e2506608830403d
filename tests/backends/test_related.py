"""Links between backends are found in both directions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import CLUSTER, CLUSTERS, SERVICES, ScriptedBackend, cluster, resource, until

from backends.audit import AuditLog
from backends.board import Board
from backends.clock import ManualClock
from backends.fleet import Fleet
from backends.model import Column, Kind, Link, Query, Ref, Resource, Scope
from backends.related import matches, related, within

NAME = (Column("name", "Name"),)
MAP = Scope("cloudmap", profile="prod", region="us-east-1")
NAMESPACE = Ref(MAP, "cloudmap/namespaces", "shop.local")
REGISTERED = Ref(MAP, "cloudmap/services", "web")
TASKS = Query(CLUSTER, "ecs/tasks")
NAMESPACES = Query(MAP, "cloudmap/namespaces")
REGISTRIES = Query(MAP, "cloudmap/services", NAMESPACE)
INSTANCES = Query(MAP, "cloudmap/instances", REGISTERED)


class CloudMap(ScriptedBackend):
    """Namespaces, services and instances, each under the one before."""

    def __init__(self) -> None:
        super().__init__((NAMESPACES,))
        self.providers = frozenset({"cloudmap"})
        self.kinds = {
            kind.id: kind
            for kind in (
                Kind("cloudmap/namespaces", "Namespaces", "namespace", NAME, "cloudmap/services"),
                Kind(
                    "cloudmap/services", "Services", "Cloud Map service", NAME, "cloudmap/instances"
                ),
                Kind("cloudmap/instances", "Instances", "instance", NAME),
            )
        }


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[tuple[Fleet, Board]]:
    clock = ManualClock()
    fleet = Fleet(clock=clock, audit=AuditLog(tmp_path / "audit.jsonl", clock))
    ecs, cloudmap = ScriptedBackend(), CloudMap()
    fleet.attach(ecs)
    fleet.attach(cloudmap)
    ecs.say(CLUSTERS, cluster())
    ecs.say(SERVICES, SERVICE)
    ecs.say(TASKS, TASK)
    cloudmap.say(NAMESPACES, resource(MAP, "cloudmap/namespaces", "shop.local"))
    cloudmap.say(REGISTRIES, REGISTRY)
    cloudmap.say(INSTANCES, INSTANCE)
    board = Board(fleet)
    board.open()
    await until(lambda: board.flush() or board.clusters)
    yield fleet, board
    board.close()
    await fleet.close()


SERVICE = resource(CLUSTER, "ecs/services", "web")
TASK = resource(CLUSTER, "ecs/tasks", "1f2e", parents=(SERVICE.ref,), addresses=("10.0.0.7",))
REGISTRY = resource(MAP, "cloudmap/services", "web", parents=(NAMESPACE,))
INSTANCE = resource(
    MAP,
    "cloudmap/instances",
    "1f2e",
    parents=(REGISTERED,),
    links=(Link("task", ("ecs/tasks",), Scope("ecs", cluster="shop"), name="1f2e"),),
)


async def found(world: tuple[Fleet, Board], start: Resource) -> list[tuple[str, Ref]]:
    return [(each.label, each.resource.ref) async for each in related(*world, start)]


async def test_an_instance_leads_to_its_service_and_its_task(world: tuple[Fleet, Board]) -> None:
    assert await found(world, INSTANCE) == [
        ("task", TASK.ref),
        ("Cloud Map service", REGISTRY.ref),
    ]


async def test_a_task_leads_back_to_its_instance(world: tuple[Fleet, Board]) -> None:
    assert ("instance", INSTANCE.ref) in await found(world, TASK)
    assert ("service", SERVICE.ref) in await found(world, TASK)


def test_a_link_by_address_needs_the_kind_too() -> None:
    link = Link("pod", ("k8s/pods",), Scope(""), addresses=("10.0.0.7",))
    assert not matches(link, TASK)
    assert matches(Link("task", ("ecs/tasks",), Scope(""), addresses=("10.0.0.7",)), TASK)
    assert not matches(Link("task", ("ecs/tasks",), Scope(""), addresses=("10.0.0.8",)), TASK)


words = st.sampled_from(["", "a", "b"])
scopes = st.builds(Scope, words, words, words, words, words, words)


@given(scopes)
def test_everything_is_within_itself_and_within_nothing_in_particular(scope: Scope) -> None:
    assert within(scope, scope)
    assert within(scope, Scope(""))


@given(scopes, scopes)
def test_within_is_symmetric_about_what_is_known(one: Scope, two: Scope) -> None:
    assert within(one, two) == within(two, one)
