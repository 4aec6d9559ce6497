"""Sends requests, and repeats them."""

from __future__ import annotations

import os
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

import httpx

from .._config import Credential, Settings, authorization
from .._envelope import Envelope, read_envelope
from .._errors import ConfigurationError, HeroBrainConnectionError, HeroBrainError, HeroBrainTimeoutError
from .._gate import Ticket
from .._model import Model
from .._request import Request
from .._response import Answer, interpret
from ._waiting import Gate, resolved, sleep

M = TypeVar("M", bound=Model)


class AsyncConnections:
    """What all calls of a client share: its connections, and the gate that rate limits close.

    A process that was forked gets its own, because two processes cannot use one connection.
    """

    def __init__(self, given: httpx.AsyncClient | None) -> None:
        if given is not None and not isinstance(given, httpx.AsyncClient):
            raise ConfigurationError("http_client must be of the class httpx." + httpx.AsyncClient.__name__)
        self._given = given
        self._open()

    def _open(self) -> None:
        self._http = httpx.AsyncClient(follow_redirects=False) if self._given is None else self._given
        self._gate = Gate()
        # It is set last, so that no other thread uses those of the parent.
        self._process = os.getpid()

    def current(self) -> tuple[httpx.AsyncClient, Gate]:
        """The connections and the gate of this process."""
        if self._process != os.getpid():
            self._open()
        return self._http, self._gate

    async def aclose(self) -> None:
        """Closes the connections, unless the caller has opened them."""
        if self._given is None:
            await self._http.aclose()


@dataclass(frozen=True)
class AsyncTransport:
    """Sends requests with the settings of a client."""

    settings: Settings
    credential: Credential[str | Awaitable[str]]
    connections: AsyncConnections

    async def call(self, request: Request, model: type[M]) -> Envelope[M]:
        """Sends a request whose response is an envelope."""
        return read_envelope(model, await self.send(request))

    async def send(self, request: Request) -> Answer:
        """Sends a request until it succeeds, or has failed for good."""
        policy = self.settings.retry
        http, gate = self.connections.current()
        ticket = Ticket()
        url, headers, body = request.url(self.settings), request.all_headers(), request.encoded_body()
        # A call that is not repeated fails at once instead of waiting for others.
        waits_in_turn = policy.attempts > 0 and not request.is_public
        retries = 0
        try:
            while True:
                if waits_in_turn:
                    await gate.enter(ticket)
                try:
                    return await self._attempt(http, request, url, headers, body)
                except HeroBrainError as error:
                    wait = policy.wait_before_retry(error, retries)
                    is_limited = not request.is_public and policy.closes_gate(error)
                    if is_limited:
                        gate.close(ticket, error.retry_after or wait or 0.0, is_repeated=wait is not None)
                    if wait is None:
                        raise
                gate.leave(ticket)
                retries += 1
                if not is_limited:
                    await sleep(wait)
        finally:
            gate.abandon(ticket)

    async def _attempt(
        self, http: httpx.AsyncClient, request: Request, url: str, headers: dict[str, str], body: bytes | None
    ) -> Answer:
        sent = http.build_request(request.method, url, content=body, headers=headers, timeout=self.settings.timeout)
        if not request.is_public:
            sent.headers["Authorization"] = authorization(await resolved(self.credential.current()))
        try:
            response = await http.send(sent, auth=None, follow_redirects=False)
        except httpx.TimeoutException as error:
            raise HeroBrainTimeoutError(
                f"no answer within the timeout of {self.settings.timeout:g} s ({type(error).__name__})", code="TIMEOUT"
            ) from error
        except httpx.RequestError as error:
            raise HeroBrainConnectionError(
                f"no answer was received ({type(error).__name__}: {error})", code="CONNECTION_ERROR"
            ) from error
        return interpret(response)
