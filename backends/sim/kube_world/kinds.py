"""Every kind that the simulated clusters serve, each as one entry of a table.

An entry is all that lists, watches, discovery, tables and selectors need to know of a kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from backends.sim.kube_world import columns, plaincells
from backends.sim.kube_world.columns import Cells, TableColumn
from backends.sim.kube_world.values import Doc, dig

READ = frozenset({"get", "list", "watch"})
"""The verbs of a kind that is only looked at."""

WRITE = frozenset({"get", "list", "watch", "patch", "update", "delete"})
"""The verbs of a kind that may be changed and deleted."""


class KubeKind(msgspec.Struct, frozen=True, kw_only=True):
    """One resource type of the Kubernetes API."""

    group: str = ""
    """The API group; empty for the core group."""
    version: str = "v1"
    plural: str
    kind: str
    short: tuple[str, ...] = ()
    namespaced: bool = True
    verbs: frozenset[str] = READ
    categories: tuple[str, ...] = ()
    columns: tuple[TableColumn, ...]
    row: Callable[[Doc, float], Cells]
    """Makes the cells of one object at an epoch second, aligned with `columns`."""
    fields: Mapping[str, tuple[str, ...]] = {}
    """Field selectors beyond metadata.name and metadata.namespace, and where they look."""
    subresources: tuple[str, ...] = ()
    """``scale`` and ``log``: what is served below an object besides itself."""
    generation: bool = False
    """Whether a change of its spec counts up metadata.generation."""
    custom: bool = False
    """Whether it is a custom resource: then items of a list name their kind, and cells that its
    columns' paths do not find are null."""
    empty: Doc = {}
    """What a bookmark's object holds besides its metadata (Go's zero value of the type)."""

    @property
    def api_version(self) -> str:
        """``v1`` or ``apps/v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def singular(self) -> str:
        """The singular name, in lower case."""
        return self.kind.lower()

    @property
    def qualified(self) -> str:
        """The name that error messages use: ``pods``, ``deployments.apps``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def field(self, doc: Doc, label: str) -> str:
        """Return what one of `fields` selects by; raises KeyError for an unknown label."""
        value = dig(doc, *self.fields[label])
        if isinstance(value, bool):
            return str(value).lower()
        return "" if value is None else str(value)


def _columns(*specs: str) -> tuple[TableColumn, ...]:
    """Read columns from ``Name``, ``Name:type`` and, where only shown if wide, ``+Name``."""
    made = [TableColumn("Name", format="name", description="Name of the object.")]
    for spec in specs:
        name, _, type_ = spec.lstrip("+").partition(":")
        text = plaincells.BIRTH if name == "Age" else f"{name}."
        made.append(TableColumn(name, type_ or "string", "", text, int(spec[0] == "+")))
    return tuple(made)


_TEMPLATE = ("+Containers", "+Images", "+Selector")

PODS = KubeKind(
    plural="pods", kind="Pod", short=("po",), verbs=WRITE, categories=("all",),
    columns=_columns(
        "Ready", "Status", "Restarts", "Age", "+IP", "+Node", "+Nominated Node", "+Readiness Gates"
    ),
    row=columns.pod,
    fields={
        "spec.nodeName": ("spec", "nodeName"),
        "spec.restartPolicy": ("spec", "restartPolicy"),
        "spec.schedulerName": ("spec", "schedulerName"),
        "spec.serviceAccountName": ("spec", "serviceAccountName"),
        "status.phase": ("status", "phase"),
        "status.podIP": ("status", "podIP"),
        "status.nominatedNodeName": ("status", "nominatedNodeName"),
    },
    subresources=("log",),
    empty={"spec": {"containers": None}, "status": {}},
)  # fmt: skip

NODES = KubeKind(
    plural="nodes", kind="Node", short=("no",), namespaced=False,
    verbs=WRITE - {"delete"},
    columns=_columns(
        "Status", "Roles", "Age", "Version", "+Internal-IP", "+External-IP", "+OS-Image",
        "+Kernel-Version", "+Container-Runtime",
    ),
    row=columns.node,
    fields={"spec.unschedulable": ("spec", "unschedulable")},
    empty={"spec": {}, "status": {}},
)  # fmt: skip

NAMESPACES = KubeKind(
    plural="namespaces", kind="Namespace", short=("ns",), namespaced=False,
    columns=_columns("Status", "Age"), row=columns.namespace,
    fields={"status.phase": ("status", "phase")},
    empty={"spec": {}, "status": {}},
)  # fmt: skip

EVENTS = KubeKind(
    plural="events", kind="Event", short=("ev",),
    columns=(
        *(TableColumn(name, description=f"{name}.")
          for name in ("Last Seen", "Type", "Reason", "Object")),
        *(TableColumn(name, description=f"{name}.", priority=1)
          for name in ("Subobject", "Source")),
        TableColumn("Message", description="Message."),
        *(TableColumn(name, description=f"{name}.", priority=1)
          for name in ("First Seen", "Count")),
        TableColumn("Name", format="name", description="Name of the object.", priority=1),
    ),
    row=columns.event,
    fields={
        "involvedObject.kind": ("involvedObject", "kind"),
        "involvedObject.namespace": ("involvedObject", "namespace"),
        "involvedObject.name": ("involvedObject", "name"),
        "involvedObject.uid": ("involvedObject", "uid"),
        "involvedObject.apiVersion": ("involvedObject", "apiVersion"),
        "involvedObject.resourceVersion": ("involvedObject", "resourceVersion"),
        "involvedObject.fieldPath": ("involvedObject", "fieldPath"),
        "reason": ("reason",),
        "reportingComponent": ("reportingComponent",),
        "source": ("source", "component"),
        "type": ("type",),
    },
    empty={
        "involvedObject": {}, "source": {}, "firstTimestamp": None, "lastTimestamp": None,
        "eventTime": None, "reportingComponent": "", "reportingInstance": "",
    },
)  # fmt: skip

SERVICES = KubeKind(
    plural="services", kind="Service", short=("svc",), categories=("all",),
    columns=_columns("Type", "Cluster-IP", "External-IP", "Port(s)", "Age", "+Selector"),
    row=columns.service,
    fields={"spec.clusterIP": ("spec", "clusterIP"), "spec.type": ("spec", "type")},
    empty={"spec": {}, "status": {"loadBalancer": {}}},
)  # fmt: skip

DEPLOYMENTS = KubeKind(
    group="apps", plural="deployments", kind="Deployment", short=("deploy",), verbs=WRITE,
    categories=("all",),
    columns=_columns("Ready", "Up-to-date", "Available", "Age", *_TEMPLATE),
    row=columns.deployment, subresources=("scale",), generation=True,
    empty={"spec": {"selector": None, "template": {"spec": {"containers": None}}, "strategy": {}},
           "status": {}},
)  # fmt: skip

REPLICA_SETS = KubeKind(
    group="apps", plural="replicasets", kind="ReplicaSet", short=("rs",), verbs=WRITE,
    categories=("all",),
    columns=_columns("Desired:integer", "Current:integer", "Ready:integer", "Age", *_TEMPLATE),
    row=columns.replica_set, fields={"status.replicas": ("status", "replicas")},
    subresources=("scale",), generation=True,
    empty={"spec": {"selector": None, "template": {"spec": {"containers": None}}},
           "status": {"replicas": 0}},
)  # fmt: skip

STATEFUL_SETS = KubeKind(
    group="apps", plural="statefulsets", kind="StatefulSet", short=("sts",), verbs=WRITE,
    categories=("all",), columns=_columns("Ready", "Age", "+Containers", "+Images"),
    row=columns.stateful_set, subresources=("scale",), generation=True,
    empty={"spec": {"selector": None, "template": {"spec": {"containers": None}},
                    "serviceName": "", "updateStrategy": {}},
           "status": {"replicas": 0, "availableReplicas": 0}},
)  # fmt: skip

DAEMON_SETS = KubeKind(
    group="apps", plural="daemonsets", kind="DaemonSet", short=("ds",), verbs=WRITE,
    categories=("all",),
    columns=_columns(
        "Desired:integer", "Current:integer", "Ready:integer", "Up-to-date:integer",
        "Available:integer", "Node Selector", "Age", *_TEMPLATE,
    ),
    row=columns.daemon_set, generation=True,
    empty={"spec": {"selector": None, "template": {"spec": {"containers": None}},
                    "updateStrategy": {}},
           "status": {"currentNumberScheduled": 0, "numberMisscheduled": 0,
                      "desiredNumberScheduled": 0, "numberReady": 0}},
)  # fmt: skip

CONTROLLER_REVISIONS = KubeKind(
    group="apps", plural="controllerrevisions", kind="ControllerRevision",
    columns=_columns("Controller", "Revision", "Age"), row=columns.controller_revision,
    empty={"data": None, "revision": 0},
)  # fmt: skip

AUTOSCALERS = KubeKind(
    group="autoscaling", version="v2", plural="horizontalpodautoscalers",
    kind="HorizontalPodAutoscaler", short=("hpa",), categories=("all",),
    columns=_columns("Reference", "Targets", "MinPods", "MaxPods", "Replicas", "Age"),
    row=columns.autoscaler,
    empty={"spec": {"scaleTargetRef": {"kind": "", "name": ""}, "maxReplicas": 0},
           "status": {"desiredReplicas": 0, "currentMetrics": None}},
)  # fmt: skip

ENDPOINT_SLICES = KubeKind(
    group="discovery.k8s.io", plural="endpointslices", kind="EndpointSlice",
    columns=_columns("AddressType", "Ports", "Endpoints", "Age"), row=columns.endpoint_slice,
    generation=True,
    empty={"addressType": "", "endpoints": None, "ports": None},
)  # fmt: skip

CONFIG_MAPS = KubeKind(
    plural="configmaps", kind="ConfigMap", short=("cm",), verbs=WRITE,
    columns=_columns("Data", "Age"), row=plaincells.config_map,
)  # fmt: skip

SECRETS = KubeKind(
    plural="secrets", kind="Secret", verbs=WRITE, columns=_columns("Type", "Data", "Age"),
    row=plaincells.secret, fields={"type": ("type",)},
)  # fmt: skip

INGRESSES = KubeKind(
    group="networking.k8s.io", plural="ingresses", kind="Ingress", short=("ing",), verbs=WRITE,
    columns=_columns("Class", "Hosts", "Address", "Ports", "Age"), row=plaincells.ingress,
    generation=True, empty={"spec": {}, "status": {"loadBalancer": {}}},
)  # fmt: skip

CERTIFICATES = KubeKind(
    group="cert-manager.io", plural="certificates", kind="Certificate", short=("cert", "certs"),
    verbs=WRITE, categories=("cert-manager",), columns=plaincells.CERTIFICATE,
    row=plaincells.certificate, generation=True, custom=True,
)  # fmt: skip

KINDS: Mapping[tuple[str, str], KubeKind] = {
    (kind.group, kind.plural): kind
    for kind in (
        EVENTS, NAMESPACES, NODES, PODS, SERVICES, CONTROLLER_REVISIONS, DAEMON_SETS, DEPLOYMENTS,
        REPLICA_SETS, STATEFUL_SETS, AUTOSCALERS, ENDPOINT_SLICES, CONFIG_MAPS, SECRETS,
        INGRESSES, CERTIFICATES,
    )
}  # fmt: skip
"""The kinds by API group and plural name; adding one here serves it."""

BY_NAME: Mapping[str, KubeKind] = {kind.kind: kind for kind in KINDS.values()}
"""The kinds by the name that owner references use, such as ``ReplicaSet``."""
