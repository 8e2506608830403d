"""A client of the simulator's AWS face, made by botocore: it checks what is asked of it against
the service's model, and parses the answer by it."""

from __future__ import annotations

import asyncio
from typing import Any

import botocore.session
from botocore.config import Config

from backends.sim.blueprint import ACCOUNTS, SimAccount

PROD, STAGING = ACCOUNTS

SESSION = botocore.session.Session()
"""Shared by all tests, since reading the service models takes longer than most of them."""


class Aws:
    """Calls a simulator with botocore's clients, which check what is asked and parse the answer."""

    def __init__(self, url: str, account: SimAccount = PROD) -> None:
        self._url = url
        self._account = account
        self._clients: dict[tuple[str, str], Any] = {}
        self.answers: list[tuple[Any, bytes]] = []
        """The (operation model, raw body) of every answer so far."""

    def client(self, service: str, region: str = "us-east-1") -> Any:
        if (service, region) not in self._clients:
            client = SESSION.create_client(
                service,
                region_name=region,
                endpoint_url=self._url,
                aws_access_key_id=self._account.access_key,
                aws_secret_access_key=self._account.secret_key,
                config=Config(retries={"total_max_attempts": 1}, inject_host_prefix=False),
            )
            client.meta.events.register("after-call", self._keep)
            self._clients[service, region] = client
        return self._clients[service, region]

    def _keep(self, *, model: Any, http_response: Any, **_: Any) -> None:
        self.answers.append((model, http_response.content))

    async def __call__(
        self, service: str, operation: str, /, *, region: str = "us-east-1", **params: Any
    ) -> Any:
        """Call an operation, named as botocore's methods are, without blocking the server."""
        client = self.client(service, region)
        return await asyncio.to_thread(getattr(client, operation), **params)
