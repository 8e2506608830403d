"""Lists and watches, for a kubelet that lives as long as a test session."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Self

import aiohttp

from tests.e2e.plane.api import Api, Refused

PAUSE = 0.5
"""Seconds until a watch that broke is begun anew."""


class KubeletApi(Api):
    """A session that can watch, too."""

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        return self

    async def watched(self, path: str, **params: str) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """Yield what there is (``ADDED``) and what happens to it, for ever.

        After a break all that there is comes again, and then ``SYNCED`` with the names and uids of
        all that is left.
        """
        while True:
            try:
                found = await self.get(path, **params)
                for item in found["items"]:
                    yield "ADDED", item
                yield "SYNCED", {"uids": {item["metadata"]["uid"] for item in found["items"]}}
                version = found["metadata"]["resourceVersion"]
                async for kind, item in self._events(path, version, params):
                    yield kind, item
            except (aiohttp.ClientError, OSError, TimeoutError, Refused, ValueError):
                await asyncio.sleep(PAUSE)

    async def _events(
        self, path: str, version: str, params: dict[str, str]
    ) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        assert self._session is not None
        asked = {**params, "watch": "true", "resourceVersion": version}
        timeout = aiohttp.ClientTimeout(total=None)
        async with self._session.get(
            self.url + path, params=asked, headers=self._headers, ssl=self._tls, timeout=timeout
        ) as answer:
            answer.raise_for_status()
            rest = b""
            async for chunk in answer.content.iter_any():
                *whole, rest = (rest + chunk).split(b"\n")
                for line in whole:
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        return
                    yield event["type"], event["object"]
