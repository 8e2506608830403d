"""The aws CLI and Topdeck agree on a fleet, in every field that both show."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import aws_program
import pytest
from clients_survey import SCALED, Survey, epoch, surveyed, tail

pytestmark = [pytest.mark.clients, aws_program.installed]


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name in ("AWS_PROFILE", "AWS_REGION", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID"):
            monkeypatch.delenv(name, raising=False)
        return asyncio.run(surveyed(tmp_path_factory.mktemp("survey")))


def place_of(arn: str) -> dict[str, str]:
    """Return account and region of an ARN, as a row has them."""
    _, _, _, region, account, _ = arn.split(":", 5)
    return {"region": region, "account": account}


def agree(
    ours: list[dict[str, Any]], key: Any, theirs: Mapping[Any, dict[str, Any]], kind: str
) -> None:
    """Fail unless both have the same things, and the same in the fields of `theirs`."""
    rows = {key(row): row for row in ours}
    assert len(rows) == len(ours), "a row is there twice"
    assert rows.keys() == theirs.keys()
    assert len(rows) > 1, f"there are no {kind} to compare"
    for name, fields in theirs.items():
        assert {field: rows[name][field] for field in fields} == fields, f"{kind} {name}"


def test_clusters(survey: Survey) -> None:
    theirs = {
        name: place_of(c["clusterArn"])
        | {
            "status": c["status"],
            "services": c["activeServicesCount"],
            "running": c["runningTasksCount"],
            "pending": c["pendingTasksCount"],
            "instances": c["registeredContainerInstancesCount"],
            "capacity": ", ".join(c["capacityProviders"]),
        }
        for name, c in survey.theirs.clusters.items()
    }
    agree(survey.ours["ecs-clusters"], lambda row: row["name"], theirs, "clusters")


def test_eks_clusters(survey: Survey) -> None:
    theirs = {
        name: place_of(c["arn"])
        | {
            "status": c["status"],
            "version": c["version"],
            "endpoint": c["endpoint"],
            "age": epoch(c["createdAt"]),
        }
        for name, c in survey.theirs.eks.items()
    }
    agree(survey.ours["eks"], lambda row: row["name"], theirs, "EKS clusters")


def capacity(service: dict[str, Any]) -> str:
    strategy = service.get("capacityProviderStrategy") or []
    return ", ".join(one["capacityProvider"] for one in strategy) or service["launchType"]


def test_services(survey: Survey) -> None:
    theirs = {}
    for name, service in survey.theirs.services.items():
        (primary,) = [d for d in service["deployments"] if d["status"] == "PRIMARY"]
        theirs[name] = place_of(service["serviceArn"]) | {
            "status": service["status"],
            "ready": f"{service['runningCount']}/{service['desiredCount']}",
            "pending": service["pendingCount"],
            "rollout": primary["rolloutState"],
            "launch": capacity(service),
            "definition": tail(primary["taskDefinition"]),
            "deployed": epoch(primary["createdAt"]),
            "age": epoch(service["createdAt"]),
        }
    assert theirs["shop-prod", "inventory"]["ready"] == f"{SCALED}/{SCALED}"
    assert len({service["rollout"] for service in theirs.values()}) > 1
    agree(survey.ours["services"], lambda row: (row["cluster"], row["name"]), theirs, "services")


def addresses(task: dict[str, Any]) -> list[str]:
    found = [
        detail["value"]
        for attachment in task["attachments"]
        for detail in attachment["details"]
        if detail["name"] == "privateIPv4Address"
    ]
    interfaces = [i for c in task["containers"] for i in c.get("networkInterfaces", ())]
    return found + [i["privateIpv4Address"] for i in interfaces]


def exit_codes(task: dict[str, Any]) -> str | None:
    """Return a lone code; of several those that are not 0, with the containers' names."""
    codes = [(c["name"], c["exitCode"]) for c in task["containers"] if "exitCode" in c]
    if len(codes) == 1:
        return str(codes[0][1])
    bad = ", ".join(f"{name} {code}" for name, code in codes if code)
    return bad or ("0" if codes else None)


def test_tasks(survey: Survey) -> None:
    theirs = {}
    for name, task in survey.theirs.tasks.items():
        up = sum(c["lastStatus"] == "RUNNING" for c in task["containers"])
        health = task["healthStatus"]
        theirs[name] = place_of(task["taskArn"]) | {
            "cluster": tail(task["clusterArn"]),
            "status": task["lastStatus"],
            "desired": task["desiredStatus"],
            "ready": f"{up}/{len(task['containers'])}",
            "started": epoch(task.get("startedAt") or task["createdAt"]),
            "stopped": epoch(task.get("stoppedAt")),
            "exits": exit_codes(task),
            "stop_code": task.get("stopCode"),
            "definition": tail(task["taskDefinitionArn"]),
            "launch": task.get("capacityProviderName") or task["launchType"],
            "zone": task["availabilityZone"],
            "ip": next(iter(addresses(task)), None),
            "health_check": None if health == "UNKNOWN" else health,
        }
    assert sum(t["cluster"] == "shop-prod" for t in theirs.values()) > 100, "one page held all"
    assert {t["status"] for t in theirs.values()} >= {"RUNNING", "STOPPED"}
    agree(survey.ours["tasks"], lambda row: row["name"], theirs, "tasks")


def test_why_tasks_stopped(survey: Survey) -> None:
    """A row says a container's own reason before ECS's "Essential container in task exited"."""
    why = {row["name"]: row["why"] for row in survey.ours["tasks"] if row["status"] == "STOPPED"}
    stopped = {n: t for n, t in survey.theirs.tasks.items() if t["lastStatus"] == "STOPPED"}
    assert why.keys() == stopped.keys()
    expected = {}
    for name, task in stopped.items():
        said = task["stoppedReason"]
        reasons = [c["reason"] for c in task["containers"] if c.get("reason")]
        general = said.startswith("Essential container")
        expected[name] = reasons[0] if general and reasons else said
    assert why == expected
    assert len(set(expected.values())) > 3


def test_a_stopped_task_is_described_with_all_its_reasons(survey: Survey) -> None:
    described = 0
    for name, task in survey.theirs.tasks.items():
        found = survey.described.get(name)
        if found is None or task["lastStatus"] != "STOPPED":
            continue
        described += 1
        pairs = dict(next(s for s in found.sections if s.title == "Why it stopped").pairs)
        assert pairs["Stop code"] == task["stopCode"]
        assert task["stoppedReason"] in pairs["Reason"]
        assert all(c.get("reason", "") in pairs["Reason"] for c in task["containers"])
    assert described


def test_cloud_map_namespaces(survey: Survey) -> None:
    types = {"HTTP": "HTTP", "DNS_PRIVATE": "private DNS", "DNS_PUBLIC": "public DNS"}
    theirs = {
        identity: place_of(n["Arn"])
        | {
            "name": n["Name"],
            "type": types[n["Type"]],
            "services": n["ServiceCount"],
            "description": n.get("Description") or None,
            "age": epoch(n["CreateDate"]),
        }
        for identity, n in survey.theirs.namespaces.items()
    }
    agree(survey.ours["cm"], lambda row: row["id"], theirs, "namespaces")


def test_cloud_map_services(survey: Survey) -> None:
    theirs = {}
    for identity, registry in survey.theirs.registries.items():
        records = (registry.get("DnsConfig") or {}).get("DnsRecords", [])
        healths = [h for (owner, _), h in survey.theirs.healths.items() if owner == identity]
        healthy = f"{healths.count('HEALTHY')}/{len(healths)}"
        checked = "HealthCheckConfig" in registry or "HealthCheckCustomConfig" in registry
        theirs[identity] = place_of(registry["Arn"]) | {
            "name": registry["Name"],
            "namespace": registry["Namespace"],
            "instances": registry["InstanceCount"],
            "records": ", ".join(f"{r['Type']} {r['TTL']}s" for r in records) or None,
            "healthy": healthy if healths and checked else None,
            "description": registry.get("Description") or None,
            "age": epoch(registry["CreateDate"]),
        }
    agree(survey.ours["cmsvc"], lambda row: row["id"], theirs, "Cloud Map services")


def test_cloud_map_instances(survey: Survey) -> None:
    theirs = {}
    for (registry, identity), attributes in survey.theirs.instances.items():
        service = survey.theirs.registries[registry]
        checked = "HealthCheckConfig" in service or "HealthCheckCustomConfig" in service
        port = attributes.get("AWS_INSTANCE_PORT")
        where = (*place_of(service["Arn"]).values(), service["Namespace"])
        key = (*where, service["Name"], identity)
        theirs[key] = {
            "address": attributes.get("AWS_INSTANCE_IPV4") or attributes["AWS_INSTANCE_CNAME"],
            "ipv6": attributes.get("AWS_INSTANCE_IPV6"),
            "port": int(port) if port else None,
            "zone": attributes.get("AVAILABILITY_ZONE"),
            "attributes": ", ".join(f"{k}={v}" for k, v in sorted(attributes.items())),
        }
        if checked:
            theirs[key]["status"] = survey.theirs.healths[registry, identity]
    parts = ("region", "account", "namespace", "service", "name")
    agree(survey.ours["inst"], lambda row: tuple(row[p] for p in parts), theirs, "instances")
    assert len({fields.get("status") for fields in theirs.values()}) > 1


def test_targets(survey: Survey) -> None:
    compared = set()
    for (cluster, name), service in survey.theirs.services.items():
        if cluster != "shop-prod":
            continue
        sections = survey.described[name].sections
        ours = {s.title: s for s in sections if s.title.startswith("Target group")}
        arns = [b["targetGroupArn"] for b in service["loadBalancers"]]
        assert list(ours) == [f"Target group {arn.split('/')[1]}" for arn in arns]
        for arn, section in zip(arns, ours.values(), strict=True):
            group = survey.theirs.groups[arn]
            assert dict(section.pairs)["Receives"] == f"{group['Protocol']} on {group['Port']}"
            theirs = [
                (
                    target["Target"]["Id"],
                    str(target["Target"]["Port"]),
                    target["Target"]["AvailabilityZone"],
                    target["TargetHealth"]["State"],
                    target["TargetHealth"].get("Reason", ""),
                )
                for target in survey.theirs.targets[arn]
            ]
            assert [row[:4] for row in section.rows] == [target[:4] for target in theirs]
            for row, target in zip(section.rows, theirs, strict=True):
                assert row[4].endswith(f"({target[4]})" if target[4] else "")
            compared |= {target[3] for target in theirs}
    assert compared >= {"healthy", "unhealthy"}


def test_a_tasks_own_target(survey: Survey) -> None:
    compared = 0
    for name, found in survey.described.items():
        task = survey.theirs.tasks.get(name)
        if task is None or task["lastStatus"] != "RUNNING":
            continue
        compared += 1
        (section,) = [s for s in found.sections if s.title.startswith("Target group")]
        known = [t for targets in survey.theirs.targets.values() for t in targets]
        mine = [t for t in known if t["Target"]["Id"] in addresses(task)]
        assert [row[0] for row in section.rows] == [t["Target"]["Id"] for t in mine]
        assert [row[3] for row in section.rows] == [t["TargetHealth"]["State"] for t in mine]
    assert compared


def test_log_lines(survey: Survey) -> None:
    theirs = [(e["timestamp"] / 1000, e["message"]) for e in survey.theirs.logs]
    ours = [(line.at, line.text) for line in survey.lines]
    assert len(theirs) > 500, "all of it came in one page"
    assert ours == sorted(ours, key=lambda line: line[0])
    assert sorted(ours) == sorted(theirs)
    for line, event in zip(
        sorted(survey.lines, key=lambda line: (line.at, line.text)),
        sorted(survey.theirs.logs, key=lambda e: (e["timestamp"], e["message"])),
        strict=True,
    ):
        assert tail(event["logStreamName"]).startswith(line.source)
