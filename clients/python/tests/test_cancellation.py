"""A task that is cancelled stops waiting, and holds up no other call."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from conftest import KEY
from fakes import MEMORY, failure, success

from herobrain import AsyncHeroBrain


def test_a_cancelled_wait_lets_the_next_call_pass() -> None:
    is_limited = True

    async def answer(_: httpx.Request) -> httpx.Response:
        return failure(429, "RATE_LIMIT_EXCEEDED", retry_after="1") if is_limited else success(MEMORY)

    async def run() -> None:
        nonlocal is_limited
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
            hb = AsyncHeroBrain(api_key=KEY, http_client=http)
            first, second, third = (asyncio.create_task(hb.memories.get("mem_1")) for _ in range(3))
            _, gate = hb._transport.connections.current()
            while len(gate._state._queue) < 3:
                await asyncio.sleep(0)
            is_limited = False
            for task in (first, second):
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            assert (await third).data.id == "mem_1"
            assert (await hb.memories.get("mem_1")).success

    asyncio.run(run())


def test_a_call_that_is_cancelled_while_it_is_sent_lets_the_next_one_pass() -> None:
    attempts = 0
    is_sent = asyncio.Event()

    async def answer(_: httpx.Request) -> httpx.Response:
        nonlocal attempts
        attempts += 1
        if attempts <= 2:
            return failure(429, "RATE_LIMIT_EXCEEDED", retry_after="0")
        if attempts == 3:
            is_sent.set()
            await asyncio.Event().wait()
        return success(MEMORY)

    async def run() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
            hb = AsyncHeroBrain(api_key=KEY, http_client=http)
            first, second = (asyncio.create_task(hb.memories.get("mem_1")) for _ in range(2))
            await is_sent.wait()
            await asyncio.sleep(0)
            # The first one is sent alone; the second one waits for it.
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            assert (await second).data.id == "mem_1"

    asyncio.run(run())
