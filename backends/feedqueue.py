"""The SQS queues that a feed of ECS state changes may come by, as a configuration names them."""

from __future__ import annotations

import re

import msgspec

_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):sqs:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):"
    r"(?P<name>[A-Za-z0-9_-]{1,80})"
)
_URL = re.compile(
    r"https://sqs\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?P<china>\.cn)?/(?P<account>\d{12})/"
    r"(?P<name>[A-Za-z0-9_-]{1,80})"
)


class FeedQueue(msgspec.Struct, frozen=True):
    """One standard queue; account and region are those whose clusters it tells of."""

    partition: str
    region: str
    account: str
    name: str

    @property
    def arn(self) -> str:
        """The queue's ARN."""
        return f"arn:{self.partition}:sqs:{self.region}:{self.account}:{self.name}"

    @property
    def url(self) -> str:
        """The queue's URL, as SQS gives it."""
        china = ".cn" if self.partition == "aws-cn" else ""
        return f"https://sqs.{self.region}.amazonaws.com{china}/{self.account}/{self.name}"


def feed_queue(text: str) -> FeedQueue:
    """Return the queue that an ARN or a URL names; ValueError with what is wrong and a remedy."""
    if found := _ARN.fullmatch(text):
        return FeedQueue(**found.groupdict())
    if found := _URL.fullmatch(text):
        place = found.groupdict()
        gov = place["region"].startswith("us-gov-")
        partition = "aws-cn" if place.pop("china") else "aws-us-gov" if gov else "aws"
        return FeedQueue(partition, **place)
    why = " FIFO queues can't be used." if text.endswith(".fifo") else ""
    raise ValueError(
        f"{text!r} is not the ARN or URL of an SQS queue.{why} Write it as "
        "arn:aws:sqs:eu-west-1:111122223333:topdeck-alice"
    )


def feed_queues(texts: tuple[str, ...]) -> tuple[FeedQueue, ...]:
    """Return the queues that are named, at most one for each account and region; or ValueError."""
    found: dict[tuple[str, str], FeedQueue] = {}
    for text in texts:
        queue = feed_queue(text)
        known = found.setdefault((queue.account, queue.region), queue)
        if known != queue:
            raise ValueError(
                f"{known.name} and {queue.name} are both of account {queue.account} in "
                f"{queue.region}. Name one queue for each account and region"
            )
    return tuple(found.values())
