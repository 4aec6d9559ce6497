"""Pages of lists."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from .._envelope import Envelope
from .._pagination import Listing
from ._transport import AsyncTransport

D = TypeVar("D")
I = TypeVar("I")


@dataclass(frozen=True)
class AsyncPage(Envelope[D], Generic[D, I]):
    """The envelope of one page. Iterating over it goes on to the items of all later pages."""

    _transport: AsyncTransport = field(kw_only=True, repr=False, compare=False)
    _listing: Listing[D, I] = field(kw_only=True, repr=False, compare=False)

    @property
    def items(self) -> list[I]:
        """The items of this page."""
        return list(self._listing.items(self.data) or ())

    @property
    def next_cursor(self) -> str | None:
        """Where the next page begins; None at the end."""
        return self._listing.next_cursor(self.data)

    async def next_page(self) -> AsyncPage[D, I] | None:
        """The next page, or None after the last one."""
        listing = self._listing.after(self)
        return None if listing is None else await load_page(self._transport, listing)

    async def pages(self) -> AsyncIterator[AsyncPage[D, I]]:
        """This page and all later ones."""
        page = self
        while page is not None:
            yield page
            page = await page.next_page()

    async def __aiter__(self) -> AsyncIterator[I]:
        async for page in self.pages():
            for item in page.items:
                yield item


async def load_page(transport: AsyncTransport, listing: Listing[D, I]) -> AsyncPage[D, I]:
    """Requests a page."""
    envelope = listing.read(await transport.send(listing.request))
    return AsyncPage(
        envelope.success,
        envelope.data,
        envelope.metadata,
        envelope.status,
        envelope.headers,
        _transport=transport,
        _listing=listing,
    )
