"""Where AWS requests arrive: who sends them, what they ask, whether they may, the answer."""

from __future__ import annotations

import uuid

from aiohttp import web

from backends.sim.aws import operations, wire
from backends.sim.aws.call import Call
from backends.sim.aws.errors import AwsError, expired_key, unknown_key, unsigned
from backends.sim.aws.throttle import Throttle
from backends.sim.blueprint import SimAccount
from backends.sim.world import World


class AwsFace:
    """Answers every AWS request made to the simulator."""

    def __init__(self, world: World, *, throttling: bool) -> None:
        self._world = world
        self._throttle = Throttle(world.clock) if throttling else None

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request; never raises but on cancellation."""
        request_id = str(uuid.uuid4())
        signed = wire.signature(request)
        protocol = wire.protocol_of(request, signed)
        try:
            if signed is None:
                raise unsigned(protocol)
            asked = wire.decode(request, signed, await request.read())
            return wire.answer(asked, await self._perform(asked, signed), request_id)
        except AwsError as error:
            service = signed.service if signed else ""
            return wire.refusal(protocol, service, error, request_id)

    async def _perform(self, asked: wire.Request, signed: wire.Signed) -> dict[str, object]:
        account = self._account(signed, asked.protocol)
        action = f"{asked.service}:{asked.action}"
        fault = await self._world.faults.meet(action, f"{account.account_id}/{signed.region}")
        if fault is not None:
            raise AwsError(fault.code, fault.message, fault.status)
        perform = operations.OPERATIONS.get((asked.service, asked.action))
        if perform is None:
            raise AwsError("UnknownOperationException", "")
        if self._throttle is not None:
            self._throttle.spend(account.account_id, signed.region, asked.service, asked.action)
        self._world.advance()
        output = perform(
            Call(
                self._world, account, signed.region, asked.service, asked.action, asked.params,
                signed.access_key,
            )
        )  # fmt: skip
        return output if isinstance(output, dict) else await output

    def _account(self, signed: wire.Signed, protocol: str) -> SimAccount:
        """Return whose key signed a request; AWS's error where nobody's did, or not any more."""
        if self._world.logins.ended(signed.access_key):
            raise expired_key(protocol)
        account = self._world.logins.account(signed.access_key)
        if account is None:
            raise unknown_key(protocol)
        return account
