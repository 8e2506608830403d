"""What `topdeck feed plan` prints, and how a configuration names a queue."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from backends.ecs.events import DEPLOYMENT, SERVICE, TASK
from backends.feedplan import plan
from backends.feedqueue import FeedQueue, feed_queue, feed_queues
from tui.config import ConfigError, load, sources

ARN = "arn:aws:sqs:eu-west-1:111122223333:topdeck-alice"
URL = "https://sqs.eu-west-1.amazonaws.com/111122223333/topdeck-alice"


class _CloudFormation(yaml.SafeLoader):
    """YAML with CloudFormation's short functions, read as their long forms."""


def _function(loader: Any, name: str, node: Any) -> dict[str, Any]:
    value = loader.construct_scalar(node)
    if name == "GetAtt":
        return {"Fn::GetAtt": value.split(".")}
    return {name: value}


_CloudFormation.add_multi_constructor("!", _function)


def template(name: str = "alice") -> dict[str, Any]:
    return yaml.load(plan(name), _CloudFormation)


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        if "Ref" in value:
            return [value["Ref"]]
        if "Fn::GetAtt" in value:
            assert value["Fn::GetAtt"][1] == "Arn"
            return [value["Fn::GetAtt"][0]]
        return [name for item in value.values() for name in references(item)]
    return [name for item in value for name in references(item)] if isinstance(value, list) else []


def test_the_plan_is_a_template_whose_references_all_hold() -> None:
    body = template()
    assert body["AWSTemplateFormatVersion"] == "2010-09-09"
    resources = body["Resources"]
    assert {name: one["Type"] for name, one in resources.items()} == {
        "Queue": "AWS::SQS::Queue",
        "Rule": "AWS::Events::Rule",
        "QueuePolicy": "AWS::SQS::QueuePolicy",
        "ReaderPolicy": "AWS::IAM::ManagedPolicy",
    }
    assert set(references(body)) == {"Queue", "Rule", "ReaderPolicy"}
    assert references(body["Outputs"]["QueueArn"]) == ["Queue"]


def test_the_rule_sends_what_the_parser_reads_and_nothing_else() -> None:
    rule = template()["Resources"]["Rule"]["Properties"]
    assert rule["EventPattern"]["source"] == ["aws.ecs"]
    assert set(rule["EventPattern"]["detail-type"]) == {TASK, SERVICE, DEPLOYMENT}
    assert [references(target["Arn"]) for target in rule["Targets"]] == [["Queue"]]


def test_only_the_rule_may_send_and_the_reader_may_only_read() -> None:
    resources = template()["Resources"]
    (sends,) = resources["QueuePolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert sends["Principal"] == {"Service": "events.amazonaws.com"}
    assert sends["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["Rule", "Arn"]}}}
    (reads,) = resources["ReaderPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert reads["Action"] == ["sqs:ReceiveMessage", "sqs:DeleteMessage"]
    assert references(reads["Resource"]) == references(sends["Resource"]) == ["Queue"]


def test_the_queue_is_encrypted_and_forgets_soon() -> None:
    queue = template("bob-laptop")["Resources"]["Queue"]["Properties"]
    assert queue["SqsManagedSseEnabled"] is True
    assert queue["MessageRetentionPeriod"] == 300
    assert queue["QueueName"] == "topdeck-bob-laptop"


@pytest.mark.parametrize("name", ["", "a b", "-x", "a" * 41, "x\n  Evil: 1", "ü"])
def test_a_name_that_would_break_the_template_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="letters, digits and hyphens"):
        plan(name)


def test_the_command_prints_the_template_and_reaches_for_nothing(tmp_path: Path) -> None:
    code = (
        "import sys; from tui.__main__ import main; status = main(sys.argv[1:]);"
        "heavy = {'botocore', 'aiohttp', 'textual', 'kubernetes'} & set(sys.modules);"
        "sys.exit(status or len(heavy))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "feed", "plan", "--name", "alice"],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == plan("alice")


@pytest.mark.parametrize("text", [ARN, URL])
def test_a_queue_is_named_by_its_arn_or_its_url(text: str) -> None:
    queue = feed_queue(text)
    assert queue == FeedQueue("aws", "eu-west-1", "111122223333", "topdeck-alice")
    assert (queue.arn, queue.url) == (ARN, URL)


@pytest.mark.parametrize(
    ("arn", "url"),
    [
        (
            "arn:aws-cn:sqs:cn-north-1:111122223333:q",
            "https://sqs.cn-north-1.amazonaws.com.cn/111122223333/q",
        ),
        (
            "arn:aws-us-gov:sqs:us-gov-west-1:111122223333:q",
            "https://sqs.us-gov-west-1.amazonaws.com/111122223333/q",
        ),
    ],
)
def test_other_partitions_have_queues_too(arn: str, url: str) -> None:
    assert feed_queue(arn).url == url
    assert feed_queue(url).arn == arn


def _config(tmp_path: Path, queue: object) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(f"[aws]\nfeed_queue = {json.dumps(queue)}\n", encoding="utf-8")
    return path


def test_several_accounts_and_regions_are_a_list(tmp_path: Path) -> None:
    other = ARN.replace("eu-west-1", "us-east-1")
    assert sources(load(_config(tmp_path, ARN))).feed_queues == (ARN,)
    assert sources(load(_config(tmp_path, [ARN, other]))).feed_queues == (ARN, other)


@pytest.mark.parametrize(
    ("queue", "said"),
    [
        ("topdeck-alice", "is not the ARN or URL of an SQS queue"),
        ("", "is not the ARN or URL of an SQS queue"),
        (ARN + ".fifo", "FIFO queues can't be used"),
        ([ARN, ARN.replace("alice", "bob")], "one queue for each account and region"),
        (7, "Correct the value's type"),
    ],
)
def test_a_bad_queue_is_refused_with_what_to_do(tmp_path: Path, queue: object, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load(_config(tmp_path, queue))


def test_the_same_queue_twice_is_one() -> None:
    assert len(feed_queues((ARN, URL))) == 1
