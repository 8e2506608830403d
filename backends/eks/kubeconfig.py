"""Kubeconfig files: which contexts there are, and what one of them says."""

from __future__ import annotations

import base64
import functools
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml

from backends.base import BackendError, Invalid, KubeSource
from backends.text import clean

_ACTION = "read kubeconfig"

_YAML: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's loader where PyYAML was built with it: ten times faster on a long kubeconfig."""


class Context(msgspec.Struct, frozen=True):
    """One context by name, without what it needs to connect."""

    name: str
    cluster: str
    namespace: str = ""
    paths: tuple[str, ...] = ()
    """The files that its source is made of."""


class Entry(msgspec.Struct, frozen=True):
    """What a kubeconfig says of one context. Its repr holds no secret."""

    server: str
    ca: bytes = b""
    """PEM certificates; empty: the system's."""
    verify: bool = True
    tls_name: str = ""
    proxy: str = ""
    cert: bytes = b""
    key: bytes = b""
    user: Mapping[str, Any] = {}
    """The user's section as it is written."""
    base: str = ""
    """The folder that the user's relative paths start from."""

    def __repr__(self) -> str:
        return f"Entry({self.server})"

    __str__ = __repr__


def contexts(source: KubeSource) -> tuple[Context, ...]:
    """Return the contexts of a source in the order of its files, the first of a name winning.

    Raises `Invalid` where a file is missing or broken, or a context that is asked for is not
    there. No file at the default place is no error: it means no contexts.
    """
    paths = _paths(source)
    found: dict[str, Context] = {}
    for path in paths:
        for context in _read_contexts(path, paths):
            found.setdefault(context.name, context)
    missing = [name for name in source.contexts if name not in found]
    if missing:
        there = ", ".join(found) or "none"
        raise Invalid(
            _ACTION, f"no context {', '.join(missing)!r}", f"contexts that exist: {clean(there)}"
        )
    return tuple(found[name] for name in source.contexts or found)


def _paths(source: KubeSource) -> tuple[str, ...]:
    named = source.path or os.environ.get("KUBECONFIG", "")
    default = str(Path("~/.kube/config").expanduser())
    given = [str(Path(p).expanduser()) for p in named.split(os.pathsep) if p] or [default]
    present = tuple(path for path in given if Path(path).exists())
    if not present and (named or source.contexts):
        raise Invalid(
            _ACTION,
            f"no such file: {clean(os.pathsep.join(given))}",
            "name an existing file with --kubeconfig or KUBECONFIG",
        )
    return present


def _read_contexts(path: str, paths: tuple[str, ...]) -> Sequence[Context]:
    document = _read_yaml(path)
    made = []
    for item in _items(path, document, "contexts"):
        body = item.get("context") or {}
        if not isinstance(body, dict) or not isinstance(item.get("name"), str):
            raise _broken(path, "a context without a name or a body")
        made.append(
            Context(
                name=clean(item["name"]),
                cluster=clean(str(body.get("cluster") or item["name"])),
                namespace=clean(str(body.get("namespace") or "")),
                paths=paths,
            )
        )
    return made


def _read_yaml(path: str) -> dict[str, Any]:
    try:
        text = Path(path).read_text("utf-8")
        document = yaml.load(text, _YAML)  # noqa: S506 - a safe loader, by way of libyaml
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise Invalid(_ACTION, f"{clean(path)}: {reason}", "make it readable") from error
    except yaml.YAMLError as error:
        # PyYAML's own words quote the line, which may hold a token.
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark is not None else ""
        raise _broken(path, f"{where}not YAML") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise _broken(path, "not a mapping")
    return document


def _items(path: str, document: dict[str, Any], key: str) -> Sequence[dict[str, Any]]:
    items = document.get(key) or []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise _broken(path, f"{key} is no list of mappings")
    return items


def _broken(path: str, why: str) -> Invalid:
    return Invalid(
        _ACTION, f"{clean(path)}: {why}", "correct the file; `kubectl config view` shows it"
    )


def load(context: Context) -> Entry:
    """Read all of one context through the kubernetes package; call it off the loop.

    It reads the files anew where they changed. Raises `Invalid`.
    """
    from kubernetes.config import ConfigException

    try:
        return _load(context)
    except BackendError:
        raise
    except (ConfigException, yaml.YAMLError, OSError, ValueError, LookupError, TypeError) as error:
        raise Invalid(
            f"{_ACTION} context {context.name}",
            _told(error),
            f"correct it; `kubectl --context {context.name} cluster-info` tries it",
        ) from None


def _told(error: Exception) -> str:
    """Return an error's words where they are about names, not values that may be secret."""
    from kubernetes.config import ConfigException

    if isinstance(error, ConfigException):
        return clean(str(error), 300)
    if isinstance(error, OSError):
        return clean(f"{error.filename}: {error.strerror}", 300)
    return "a field of it has the wrong form"


def _load(context: Context) -> Entry:
    from kubernetes.config.kube_config import FileOrData

    merged = _merged(context.paths, _stamps(context.paths))
    body = merged["contexts"].get_with_name(context.name)["context"]
    cluster = merged["clusters"].get_with_name(body["cluster"])["cluster"]
    cluster_base = _base(cluster.path)
    users = merged.safe_get("users") and body.safe_get("user")
    user = merged["users"].get_with_name(body["user"], safe=True) if users else None
    if users and user is None:
        raise Invalid(
            f"{_ACTION} context {context.name}",
            f"no user {clean(str(body['user']))!r}",
            "add the user, or correct the context",
        )
    credentials = (user.safe_get("user") if user else None) or {}
    base = _base(user.path) if user else ""

    def data(section: Any, key: str, folder: str) -> bytes:
        text = FileOrData(section, key, file_base_path=folder).as_data()
        return base64.b64decode("".join(text.split()), validate=True) if text else b""

    ca = data(cluster.value, "certificate-authority", cluster_base)
    return Entry(
        server=str(cluster["server"]).rstrip("/"),
        ca=ca,
        verify=not cluster.safe_get("insecure-skip-tls-verify"),
        tls_name=str(cluster.safe_get("tls-server-name") or ""),
        proxy=str(cluster.safe_get("proxy-url") or ""),
        cert=data(credentials, "client-certificate", base),
        key=data(credentials, "client-key", base),
        user=credentials,
        base=base,
    )


def _base(path: str | None) -> str:
    return str(Path(path).absolute().parent) if path else ""


def _stamps(paths: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    return tuple(
        (found.st_mtime_ns, found.st_size) for found in (Path(path).stat() for path in paths)
    )


@functools.lru_cache(maxsize=16)
def _merged(paths: tuple[str, ...], stamps: tuple[tuple[int, int], ...]) -> Any:
    """Merge files as kubectl does; `stamps` make a changed file a new one."""
    from kubernetes.config.kube_config import KubeConfigMerger

    return KubeConfigMerger(os.pathsep.join(paths)).config
