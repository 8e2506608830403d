"""Discovery: which kinds a cluster serves, asked in the new form or, of old servers, the old one.

The new form is one answer for the core group and one for all others (apidiscovery.k8s.io/v2,
served since Kubernetes 1.30, as v2beta1 since 1.27); the old one is an answer for each group and
version. A group whose server is down is left out and told of; the others do not suffer.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from backends.base import BackendError, Unreachable
from backends.eks.codec import broken
from backends.eks.errors import Act
from backends.eks.rest import KubeClient
from backends.eks.wire import Wire
from backends.model import Problem
from backends.text import clean

ACCEPT = ",".join(
    (
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
        "application/json",
    )
)
"""What kubectl says that it takes."""

AT_ONCE = 8
"""Groups of an old server that are asked at the same time."""

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
"""A DNS subdomain, as the API has plurals, groups and versions; they become parts of paths."""


class Served(msgspec.Struct, frozen=True):
    """One kind as a cluster serves it, by the version that the cluster prefers."""

    group: str
    """Empty for the core group."""
    version: str
    plural: str
    kind: str
    """Its name on the wire: ``CronTab``."""
    singular: str
    short: tuple[str, ...] = ()
    namespaced: bool = True
    watchable: bool = True

    @property
    def api(self) -> str:
        """The root of its group and version: ``/api/v1``, ``/apis/apps/v1``."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"


class Found(msgspec.Struct, frozen=True):
    """What a cluster said that it serves."""

    kinds: tuple[Served, ...]
    """Each once; those of the core group first, the others as the server orders them."""
    problem: Problem | None = None
    """Which groups are missing, and why."""


class _Meta(Wire, frozen=True):
    name: str = ""


class _Response(Wire, frozen=True):
    kind: str = ""


class _Resource(Wire, frozen=True):
    """An entry of either form; the old one has `name`, `kind` and `namespaced`."""

    resource: str = ""
    response_kind: _Response | None = None
    scope: str = ""
    singular_resource: str = ""
    name: str = ""
    kind: str = ""
    namespaced: bool = False
    singular_name: str = ""
    short_names: tuple[str, ...] | None = None
    verbs: tuple[str, ...] | None = None


class _Version(Wire, frozen=True):
    version: str = ""
    resources: tuple[_Resource, ...] | None = None
    freshness: str = ""


class _Group(Wire, frozen=True):
    """An entry of either form; the old one has its name outside of its metadata."""

    metadata: _Meta = _Meta()
    name: str = ""
    versions: tuple[_Version, ...] | None = None
    preferred_version: _Version = _Version()


class _Groups(Wire, frozen=True):
    kind: str = ""
    items: tuple[_Group, ...] | None = None
    groups: tuple[_Group, ...] | None = None


class _Resources(Wire, frozen=True):
    resources: tuple[_Resource, ...] | None = None


_GROUPS = msgspec.json.Decoder(_Groups)
_RESOURCES = msgspec.json.Decoder(_Resources)


async def discover(client: KubeClient) -> Found:
    """Ask a cluster what it serves; raises `BackendError` where it does not say."""
    core, named = await asyncio.gather(_groups(client, "/api"), _groups(client, "/apis"))
    if core.kind == named.kind == "APIGroupDiscoveryList":
        return _gather((*(core.items or ()), *(named.items or ())), {})
    return await _one_by_one(client, named.groups or ())


async def _groups(client: KubeClient, path: str) -> _Groups:
    act = Act("get", path)
    body = await client.get(path, act, ACCEPT)
    try:
        return _GROUPS.decode(body)
    except msgspec.MsgspecError as error:
        raise broken(act, error) from error


async def _one_by_one(client: KubeClient, named: Iterable[_Group]) -> Found:
    """Ask an old server for each group and version; one that fails is told of."""
    wanted = [("", "v1")]
    for group in named:
        preferred = group.preferred_version.version
        versions = dict.fromkeys((preferred, *(v.version for v in group.versions or ())))
        wanted += [(group.name, version) for version in versions if version]
    gate = asyncio.Semaphore(AT_ONCE)
    failed: dict[str, str] = {}

    async def ask(name: str, version: str) -> _Version:
        root = f"/apis/{name}/{version}" if name else f"/api/{version}"
        if not all(_NAME.fullmatch(part) for part in (name or "core", version)):
            return _Version(version)
        async with gate:
            try:
                body = await client.get(root, Act("get", root))
                return _Version(version, _RESOURCES.decode(body).resources)
            except BackendError as error:
                failed[f"{name}/{version}"] = error.problem.message
            except msgspec.MsgspecError as error:
                failed[f"{name}/{version}"] = str(error)
        return _Version(version)

    answers = await asyncio.gather(*(ask(*each) for each in wanted))
    if "/v1" in failed:
        raise Unreachable("get /api/v1", failed["/v1"], "check the cluster; it is asked again")
    groups: dict[str, list[_Version]] = {}
    for (name, _), version in zip(wanted, answers, strict=True):
        groups.setdefault(name, []).append(version)
    return _gather([_Group(_Meta(n), versions=tuple(v)) for n, v in groups.items()], failed)


def _gather(groups: Iterable[_Group], failed: dict[str, str]) -> Found:
    """Take each kind once, by the first version of its group that serves it."""
    found: dict[tuple[str, str], Served] = {}
    for group in groups:
        for version in group.versions or ():
            name = f"{group.metadata.name}/{version.version}"
            if version.freshness == "Stale":
                failed.setdefault(name, "its server does not answer")
            for served in _served(group.metadata.name, version):
                found.setdefault((served.group, served.plural), served)
    return Found(tuple(found.values()), _missing(failed))


def _served(group: str, version: _Version) -> Iterator[Served]:
    """Yield the kinds of a version that can be listed; subresources and reviews cannot."""
    for entry in version.resources or ():
        plural = entry.resource or entry.name
        parts = (plural, version.version, *([group] if group else ()))
        verbs = entry.verbs or ()
        if "list" not in verbs or not all(_NAME.fullmatch(part) for part in parts):
            continue
        kind = entry.response_kind.kind if entry.response_kind is not None else entry.kind
        kind = clean(kind) or plural
        yield Served(
            group=group,
            version=version.version,
            plural=plural,
            kind=kind,
            singular=clean(entry.singular_resource or entry.singular_name or kind).lower(),
            short=_words(entry.short_names or ()),
            namespaced=entry.scope == "Namespaced" if entry.scope else entry.namespaced,
            watchable="watch" in verbs,
        )


def _words(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in names if _NAME.fullmatch(name))


def _missing(failed: dict[str, str]) -> Problem | None:
    if not failed:
        return None
    name, why = next(iter(failed.items()))
    more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    what = f"{clean(name)}{more}: {clean(why, 300)}"
    return Problem("unreachable", "discover kinds", what, "look at it: kubectl get apiservices")
