"""Finding what an ECS request names: by name or by ARN, in the caller's account and region."""

from __future__ import annotations

from backends.sim.aws.call import Call
from backends.sim.aws.errors import AwsError, invalid
from backends.sim.ecs.model import Cluster, Service, Task, TaskDefinition


def short(name: str) -> str:
    """Return the last part of an ARN, or a name as it is."""
    return name.rpartition("/")[2]


def foreign(call: Call, arn: str) -> bool:
    """Whether an ARN belongs to another account or region than the caller's."""
    parts = arn.split(":")
    here = [call.region, call.account.account_id]
    return len(parts) > 5 and parts[0] == "arn" and parts[3:5] != here


def cluster_named(call: Call, name: str) -> Cluster | None:
    """Return a cluster by its name or ARN, or None."""
    if foreign(call, name):
        return None
    here = call.world.ecs.clusters(call.account.account_id, call.region)
    return here.get(short(name) or "default")


def cluster(call: Call) -> Cluster:
    """Return the cluster that a call is about; ClusterNotFoundException where there is none."""
    found = cluster_named(call, call.text("cluster"))
    if found is None:
        raise AwsError("ClusterNotFoundException", "Cluster not found.")
    return found


def service(call: Call, name: str) -> Service:
    """Return a service of the call's cluster; ServiceNotFoundException where there is none."""
    found = cluster(call).services.get(short(name))
    if found is None:
        raise AwsError("ServiceNotFoundException", "Service not found.")
    return found


def task(home: Cluster, name: str) -> Task | None:
    """Return a task, stopped ones included, by its id or ARN, or None."""
    identity = short(name)
    return home.tasks.get(identity) or home.stopped.get(identity)


def definition(call: Call, name: str) -> TaskDefinition:
    """Return a task definition by ARN, ``family:revision`` or family (its latest revision)."""
    families = call.world.ecs.definitions.families(call.account.account_id, call.region)
    family, _, revision = short(name).partition(":")
    known = families.get(family)
    if not known or foreign(call, name):
        raise AwsError("ClientException", "Unable to describe task definition.")
    if not revision:
        return known[max(known)]
    if not revision.isdigit():
        raise invalid(f"Invalid revision number. Number: {revision}")
    if int(revision) not in known:
        raise AwsError("ClientException", "Unable to describe task definition.")
    return known[int(revision)]


def many(call: Call, name: str, maximum: int) -> list[str]:
    """Return a parameter that lists 1 to `maximum` names; ECS's error where it does not."""
    names = call.texts(name)
    if not names:
        raise invalid(f"{name.capitalize()} cannot be empty.")
    if len(names) > maximum:
        raise invalid(f"{name.capitalize()} cannot have more than {maximum} elements.")
    return names
