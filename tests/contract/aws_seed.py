"""The world of the contract made in an empty server, by AWS's own calls."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from aws_facts import (
    ACCOUNT,
    AUDIT,
    CROWDED,
    EKS,
    HOME,
    IMAGE,
    LOG,
    NAMESPACE,
    SERVICES,
    SHOP,
    UNDONE,
    ServiceFact,
    crowd,
)
from aws_raw import RawAws

BATCH = 10
"""Tasks that RunTask starts at once at the most (ECS API reference)."""

LINES = 40
"""Lines in the log of each container of the cluster `AUDIT`."""

ONLOOKER = {"Effect": "Allow", "Action": ["ecs:ListClusters", "ecs:DescribeClusters"]}
"""What the user may do that may do little; everybody else may do everything."""


class Seeder:
    """Makes the world of the contract in an empty server."""

    def __init__(self, raw: RawAws) -> None:
        self._aws = raw
        self._tasks: dict[str, list[dict[str, Any]]] = {}

    async def seed(self) -> None:
        """Make all of it."""
        await self._many("ecs", "CreateCluster", [{"clusterName": n} for n in crowd("ecs")])
        await self._kubernetes()
        for cluster in SERVICES:
            await self._aws("ecs", "CreateCluster", clusterName=cluster)
            for fact in SERVICES[cluster]:
                await self._service(cluster, fact)
        await self._cloud_map()
        await self._logs()

    async def _many(self, service: str, operation: str, calls: list[dict[str, Any]]) -> None:
        await asyncio.gather(
            *(self._aws(service, operation, region=CROWDED, **params) for params in calls)
        )

    async def _kubernetes(self) -> None:
        made = {
            "roleArn": f"arn:aws:iam::{ACCOUNT.account_id}:role/eks",
            "resourcesVpcConfig": {"subnetIds": ["subnet-1"]},
            "version": "1.36",
        }
        for name in EKS:
            await self._aws("eks", "CreateCluster", name=name, **made)
        await self._many("eks", "CreateCluster", [{"name": name, **made} for name in crowd("eks")])

    async def _network(self) -> dict[str, Any]:
        subnets = await self._aws("ec2", "DescribeSubnets")
        groups = await self._aws("ec2", "DescribeSecurityGroups")
        return {
            "awsvpcConfiguration": {
                "subnets": [subnets["Subnets"][0]["SubnetId"]],
                "securityGroups": [groups["SecurityGroups"][0]["GroupId"]],
            }
        }

    async def _service(self, cluster: str, fact: ServiceFact) -> None:
        if fact.name == UNDONE:
            await self._definition(cluster, fact)  # the revision to go back to
        definition = await self._definition(cluster, fact)
        network = await self._network()
        place = {"cluster": cluster, "launchType": "FARGATE", "networkConfiguration": network}
        registry = {}
        made = await self._aws(
            "ecs", "CreateService", serviceName=fact.name, taskDefinition=definition,
            desiredCount=SERVICES[SHOP][0].desired, **place, **registry,
        )  # fmt: skip
        if fact.desired != made["service"]["desiredCount"]:
            await self._aws(
                "ecs", "UpdateService", cluster=cluster, service=fact.name,
                desiredCount=fact.desired,
            )  # fmt: skip
        tasks = self._tasks[f"{cluster}/{fact.name}"] = []
        while len(tasks) < fact.desired:
            run = await self._aws(
                "ecs", "RunTask", taskDefinition=definition, group=f"service:{fact.name}",
                startedBy=made["service"]["deployments"][0]["id"],
                count=min(BATCH, fact.desired - len(tasks)), **place,
            )  # fmt: skip
            tasks += run["tasks"]
        if fact.autoscaled:
            await self._aws(
                "application-autoscaling", "RegisterScalableTarget", ServiceNamespace="ecs",
                ResourceId=f"service/{cluster}/{fact.name}",
                ScalableDimension="ecs:service:DesiredCount",
                MinCapacity=fact.desired, MaxCapacity=3 * fact.desired,
            )  # fmt: skip

    async def _definition(self, cluster: str, fact: ServiceFact) -> str:
        options = {
            "awslogs-group": f"/ecs/{cluster}/{fact.name}",
            "awslogs-region": HOME,
            "awslogs-stream-prefix": "ecs",
        }
        answer = await self._aws(
            "ecs", "RegisterTaskDefinition", family=f"{cluster}-{fact.name}",
            networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512",
            containerDefinitions=[
                {
                    "name": name, "image": f"{IMAGE}{name}:1.9.0", "cpu": 10, "memory": 256,
                    "essential": name == fact.name,
                    "logConfiguration": {"logDriver": "awslogs", "options": options},
                }
                for name in fact.containers
            ],
        )  # fmt: skip
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    async def _cloud_map(self) -> None:
        await self._aws("servicediscovery", "CreatePrivateDnsNamespace", Name=NAMESPACE, Vpc="v")
        found = await self._aws("servicediscovery", "ListNamespaces")
        namespace = found["Namespaces"][0]["Id"]
        for fact in SERVICES[SHOP]:
            if fact.registered:
                await self._register(namespace, fact)
        made = await self._aws(
            "servicediscovery", "CreateService", Name="database", NamespaceId=namespace,
            DnsConfig={"DnsRecords": [{"Type": "CNAME", "TTL": 10}], "RoutingPolicy": "WEIGHTED"},
        )  # fmt: skip
        await self._aws(
            "servicediscovery", "RegisterInstance", ServiceId=made["Service"]["Id"],
            InstanceId="writer", Attributes={"AWS_INSTANCE_CNAME": "shop.example.com"},
        )  # fmt: skip

    async def _register(self, namespace: str, fact: ServiceFact) -> None:
        """Register the tasks of a service as ECS does ("Service discovery concepts" in the ECS
        Developer Guide)."""
        made = await self._aws(
            "servicediscovery", "CreateService", Name=fact.name, NamespaceId=namespace,
            DnsConfig={"DnsRecords": [{"Type": "A", "TTL": 10}], "RoutingPolicy": "MULTIVALUE"},
            HealthCheckCustomConfig={"FailureThreshold": 1},
        )  # fmt: skip
        for task in self._tasks[f"{SHOP}/{fact.name}"]:
            details = {d["name"]: d["value"] for d in task["attachments"][0]["details"]}
            await self._aws(
                "servicediscovery", "RegisterInstance", ServiceId=made["Service"]["Id"],
                InstanceId=task["taskArn"].rpartition("/")[2],
                Attributes={
                    "AVAILABILITY_ZONE": f"{HOME}a",
                    "AWS_INIT_HEALTH_STATUS": "HEALTHY",
                    "AWS_INSTANCE_IPV4": details["privateIPv4Address"],
                    "ECS_CLUSTER_NAME": SHOP,
                    "ECS_SERVICE_NAME": fact.name,
                    "ECS_TASK_DEFINITION_FAMILY": f"{SHOP}-{fact.name}",
                    "REGION": HOME,
                },
            )  # fmt: skip

    async def _logs(self) -> None:
        """Log some lines in every container of `AUDIT`, all within the last two minutes."""
        now = int(time.time() * 1000)
        await self._aws("logs", "CreateLogGroup", logGroupName=LOG)
        for number, task in enumerate(self._tasks[f"{AUDIT}/web"]):
            for container in SERVICES[AUDIT][0].containers:
                stream = f"ecs/{container}/{task['taskArn'].rpartition('/')[2]}"
                place = {"logGroupName": LOG, "logStreamName": stream}
                await self._aws("logs", "CreateLogStream", **place)
                await self._aws(
                    "logs", "PutLogEvents", **place,
                    logEvents=[
                        {"timestamp": now - 120_000 + line * 1000 + number * 300,
                         "message": f"{container} {number} says {line}"}
                        for line in range(LINES)
                    ],
                )  # fmt: skip

    async def user(self, name: str, *statements: dict[str, Any]) -> tuple[str, str]:
        """Make a user who may do what the statements of its policy allow; return its keys."""
        await self._aws("iam", "CreateUser", UserName=name)
        policy = [{"Resource": "*", **statement} for statement in statements]
        await self._aws(
            "iam", "PutUserPolicy", UserName=name, PolicyName=name,
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": policy}),
        )  # fmt: skip
        made = await self._aws("iam", "CreateAccessKey", UserName=name)
        return made["AccessKey"]["AccessKeyId"], made["AccessKey"]["SecretAccessKey"]
