"""The order in which the calls of a client pass after a 429."""

from __future__ import annotations

import itertools
import time
from bisect import insort
from collections.abc import Callable

# How many attempts in a row have to pass the rate limit before one more is let through at the same time.
_ATTEMPTS_PER_LANE = 8


class Ticket:
    """A call's place in the queue, which it keeps for all its attempts."""

    _numbers = itertools.count()

    def __init__(self) -> None:
        self.number = next(self._numbers)


class RateLimitGate:
    """Holds calls back while the rate limit is used up. It has no locks and does not wait.

    Without it, calls that run at the same time would use up their attempts in competing for each token of the bucket.
    After a 429 the calls queue. When the wait has passed, the first of the queue is sent alone. A success lets the next one
    pass at once, and another 429 closes the gate again. While there is no 429, more and more pass at the same time: a busy
    client would otherwise never reach the end of its queue.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._opens_at: float | None = None
        self._queue: list[Ticket] = []
        # The calls of the queue whose attempts have not ended.
        self._passing: set[Ticket] = set()
        # The attempts that have ended since the last 429.
        self._passed = 0

    def try_pass(self, ticket: Ticket) -> bool:
        """Whether the call may be sent now. If not, it is in the queue."""
        if not self._passing and not self._queue and self._seconds_closed() <= 0:
            self._opens_at = None
        if self._opens_at is None:
            return True
        self._enqueue(ticket)
        if not self._is_next(ticket) or self._seconds_closed() > 0:
            return False
        self._queue.remove(ticket)
        self._passing.add(ticket)
        return True

    def seconds_left(self, ticket: Ticket) -> float | None:
        """How long a call in the queue has to wait, or None if it waits for another one."""
        return max(self._seconds_closed(), 0.0) if self._is_next(ticket) else None

    def close(self, ticket: Ticket, seconds: float, *, is_repeated: bool) -> None:
        """A call was answered with 429, and `seconds` have to pass. If it is repeated, it keeps its place."""
        self._opens_at = max(self._opens_at or 0.0, self._clock() + seconds)
        self._passing.discard(ticket)
        self._passed = 0
        if is_repeated:
            self._enqueue(ticket)

    def leave(self, ticket: Ticket) -> None:
        """The attempt of a call has ended in another way."""
        if ticket in self._passing:
            self._passing.remove(ticket)
            self._passed += 1

    def abandon(self, ticket: Ticket) -> None:
        """A call will not be sent (again)."""
        self.leave(ticket)
        if ticket in self._queue:
            self._queue.remove(ticket)

    def _enqueue(self, ticket: Ticket) -> None:
        if ticket not in self._queue:
            insort(self._queue, ticket, key=lambda other: other.number)

    def _is_next(self, ticket: Ticket) -> bool:
        # The first ones may pass in any order: each of them has been told.
        free = 1 + self._passed // _ATTEMPTS_PER_LANE - len(self._passing)
        return ticket in self._queue[: max(free, 0)]

    def _seconds_closed(self) -> float:
        return 0.0 if self._opens_at is None else self._opens_at - self._clock()
