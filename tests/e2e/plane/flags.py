"""How each part of the control plane is run. Flags are those of Kubernetes' own documentation."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.plane.pki import ISSUER, Pki

AUTHENTICATION = {
    "apiVersion": "apiserver.config.k8s.io/v1",
    "kind": "AuthenticationConfiguration",
    # Who names nobody may ask whether it lives, as on EKS, and nothing else.
    "anonymous": {
        "enabled": True,
        "conditions": [{"path": path} for path in ("/livez", "/readyz", "/healthz")],
    },
}


def etcd(folder: Path, client: int, peer: int) -> dict[str, object]:
    """Return the configuration of a single etcd that does not care for its data."""
    peers = f"http://127.0.0.1:{peer}"
    clients = f"http://127.0.0.1:{client}"
    return {
        "name": "e2e",
        "data-dir": str(folder / "etcd"),
        "listen-client-urls": clients,
        "advertise-client-urls": clients,
        "listen-peer-urls": peers,
        "initial-advertise-peer-urls": peers,
        "initial-cluster": f"e2e={peers}",
        "unsafe-no-fsync": True,
        # What bookmarks of kinds that do not change are made of: kubeadm's etcd says it every 5 s.
        "watch-progress-notify-interval": int(2e9),
        "log-level": "warn",
        "snapshot-count": 10000,
        "quota-backend-bytes": 2 << 30,
    }


def apiserver(folder: Path, pki: Pki, port: int, etcd_port: int) -> list[str]:
    """Return the flags of the API server."""
    anonymous = folder / "authentication.json"
    anonymous.write_text(json.dumps(AUTHENTICATION))
    served = pki.server("kube-apiserver")
    kubelet = pki.client("kube-apiserver-kubelet-client", "system:masters")
    proxy = pki.client("front-proxy")
    return _flags(
        {
            "bind-address": "127.0.0.1",
            "advertise-address": "127.0.0.1",
            "secure-port": port,
            "etcd-servers": f"http://127.0.0.1:{etcd_port}",
            # Endpoints may not be on loopback; without this it complains every ten seconds.
            "endpoint-reconciler-type": "none",
            "authorization-mode": "RBAC",
            "authentication-config": anonymous,
            "client-ca-file": pki.ca,
            "tls-cert-file": served[0],
            "tls-private-key-file": served[1],
            "service-account-issuer": ISSUER,
            "service-account-key-file": pki.token_key,
            "service-account-signing-key-file": pki.token_key,
            "service-cluster-ip-range": "10.96.0.0/16",
            # The kubelets of tests are on 127.0.0.1 as well, each on a port of its own.
            "kubelet-client-certificate": kubelet[0],
            "kubelet-client-key": kubelet[1],
            "kubelet-certificate-authority": pki.ca,
            "kubelet-preferred-address-types": "InternalIP",
            # The aggregation layer: metrics.k8s.io is served by a process of the tests.
            "requestheader-client-ca-file": pki.ca,
            "requestheader-allowed-names": "front-proxy",
            "requestheader-username-headers": "X-Remote-User",
            "requestheader-group-headers": "X-Remote-Group",
            "requestheader-extra-headers-prefix": "X-Remote-Extra-",
            "proxy-client-cert-file": proxy[0],
            "proxy-client-key-file": proxy[1],
            "allow-privileged": "true",
            # Tests create thousands of objects at once, and mean to.
            "max-requests-inflight": 2000,
            "max-mutating-requests-inflight": 1000,
            "shutdown-delay-duration": "0s",
            "event-ttl": "1h",
        }
    )


def controller_manager(kubeconfig: Path, pki: Pki) -> list[str]:
    """Return the flags of the controller manager: all controllers, and hurried ones."""
    return _flags(
        {
            "kubeconfig": kubeconfig,
            "secure-port": 0,
            "leader-elect": "false",
            "use-service-account-credentials": "true",
            "service-account-private-key-file": pki.token_key,
            "root-ca-file": pki.ca,
            "kube-api-qps": 1000,
            "kube-api-burst": 2000,
            "concurrent-namespace-syncs": 20,
            "concurrent-gc-syncs": 40,
            "namespace-sync-period": "30s",
            "node-monitor-period": "1s",
            "node-monitor-grace-period": "16s",
            "horizontal-pod-autoscaler-sync-period": "2s",
            "horizontal-pod-autoscaler-cpu-initialization-period": "1s",
            "horizontal-pod-autoscaler-initial-readiness-delay": "1s",
            "horizontal-pod-autoscaler-downscale-stabilization": "5s",
        }
    )


def scheduler(kubeconfig: Path) -> list[str]:
    """Return the flags of the scheduler."""
    return _flags(
        {
            "kubeconfig": kubeconfig,
            "secure-port": 0,
            "leader-elect": "false",
            "kube-api-qps": 1000,
            "kube-api-burst": 2000,
        }
    )


def _flags(given: dict[str, object]) -> list[str]:
    return [f"--{name}={value}" for name, value in given.items()]
