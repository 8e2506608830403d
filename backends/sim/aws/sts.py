"""STS: who is calling, and roles to assume."""

from __future__ import annotations

import re
from typing import Any

from backends.sim.aws.call import Call, operation
from backends.sim.aws.errors import AwsError
from backends.sim.roles import assume

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/[\w+=,.@/-]{1,512}")
_SESSION = re.compile(r"[\w+=,.@-]{2,64}")
_SECONDS = (900, 43200)


@operation("sts", "GetCallerIdentity")
def get_caller_identity(call: Call) -> dict[str, Any]:
    """Answer the caller's account, and the user or role session whose key signed the request."""
    account = call.account.account_id
    role = call.world.roles.get(call.access_key)
    if role is not None:
        session = role.arn.rpartition("/")[2]
        return {"UserId": f"{role.role_id}:{session}", "Account": account, "Arn": role.arn}
    return {
        "UserId": call.account.access_key.replace("AKIA", "AIDA", 1),
        "Account": account,
        "Arn": f"arn:aws:iam::{account}:user/operator",
    }


@operation("sts", "AssumeRole")
def assume_role(call: Call) -> dict[str, Any]:
    """Answer temporary credentials for any role of an account of this world."""
    arn, session = call.text("RoleArn"), call.text("RoleSessionName")
    found = _ROLE.fullmatch(arn)
    if found is None or not _SESSION.fullmatch(session):
        raise AwsError("ValidationError", "Invalid RoleArn or RoleSessionName")
    asked = call.text("DurationSeconds", "3600")
    if not asked.isdigit() or not _SECONDS[0] <= int(asked) <= _SECONDS[1]:
        raise AwsError("ValidationError", "DurationSeconds must be between 900 and 43200")
    accounts = {account.account_id: account for account in call.world.blueprint.accounts}
    if found[1] not in accounts:
        raise AwsError(
            "AccessDenied",
            f"User: {get_caller_identity(call)['Arn']} is not authorized to perform: "
            f"sts:AssumeRole on resource: {arn}",
            403,
        )
    role = assume(accounts[found[1]], arn, session, call.now, int(asked))
    call.world.roles[role.access_key] = role
    return {
        "Credentials": {
            "AccessKeyId": role.access_key,
            "SecretAccessKey": role.secret_key,
            "SessionToken": role.token,
            "Expiration": role.expires,
        },
        "AssumedRoleUser": {"AssumedRoleId": f"{role.role_id}:{session}", "Arn": role.arn},
    }
