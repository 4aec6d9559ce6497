"""Calls for API keys."""

from __future__ import annotations

from collections.abc import Sequence

from .. import types
from .._encoding import Time, fields, query, segment
from .._envelope import Envelope
from .._omit import OMIT, Omit
from .._pagination import listing
from .._request import Request, write_headers
from ._paginate import AsyncPager, paginate
from ._resource import AsyncResource

_PATH = "/api/v1/api-keys"


class AsyncApiKeys(AsyncResource):
    """API keys."""

    def list(self) -> AsyncPager[types.ApiKeyList, types.ApiKey]:
        """Lists the keys."""
        return paginate(self._transport, listing(Request("GET", _PATH), types.ApiKeyList, lambda data: data.keys))

    async def create(
        self,
        *,
        name: str,
        environment: types.Environment | Omit = OMIT,
        scopes: Sequence[types.Scope] | Omit = OMIT,
        expires_at: Time | None | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> Envelope[types.ApiKeyWithSecret]:
        """Creates a key. `plain_key` is in this response only."""
        body = fields(name=name, environment=environment, scopes=scopes, expires_at=expires_at)
        request = Request("POST", _PATH, body=body, headers=write_headers(idempotency_key=idempotency_key))
        return await self._transport.call(request, types.ApiKeyWithSecret)

    async def get(self, id: str) -> Envelope[types.ApiKey]:
        """Reads a key, without its plain text."""
        return await self._transport.call(Request("GET", f"{_PATH}/{segment(id)}"), types.ApiKey)

    async def rotate(
        self, key_id: str, *, grace_period_seconds: int | Omit = OMIT, idempotency_key: str | None = None
    ) -> Envelope[types.ApiKeyWithSecret]:
        """Gives a key a new plain text. The old one works until the grace period has passed."""
        body = fields(key_id=key_id, grace_period_seconds=grace_period_seconds)
        headers = write_headers(idempotency_key=idempotency_key)
        return await self._transport.call(
            Request("POST", f"{_PATH}/rotate", body=body, headers=headers), types.ApiKeyWithSecret
        )

    async def revoke(self, key_id: str, *, idempotency_key: str | None = None) -> Envelope[types.RevokedApiKey]:
        """Revokes a key for good."""
        headers = write_headers(idempotency_key=idempotency_key)
        request = Request("POST", f"{_PATH}/revoke", body=fields(key_id=key_id), headers=headers)
        return await self._transport.call(request, types.RevokedApiKey)

    async def usage(self, key_id: str, *, days: int | None = None) -> Envelope[types.ApiKeyUsage]:
        """Reads how many requests a key has made on each of the last days."""
        request = Request("GET", f"{_PATH}/usage", query(key_id=key_id, days=days))
        return await self._transport.call(request, types.ApiKeyUsage)
