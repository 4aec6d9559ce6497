"""Starts a list, for asyncio. The synchronous form is written by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from typing import Any, Generic, TypeVar

from .._pagination import Listing
from ._page import AsyncPage, load_page
from ._transport import AsyncTransport

D = TypeVar("D")
I = TypeVar("I")


class AsyncPager(Generic[D, I]):
    """A list that was not requested yet: `await` returns its first page, `async for` all items of all pages."""

    def __init__(self, transport: AsyncTransport, listing: Listing[D, I]) -> None:
        self._transport = transport
        self._listing = listing

    def __await__(self) -> Generator[Any, None, AsyncPage[D, I]]:
        return load_page(self._transport, self._listing).__await__()

    async def __aiter__(self) -> AsyncIterator[I]:
        async for item in await self:
            yield item


def paginate(transport: AsyncTransport, listing: Listing[D, I]) -> AsyncPager[D, I]:
    """The list."""
    return AsyncPager(transport, listing)
