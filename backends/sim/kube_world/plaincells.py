"""Cells of kinds that nothing moves: config maps, secrets, ingresses, certificates.

Words and orders are those of Kubernetes' pkg/printers/internalversion and, of certificates, the
printer columns of cert-manager's definition.
"""

from __future__ import annotations

from backends.sim.kube_world.columns import NONE, Cells, TableColumn, created
from backends.sim.kube_world.values import Doc, dig

_PATH = "Custom resource definition column (in JSONPath format): "
_READY = '.status.conditions[?(@.type == "Ready")]'

BIRTH = (
    "CreationTimestamp is a timestamp representing the server time when this object was created."
)
"""How every kind's own column of its age is described, after the field that it is made of."""

CERTIFICATE = (
    TableColumn("Name", format="name", description="Name of the object."),
    TableColumn("Ready", description=f"{_PATH}{_READY}.status"),
    TableColumn("Secret", description=f"{_PATH}.spec.secretName"),
    TableColumn("Issuer", description=f"{_PATH}.spec.issuerRef.name", priority=1),
    TableColumn("Status", description=f"{_PATH}{_READY}.message", priority=1),
    TableColumn("Age", "date", description=BIRTH),
)
"""The columns of certificates.cert-manager.io/v1."""


def config_map(doc: Doc, now: float) -> Cells:
    """Return the cells of a config map."""
    count = len(doc.get("data") or {}) + len(doc.get("binaryData") or {})
    return [doc["metadata"]["name"], count, created(doc, now)]


def secret(doc: Doc, now: float) -> Cells:
    """Return the cells of a secret."""
    return [doc["metadata"]["name"], doc["type"], len(doc.get("data") or {}), created(doc, now)]


def ingress(doc: Doc, now: float) -> Cells:
    """Return the cells of an ingress."""
    spec = doc["spec"]
    hosts = [rule["host"] for rule in spec.get("rules") or () if rule.get("host")]
    points = dig(doc, "status", "loadBalancer", "ingress") or ()
    return [
        doc["metadata"]["name"], spec.get("ingressClassName") or NONE, ",".join(hosts) or "*",
        ",".join(point.get("ip") or point.get("hostname") or "" for point in points),
        "80, 443" if spec.get("tls") else "80", created(doc, now),
    ]  # fmt: skip


def certificate(doc: Doc, now: float) -> Cells:
    """Return the cells of a certificate; what its paths do not find is null, as for any custom
    resource."""
    conditions = dig(doc, "status", "conditions") or ()
    ready: Doc = next((c for c in conditions if c["type"] == "Ready"), {})
    return [
        doc["metadata"]["name"], ready.get("status"), dig(doc, "spec", "secretName"),
        dig(doc, "spec", "issuerRef", "name"), ready.get("message"), created(doc, now),
    ]  # fmt: skip
