"""What a backend is: the protocol that ECS, EKS, Cloud Map and third parties implement."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

import msgspec

from backends.clock import Clock
from backends.model import (
    Accepted,
    Change,
    Description,
    Kind,
    LogBatch,
    LogPage,
    LogRequest,
    Operation,
    Problem,
    Query,
    Ref,
    Renewal,
    Resource,
    RollbackPlan,
    Rollout,
    ScaleInfo,
    Scope,
    Usage,
)

if TYPE_CHECKING:
    from backends.logs.insights import Insights
    from backends.logs.insights_model import Choice


def sentence(problem: Problem) -> str:
    """Return a problem as one line: what was tried, what came back, what to do."""
    return f"{problem.action}: {problem.message} — {problem.remedy}"


class BackendError(Exception):
    """A provider's refusal or failure, translated once; `problem` is what to show.

    Subclasses name the cases that callers tell apart.
    """

    code = "internal"

    def __init__(self, action: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.problem = Problem(code=self.code, action=action, message=message, remedy=remedy)

    def __str__(self) -> str:
        """Return the error as one sentence: what was tried, what came back, what to do."""
        return sentence(self.problem)


class Denied(BackendError):  # noqa: N818 - the names read better without the suffix
    """The caller may not do that; the remedy names the missing permission."""

    code = "denied"


class Expired(BackendError):  # noqa: N818
    """Credentials are absent, expired or revoked; the remedy names the command that renews them.

    `renewal` says the same so that the command can be run from the screen.
    """

    code = "expired"

    def __init__(
        self, action: str, message: str, remedy: str, renewal: Renewal | None = None
    ) -> None:
        super().__init__(action, message, remedy)
        self.problem = msgspec.structs.replace(self.problem, renewal=renewal)


class Throttled(BackendError):  # noqa: N818
    """The provider asked to go slower: `retry_after` says for how many seconds; 0.0: it did not."""

    code = "throttled"

    def __init__(self, action: str, message: str, remedy: str, retry_after: float = 0.0) -> None:
        super().__init__(action, message, remedy)
        self.retry_after = retry_after


class Unreachable(BackendError):  # noqa: N818
    """No answer: refused, timed out, no such host, bad certificate, a broken body."""

    code = "unreachable"


class NotFound(BackendError):  # noqa: N818
    """It is not, or no longer, there."""

    code = "not-found"


class Conflict(BackendError):  # noqa: N818
    """Somebody else changed it meanwhile, or its state forbids the operation."""

    code = "conflict"


class Invalid(BackendError):  # noqa: N818
    """The request or the configuration is wrong."""

    code = "invalid"


class Demand:
    """How much somebody wants a feed now: on screen, or only counted. Shared with its watcher."""

    def __init__(self, *, visible: bool = True) -> None:
        self._visible = visible
        self._wake = asyncio.Event()
        self._asked = False
        self._seen: dict[Callable[[], None], None] = {}

    @property
    def visible(self) -> bool:
        """Whether rows of the feed are on screen at this moment."""
        return self._visible

    @visible.setter
    def visible(self, value: bool) -> None:
        seen = value and not self._visible
        self._visible = value
        if seen:
            self._wake.set()
            for callback in tuple(self._seen):
                callback()

    def when_seen(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` whenever rows of the feed come on screen; return what ends that."""
        self._seen[callback] = None
        return lambda: self._seen.pop(callback, None)

    def refresh(self) -> None:
        """End the current pause: the operator asked for fresh rows."""
        self._asked = True
        self._wake.set()

    def nudge(self) -> None:
        """End the current pause, though nobody asked: there is something to tell."""
        self._wake.set()

    def take_asked(self) -> bool:
        """Return whether `refresh` was called since this was last asked."""
        asked, self._asked = self._asked, False
        return asked

    async def pause(self, visible: float, background: float) -> None:
        """Wait `visible` seconds while on screen, else `background`; end early on new demand."""
        self._wake.clear()
        try:
            async with asyncio.timeout(visible if self._visible else background):
                await self._wake.wait()
        except TimeoutError:
            pass


class AwsSource(msgspec.Struct, frozen=True):
    """One AWS profile with the regions to look at. Files left empty are the SDK's own."""

    profile: str = ""
    """Empty: the default credential chain (environment, container, ...)."""
    regions: tuple[str, ...] = ()
    """Empty: the profile's own region."""
    endpoint_url: str = ""
    """For every AWS service; empty: the SDK's (AWS_ENDPOINT_URL and the profile's own count)."""
    config_file: str = ""
    credentials_file: str = ""
    imds: bool = False
    """Whether to ask the EC2 metadata service for credentials; it costs 2 s where there is none."""


class KubeSource(msgspec.Struct, frozen=True):
    """One kubeconfig, and which of its contexts to look at."""

    path: str = ""
    """A path, or several separated by `os.pathsep`; empty: KUBECONFIG, else ~/.kube/config."""
    contexts: tuple[str, ...] = ()
    """Empty: every context."""
    in_cluster: bool = False
    """Use the service account of the pod that Topdeck runs in instead of a file."""


class Sources(msgspec.Struct, frozen=True):
    """Everything a backend may be pointed at; each takes what concerns it."""

    aws: tuple[AwsSource, ...] = ()
    kube: tuple[KubeSource, ...] = ()
    budget_share: float = 0.5
    """The share of an account's published API rates that Topdeck may use, above 0 up to 1."""
    request_timeout: float = 10.0
    """Seconds until an unanswered request counts as unreachable."""
    eks: bool = True
    """Whether EKS clusters are looked for in the AWS sources."""
    feed_queues: tuple[str, ...] = ()
    """ARNs or URLs of the SQS queues that ECS's state changes come by, at most one for each
    account and region; `backends.feedqueue` reads them."""
    reorder_window: float = 0.3
    """Seconds that a line of a log that comes at once, as those of pods do, is held back so that
    an older one of another source can go before it."""

    def aws_source(self, profile: str) -> AwsSource:
        """Return the source of a profile: the one that is looked at, else the SDK's own files."""
        for source in self.aws:
            if source.profile == profile:
                return source
        return AwsSource(profile=profile, imds=any(source.imds for source in self.aws))


@runtime_checkable
class Backend(Protocol):
    """A provider of resources. Every method may be cancelled; errors are `BackendError`."""

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """The kinds it knows by id, in the order in which they should be listed."""
        ...

    @property
    def providers(self) -> frozenset[str]:
        """The values of `Scope.provider` that it answers for."""
        ...

    def roots(self) -> Sequence[Query]:
        """Return the queries that together find all its clusters (or, for Cloud Map, all its
        namespaces), without any network call.

        One for each profile and region, or each context. A configuration that names a profile
        or a context that does not exist raises `Invalid` here. Rows of these queries whose kind
        ends in ``/clusters`` go on the fleet board.
        """
        ...

    def workloads(self, cluster: Ref) -> Sequence[Query]:
        """Return the queries by which the health of a cluster is counted."""
        ...

    def plan(self, query: Query) -> Query:
        """Return the query that is really watched for `query`: wider where one feed serves
        many views (a Kubernetes watch of all pods), the same where narrower is cheaper."""
        ...

    def watch(self, query: Query, demand: Demand) -> AsyncIterator[Change]:
        """Yield what happens to a planned query's rows, for ever; the first change resyncs.

        Failures are yielded as a STALE status with the problem, and retried with backoff;
        nothing is raised but `Invalid` for a query that makes no sense, and cancellation.
        """
        ...

    async def describe(self, resource: Resource) -> Description:
        """Fetch everything worth knowing of one resource."""
        ...

    def logs(self, resource: Resource, request: LogRequest) -> AsyncIterator[LogBatch]:
        """Tail the logs of a resource and of all that run under it, until cancelled."""
        ...

    async def scale_info(self, resource: Resource) -> ScaleInfo:
        """Fetch what a scale dialog shows."""
        ...

    async def perform(self, operation: Operation) -> Accepted:
        """Send an operation once; it is never retried."""
        ...

    def rollout(self, ref: Ref) -> AsyncIterator[Rollout]:
        """Follow the rollout of a workload; ends after yielding one that settled or failed."""
        ...

    def renew(self, scope: Scope) -> None:
        """Forget the credentials that are known for a scope's profile or context: there may be
        new ones. The next call loads them; this makes none."""
        ...

    def usage(self) -> Sequence[Usage]:
        """Return the call budgets used since the start; empty where the provider has none."""
        ...

    async def close(self) -> None:
        """Close every connection; the backend is not used again."""
        ...


class Offer(msgspec.Struct, frozen=True):
    """The kinds that one cluster offers beyond those of its backend."""

    kinds: tuple[Kind, ...] = ()
    """Their columns are only the least that their rows have: a `Change` brings the true ones."""
    problem: Problem | None = None
    """Why some of its kinds are not known at the moment, such as an extension that is down."""


@runtime_checkable
class Discovering(Protocol):
    """What a `Backend` may be besides: one whose clusters have kinds of their own."""

    async def discover_kinds(self, scope: Scope, max_age: float) -> Offer:
        """Return what a cluster offers, as it was told at most `max_age` seconds ago.

        `Backend.plan`, `Backend.watch` and `Backend.describe` take these kinds, too. Raises
        `BackendError` where the cluster does not answer.
        """
        ...


@runtime_checkable
class Undoing(Protocol):
    """What a `Backend` may be besides: one that can roll a workload back."""

    async def rollback_plan(self, resource: Resource) -> RollbackPlan:
        """Look up what a workload, or the workload of one of its old revisions, was before.

        Raises `Invalid` where there is nothing to go back to, and `BackendError` where it
        cannot be looked up. `Backend.perform` takes the plan's operation.
        """
        ...


class LogHistory(Protocol):
    """What a log had before the lines at hand, page by page."""

    def older(self, before: float, count: int) -> AsyncIterator[LogPage]:
        """Find about `count` lines older than the epoch second `before`, the newest there are.

        Yields pages that only have a `progress`, and at last the one with the lines; that one
        may be empty where a long time has none, and the search is to go on from its `begins`.
        Raises `BackendError`; may be cancelled.
        """
        ...


@runtime_checkable
class Rewinding(Protocol):
    """What a `Backend` may be besides: one whose logs can be read backwards."""

    def history(self, resource: Resource, request: LogRequest) -> LogHistory:
        """Return the past of what `Backend.logs` tails for the same request; makes no call."""
        ...


@runtime_checkable
class Questioning(Protocol):
    """What a `Backend` may be besides: one over AWS accounts, whose logs can be asked about."""

    @property
    def insights(self) -> Insights | None:
        """CloudWatch Logs Insights of its accounts; None: it knows of none."""
        ...

    async def log_groups(self, resource: Resource) -> Choice:
        """Return the log groups behind a resource; raises `BackendError` where AWS must be asked
        and does not answer. What has none says why in `Choice.note`."""
        ...


BackendFactory: TypeAlias = Callable[[Sources, Clock], Backend]
"""What the entry points of the group ``topdeck.backends`` name."""
