"""The CloudWatch log groups of an EKS cluster, for a query of Insights.

Container Insights sends what containers write to ``/aws/containerinsights/<cluster>/application``,
with the pod's names in the fields ``kubernetes.*`` ("Set up Fluent Bit as a DaemonSet to send logs
to CloudWatch Logs" in the CloudWatch User Guide). Any other agent may send it anywhere.
"""

from __future__ import annotations

import re

from backends.logs.insights import Insights
from backends.logs.insights_model import Choice
from backends.model import Resource

FOLDER = "/aws/containerinsights/{}/"
"""Where Container Insights puts the log groups of a cluster."""

_MADE_OF_PODS = frozenset(
    {"k8s/deployments", "k8s/statefulsets", "k8s/daemonsets", "k8s/replicasets"}
)
"""Kinds whose pods are called after them."""


async def choice(insights: Insights | None, resource: Resource) -> Choice:
    """Return the log group of a resource's cluster, and the resource's own part of it."""
    ref = resource.ref
    if ref.scope.provider != "eks" or insights is None:
        return Choice(
            note=f"the AWS account of context {ref.scope.profile} is not known: its cluster was not"
            " found through the EKS API. Choose an account and log groups yourself."
        )
    place = ref.scope.at(cluster="", namespace="")
    cluster = ref.scope.cluster or ref.name
    folder = FOLDER.format(cluster)
    found = [group.name for group in await insights.groups(place, folder)]
    if f"{folder}application" not in found:
        return Choice(
            place,
            note=f"{cluster} sends no container logs to CloudWatch: there is no log group "
            f"{folder}application in {place.region}. The add-on amazon-cloudwatch-observability "
            "makes it; or choose other log groups.",
        )
    return Choice(place, (f"{folder}application",), _narrow(resource))


def _narrow(resource: Resource) -> str:
    """Return the command that keeps only what a resource's own pods wrote."""
    ref, tests = resource.ref, []
    pod, _, container = ref.name.partition("/")
    if ref.scope.namespace:
        tests.append(f'kubernetes.namespace_name = "{ref.scope.namespace}"')
    if ref.kind in ("k8s/pods", "k8s/containers"):
        tests.append(f'kubernetes.pod_name = "{pod}"')
    if ref.kind == "k8s/containers":
        tests.append(f'kubernetes.container_name = "{container}"')
    if ref.kind in _MADE_OF_PODS:
        tests.append(f"kubernetes.pod_name like /^{re.escape(ref.name)}-/")
    return f"filter {' and '.join(tests)}" if tests else ""
