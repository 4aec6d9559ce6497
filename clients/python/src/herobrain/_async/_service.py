"""Calls for namespaces, limits, tokens and the service itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import types
from .._encoding import fields, query
from .._envelope import Envelope
from .._model import parse
from .._omit import OMIT, Omit
from .._pagination import listing
from .._request import Request
from ._paginate import AsyncPager, paginate
from ._resource import AsyncResource


class AsyncNamespaces(AsyncResource):
    """Namespaces."""

    def list(
        self, *, prefix: str | Sequence[str] | None = None, limit: int | None = None, cursor: str | None = None
    ) -> AsyncPager[types.NamespaceList, types.Namespace]:
        """Lists the distinct namespaces of memories."""
        source = listing(
            Request("GET", "/api/v1/namespaces", query(prefix=prefix, limit=limit, cursor=cursor)),
            types.NamespaceList,
            lambda data: data.namespaces,
            lambda data: data.next_cursor,
        )
        return paginate(self._transport, source)


class AsyncUsage(AsyncResource):
    """Limits, and what is left of them."""

    async def rate_limit(self) -> Envelope[types.RateLimitStatus]:
        """Reads what is left of the rate limit and the month. It is not counted."""
        return await self._transport.call(Request("GET", "/api/v1/rate-limit"), types.RateLimitStatus)


class AsyncAuth(AsyncResource):
    """Access tokens."""

    async def exchange(self, *, scopes: Sequence[types.Scope] | Omit = OMIT) -> Envelope[types.AccessToken]:
        """Exchanges a Clerk session, which the client was given as `token`, for an access token of 15 minutes."""
        request = Request("POST", "/auth/clerk-token", body=fields(scopes=scopes))
        return await self._transport.call(request, types.AccessToken)

    async def jwks(self) -> types.KeySet:
        """Reads the public keys of access tokens. The response has no envelope."""
        answer = await self._transport.send(Request("GET", "/.well-known/jwks.json", is_public=True))
        return parse(types.KeySet, answer.object())


class AsyncHealth(AsyncResource):
    """The state of the service."""

    async def check(self) -> Envelope[types.Health]:
        """Asks the service for a sign of life. It needs no credential."""
        return await self._transport.call(Request("GET", "/health", is_public=True), types.Health)


class AsyncOpenApi(AsyncResource):
    """The description of the API."""

    async def get(self) -> Any:
        """Reads the OpenAPI document. The response has no envelope."""
        return (await self._transport.send(Request("GET", "/openapi.json", is_public=True))).json()
