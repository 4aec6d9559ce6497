"""A call whose answer is lost takes effect once."""

from __future__ import annotations

import asyncio
import uuid

import httpx
from conftest import Server

from herobrain import AsyncHeroBrain, HeroBrain


class LosingAnswers(httpx.HTTPTransport):
    """Loses the answer to every first attempt of a write."""

    def __init__(self) -> None:
        super().__init__()
        self.lost: set[str] = set()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        key = request.headers.get("idempotency-key")
        if key is not None and key not in self.lost:
            self.lost.add(key)
            response.read()
            response.close()
            raise httpx.ReadError("the answer is lost", request=request)
        return response


class LosingAnswersAsync(httpx.AsyncHTTPTransport):
    """The same for asyncio."""

    def __init__(self) -> None:
        super().__init__()
        self.lost: set[str] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        key = request.headers.get("idempotency-key")
        if key is not None and key not in self.lost:
            self.lost.add(key)
            await response.aread()
            await response.aclose()
            raise httpx.ReadError("the answer is lost", request=request)
        return response


def test_one_memory_is_created(server: Server) -> None:
    user, transport = f"lost-{uuid.uuid4()}", LosingAnswers()
    with (
        httpx.Client(transport=transport) as http,
        HeroBrain(api_key=server.api_key, base_url=server.url, retry_delay=0, http_client=http) as hb,
    ):
        created = hb.memories.create(content="tea", type="semantic", user_id=user)
        assert len(transport.lost) == 1
        assert created.is_replayed
        assert [memory.id for memory in hb.memories.list(user_id=user)] == [created.data.id]
        key = hb.api_keys.create(name=user)
        # The plain text is returned once, and that answer was lost.
        assert key.data.plain_key is None


def test_one_memory_is_created_asynchronously(server: Server) -> None:
    async def create() -> None:
        user, transport = f"lost-{uuid.uuid4()}", LosingAnswersAsync()
        async with (
            httpx.AsyncClient(transport=transport) as http,
            AsyncHeroBrain(api_key=server.api_key, base_url=server.url, retry_delay=0, http_client=http) as hb,
        ):
            created = await hb.memories.create(content="tea", type="semantic", user_id=user)
            assert len(transport.lost) == 1
            assert [memory.id async for memory in hb.memories.list(user_id=user)] == [created.data.id]

    asyncio.run(create())
