"""From a scope to the client of its cluster: each cluster is connected when first asked for."""

from __future__ import annotations

import asyncio
import base64
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import yarl

from backends.aws.access import AwsAccess
from backends.base import Invalid, NotFound, Sources
from backends.clock import Clock
from backends.eks import authority, kubeconfig, tls, token
from backends.eks.authority import CachedAuthority, Made
from backends.eks.mint import Minter
from backends.eks.rest import Identity, KubeClient, Server
from backends.model import Renewal, Scope

PLUGIN_FACTOR = 3.0
"""A credential plugin may take so many request timeouts: it may wait for a login."""

IN_CLUSTER = "in-cluster"
"""The context name of the cluster that Topdeck itself runs in."""

TOKEN_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105 - a path
"""Where the kubelet puts a service account's token; kubernetes.config says the same."""

CA_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"


class Root(msgspec.Struct, frozen=True):
    """One cluster of a kubeconfig, before anything is known of it."""

    scope: Scope
    context: kubeconfig.Context


class Connections:
    """The clients of every cluster, by scope; made lazily, each apart from the others."""

    def __init__(self, sources: Sources, clock: Clock) -> None:
        self._sources = sources
        self._clock = clock
        self._minter: Minter | None = None
        self._roots: dict[tuple[str, str], Root] | None = None
        self._clients: dict[Scope, KubeClient] = {}
        self._retired: list[KubeClient] = []
        self._locks: dict[Scope, asyncio.Lock] = {}
        self._described: dict[Scope, Mapping[str, Any]] = {}
        self.aws: AwsAccess | None = (
            AwsAccess.shared(sources, clock) if sources.aws and sources.eks else None
        )

    def roots(self) -> Sequence[Root]:
        """Return the clusters of every kubeconfig. Reads files; raises `Invalid`."""
        if self._roots is None:
            found: dict[tuple[str, str], Root] = {}
            for source in self._sources.kube:
                listed = [_in_cluster()] if source.in_cluster else kubeconfig.contexts(source)
                for context in listed:
                    scope = _scope(context)
                    found.setdefault((scope.profile, scope.cluster), Root(scope, context))
            self._roots = found
        return tuple(self._roots.values())

    def namespace(self, scope: Scope) -> str:
        """Return the namespace that a context names; empty where it names none."""
        root = (self._roots or {}).get((scope.profile, scope.cluster))
        return root.context.namespace if root and scope.provider == "k8s" else ""

    async def client(self, scope: Scope) -> KubeClient:
        """Return the client of a scope's cluster, connecting it if need be.

        Raises a `BackendError`: an unknown context, a broken one, an EKS cluster that is gone.
        """
        key = scope.at(namespace="")
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            client = self._clients.get(key)
            if client is None:
                make = self._from_eks if scope.provider == "eks" else self._from_context
                client = self._clients[key] = await make(key)
            return client

    def learn(self, scope: Scope, cluster: Mapping[str, Any]) -> None:
        """Take in what DescribeCluster has just said of an EKS cluster: the first connection to
        it need not ask again."""
        key = scope.at(namespace="")
        if key not in self._clients:
            self._described[key] = cluster

    def doubt(self, scope: Scope) -> None:
        """Look for a cluster's address anew at the next use: nobody answers at this one.

        Requests in flight keep the client that they have.
        """
        self._described.pop(scope.at(namespace=""), None)
        client = self._clients.pop(scope.at(namespace=""), None)
        if client is not None:
            self._retired.append(client)

    def renew(self, scope: Scope) -> None:
        """Forget the credentials for a scope's profile or context, and what was made of them."""
        if self.aws is not None and scope.provider == "eks":
            self.aws.renew(scope)
        if self._minter is not None:
            self._minter.forget()
        for known, client in self._clients.items():
            if (known.provider, known.profile) == (scope.provider, scope.profile):
                client.authority.forget()

    async def close(self) -> None:
        """Close every connection."""
        clients = [*self._clients.values(), *self._retired]
        self._clients, self._retired = {}, []
        await asyncio.gather(*(client.close() for client in clients))
        if self.aws is not None:
            await self.aws.close()

    async def _from_context(self, scope: Scope) -> KubeClient:
        root = next((r for r in self.roots() if r.scope == scope), None)
        if root is None:
            known = ", ".join(r.scope.profile for r in self.roots()) or "none"
            raise Invalid(
                "find context", f"no context {scope.profile!r}", f"contexts that exist: {known}"
            )
        if not root.context.paths:
            return await self._from_pod()
        context = root.context
        entry = await asyncio.to_thread(kubeconfig.load, context)
        deadline = self._sources.request_timeout * PLUGIN_FACTOR

        async def make() -> Made:
            fresh = await asyncio.to_thread(kubeconfig.load, context)
            return await authority.from_entry(fresh, self._mint, self._clock, deadline)

        renewal = await asyncio.to_thread(
            authority.renewal_of, entry, context, self._sources.aws_source
        )
        server = Server(
            url=_checked(entry.server),
            tls_name=entry.tls_name,
            proxy=_proxy(entry.server, entry.proxy),
            headers=_impersonation(entry),
        )
        return self._made(server, CachedAuthority(make, self._clock, renewal))

    async def _mint(self, wish: token.GetToken) -> tuple[str, float]:
        if self._minter is None:
            self._minter = Minter(self._sources, self._clock)
        return await self._minter.mint(wish)

    async def _from_pod(self) -> KubeClient:
        url, ca = await asyncio.to_thread(_pod_environment)

        async def make() -> Made:
            entry = kubeconfig.Entry(server=url, ca=ca, user={"tokenFile": TOKEN_FILE})
            return await authority.from_entry(entry, self._mint, self._clock, 0.0)

        renewal = Renewal(
            f"context {IN_CLUSTER}", "give this pod's service account a role that may look"
        )
        return self._made(Server(url), CachedAuthority(make, self._clock, renewal))

    async def _from_eks(self, scope: Scope) -> KubeClient:
        aws = self.aws
        if aws is None:
            raise Invalid("find cluster", "no AWS profile is looked at", "add one with --profile")
        owner = aws_scope(scope)
        cluster = self._described.pop(scope, {})
        if not cluster.get("endpoint"):
            answer = await aws.call(owner, "eks", "DescribeCluster", name=scope.cluster)
            cluster = answer.get("cluster") or {}
        endpoint = str(cluster.get("endpoint") or "").rstrip("/")
        if not endpoint:
            raise NotFound(
                "eks:DescribeCluster",
                f"{scope.cluster} has no endpoint yet ({cluster.get('status', 'no status')})",
                "wait until it is ACTIVE",
            )
        ca = base64.b64decode((cluster.get("certificateAuthority") or {}).get("data") or "")

        async def make() -> Made:
            keys = await aws.credentials(owner)
            minted = await asyncio.to_thread(
                token.mint,
                scope.cluster,
                scope.region,
                keys.access_key,
                keys.secret_key,
                keys.token or "",
            )
            plain = endpoint.startswith("http:")
            context = None if plain else await asyncio.to_thread(tls.context, ca)
            expires = self._clock.now() + token.TOKEN_SECONDS
            return Made(Identity(f"Bearer {minted}", context), expires)

        renewal = Renewal(
            f"cluster {scope.cluster}",
            "give this IAM identity an EKS access entry: "
            f"`aws eks create-access-entry --cluster-name {scope.cluster}`",
        )
        server = Server(_checked(endpoint), proxy=_proxy(endpoint, ""))
        return self._made(server, CachedAuthority(make, self._clock, renewal))

    def _made(self, server: Server, identity: CachedAuthority) -> KubeClient:
        return KubeClient(server, identity, self._sources.request_timeout)


def aws_scope(scope: Scope) -> Scope:
    """Return the scope of AWS calls about a cluster: one call budget for all of its region."""
    return scope.at(account="", cluster="", namespace="")


def _scope(context: kubeconfig.Context) -> Scope:
    """Return a context's scope; a cluster named by an EKS ARN is taken apart."""
    parts = context.cluster.split(":", 5)
    if len(parts) == 6 and parts[0] == "arn" and parts[2] == "eks":
        name = parts[5].rpartition("/")[2]
        return Scope("k8s", context.name, account=parts[4], region=parts[3], cluster=name)
    return Scope("k8s", context.name, cluster=context.cluster)


def _in_cluster() -> kubeconfig.Context:
    return kubeconfig.Context(name=IN_CLUSTER, cluster=IN_CLUSTER)


def _pod_environment() -> tuple[str, bytes]:
    """Read where a pod finds its cluster, through the kubernetes package."""
    from kubernetes.config import ConfigException
    from kubernetes.config.incluster_config import InClusterConfigLoader

    loader = InClusterConfigLoader(TOKEN_FILE, CA_FILE, try_refresh_token=False)
    settings = _Settings()
    try:
        loader.load_and_set(settings)
        with open(settings.ssl_ca_cert, "rb") as file:  # noqa: PTH123 - in a thread
            return settings.host, file.read()
    except (ConfigException, OSError) as error:
        raise Invalid(
            "read service account", str(error), "Topdeck runs in no pod: use a kubeconfig"
        ) from error


class _Settings:
    """What the kubernetes package fills in."""

    def __init__(self) -> None:
        self.host = ""
        self.ssl_ca_cert = ""
        self.api_key: dict[str, str] = {}
        self.token: str | None = None


def _checked(server: str) -> str:
    url = yarl.URL(server) if "://" in server else None
    if url is None or url.scheme not in {"http", "https"} or not url.host:
        raise Invalid(
            "read kubeconfig", "the cluster's server is no URL", "set server to https://HOST:PORT"
        )
    return server


def _proxy(server: str, named: str) -> str:
    """Return the proxy for a server: the kubeconfig's, else the environment's as kubectl does."""
    proxy = named
    if not proxy:
        url = yarl.URL(server)
        if urllib.request.proxy_bypass(url.host or ""):
            return ""
        proxy = urllib.request.getproxies_environment().get(url.scheme, "")
    if proxy and not proxy.startswith(("http://", "https://")):
        raise Invalid(
            "read kubeconfig",
            f"a {proxy.partition(':')[0]} proxy is not supported",
            "use an http:// or https:// proxy-url",
        )
    return proxy


def _impersonation(entry: kubeconfig.Entry) -> tuple[tuple[str, str], ...]:
    """Return the headers for a user's ``as`` fields: to leave them out would be to act as more."""
    user = entry.user
    headers = []
    if user.get("as"):
        headers.append(("Impersonate-User", str(user["as"])))
    if user.get("as-uid"):
        headers.append(("Impersonate-Uid", str(user["as-uid"])))
    headers.extend(("Impersonate-Group", str(group)) for group in user.get("as-groups") or ())
    return tuple(headers)
