"""What a call returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import httpx

from ._model import Model, parse
from ._response import Answer
from .types import ResponseMetadata

D_co = TypeVar("D_co", covariant=True)
M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Envelope(Generic[D_co]):
    """A successful response: `success`, `data` and `metadata` as the API sent them."""

    success: bool
    data: D_co
    metadata: ResponseMetadata
    status: int = field(default=200, repr=False)
    headers: httpx.Headers = field(default_factory=httpx.Headers, repr=False, compare=False)

    @property
    def etag(self) -> str | None:
        """The version of a resource, for `if_match` and `if_none_match`."""
        return self.headers.get("etag")

    @property
    def is_replayed(self) -> bool:
        """Whether it is the stored answer to an earlier request with the same idempotency key."""
        return self.headers.get("idempotent-replayed") == "true"


def metadata_of(answer: Answer) -> ResponseMetadata:
    """The metadata of an answer without an envelope: its headers have the id of the request."""
    return parse(ResponseMetadata, {"request_id": answer.headers.get("x-request-id")})


def read_envelope(model: type[M], answer: Answer) -> Envelope[M]:
    """The envelope of an answer."""
    body = answer.envelope()
    metadata: Any = body.get("metadata")
    return Envelope(
        success=bool(body.get("success", True)),
        data=parse(model, body["data"]),
        metadata=parse(ResponseMetadata, metadata if isinstance(metadata, dict) else {}),
        status=answer.status,
        headers=answer.headers,
    )
