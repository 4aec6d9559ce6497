"""Makes the asynchronous client look like the synchronous one, so that one test covers both."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from typing import Any

from herobrain import AsyncEventFeed, AsyncHeroBrain, AsyncPage, AsyncPager


class Blocking:
    """An asynchronous object, and the loop that it runs on."""

    def __init__(self, target: Any, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._target = target
        self._loop = asyncio.new_event_loop() if loop is None else loop

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        is_group = type(value).__module__.startswith("herobrain._async")
        return self._wrap(value) if is_group or callable(value) else value

    def __call__(self, *positional: Any, **named: Any) -> Any:
        return self._result(self._target(*positional, **named))

    def __iter__(self) -> Iterator[Any]:
        iterator: AsyncIterator[Any] = aiter(self._target)
        while True:
            try:
                item = self._loop.run_until_complete(anext(iterator))
            except StopAsyncIteration:
                return
            yield self._wrap(item) if isinstance(item, AsyncPage) else item

    def __repr__(self) -> str:
        return repr(self._target)

    def close(self) -> None:
        """Closes the client."""
        self._loop.run_until_complete(self._target.aclose())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def _result(self, value: Any) -> Any:
        if isinstance(value, AsyncPager) or inspect.isawaitable(value):
            value = self._loop.run_until_complete(_awaited(value))
        is_stream = inspect.isasyncgen(value)
        return (
            self._wrap(value) if is_stream or isinstance(value, (AsyncPage, AsyncEventFeed, AsyncHeroBrain)) else value
        )

    def _wrap(self, value: Any) -> Blocking:
        return Blocking(value, self._loop)


async def _awaited(value: Any) -> Any:
    return await value
