"""What a simulated ECS consists of: plain mutable records, without behaviour of their own.

Times are epoch seconds; None where it has not come to that yet.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

EVENTS_KEPT = 100
"""Events that a service keeps; from DescribeServices in the ECS API reference."""

STOPPED_KEPT = 3600.0
"""Seconds that a stopped task stays visible; "at least one hour" in the ECS API reference."""


@dataclass(slots=True)
class ContainerDefinition:
    """One container of a task definition."""

    name: str
    image: str
    cpu: int
    memory: int
    essential: bool = True
    port: int = 0
    """Its container port; 0: none."""
    log_driver: str = ""
    log_options: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    health_check: tuple[str, ...] = ()
    firelens: bool = False
    """Whether it is the log router of a task with the awsfirelens driver."""


@dataclass(slots=True)
class TaskDefinition:
    """One revision of a family."""

    arn: str
    family: str
    revision: int
    cpu: int
    memory: int
    network_mode: str
    launch: str
    """``FARGATE`` or ``EC2``."""
    role_arn: str
    containers: tuple[ContainerDefinition, ...]
    registered: float
    flaw: str = ""
    """What goes wrong with its tasks: ``image-pull``, ``crash-loop``, ... or nothing."""


@dataclass(slots=True)
class Container:
    """One container of a task."""

    definition: ContainerDefinition
    last_status: str = "PENDING"
    health: str = "UNKNOWN"
    exit_code: int | None = None
    reason: str = ""
    host_port: int = 0


@dataclass(slots=True, eq=False)
class Task:
    """One task, from PROVISIONING to STOPPED."""

    id: str
    arn: str
    definition: TaskDefinition
    created: float
    group: str
    started_by: str
    launch: str
    capacity_provider: str
    zone: str
    ip: str
    containers: tuple[Container, ...]
    service: Service | None = None
    instance: ContainerInstance | None = None
    last_status: str = "PROVISIONING"
    desired_status: str = "RUNNING"
    connected: float | None = None
    pull_started: float | None = None
    pull_stopped: float | None = None
    started: float | None = None
    stopping: float | None = None
    executions_stopped: float | None = None
    stopped: float | None = None
    stop_code: str = ""
    stop_reason: str = ""
    target: str = ""
    """Its health as a target: ``initial``, ``healthy``, ``unhealthy``, ``draining``, or nothing."""
    version: int = 1
    life: int = 0
    """Counts stops and starts, so that a step that was planned before a stop is dropped."""

    @property
    def active(self) -> bool:
        """Whether it is meant to be running."""
        return self.desired_status == "RUNNING"


@dataclass(slots=True, eq=False)
class Deployment:
    """One deployment of a service: a rollout while it lasts, then what is deployed."""

    id: str
    """``ecs-svc/<19 digits>``."""
    definition: TaskDefinition
    created: float
    updated: float
    desired: int
    status: str = "PRIMARY"
    failed: int = 0
    rollout: str = "IN_PROGRESS"
    reason: str = ""
    finished: float | None = None
    source: str = ""
    """The id of the deployment that it replaced."""
    rolls_back: bool = False
    """Whether it was begun by the circuit breaker."""
    outcome: str = "IN_PROGRESS"
    """The status of its service deployment."""


@dataclass(slots=True)
class Event:
    """One message of a service's history."""

    id: str
    at: float
    message: str


@dataclass(slots=True)
class TargetGroup:
    """A load balancer's target group, with a service's tasks as its targets."""

    arn: str
    name: str
    load_balancer: str
    """The ARN of its load balancer."""
    port: int
    path: str = "/healthz"


@dataclass(slots=True)
class ScalingActivity:
    """Something that Application Auto Scaling did."""

    id: str
    at: float
    ended: float
    description: str
    cause: str


@dataclass(slots=True)
class Scaling:
    """A service's Application Auto Scaling target."""

    minimum: int
    maximum: int
    created: float
    activities: deque[ScalingActivity] = field(default_factory=lambda: deque(maxlen=50))


@dataclass(slots=True, eq=False)
class Service:
    """One service."""

    name: str
    arn: str
    cluster: Cluster
    created: float
    desired: int
    launch: str
    """``FARGATE``, ``FARGATE_SPOT`` or ``EC2``."""
    incident: str
    minimum_percent: int = 100
    maximum_percent: int = 200
    breaker: bool = True
    rollback: bool = True
    deployments: list[Deployment] = field(default_factory=list)
    """Newest, the PRIMARY one, first."""
    history: deque[Deployment] = field(default_factory=lambda: deque(maxlen=20))
    """Every deployment, newest first, for the service deployments API."""
    events: deque[Event] = field(default_factory=lambda: deque(maxlen=EVENTS_KEPT))
    """Newest first."""
    tasks: dict[str, Task] = field(default_factory=dict)
    """Those that have not stopped."""
    stopped: dict[str, Task] = field(default_factory=dict)
    """Those that stopped within the hour, oldest first."""
    target_group: TargetGroup | None = None
    registered: bool = False
    """Whether its tasks are registered in Cloud Map."""
    connect: bool = False
    """Whether it uses Service Connect."""
    scaling: Scaling | None = None
    execute: bool = False
    steady: bool = True
    due: bool = False
    """Whether the scheduler is about to look at it."""
    hold_until: float = 0.0
    """No task is started before this: it failed too often."""
    failures: int = 0
    """Tasks in a row that failed soon after they were started, or before."""

    @property
    def primary(self) -> Deployment:
        """The deployment that is wanted."""
        return self.deployments[0]


@dataclass(slots=True, eq=False)
class ContainerInstance:
    """One EC2 instance of a cluster."""

    arn: str
    ec2_id: str
    zone: str
    ip: str
    registered: float
    cpu: int = 4096
    memory: int = 15768
    status: str = "ACTIVE"


@dataclass(slots=True, eq=False)
class Cluster:
    """One cluster."""

    name: str
    arn: str
    account: str
    region: str
    created: float
    number: int
    """Its place among all clusters; its addresses are 10.<number>.0.0/16."""
    services: dict[str, Service] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    """Those that have not stopped, by id."""
    stopped: dict[str, Task] = field(default_factory=dict)
    """Those that stopped within the hour, by id, oldest first."""
    instances: list[ContainerInstance] = field(default_factory=list)
    addresses: int = 0
    """How many addresses have been given out."""

    @property
    def place(self) -> str:
        """What comes between ``arn:aws:ecs:`` and the resource of its ARNs."""
        return f"{self.region}:{self.account}"
