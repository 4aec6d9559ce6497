"""Everything that waits, for threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from .._gate import RateLimitGate, Ticket

T = TypeVar("T")


def sleep(seconds: float) -> None:
    """Waits."""
    time.sleep(seconds)


def resolved(value: str) -> str:
    """A value that the caller's function has returned."""
    return value


def iterate(items: Iterable[T]) -> Iterator[T]:
    """The items of an iterable."""
    return iter(items)


class Gate:
    """A `RateLimitGate` that threads wait at."""

    def __init__(self) -> None:
        self._state = RateLimitGate()
        self._changed = threading.Condition()

    def enter(self, ticket: Ticket) -> None:
        """Waits until the call may be sent."""
        with self._changed:
            while not self._state.try_pass(ticket):
                self._changed.wait(self._state.seconds_left(ticket))

    def close(self, ticket: Ticket, seconds: float, *, is_repeated: bool) -> None:
        """Closes the gate after a 429."""
        with self._changed:
            self._state.close(ticket, seconds, is_repeated=is_repeated)
            self._changed.notify_all()

    def leave(self, ticket: Ticket) -> None:
        """Ends an attempt."""
        with self._changed:
            self._state.leave(ticket)
            self._changed.notify_all()

    def abandon(self, ticket: Ticket) -> None:
        """Ends a call, which may have been interrupted."""
        with self._changed:
            self._state.abandon(ticket)
            self._changed.notify_all()
