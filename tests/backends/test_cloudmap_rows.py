"""Cloud Map's answers as rows: pure, from whatever comes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.cloudmap.kinds import KINDS
from backends.cloudmap.links import links_of
from backends.cloudmap.rows import (
    Tally,
    check,
    instance_row,
    namespace_row,
    records,
    service_row,
)
from backends.model import Health, Resource, Scope

SCOPE = Scope("cloudmap", profile="p", account="111122223333", region="us-east-1", namespace="ns")
CUSTOM = {"Id": "srv-1", "HealthCheckCustomConfig": {"FailureThreshold": 1}}

leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
json = st.recursive(
    leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5
)
FIELDS = (
    "Id", "Arn", "Name", "Type", "Description", "ServiceCount", "InstanceCount", "CreateDate",
    "DnsConfig", "HealthCheckConfig", "HealthCheckCustomConfig", "Attributes", "CreatedByAccount",
)  # fmt: skip
payloads = st.dictionaries(st.sampled_from(FIELDS), json)


def sound(row: Resource) -> None:
    assert len(row.cells) == len(KINDS[row.ref.kind].columns)
    shown = [cell for cell in (*row.cells, row.status, row.reason) if isinstance(cell, str)]
    assert not any(c in text for text in shown for c in "\x1b\x9b\n\r\x00\u202e")
    for link in row.links:
        assert link.name or link.addresses
        assert all(link.addresses)


@given(payloads, payloads, st.none() | st.text())
def test_any_answer_makes_a_sound_row(payload, service, health):
    sound(namespace_row(SCOPE.at(namespace=""), "n", payload))
    sound(service_row(SCOPE, "n", payload, Tally()))
    sound(instance_row(SCOPE, service, "n", payload, health))


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, "none"),
        ({"HealthCheckCustomConfig": {}}, "custom"),
        ({"HealthCheckConfig": {"Type": "HTTPS", "ResourcePath": "/x"}}, "Route 53 HTTPS"),
    ],
)
def test_who_checks_the_health(config, expected):
    assert check(config) == expected


def test_records_have_their_times_to_live():
    dns = {"DnsRecords": [{"Type": "A", "TTL": 60}, {"Type": "SRV", "TTL": 10}]}
    assert records({"DnsConfig": dns}) == "A 60s, SRV 10s"
    assert records({}) == ""


@pytest.mark.parametrize(
    ("instances", "healths", "health", "status"),
    [
        (0, {}, Health.IDLE, "EMPTY"),
        (2, {}, Health.UNKNOWN, "UNKNOWN"),
        (2, {"HEALTHY": 2}, Health.OK, "HEALTHY"),
        (2, {"HEALTHY": 1, "UNKNOWN": 1}, Health.OK, "HEALTHY"),
        (2, {"HEALTHY": 1, "UNHEALTHY": 1}, Health.DEGRADED, "UNHEALTHY"),
        (2, {"UNHEALTHY": 2}, Health.FAILING, "UNHEALTHY"),
        (2, {"UNKNOWN": 2}, Health.UNKNOWN, "UNKNOWN"),
    ],
)
def test_a_service_is_as_well_as_its_instances(instances, healths, health, status):
    row = service_row(SCOPE, "n", {**CUSTOM, "InstanceCount": instances}, Tally(healths))
    assert (row.health, row.status) == (health, status)


@pytest.mark.parametrize(
    ("service", "said", "initial", "health", "status"),
    [
        ({"Id": "s"}, None, None, Health.OK, "REGISTERED"),
        (CUSTOM, "HEALTHY", "UNHEALTHY", Health.OK, "HEALTHY"),
        (CUSTOM, "UNHEALTHY", "HEALTHY", Health.FAILING, "UNHEALTHY"),
        (CUSTOM, "UNKNOWN", "HEALTHY", Health.UNKNOWN, "UNKNOWN"),
        (CUSTOM, None, "UNHEALTHY", Health.FAILING, "UNHEALTHY"),
        (CUSTOM, None, None, Health.UNKNOWN, "UNKNOWN"),
    ],
)
def test_health_is_what_cloud_map_says_or_what_it_began_with(
    service, said, initial, health, status
):
    attributes = {"AWS_INIT_HEALTH_STATUS": initial} if initial else {}
    row = instance_row(SCOPE, service, "n", {"Id": "i", "Attributes": attributes}, said)
    assert (row.health, row.status) == (health, status)


def test_one_instance_of_two_services_is_two_resources():
    one = instance_row(SCOPE, CUSTOM, "a", {"Id": "i"}, None)
    two = instance_row(SCOPE, CUSTOM, "b", {"Id": "i"}, None)
    assert one.ref != two.ref


ATTRIBUTES = st.dictionaries(
    st.sampled_from(
        ("ECS_CLUSTER_NAME", "ECS_SERVICE_NAME", "K8S_CONTROLLER", "AWS_INSTANCE_IPV4",
         "AWS_INSTANCE_IPV6", "AWS_INSTANCE_CNAME", "REGION")
    ),
    st.text("abc.:0123456789", min_size=1),
)  # fmt: skip


@given(ATTRIBUTES)
def test_links_say_what_the_attributes_say(found):
    links = {link.label: link for link in links_of(SCOPE, {}, found, "i-1")}
    ips = tuple(found[k] for k in ("AWS_INSTANCE_IPV4", "AWS_INSTANCE_IPV6") if k in found)
    if cluster := found.get("ECS_CLUSTER_NAME"):
        assert "pod" not in links
        assert links["task"].name == "i-1"
        assert links["task"].scope.cluster == cluster
        assert links["task"].scope.region == found.get("REGION", "us-east-1")
        assert ("ECS service" in links) == ("ECS_SERVICE_NAME" in found)
    elif not ips:
        assert not links
    else:
        assert links["pod"].addresses == ips
        assert ("task" in links) == ("K8S_CONTROLLER" not in found)


def test_an_instance_of_another_account_links_there():
    found = {"ECS_CLUSTER_NAME": "c"}
    (link,) = links_of(SCOPE, {"CreatedByAccount": "999988887777"}, found, "t")
    assert link.scope.account == "999988887777"
