"""Service accounts with just the permissions that a test gives them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from tests.e2e.plane.api import Api

Rule = dict[str, list[str]]

READ = ["get", "list", "watch"]

RBAC = "/apis/rbac.authorization.k8s.io/v1"


def rule(verbs: Sequence[str], *resources: str, group: str = "") -> Rule:
    """Return a rule of a Role; `group` is an API group, ``*`` for all."""
    return {"apiGroups": [group], "resources": [*resources], "verbs": [*verbs]}


class Account:
    """A service account; what it may do is granted to it bit by bit, and taken away again."""

    def __init__(self, api: Api, namespace: str, name: str, uid: str) -> None:
        self.namespace = namespace
        self.name = name
        self.uid = uid
        self._api = api
        self._home = f"/api/v1/namespaces/{namespace}"

    @classmethod
    async def make(cls, api: Api, namespace: str, name: str = "operator") -> Account:
        """Create one without any permission."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts"
        made = await api.post(path, {"metadata": {"name": name}})
        return cls(api, namespace, name, made["metadata"]["uid"])

    async def grant(self, *rules: Rule, namespace: str = "") -> str:
        """Let it do something in one namespace; empty: in the whole cluster. Returns the path of
        the binding, whose deletion takes the permission away."""
        root = f"{RBAC}/namespaces/{namespace}" if namespace else RBAC
        kind = "Role" if namespace else "ClusterRole"
        plural = kind.lower() + "s"
        name = f"{self.namespace}-{self.name}-{uuid.uuid4().hex[:8]}"
        await self._api.post(f"{root}/{plural}", {"metadata": {"name": name}, "rules": [*rules]})
        binding = {
            "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name},
            "subjects": [
                {"kind": "ServiceAccount", "namespace": self.namespace, "name": self.name}
            ],
        }
        bindings = plural.replace("roles", "rolebindings")
        await self._api.post(f"{root}/{bindings}", binding)
        return f"{root}/{bindings}/{name}"

    async def token(self, seconds: int = 3600) -> Token:
        """Ask the API for a token of at least 600 seconds that can be revoked."""
        secret = await self._api.post(
            f"{self._home}/secrets",
            {"metadata": {"generateName": "bound-"}, "type": "Opaque"},
        )
        meta = secret["metadata"]
        bound = {"apiVersion": "v1", "kind": "Secret", "name": meta["name"], "uid": meta["uid"]}
        asked: dict[str, Any] = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": seconds, "boundObjectRef": bound},
        }
        made = await self._api.post(f"{self._home}/serviceaccounts/{self.name}/token", asked)
        return Token(self._api, made["status"]["token"], f"{self._home}/secrets/{meta['name']}")


class Token:
    """A token that is good for as long as the secret that it is bound to exists."""

    def __init__(self, api: Api, text: str, secret: str) -> None:
        self.text = text
        self._api = api
        self._secret = secret

    async def revoke(self) -> None:
        """Make it worthless; an API server remembers for 10 s that it was good."""
        await self._api.delete(self._secret)
