"""Roles that somebody has assumed, and their temporary credentials."""

from __future__ import annotations

import base64
import hashlib

import msgspec

from backends.sim.blueprint import SimAccount


class AssumedRole(msgspec.Struct, frozen=True):
    """A session of a role: its temporary keys, and whose they are."""

    account: SimAccount
    arn: str
    """``arn:aws:sts::<account>:assumed-role/<role>/<session>``."""
    role_id: str
    access_key: str
    secret_key: str
    token: str
    expires: float

    def __repr__(self) -> str:
        return f"AssumedRole({self.arn!r})"


def assume(account: SimAccount, role: str, session: str, at: float, seconds: int) -> AssumedRole:
    """Return the session that assuming a role at a moment gives: the same one every time.

    `role` is the role's ARN, of whichever partition.
    """

    def made(part: str) -> bytes:
        return hashlib.sha256(f"{part}:{role}:{session}:{at}:{seconds}".encode()).digest()

    def word(part: str, letters: int) -> str:
        return base64.b32encode(made(part)).decode()[:letters]

    partition, name = role.split(":")[1], role.partition(":role/")[2].rpartition("/")[2]
    return AssumedRole(
        account=account,
        arn=f"arn:{partition}:sts::{account.account_id}:assumed-role/{name}/{session}",
        role_id="AROA" + base64.b32encode(hashlib.sha256(role.encode()).digest()).decode()[:17],
        access_key="ASIA" + word("access", 16),
        secret_key=base64.b64encode(made("secret")).decode()[:40],
        token="simulated-session-" + word("token", 48),
        expires=float(at + seconds),
    )
