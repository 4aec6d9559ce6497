"""The feed of events is listed to its end, and followed beyond it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from conftest import KEY
from fakes import Script, success

from herobrain import HeroBrainConnectionError


def feed(ids: str, cursor: str, *, more: bool) -> httpx.Response:
    events = [{"id": f"evt_{letter}", "event": "memory.created", "data": {}, "metadata": {}} for letter in ids]
    return success({"events": events, "hasMore": more, "nextCursor": cursor})


def test_a_list_ends_although_the_cursor_does_not(connect: Any) -> None:
    script = Script(feed("a", "1", more=True), feed("", "2", more=True), feed("b", "3", more=False))
    hb = connect(api_key=KEY, handler=script)
    assert [event.id for event in hb.events.list(types=["memory.*", "api_key.revoked"])] == ["evt_a", "evt_b"]
    assert [request.url.params.get("cursor") for request in script.requests] == [None, "1", "2"]
    assert script.requests[2].url.params["types"] == "memory.*,api_key.revoked"


def test_following_keeps_its_cursor_if_a_page_has_none(connect: Any) -> None:
    script = Script(success({}), feed("a", "1", more=True))
    following = connect(api_key=KEY, handler=script).events.follow(cursor="0", poll_interval=0)
    assert next(iter(following)).id == "evt_a"
    assert [request.url.params.get("cursor") for request in script.requests] == ["0", "0"]


def test_following_from_the_oldest_event(connect: Any) -> None:
    script = Script(feed("a", "1", more=True), feed("b", "2", more=True))
    events = iter(connect(api_key=KEY, handler=script).events.follow(cursor=None, limit=7))
    assert [next(events).id, next(events).id] == ["evt_a", "evt_b"]
    assert [dict(request.url.params) for request in script.requests] == [{"limit": "7"}, {"cursor": "1", "limit": "7"}]


def test_following_continues_after_an_error(connect: Any) -> None:
    script = Script(feed("a", "1", more=True), httpx.ConnectError("away"), feed("b", "2", more=True))
    following = connect(api_key=KEY, handler=script, retry_attempts=0).events.follow(cursor="0")
    events = iter(following)
    assert next(events).id == "evt_a"
    with pytest.raises(HeroBrainConnectionError):
        next(events)
    assert next(iter(following)).id == "evt_b"
    assert script.requests[2].url.params["cursor"] == "1"


def test_following_waits_at_the_end_and_keeps_the_cursor(connect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def pause(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("herobrain._sync._events.sleep", waits.append)
    monkeypatch.setattr("herobrain._async._events.sleep", pause)
    script = Script(
        feed("", "0", more=False), feed("ab", "1", more=True), feed("c", "2", more=False), feed("d", "3", more=False)
    )
    following = connect(api_key=KEY, handler=script).events.follow(poll_interval=9)
    seen: list[tuple[str, str, int]] = []
    for event in following:
        seen.append((event.id, following.cursor, len(waits)))
        if event.id == "evt_d":
            break
    # While evt_a is processed, a restart has to return evt_b.
    assert seen == [("evt_a", "0", 1), ("evt_b", "1", 1), ("evt_c", "2", 1), ("evt_d", "3", 2)]
    assert waits == [9, 9]
    assert [request.url.params["cursor"] for request in script.requests] == ["latest", "0", "1", "2"]
