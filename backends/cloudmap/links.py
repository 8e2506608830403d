"""What is behind a Cloud Map instance, by the attributes it was registered with; pure.

ECS writes them as "Service discovery concepts" in the ECS Developer Guide says; the AWS Cloud
Map MCS Controller for Kubernetes as its README says.
"""

from __future__ import annotations

from collections.abc import Mapping

from backends.cloudmap.wire import Payload, text
from backends.model import Link, Scope

ECS_CLUSTER = "ECS_CLUSTER_NAME"
ECS_SERVICE = "ECS_SERVICE_NAME"
K8S_CONTROLLER = "K8S_CONTROLLER"
K8S_CLUSTER = "CLUSTER_ID"


def links_of(
    scope: Scope, payload: Payload, found: Mapping[str, str], identity: str
) -> tuple[Link, ...]:
    """Return the links of an instance: to its task, to its pod, or to whatever has its address.

    ECS registers a task under the task's id. Nothing is linked to by a name that DNS would
    have to resolve.
    """
    account = text(payload, "CreatedByAccount") or scope.account
    region = found.get("REGION") or scope.region
    keys = ("AWS_INSTANCE_IPV4", "AWS_INSTANCE_IPV6")
    ips = tuple(found[key] for key in keys if found.get(key))
    if cluster := found.get(ECS_CLUSTER):
        where = Scope("ecs", account=account, region=region, cluster=cluster)
        task = Link("task", ("ecs/tasks",), where, name=identity)
        service = found.get(ECS_SERVICE)
        if not service:
            return (task,)
        return (task, Link("ECS service", ("ecs/services",), where, name=service))
    if not ips:
        return ()
    pod = Link("pod", ("k8s/pods",), Scope(""), addresses=ips)
    if K8S_CONTROLLER in found:
        return (pod,)
    task = Link("task", ("ecs/tasks",), Scope("ecs", account=account, region=region), addresses=ips)
    return (task, pod)


def behind(found: Mapping[str, str]) -> str:
    """Return what an instance says is behind it, in words; empty where it does not."""
    if found.get(ECS_CLUSTER):
        service = found.get(ECS_SERVICE)
        return f"ECS {found[ECS_CLUSTER]}" + (f"/{service}" if service else "")
    if K8S_CONTROLLER in found:
        return f"Kubernetes {found.get(K8S_CLUSTER, '')}".strip()
    if found.get("EC2_INSTANCE_ID"):
        return f"EC2 {found['EC2_INSTANCE_ID']}"
    return ""
