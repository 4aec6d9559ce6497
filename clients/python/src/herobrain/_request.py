"""A call as data, before it is sent."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode

from ._config import Settings
from ._encoding import encode_json
from ._version import __version__

_NO_STRINGS: Mapping[str, str] = {}
NDJSON = "application/x-ndjson"


@dataclass(frozen=True)
class Request:
    """A request. One that changes something carries an idempotency key, which its repetitions share."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=lambda: _NO_STRINGS)
    body: Mapping[str, Any] | None = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: _NO_STRINGS)
    is_public: bool = False

    def at_cursor(self, cursor: str) -> Request:
        """The request for the page that begins at a cursor."""
        if self.body is not None:
            return replace(self, body={**self.body, "cursor": cursor})
        # A page number and a cursor exclude each other.
        others = {name: value for name, value in self.query.items() if name != "page"}
        return replace(self, query={**others, "cursor": cursor})

    def url(self, settings: Settings) -> str:
        """The URL, with the tenant that the caller expects."""
        query = dict(self.query)
        if settings.tenant_id is not None and not self.is_public:
            query["tenantId"] = settings.tenant_id
        suffix = f"?{urlencode(query, quote_via=quote)}" if query else ""
        return f"{settings.base_url}{self.path}{suffix}"

    def encoded_body(self) -> bytes | None:
        """The bytes of the body."""
        return self.content if self.body is None else encode_json(self.body)

    def all_headers(self) -> dict[str, str]:
        """The headers but the credential."""
        headers = {"Accept": "application/json", "User-Agent": f"herobrain-python/{__version__}", **self.headers}
        if self.body is not None:
            headers["Content-Type"] = "application/json"
        return headers


def write_headers(
    *, idempotency_key: str | None = None, if_match: str | None = None, if_none_match: str | None = None
) -> dict[str, str]:
    """The headers of a call that changes something."""
    key = str(uuid.uuid4()) if idempotency_key is None else idempotency_key
    return header_values({"Idempotency-Key": key, "If-Match": if_match, "If-None-Match": if_none_match})


def conditions(*, if_match: str | None = None, if_none_match: str | None = None) -> dict[str, str]:
    """The headers of a conditional call."""
    return header_values({"If-Match": if_match, "If-None-Match": if_none_match})


def header_values(values: Mapping[str, str | None]) -> dict[str, str]:
    """The headers that have a value."""
    given = {name: value for name, value in values.items() if value is not None}
    for name, value in given.items():
        if not isinstance(value, str) or not value.isascii() or not value.isprintable() or not value.strip():
            raise ValueError(f"{name} must be a text of visible ASCII characters")
    return given
