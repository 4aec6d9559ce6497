"""The `Session` of OpenAI Agents over the HTTP API of HeroBrain.

An item of the conversation is a memory: `metadata.item` is the item, `content` its text, and `key` its position in the
session, so that two writers never take the same position. The namespace of the memories is `root` and the session's id.
The API bounds an item to 16 KiB of JSON and a session's id to 128 characters.
"""

import json

import httpx

# The body of a bulk has room for so many memories of any size. Memories of one bulk are listed in their order, those of
# two bulks within one millisecond in either: so many more are read than asked for, and put in order by their positions.
BULK = 16
PAGE = 100


class HeroBrainSession:
    """The session with this id, of one user or of none."""

    session_settings = None

    def __init__(self, session_id, url, api_key, *, user_id=None, root=("openai-agents",)):
        self.session_id = session_id
        self._scope = {"namespace": [*root, session_id], **({"userId": user_id} if user_id else {})}
        owner = {"eq": user_id} if user_id else {"exists": False}
        self._filter = {"and": [{"namespace": {"eq": self._scope["namespace"]}}, {"userId": owner}]}
        headers = {"Authorization": f"Bearer {api_key}"}
        self._http = httpx.AsyncClient(base_url=f"{url}/api/v1", headers=headers, timeout=30)

    async def get_items(self, limit=None):
        """The newest `limit` items in the order in which they were added; all if there is no limit or it is negative."""
        if limit is None:
            limit = self.session_settings.limit if self.session_settings else None
        if limit is None or limit < 0:
            newest = await self._newest(None)
        else:
            newest = (await self._newest(limit))[:limit]
        return [memory["metadata"]["item"] for memory in reversed(newest)]

    async def add_items(self, items):
        """Adds items at the end; again from the first one whose position another writer has taken meanwhile."""
        end = None
        while items:
            if end is None:
                newest = await self._newest(1)
                end = newest[0]["metadata"]["position"] + 1 if newest else 0
            memories = [self._memory(item, end + n) for n, item in enumerate(items[:BULK])]
            results = (await self._post("bulk", {"memories": memories}))["results"]
            added = next((n for n, result in enumerate(results) if "errors" in result), len(results))
            items, end = items[added:], end + added
            if added < len(results):
                await self._remove([result["id"] for result in results[added:] if "id" in result])
                failures = [error for result in results for error in result.get("errors", [])]
                if any(error["code"] != "DUPLICATE_RESOURCE" for error in failures):
                    raise ValueError(failures)
                end = None

    async def pop_item(self):
        """Removes the newest item and returns it; `None` if there is none. An item is returned to one caller only."""
        while newest := await self._newest(1):
            response = await self._http.delete(f"/memories/{newest[0]['id']}")
            if response.status_code != 404:
                response.raise_for_status()
                return newest[0]["metadata"]["item"]
        return None

    async def clear_session(self):
        """Deletes all items."""
        request = {"filter": self._filter}
        while request:
            data = await self._post("bulk-delete", request)
            request = data["nextCursor"] and {**request, "cursor": data["nextCursor"]}

    async def close(self):
        """Closes the connections."""
        await self._http.aclose()

    async def _remove(self, ids):
        if ids:
            await self._post("bulk-delete", {"ids": ids})

    async def _newest(self, count):
        """At least the newest `count` memories, or all, the newest first."""
        wanted = None if count is None else count + BULK
        request = {"filter": self._filter, "sort": "createdAt", "order": "desc", "limit": min(wanted or PAGE, PAGE)}
        memories = []
        while request and (wanted is None or len(memories) < wanted):
            data = await self._post("query", request)
            memories += data["memories"]
            request = data["nextCursor"] and {**request, "cursor": data["nextCursor"]}
        return sorted(memories, key=lambda memory: -memory["metadata"]["position"])

    def _memory(self, item, position):
        metadata = {"item": item, "position": position}
        session = {"sessionId": self.session_id, "key": str(position), **self._scope}
        return {"content": text(item), "type": "episodic", "metadata": metadata, **session}

    async def _post(self, action, body):
        response = await self._http.post(f"/memories/{action}", json=body)
        if response.is_success:
            return response.json()["data"]
        raise (ValueError if response.status_code == 400 else RuntimeError)(response.text)


def text(item):
    """What of an item is searched: the text of a message, or else all of it."""
    content = item.get("content")
    parts = [content] if isinstance(content, str) else [part.get("text") or "" for part in content or []]
    written = "\n".join(part for part in parts if part.strip())
    return (written or json.dumps(item, ensure_ascii=False))[:10_000]
