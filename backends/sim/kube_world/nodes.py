"""Nodes as documents: EC2 instances of a managed node group, as EKS registers them."""

from __future__ import annotations

import random
from hashlib import sha256

from backends.sim.kube_world.documents import metadata
from backends.sim.kube_world.fields import fields_of, managed
from backends.sim.kube_world.values import Doc, stamp

SIZES = (("xlarge", 4), ("2xlarge", 8), ("4xlarge", 16), ("8xlarge", 32), ("16xlarge", 64))
"""The sizes of EC2's m6i family and their cores; each core comes with 4 GiB."""

MAX_PODS = 110
"""Pods that a node takes (EKS with prefix delegation)."""

HEARTBEAT = 300.0
"""Seconds between a kubelet's reports of an unchanged node (nodeStatusReportFrequency)."""

_CONDITIONS = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory",
     "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
)  # fmt: skip


def instance_size(cores: float) -> tuple[str, int]:
    """Return the smallest size with at least so many cores, as (name, cores)."""
    return next((size for size in SIZES if size[1] >= cores), SIZES[-1])


def host_name(region: str, address: str) -> str:
    """Return the private DNS name that EC2 gives to an address in a region."""
    domain = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
    return f"ip-{address.replace('.', '-')}.{domain}"


def heartbeat(node: Doc, at: float) -> Doc:
    """Return a node whose kubelet has reported at epoch second `at`."""
    beats = [{**c, "lastHeartbeatTime": stamp(at)} for c in node["status"]["conditions"]]
    return {**node, "status": {**node["status"], "conditions": beats}}


def node(
    rng: random.Random, region: str, address: str, size: tuple[str, int], version: str, at: float
) -> Doc:
    """Return a ready node that joined at epoch second `at`; `address` is its IP."""
    name, cores = host_name(region, address), size[1]
    zone = region + "abc"[int(address.rpartition(".")[2]) % 3]
    digest = sha256(name.encode()).hexdigest()
    labels = {
        "beta.kubernetes.io/arch": "amd64", "beta.kubernetes.io/os": "linux",
        "beta.kubernetes.io/instance-type": f"m6i.{size[0]}",
        "eks.amazonaws.com/capacityType": "ON_DEMAND", "eks.amazonaws.com/nodegroup": "default",
        "kubernetes.io/arch": "amd64", "kubernetes.io/hostname": name, "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": f"m6i.{size[0]}",
        "topology.kubernetes.io/region": region, "topology.kubernetes.io/zone": zone,
    }  # fmt: skip
    meta = metadata(rng, name, "", at, labels)
    del meta["generation"]
    meta["annotations"] = {"node.alpha.kubernetes.io/ttl": "0"}
    status = {
        "capacity": _resources(cores, 1.0), "allocatable": _resources(cores, 0.94),
        "conditions": [
            {"type": type_, "status": status, "lastHeartbeatTime": stamp(at),
             "lastTransitionTime": stamp(at), "reason": reason, "message": message}
            for type_, status, reason, message in _CONDITIONS
        ],
        "addresses": [
            {"type": "InternalIP", "address": address}, {"type": "InternalDNS", "address": name},
            {"type": "Hostname", "address": name},
        ],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": _info(digest, version),
    }  # fmt: skip
    meta["managedFields"] = [
        managed("kubelet", "v1", at, {"f:metadata": {"f:labels": fields_of(labels, "labels")}}),
        managed("kubelet", "v1", at, {"f:status": fields_of(status, "status")}, "status"),
    ]
    provider_id = f"aws:///{zone}/i-{digest[:17]}"
    return {"metadata": meta, "spec": {"providerID": provider_id}, "status": status}


def _resources(cores: int, share: float) -> Doc:
    whole = share == 1.0
    return {
        "cpu": str(cores) if whole else f"{cores * 1000 - 80}m",
        "ephemeral-storage": "83873772Ki" if whole else "76224326324",
        "memory": f"{int(cores * 4 * share * 1024 * 1024)}Ki", "pods": str(MAX_PODS),
    }  # fmt: skip


def _info(digest: str, version: str) -> Doc:
    def dashed(text: str) -> str:
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:32]))

    return {
        "machineID": f"ec2{digest[:29]}", "systemUUID": dashed(f"ec2{digest}"),
        "bootID": dashed(digest[32:]),
        "kernelVersion": "6.1.158-178.288.amzn2023.x86_64",
        "osImage": "Amazon Linux 2023.9.20260105", "containerRuntimeVersion": "containerd://2.1.5",
        "kubeletVersion": f"v{version}.2-eks-ecaa3a6", "kubeProxyVersion": "",
        "operatingSystem": "linux", "architecture": "amd64",
    }  # fmt: skip


def node_address(node: Doc) -> str:
    """Return the internal address of a node."""
    return next(str(a["address"]) for a in node["status"]["addresses"] if a["type"] == "InternalIP")
