"""Who asks, and what they may do: bearer tokens, impersonation and role-based rules."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import msgspec

from backends.sim.files import TOKEN
from backends.sim.kube_face.path import RequestInfo
from backends.sim.kube_face.status import ApiError, unauthorized
from backends.sim.kube_world.values import Doc

EKS_TOKEN = "k8s-aws-v1."  # noqa: S105 - how such a token begins
"""How the tokens begin that ``aws eks get-token`` mints."""


class Rule(msgspec.Struct, frozen=True):
    """One rule of a role, and where it holds."""

    verbs: tuple[str, ...]
    groups: tuple[str, ...]
    resources: tuple[str, ...]
    names: tuple[str, ...] = ()
    """Only objects of these names; empty: of any."""
    namespace: str = ""
    """Only in this namespace; empty: everywhere."""
    because: str = ""
    """What an access review says of it."""

    def allows(self, info: RequestInfo) -> bool:
        """Return whether the rule lets a request through."""
        if self.namespace and info.namespace != self.namespace:
            return False
        resource = f"{info.resource}/{info.subresource}" if info.subresource else info.resource
        return (
            _holds(self.verbs, info.verb)
            and _holds(self.groups, info.group)
            and _holds(self.resources, resource)
            and (not self.names or info.name in self.names)
        )

    def document(self) -> Doc:
        """Return the rule as a SelfSubjectRulesReview lists it."""
        made: Doc = {
            "verbs": list(self.verbs), "apiGroups": list(self.groups),
            "resources": list(self.resources),
        }  # fmt: skip
        return made | ({"resourceNames": list(self.names)} if self.names else {})


def _holds(allowed: tuple[str, ...], wanted: str) -> bool:
    return "*" in allowed or wanted in allowed


class User(msgspec.Struct, frozen=True):
    """Somebody who asks."""

    name: str
    uid: str
    groups: tuple[str, ...]
    rules: tuple[Rule, ...]
    everything: bool = False
    """Whether also paths that belong to no resource are open."""

    def rule_for(self, info: RequestInfo) -> Rule | None:
        """Return the first rule that lets a request to a resource through, or None."""
        return next((rule for rule in self.rules if rule.allows(info)), None)

    def may(self, info: RequestInfo) -> bool:
        """Return whether a request may pass."""
        if info.resource:
            return self.rule_for(info) is not None
        return self.everything or (info.verb in ("get", "head") and _is_public(info.path))


PUBLIC_PATHS = ("/api", "/apis", "/healthz", "/livez", "/readyz", "/version", "/openapi")
"""Paths that everybody may read who is known at all (ClusterRole system:discovery)."""


def _is_public(path: str) -> bool:
    return any(path == public or path.startswith(f"{public}/") for public in PUBLIC_PATHS)


SELF_RULES = (
    Rule(
        ("create",), ("authorization.k8s.io",),
        ("selfsubjectaccessreviews", "selfsubjectrulesreviews"),
    ),
    Rule(("create",), ("authentication.k8s.io",), ("selfsubjectreviews",)),
)  # fmt: skip
"""What everybody may ask of themselves (ClusterRole system:basic-user)."""

OPERATOR = User(
    "operator", "1", ("system:masters", "system:authenticated"),
    (Rule(("*",), ("*",), ("*",)), *SELF_RULES), everything=True,
)  # fmt: skip
"""Whoever holds the kubeconfig's token or one from EKS."""

_LOOK = ("get", "list", "watch")


def limited(namespace: str) -> User:
    """Return the user of the token ``limited``: reads pods and their logs in one namespace."""
    because = (
        f'RBAC: allowed by RoleBinding "limited/{namespace}" of Role "pod-reader" to '
        f'ServiceAccount "limited/{namespace}"'
    )
    return User(
        f"system:serviceaccount:{namespace}:limited", "84016f10-8aeb-4eb9-9b22-e1dd20a49527",
        ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"),
        (*SELF_RULES,
         Rule(_LOOK, ("",), ("pods", "pods/log"), namespace=namespace, because=because)),
    )  # fmt: skip


def viewer() -> User:
    """Return the user of the token ``viewer``: reads all but secrets, changes nothing."""
    because = (
        'RBAC: allowed by ClusterRoleBinding "viewers" of ClusterRole "view" to Group "viewers"'
    )
    core = (
        "configmaps", "events", "namespaces", "nodes", "pods", "pods/log", "services",
    )  # fmt: skip
    apps = (
        "controllerrevisions", "daemonsets", "deployments", "deployments/scale", "replicasets",
        "replicasets/scale", "statefulsets", "statefulsets/scale",
    )  # fmt: skip
    return User("viewer", "2", ("viewers", "system:authenticated"), (
        *SELF_RULES,
        Rule(_LOOK, ("",), core, because=because),
        Rule(_LOOK, ("apps",), apps, because=because),
        Rule(_LOOK, ("autoscaling",), ("horizontalpodautoscalers",), because=because),
        Rule(_LOOK, ("discovery.k8s.io",), ("endpointslices",), because=because),
        Rule(_LOOK, ("networking.k8s.io",), ("ingresses",), because=because),
        Rule(_LOOK, ("cert-manager.io",), ("certificates",), because=because),
    ))  # fmt: skip


def signer(headers: Mapping[str, str]) -> str:
    """Return the AWS access key that a request's EKS token was signed with; empty: none."""
    token = headers.get("Authorization", "").partition(" ")[2]
    if not token.startswith(EKS_TOKEN):
        return ""
    try:
        url = base64.urlsafe_b64decode(token.removeprefix(EKS_TOKEN) + "==").decode()
    except ValueError:
        return ""
    credential = parse_qs(urlsplit(url).query).get("X-Amz-Credential", [""])[0]
    return credential.partition("/")[0]


def identify(headers: Mapping[str, str], namespace: str, *, require_token: bool) -> User:
    """Return who sends a request; raises a 401 for a token that nobody has.

    No token at all is the operator, unless `require_token`: over plain HTTP kubectl keeps its
    token to itself. `namespace` is where the limited user may look. The operator may ask in
    another's name (``Impersonate-User``).
    """
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    users = {"limited": limited(namespace), "viewer": viewer()}
    if not scheme and not require_token:
        user = OPERATOR
    elif scheme.lower() != "bearer":
        raise unauthorized()
    elif token == TOKEN or token.startswith(EKS_TOKEN):
        user = OPERATOR
    elif token in users:
        user = users[token]
    else:
        raise unauthorized()
    other = headers.get("Impersonate-User")
    if not other:
        return user
    if not user.everything:
        raise _no_impersonation(user, other)
    return _impersonated(other, namespace)


def _impersonated(name: str, namespace: str) -> User:
    known = [OPERATOR, limited(namespace), viewer()]
    for user in known:
        if name in (user.name, user.name.rpartition(":")[2]):
            return user
    return User(name, "", ("system:authenticated",), SELF_RULES)


def _no_impersonation(user: User, other: str) -> ApiError:
    message = (
        f'users "{other}" is forbidden: User "{user.name}" cannot impersonate resource "users" '
        'in API group "" at the cluster scope'
    )
    return ApiError(403, message, "Forbidden", {"name": other, "kind": "users"})


def forbidden(user: User, info: RequestInfo) -> ApiError:
    """Return the 403 of a request that no rule lets through."""
    if not info.resource:
        message = f'forbidden: User "{user.name}" cannot {info.verb} path "{info.path}"'
        return ApiError(403, message, "Forbidden", {})
    details: Doc = {"name": info.name} if info.name else {}
    if info.group:
        details["group"] = info.group
    details["kind"] = info.resource
    about = f'{info.qualified} "{info.name}"' if info.name else info.qualified
    where = f'in the namespace "{info.namespace}"' if info.namespace else "at the cluster scope"
    resource = f"{info.resource}/{info.subresource}" if info.subresource else info.resource
    message = (
        f'{about} is forbidden: User "{user.name}" cannot {info.verb} resource "{resource}" in '
        f'API group "{info.group}" {where}'
    )
    return ApiError(403, message, "Forbidden", details)
