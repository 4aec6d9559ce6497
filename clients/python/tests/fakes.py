"""Answers of a server that does not exist."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx

METADATA = {"request_id": "req_1", "timestamp": "2026-11-24T10:30:00.000Z", "version": "v1"}
MEMORY: dict[str, Any] = {
    "id": "mem_1",
    "content": "tea",
    "type": "semantic",
    "importance": 0.5,
    "tags": [],
    "metadata": {},
    "createdAt": "2026-11-24T10:30:00.000Z",
    "updatedAt": "2026-11-24T10:30:00.000Z",
}


def success(data: Any, status: int = 200, **headers: str) -> httpx.Response:
    """An envelope."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json={"success": True, "data": data, "metadata": METADATA}, headers=names)


def failure(status: int, code: str, **headers: str) -> httpx.Response:
    """An error."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    errors = [{"code": code, "message": f"the message of {code}"}]
    return httpx.Response(status, json={"success": False, "errors": errors, "metadata": METADATA}, headers=names)


def body_of(request: httpx.Request) -> Any:
    """The JSON of a request."""
    return json.loads(request.content)


class Script:
    """Answers each request with the next of its answers, and keeps the requests."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.requests: list[httpx.Request] = []
        self._answers: Iterator[httpx.Response | Exception] = iter(answers)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        # A response can be read by one client only.
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


Handler = Callable[[httpx.Request], httpx.Response]
