"""Getting and listing: pages, continue tokens and resource versions."""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_left
from collections.abc import Mapping

import orjson

from backends.sim.kube_face import status
from backends.sim.kube_face.render import Renderer
from backends.sim.kube_face.selectors import Matcher, select
from backends.sim.kube_face.status import ApiError, bad_request
from backends.sim.kube_world.kinds import KubeKind
from backends.sim.kube_world.state import KubeState
from backends.sim.kube_world.store import Expired, Version
from backends.sim.kube_world.values import Doc

Query = Mapping[str, str]
"""The parameters of a request."""

_GONE = (
    "The provided continue parameter is too old to display a consistent list result. You can "
    "start a new list without the continue parameter, or use the continue token in this response "
    "to retrieve the remainder of the results. Continuing with the provided token results in an "
    "inconsistent list - objects that were created, modified, or deleted between the time the "
    "first chunk was returned and now may show up in the list."
)


def token(rv: int, last: str) -> str:
    """Return a continue token: go on after `last` as of resource version `rv`.

    `last` is a name with a slash before it, or ``namespace/name`` in a list of all namespaces.
    """
    start = f"{last}\0"
    raw = orjson.dumps({"v": "meta.k8s.io/v1", "rv": rv, "start": start})
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def read_token(text: str) -> tuple[int, str]:
    """Return (resource version or -1, key to go on from); raises a 400 for anything else."""
    refusal = "invalid continue token: continue key is not valid: {}"
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        value = orjson.loads(raw)
        if value["v"] != "meta.k8s.io/v1":
            raise bad_request(refusal.format("server does not recognize this encoded version"))
        return int(value["rv"]), str(value["start"])
    except binascii.Error as error:
        raise bad_request(refusal.format("illegal base64 data")) from error
    except (orjson.JSONDecodeError, UnicodeDecodeError) as error:
        first = raw[:1].decode("latin-1")
        said = f"invalid character '{first}' looking for beginning of value"
        raise bad_request(refusal.format(said)) from error
    except (KeyError, TypeError, ValueError) as error:
        raise bad_request(refusal.format("missing start key")) from error


def read_limit(query: Query) -> int:
    """Return the `limit` parameter, 0 for none."""
    text = query.get("limit", "")
    if not text:
        return 0
    try:
        return max(int(text), 0)
    except ValueError:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None


def list_options_invalid(field: str, message: str) -> ApiError:
    """Return the 422 of list options that do not go together."""
    return status.invalid(
        "meta.k8s.io", "ListOptions", "", (field, "FieldValueForbidden", f"Forbidden: {message}")
    )


def read_version(text: str) -> int:
    """Return a resourceVersion parameter; raises a 400 where it is no number."""
    if text.isascii() and text.isdigit():
        return int(text)
    raise bad_request(f"invalid resource version: {not_a_version(text)}")


def not_a_version(text: str) -> str:
    """Return what the API server says of a resource version that is no number."""
    return (
        f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": '
        "invalid syntax"
    )


class Lister:
    """Answers lists of one cluster."""

    def __init__(self, state: KubeState) -> None:
        self._state = state

    def page(self, renderer: Renderer, namespace: str, query: Query) -> bytes:
        """Return one page of a kind, or all of it; raises the API server's refusals."""
        kind = renderer.kind
        matcher = select(kind, query.get("labelSelector", ""), query.get("fieldSelector", ""))
        rv, versions, start, asked = self._snapshot(kind, namespace, query)
        limit = 0 if query.get("resourceVersion") == "0" and not asked else read_limit(query)
        found, rest = _cut(versions, start, limit, matcher)
        metadata: Doc = {"resourceVersion": str(rv)}
        if rest:
            last = f"/{found[-1].name}" if namespace else found[-1].key
            metadata["continue"] = token(rv, last)
            if matcher is None:
                metadata["remainingItemCount"] = rest
        return renderer.many(found, metadata)

    def _snapshot(
        self, kind: KubeKind, namespace: str, query: Query
    ) -> tuple[int, list[Version], str, bool]:
        """Return (resource version, the objects then, key to start from, was it a token)."""
        wanted, going_on = query.get("resourceVersion", ""), query.get("continue", "")
        match = query.get("resourceVersionMatch", "")
        self._check(wanted, match, going_on)
        if going_on:
            return self._continued(kind, namespace, going_on)
        current = self._state.versions.current
        if wanted not in ("", "0"):
            rv = read_version(wanted)
            if rv > current:
                raise too_large(rv, current)
            if match == "Exact" or (not match and read_limit(query)):
                return rv, self._exactly(kind, namespace, rv), "", False
        return current, self._state.of(kind).select(namespace), "", False

    def _check(self, wanted: str, match: str, going_on: str) -> None:
        if going_on and wanted not in ("", "0"):
            raise bad_request("specifying resource version is not allowed when using continue")
        if match and not wanted:
            raise list_options_invalid(
                "resourceVersionMatch",
                "resourceVersionMatch is forbidden unless resourceVersion is provided",
            )
        if wanted:
            read_version(wanted)

    def _exactly(self, kind: KubeKind, namespace: str, rv: int) -> list[Version]:
        try:
            return self._state.of(kind).at(rv, namespace)
        except Expired:
            message = "The resourceVersion for the provided list is too old."
            raise status.expired(message) from None

    def _continued(
        self, kind: KubeKind, namespace: str, text: str
    ) -> tuple[int, list[Version], str, bool]:
        rv, start = read_token(text)
        key = start.lstrip("/") if not namespace else f"{namespace}/{start.lstrip('/')}"
        collection = self._state.of(kind)
        if rv < 0:
            return self._state.versions.current, collection.select(namespace), key, True
        try:
            return rv, collection.at(rv, namespace), key, True
        except Expired:
            raw = orjson.dumps({"v": "meta.k8s.io/v1", "rv": -1, "start": start.lstrip("/")})
            again = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
            raise status.expired(_GONE, {"continue": again}) from None


def _cut(
    versions: list[Version], start: str, limit: int, matcher: Matcher | None
) -> tuple[list[Version], int]:
    """Return a page of objects and how many come after it (at least 1 where some may)."""
    first = bisect_left(versions, start, key=lambda v: v.key) if start else 0
    if matcher is None:
        end = first + limit if limit else len(versions)
        return versions[first:end], max(len(versions) - end, 0)
    found: list[Version] = []
    for index in range(first, len(versions)):
        if matcher(versions[index]):
            if limit and len(found) == limit:
                return found, 1
            found.append(versions[index])
    return found, 0


def too_large(rv: int, current: int) -> ApiError:
    """Return the 504 of a list that wants a resource version of the future."""
    return ApiError(
        504, f"Timeout: Too large resource version: {rv}, current: {current}", "Timeout",
        {
            "causes": [
                {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
            ],
            "retryAfterSeconds": 1,
        },
    )  # fmt: skip
