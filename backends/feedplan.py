"""What has to be in an account for a feed of ECS state changes, as CloudFormation."""

from __future__ import annotations

import re

RETENTION = 300
"""Seconds that the queue keeps an event: what is older is found by listing anyway."""

DETAIL_TYPES = (
    "ECS Task State Change",
    "ECS Service Action",
    "ECS Deployment State Change",
)
"""The EventBridge events that rows of tasks and services depend on ("Amazon ECS events" in the
developer guide)."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}")
"""What a feed may be called: it becomes part of the names of a queue and of a rule."""

_TEMPLATE = """\
# The state changes of every ECS cluster of one account and region, for one Topdeck.
# Create it in each account and region that is looked at, and name its queue in config.toml:
#
#   aws cloudformation deploy --stack-name topdeck-feed-{name} --template-file FILE \\
#     --capabilities CAPABILITY_IAM
#
#   [aws]
#   feed_queue = ["arn:aws:sqs:REGION:ACCOUNT:topdeck-{name}"]     # the output QueueArn
#
# Two Topdecks on one queue take each other's messages away: make one for each operator or
# host, by another --name. EventBridge does not charge for events of AWS services; SQS does for
# its requests: one for each event that is sent, and two for each ten that are read.
AWSTemplateFormatVersion: "2010-09-09"
Description: ECS state changes for Topdeck ({name})

Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: topdeck-{name}
      MessageRetentionPeriod: {retention}
      ReceiveMessageWaitTimeSeconds: 20
      VisibilityTimeout: 30
      SqsManagedSseEnabled: true

  Rule:
    Type: AWS::Events::Rule
    Properties:
      Name: topdeck-{name}
      Description: ECS state changes for Topdeck ({name})
      State: ENABLED
      EventPattern:
        source: [aws.ecs]
        detail-type:
{types}
      Targets:
        - Id: queue
          Arn: !GetAtt Queue.Arn

  QueuePolicy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Sid: OnlyThisRuleSends
            Effect: Allow
            Principal: {{ Service: events.amazonaws.com }}
            Action: sqs:SendMessage
            Resource: !GetAtt Queue.Arn
            Condition:
              ArnEquals: {{ "aws:SourceArn": !GetAtt Rule.Arn }}

  ReaderPolicy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      Description: What Topdeck ({name}) needs besides; attach it to the role or user that runs it
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Action: [sqs:ReceiveMessage, sqs:DeleteMessage]
            Resource: !GetAtt Queue.Arn

Outputs:
  QueueArn:
    Description: For feed_queue in the configuration
    Value: !GetAtt Queue.Arn
  ReaderPolicyArn:
    Description: To attach to the role or user that runs Topdeck
    Value: !Ref ReaderPolicy
"""


def plan(name: str) -> str:
    """Return the CloudFormation template of the feed called `name`; ValueError for a bad name."""
    if NAME.fullmatch(name) is None:
        raise ValueError(
            f"{name!r} can't be part of a queue's name. Use up to 40 letters, digits and hyphens"
        )
    types = "\n".join(f"          - {one}" for one in DETAIL_TYPES)
    return _TEMPLATE.format(name=name, retention=RETENTION, types=types)
