"""Calls that change many memories."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from .. import types
from .._encoding import JsonObject, fields, json_object, query
from .._envelope import Envelope
from .._errors import HeroBrainError
from .._model import Model
from .._ndjson import Batches, ImportResults, lines_of
from .._omit import OMIT, Omit
from .._request import NDJSON, Request, write_headers
from .._response import unmoved_cursor
from ._resource import AsyncResource
from ._waiting import iterate

_PATH = "/api/v1/memories"


class AsyncMemoryBatches(AsyncResource):
    """Changes of many memories."""

    async def create_bulk(
        self,
        memories: Sequence[types.NewMemory | JsonObject],
        *,
        on_conflict: types.OnConflict | None = None,
        idempotency_key: str | None = None,
    ) -> Envelope[types.CreatedMemories]:
        """Creates up to 100 memories. The result says of each whether it was created."""
        body = {"memories": [json_object(memory) for memory in memories]}
        headers = write_headers(idempotency_key=idempotency_key)
        request = Request("POST", f"{_PATH}/bulk", query(on_conflict=on_conflict), body, headers=headers)
        return await self._transport.call(request, types.CreatedMemories)

    async def update_bulk(
        self, items: Sequence[types.MemoryUpdate | JsonObject], *, idempotency_key: str | None = None
    ) -> Envelope[types.UpdatedMemories]:
        """Changes up to 100 memories. An item is `{"id": …, "patch": {…}, "if_match": …}`, a patch as in `update`."""
        body = {"items": [_update_item(item) for item in items]}
        headers = write_headers(idempotency_key=idempotency_key)
        request = Request("POST", f"{_PATH}/bulk-update", body=body, headers=headers)
        return await self._transport.call(request, types.UpdatedMemories)

    async def delete_bulk(
        self,
        *,
        ids: Sequence[str] | Omit = OMIT,
        filter: JsonObject | Omit = OMIT,
        cursor: str | None | Omit = OMIT,
        idempotency_key: str | None = None,
    ) -> Envelope[types.DeletedMemories]:
        """Deletes up to 100 memories by their ids, or a part of those that match a filter.

        With a filter, repeat it with the returned `next_cursor` until that is None, as `delete_all` does.
        """
        body = fields(ids=ids, filter=filter, cursor=cursor)
        headers = write_headers(idempotency_key=idempotency_key)
        request = Request("POST", f"{_PATH}/bulk-delete", body=body, headers=headers)
        return await self._transport.call(request, types.DeletedMemories)

    async def delete_all(self, *, filter: JsonObject) -> Envelope[types.DeletedMemories]:
        """Deletes all memories that match a filter, with as many requests as it takes. `deleted` counts them all."""
        page = await self.delete_bulk(filter=filter)
        deleted, cursor = page.data.deleted, None
        while page.data.next_cursor:
            if page.data.next_cursor == cursor:
                raise unmoved_cursor(page.status, page.headers)
            cursor = page.data.next_cursor
            page = await self.delete_bulk(filter=filter, cursor=cursor)
            deleted += page.data.deleted
        return replace(page, data=page.data.model_copy(update={"deleted": deleted}))

    async def import_(
        self,
        memories: Iterable[types.ImportItem] | AsyncIterable[types.ImportItem] | str | bytes,
        *,
        on_conflict: types.OnConflict | None = None,
        idempotency_key: str | None = None,
    ) -> Envelope[types.ImportedMemories]:
        """Imports any number of memories, or NDJSON as a text or a file, with a request for each 1,000 lines or 4 MiB.

        The results have the numbers of the lines of the whole input, from 1 on. If a request fails, what was sent before it
        is imported, with the results in `imported` of the error. Repeat the import with the same `idempotency_key` and the
        same input, and nothing is imported twice. The same mends lines that have failed with SERVICE_UNAVAILABLE.
        """
        base = write_headers(idempotency_key=idempotency_key)["Idempotency-Key"]
        batches, results = Batches(), ImportResults()
        if isinstance(memories, Mapping):
            raise TypeError("memories must be an iterable of memories; put a single one into a list")
        source = lines_of(memories) if isinstance(memories, (str, bytes)) else memories
        try:
            async for item in iterate(source):
                full = batches.add(item)
                if full is not None:
                    await self._import_batch(full, results, query(on_conflict=on_conflict), base)
            rest = batches.rest()
            if rest is not None:
                await self._import_batch(rest, results, query(on_conflict=on_conflict), base)
        except HeroBrainError as error:
            error.imported = results.data()
            raise
        return results.envelope()

    async def _import_batch(self, body: bytes, results: ImportResults, parameters: dict[str, str], key: str) -> None:
        if not body.strip():
            results.skip(body)
            return
        # Each request has a key of its own, which is the same when the import is repeated.
        headers = write_headers(idempotency_key=f"{key}-{results.lines}" if results.lines else key)
        request = Request(
            "POST", f"{_PATH}/import", parameters, content=body, headers={**headers, "Content-Type": NDJSON}
        )
        results.add(body, await self._transport.send(request))


def _update_item(item: Model | JsonObject) -> dict[str, Any]:
    fields_of_item = json_object(item)
    patch = fields_of_item.get("patch")
    if isinstance(patch, (Model, Mapping)):
        fields_of_item["patch"] = json_object(cast("Model | JsonObject", patch))
    return fields_of_item
