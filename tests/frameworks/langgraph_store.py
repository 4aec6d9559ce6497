"""LangGraph's `BaseStore` over the HTTP API of HeroBrain. Needs Python 3.11 or later.

An item is a memory with the item's namespace, below `root`, and its key; `metadata.value` is its value, and `content` the
text of its indexed fields. A value has at most 16 KiB of JSON, a key 256 characters, a namespace with its root 10 segments.

Scores are relevances, not cosines. As in a vector store, other indexed items follow those that match a query up to
`limit`, newest first, with the score 0; `fill=False` omits them. A search also reads the items before its offset, since
the API has no offsets. To renew an expiry on read is an update, so it changes `updated_at`.
"""

import asyncio
import math
from collections.abc import Mapping
from itertools import islice, takewhile

import httpx
from langgraph.store.base import BaseStore, GetOp, Item, ListNamespacesOp, PutOp, SearchItem, SearchOp
from langgraph.store.base import get_text_at_path, validate_op_namespace

PAGE, BULK = 100, 16  # The body of a bulk has room for 16 memories of any size.


class HeroBrainStore(BaseStore):
    """A store of the items below the namespace `root`; `index` and `ttl` configure it like LangGraph's own stores."""
    supports_ttl = True

    def __init__(self, url, api_key, *, root=("langgraph",), index=None, ttl=None, fill=True):
        self.root, self.index_config, self.ttl_config, self.fill = tuple(root), index, ttl, fill
        self._http = httpx.Client(base_url=f"{url}/api/v1", headers={"Authorization": f"Bearer {api_key}"}, timeout=30)

    def batch(self, ops):
        ops = list(ops)
        for op in ops:
            validate_op_namespace(op)
        reads = {GetOp: self._get, SearchOp: self._search, ListNamespacesOp: self._list_namespaces}
        results = [None if isinstance(op, PutOp) else reads[type(op)](op) for op in ops]
        puts = {(op.namespace, op.key): op for op in ops if isinstance(op, PutOp)}.values()
        for op in puts:
            if op.value is None:
                self._call("DELETE", "/memories/by-key", accepted=404, params=self._address(op))
        self._put([self._memory(op) for op in puts if op.value is not None])
        return results

    async def abatch(self, ops):
        return await asyncio.to_thread(self.batch, list(ops))

    def _get(self, op):
        response = self._call("GET", "/memories/by-key", accepted=404, params=self._address(op))
        if response.status_code == 404:
            return None
        memory = response.json()["data"]
        if op.refresh_ttl and (ttl := memory["metadata"]["ttlSeconds"]):
            same = {"If-Match": response.headers["ETag"]}  # An item that was replaced meanwhile keeps its expiry.
            self._call("PATCH", f"/memories/{memory['id']}", accepted=412, headers=same, json={"ttlSeconds": ttl})
        return self._item(Item, memory)

    def _put(self, memories):
        for start in range(0, len(memories), BULK):
            body = {"memories": memories[start:start + BULK]}
            data = self._call("POST", "/memories/bulk", params={"onConflict": "replace"}, json=body).json()["data"]
            if errors := [result["errors"] for result in data["results"] if "errors" in result]:
                raise ValueError(errors)

    def _memory(self, op):
        fields = (self.index_config or {}).get("fields") or ["$"] if op.index is None else op.index or []
        texts = [t for f in fields for t in (leaves(op.value) if f == "$" else get_text_at_path(op.value, f)) if t.strip()]
        ttl = None if op.ttl is None else max(1, math.ceil(op.ttl * 60))
        return {"type": "semantic", "namespace": self.root + op.namespace, "key": op.key, "searchable": bool(texts),
                "content": "\n".join(texts)[:10_000] or "-", "ttlSeconds": ttl,
                "metadata": {"value": dict(op.value), "indexed": bool(texts), "ttlSeconds": ttl}}

    def _search(self, op):
        conditions = [{"namespace": {"prefix": self.root + op.namespace_prefix}}]
        for name, expected in (op.filter or {}).items():
            several = isinstance(expected, Mapping) and any(key.startswith("$") for key in expected)
            for operator, operand in expected.items() if several else [("$eq", expected)]:
                conditions.append(condition("metadata.value." + name.replace("\\", "\\\\"), operator, operand))
        query, wanted, found = (op.query or "").strip()[:10_000], op.offset + op.limit, {}
        request = {"filter": {"and": conditions}, "limit": max(1, min(wanted, PAGE))}
        if query:
            hits = self._pages("POST", "/memories/search", "results", query=query, **request)
            found = {hit["id"]: hit for hit in islice(hits, wanted)}
            conditions.append({"metadata.indexed": {"eq": True}})
        if self.fill or not query:
            newest = self._pages("POST", "/memories/query", "memories", sort="updatedAt", order="desc", **request)
            others = (memory for memory in newest if memory["id"] not in found)
            found |= {memory["id"]: memory for memory in islice(others, wanted - len(found))}
        chosen = list(found.values())[op.offset:wanted]
        items = [self._item(SearchItem, m, score=m.get("relevance", 0.0) if query else None) for m in chosen]
        for item, memory in zip(items, chosen):
            if op.refresh_ttl and memory["metadata"]["ttlSeconds"]:
                self._get(GetOp(item.namespace, item.key))
        return items

    def _list_namespaces(self, op):
        conditions = op.match_conditions or ()
        literal = (tuple(takewhile("*".__ne__, each.path)) for each in conditions if each.match_type == "prefix")
        prefix, found = self.root + max(literal, key=len, default=()), {}
        for segments in self._pages("GET", "/namespaces", "namespaces", prefix=path(prefix), limit=PAGE):
            namespace = tuple(segments[len(self.root):])
            if namespace and all(matches(each, namespace) for each in conditions):
                found[namespace[:op.max_depth]] = None
            if len(found) >= op.offset + op.limit:
                break
        return list(found)[op.offset:]

    def _pages(self, method, address, name, **request):
        while request:
            data = self._call(method, address, **{"params" if method == "GET" else "json": request}).json()["data"]
            yield from data[name]
            request = data["nextCursor"] and {**request, "cursor": data["nextCursor"]}

    def _address(self, op):
        return {"namespace": path(self.root + op.namespace), "key": op.key}

    def _item(self, kind, memory, **score):
        times = {"created_at": memory["createdAt"], "updated_at": memory["updatedAt"]}
        namespace, value = tuple(memory["namespace"][len(self.root):]), memory["metadata"]["value"]
        return kind(namespace=namespace, key=memory["key"], value=value, **times, **score)

    def _call(self, method, address, accepted=None, **request):
        response = self._http.request(method, address, **request)
        if response.is_success or response.status_code == accepted:
            return response
        raise (ValueError if response.status_code == 400 else RuntimeError)(response.text)


def path(namespace):
    return "/".join(segment.replace("~", "~0").replace("/", "~1") for segment in namespace)


def matches(pattern, namespace):
    step = 1 if pattern.match_type == "prefix" else -1
    pairs = zip(pattern.path[::step], namespace[::step])
    return len(namespace) >= len(pattern.path) and all(expected in ("*", segment) for expected, segment in pairs)


def condition(field, operator, operand):
    name, largest = operator.removeprefix("$"), math.nextafter(math.inf, 0)
    if isinstance(operand, (int, float)) and abs(operand) > largest:
        operand = math.copysign(largest, operand)
    if operand != operand or isinstance(operand, str) and "\0" in operand:  # No stored value equals NaN, or contains NUL.
        return {"namespace": {"exists": name == "ne"}}
    return {field: {name: operand}}


def leaves(value):
    if isinstance(value, (Mapping, list, tuple)):
        return [leaf for each in (value.values() if isinstance(value, Mapping) else value) for leaf in leaves(each)]
    return [] if value is None else [str(value)]
