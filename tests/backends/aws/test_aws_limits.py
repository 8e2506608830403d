"""Which of AWS's throttling buckets a call counts against."""

from __future__ import annotations

import pytest

from backends.aws.limits import limit_for
from backends.budget import Limit


@pytest.mark.parametrize(
    ("operation", "limit"),
    [
        ("ListClusters", Limit("ecs:cluster-reads", 50, 20)),
        ("DescribeTasks", Limit("ecs:tasks", 100, 20)),
        ("ListTasks", Limit("ecs:tasks", 100, 20)),
        ("ListServices", Limit("ecs:services", 100, 20)),
        ("UpdateService", Limit("ecs:service-changes", 50, 5)),
        ("ListServicesByNamespace", Limit("ecs:services-by-namespace", 10, 1)),
        ("DescribeTaskDefinition", Limit("ecs:task-definitions", 50, 20)),
    ],
)
def test_ecs_has_buckets_of_several_actions(operation: str, limit: Limit) -> None:
    assert limit_for("ecs", operation, "us-east-1") == limit


@pytest.mark.parametrize(
    ("region", "rate"),
    [("us-east-1", 25), ("eu-central-1", 5), ("ca-west-1", 5), ("eu-west-1", 10)],
)
def test_reading_logs_depends_on_the_region(region: str, rate: float) -> None:
    assert limit_for("logs", "FilterLogEvents", region) == Limit("logs:filter", rate, rate)


def test_insights_has_buckets_of_its_own() -> None:
    assert limit_for("logs", "StartQuery", "us-east-1") == Limit("logs:start-query", 10, 10)
    assert limit_for("logs", "GetQueryResults", "us-east-1").rate == 10
    stop, record = (limit_for("logs", name, "us-east-1") for name in ("StopQuery", "GetLogRecord"))
    assert stop == record


def test_load_balancers_have_one_bucket_for_all_that_reads() -> None:
    groups = limit_for("elbv2", "DescribeTargetGroups", "us-east-1")
    assert limit_for("elbv2", "DescribeTargetHealth", "us-east-1") == groups
    assert (groups.name, groups.burst) == ("elbv2:reads", 40)


@pytest.mark.parametrize("service", ["eks", "sts", "brand-new-service"])
def test_any_other_call_has_a_modest_bucket_of_its_service(service: str) -> None:
    limit = limit_for(service, "DescribeWhatever", "us-east-1")
    assert limit.name == f"{service}:other"
    assert 0 < limit.rate <= 50
