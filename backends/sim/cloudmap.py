"""The Cloud Map half of the simulated world: namespaces and services, with instances that follow
the tasks and pods behind them a few seconds late."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from backends.sim.blueprint import SimCluster, SimWorkload
from backends.sim.ecs.definitions import PORT
from backends.sim.ecs.model import Service as EcsService
from backends.sim.ecs.model import Task

if TYPE_CHECKING:
    from backends.sim.world import World

LAG = (2.0, 8.0)
"""Seconds, from and to, until Cloud Map hears of a task that began to run or has ended."""

PUBLIC, HTTP = frozenset({"edge"}), frozenset({"batch", "payments"})
"""The namespaces of the small world that are public DNS and HTTP only; others are private DNS."""


@dataclass(slots=True, eq=False)
class Namespace:
    """One namespace of an account and region."""

    id: str
    arn: str
    name: str
    type: str
    """``HTTP``, ``DNS_PRIVATE`` or ``DNS_PUBLIC``."""
    created: float
    services: dict[str, Service] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Service:
    """One service of a namespace."""

    id: str
    arn: str
    name: str
    namespace: Namespace
    created: float
    records: tuple[str, ...] = ()
    """DNS record types; none in an HTTP namespace."""
    check: str = ""
    """``custom``, ``http`` or nothing: who says whether an instance is healthy."""
    tasks: EcsService | None = None
    """The ECS service whose tasks are its instances."""
    connect: bool = False
    """Whether ECS Service Connect made it."""
    pods: tuple[str, str, str] | None = None
    """The (cluster, namespace, workload) whose pods are its instances."""
    fixed: dict[str, dict[str, str]] = field(default_factory=dict)
    """Instances that somebody registered by hand, by id."""


@dataclass(slots=True)
class Instance:
    """One instance of a service at this moment."""

    id: str
    attributes: dict[str, str]
    health: str
    """``HEALTHY``, ``UNHEALTHY`` or ``UNKNOWN``."""


def _identity(prefix: str, arn: str) -> str:
    """Return an id as Cloud Map makes them, always the same for the same thing."""
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    number = zlib.crc32(arn.encode()) << 50 | zlib.crc32(arn[::-1].encode()) << 18
    return prefix + "".join(digits[number // 36**i % 36] for i in range(16))


class CloudMapWorld:
    """The namespaces of all accounts and regions."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._places: dict[tuple[str, str], dict[str, Namespace]] = {}
        self._registries: dict[str, Service] = {}
        for cluster in world.blueprint.clusters:
            for workload in cluster.workloads:
                if workload.registered:
                    self._register(cluster, workload)
        for service in world.ecs.services():
            if service.connect:
                self._register_connect(service)

    def namespaces(self, account: str, region: str) -> Mapping[str, Namespace]:
        """Return the namespaces of one account and region, by short name."""
        return self._places.get((account, region), {})

    def instances(self, service: Service) -> Iterator[Instance]:
        """Yield a service's instances, as Cloud Map knows them at the world's now."""
        for identity, attributes in service.fixed.items():
            yield Instance(identity, attributes, self._health(service, ailing=False))
        if service.tasks is not None:
            yield from self._task_instances(service, service.tasks)
        if service.pods is not None:
            yield from self._pod_instances(service, *service.pods)

    def registry_of(self, service: EcsService) -> Service | None:
        """Return the Cloud Map service that an ECS service registers its tasks in, if any."""
        return self._registries.get(service.arn)

    def namespace_of(self, service: EcsService) -> Namespace:
        """Return the namespace that an ECS service uses for Service Connect."""
        place = self.namespaces(service.cluster.account, service.cluster.region)
        return place[_connect_namespace(service)]

    def _namespace(self, account: str, region: str, short: str) -> Namespace:
        place = self._places.setdefault((account, region), {})
        if short in place:
            return place[short]
        kind, name = "DNS_PRIVATE", f"{short}.local"
        if short in PUBLIC:
            kind, name = "DNS_PUBLIC", f"{short}.acme.example"
        elif short in HTTP or short.endswith("-connect"):
            kind, name = "HTTP", short
        prefix = f"arn:aws:servicediscovery:{region}:{account}:namespace/"
        identity = _identity("ns-", prefix + short)
        created = self._world.agenda.now - 300 * 86400.0
        place[short] = Namespace(identity, prefix + identity, name, kind, created)
        if kind == "DNS_PRIVATE":
            self._add_database(place[short])
        return place[short]

    def _add(self, namespace: Namespace, name: str) -> Service:
        prefix = namespace.arn.rpartition(":")[0] + ":service/"
        identity = _identity("srv-", f"{namespace.arn}/{name}")
        service = Service(identity, prefix + identity, name, namespace, namespace.created + 3600)
        namespace.services[name] = service
        return service

    def _add_database(self, namespace: Namespace) -> None:
        """Add what no task or pod is behind: a name for a database elsewhere."""
        service = self._add(namespace, "database")
        service.records = ("CNAME",)
        host = f"{namespace.name.partition('.')[0]}.cluster-c0ffee.rds.amazonaws.com"
        service.fixed["writer"] = {"AWS_INSTANCE_CNAME": host}

    def _register(self, cluster: SimCluster, workload: SimWorkload) -> None:
        account = cluster.account.account_id
        namespace = self._namespace(account, cluster.region, workload.namespace)
        taken = workload.name in namespace.services
        service = self._add(
            namespace, f"{workload.name}-{cluster.name}" if taken else workload.name
        )
        if cluster.provider == "eks":
            service.pods = (cluster.name, workload.namespace, workload.name)
        else:
            service.tasks = self._world.ecs.service(cluster.name, workload.name)
            self._registries[service.tasks.arn] = service
            service.check = "http" if namespace.type == "DNS_PUBLIC" else "custom"
        if namespace.type != "HTTP":
            bridge = service.tasks and service.tasks.primary.definition.network_mode == "bridge"
            service.records = ("SRV",) if bridge else ("A",)

    def _register_connect(self, service: EcsService) -> None:
        cluster = service.cluster
        namespace = self._namespace(cluster.account, cluster.region, _connect_namespace(service))
        added = self._add(namespace, f"{service.name}-sc")
        added.tasks, added.connect = service, True

    def _task_instances(self, service: Service, behind: EcsService) -> Iterator[Instance]:
        now = self._world.agenda.now
        for task in (*behind.tasks.values(), *_just_stopped(behind, now)):
            if task.started is None or task.started + _lag(task, "came") > now:
                continue
            if (task.executions_stopped or now) + _lag(task, "went") <= now:
                continue
            ailing = task.target == "unhealthy" or task.last_status == "STOPPED"
            attributes = _attributes(task, behind, port=_has_port(service))
            yield Instance(task.id, attributes, self._health(service, ailing=ailing))

    def _pod_instances(
        self, service: Service, cluster: str, namespace: str, workload: str
    ) -> Iterator[Instance]:
        """Yield instances as the AWS Cloud Map MCS controller for Kubernetes registers them."""
        behind = self._world.kube.get(cluster)
        addresses: Iterable[tuple[str, str]] = ()
        if behind is not None:
            addresses = behind.pod_addresses(namespace, workload)
        for _, ip in addresses:
            attributes = {
                "AWS_INSTANCE_IPV4": ip,
                "AWS_INSTANCE_PORT": str(PORT),
                "CLUSTER_ID": cluster,
                "ENDPOINT_PORT_NAME": "http",
                "ENDPOINT_PROTOCOL": "TCP",
                "K8S_CONTROLLER": "aws-cloud-map-mcs-controller-for-k8s 0.3.1",
                "READY": "true",
                "SERVICE_PORT": "80",
                "SERVICE_PORT_NAME": "http",
                "SERVICE_PROTOCOL": "TCP",
                "SERVICE_TARGET_PORT": str(PORT),
                "SERVICE_TYPE": "ClusterSetIP",
            }
            identity = f"tcp-{ip.replace('.', '_')}-{PORT}"
            yield Instance(identity, attributes, self._health(service, ailing=False))

    def _health(self, service: Service, *, ailing: bool) -> str:
        if not service.check:
            return "UNKNOWN"
        return "UNHEALTHY" if ailing else "HEALTHY"


def _connect_namespace(service: EcsService) -> str:
    """Return the short name of the namespace that a cluster's Service Connect services share."""
    return f"{service.cluster.name}-connect"


def _lag(task: Task, what: str) -> float:
    share = zlib.crc32(f"{task.id}:{what}".encode()) / 2**32
    return LAG[0] + share * (LAG[1] - LAG[0])


def _just_stopped(behind: EcsService, now: float) -> Iterator[Task]:
    """Yield an ECS service's stopped tasks that Cloud Map may not have heard of yet."""
    for task in reversed(behind.stopped.values()):
        if task.stopped is None or task.stopped + LAG[1] <= now:
            return
        yield task


def _has_port(service: Service) -> bool:
    return service.connect or "SRV" in service.records or service.namespace.type == "HTTP"


def _attributes(task: Task, behind: EcsService, *, port: bool) -> dict[str, str]:
    """Return the attributes that ECS gives an instance; from "Service discovery concepts" in the
    ECS Developer Guide."""
    attributes = {
        "AVAILABILITY_ZONE": task.zone,
        "AWS_INIT_HEALTH_STATUS": "HEALTHY",
        "AWS_INSTANCE_IPV4": task.ip,
        "ECS_CLUSTER_NAME": behind.cluster.name,
        "ECS_SERVICE_NAME": behind.name,
        "ECS_TASK_DEFINITION_FAMILY": task.definition.family,
        "REGION": behind.cluster.region,
    }
    if port:
        attributes["AWS_INSTANCE_PORT"] = str(task.containers[0].host_port or PORT)
    if task.instance is not None:
        attributes["EC2_INSTANCE_ID"] = task.instance.ec2_id
    return attributes
