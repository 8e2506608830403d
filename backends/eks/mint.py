"""EKS tokens on behalf of a kubeconfig that names ``aws eks get-token``."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import msgspec

from backends.aws.credentials import ProfileCredentials
from backends.aws.redact import redact
from backends.aws.session import credential_session, signing_session
from backends.base import AwsSource, BackendError, Expired, Invalid, Sources
from backends.clock import Clock
from backends.eks import token
from backends.text import clean

_ACTION = "mint EKS token"

ROLE_SESSION = "EKSGetTokenAuth"
"""The session's name when a role is assumed for a token; the AWS CLI's."""

_ANYWHERE = "aws-global"
"""Where STS is asked when neither command nor profile names a region; the AWS CLI's choice."""


class Minter:
    """Mints from the AWS profile that a kubeconfig names, whether or not it is looked at."""

    def __init__(self, sources: Sources, clock: Clock) -> None:
        self._sources = sources
        self._clock = clock
        self._credentials: dict[tuple[str, str], ProfileCredentials] = {}

    async def mint(self, wish: token.GetToken) -> tuple[str, float]:
        """Return a token and when it ends: what ``aws eks get-token`` would print.

        Raises `Expired` where there are no credentials, `Invalid` where the profile's own
        settings are wrong.
        """
        source = self._source(wish.profile)
        try:
            async with asyncio.timeout(self._sources.request_timeout):
                keys: Any = await self._chain(wish, source).get_frozen_credentials()
                if wish.role:
                    keys = await _assume(source, wish, keys)
        except BackendError:
            raise
        except Exception as error:
            # Its words may quote a credential process's output: the type is enough.
            raise Expired(
                _ACTION,
                f"no AWS credentials for {_called(wish.profile)}: {type(error).__name__}",
                f"log in: `aws sso login{_flag(wish.profile)}`, or export credentials",
            ) from None
        return await asyncio.to_thread(_mint, source, wish, keys), self._ends()

    def forget(self) -> None:
        """Load every profile's credentials anew at the next token: somebody logged in."""
        for credentials in self._credentials.values():
            credentials.forget()

    def _ends(self) -> float:
        return self._clock.now() + token.TOKEN_SECONDS

    def _chain(self, wish: token.GetToken, source: AwsSource) -> ProfileCredentials:
        """Return where the keys come from: the environment's own win over a profile in it."""
        if not wish.named and os.environ.get("AWS_ACCESS_KEY_ID"):
            source = msgspec.structs.replace(source, profile="")
        return self._credentials.setdefault(
            (source.profile, wish.region),
            ProfileCredentials(source, wish.region or _ANYWHERE, self._clock),
        )

    def _source(self, profile: str) -> AwsSource:
        for source in self._sources.aws:
            if source.profile == profile:
                return source
        return AwsSource(profile=profile, imds=any(source.imds for source in self._sources.aws))


class _Keys(msgspec.Struct, frozen=True):
    access_key: str
    secret_key: str
    token: str

    def __repr__(self) -> str:
        return "Keys()"

    __str__ = __repr__


def _mint(source: AwsSource, wish: token.GetToken, keys: Any) -> str:
    """Mint by the settings of a profile; blocks for some milliseconds."""
    from botocore.exceptions import BotoCoreError

    try:
        return token.mint_as_cli(signing_session(source), wish, keys)
    except (BotoCoreError, ValueError) as error:
        raise Invalid(
            _ACTION,
            f"the settings of {_called(wish.profile)} make no STS endpoint: {redact(str(error))}",
            "correct its region, sts_regional_endpoints or endpoint_url",
        ) from None


async def _assume(source: AwsSource, wish: token.GetToken, keys: Any) -> _Keys:
    """Assume the role of ``--role-arn`` with `keys`."""
    session = await asyncio.to_thread(credential_session, source, wish.region or _ANYWHERE)
    async with session.create_client(
        "sts",
        region_name=wish.region or None,
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret_key,
        aws_session_token=keys.token,
    ) as client:
        answer = await client.assume_role(RoleArn=wish.role, RoleSessionName=ROLE_SESSION)
    found = answer["Credentials"]
    return _Keys(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])


def _called(profile: str) -> str:
    return f"profile {clean(profile)}" if profile else "the default profile"


def _flag(profile: str) -> str:
    return f" --profile {clean(profile)}" if profile else ""
