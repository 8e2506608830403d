"""CloudWatch Logs Insights: queries that are started, asked after and stopped."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from backends.sim.aws.call import Call, operation
from backends.sim.aws.errors import AwsError
from backends.sim.insights import MOST_QUERIES, Query, find_event
from backends.sim.insights_language import MOST_ROWS, Plan, parse
from backends.sim.insights_lexer import Malformed
from backends.sim.insights_values import Row, written
from backends.sim.logs import Group

ERROR = "InvalidParameterException"

MOST_GROUPS = 50
"""Log groups of one query ("StartQuery" in the API reference)."""

LONGEST = 10_000
"""Characters of a query ("StartQuery" in the API reference)."""

RETENTION = 30 * 86_400.0
"""Seconds that every log group keeps its events."""


@operation("logs", "StartQuery")
def start_query(call: Call) -> dict[str, Any]:
    """Begin a query; it is understood at once, and scans as time passes."""
    groups = _groups(call)
    start, end = call.number("startTime"), call.number("endTime")
    if start is None or end is None or start > end:
        raise AwsError(ERROR, "End time should not be less than start time.")
    plan = _plan(call)
    oldest = max(call.now - RETENTION, min(group.created for group in groups))
    if end < oldest:
        raise AwsError(
            "MalformedQueryException",
            "Query's end date and time is either before the log groups creation time or exceeds "
            f"the log groups log retention settings ([{start},{end}])",
        )
    place = (call.account.account_id, call.region)
    query = call.world.questions.start(place, groups, (float(start), end + 1.0), plan)
    if query is None:
        raise AwsError(
            "LimitExceededException",
            f"Account maximum query concurrency limit of [{MOST_QUERIES}] reached.",
        )
    return {"queryId": query.id}


def _groups(call: Call) -> list[Group]:
    """Return the log groups that a query is about; AWS's error where they are not named so."""
    one, names = call.text("logGroupName"), call.texts("logGroupNames")
    identifiers = call.texts("logGroupIdentifiers")
    if sum(map(bool, (one, names, identifiers))) != 1:
        raise AwsError(
            ERROR,
            "Exactly one of logGroupName, logGroupNames and logGroupIdentifiers is to be given.",
        )
    wanted = [one] if one else names
    wanted += [i.rpartition("log-group:")[2].removesuffix(":*") for i in identifiers]
    if len(wanted) > MOST_GROUPS:
        raise AwsError(ERROR, f"A query can have at most {MOST_GROUPS} log groups.")
    here = call.world.logs.groups(call.account.account_id, call.region)
    for name in wanted:
        if name not in here:
            raise AwsError(
                "ResourceNotFoundException",
                f"Log group '{name}' does not exist for account ID '{call.account.account_id}'",
            )
    return [here[name] for name in wanted]


def _plan(call: Call) -> Plan:
    text, limit = call.text("queryString"), call.number("limit")
    if len(text) > LONGEST:
        raise AwsError(ERROR, f"A query can have at most {LONGEST} characters.")
    if limit is not None:  # AWS takes it for a last command of the query
        text = f"{text} | limit {limit}"
    try:
        return parse(text)
    except Malformed as error:
        raise AwsError("MalformedQueryException", str(error)) from error


def _query(call: Call) -> Query:
    place = (call.account.account_id, call.region)
    found = call.world.questions.find(place, call.text("queryId"))
    if found is None:
        raise AwsError("ResourceNotFoundException", "The specified query does not exist.")
    return found


@operation("logs", "GetQueryResults")
def get_query_results(call: Call) -> dict[str, Any]:
    """Answer what a query has found so far, how far it is, and what it cost."""
    query = _query(call)
    query.advance()
    rows = query.rows()[:MOST_ROWS]
    estimate = query.plan.estimate and query.over
    return {
        "queryLanguage": "CWLI",
        "results": [_fields({"estimatedBytes": float(query.estimated)}, ["estimatedBytes"])]
        if estimate
        else [_row(query.plan, row) for row in rows],
        "statistics": {
            "recordsMatched": float(query.matched),
            "recordsScanned": float(query.scanned),
            "estimatedRecordsSkipped": 0.0,
            "bytesScanned": float(query.bytes),
            "estimatedBytesSkipped": 0.0,
            "logGroupsScanned": float(len(query.groups)),
            "resultCount": float(len(rows)),
        },
        "status": query.status,
    }


def _row(plan: Plan, row: Row) -> list[dict[str, str]]:
    found = _fields({name: row.get(name) for name in plan.columns}, plan.columns)
    if not plan.grouped:
        pointer = written(row.get("@ptr")).encode()
        found.append({"field": "@ptr", "value": base64.b64encode(pointer).decode()})
    return found


def _fields(values: dict[str, Any], names: Sequence[str]) -> list[dict[str, str]]:
    """Return a row's fields in order; those that it does not have are left out."""
    return [{"field": n, "value": written(values[n])} for n in names if values[n] is not None]


@operation("logs", "StopQuery")
def stop_query(call: Call) -> dict[str, Any]:
    """Stop a query that is under way."""
    query = _query(call)
    if query.over:
        raise AwsError(ERROR, f"The query is not running: {query.status}")
    query.stopped = True
    return {"success": True}


@operation("logs", "GetLogRecord")
def get_log_record(call: Call) -> dict[str, Any]:
    """Answer every field of the event that a ``@ptr`` is of."""
    here = dict(call.world.logs.groups(call.account.account_id, call.region))
    try:
        pointer = base64.b64decode(call.text("logRecordPointer"), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise AwsError(ERROR, "The specified logRecordPointer is invalid.") from error
    row = find_event(call.world, here, pointer)
    if row is None:
        raise AwsError("ResourceNotFoundException", "The specified log record does not exist.")
    record = {n: written(v) for n, v in row.everything().items() if n != "@ptr" and v is not None}
    return {"logRecord": record}
