"""Descriptions of services."""

from __future__ import annotations

from backends.ecs.describe.sections import pairs, present, table, tags, when
from backends.ecs.kinds.services import capacity
from backends.ecs.reasons import gist
from backends.ecs.wire import Payload, count, items, moment, part, strings, tail, text
from backends.model import Section

EVENTS = 20
"""Events that a description shows; the document has all of them."""


def service_sections(service: Payload) -> tuple[Section, ...]:
    """Describe a service of DescribeServices."""
    return present(
        pairs(
            "Summary",
            ("Name", text(service, "serviceName")),
            ("Status", text(service, "status")),
            ("ARN", text(service, "serviceArn")),
            ("Desired", str(count(service, "desiredCount"))),
            ("Running", str(count(service, "runningCount"))),
            ("Pending", str(count(service, "pendingCount"))),
            ("Task definition", tail(text(service, "taskDefinition"))),
            ("Runs on", capacity(service)),
            ("Platform", text(service, "platformVersion")),
            ("Scheduling", text(service, "schedulingStrategy")),
            ("Controller", text(part(service, "deploymentController"), "type")),
            ("ECS Exec", "enabled" if service.get("enableExecuteCommand") else "disabled"),
            ("Created", when(moment(service, "createdAt"))),
            ("Created by", text(service, "createdBy")),
        ),
        _deployments(service),
        _deployment_rules(service),
        _network(service),
        table(
            "Load balancers",
            ("Target", "Container", "Port"),
            (
                (
                    tail(text(b, "targetGroupArn").rpartition("/")[0])
                    or text(b, "loadBalancerName"),
                    text(b, "containerName"),
                    str(count(b, "containerPort")),
                )
                for b in items(service, "loadBalancers")
            ),
        ),
        _discovery(service),
        table(
            "Events",
            ("When", "Event"),
            (
                (when(moment(e, "createdAt")), gist(text(e, "message")))
                for e in items(service, "events")[:EVENTS]
            ),
        ),
        tags(service),
    )


def _deployments(service: Payload) -> Section | None:
    return table(
        "Deployments",
        ("Status", "Rollout", "Task definition", "Running", "Pending", "Failed", "Since", "Reason"),
        (
            (
                text(d, "status"),
                text(d, "rolloutState"),
                tail(text(d, "taskDefinition")),
                f"{count(d, 'runningCount')}/{count(d, 'desiredCount')}",
                str(count(d, "pendingCount")),
                str(count(d, "failedTasks")),
                when(moment(d, "createdAt")),
                text(d, "rolloutStateReason"),
            )
            for d in items(service, "deployments")
        ),
    )


def _deployment_rules(service: Payload) -> Section | None:
    rules = part(service, "deploymentConfiguration")
    breaker = part(rules, "deploymentCircuitBreaker")
    on = "on, rolls back" if breaker.get("rollback") else "on"
    return pairs(
        "How it deploys",
        ("Strategy", text(rules, "strategy")),
        ("Healthy at least", f"{count(rules, 'minimumHealthyPercent')} %" if rules else ""),
        ("Running at most", f"{count(rules, 'maximumPercent')} %" if rules else ""),
        ("Circuit breaker", on if breaker.get("enable") else "off"),
        ("Grace period", f"{count(service, 'healthCheckGracePeriodSeconds')} s"),
    )


def _network(service: Payload) -> Section | None:
    vpc = part(part(service, "networkConfiguration"), "awsvpcConfiguration")
    return pairs(
        "Network",
        ("Subnets", ", ".join(strings(vpc, "subnets"))),
        ("Security groups", ", ".join(strings(vpc, "securityGroups"))),
        ("Public IP", text(vpc, "assignPublicIp")),
    )


def _discovery(service: Payload) -> Section | None:
    rows = [("registry", text(r, "registryArn")) for r in items(service, "serviceRegistries")]
    for deployment in items(service, "deployments")[:1]:
        connect = part(deployment, "serviceConnectConfiguration")
        if namespace := text(connect, "namespace"):
            rows.append(("Service Connect namespace", namespace))
        rows += [
            (f"Service Connect: {text(r, 'discoveryName')}", text(r, "discoveryArn"))
            for r in items(deployment, "serviceConnectResources")
        ]
    return table("Cloud Map", ("By", "ARN or name"), rows)
