"""EKS: clusters and node groups. What runs in them is behind their own Kubernetes API."""

from __future__ import annotations

import base64
import zlib
from typing import Any

from backends.sim.aws.call import Call, operation
from backends.sim.aws.errors import AwsError
from backends.sim.aws.pages import limit, page
from backends.sim.blueprint import SimCluster

ERROR = "InvalidParameterException"
NODE_GROUP = "general"
"""The name of every cluster's one node group."""

_CERTIFICATE = base64.b64encode(
    b"-----BEGIN CERTIFICATE-----\nplain http: no certificate\n-----END CERTIFICATE-----\n"
).decode()


def _clusters(call: Call) -> dict[str, SimCluster]:
    return {
        c.name: c
        for c in call.world.blueprint.clusters
        if c.provider == "eks" and c.account is call.account and c.region == call.region
    }


def _cluster(call: Call, parameter: str) -> SimCluster:
    name = call.text(parameter)
    found = _clusters(call).get(name)
    if found is None:
        raise AwsError("ResourceNotFoundException", f"No cluster found for name: {name}.", 404)
    return found


@operation("eks", "ListClusters")
def list_clusters(call: Call) -> dict[str, Any]:
    """Answer the names of the caller's clusters."""
    size = limit(call, "maxResults", 100, 100, ERROR)
    taken, token = page(call, _clusters(call), str, size)
    return {"clusters": taken, "nextToken": token or None}


@operation("eks", "DescribeCluster")
def describe_cluster(call: Call) -> dict[str, Any]:
    """Answer one cluster; its endpoint is the simulator's own."""
    cluster = _cluster(call, "name")
    number = zlib.crc32(cluster.name.encode())
    stage = cluster.name.rpartition("-")[2]
    account = call.account.account_id
    body: dict[str, Any] = {
        "name": cluster.name,
        "arn": call.arn(f"cluster/{cluster.name}"),
        "createdAt": call.world.opened - 200 * 86400.0,
        "version": cluster.version,
        "endpoint": f"{call.world.base_url}/k8s/{cluster.name}",
        "roleArn": f"arn:aws:iam::{account}:role/{cluster.name}-cluster",
        "resourcesVpcConfig": {
            "subnetIds": [f"subnet-{number + i:017x}" for i in range(3)],
            "securityGroupIds": [],
            "clusterSecurityGroupId": f"sg-{number:017x}",
            "vpcId": f"vpc-{number:017x}",
            "endpointPublicAccess": True,
            "endpointPrivateAccess": True,
            "publicAccessCidrs": ["0.0.0.0/0"],
        },
        "kubernetesNetworkConfig": {"serviceIpv4Cidr": "172.20.0.0/16", "ipFamily": "ipv4"},
        "logging": {"clusterLogging": [{"types": ["api", "audit"], "enabled": True}]},
        "identity": {
            "oidc": {"issuer": f"https://oidc.eks.{cluster.region}.amazonaws.com/id/{number:032X}"}
        },
        "status": "ACTIVE",
        "certificateAuthority": {"data": _CERTIFICATE},
        "platformVersion": "eks.9",
        "tags": {"stage": stage, "owner": "platform"},
        "encryptionConfig": [],
        "health": {"issues": []},
        "accessConfig": {"authenticationMode": "API"},
        "upgradePolicy": {"supportType": "STANDARD"},
        "deletionProtection": stage == "prod",
    }
    return {"cluster": body}


@operation("eks", "ListNodegroups")
def list_nodegroups(call: Call) -> dict[str, Any]:
    """Answer the names of a cluster's node groups."""
    _cluster(call, "clusterName")
    limit(call, "maxResults", 100, 100, ERROR)
    return {"nodegroups": [NODE_GROUP], "nextToken": None}


@operation("eks", "DescribeNodegroup")
def describe_nodegroup(call: Call) -> dict[str, Any]:
    """Answer one node group."""
    cluster = _cluster(call, "clusterName")
    name = call.text("nodegroupName")
    if name != NODE_GROUP:
        raise AwsError("ResourceNotFoundException", f"No node group found for name: {name}.", 404)
    number = zlib.crc32(f"{cluster.name}/{name}".encode())
    created = call.world.opened - 200 * 86400.0
    uuid = f"{number:08x}-1c2d-4e3f-8a9b-{number:012x}"
    body: dict[str, Any] = {
        "nodegroupName": name,
        "nodegroupArn": call.arn(f"nodegroup/{cluster.name}/{name}/{uuid}"),
        "clusterName": cluster.name,
        "version": cluster.version,
        "releaseVersion": f"{cluster.version}.1-20261105",
        "createdAt": created,
        "modifiedAt": created,
        "status": "ACTIVE",
        "capacityType": "ON_DEMAND",
        "scalingConfig": {
            "minSize": cluster.nodes,
            "maxSize": cluster.nodes * 2,
            "desiredSize": cluster.nodes,
        },
        "instanceTypes": ["m7i.xlarge"],
        "subnets": [f"subnet-{zlib.crc32(cluster.name.encode()) + i:017x}" for i in range(3)],
        "amiType": "AL2023_x86_64_STANDARD",
        "nodeRole": f"arn:aws:iam::{call.account.account_id}:role/{cluster.name}-node",
        "labels": {"pool": name},
        "resources": {"autoScalingGroups": [{"name": f"eks-{name}-{uuid}"}]},
        "diskSize": 20,
        "health": {"issues": []},
        "updateConfig": {"maxUnavailable": 1},
        "tags": {},
    }
    return {"nodegroup": body}
