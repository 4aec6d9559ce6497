"""Calls for the feed of events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from .._encoding import query
from .._pagination import listing
from .._request import Request
from .._response import unmoved_cursor
from ..types import Event, EventList, EventPattern
from ._paginate import AsyncPager, paginate
from ._resource import AsyncResource
from ._transport import AsyncTransport
from ._waiting import sleep

_PATH = "/api/v1/events"


class AsyncEventFeed:
    """The events after a cursor, without an end.

    `cursor` is where to continue after a restart. Store it when an event has been processed. It advances with the last event
    of a response, so that after a restart the last events may come again, and none is missed. After an error, iterate again: it
    continues from `cursor`.
    """

    def __init__(
        self,
        transport: AsyncTransport,
        types: Sequence[str] | None,
        cursor: str | None,
        limit: int | None,
        poll_interval: float,
    ) -> None:
        self.cursor = cursor
        self._transport = transport
        self._types = types
        self._limit = limit
        self._poll_interval = poll_interval

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            request = Request("GET", _PATH, query(types=self._types, cursor=self.cursor, limit=self._limit))
            before = self.cursor
            envelope = await self._transport.call(request, EventList)
            page = envelope.data
            events = page.events or []
            for event in events[:-1]:
                yield event
            # Without a cursor the next request would begin with the oldest event.
            self.cursor = page.next_cursor or self.cursor
            for event in events[-1:]:
                yield event
            if page.has_more and self.cursor == before:
                raise unmoved_cursor(envelope.status, envelope.headers)
            if not page.has_more:
                await sleep(self._poll_interval)


class AsyncEvents(AsyncResource):
    """The feed of events."""

    def list(
        self,
        *,
        types: Sequence[EventPattern] | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> AsyncPager[EventList, Event]:
        """Lists events, the oldest first, up to the newest one."""
        source = listing(
            Request("GET", _PATH, query(types=types, cursor=cursor, limit=limit)),
            EventList,
            lambda data: data.events,
            # The feed has a cursor at its end, too.
            lambda data: data.next_cursor if data.has_more else None,
        )
        return paginate(self._transport, source)

    def follow(
        self,
        *,
        types: Sequence[EventPattern] | None = None,
        cursor: str | None = "latest",
        limit: int | None = None,
        poll_interval: float = 5.0,
    ) -> AsyncEventFeed:
        """Iterates over events as they happen, from now on, after a cursor, or with None from the oldest that is kept.

        At the end it asks again after `poll_interval` seconds. `limit` is the number of events of one request.
        """
        return AsyncEventFeed(self._transport, types, cursor, limit, poll_interval)
