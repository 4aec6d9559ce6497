"""Splits an import into requests, and joins their results."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

from ._encoding import JsonObject, encode_json, json_object
from ._envelope import Envelope, read_envelope
from ._model import Model, parse
from ._response import Answer
from .types import ImportedMemories, ResponseMetadata

MAX_LINES = 1000
MAX_BYTES = 4 * 1024 * 1024


class Batches:
    """Collects lines to bodies within the limits of one request."""

    def __init__(self, max_lines: int = MAX_LINES, max_bytes: int = MAX_BYTES) -> None:
        self._max_lines, self._max_bytes = max_lines, max_bytes
        self._lines: list[bytes] = []
        self._size = 0

    def add(self, item: Model | JsonObject | str | bytes) -> bytes | None:
        """Adds a line. Returns the body of the lines before it, if it does not fit into the same request."""
        line = _line_of(item)
        is_full = len(self._lines) == self._max_lines or self._size + len(line) + 1 > self._max_bytes
        full = self.rest() if is_full else None
        self._lines.append(line)
        self._size += len(line) + 1
        return full

    def rest(self) -> bytes | None:
        """The body of the lines that are left."""
        # The last line may not fit with its end, which it does not need.
        body = b"\n".join(self._lines) if self._lines else None
        self._lines, self._size = [], 0
        return body


def _line_of(item: Model | JsonObject | str | bytes) -> bytes:
    if isinstance(item, (str, bytes)):
        # A line of a file has its end.
        return (item.encode() if isinstance(item, str) else item).removesuffix(b"\n")
    return encode_json(json_object(item))


def lines_of(text: str | bytes) -> Iterator[bytes]:
    """The lines of NDJSON text. Empty lines count in the numbers of lines."""
    raw = text.encode() if isinstance(text, str) else text
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    yield from raw.removesuffix(b"\n").split(b"\n") if raw else ()


class ImportResults:
    """Joins the results of several requests to one, with the numbers of the lines of the whole input."""

    def __init__(self) -> None:
        self.lines = 0
        """The number of lines before the next request."""
        self._data: dict[str, Any] = {"existing": 0, "failed": 0, "imported": 0, "replaced": 0, "results": []}
        self._last: Envelope[Any] | None = None

    def skip(self, body: bytes) -> None:
        """Counts lines that need no request because they are empty."""
        self.lines += body.count(b"\n") + 1

    def add(self, body: bytes, answer: Answer) -> None:
        """Adds the result of a request with this body."""
        self._last = read_envelope(ImportedMemories, answer)
        for name, value in answer.envelope()["data"].items():
            if name == "results":
                self._data[name] += map(self._moved, cast("list[Any]", value) if isinstance(value, list) else ())
            elif isinstance(value, int):
                self._data[name] = self._data.get(name, 0) + value
        self.skip(body)

    def _moved(self, result: Any) -> Any:
        try:
            return {**result, "line": result["line"] + self.lines}
        except (KeyError, TypeError):
            # A newer server may say it in another way.
            return result

    def data(self) -> ImportedMemories:
        """The result of all requests."""
        return parse(ImportedMemories, self._data)

    def envelope(self) -> Envelope[ImportedMemories]:
        """The envelope of the last request, with the result of all."""
        data = self.data()
        return (
            Envelope(True, data, parse(ResponseMetadata, {})) if self._last is None else replace(self._last, data=data)
        )
