"""Iterating over a list goes over all items of all pages."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from conftest import KEY
from fakes import MEMORY, Script, body_of, success

from herobrain import HeroBrainError, InvalidResponseError


def memory(number: int) -> dict[str, Any]:
    return {**MEMORY, "id": f"mem_{number}"}


def list_page(ids: list[int], cursor: str | None) -> httpx.Response:
    pagination = {"page": 1, "limit": 2, "total": None, "nextCursor": cursor, "hasNext": cursor is not None}
    return success({"memories": [memory(number) for number in ids], "pagination": pagination})


def test_short_and_empty_pages_do_not_end_a_list(connect: Any) -> None:
    script = Script(list_page([1, 2], "a"), list_page([], "b"), list_page([3], "c"), list_page([], None))
    hb = connect(api_key=KEY, handler=script)
    page = hb.memories.list(page=1, tags=["x", "y"], limit=2)
    assert (page.success, page.data.memories[0].id, page.metadata.request_id) == (True, "mem_1", "req_1")
    assert len(script.requests) == 1
    assert [item.id for item in page] == ["mem_1", "mem_2", "mem_3"]
    parameters = [dict(request.url.params) for request in script.requests]
    assert parameters[0] == {"page": "1", "tags": "x,y", "limit": "2"}
    # A page number and a cursor exclude each other.
    assert parameters[1:] == [{"tags": "x,y", "limit": "2", "cursor": cursor} for cursor in "abc"]


def test_pages_can_be_requested_one_by_one(connect: Any) -> None:
    script = Script(list_page([1], "a"), list_page([2], None))
    page = connect(api_key=KEY, handler=script).memories.list()
    assert ([item.id for item in page.items], page.next_cursor) == (["mem_1"], "a")
    following = page.next_page()
    assert ([item.id for item in following.items], following.next_cursor) == (["mem_2"], None)
    assert following.next_page() is None


def test_pages_can_be_iterated_over(connect: Any) -> None:
    script = Script(list_page([1, 2], "a"), list_page([], None))
    page = connect(api_key=KEY, handler=script).memories.list()
    assert [len(each.items) for each in page.pages()] == [2, 0]


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda hb: hb.memories.search("tea", user_id="u"), "results"),
        (lambda hb: hb.memories.query(filter={"type": {"eq": "task"}}), "memories"),
        (lambda hb: hb.memories.batch_get(["mem_1", "mem_2"]), "memories"),
    ],
)
def test_the_cursor_of_a_post_is_in_its_body(connect: Any, call: Any, name: str) -> None:
    pages = [([1], "a"), ([], "b"), ([2], None)]
    script = Script(*(success({name: [memory(n) for n in ids], "nextCursor": cursor}) for ids, cursor in pages))
    assert [item.id for item in call(connect(api_key=KEY, handler=script))] == ["mem_1", "mem_2"]
    first, *others = map(body_of, script.requests)
    assert "cursor" not in first
    assert others == [{**first, "cursor": "a"}, {**first, "cursor": "b"}]


def test_a_batch_keeps_the_positions_of_missing_memories(connect: Any) -> None:
    script = Script(success({"memories": [None, memory(1)], "nextCursor": None}))
    items = list(connect(api_key=KEY, handler=script).memories.batch_get(["x", "mem_1"]))
    assert items[0] is None
    assert items[1].id == "mem_1"


def test_an_export_follows_the_link_with_its_own_query(connect: Any) -> None:
    lines = b'{"id":"mem_1","content":"a\\u2028b","type":"task"}\n{"id":"mem_2","content":"c","type":"task"}\n'
    link = '<https://elsewhere.example/api/v1/memories/export?cursor=a%2Bb>; rel="next"'
    script = Script(
        httpx.Response(200, content=lines, headers={"link": link}),
        httpx.Response(200, content=b"", headers={"link": link.replace("a%2Bb", "c")}),
        httpx.Response(200, content=lines.replace(b"mem_", b"mem_9")),
    )
    hb = connect(api_key=KEY, handler=script)
    page = hb.memories.export(type="task")
    assert len(page.items) == 2
    assert [item.id for item in page] == ["mem_1", "mem_2", "mem_91", "mem_92"]
    assert [dict(request.url.params) for request in script.requests] == [
        {"type": "task"},
        {"type": "task", "cursor": "a+b"},
        {"type": "task", "cursor": "c"},
    ]
    assert {request.url.host for request in script.requests} == {"api.herobrain.ai"}


def test_a_broken_line_of_an_export_is_an_error(connect: Any) -> None:
    hb = connect(api_key=KEY, handler=Script(httpx.Response(200, content=b'{"id":"mem_1"}\n{"id')))
    with pytest.raises(HeroBrainError, match="INVALID_RESPONSE"):
        hb.memories.export()


def test_a_page_without_its_description_is_the_only_one(connect: Any) -> None:
    script = Script(success({"memories": [memory(1)]}), success({"memories": [memory(2)], "pagination": ["new"]}))
    hb = connect(api_key=KEY, handler=script)
    assert [each.id for _ in range(2) for each in hb.memories.list()] == ["mem_1", "mem_2"]


def test_lists_of_one_page(connect: Any) -> None:
    script = Script(success({"keys": [{"id": "key_1"}]}), success({"webhooks": [{"id": "whk_1"}]}))
    hb = connect(api_key=KEY, handler=script)
    assert [key.id for key in hb.api_keys.list()] == ["key_1"]
    assert [webhook.id for webhook in hb.webhooks.list()] == ["whk_1"]


@pytest.mark.parametrize(
    "call",
    [
        lambda hb: list(hb.memories.list()),
        lambda hb: list(hb.memories.query()),
        lambda hb: list(hb.events.list()),
        lambda hb: list(hb.events.follow(cursor=None)),
        lambda hb: hb.memories.delete_all(filter={"userId": "u"}),
    ],
    ids=["list", "query", "events", "follow", "delete_all"],
)
def test_a_cursor_that_does_not_move_is_an_error(connect: Any, call: Any) -> None:
    data = {"deleted": 1, "events": [], "memories": [], "nextCursor": "a", "hasMore": True}
    script = Script(*(success({**data, "pagination": {"nextCursor": "a"}}, x_request_id="req_7") for _ in range(2)))
    with pytest.raises(InvalidResponseError, match=r"the cursor of its own page .* request req_7") as raised:
        call(connect(api_key=KEY, handler=script))
    assert raised.value.code == "INVALID_RESPONSE"
    assert len(script.requests) == 2


def test_deleting_all_continues_and_counts(connect: Any) -> None:
    script = Script(success({"deleted": 2, "nextCursor": "a"}), success({"deleted": 1, "nextCursor": None}))
    result = connect(api_key=KEY, handler=script).memories.delete_all(filter={"userId": "u"})
    assert (result.data.deleted, result.data.next_cursor) == (3, None)
    assert [body_of(request) for request in script.requests] == [
        {"filter": {"userId": "u"}},
        {"filter": {"userId": "u"}, "cursor": "a"},
    ]
    keys = [request.headers["idempotency-key"] for request in script.requests]
    assert keys[0] != keys[1]
