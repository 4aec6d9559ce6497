"""Calls for one memory by its key."""

from __future__ import annotations

from collections.abc import Sequence

from .. import types
from .._encoding import JsonObject, Time, fields, query
from .._envelope import Envelope
from .._omit import OMIT, Omit
from .._request import Request, conditions, write_headers
from ._resource import AsyncResource

_PATH = "/api/v1/memories"


class AsyncMemoryKeys(AsyncResource):
    """Memories by the key that the application has given them."""

    async def get_by_key(
        self,
        key: str,
        *,
        namespace: str | Sequence[str] | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        if_none_match: str | None = None,
    ) -> Envelope[types.Memory]:
        """Reads the memory that has a key. Namespace, user and agent have to be those of the memory."""
        parameters = query(key=key, namespace=namespace, user_id=user_id, agent_id=agent_id)
        headers = conditions(if_none_match=if_none_match)
        return await self._transport.call(Request("GET", f"{_PATH}/by-key", parameters, headers=headers), types.Memory)

    async def put_by_key(
        self,
        key: str,
        *,
        content: str,
        type: types.MemoryType,
        importance: float | None | Omit = OMIT,
        tags: Sequence[str] | None | Omit = OMIT,
        metadata: JsonObject | None | Omit = OMIT,
        namespace: str | Sequence[str] | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None | Omit = OMIT,
        expires_at: Time | None | Omit = OMIT,
        ttl_seconds: int | None | Omit = OMIT,
        searchable: bool | None | Omit = OMIT,
        if_match: str | None = None,
        if_none_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Envelope[types.Memory]:
        """Creates the memory that has a key, or replaces it. `if_none_match="*"` creates only."""
        body = fields(
            content=content,
            type=type,
            importance=importance,
            tags=tags,
            metadata=metadata,
            session_id=session_id,
            expires_at=expires_at,
            ttl_seconds=ttl_seconds,
            searchable=searchable,
        )
        parameters = query(key=key, namespace=namespace, user_id=user_id, agent_id=agent_id)
        headers = write_headers(idempotency_key=idempotency_key, if_match=if_match, if_none_match=if_none_match)
        request = Request("PUT", f"{_PATH}/by-key", parameters, body, headers=headers)
        return await self._transport.call(request, types.Memory)

    async def delete_by_key(
        self,
        key: str,
        *,
        namespace: str | Sequence[str] | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        if_match: str | None = None,
    ) -> Envelope[types.DeletedMemory]:
        """Deletes the memory that has a key."""
        parameters = query(key=key, namespace=namespace, user_id=user_id, agent_id=agent_id)
        request = Request("DELETE", f"{_PATH}/by-key", parameters, headers=conditions(if_match=if_match))
        return await self._transport.call(request, types.DeletedMemory)
