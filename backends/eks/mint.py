"""EKS tokens on behalf of a kubeconfig that names ``aws eks get-token``."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from backends.aws.credentials import ProfileCredentials
from backends.aws.session import credential_session
from backends.base import AwsSource, BackendError, Expired, Sources
from backends.clock import Clock
from backends.eks import token
from backends.text import clean

_ACTION = "mint EKS token"


class Minter:
    """Mints from the AWS profile that a kubeconfig names, whether or not it is looked at."""

    def __init__(self, sources: Sources, clock: Clock) -> None:
        self._sources = sources
        self._clock = clock
        self._credentials: dict[tuple[str, str], ProfileCredentials] = {}

    async def mint(self, wish: token.GetToken) -> tuple[str, float]:
        """Return a token and when it ends. Raises `Expired` where there are no credentials."""
        source = self._source(wish.profile)
        credentials = self._credentials.setdefault(
            (wish.profile, wish.region), ProfileCredentials(source, wish.region, self._clock)
        )
        try:
            async with asyncio.timeout(self._sources.request_timeout):
                keys: Any = await credentials.get_frozen_credentials()
                region = wish.region or await asyncio.to_thread(_region, source)
                if wish.role:
                    keys = await _assume(source, region, wish.role, keys)
        except BackendError:
            raise
        except Exception as error:
            # Its words may quote a credential process's output: the type is enough.
            raise Expired(
                _ACTION,
                f"no AWS credentials for {_called(wish.profile)}: {type(error).__name__}",
                f"log in: `aws sso login{_flag(wish.profile)}`, or export credentials",
            ) from None
        made = await asyncio.to_thread(
            token.mint, wish.cluster, region, keys.access_key, keys.secret_key, keys.token or ""
        )
        return made, self._clock.now() + token.TOKEN_SECONDS

    def _source(self, profile: str) -> AwsSource:
        for source in self._sources.aws:
            if source.profile == profile:
                return source
        return AwsSource(profile=profile)


class _Keys(msgspec.Struct, frozen=True):
    access_key: str
    secret_key: str
    token: str

    def __repr__(self) -> str:
        return "Keys()"

    __str__ = __repr__


async def _assume(source: AwsSource, region: str, role: str, keys: Any) -> _Keys:
    """Assume the role of ``--role-arn`` with `keys`."""
    session = await asyncio.to_thread(credential_session, source, region)
    async with session.create_client(
        "sts",
        region_name=region,
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret_key,
        aws_session_token=keys.token,
    ) as client:
        answer = await client.assume_role(RoleArn=role, RoleSessionName="EKSGetTokenAuth")
    found = answer["Credentials"]
    return _Keys(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])


def _region(source: AwsSource) -> str:
    """Return the region of a profile's own, as the AWS CLI would take; us-east-1 by default."""
    session = credential_session(source, "us-east-1")
    return str(session.get_config_variable("region") or "us-east-1")


def _called(profile: str) -> str:
    return f"profile {clean(profile)}" if profile else "the default profile"


def _flag(profile: str) -> str:
    return f" --profile {clean(profile)}" if profile else ""
