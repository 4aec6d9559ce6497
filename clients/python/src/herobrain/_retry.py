"""Which failures are repeated, and when."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from ._errors import HeroBrainConnectionError, HeroBrainError

_MAX_BACKOFF = 8.0


@dataclass(frozen=True)
class RetryPolicy:
    """How often a call is repeated, and how long it waits before that, in seconds."""

    attempts: int = 3
    """How often a call is repeated."""
    delay: float = 0.5
    """The longest wait before the first repetition, which doubles with each one."""
    max_wait: float = 60.0
    """The longest wait that a server can ask for."""

    def wait_before_retry(
        self, error: HeroBrainError, retries: int, uniform: Callable[[float, float], float] = random.uniform
    ) -> float | None:
        """The wait after a failure that follows `retries` repetitions, or None if it is final."""
        if retries >= self.attempts or not _is_transient(error):
            return None
        requested = error.retry_after or 0.0
        if requested > self.max_wait:
            return None
        # Full jitter: calls that have failed together are not repeated together.
        backoff = uniform(0.0, min(self.delay * 2.0**retries, _MAX_BACKOFF))
        return max(requested, backoff)

    def closes_gate(self, error: HeroBrainError) -> bool:
        """Whether other calls wait, too, because the rate limit is used up for a while."""
        return error.status == 429 and (error.retry_after or 0.0) <= self.max_wait


def _is_transient(error: HeroBrainError) -> bool:
    if isinstance(error, HeroBrainConnectionError):
        return True
    if error.status == 409:
        # An earlier attempt with the same key is in progress. Other conflicts stay.
        return error.code == "IDEMPOTENCY_CONFLICT" and error.retry_after is not None
    return error.status is not None and (error.status in (408, 429) or error.status >= 500)
