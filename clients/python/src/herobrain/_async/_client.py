"""The client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from types import TracebackType

import httpx

from .._config import DEFAULT_TIMEOUT, credential_of, settings_of
from .._retry import RetryPolicy
from ._api_keys import AsyncApiKeys
from ._events import AsyncEvents
from ._memories import AsyncMemories
from ._service import AsyncAuth, AsyncHealth, AsyncNamespaces, AsyncOpenApi, AsyncUsage
from ._transport import AsyncConnections, AsyncTransport
from ._webhooks import AsyncWebhooks


class AsyncHeroBrain:
    """A client of the API.

    - `api_key` or `token`: a text, or a function that is called for each attempt. Without either, the environment variable
      HEROBRAIN_API_KEY is used.
    - `tenant_id`: a credential of another tenant is refused with TENANT_MISMATCH.
    - `timeout`: how many seconds an attempt may wait for a connection, and for each part of the answer.
    - `retry_attempts`, `retry_delay`: how often a failed call is repeated, and after how many seconds at most the first time.
    - `max_retry_wait`: a call fails at once if the server asks to wait for more seconds than these.
    - `http_client`: sends the requests, and is not closed with this client.
    """

    def __init__(
        self,
        *,
        api_key: str | Callable[[], str | Awaitable[str]] | None = None,
        token: str | Callable[[], str | Awaitable[str]] | None = None,
        tenant_id: str | None = None,
        base_url: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        retry_attempts: int = 3,
        retry_delay: float = 0.5,
        max_retry_wait: float = 60.0,
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        credential = credential_of(api_key, token)
        settings = settings_of(base_url, tenant_id, timeout, RetryPolicy(retry_attempts, retry_delay, max_retry_wait))
        self._use(AsyncTransport(settings, credential, AsyncConnections(http_client)))

    def _use(self, transport: AsyncTransport) -> None:
        self._transport = transport
        self.memories = AsyncMemories(transport)
        self.namespaces = AsyncNamespaces(transport)
        self.api_keys = AsyncApiKeys(transport)
        self.webhooks = AsyncWebhooks(transport)
        self.events = AsyncEvents(transport)
        self.usage = AsyncUsage(transport)
        self.auth = AsyncAuth(transport)
        self.health = AsyncHealth(transport)
        self.openapi = AsyncOpenApi(transport)

    def with_options(
        self,
        *,
        timeout: float | None = None,
        retry_attempts: int | None = None,
        retry_delay: float | None = None,
        max_retry_wait: float | None = None,
    ) -> AsyncHeroBrain:
        """A client with other options, which shares the connections of this one."""
        old = self._transport.settings
        retry = RetryPolicy(
            old.retry.attempts if retry_attempts is None else retry_attempts,
            old.retry.delay if retry_delay is None else retry_delay,
            old.retry.max_wait if max_retry_wait is None else max_retry_wait,
        )
        settings = settings_of(old.base_url, old.tenant_id, old.timeout if timeout is None else timeout, retry)
        client = object.__new__(type(self))
        client._use(replace(self._transport, settings=settings))
        return client

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._transport.connections.aclose()

    async def __aenter__(self) -> AsyncHeroBrain:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._transport.settings.base_url!r})"
