"""The credentials of one profile, loaded when first needed and again when they went bad."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError

from backends.aws.session import credential_session
from backends.base import AwsSource
from backends.clock import Clock

RETRY = 5.0
"""Seconds for which a failure to load is repeated instead of tried again by every call."""


class ProfileCredentials:
    """What every client of a profile signs with; stands in for botocore's own credentials.

    Clients outlive the credentials that they were opened with: after `renew` the next call
    reads the files, the SSO token or the process anew, so a login in another terminal is
    enough to go on.
    """

    method = "topdeck"

    def __init__(self, source: AwsSource, region: str, clock: Clock) -> None:
        self._source = source
        self._region = region
        self._clock = clock
        self._lock = asyncio.Lock()
        self._loaded: Any = None
        self._loaded_at = float("-inf")
        self._failure: Exception | None = None
        self._failed_at = float("-inf")
        self._forgotten = 0

    def __repr__(self) -> str:
        return f"ProfileCredentials({self._source.profile!r})"

    async def load_credentials(self) -> ProfileCredentials:
        """Return itself: this is the chain that client-making sessions ask."""
        return self

    async def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Return keys that are good now; raises botocore's errors where there are none."""
        async with self._lock:
            if self._failure and self._clock.monotonic() - self._failed_at < RETRY:
                raise self._failure.with_traceback(None)
            before = self._forgotten
            try:
                if self._loaded is None:
                    self._loaded = await self._load()
                    self._loaded_at = self._clock.monotonic()
                frozen = await self._loaded.get_frozen_credentials()
            except Exception as error:
                self._loaded = None
                if before == self._forgotten:  # else there may be new ones since this began
                    self._failure, self._failed_at = error, self._clock.monotonic()
                raise
            self._failure = None
            return frozen

    async def get_account_id(self) -> str | None:
        """Return the account that the credentials themselves name, if they do."""
        frozen = await self.get_frozen_credentials()
        return getattr(frozen, "account_id", None)

    def get_deferred_property(self, property_name: str) -> Callable[[], None]:
        """Return what botocore's synchronous endpoint rules would ask; aiobotocore never does."""
        return lambda: None

    def renew(self) -> None:
        """Load them anew at the next call; AWS said that these are no longer good."""
        if self._clock.monotonic() - self._loaded_at >= RETRY:
            self._loaded = None

    def forget(self) -> None:
        """Load them anew at the next call, whatever came of the last: somebody renewed them."""
        self._loaded, self._failure = None, None
        self._forgotten += 1

    async def _load(self) -> Any:
        session = await asyncio.to_thread(credential_session, self._source, self._region)
        loaded = await session.get_component("credential_provider").load_credentials()
        if loaded is None:
            raise NoCredentialsError
        return loaded
