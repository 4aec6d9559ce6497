"""Calls pass one by one, in their order, after a 429."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sized
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from conftest import KEY
from fakes import MEMORY, failure, success

from herobrain import AsyncHeroBrain, HeroBrain
from herobrain._gate import RateLimitGate, Ticket

CALLS = 200


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(clock: Clock) -> RateLimitGate:
    return RateLimitGate(clock)


def test_an_open_gate_lets_all_pass(gate: RateLimitGate) -> None:
    assert all(gate.try_pass(Ticket()) for _ in range(3))


def test_after_a_429_one_call_passes_at_a_time(gate: RateLimitGate, clock: Clock) -> None:
    first, second, third = Ticket(), Ticket(), Ticket()
    for ticket in (first, second):
        assert gate.try_pass(ticket)
    for ticket in (first, second):
        gate.close(ticket, 5, is_repeated=True)
        assert not gate.try_pass(ticket)
    assert not gate.try_pass(third)
    assert gate.seconds_left(first) == 5
    assert gate.seconds_left(second) is None
    clock.now += 5
    assert not gate.try_pass(second)
    assert gate.try_pass(first)
    assert not gate.try_pass(second)
    # A success lets the next one pass at once, and a 429 keeps the position.
    gate.leave(first)
    assert gate.try_pass(second)
    gate.close(second, 5, is_repeated=True)
    assert not gate.try_pass(third)
    clock.now += 5
    assert not gate.try_pass(third)
    assert gate.try_pass(second)
    gate.leave(second)
    assert gate.try_pass(third)
    gate.leave(third)
    assert all(gate.try_pass(Ticket()) for _ in range(3))


def test_a_call_that_gives_up_lets_the_next_one_pass(gate: RateLimitGate, clock: Clock) -> None:
    first, second, third = Ticket(), Ticket(), Ticket()
    gate.close(first, 5, is_repeated=False)
    for ticket in (second, third):
        assert not gate.try_pass(ticket)
    gate.abandon(second)
    clock.now += 5
    assert gate.try_pass(third)


def test_a_later_429_does_not_open_the_gate_earlier(gate: RateLimitGate) -> None:
    first, second = Ticket(), Ticket()
    gate.close(first, 5, is_repeated=True)
    gate.close(second, 1, is_repeated=True)
    assert gate.seconds_left(first) == 5


def pass_one_by_one(gate: RateLimitGate, tickets: list[Ticket]) -> None:
    for ticket in tickets:
        assert gate.try_pass(ticket)
        gate.leave(ticket)


def test_more_pass_at_the_same_time_while_there_is_no_429(gate: RateLimitGate, clock: Clock) -> None:
    tickets = [Ticket() for _ in range(30)]
    gate.close(tickets[0], 5, is_repeated=True)
    for ticket in tickets:
        assert not gate.try_pass(ticket)
    clock.now += 5
    pass_one_by_one(gate, tickets[:16])
    assert [gate.try_pass(ticket) for ticket in tickets[16:20]] == [True, True, True, False]
    # Those that are refused again keep their places, and pass one by one.
    for ticket in (tickets[18], tickets[16]):
        gate.close(ticket, 5, is_repeated=True)
    gate.leave(tickets[17])
    clock.now += 5
    assert [gate.try_pass(ticket) for ticket in (tickets[18], tickets[19], tickets[16])] == [False, False, True]
    gate.leave(tickets[16])
    pass_one_by_one(gate, tickets[18:20])
    assert [gate.try_pass(ticket) for ticket in tickets[20:22]] == [True, False]


class BusyServer:
    """Refuses the first request, and holds the second one back until other calls wait for it."""

    def __init__(self, queue: Callable[[], Sized]) -> None:
        self._queue = queue
        self._lock = threading.Lock()
        self._running = 0
        self.answered = 0
        self.most = 0

    def answer(self, _: httpx.Request) -> httpx.Response:
        number = self._begin()
        while number == 2 and not self._queue():
            time.sleep(0.001)
        time.sleep(0.005)
        return self._end(number)

    async def answer_later(self, _: httpx.Request) -> httpx.Response:
        number = self._begin()
        while number == 2 and not self._queue():
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.005)
        return self._end(number)

    def _begin(self) -> int:
        with self._lock:
            self.answered += 1
            self._running += 1
            if self.answered > 100:
                self.most = max(self.most, self._running)
            return self.answered

    def _end(self, number: int) -> httpx.Response:
        with self._lock:
            self._running -= 1
        return failure(429, "RATE_LIMIT_EXCEEDED", retry_after="0") if number == 1 else success(MEMORY)


def test_threads_come_back_to_many_calls_at_the_same_time() -> None:
    server = BusyServer(lambda: gate._state._queue)
    http = httpx.Client(transport=httpx.MockTransport(server.answer))
    hb = HeroBrain(api_key=KEY, http_client=http, retry_delay=0)
    _, gate = hb._transport.connections.current()
    with http, ThreadPoolExecutor(20) as pool:
        first = pool.submit(hb.memories.get, "mem_1")
        while server.answered < 2:
            time.sleep(0.001)
        assert len(list(pool.map(lambda _: hb.memories.get("mem_1"), range(CALLS)))) == CALLS
        assert first.result().success
    assert server.answered == CALLS + 2
    assert server.most >= 8


def test_tasks_come_back_to_many_calls_at_the_same_time() -> None:
    async def run() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(server.answer_later)) as http:
            hb = AsyncHeroBrain(api_key=KEY, http_client=http, retry_delay=0)
            queues.append(hb._transport.connections.current()[1]._state._queue)
            first = asyncio.create_task(hb.memories.get("mem_1"))
            while server.answered < 2:
                await asyncio.sleep(0)
            await asyncio.gather(first, *(hb.memories.get("mem_1") for _ in range(CALLS)))

    queues: list[Sized] = []
    server = BusyServer(lambda: queues[0])
    asyncio.run(run())
    assert server.answered == CALLS + 2
    assert server.most >= 8
