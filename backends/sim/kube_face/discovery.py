"""Discovery: which groups, versions and kinds there are, in the old form and the new one."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha512
from typing import Any

from aiohttp import web

from backends.sim.kube_face import status
from backends.sim.kube_face.accept import clauses
from backends.sim.kube_face.reviews import REVIEWS
from backends.sim.kube_face.status import answer, page_not_found
from backends.sim.kube_world.kinds import KINDS, KubeKind
from backends.sim.kube_world.values import Doc

_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_SCALE_VERBS = ["get", "patch", "update"]
_FEATURES = {"scale": ("Scale", _SCALE_VERBS), "log": ("Pod", ["get"])}
"""Subresources: the kind they answer with, and their verbs."""

CHECKS = ("ping", "log", "etcd", "informer-sync", "poststarthook/start-apiextensions-controllers",
          "poststarthook/rbac/bootstrap-roles", "poststarthook/apiservice-discovery-controller",
          "shutdown")  # fmt: skip
"""What ``/readyz?verbose`` lists."""


def groups() -> list[tuple[str, str]]:
    """Return the named groups with their version, in order of their names."""
    named = {(kind.group, kind.version) for kind in KINDS.values() if kind.group}
    return sorted(named | {(group, "v1") for group, _ in REVIEWS})


def _kinds(group: str) -> list[KubeKind]:
    return sorted((k for k in KINDS.values() if k.group == group), key=lambda k: k.plural)


def version(kubernetes: str) -> Doc:
    """Return what ``/version`` answers for a cluster of that minor version."""
    major, _, minor = kubernetes.partition(".")
    return {
        "major": major, "minor": minor, "emulationMajor": major, "emulationMinor": minor,
        "minCompatibilityMajor": major, "minCompatibilityMinor": str(int(minor) - 1),
        "gitVersion": f"v{kubernetes}.2-eks-ecaa3a6",
        "gitCommit": "98b35193b2ac7a23a673325f5e9b830ecd5ba406", "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z", "goVersion": "go1.26.6", "compiler": "gc",
        "platform": "linux/amd64",
    }  # fmt: skip


def paths() -> list[str]:
    """Return the paths that ``/`` lists."""
    made = {"/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v2", "/openapi/v3",
            "/readyz", "/version"}  # fmt: skip
    for group, version_ in groups():
        made |= {f"/apis/{group}", f"/apis/{group}/{version_}"}
    return sorted(made)


def api_versions(host: str) -> Doc:
    """Return what ``/api`` answers in the old form."""
    where = {"clientCIDR": "0.0.0.0/0", "serverAddress": host}
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [where]}


def _group(group: str, version_: str) -> Doc:
    entry = {"groupVersion": f"{group}/{version_}", "version": version_}
    return {"name": group, "versions": [entry], "preferredVersion": entry}


def group_list() -> Doc:
    """Return what ``/apis`` answers in the old form."""
    found = [_group(group, version_) for group, version_ in groups()]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": found}


def resource_list(group: str, version_: str) -> Doc:
    """Return the kinds of a group in the old form."""
    head: Doc = {"kind": "APIResourceList"} | ({"apiVersion": "v1"} if group else {})
    resources: list[Doc] = []
    for kind in _kinds(group):
        entry: Doc = {
            "name": kind.plural, "singularName": kind.singular, "namespaced": kind.namespaced,
            "kind": kind.kind, "verbs": sorted(kind.verbs),
        }  # fmt: skip
        entry |= {"shortNames": list(kind.short)} if kind.short else {}
        entry |= {"categories": list(kind.categories)} if kind.categories else {}
        entry["storageVersionHash"] = sha512(kind.qualified.encode()).hexdigest()[:11] + "="
        resources.append(entry)
        resources += [_feature(kind, feature) for feature in kind.subresources]
    for (of, plural), (name, _) in REVIEWS.items():
        if of == group:
            resources.append({
                "name": plural, "singularName": name.lower(), "namespaced": False, "kind": name,
                "verbs": ["create"],
            })  # fmt: skip
    group_version = f"{group}/{version_}" if group else version_
    return head | {"groupVersion": group_version, "resources": resources}


def _feature(kind: KubeKind, feature: str) -> Doc:
    name, verbs = _FEATURES[feature]
    entry: Doc = {
        "name": f"{kind.plural}/{feature}", "singularName": "", "namespaced": kind.namespaced
    }  # fmt: skip
    if feature == "scale":
        entry |= {"group": "autoscaling", "version": "v1"}
    return entry | {"kind": name, "verbs": verbs}


def aggregated(wanted: Iterable[tuple[str, str]]) -> Doc:
    """Return these groups with all their kinds in the new form."""
    return {
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {},
        "items": [
            {
                "metadata": {"name": group} if group else {},
                "versions": [{
                    "version": version_, "resources": _entries(group), "freshness": "Current",
                }],
            }
            for group, version_ in wanted
        ],
    }  # fmt: skip


def _entries(group: str) -> list[Doc]:
    made = []
    for kind in _kinds(group):
        entry: Doc = {
            "resource": kind.plural, "responseKind": _response(kind.kind),
            "scope": "Namespaced" if kind.namespaced else "Cluster",
            "singularResource": kind.singular, "verbs": sorted(kind.verbs),
        }  # fmt: skip
        entry |= {"shortNames": list(kind.short)} if kind.short else {}
        entry |= {"categories": list(kind.categories)} if kind.categories else {}
        features = [
            {
                "subresource": feature,
                "responseKind": _response("Scale", "autoscaling", "v1") if feature == "scale"
                else _response(_FEATURES[feature][0]),
                "verbs": _FEATURES[feature][1],
            }
            for feature in kind.subresources
        ]  # fmt: skip
        made.append(entry | ({"subresources": features} if features else {}))
    made += [
        {"resource": plural, "responseKind": _response(name), "scope": "Cluster",
         "singularResource": name.lower(), "verbs": ["create"]}
        for (of, plural), (name, _) in REVIEWS.items() if of == group
    ]  # fmt: skip
    return made


def _response(kind: str, group: str = "", version_: str = "") -> Doc:
    return {"group": group, "version": version_, "kind": kind}


def _negotiate(header: str) -> bool:
    """Return whether the new form is wanted; raises a 406 where neither is."""
    for media, parameters in clauses(header or "*/*"):
        if media not in ("application/json", "application/*", "*/*"):
            continue
        if parameters.get("as") == "APIGroupDiscoveryList":
            if (parameters.get("g"), parameters.get("v")) == ("apidiscovery.k8s.io", "v2"):
                return True
        elif "as" not in parameters:
            return False
    raise status.not_acceptable()


def _listing(header: str, old: Doc, new: Doc) -> web.Response:
    if not _negotiate(header):
        return answer(old)
    made = answer(new, headers={"Cache-Control": "public", "Vary": "Accept"})
    made.headers["Content-Type"] = _AGGREGATED
    return made


def serve(path: str, request: web.Request, kubernetes: str) -> web.Response:
    """Answer a path that belongs to no resource."""
    accept = request.headers.get("Accept", "")
    plain: dict[str, Any] = {
        "/": lambda: answer({"paths": paths()}),
        "/version": lambda: answer(version(kubernetes)),
        "/api": lambda: _listing(accept, api_versions(request.host), aggregated([("", "v1")])),
        "/apis": lambda: _listing(accept, group_list(), aggregated(groups())),
        "/api/v1": lambda: answer(resource_list("", "v1")),
        "/openapi/v2": lambda: answer(_openapi_v2(kubernetes)),
        "/openapi/v3": lambda: answer({"paths": {}}),
    }
    path = path.rstrip("/") or "/"
    if path in plain:
        found: web.Response = plain[path]()
        return found
    if path in ("/healthz", "/livez", "/readyz"):
        return _health("verbose" in request.query, path)
    for group, version_ in groups():
        if path == f"/apis/{group}":
            return answer({"kind": "APIGroup", "apiVersion": "v1", **_group(group, version_)})
        if path == f"/apis/{group}/{version_}":
            return answer(resource_list(group, version_))
    return page_not_found()


def _health(verbose: bool, path: str) -> web.Response:
    lines = [f"[+]{check} ok" for check in CHECKS]
    text = "\n".join([*lines, f"{path[1:]} check passed", ""]) if verbose else "ok"
    return web.Response(text=text, headers={"X-Content-Type-Options": "nosniff"})


def _openapi_v2(kubernetes: str) -> Doc:
    info = {"title": "Kubernetes", "version": f"v{kubernetes}.2-eks-ecaa3a6"}
    return {"swagger": "2.0", "info": info, "paths": {}, "definitions": {}}
