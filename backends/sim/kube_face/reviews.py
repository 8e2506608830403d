"""SelfSubject reviews: what may I do, who am I."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from backends.sim.kube_face import status
from backends.sim.kube_face.path import RequestInfo
from backends.sim.kube_face.protobuf import decode_review
from backends.sim.kube_face.users import PUBLIC_PATHS, User
from backends.sim.kube_face.writes import check_body_type, read_json
from backends.sim.kube_world.values import Doc, stamp

Review = Callable[[User, Doc, float], Doc]
"""Answers one kind of review for a user, given the body's spec and the time."""


def access(user: User, spec: Doc, _now: float) -> Doc:
    """Answer whether a user may do one thing."""
    wanted, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if (wanted is None) == (path is None):
        said = (
            "Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must "
            "be specified"
        )
        cause = ("spec.resourceAttributes", "FieldValueInvalid", said)
        raise status.invalid("authorization.k8s.io", "", "", cause)
    if wanted is not None:
        info = RequestInfo(
            wanted.get("verb", ""), "", wanted.get("group", ""), wanted.get("version", ""),
            wanted.get("namespace", ""), wanted.get("resource", ""), wanted.get("name", ""),
            wanted.get("subresource", ""),
        )  # fmt: skip
        rule = user.rule_for(info)
        answer: Doc = {"allowed": rule is not None}
        if rule is not None and rule.because:
            answer["reason"] = rule.because
    else:
        asked = path or {}
        answer = {"allowed": user.may(RequestInfo(asked.get("verb", ""), asked.get("path", "")))}
    return {"metadata": {}, "spec": spec, "status": answer}


def rules(user: User, spec: Doc, _now: float) -> Doc:
    """Answer everything that a user may do in a namespace."""
    if not spec.get("namespace"):
        raise status.bad_request("no namespace on request")
    namespace = spec["namespace"]
    found = [r.document() for r in user.rules if r.namespace in ("", namespace)]
    paths: list[Doc] = [{"verbs": ["get"], "nonResourceURLs": [
        *(url for path in PUBLIC_PATHS for url in (path, f"{path}/*")),
    ]}]  # fmt: skip
    if user.everything:
        paths.insert(0, {"verbs": ["*"], "nonResourceURLs": ["*"]})
    return {"metadata": {}, "spec": {}, "status": {
        "resourceRules": found, "nonResourceRules": paths, "incomplete": False,
    }}  # fmt: skip


def whoami(user: User, _spec: Doc, now: float) -> Doc:
    """Answer who a user is."""
    info: Doc = {"username": user.name}
    if user.uid:
        info["uid"] = user.uid
    return {
        "metadata": {"creationTimestamp": stamp(now)},
        "status": {"userInfo": info | {"groups": list(user.groups)}},
    }


REVIEWS: Mapping[tuple[str, str], tuple[str, Review]] = {
    ("authorization.k8s.io", "selfsubjectaccessreviews"): ("SelfSubjectAccessReview", access),
    ("authorization.k8s.io", "selfsubjectrulesreviews"): ("SelfSubjectRulesReview", rules),
    ("authentication.k8s.io", "selfsubjectreviews"): ("SelfSubjectReview", whoami),
}
"""The reviews by API group and plural name: the kind, and what answers it."""


def answer(info: RequestInfo, user: User, body: bytes, content_type: str, now: float) -> Doc:
    """Return the answer to a review; raises the API server's refusals."""
    kind, review = REVIEWS[info.group, info.resource]
    if info.verb != "create":
        raise status.method_not_allowed()
    if content_type.startswith("application/vnd.kubernetes.protobuf"):
        asked = decode_review(body)
    else:
        check_body_type(content_type)
        asked = read_json(body, kind)
    head = {"kind": kind, "apiVersion": f"{info.group}/v1"}
    return head | review(user, asked.get("spec") or {}, now)
