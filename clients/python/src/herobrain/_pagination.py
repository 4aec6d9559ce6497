"""Lists of several pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qs, urlsplit

from ._envelope import Envelope, metadata_of, read_envelope
from ._model import Model, parse
from ._request import Request
from ._response import Answer, unmoved_cursor

D = TypeVar("D")
I = TypeVar("I")
M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Listing(Generic[D, I]):
    """How a list is requested, and what of a page are its items and its continuation."""

    request: Request
    read: Callable[[Answer], Envelope[D]]
    items: Callable[[D], Sequence[I] | None]
    next_cursor: Callable[[D], str | None]

    def after(self, page: Envelope[D]) -> Listing[D, I] | None:
        """The listing of the page after this one, or None after the last one. An empty page can have a next one."""
        cursor = self.next_cursor(page.data)
        if not cursor:
            return None
        if cursor == self._cursor():
            raise unmoved_cursor(page.status, page.headers)
        return Listing(self.request.at_cursor(cursor), self.read, self.items, self.next_cursor)

    def _cursor(self) -> Any:
        return (self.request.query if self.request.body is None else self.request.body).get("cursor")


def listing(
    request: Request,
    model: type[M],
    items: Callable[[M], Sequence[I] | None],
    next_cursor: Callable[[M], str | None] = lambda _: None,
) -> Listing[M, I]:
    """A list whose pages are envelopes."""
    return Listing(request, lambda answer: read_envelope(model, answer), items, next_cursor)


@dataclass(frozen=True)
class Lines(Generic[I]):
    """A page of an export: one item per line."""

    items: Sequence[I]
    next_cursor: str | None


def lines_listing(request: Request, model: type[M]) -> Listing[Lines[M], M]:
    """A list whose pages are NDJSON, and whose next page is in the header `Link`."""
    return Listing(
        request, lambda answer: _read_lines(model, answer), lambda page: page.items, lambda page: page.next_cursor
    )


def _read_lines(model: type[M], answer: Answer) -> Envelope[Lines[M]]:
    return Envelope(
        success=True,
        data=Lines([parse(model, value) for value in answer.lines()], _linked_cursor(answer)),
        metadata=metadata_of(answer),
        status=answer.status,
        headers=answer.headers,
    )


def _linked_cursor(answer: Answer) -> str | None:
    # Only the cursor is taken from the link, so that the credential is sent to no other place.
    links: str = answer.headers.get("link", "")
    for link in links.split(","):
        target, _, parameters = link.strip().partition(">")
        if 'rel="next"' in parameters:
            return next(iter(parse_qs(urlsplit(target.lstrip("<")).query).get("cursor", [])), None)
    return None
