"""Calls on an empty bucket succeed with the default options."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import Server

from herobrain import AsyncHeroBrain, HeroBrain, RateLimitError

CALLS = 8


def drain(server: Server) -> None:
    """Uses up the burst, so that the next request is refused."""
    with HeroBrain(api_key=server.api_key, base_url=server.url, retry_attempts=0) as hb:
        for _ in range(10):
            with pytest.raises(RateLimitError):
                for _ in range(300):
                    hb.memories.list(limit=1)


def test_threads_that_share_a_client_wait_for_their_turn(limited_server: Server) -> None:
    drain(limited_server)
    with HeroBrain(api_key=limited_server.api_key, base_url=limited_server.url) as hb:
        with ThreadPoolExecutor(CALLS) as pool:
            pages = list(pool.map(lambda _: hb.memories.list(limit=1), range(CALLS)))
    assert [page.success for page in pages] == [True] * CALLS


def test_tasks_that_share_a_client_wait_for_their_turn(limited_server: Server) -> None:
    async def call() -> list[bool]:
        async with AsyncHeroBrain(api_key=limited_server.api_key, base_url=limited_server.url) as hb:
            return [page.success for page in await asyncio.gather(*(one(hb) for _ in range(CALLS)))]

    async def one(hb: AsyncHeroBrain):
        return await hb.memories.list(limit=1)

    drain(limited_server)
    assert asyncio.run(call()) == [True] * CALLS
