"""Calls for one memory by its id."""

from __future__ import annotations

from collections.abc import Sequence

from .. import types
from .._encoding import JsonObject, Time, fields, query, segment
from .._envelope import Envelope
from .._omit import OMIT, Omit
from .._request import Request, conditions, write_headers
from ._resource import AsyncResource

_PATH = "/api/v1/memories"


class AsyncMemoryItems(AsyncResource):
    """Single memories."""

    async def create(
        self,
        *,
        content: str,
        type: types.MemoryType,
        importance: float | None | Omit = OMIT,
        tags: Sequence[str] | None | Omit = OMIT,
        metadata: JsonObject | None | Omit = OMIT,
        namespace: Sequence[str] | None | Omit = OMIT,
        key: str | None | Omit = OMIT,
        user_id: str | None | Omit = OMIT,
        agent_id: str | None | Omit = OMIT,
        session_id: str | None | Omit = OMIT,
        expires_at: Time | None | Omit = OMIT,
        ttl_seconds: int | None | Omit = OMIT,
        searchable: bool | None | Omit = OMIT,
        on_conflict: types.OnConflict | None = None,
        idempotency_key: str | None = None,
    ) -> Envelope[types.Memory]:
        """Creates a memory. `on_conflict` says what happens if another memory has the key."""
        body = fields(
            content=content,
            type=type,
            importance=importance,
            tags=tags,
            metadata=metadata,
            namespace=namespace,
            key=key,
            user_id=user_id,
            agent_id=agent_id,
            session_id=session_id,
            expires_at=expires_at,
            ttl_seconds=ttl_seconds,
            searchable=searchable,
        )
        headers = write_headers(idempotency_key=idempotency_key)
        request = Request("POST", _PATH, query(on_conflict=on_conflict), body, headers=headers)
        return await self._transport.call(request, types.Memory)

    async def get(self, id: str, *, if_none_match: str | None = None) -> Envelope[types.Memory]:
        """Reads a memory. Raises NotModifiedError if it still has the version `if_none_match`."""
        request = Request("GET", f"{_PATH}/{segment(id)}", headers=conditions(if_none_match=if_none_match))
        return await self._transport.call(request, types.Memory)

    async def replace(
        self,
        id: str,
        *,
        content: str,
        type: types.MemoryType,
        importance: float | None | Omit = OMIT,
        tags: Sequence[str] | None | Omit = OMIT,
        metadata: JsonObject | None | Omit = OMIT,
        namespace: Sequence[str] | None | Omit = OMIT,
        key: str | None | Omit = OMIT,
        user_id: str | None | Omit = OMIT,
        agent_id: str | None | Omit = OMIT,
        session_id: str | None | Omit = OMIT,
        expires_at: Time | None | Omit = OMIT,
        ttl_seconds: int | None | Omit = OMIT,
        searchable: bool | None | Omit = OMIT,
        if_match: str | None = None,
        if_none_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Envelope[types.Memory]:
        """Replaces all that a memory has but its id and `created_at`. What is not given gets its default."""
        body = fields(
            content=content,
            type=type,
            importance=importance,
            tags=tags,
            metadata=metadata,
            namespace=namespace,
            key=key,
            user_id=user_id,
            agent_id=agent_id,
            session_id=session_id,
            expires_at=expires_at,
            ttl_seconds=ttl_seconds,
            searchable=searchable,
        )
        headers = write_headers(idempotency_key=idempotency_key, if_match=if_match, if_none_match=if_none_match)
        request = Request("PUT", f"{_PATH}/{segment(id)}", body=body, headers=headers)
        return await self._transport.call(request, types.Memory)

    async def update(
        self,
        id: str,
        *,
        content: str | Omit = OMIT,
        type: types.MemoryType | Omit = OMIT,
        importance: float | Omit = OMIT,
        tags: Sequence[str] | Omit = OMIT,
        metadata: JsonObject | Omit = OMIT,
        metadata_mode: types.MetadataMode | Omit = OMIT,
        namespace: Sequence[str] | None | Omit = OMIT,
        key: str | None | Omit = OMIT,
        user_id: str | None | Omit = OMIT,
        agent_id: str | None | Omit = OMIT,
        session_id: str | None | Omit = OMIT,
        expires_at: Time | None | Omit = OMIT,
        ttl_seconds: int | Omit = OMIT,
        searchable: bool | Omit = OMIT,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Envelope[types.Memory]:
        """Changes the given fields. None removes a field, also inside of `metadata`, which is merged by default."""
        body = fields(
            content=content,
            type=type,
            importance=importance,
            tags=tags,
            metadata=metadata,
            metadata_mode=metadata_mode,
            namespace=namespace,
            key=key,
            user_id=user_id,
            agent_id=agent_id,
            session_id=session_id,
            expires_at=expires_at,
            ttl_seconds=ttl_seconds,
            searchable=searchable,
        )
        headers = write_headers(idempotency_key=idempotency_key, if_match=if_match)
        request = Request("PATCH", f"{_PATH}/{segment(id)}", body=body, headers=headers)
        return await self._transport.call(request, types.Memory)

    async def delete(self, id: str, *, if_match: str | None = None) -> Envelope[types.DeletedMemory]:
        """Deletes a memory."""
        request = Request("DELETE", f"{_PATH}/{segment(id)}", headers=conditions(if_match=if_match))
        return await self._transport.call(request, types.DeletedMemory)
