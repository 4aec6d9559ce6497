"""Starts a list."""

from __future__ import annotations

from typing import TypeVar

from .._pagination import Listing
from ._page import Page, load_page
from ._transport import Transport

D = TypeVar("D")
I = TypeVar("I")


def paginate(transport: Transport, listing: Listing[D, I]) -> Page[D, I]:
    """The first page of the list."""
    return load_page(transport, listing)
