"""Servers and clients of the tests. `clients/python/check` starts the servers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from blocking import Blocking

from herobrain import AsyncHeroBrain, HeroBrain

KEY = "hb_test_not_a_real_key"


class Server:
    """A local server."""

    def __init__(self, prefix: str) -> None:
        self.url = os.environ[f"{prefix}_URL"]
        self.api_key = os.environ[f"{prefix}_API_KEY"]
        self.jwt = os.environ[f"{prefix}_JWT"]


@pytest.fixture(scope="session")
def server() -> Server:
    """A server whose limits no test reaches."""
    return Server("HEROBRAIN_TEST")


@pytest.fixture(scope="session")
def limited_server() -> Server:
    """A server on the plan pro: a burst of 200, and 100 requests a minute."""
    return Server("HEROBRAIN_TEST_PRO")


@pytest.fixture(params=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of client."""
    return request.param


@pytest.fixture
def connect(kind: str) -> Iterator[Callable[..., Any]]:
    """Opens clients of either kind, which are used in the same way."""
    opened: list[Any] = []

    def open_client(**options: Any) -> Any:
        handler = options.pop("handler", None)
        if kind == "sync":
            if handler is not None:
                options["http_client"] = httpx.Client(transport=httpx.MockTransport(handler))
            client: Any = HeroBrain(**options)
        else:
            if handler is not None:
                options["http_client"] = httpx.AsyncClient(transport=httpx.MockTransport(handler))
            client = Blocking(AsyncHeroBrain(**options))
        opened.append(client)
        return client

    yield open_client
    for client in opened:
        client.close()


@pytest.fixture
def hb(connect: Callable[..., Any], server: Server) -> Any:
    """A client of the server."""
    return connect(api_key=server.api_key, base_url=server.url)
