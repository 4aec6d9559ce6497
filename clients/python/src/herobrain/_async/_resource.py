"""What every group of calls has."""

from __future__ import annotations

from ._transport import AsyncTransport


class AsyncResource:
    """A group of calls."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport
