"""Every call reaches its route on a local server."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any

import httpx
import pytest
from conftest import KEY, Server
from fakes import Script

from herobrain import ConflictError, HeroBrainError, NotFoundError, NotModifiedError, PreconditionFailedError


@pytest.fixture
def run() -> str:
    """A name that no other test uses."""
    return uuid.uuid4().hex


@pytest.fixture
def receiver() -> Iterator[tuple[str, Queue[tuple[dict[str, str], bytes]]]]:
    """A receiver of webhooks: its URL, and what it has received."""
    received: Queue[tuple[dict[str, str], bytes]] = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.put((dict(self.headers), self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/", received
        http.shutdown()
        thread.join()


def test_memories_by_id(hb: Any, run: str) -> None:
    created = hb.memories.create(content="tea", type="semantic", user_id=run, namespace=["a/b", run], tags=["x"])
    assert (created.status, created.data.namespace) == (201, ["a/b", run])
    with pytest.raises(NotModifiedError):
        hb.memories.get(created.data.id, if_none_match=created.etag)
    changed = hb.memories.update(created.data.id, importance=0.9, if_match=created.etag)
    with pytest.raises(PreconditionFailedError):
        hb.memories.update(created.data.id, importance=0.1, if_match=created.etag)
    replaced = hb.memories.replace(created.data.id, content="coffee", type="task", user_id=run, if_match=changed.etag)
    assert (replaced.data.content, replaced.data.importance, replaced.data.namespace) == ("coffee", 0.5, None)
    assert replaced.data.created_at == created.data.created_at
    assert hb.memories.delete(created.data.id, if_match=replaced.etag).data.deleted
    with pytest.raises(NotFoundError):
        hb.memories.get(created.data.id)


def test_memories_by_key(hb: Any, run: str) -> None:
    place = {"namespace": ["a/b~", run], "user_id": run}
    put = hb.memories.put_by_key("profile é", content="tea", type="semantic", **place, if_none_match="*")
    assert (put.status, put.data.key, put.data.namespace) == (201, "profile é", ["a/b~", run])
    assert hb.memories.get_by_key("profile é", **place).data.id == put.data.id
    with pytest.raises(ConflictError):
        hb.memories.create(content="tea", type="semantic", key="profile é", **place)
    kept = hb.memories.create(content="other", type="semantic", key="profile é", **place, on_conflict="keep")
    assert (kept.status, kept.data.content) == (200, "tea")
    assert [list(each) for each in hb.namespaces.list(prefix=["a/b~"]) if run in each] == [["a/b~", run]]
    assert hb.memories.delete_by_key("profile é", **place).data.id == put.data.id


def test_many_memories(hb: Any, run: str) -> None:
    given = [{"content": f"tea {number}", "type": "task", "user_id": run} for number in range(5)]
    made = hb.memories.create_bulk([*given, {"content": "", "type": "task"}]).data
    assert (made.created, made.failed) == (5, 1)
    assert [error.field for error in made.results[5].errors] == ["content"]
    ids = [result.id for result in made.results[:5]]
    updated = hb.memories.update_bulk([{"id": ids[0], "patch": {"metadata": {"a": 1}, "session_id": "s"}}]).data
    assert (updated.updated, updated.results[0].errors) == (1, None)
    assert [memory and memory.id for memory in hb.memories.batch_get([ids[1], "mem_none", ids[0]])] == [
        ids[1],
        None,
        ids[0],
    ]
    assert [memory.id for memory in hb.memories.list(user_id=run, order="asc", limit=2)] == ids
    assert [memory.id for memory in hb.memories.export(user_id=run)] == ids
    matching = hb.memories.query(filter={"and": [{"userId": {"eq": run}}, {"metadata.a": {"gte": 1}}]})
    assert [memory.id for memory in matching] == [ids[0]]
    found = list(hb.memories.search("tea", user_id=run, explain=True, limit=2))
    assert sorted(result.id for result in found) == ids
    assert found[0].explanation.terms
    assert hb.memories.delete_bulk(ids=ids[:2]).data.deleted == 2
    assert hb.memories.delete_all(filter={"userId": run}).data.deleted == 3


def test_api_keys(hb: Any, connect: Any, server: Server, run: str) -> None:
    key = hb.api_keys.create(name=run, environment="development", scopes=["read:memories"]).data
    reader = connect(api_key=key.plain_key, base_url=server.url)
    assert reader.memories.list(limit=1).success
    with pytest.raises(HeroBrainError, match="INSUFFICIENT_SCOPE"):
        reader.memories.create(content="tea", type="task")
    rotated = hb.api_keys.rotate(key.id, grace_period_seconds=60).data
    assert rotated.id == key.id
    assert rotated.plain_key != key.plain_key
    assert run in [each.name for each in hb.api_keys.list()]
    assert hb.api_keys.usage(key.id, days=1).data.key_id == key.id
    assert hb.api_keys.revoke(key.id).data.status == "revoked"
    assert hb.api_keys.get(key.id).data.status == "revoked"
    with pytest.raises(HeroBrainError, match="TENANT_MISMATCH"):
        connect(api_key=server.api_key, base_url=server.url, tenant_id="another").memories.list()


def test_webhooks_and_events(hb: Any, receiver: Any, run: str) -> None:
    url, received = receiver
    webhook = hb.webhooks.create(name=run, url=f"{url}{run}", events=["memory.*"]).data
    assert hb.webhooks.test(webhook.id).data.delivered
    headers, body = received.get()
    assert hb.webhooks.verify(body, headers, webhook.secret).metadata.test
    cursor = hb.events.list(cursor="latest").data.next_cursor
    memory = hb.memories.create(content="tea", type="task", user_id=run).data
    feed = hb.events.follow(types=["memory.created"], cursor=cursor, poll_interval=0.2)
    event = next(event for event in feed if event.data.id == memory.id)
    assert (event.event, event.data.content) == ("memory.created", "tea")
    assert feed.cursor != cursor
    while True:
        headers, body = received.get()
        if hb.webhooks.verify(body, headers, webhook.secret).id == event.id:
            break
    current = hb.webhooks.get(webhook.id)
    rotated = hb.webhooks.rotate_secret(webhook.id, grace_period_seconds=0, if_match=current.etag).data
    assert rotated.secret != webhook.secret
    assert webhook.id in [each.id for each in hb.webhooks.list()]
    assert hb.webhooks.resend(webhook.id, event.id).data.status == "pending"
    assert hb.webhooks.recover(webhook.id, since=datetime.now(timezone.utc)).data.id == webhook.id
    assert {each.event for each in hb.webhooks.deliveries(webhook.id, limit=1)} <= {"memory.created", "memory.updated"}
    assert hb.webhooks.update(webhook.id, status="inactive").data.status == "inactive"
    assert hb.webhooks.delete(webhook.id).data.deleted


def test_the_service(hb: Any, connect: Any, server: Server) -> None:
    assert hb.health.check().data.status == "ok"
    assert hb.usage.rate_limit().data.plan == "enterprise"
    assert hb.auth.jwks().keys[0].kty == "OKP"
    user = connect(token=lambda: server.jwt, base_url=f"{server.url}/")
    token = user.auth.exchange(scopes=["read:memories"]).data
    assert token.scopes == ["read:memories"]
    assert connect(token=token.token, base_url=server.url).memories.list(limit=1).success


def test_the_document_is_read_without_a_credential(connect: Any) -> None:
    script = Script(httpx.Response(200, json={"openapi": "3.1.0"}))
    assert connect(api_key=KEY, handler=script).openapi.get() == {"openapi": "3.1.0"}
    assert str(script.requests[0].url) == "https://api.herobrain.ai/openapi.json"
    assert "authorization" not in script.requests[0].headers
