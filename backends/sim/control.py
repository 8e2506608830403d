"""The simulator's own endpoints under ``/_sim/``: for tests, demos and curiosity."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson
from aiohttp import web

from backends.clock import ManualClock
from backends.sim.faults import Fault
from backends.sim.logins import HOUR
from backends.sim.world import World


class _Advance(msgspec.Struct):
    seconds: float


class _Login(msgspec.Struct):
    profile: str
    seconds: float = HOUR


class _Incident(msgspec.Struct):
    name: str
    cluster: str
    service: str


def _answer(body: Any, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")


def _refuse(message: str, status: int = 400) -> web.Response:
    return _answer({"error": message}, status)


class Control:
    """Handlers of the endpoints; each answers JSON, and ``{"error": ...}`` on a bad request."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        """Return the route definitions to add to an application."""
        return [
            web.get("/_sim/health", self.health),
            web.get("/_sim/calls", self.calls),
            web.post("/_sim/advance", self.advance),
            web.post("/_sim/incident", self.incident),
            web.post("/_sim/fault", self.fault),
            web.post("/_sim/login", self.login),
            web.post("/_sim/expire", self.expire),
            web.post("/_sim/churn", self.churn),
            web.get("/_sim/pods", self.pods),
        ]

    async def health(self, _request: web.Request) -> web.Response:
        """Answer that the simulator serves, with its seed, scale and time."""
        blueprint = self._world.blueprint
        return _answer(
            {"ok": True, "seed": blueprint.seed, "scale": blueprint.scale,
             "now": self._world.clock.now()}
        )  # fmt: skip

    async def calls(self, _request: web.Request) -> web.Response:
        """Answer how often each action was called."""
        return _answer(dict(self._world.faults.calls))

    async def advance(self, request: web.Request) -> web.Response:
        """Move a manual clock on by ``seconds`` and let happen what is then due."""
        clock = self._world.clock
        if not isinstance(clock, ManualClock):
            return _refuse("the clock is the machine's own: start with a manual clock", 409)
        try:
            wanted = msgspec.json.decode(await request.read(), type=_Advance)
        except msgspec.DecodeError as error:
            return _refuse(str(error))
        if wanted.seconds < 0:
            return _refuse("time does not go backwards")
        clock.advance(wanted.seconds)
        self._world.advance()
        return _answer({"now": clock.now()})

    async def incident(self, request: web.Request) -> web.Response:
        """Make something go wrong with a service now."""
        try:
            wanted = msgspec.json.decode(await request.read(), type=_Incident)
            self._world.advance()
            self._world.incident(wanted.name, wanted.cluster, wanted.service)
        except (msgspec.DecodeError, ValueError) as error:
            return _refuse(str(error))
        return _answer({"ok": True})

    async def login(self, request: web.Request) -> web.Response:
        """Log in to a ``profile``: an SSO token good for ``seconds``, and a user's new keys."""
        try:
            wanted = msgspec.json.decode(await request.read(), type=_Login)
            held = self._world.logins.sign_in(wanted.profile, wanted.seconds)
        except (msgspec.DecodeError, ValueError) as error:
            return _refuse(str(error))
        return _answer(msgspec.to_builtins(held))

    async def expire(self, request: web.Request) -> web.Response:
        """End all keys, roles and SSO tokens of a ``profile``."""
        try:
            wanted = msgspec.json.decode(await request.read(), type=_Login)
            self._world.logins.expire(wanted.profile)
        except (msgspec.DecodeError, ValueError) as error:
            return _refuse(str(error))
        return _answer({"ok": True})

    async def churn(self, request: web.Request) -> web.Response:
        """Have pods change at a ``rate`` for some ``seconds`` (see `Wish`); answers afterwards."""
        from backends.sim.churn import Churn, Wish

        try:
            churn = Churn(self._world, msgspec.json.decode(await request.read(), type=Wish))
            made = await churn.run()
        except (msgspec.DecodeError, ValueError) as error:
            return _refuse(str(error))
        return _answer({"changes": made})

    async def pods(self, _request: web.Request) -> web.Response:
        """Answer (namespace, name, restarts) of every pod, by cluster."""
        from backends.sim.churn import tally

        return _answer({name: tally(cluster) for name, cluster in self._world.kube.items()})

    async def fault(self, request: web.Request) -> web.Response:
        """Have coming calls fail, be slow or hang (see `Fault`); ``{}`` clears all of it."""
        body = await request.read()
        try:
            if body.strip() in (b"", b"{}"):
                self._world.faults.clear()
            else:
                self._world.faults.add(msgspec.json.decode(body, type=Fault))
        except msgspec.DecodeError as error:
            return _refuse(str(error))
        return _answer({"ok": True})
