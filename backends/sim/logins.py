"""Logging in to the simulated accounts: SSO tokens, new keys, and the end of both."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, MutableMapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from backends.clock import Clock
from backends.sim.aws.errors import AwsError
from backends.sim.blueprint import SimAccount
from backends.sim.roles import AssumedRole, assume

START_URL = "https://simulated.awsapps.com/start"
"""The access portal that tokens are for."""

HOUR = 3600


class Login(msgspec.Struct, frozen=True, rename="camel"):
    """What somebody who logged in holds: as the AWS CLI caches it, and a user's new keys."""

    start_url: str
    region: str
    access_token: str
    expires_at: str
    access_key_id: str
    secret_access_key: str

    def __repr__(self) -> str:
        return "Login()"


class Logins:
    """Who may sign: the users of the accounts, and whoever logged in and was not thrown out."""

    def __init__(
        self, accounts: Iterable[SimAccount], roles: MutableMapping[str, AssumedRole], clock: Clock
    ) -> None:
        self._accounts = {account.profile: account for account in accounts}
        self._roles = roles
        self._clock = clock
        self._keys = {account.access_key: account for account in self._accounts.values()}
        self._tokens: dict[str, tuple[str, float]] = {}
        self._ended: set[str] = set()

    def account(self, access_key: str) -> SimAccount | None:
        """Return the account of a user's key, or of a role's temporary one; None: nobody's."""
        role = self._roles.get(access_key)
        return role.account if role is not None else self._keys.get(access_key)

    def ended(self, access_key: str) -> bool:
        """Return whether a key was good once, and is no more."""
        role = self._roles.get(access_key)
        run_out = role is not None and self._clock.now() >= role.expires
        return run_out or access_key in self._ended

    def sign_in(self, profile: str, seconds: float = HOUR) -> Login:
        """Log in to an account; raises ValueError for a profile that there is not."""
        account = self._account_of(profile)
        token = f"simulated-sso-{secrets.token_hex(16)}"
        key = f"AKIA{secrets.token_hex(8).upper()}"
        expires = self._clock.now() + seconds
        self._tokens[token] = (profile, expires)
        self._keys[key] = account
        return Login(
            start_url=START_URL,
            region="us-east-1",
            access_token=token,
            expires_at=datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            access_key_id=key,
            secret_access_key=secrets.token_hex(20),
        )

    def expire(self, profile: str) -> None:
        """End every key, role and SSO token of an account; raises ValueError as `sign_in`."""
        account = self._account_of(profile)
        self._ended.update(key for key, owner in self._keys.items() if owner is account)
        self._ended.update(key for key, role in self._roles.items() if role.account is account)
        self._tokens = {t: kept for t, kept in self._tokens.items() if kept[0] != profile}

    def role_credentials(self, token: str, account_id: str, role: str) -> dict[str, Any]:
        """Answer GetRoleCredentials of the SSO portal; raises its `AwsError`."""
        profile, expires = self._tokens.get(token, ("", 0.0))
        now = self._clock.now()
        if now >= expires:
            message = "Session token not found or invalid"
            raise AwsError("UnauthorizedException", message, 401)
        account = self._accounts[profile]
        if account.account_id != account_id:
            raise AwsError("ForbiddenException", "No access", 403)
        arn = f"arn:aws:iam::{account_id}:role/{role}"
        made = assume(account, arn, f"{profile}@{token[-8:]}", now, HOUR)
        self._roles[made.access_key] = made
        return {
            "roleCredentials": {
                "accessKeyId": made.access_key,
                "secretAccessKey": made.secret_key,
                "sessionToken": made.token,
                "expiration": int(made.expires * 1000),
            }
        }

    def _account_of(self, profile: str) -> SimAccount:
        account = self._accounts.get(profile)
        if account is None:
            raise ValueError(f"no profile {profile!r}: there are {', '.join(self._accounts)}")
        return account
