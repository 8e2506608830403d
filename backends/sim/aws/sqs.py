"""SQS: as much of it as a consumer needs."""

from __future__ import annotations

from typing import Any

from backends.sim.aws.call import Call, operation
from backends.sim.aws.errors import AwsError
from backends.sim.queues import VISIBILITY, Queue

LONGEST = 20
"""Seconds that ReceiveMessage waits at the most (SQS API reference)."""

MOST = 10
"""Messages of a batch at the most (SQS API reference)."""


@operation("sqs", "ReceiveMessage")
async def receive_message(call: Call) -> dict[str, Any]:
    """Answer with messages as soon as there are any, or without after the time to wait."""
    queue = _queue(call)
    most = _between(call, "MaxNumberOfMessages", 1, 1, MOST)
    wait = _between(call, "WaitTimeSeconds", LONGEST, 0, LONGEST)
    hide = _between(call, "VisibilityTimeout", int(VISIBILITY), 0, 43200)
    sent = {"All", "SentTimestamp"} & {*call.texts("MessageSystemAttributeNames")}
    messages = queue.take(most, hide)
    if not messages and wait:
        await queue.arrival(wait)
        messages = queue.take(most, hide)
    if not messages:
        return {}
    return {
        "Messages": [
            {
                "MessageId": message.id,
                "ReceiptHandle": message.handle,
                "MD5OfBody": message.md5,
                "Body": message.body,
                **({"Attributes": {"SentTimestamp": f"{message.sent * 1000:.0f}"}} if sent else {}),
            }
            for message in messages
        ]
    }


@operation("sqs", "DeleteMessageBatch")
def delete_message_batch(call: Call) -> dict[str, Any]:
    """Delete messages by their receipt handles; one that is no handle fails alone."""
    queue = _queue(call)
    entries = call.params.get("Entries")
    if not isinstance(entries, list) or not entries:
        raise AwsError("EmptyBatchRequest", "There should be at least one entry.")
    if len(entries) > MOST:
        raise AwsError("TooManyEntriesInBatchRequest", f"Maximum number of entries is {MOST}.")
    ids = [str(entry.get("Id")) for entry in entries]
    if len({*ids}) < len(ids):
        raise AwsError("BatchEntryIdsNotDistinct", "Ids of the entries are not distinct.")
    handles = {
        entry_id: str(e.get("ReceiptHandle")) for entry_id, e in zip(ids, entries, strict=True)
    }
    good = [entry_id for entry_id, handle in handles.items() if "#" in handle]
    queue.delete([handles[entry_id] for entry_id in good])
    bad = {"SenderFault": True, "Code": "ReceiptHandleIsInvalid"}
    return {
        "Successful": [{"Id": entry_id} for entry_id in good],
        "Failed": [{"Id": entry_id, **bad} for entry_id in ids if entry_id not in good],
    }


def _queue(call: Call) -> Queue:
    name = call.text("QueueUrl").rpartition("/")[2]
    queue = call.world.queues.find(call.account.account_id, call.region, name)
    if queue is None:
        raise AwsError("QueueDoesNotExist", "The specified queue does not exist.")
    return queue


def _between(call: Call, name: str, default: int, low: int, high: int) -> int:
    value = call.number(name, default)
    if value is None or not low <= value <= high:
        said = f"Value {value} for parameter {name} is invalid. Reason: Must be between {low} and "
        raise AwsError("InvalidParameterValue", f"{said}{high}, if provided.")
    return value
