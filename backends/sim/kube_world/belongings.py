"""What is in a cluster besides workloads: their settings, their ways in, and the keys to these."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator

from backends.sim.blueprint import SimCluster, SimWorkload
from backends.sim.kube_world import kinds
from backends.sim.kube_world.documents import labels_of, metadata
from backends.sim.kube_world.fields import fields_of, managed
from backends.sim.kube_world.kinds import KubeKind
from backends.sim.kube_world.values import Doc, stamp

DAY = 86400.0
"""Seconds."""

ISSUER = "letsencrypt"
"""The issuer of every certificate."""

_ISSUED = ("True", "Ready", "Certificate is up to date and has not expired")
_ISSUING = ("False", "DoesNotExist", "Issuing certificate as Secret does not exist")


def belongings(laid_out: SimCluster, now: float, seed: int) -> Iterator[tuple[KubeKind, Doc]]:
    """Yield the objects that a cluster has, with dice of their own."""
    rng = random.Random(f"{seed} {laid_out.name} belongings")
    for namespace in sorted({workload.namespace for workload in laid_out.workloads}):
        at = now - rng.uniform(40, 60) * DAY
        data = {"ca.crt": "-----BEGIN CERTIFICATE-----\n(simulated)\n-----END CERTIFICATE-----\n"}
        doc = _object(rng, kinds.CONFIG_MAPS, "kube-root-ca.crt", namespace, at, {"data": data})
        yield kinds.CONFIG_MAPS, doc
    for workload in laid_out.workloads:
        if workload.registered:
            yield from _of(workload, laid_out, now, rng)


def _of(
    workload: SimWorkload, laid_out: SimCluster, now: float, rng: random.Random
) -> Iterator[tuple[KubeKind, Doc]]:
    name, namespace = workload.name, workload.namespace
    at, host = now - rng.uniform(2, 20) * DAY, f"{name}.{namespace}.example.com"
    settings = {"log-level": "info", "app.yaml": f"service: {name}\nregion: {laid_out.region}\n"}
    made: list[tuple[KubeKind, str, Doc]] = [
        (kinds.CONFIG_MAPS, f"{name}-config", {"data": settings}),
        (kinds.INGRESSES, name, ingress(name, host, laid_out.region)),
        (kinds.CERTIFICATES, f"{name}-tls", certificate(name, host, at, issued=_is_up(workload))),
    ]
    if _is_up(workload):
        made.append((kinds.SECRETS, f"{name}-tls", tls_secret(rng)))
    for kind, called, body in made:
        yield kind, _object(rng, kind, called, namespace, at, body, labels_of(workload))


def _is_up(workload: SimWorkload) -> bool:
    """Whether a workload could answer the challenge for its certificate."""
    return workload.incident != "image-pull"


def ingress(name: str, host: str, region: str) -> Doc:
    """Return the spec and status of an ingress before a service."""
    backend = {"service": {"name": name, "port": {"name": "http"}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    return {
        "spec": {
            "ingressClassName": "alb",
            "tls": [{"hosts": [host], "secretName": f"{name}-tls"}],
            "rules": [{"host": host, "http": {"paths": [path]}}],
        },
        "status": {"loadBalancer": {"ingress": [
            {"hostname": f"k8s-{name}.{region}.elb.amazonaws.com"}
        ]}},
    }  # fmt: skip


def certificate(name: str, host: str, at: float, *, issued: bool) -> Doc:
    """Return the spec and status of a certificate, issued a minute after it was asked for."""
    status, reason, message = _ISSUED if issued else _ISSUING
    condition = {
        "lastTransitionTime": stamp(at + 60), "message": message, "observedGeneration": 1,
        "reason": reason, "status": status, "type": "Ready",
    }  # fmt: skip
    times = {"notBefore": stamp(at + 60), "notAfter": stamp(at + 90 * DAY)} if issued else {}
    return {
        "spec": {
            "dnsNames": [host], "issuerRef": {"kind": "ClusterIssuer", "name": ISSUER},
            "secretName": f"{name}-tls",
        },
        "status": {"conditions": [condition], **times},
    }  # fmt: skip


def tls_secret(rng: random.Random) -> Doc:
    """Return the type and data of a secret; its bytes are dice, and no key to anything."""
    data = {key: base64.b64encode(rng.randbytes(48)).decode() for key in ("tls.crt", "tls.key")}
    return {"data": data, "type": "kubernetes.io/tls"}


def _object(
    rng: random.Random, kind: KubeKind, name: str, namespace: str, at: float, body: Doc,
    labels: Doc | None = None,
) -> Doc:  # fmt: skip
    made = metadata(rng, name, namespace, at, labels or {})
    if not labels:
        del made["labels"]
    if not kind.generation:
        del made["generation"]
    kept = {"f:metadata": fields_of({"labels": labels})} if labels else {}
    fields = {**kept, **{f"f:{part}": {} for part in body if part != "status"}}
    made["managedFields"] = [managed("kubectl-client-side-apply", kind.api_version, at, fields)]
    return {"metadata": made, **body}
