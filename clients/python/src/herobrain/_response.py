"""What an HTTP response means."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, cast

import httpx

from ._errors import ErrorDetail, HeroBrainError, InvalidResponseError, NotModifiedError, error_class

# Very deep nesting is a RecursionError.
_NOT_JSON = (ValueError, RecursionError)


@dataclass(frozen=True)
class Answer:
    """A successful response."""

    status: int
    headers: httpx.Headers
    content: bytes

    def json(self) -> Any:
        """The body, which has to be JSON."""
        return self._parsed(self.content)

    def object(self) -> Mapping[str, Any]:
        """The body, which has to be a JSON object."""
        return self._object(self.json())

    def lines(self) -> list[Mapping[str, Any]]:
        """The lines of the body, which have to be JSON objects."""
        return [self._object(self._parsed(line)) for line in self.content.split(b"\n") if line.strip()]

    def envelope(self) -> Mapping[str, Any]:
        """The body, which has to be an envelope of the API with an object as its data."""
        body = self.object()
        if not isinstance(body.get("data"), dict):
            raise _invalid(self.status, self.headers, "has no data")
        return body

    def _object(self, value: Any) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise _invalid(self.status, self.headers, "is not a JSON object")
        return cast("Mapping[str, Any]", value)

    def _parsed(self, text: bytes) -> Any:
        try:
            return json.loads(text)
        except _NOT_JSON:
            raise _invalid(self.status, self.headers, "is not JSON") from None


def interpret(response: httpx.Response) -> Answer:
    """Returns a success, and raises anything else."""
    if 200 <= response.status_code < 300:
        return Answer(response.status_code, response.headers, response.content)
    raise _error(response)


def _error(response: httpx.Response) -> HeroBrainError:
    status, headers = response.status_code, response.headers
    if status == 304:
        return NotModifiedError(
            "the resource has not changed", code="NOT_MODIFIED", status=status, request_id=headers.get("x-request-id")
        )
    body: Any = None
    if not 300 <= status < 400:
        try:
            body = json.loads(response.content)
        except _NOT_JSON:
            body = None
    details = _details(body)
    if not details:
        if 300 <= status < 400:
            # It is not followed: the credential would be sent to another place.
            return _invalid(status, headers, "is a redirect", code="UNEXPECTED_REDIRECT")
        return _invalid(status, headers, "is not one of the API")
    metadata = cast("dict[str, Any]", body).get("metadata")
    request_id = cast("dict[str, Any]", metadata).get("request_id") if isinstance(metadata, dict) else None
    first = details[0]
    return error_class(status)(
        "; ".join(dict.fromkeys(_sentence(detail) for detail in details)),
        code=first.code,
        status=status,
        request_id=request_id if isinstance(request_id, str) else headers.get("x-request-id"),
        retry_after=retry_after(headers),
        errors=details,
    )


def _details(body: Any) -> list[ErrorDetail]:
    errors = cast("dict[str, Any]", body).get("errors") if isinstance(body, dict) else None
    if not isinstance(errors, list):
        return []
    entries = [cast("dict[str, Any]", entry) for entry in cast("list[Any]", errors) if isinstance(entry, dict)]
    return [
        ErrorDetail(entry["code"], _text(entry.get("message")) or "", _text(entry.get("field")))
        for entry in entries
        if isinstance(entry.get("code"), str)
    ]


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _sentence(detail: ErrorDetail) -> str:
    return detail.message or detail.code


def _invalid(status: int, headers: httpx.Headers, problem: str, *, code: str = "INVALID_RESPONSE") -> HeroBrainError:
    kind = headers.get("content-type", "no content type").partition(";")[0]
    # Without an envelope the status alone says what kind of failure it is.
    known = error_class(status)
    return (InvalidResponseError if known is HeroBrainError else known)(
        f"the answer {problem} (status {status}, {kind})",
        code=code,
        status=status,
        request_id=headers.get("x-request-id"),
        retry_after=retry_after(headers),
    )


def unmoved_cursor(status: int, headers: httpx.Headers) -> HeroBrainError:
    """The error of a page that is followed by itself: it would be requested without end."""
    return _invalid(status, headers, "has the cursor of its own page as the next one")


def retry_after(headers: httpx.Headers, now: float | None = None) -> float | None:
    """The seconds to wait that the response asks for."""
    waits = [_seconds(headers.get(name), now) for name in ("retry-after", "x-ratelimit-retry-after")]
    return max((wait for wait in waits if wait is not None), default=None)


def _seconds(value: str | None, now: float | None) -> float | None:
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return float(text)
    try:
        date = parsedate_to_datetime(text)
        return max(0.0, date.timestamp() - (time.time() if now is None else now))
    except (ValueError, TypeError, OverflowError):
        return None
