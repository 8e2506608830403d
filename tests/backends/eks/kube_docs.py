"""Objects of a cluster, as short as they can be, for tests."""

from __future__ import annotations

from typing import Any, TypeAlias

Doc: TypeAlias = dict[str, Any]


def merge(doc: Doc, change: Doc) -> Doc:
    """Apply a JSON merge patch."""
    made = dict(doc)
    for key, value in change.items():
        made[key] = merge(made.get(key) or {}, value) if isinstance(value, dict) else value
    return made


def pod(name: str, namespace: str = "shop", **changes: Any) -> Doc:
    """A running pod of one container, as short as it can be."""
    started = "2026-11-22T21:27:28Z"
    doc: Doc = {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "creationTimestamp": "2026-11-22T21:27:27Z",
            "labels": changes.pop("labels", {"app": "web"}),
            "ownerReferences": changes.pop("owners", []),
        },
        "spec": {
            "nodeName": "node-1",
            "containers": [{"name": "app", "image": "nginx:1.27"}],
        },
        "status": {
            "phase": "Running",
            "podIP": "10.1.1.30",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [
                {
                    "name": "app",
                    "state": {"running": {"startedAt": started}},
                    "lastState": {},
                    "ready": True,
                    "restartCount": 0,
                    "image": "nginx:1.27",
                }
            ],
        },
    }
    return merge(doc, changes)


def deployment(
    name: str = "web", namespace: str = "shop", replicas: int = 3, **changes: Any
) -> Doc:
    """A deployment that has what it wants."""
    doc: Doc = {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "generation": 1,
            "creationTimestamp": "2026-11-22T21:27:23Z",
            "annotations": {"deployment.kubernetes.io/revision": "1"},
        },
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"spec": {"containers": [{"name": "app", "image": "nginx:1.27"}]}},
        },
        "status": {
            "observedGeneration": 1,
            "replicas": replicas,
            "updatedReplicas": replicas,
            "readyReplicas": replicas,
            "availableReplicas": replicas,
            "conditions": [
                {"type": "Available", "status": "True"},
                {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
            ],
        },
    }
    return merge(doc, changes)


def owner(kind: str, name: str) -> list[Doc]:
    return [{"kind": kind, "name": name, "uid": f"uid-{name}", "controller": True}]
