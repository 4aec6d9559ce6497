"""Failed calls are repeated when that is useful, and not otherwise."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from conftest import KEY
from fakes import MEMORY, Script, failure, success

from herobrain import HeroBrainError, HeroBrainTimeoutError
from herobrain._errors import HeroBrainConnectionError
from herobrain._response import retry_after
from herobrain._retry import RetryPolicy

BUSY = ("SERVICE_UNAVAILABLE", 503)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits before repetitions, which take no time."""
    recorded: list[float] = []

    async def pause(seconds: float) -> None:
        recorded.append(seconds)

    monkeypatch.setattr("herobrain._sync._transport.sleep", recorded.append)
    monkeypatch.setattr("herobrain._async._transport.sleep", pause)
    return recorded


@pytest.mark.parametrize(
    "failed",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("late"),
        httpx.RemoteProtocolError("closed"),
        failure(408, "REQUEST_TIMEOUT"),
        failure(409, "IDEMPOTENCY_CONFLICT", retry_after="0"),
        failure(429, "RATE_LIMIT_EXCEEDED", retry_after="0"),
        failure(500, "DATABASE_ERROR"),
        failure(503, "SERVICE_UNAVAILABLE"),
        httpx.Response(502, html="<h1>Bad gateway</h1>"),
    ],
    ids=str,
)
def test_a_transient_failure_is_repeated_with_the_same_key(connect: Any, waits: list[float], failed: Any) -> None:
    script = Script(failed, failed, success(MEMORY, 201))
    hb = connect(api_key=KEY, handler=script)
    assert hb.memories.create(content="tea", type="semantic").data.id == "mem_1"
    assert len({request.headers["idempotency-key"] for request in script.requests}) == 1
    assert len({request.content for request in script.requests}) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "VALIDATION_ERROR"),
        (401, "AUTH_INVALID"),
        (402, "INSUFFICIENT_QUOTA"),
        (403, "INSUFFICIENT_SCOPE"),
        (404, "RESOURCE_NOT_FOUND"),
        (409, "DUPLICATE_RESOURCE"),
        (412, "PRECONDITION_FAILED"),
        (422, "IDEMPOTENCY_CONFLICT"),
    ],
)
def test_a_final_failure_is_raised_at_once(connect: Any, status: int, code: str) -> None:
    script = Script(failure(status, code, retry_after="1"))
    hb = connect(api_key=KEY, handler=script)
    with pytest.raises(HeroBrainError) as raised:
        hb.memories.create(content="tea", type="semantic")
    assert (raised.value.code, raised.value.status, raised.value.request_id) == (code, status, "req_1")
    assert len(script.requests) == 1


def test_attempts_are_limited(connect: Any, waits: list[float]) -> None:
    script = Script(*[httpx.ReadTimeout("late")] * 3)
    hb = connect(api_key=KEY, handler=script, retry_attempts=2)
    with pytest.raises(HeroBrainTimeoutError):
        hb.memories.get("mem_1")
    assert len(script.requests) == 3
    assert len(waits) == 2


def test_options_of_a_copy_do_not_change_the_client(connect: Any, waits: list[float]) -> None:
    script = Script(failure(500, "DATABASE_ERROR"), failure(500, "DATABASE_ERROR"), success(MEMORY))
    hb = connect(api_key=KEY, handler=script)
    with pytest.raises(HeroBrainError):
        hb.with_options(retry_attempts=0).memories.get("mem_1")
    assert len(script.requests) == 1
    hb.with_options(timeout=1.5).memories.get("mem_1")
    assert script.requests[1].extensions["timeout"]["read"] == 1.5


def test_the_server_lengthens_a_wait(connect: Any, waits: list[float]) -> None:
    script = Script(failure(503, "SERVICE_UNAVAILABLE", retry_after="7"), success(MEMORY))
    connect(api_key=KEY, handler=script).memories.get("mem_1")
    assert waits == [7]


def test_a_limited_call_without_a_credential_waits_by_itself(connect: Any, waits: list[float]) -> None:
    script = Script(failure(429, "X", retry_after="3"), success({"status": "ok"}), success(MEMORY))
    hb = connect(api_key=KEY, handler=script)
    assert hb.health.check().data.status == "ok"
    assert waits == [3]
    assert hb.memories.get("mem_1").success


@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_that_is_too_long_is_raised(connect: Any, waits: list[float], status: int) -> None:
    script = Script(failure(status, "X", retry_after="61"), failure(status, "X", retry_after="61"))
    hb = connect(api_key=KEY, handler=script)
    for _ in range(2):
        with pytest.raises(HeroBrainError) as raised:
            hb.memories.get("mem_1")
        assert raised.value.retry_after == 61
    assert waits == []


def test_each_call_has_a_key_of_its_own_or_the_callers(connect: Any) -> None:
    script = Script(*[success(MEMORY, 201) for _ in range(3)], *[success({"memories": [], "nextCursor": None})] * 1)
    hb = connect(api_key=KEY, handler=script)
    hb.memories.create(content="tea", type="semantic")
    hb.memories.create(content="tea", type="semantic")
    hb.memories.create(content="tea", type="semantic", idempotency_key="mine")
    hb.memories.query()
    first, second, given, reading = (request.headers.get("idempotency-key") for request in script.requests)
    assert first != second
    assert given == "mine"
    assert reading is None


def test_the_credential_is_asked_for_with_each_attempt(connect: Any, waits: list[float]) -> None:
    tokens = iter(["one", "two"])
    script = Script(failure(500, "DATABASE_ERROR"), success(MEMORY))
    connect(token=lambda: next(tokens), handler=script).memories.get("mem_1")
    assert [request.headers["authorization"] for request in script.requests] == ["Bearer one", "Bearer two"]


def test_the_tenant_is_sent_with_every_authenticated_call(connect: Any) -> None:
    script = Script(success(MEMORY), success({"status": "ok"}))
    hb = connect(api_key=KEY, handler=script, tenant_id="a b")
    hb.memories.get("mem_1")
    hb.health.check()
    assert [request.url.query for request in script.requests] == [b"tenantId=a%20b", b""]
    assert "authorization" not in script.requests[1].headers


def test_backoff_is_jittered_and_grows() -> None:
    error = HeroBrainConnectionError("", code="CONNECTION_ERROR")
    policy = RetryPolicy(attempts=9, delay=0.5)
    longest = [policy.wait_before_retry(error, retries, lambda _, end: end) for retries in range(6)]
    assert longest == [0.5, 1, 2, 4, 8, 8]
    assert policy.wait_before_retry(error, 3, lambda start, _: start) == 0


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3),
        ({"x-ratelimit-retry-after": "4"}, 4),
        ({"retry-after": "3", "x-ratelimit-retry-after": "4"}, 4),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"}, 10),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
    ],
)
def test_the_wait_is_read_from_the_headers(headers: dict[str, str], expected: float | None) -> None:
    assert retry_after(httpx.Headers(headers), now=90.0) == expected
