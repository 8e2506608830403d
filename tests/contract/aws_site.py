"""Every AWS backend pointed at one server, with what the tests ask of them."""

from __future__ import annotations

from typing import Any

from aws_facts import HOME
from aws_servers import Server
from aws_views import View, Views

from backends.base import Sources
from backends.cloudmap.backend import CloudMapBackend
from backends.ecs.backend import EcsBackend
from backends.eks.backend import KubeBackend
from backends.model import Query, Resource

ROOTS = {"ecs": "ecs/clusters", "eks": "k8s/clusters", "cloudmap": "cloudmap/namespaces"}


class Site(Views):
    """The backends, the views that were opened of them, and the server itself."""

    def __init__(self, server: Server, sources: Sources) -> None:
        clock = server.clock
        self.server = server
        self.raw = server.raw
        self.ecs = EcsBackend(sources, clock)
        self.cloudmap = CloudMapBackend(sources, clock)
        self.eks = KubeBackend(sources, clock)
        super().__init__((self.ecs, self.cloudmap, self.eks))

    def root(self, provider: str, region: str = HOME) -> Query:
        """Return the query that finds all there is of a provider in a region."""
        roots = self.backend(provider).roots()
        return next(q for q in roots if (q.scope.provider, q.scope.region) == (provider, region))

    async def cluster(self, name: str) -> Resource:
        """Return a row of an ECS cluster of `HOME`."""
        return (await self.settled(self.root("ecs"))).row(name)

    async def listed(self, cluster: str, kind: str, parent: Resource | None = None) -> View:
        """Open the rows of a kind of a cluster, or of one parent, and wait for them."""
        scope = (await self.cluster(cluster)).ref.scope
        return await self.settled(Query(scope, kind, parent.ref if parent else None))

    async def service(self, cluster: str, name: str) -> Resource:
        """Return the row of a service."""
        return (await self.listed(cluster, "ecs/services")).row(name)

    async def described(self, cluster: str, name: str) -> dict[str, Any]:
        """Return what the server itself says of a service."""
        answer = await self.raw("ecs", "DescribeServices", cluster=cluster, services=[name])
        found: dict[str, Any] = answer["services"][0]
        return found

    async def held(self, cluster: str) -> dict[str, dict[str, Any]]:
        """Return every task that the server itself has in a cluster, stopped ones included, by
        its id."""
        arns = [
            arn
            for status in ("RUNNING", "STOPPED")
            async for arn in self.raw.pages(
                "ecs", "ListTasks", "taskArns", cluster=cluster, desiredStatus=status
            )
        ]
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(arns), 100):
            answer = await self.raw(
                "ecs", "DescribeTasks", cluster=cluster, tasks=arns[start : start + 100]
            )
            found |= {task["taskArn"].rpartition("/")[2]: task for task in answer["tasks"]}
        return found
