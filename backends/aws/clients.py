"""Open clients, one for each profile, region and service, made off the event loop."""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiobotocore.config import AioConfig

from backends.aws import loader
from backends.aws.credentials import ProfileCredentials
from backends.aws.profiles import Profile
from backends.aws.session import Session
from backends.aws.transport import HttpSession, shared_context
from backends.clock import Clock

POOL = 50
"""Connections a client keeps: with botocore's own 10, a hundred calls take three times as long."""

LONG_POLL = 20.0
"""Seconds for which SQS holds its answer back at the most, where it is asked to wait for a
message (ReceiveMessage in the SQS API reference)."""

CLOSE_TIMEOUT = 2.0
"""Seconds after which a connection that does not close is left to the system."""

CONNECT_TIMEOUT = 5.0
"""Seconds to wait for a connection at most; `Sources.request_timeout` where that is shorter."""


_maker = ThreadPoolExecutor(1, "aws-clients")
"""Makes one client after the other: it is all Python's work, so that several threads would only
take turns away from the screen; and what the first has loaded, the others find."""


class Clients:
    """The clients of one profile."""

    def __init__(self, profile: Profile, timeout: float, clock: Clock) -> None:
        self.profile = profile
        self.credentials = ProfileCredentials(profile.source, profile.regions[0], clock)
        self._session: Session = profile.session
        self._session.register_component("credential_provider", self.credentials)
        self._config = AioConfig(
            connect_timeout=min(timeout, CONNECT_TIMEOUT),
            read_timeout=timeout,
            max_pool_connections=POOL,
            retries={"mode": "standard", "total_max_attempts": 1},
            http_session_cls=HttpSession,
        )
        self._open: dict[tuple[str, str], Any] = {}
        self._lock = asyncio.Lock()

    async def get(self, service: str, region: str) -> Any:
        """Return the client for a service in a region, opened at its first use.

        No client retries by itself: every attempt has to pass the call budget, and a mutation
        must not be sent twice.
        """
        client = self._open.get((service, region))
        if client is not None:
            return client
        async with self._lock:
            client = self._open.get((service, region))
            if client is None:
                loop = asyncio.get_running_loop()
                client = await loop.run_in_executor(_maker, self._make, service, region)
                self._open[(service, region)] = client
        return client

    async def close(self) -> None:
        """Close every client that was opened."""
        clients, self._open = list(self._open.values()), {}
        await asyncio.gather(*(_close(client) for client in clients))

    def _make(self, service: str, region: str) -> Any:
        """Make a client in a worker thread, on a loop of its own that ends with it.

        Nothing in a new client belongs to a loop yet: its connections are opened by the first
        call, and credentials are not asked for before that either.
        """
        loader.warm(self._session.get_component("data_loader"), (service,))
        shared_context(self._session.get_config_variable("ca_bundle") or True)

        async def enter() -> Any:
            config = self._config
            if waits := patience(service):
                config = config.merge(AioConfig(read_timeout=self._config.read_timeout + waits))
            context = self._session.create_client(service, region_name=region, config=config)
            return await context.__aenter__()

        return asyncio.run(enter())


def patience(service: str) -> float:
    """Return the seconds that a service may take beyond what others may: it was told to wait."""
    return LONG_POLL if service == "sqs" else 0.0


async def _close(client: Any) -> None:
    """Close a client; a connection that is broken, or never drains, is no reason to wait."""
    with contextlib.suppress(Exception):
        async with asyncio.timeout(CLOSE_TIMEOUT):
            await client.__aexit__(None, None, None)
