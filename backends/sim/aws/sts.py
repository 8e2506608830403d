"""STS: who is calling."""

from __future__ import annotations

from typing import Any

from backends.sim.aws.call import Call, operation


@operation("sts", "GetCallerIdentity")
def get_caller_identity(call: Call) -> dict[str, Any]:
    """Answer the caller's account and the user whose key signed the request."""
    account = call.account.account_id
    return {
        "UserId": call.account.access_key.replace("AKIA", "AIDA", 1),
        "Account": account,
        "Arn": f"arn:aws:iam::{account}:user/operator",
    }
