"""The SSO access portal: temporary credentials for whoever holds its token."""

from __future__ import annotations

import orjson
from aiohttp import web

from backends.sim.aws.errors import AwsError
from backends.sim.world import World

TOKEN_HEADER = "x-amz-sso_bearer_token"  # noqa: S105 - a header's name
"""Where GetRoleCredentials bears its token; the requests of this service are not signed."""


class Portal:
    """Serves ``GET /federation/credentials``."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        """Return the route definitions to add to an application."""
        return [web.get("/federation/credentials", self.role_credentials)]

    async def role_credentials(self, request: web.Request) -> web.Response:
        """Answer temporary credentials of a role, or 401 where the token is no good."""
        self._world.faults.calls["sso:GetRoleCredentials"] += 1
        query = request.query
        try:
            body = self._world.logins.role_credentials(
                request.headers.get(TOKEN_HEADER, ""),
                query.get("account_id", ""),
                query.get("role_name", ""),
            )
        except AwsError as error:
            return web.Response(
                body=orjson.dumps({"message": error.message}),
                status=error.status,
                content_type="application/json",
                headers={"x-amzn-ErrorType": error.code},
            )
        return web.Response(body=orjson.dumps(body), content_type="application/json")
