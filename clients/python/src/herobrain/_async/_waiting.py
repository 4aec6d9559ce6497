"""Everything that waits, for asyncio. The synchronous form is written by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Iterable
from typing import TypeVar

from .._gate import RateLimitGate, Ticket

T = TypeVar("T")


async def sleep(seconds: float) -> None:
    """Waits."""
    await asyncio.sleep(seconds)


async def resolved(value: str | Awaitable[str]) -> str:
    """A value that the caller's function has returned, or will return."""
    return await value if isinstance(value, Awaitable) else value


async def iterate(items: Iterable[T] | AsyncIterable[T]) -> AsyncIterator[T]:
    """The items of either kind of iterable."""
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item


class Gate:
    """A `RateLimitGate` that tasks wait at."""

    def __init__(self) -> None:
        self._state = RateLimitGate()
        self._waiters: set[asyncio.Future[None]] = set()

    async def enter(self, ticket: Ticket) -> None:
        """Waits until the call may be sent."""
        while not self._state.try_pass(ticket):
            await self._change(self._state.seconds_left(ticket))

    def close(self, ticket: Ticket, seconds: float, *, is_repeated: bool) -> None:
        """Closes the gate after a 429."""
        self._state.close(ticket, seconds, is_repeated=is_repeated)
        self._notify()

    def leave(self, ticket: Ticket) -> None:
        """Ends an attempt."""
        self._state.leave(ticket)
        self._notify()

    def abandon(self, ticket: Ticket) -> None:
        """Ends a call, which may have been cancelled."""
        self._state.abandon(ticket)
        self._notify()

    async def _change(self, timeout: float | None) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await asyncio.wait([waiter], timeout=timeout)
        finally:
            self._waiters.discard(waiter)

    def _notify(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
