"""Calls that return many memories."""

from __future__ import annotations

from collections.abc import Sequence

from .. import types
from .._encoding import JsonObject, Time, fields, query
from .._omit import OMIT, Omit
from .._pagination import Lines, lines_listing, listing
from .._request import NDJSON, Request
from ._paginate import AsyncPager, paginate
from ._resource import AsyncResource

_PATH = "/api/v1/memories"


class AsyncMemoryLists(AsyncResource):
    """Lists of memories."""

    def list(
        self,
        *,
        type: types.MemoryType | None = None,
        tags: Sequence[str] | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        namespace: str | Sequence[str] | None = None,
        namespace_prefix: str | Sequence[str] | None = None,
        sort: types.SortField | None = None,
        order: types.SortOrder | None = None,
        limit: int | None = None,
        page: int | None = None,
        cursor: str | None = None,
    ) -> AsyncPager[types.MemoryList, types.Memory]:
        """Lists memories, the newest first. A memory has to have all of the tags."""
        parameters = query(
            type=type,
            tags=tags,
            user_id=user_id,
            agent_id=agent_id,
            session_id=session_id,
            namespace=namespace,
            namespace_prefix=namespace_prefix,
            sort=sort,
            order=order,
            limit=limit,
            page=page,
            cursor=cursor,
        )
        source = listing(
            Request("GET", _PATH, parameters),
            types.MemoryList,
            lambda data: data.memories,
            # Without a description of the page it is the only one.
            lambda data: getattr(data.pagination, "next_cursor", None),
        )
        return paginate(self._transport, source)

    def search(
        self,
        query: str | Omit = OMIT,
        *,
        type: types.MemoryType | Omit = OMIT,
        tags: Sequence[str] | Omit = OMIT,
        user_id: str | Omit = OMIT,
        agent_id: str | Omit = OMIT,
        session_id: str | Omit = OMIT,
        namespace: Sequence[str] | Omit = OMIT,
        namespace_prefix: Sequence[str] | Omit = OMIT,
        metadata: JsonObject | Omit = OMIT,
        created_after: Time | Omit = OMIT,
        created_before: Time | Omit = OMIT,
        filter: JsonObject | Omit = OMIT,
        min_relevance: float | Omit = OMIT,
        explain: bool | Omit = OMIT,
        limit: int | Omit = OMIT,
        cursor: str | None | Omit = OMIT,
    ) -> AsyncPager[types.SearchResults, types.FoundMemory]:
        """Searches by words and by meaning. Without a query it lists the newest memories that meet the conditions."""
        body = fields(
            query=query,
            type=type,
            tags=tags,
            user_id=user_id,
            agent_id=agent_id,
            session_id=session_id,
            namespace=namespace,
            namespace_prefix=namespace_prefix,
            metadata=metadata,
            created_after=created_after,
            created_before=created_before,
            filter=filter,
            min_relevance=min_relevance,
            explain=explain,
            limit=limit,
            cursor=cursor,
        )
        source = listing(
            Request("POST", f"{_PATH}/search", body=body),
            types.SearchResults,
            lambda data: data.results,
            lambda data: data.next_cursor,
        )
        return paginate(self._transport, source)

    def query(
        self,
        *,
        filter: JsonObject | Omit = OMIT,
        sort: types.SortField | Omit = OMIT,
        order: types.SortOrder | Omit = OMIT,
        limit: int | Omit = OMIT,
        cursor: str | None | Omit = OMIT,
    ) -> AsyncPager[types.QueryResults, types.Memory]:
        """Lists the memories that match a filter with operators."""
        body = fields(filter=filter, sort=sort, order=order, limit=limit, cursor=cursor)
        source = listing(
            Request("POST", f"{_PATH}/query", body=body),
            types.QueryResults,
            lambda data: data.memories,
            lambda data: data.next_cursor,
        )
        return paginate(self._transport, source)

    def batch_get(
        self, ids: Sequence[str], *, cursor: str | None | Omit = OMIT
    ) -> AsyncPager[types.MemoryBatch, types.Memory | None]:
        """Reads up to 100 memories in the order of their ids. It is None for an id that no memory has."""
        source = listing(
            Request("POST", f"{_PATH}/batch-get", body=fields(ids=ids, cursor=cursor)),
            types.MemoryBatch,
            lambda data: data.memories,
            lambda data: data.next_cursor,
        )
        return paginate(self._transport, source)

    def export(
        self,
        *,
        type: types.MemoryType | None = None,
        tags: Sequence[str] | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        namespace: str | Sequence[str] | None = None,
        namespace_prefix: str | Sequence[str] | None = None,
        cursor: str | None = None,
    ) -> AsyncPager[Lines[types.Memory], types.Memory]:
        """Reads all memories, the oldest first, up to 1,000 with each request."""
        parameters = query(
            type=type,
            tags=tags,
            user_id=user_id,
            agent_id=agent_id,
            session_id=session_id,
            namespace=namespace,
            namespace_prefix=namespace_prefix,
            cursor=cursor,
        )
        request = Request("GET", f"{_PATH}/export", parameters, headers={"Accept": NDJSON})
        return paginate(self._transport, lines_listing(request, types.Memory))
