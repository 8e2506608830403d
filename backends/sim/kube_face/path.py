"""What a request asks for, read off its method and path as the API server does."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

_VERBS = {"GET": "get", "PUT": "update", "POST": "create", "PATCH": "patch", "DELETE": "delete"}
_NAMESPACE_SUBRESOURCES = frozenset({"status", "finalize"})


class RequestInfo(msgspec.Struct, frozen=True):
    """A request to a resource, or to another path (then `resource` is empty)."""

    verb: str
    """``get``, ``list``, ``watch``, ``create``, ``update``, ``patch``, ``delete``,
    ``deletecollection``; for other paths the method in lower case."""
    path: str
    group: str = ""
    version: str = ""
    namespace: str = ""
    resource: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def qualified(self) -> str:
        """``pods`` or ``deployments.apps``."""
        return f"{self.resource}.{self.group}" if self.group else self.resource


def read(method: str, path: str, query: Mapping[str, str]) -> RequestInfo:
    """Return what a request asks for; `path` begins with a slash and has no cluster in it."""
    parts = [part for part in path.split("/") if part]
    other = RequestInfo(method.lower(), path)
    if parts[:1] == ["api"] and len(parts) > 2:
        return _resource(method, path, query, "", parts[1], parts[2:])
    if parts[:1] == ["apis"] and len(parts) > 3:
        return _resource(method, path, query, parts[1], parts[2], parts[3:])
    return other


def _resource(
    method: str, path: str, query: Mapping[str, str], group: str, version: str, rest: list[str]
) -> RequestInfo:
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in _NAMESPACE_SUBRESOURCES:
        namespace, rest = rest[1], rest[2:]
    elif rest[0] == "namespaces" and len(rest) > 1 and group == "":
        namespace = rest[1]
    resource, name, subresource = (*rest, "", "")[:3]
    verb = _VERBS.get(method, method.lower())
    if not name:
        if verb == "get":
            verb = "watch" if query.get("watch") in ("1", "true") else "list"
        elif verb == "delete":
            verb = "deletecollection"
    return RequestInfo(verb, path, group, version, namespace, resource, name, subresource)
