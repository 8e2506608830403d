"""Rows out of payloads: every kind, and payloads that nobody expects."""

from __future__ import annotations

from typing import Any

import pytest
from ecs_payloads import (
    ACCOUNT,
    NOW,
    PLACE,
    REGION,
    SCOPE,
    big_task,
    cluster,
    container,
    deployment,
    event,
    service,
    stopped,
    task,
)
from hypothesis import given
from hypothesis import strategies as st

from backends.ecs.kinds import KINDS
from backends.ecs.kinds.base import Facts
from backends.model import Format, Health, Ref, Resource, Scope, Verb
from backends.text import UNSAFE

FACTS = Facts(NOW)
PAYLOADS = {
    "ecs/clusters": cluster(),
    "ecs/services": service(events=[event("has started 1 tasks: (task a).")]),
    "ecs/tasks": task(),
    "ecs/containers": stopped(),
    "ecs/events": service(),
}


def rows(kind: str, payload: dict[str, Any], scope: Scope = SCOPE) -> list[Resource]:
    return list(KINDS[kind].from_wire(scope, payload, FACTS))


def cells(row: Resource) -> dict[str, Any]:
    columns = KINDS[row.ref.kind].kind.columns
    return dict(zip((column.key for column in columns), row.cells, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_cells_fit_the_columns(kind: str) -> None:
    (row,) = rows(kind, PAYLOADS[kind])
    for column, cell in zip(KINDS[kind].kind.columns, row.cells, strict=True):
        if cell is None:
            continue
        if column.format in (Format.NUMBER, Format.AGE):
            assert isinstance(cell, int | float), column.key
        else:
            assert isinstance(cell, str), column.key
        if column.format is Format.STATUS:
            assert cell == row.status


def test_kinds_form_the_drill_down() -> None:
    chain = ["ecs/clusters"]
    while child := KINDS[chain[-1]].kind.child:
        chain.append(child)
    assert chain == ["ecs/clusters", "ecs/services", "ecs/tasks", "ecs/containers"]
    assert KINDS["ecs/clusters"].kind.narrows == "cluster"
    assert [name for name, spec in KINDS.items() if spec.kind.workload] == ["ecs/services"]


def test_only_services_are_scaled_and_restarted() -> None:
    scaled = {name for name, spec in KINDS.items() if Verb.SCALE in spec.kind.verbs}
    restarted = {name for name, spec in KINDS.items() if Verb.RESTART in spec.kind.verbs}
    assert scaled == restarted == {"ecs/services"}


def test_a_cluster_narrows_its_scope_to_itself() -> None:
    place = Scope("ecs", profile="acme", region=REGION, account=ACCOUNT)
    (row,) = rows("ecs/clusters", cluster("shop"), place)
    assert row.ref == Ref(SCOPE, "ecs/clusters", "shop")
    assert (row.ready, row.pending, row.health) == (7, 1, Health.OK)


def test_a_service() -> None:
    (row,) = rows("ecs/services", service(pendingCount=1, runningCount=2))
    assert row.ref == Ref(SCOPE, "ecs/services", "web")
    assert (row.ready, row.desired, row.pending) == (2, 3, 1)
    assert row.uid == f"{PLACE}:service/shop/web"
    assert row.parents == (Ref(SCOPE, "ecs/clusters", "shop"),)
    found = cells(row)
    assert found["ready"] == "2/3"
    assert found["definition"] == "web:12"
    assert found["launch"] == "FARGATE"
    assert found["rollout"] == "COMPLETED"
    assert found["deployed"] == NOW - 86_400


def test_a_service_on_capacity_providers() -> None:
    strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 3}, {"capacityProvider": "FARGATE"}]
    (row,) = rows("ecs/services", service(launchType=None, capacityProviderStrategy=strategy))
    assert cells(row)["launch"] == "FARGATE_SPOT, FARGATE"


def test_a_service_of_an_external_controller_has_no_deployments() -> None:
    payload = service()
    del payload["deployments"]
    (row,) = rows("ecs/services", payload)
    assert cells(row)["definition"] == "web:12"
    assert cells(row)["rollout"] is None


def test_a_service_links_to_its_cloud_map_services() -> None:
    registry = f"arn:aws:servicediscovery:{REGION}:{ACCOUNT}:service/srv-1"
    connect = f"arn:aws:servicediscovery:{REGION}:{ACCOUNT}:service/srv-2"
    payload = service(
        serviceRegistries=[{"registryArn": registry}],
        deployments=[
            deployment(
                serviceConnectResources=[
                    {"discoveryName": "web", "discoveryArn": connect},
                    {"discoveryName": "again", "discoveryArn": registry},
                ]
            )
        ],
    )
    (link,) = rows("ecs/services", payload)[0].links
    assert link.kinds == ("cloudmap/services",)
    assert link.addresses == (registry, connect)
    assert link.scope == Scope("cloudmap", profile="acme", region=REGION)


def test_a_running_task() -> None:
    (row,) = rows("ecs/tasks", task())
    assert row.ref == Ref(SCOPE, "ecs/tasks", "0123456789abcdef")
    assert row.parents == (
        Ref(SCOPE, "ecs/services", "web"),
        Ref(SCOPE, "ecs/clusters", "shop"),
    )
    assert row.addresses == ("10.0.1.17", f"{PLACE}:task/shop/0123456789abcdef")
    found = cells(row)
    assert found["ip"] == "10.0.1.17"
    assert found["ready"] == "1/1"
    assert found["stop_code"] is None
    assert found["exits"] is None
    (link,) = row.links
    assert (link.name, link.addresses) == ("0123456789abcdef", ("10.0.1.17",))


def test_a_stopped_task_says_why() -> None:
    found = cells(rows("ecs/tasks", stopped())[0])
    assert found["status"] == "STOPPED"
    assert found["stop_code"] == "EssentialContainerExited"
    assert found["exits"] == "137"
    assert "OutOfMemoryError" in found["why"]


def test_a_task_without_a_service_belongs_to_its_cluster_alone() -> None:
    (row,) = rows("ecs/tasks", task(group="family:migrate"))
    assert row.parents == (Ref(SCOPE, "ecs/clusters", "shop"),)


def test_addresses_come_from_interfaces_and_attachments_once() -> None:
    both = container(
        networkInterfaces=[{"privateIpv4Address": "10.0.1.17", "ipv6Address": "2001:db8::1"}]
    )
    (row,) = rows("ecs/tasks", task(containers=[both, both]))
    assert row.addresses[:2] == ("10.0.1.17", "2001:db8::1")
    (bridged,) = rows(
        "ecs/tasks", task(attachments=[], containers=[container(networkInterfaces=[])])
    )
    assert bridged.addresses == (bridged.uid,)


def test_containers_of_a_task() -> None:
    found = rows("ecs/containers", big_task(1))
    assert [row.ref.name.partition("/")[2] for row in found] == ["app", "envoy", "datadog-agent"]
    first = cells(found[0])
    assert (first["cpu"], first["memory"]) == (256, 512)
    assert found[0].parents[0].kind == "ecs/tasks"
    assert found[0].parents[1] == Ref(SCOPE, "ecs/services", "web")


def test_events_of_a_service() -> None:
    payload = service(
        events=[
            event("(task x) is unhealthy in (target-group arn:x)", 5, 1),
            event("has reached a steady state.", 60, 2),
        ]
    )
    bad, good = rows("ecs/events", payload)
    assert (bad.health, bad.status) == (Health.DEGRADED, "warning")
    assert (good.health, good.status) == (Health.OK, "normal")
    assert cells(good)["name"] == "has reached a steady state."
    assert cells(good)["at"] == NOW - 60
    assert good.parents == (Ref(SCOPE, "ecs/services", "web"),)


NASTY = "[/b]\x1b]52;c;eA==\x07\u202e名前\x00"


def texts(row: Resource) -> list[str]:
    found = [row.ref.name, row.status, row.reason, row.uid, *row.addresses]
    found += [cell for cell in row.cells if isinstance(cell, str)]
    found += [parent.name for parent in row.parents]
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_text_from_outside_is_clean_and_names_are_kept_whole(kind: str) -> None:
    def poison(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: poison(item) for key, item in value.items()}
        if isinstance(value, list):
            return [poison(item) for item in value]
        return value + NASTY if isinstance(value, str) else value

    for row in rows(kind, poison(PAYLOADS[kind])):
        assert not any(UNSAFE.search(text) for text in texts(row))
        assert "名前" in row.ref.name


def test_a_name_of_255_characters_is_whole() -> None:
    name = "n" * 255
    (row,) = rows("ecs/services", service(serviceName=name))
    assert row.ref.name == name


anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.sampled_from(sorted(KINDS)), st.data())
def test_no_payload_breaks_the_making_of_rows(kind: str, data: st.DataObject) -> None:
    payload = dict(PAYLOADS[kind])
    for key in data.draw(st.lists(st.sampled_from(sorted(payload)), max_size=6)):
        payload[key] = data.draw(anything)
    for row in rows(kind, payload):
        assert len(row.cells) == len(KINDS[kind].kind.columns)
