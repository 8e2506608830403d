"""The nouns of Topdeck: values without behaviour of their own, frozen and hashable.

Backends make them from the wire, the store indexes them, widgets draw them. Text in them has
been cleaned already (`backends.text.clean`). Backends say what is; widgets choose glyph and
colour. All times are seconds since the Unix epoch unless a name says otherwise.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Any, TypeAlias

import msgspec


class Health(IntEnum):
    """How a thing is, worst last, so that sorting in descending order puts trouble first."""

    OK = 0
    """It is as it was asked to be."""
    IDLE = 1
    """It is meant to be doing nothing: scaled to zero, completed, inactive."""
    UNKNOWN = 2
    """Nobody has said yet."""
    PROGRESSING = 3
    """It is on its way to what was asked, and not late."""
    DEGRADED = 4
    """It works in part, or keeps restarting."""
    FAILING = 5
    """It does not do what it is for."""


class Verb(StrEnum):
    """What can be done to a resource; a `Kind` names those that it supports."""

    DESCRIBE = "describe"
    YAML = "yaml"
    LOGS = "logs"
    SCALE = "scale"
    RESTART = "restart"
    ROLLBACK = "rollback"


class Format(StrEnum):
    """How a cell is to be drawn and compared."""

    TEXT = "text"
    """A string; aligned left."""
    NUMBER = "number"
    """An int or float; aligned right."""
    AGE = "age"
    """A float, the epoch second at which something began; drawn as an age that ticks."""
    STATUS = "status"
    """A string that is the resource's state in words; drawn with the health's glyph and colour."""
    RATIO = "ratio"
    """A string such as ``3/5``; aligned right, compared by its numbers."""
    BYTES = "bytes"
    """An int of bytes; drawn with a binary unit."""
    SPARK = "spark"
    """A tuple of numbers, the newest last; drawn as bars and compared by the newest."""


Cell: TypeAlias = str | int | float | tuple[float, ...] | None
"""What one column of one resource holds; None is drawn as an en dash and sorts last."""


class Scope(msgspec.Struct, frozen=True, cache_hash=True, order=True):
    """Where a resource lives. Empty fields are not narrowed down yet: a scope can be partial."""

    provider: str
    """Which backend answers for it: ``ecs``, ``eks`` (a cluster found through the EKS API),
    ``k8s`` (a kubeconfig context), ``cloudmap``, or a third party's name."""
    profile: str = ""
    """The AWS profile, or the kubeconfig context."""
    account: str = ""
    """The AWS account id of twelve digits; empty where unknown or not AWS."""
    region: str = ""
    cluster: str = ""
    namespace: str = ""

    def at(self, **parts: str) -> Scope:
        """Return this scope with some of its parts replaced."""
        return msgspec.structs.replace(self, **parts)

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts that are set, widest first, for breadcrumbs."""
        return tuple(
            p for p in (self.profile, self.account, self.region, self.cluster, self.namespace) if p
        )


class Ref(msgspec.Struct, frozen=True, cache_hash=True, order=True):
    """A complete address: it can never drift to another cluster.

    Two incarnations of one name have the same Ref; `Resource.uid` tells them apart.
    """

    scope: Scope
    kind: str
    """The id of its `Kind`, such as ``ecs/services``."""
    name: str

    @property
    def address(self) -> str:
        """The whole address in words, as dialogs and the audit log show it."""
        where = " / ".join((self.scope.provider, *self.scope.parts))
        return f"{where} / {self.kind.partition('/')[2]} / {self.name}"


class Column(msgspec.Struct, frozen=True):
    """One column of a kind's table."""

    key: str
    """Names the column in sort settings and in JSON output; lower case, no spaces."""
    title: str
    format: Format = Format.TEXT
    width: int = 0
    """Cells to start from; 0: fitted to the content, within limits of the table's own."""
    wide: bool = False
    """Shown only where there is room, or when asked for."""


class Kind(msgspec.Struct, frozen=True):
    """A sort of resource, under the name its users know: Tasks on ECS, Pods on Kubernetes."""

    id: str
    """``<family>/<plural>``: ``ecs/tasks``, ``k8s/pods``, ``cloudmap/instances``."""
    title: str
    """Plural, as a heading: ``Tasks``."""
    singular: str
    """Lower case: ``task``."""
    columns: tuple[Column, ...]
    """The first holds the name."""
    child: str = ""
    """The id of the kind that enter drills into; empty: enter describes."""
    verbs: frozenset[Verb] = frozenset({Verb.DESCRIBE, Verb.YAML})
    aliases: tuple[str, ...] = ()
    """What `:` and ``topdeck get`` accept for it, shortest last; lower case."""
    group: str = ""
    """The API group of a Kubernetes kind; each of its words may be followed by a dot and this."""
    workload: bool = False
    """Its resources are what a cluster's health is counted by (services, deployments ...)."""
    namespaced: bool = False
    narrows: str = ""
    """The field of `Scope` that drilling into it narrows (``cluster``, ``namespace``): its
    children are found by scope. Empty: they are found by having it among their `parents`."""
    members: tuple[str, ...] = ()
    """It has no feed of its own but shows these kinds together (Kubernetes workloads); its
    columns are picked from theirs by key."""
    empty: str = ""
    """Why a table of it may be empty, in a sentence; shown in place of no rows."""


class Link(msgspec.Struct, frozen=True):
    """A pointer from one resource to others that a different backend may know.

    Resources match that have one of `kinds`, lie within `scope` (its empty parts match
    anything; the provider and profile too where empty) and have the name, or an address in
    common. `Scope(provider="")` matches every backend.
    """

    label: str
    """What the other end is to this one: ``task``, ``pod``, ``Cloud Map service``."""
    kinds: tuple[str, ...]
    scope: Scope
    name: str = ""
    addresses: tuple[str, ...] = ()
    """IP addresses or ARNs; matched against `Resource.addresses`."""


class Resource(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One thing in the fleet, as last seen. Compared by identity: a change is a new object."""

    ref: Ref
    health: Health
    status: str
    """The state in a word or two, in the provider's own terms: ``ACTIVE``, ``CrashLoopBackOff``."""
    cells: tuple[Cell, ...]
    """Aligned with the columns of its kind."""
    reason: str = ""
    """Why it is not OK, in one line; empty when it is."""
    ready: int | None = None
    desired: int | None = None
    pending: int | None = None
    uid: str = ""
    """The provider's identity for this incarnation (ARN, Kubernetes uid)."""
    created: float | None = None
    parents: tuple[Ref, ...] = ()
    """All it can be drilled to from, nearest first: a pod's replica set, deployment, node."""
    links: tuple[Link, ...] = ()
    addresses: tuple[str, ...] = ()
    """IP addresses and ARNs that others may know it by."""
    raw: Any = None
    """The payload it was made of, or a handle on it; opaque to all but its backend."""
    columns: tuple[Column, ...] | None = None
    """What `cells` are aligned with where that is the server's choice; None: its kind's columns."""


class FeedState(StrEnum):
    """How fresh a feed's rows are."""

    LOADING = "loading"
    LIVE = "live"
    STALE = "stale"
    """The last attempt failed; rows are those of the last good one."""


class Renewal(msgspec.Struct, frozen=True, omit_defaults=True):
    """How credentials that were lost come back."""

    who: str
    """Whose they are: ``profile prod``, ``context payments``."""
    advice: str
    """What to do, in one line."""
    argv: tuple[str, ...] = ()
    """The command that renews them, to be run on a terminal; empty: none that could be."""
    env: tuple[tuple[str, str], ...] = ()
    """Variables that the command needs besides those there are: paths of files, no secrets."""
    quiet: bool = True
    """Whether looking for new ones runs no program of the operator's, which might ask or open a
    browser each time."""


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error as a value: what was tried, what came back, what to do."""

    code: str
    """``denied``, ``expired``, ``throttled``, ``unreachable``, ``not-found``, ``conflict``,
    ``invalid`` or ``internal``."""
    action: str
    """The API action that was tried: ``ecs:ListClusters``, ``list pods``."""
    message: str
    """What came back, in one line."""
    remedy: str
    """What to do about it, in one line."""
    renewal: Renewal | None = None
    """How the credentials come back, where it is they that were lost."""


class FeedStatus(msgspec.Struct, frozen=True):
    """What a feed says of itself; every `Change` carries one."""

    state: FeedState
    at: float
    """When the rows were last known to be true (LIVE: this moment; STALE: the last good one;
    LOADING: when the load began)."""
    problem: Problem | None = None
    """Why it is stale, or what slows it down (a throttled feed can be live)."""
    loaded: int = 0
    """Rows so far, while loading."""
    total: int | None = None
    """Rows to come, where the provider says."""
    by: str = ""
    """How live rows come, where there is a choice: ``queue`` or ``polling``."""


class Change(msgspec.Struct, frozen=True):
    """What happened to one feed's rows."""

    status: FeedStatus
    upserts: tuple[Resource, ...] = ()
    deletes: tuple[Ref, ...] = ()
    resync: bool = False
    """`upserts` are all there is: rows that are not among them are gone."""
    columns: tuple[Column, ...] | None = None
    """The columns that rows have from now on, where the server chooses them; None: as before."""


class Query(msgspec.Struct, frozen=True, cache_hash=True):
    """What a feed is asked for: the resources of a kind in a scope, or only one parent's."""

    scope: Scope
    kind: str
    parent: Ref | None = None


class Scale(msgspec.Struct, frozen=True, tag="scale"):
    """Set the desired count of a workload."""

    ref: Ref
    current: int
    """What it was when the operator was asked; the provider is not held to it."""
    desired: int
    uid: str = ""


class Restart(msgspec.Struct, frozen=True, tag="restart"):
    """Replace every task or pod of a workload by a rolling deployment of the same version."""

    ref: Ref
    uid: str = ""


class Rollback(msgspec.Struct, frozen=True, tag="rollback"):
    """Go back to what a workload was made of before."""

    ref: Ref
    """The workload itself, also where one of its revisions was chosen."""
    current: str
    """The revision that was in use when the operator was asked: a number on Kubernetes, on ECS
    the ARN of a task definition. Where it is another by now, nothing is sent."""
    to: str
    """The revision to go back to, named likewise."""
    uid: str = ""
    deployment: str = ""
    """The ARN of the ECS service deployment under way that is stopped and rolled back; empty:
    the service is given the older task definition."""


Operation: TypeAlias = Scale | Restart | Rollback
"""Everything that changes something."""


class Difference(msgspec.Struct, frozen=True):
    """One thing in which two revisions of a workload differ."""

    what: str
    """``web image``, ``web memory limit``."""
    now: str
    """Empty where it is not there."""
    then: str


class RollbackPlan(msgspec.Struct, frozen=True):
    """What a rollback would do, looked up when it is asked about."""

    operation: Rollback
    current: str
    """The revision in use, for reading: ``revision 7``, ``web:12``."""
    to: str
    effects: tuple[str, ...]
    """What will happen, in sentences."""
    differences: tuple[Difference, ...] | None = ()
    """In images, variables, CPU and memory; None: not known."""


class Accepted(msgspec.Struct, frozen=True):
    """The provider took an operation on; that it will succeed is not said."""

    summary: str
    """Such as ``2 -> 5 requested``."""
    request_id: str = ""


class Autoscaler(msgspec.Struct, frozen=True):
    """What else sets a workload's desired count."""

    name: str
    """``Application Auto Scaling`` or ``HorizontalPodAutoscaler web``."""
    minimum: int
    maximum: int
    note: str = ""
    """Such as its metric, or that it is suspended."""


class ScaleInfo(msgspec.Struct, frozen=True):
    """What a scale dialog shows, asked for when the dialog opens."""

    desired: int
    running: int
    pending: int = 0
    autoscaler: Autoscaler | None = None
    problem: Problem | None = None
    """Why the autoscaler could not be asked after."""


class Revision(msgspec.Struct, frozen=True):
    """One side of a rollout: an ECS deployment, a replica set, a controller revision."""

    name: str
    role: str
    """``new`` or ``old``."""
    desired: int
    running: int
    pending: int = 0
    failed: int = 0
    image: str = ""


class RolloutState(StrEnum):
    """Where a rollout stands."""

    RUNNING = "running"
    SETTLED = "settled"
    FAILED = "failed"


class FleetEvent(msgspec.Struct, frozen=True):
    """One message of a service's or an object's history."""

    at: float
    text: str
    warning: bool = False
    count: int = 1


class Rollout(msgspec.Struct, frozen=True):
    """A rollout at one moment."""

    ref: Ref
    state: RolloutState
    summary: str
    """One sentence: ``2 of 5 new tasks running``, ``progress deadline exceeded``."""
    revisions: tuple[Revision, ...]
    events: tuple[FleetEvent, ...]
    """Newest first, at most 20."""
    at: float


class Section(msgspec.Struct, frozen=True):
    """One titled part of a description: pairs, or a table with a head, or plain lines."""

    title: str
    pairs: tuple[tuple[str, str], ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    lines: tuple[str, ...] = ()


class Description(msgspec.Struct, frozen=True):
    """Everything worth knowing of one resource, for reading."""

    ref: Ref
    sections: tuple[Section, ...]
    document: Any
    """The provider's own document as plain JSON values, for the YAML and JSON views."""
    at: float


class LogLine(msgspec.Struct, frozen=True, gc=False):
    """One line of a log."""

    at: float
    """When it was written; 0.0 where the source does not say."""
    source: str
    """Who wrote it, short: ``web-7d9f/app`` or ``app/1f2e3d``."""
    text: str
    """As it came but for its line break: a log pane cleans it when it draws it."""


class LogBatch(msgspec.Struct, frozen=True):
    """Lines that arrived together, in order of time, and what is known of their stream."""

    lines: tuple[LogLine, ...] = ()
    notes: tuple[str, ...] = ()
    """Said once, in the pane's own voice: a source began or ended, where a log goes instead."""
    dropped: int = 0
    """Lines known to have been lost or sampled away upstream since the last batch."""
    problem: Problem | None = None
    """Why lines are missing at the moment; the tail goes on trying."""
    live: bool = False
    """The past that was asked for has been delivered; what follows is new."""
    status: str = ""
    """What goes on with its sources at this moment: ``opening 40 of 200``. Like `problem`, it holds
    until the next batch."""
    since: float = 0.0
    """With `live`: the epoch second from which on no line is missing; of what is older some sources
    have more than was asked for. 0.0: that is not known."""


class LogPage(msgspec.Struct, frozen=True):
    """Older lines of a log, or how the search for them goes on."""

    lines: tuple[LogLine, ...] = ()
    """In order of time."""
    begins: float = 0.0
    """The epoch second from which on, up to where the page was to end, all lines are in `lines`;
    the next page ends there."""
    progress: str = ""
    """What is being looked at: the page itself is still to come."""
    notes: tuple[str, ...] = ()
    """What is missing of it, and why."""
    ended: str = ""
    """Why there is nothing older; empty: there may be."""


class LogRequest(msgspec.Struct, frozen=True):
    """How much of a log to show."""

    since: float | None = 300.0
    """Seconds back from now to begin at; None: from the beginning (`tail` limits it)."""
    tail: int | None = None
    """At most so many last lines of each source to begin with."""
    head: int | None = None
    """Instead of a live tail, so many first lines after `since`, and then the end."""
    follow: bool = True
    previous: bool = False
    """The container's previous incarnation (Kubernetes); ends after its last line."""
    container: str = ""
    """Only this container; empty: all of them."""


class Usage(msgspec.Struct, frozen=True):
    """How much of one call budget is in use."""

    account: str
    region: str
    action_class: str
    """The throttling bucket: ``ecs:tasks``."""
    used: float
    """The share of the sustained rate that was used in the last ten seconds; 1.0: all of it."""
    rate: float
    """Calls a second that are allowed."""
    throttled_until: float = 0.0
    """The provider throttled it; it goes slower until then. 0.0: it did not."""
    minute: int = 0
    """Calls made in the last sixty seconds."""
    calls: int = 0
    """Calls made since the start."""
    limit: float = 0.0
    """Calls a second that are allowed while nothing is throttled: the provider's published rate
    times the share of it that is taken. `rate` is less than that after a throttled answer."""
    burst: float = 0.0
    """Calls that may be made at once after a pause."""
    waiting: int = 0
    """Calls that wait for their turn at this moment."""
    throttled: int = 0
    """Calls that the provider refused as too many, since the start."""
    throttled_at: float = 0.0
    """When it last did. 0.0: never."""
    recent: tuple[int, ...] = ()
    """Calls made in each stretch of half a minute of the last five minutes, the present one,
    which is not over, last; as many as there have been since the first call."""
