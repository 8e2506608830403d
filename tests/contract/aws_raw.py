"""AWS's API asked without Topdeck: for what a server holds, and for the bodies it answers with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

from aws_shapes import SESSION
from botocore.config import Config
from botocore.exceptions import ClientError


class Answer(NamedTuple):
    """One answer as it came."""

    service: str
    """botocore's name of the service."""
    operation: str
    status: int
    headers: dict[str, str]
    body: bytes


class RawAws:
    """Calls a server with botocore's clients, which know nothing of Topdeck."""

    def __init__(self, url: str, access_key: str, secret_key: str, region: str) -> None:
        self._url = url
        self._keys = {"aws_access_key_id": access_key, "aws_secret_access_key": secret_key}
        self._region = region
        self._clients: dict[tuple[str, str], Any] = {}
        self.answers: list[Answer] = []
        """Every answer so far, errors included."""

    def client(self, service: str, region: str = "") -> Any:
        """Return a client that sends what it is given, valid or not, and once."""
        key = (service, region or self._region)
        if key not in self._clients:
            client = self._clients[key] = SESSION.create_client(
                service,
                region_name=key[1],
                endpoint_url=self._url,
                **self._keys,
                config=Config(
                    retries={"total_max_attempts": 1},
                    inject_host_prefix=False,
                    parameter_validation=False,
                ),
            )

            def keep(*, model: Any, http_response: Any, **_: Any) -> None:
                headers = {name.lower(): value for name, value in http_response.headers.items()}
                status, body = http_response.status_code, http_response.content
                self.answers.append(Answer(service, model.name, status, headers, body))

            client.meta.events.register("after-call", keep)
        return self._clients[key]

    async def __call__(
        self, service: str, operation: str, /, *, region: str = "", **params: Any
    ) -> dict[str, Any]:
        """Call an operation by its name in CamelCase; raises `ClientError`."""
        client = self.client(service, region)
        names = {name: method for method, name in client.meta.method_to_api_mapping.items()}
        answer = await asyncio.to_thread(getattr(client, names[operation]), **params)
        return dict(answer)

    async def refusal(self, service: str, operation: str, /, **params: Any) -> str:
        """Call an operation that is to fail, and return the error's code."""
        try:
            await self(service, operation, **params)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return ""

    async def pages(
        self, service: str, operation: str, key: str, /, *, region: str = "", **params: Any
    ) -> AsyncIterator[Any]:
        """Yield every item of a listing, page by page."""
        token: dict[str, str] = {}
        while True:
            answer = await self(service, operation, region=region, **params, **token)
            for item in answer[key]:
                yield item
            name = "NextToken" if "NextToken" in answer else "nextToken"
            if not answer.get(name):
                return
            token = {name: answer[name]}
