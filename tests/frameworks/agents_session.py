"""The `Session` of OpenAI Agents over the HTTP API of HeroBrain.

An item of the conversation is a memory: `metadata.item` is the item and `content` its text. The memory with the key
`head` lists the ids of the session's items. Every change replaces it on the condition that nobody else has meanwhile, so
several writers are safe. When its list is full, it moves to a memory of its own, a page, whose id the head keeps.

The API bounds an item to 16 KiB of JSON and a session's id to 128 characters. A session has at most 400 pages.
"""

import json
from dataclasses import dataclass, field

import httpx

# The body of a bulk has room for so many memories of any size.
BULK = 16
# The ids in a page, and in one request.
PAGE = 100


@dataclass
class Head:
    """The ids of the full pages and of the items behind them, oldest first. Without a version it is not stored yet."""

    version: str | None = None
    pages: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)


class HeroBrainSession:
    """The session with this id, of one user or of none."""

    session_settings = None

    def __init__(self, session_id, url, api_key, *, user_id=None, root=("openai-agents",)):
        self.session_id = session_id
        self._scope = {"namespace": [*root, session_id], **({"userId": user_id} if user_id else {})}
        namespace = "/".join(segment.replace("~", "~0").replace("/", "~1") for segment in self._scope["namespace"])
        self._address = {**self._scope, "namespace": namespace, "key": "head"}
        headers = {"Authorization": f"Bearer {api_key}"}
        self._http = httpx.AsyncClient(base_url=f"{url}/api/v1/memories", headers=headers, timeout=30)

    async def get_items(self, limit=None):
        """The newest `limit` items in the order in which they were added; all if there is no limit or it is negative."""
        if limit is None and self.session_settings:
            limit = self.session_settings.limit
        every = limit is None or limit < 0
        head = await self._head()
        while head.pages and (every or len(head.items) < limit):
            await self._open_page(head)
        chosen = head.items if every else head.items[max(0, len(head.items) - limit):]
        return [memory["metadata"]["item"] for memory in await self._read(chosen) if memory]

    async def add_items(self, items):
        """Adds items at the end, all at once."""
        if not items:
            return
        added = await self._create([self._memory(item) for item in items])
        while True:
            head = await self._head()
            head.items += added
            moved = [{"items": head.items[at:at + PAGE]} for at in range(0, len(head.items) - PAGE, PAGE)]
            pages = await self._create([self._record(metadata) for metadata in moved])
            head.pages += pages
            head.items = head.items[len(pages) * PAGE:]
            if await self._replace(head):
                return
            await self._remove(pages)

    async def pop_item(self):
        """Removes the newest item and returns it; `None` if there is none. No item is returned twice."""
        while True:
            head = await self._head()
            pages = head.pages[:]
            if not head.items and pages:
                await self._open_page(head)
            if not head.items:
                return None
            last = head.items.pop()
            [memory] = await self._read([last])
            if await self._replace(head):
                await self._remove([last, *pages[len(head.pages):]])
                if memory:
                    return memory["metadata"]["item"]

    async def clear_session(self):
        """Deletes all items."""
        head = await self._head()
        while head.version and not await self._replace(Head(head.version)):
            head = await self._head()
        pages = head.pages[:]
        while head.pages:
            await self._open_page(head)
        await self._remove(head.items + pages)

    async def close(self):
        """Closes the connections."""
        await self._http.aclose()

    async def _head(self):
        response = await self._http.get("/by-key", params=self._address)
        if response.status_code == 404:
            return Head()
        metadata = data(response)["metadata"]
        return Head(response.headers["ETag"], metadata["pages"], metadata["items"])

    async def _replace(self, head):
        """Stores the head; false if it has changed since it was read."""
        condition = {"If-Match": head.version} if head.version else {"If-None-Match": "*"}
        body = self._record({"pages": head.pages, "items": head.items})
        response = await self._http.put("/by-key", params=self._address, headers=condition, json=body)
        return response.status_code != 412 and bool(data(response))

    async def _open_page(self, head):
        """Puts the items of the last page before those of the head."""
        [page] = await self._read([head.pages.pop()])
        head.items[:0] = page["metadata"]["items"] if page else []

    async def _create(self, memories):
        """Returns the ids of new memories."""
        ids = []
        for start in range(0, len(memories), BULK):
            answer = data(await self._http.post("/bulk", json={"memories": memories[start:start + BULK]}))
            if errors := [result["errors"] for result in answer["results"] if "errors" in result]:
                raise ValueError(errors)
            ids += [result["id"] for result in answer["results"]]
        return ids

    async def _read(self, ids):
        """The memories with these ids, in this order; `None` for one that is gone."""
        memories = []
        for start in range(0, len(ids), PAGE):
            request = {"ids": ids[start:start + PAGE]}
            while request:
                answer = data(await self._http.post("/batch-get", json=request))
                memories += answer["memories"]
                request = answer.get("nextCursor") and {**request, "cursor": answer["nextCursor"]}
        return memories

    async def _remove(self, ids):
        for start in range(0, len(ids), PAGE):
            data(await self._http.post("/bulk-delete", json={"ids": ids[start:start + PAGE]}))

    def _memory(self, item):
        metadata = {"item": item}
        return {"content": text(item), "type": "episodic", "sessionId": self.session_id, "metadata": metadata, **self._scope}

    def _record(self, metadata):
        return {"content": "-", "type": "working", "searchable": False, "metadata": metadata, **self._scope}


def data(response):
    """The data of a response, or the error."""
    if response.is_success:
        return response.json()["data"]
    raise (ValueError if response.status_code == 400 else RuntimeError)(response.text)


def text(item):
    """What of an item is searched: the text of a message, or else all of it."""
    content = item.get("content")
    parts = [content] if isinstance(content, str) else [part.get("text") or "" for part in content or []]
    written = "\n".join(part for part in parts if part.strip())
    return (written or json.dumps(item, ensure_ascii=False))[:10_000]
