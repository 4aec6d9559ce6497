"""How Python values are sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias, cast
from urllib.parse import quote

from pydantic import BaseModel
from pydantic_core import to_json

from ._model import Model
from ._omit import OMIT

JsonObject: TypeAlias = Mapping[str, Any]
Time: TypeAlias = "datetime | str | float"
"""A time with a zone, or a number since 1970: from 10^11 on in milliseconds."""


def camel_case(name: str) -> str:
    """The name of a field in JSON: `user_id` is `userId`."""
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)


def fields(**values: Any) -> dict[str, Any]:
    """The fields of a JSON body, without those that are not sent."""
    return {camel_case(name): value for name, value in values.items() if value is not OMIT}


def json_object(value: Model | JsonObject) -> dict[str, Any]:
    """A JSON object that the caller gives as a model, or as a mapping with names in snake case or in camel case."""
    if isinstance(value, Model):
        return value.to_json()
    if not isinstance(value, Mapping):
        raise TypeError(f"a mapping or a model is needed, not {type(value).__name__}")
    return {camel_case(name): item for name, item in value.items()}


def encode_json(value: Any) -> bytes:
    """JSON text. Models in it are written with the fields that are set."""
    return to_json(_without_models(value))


def _without_models(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_unset=True)
    if isinstance(value, Mapping):
        return {key: _without_models(item) for key, item in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [_without_models(item) for item in cast("Iterable[Any]", value)]
    return value


def namespace_text(namespace: str | Sequence[str]) -> str:
    """A namespace in a query: its segments, escaped as in a JSON Pointer. A text is in that form already."""
    if isinstance(namespace, str):
        return namespace
    return "/".join(segment.replace("~", "~0").replace("/", "~1") for segment in namespace)


def query(**values: Any) -> dict[str, str]:
    """The parameters of a query, without those that are absent."""
    return {camel_case(name): _query_text(name, value) for name, value in values.items() if value is not None}


def _query_text(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if name in ("namespace", "namespace_prefix", "prefix"):
        return namespace_text(value)
    return ",".join(value)


def segment(value: str) -> str:
    """An id as one segment of a path."""
    if not isinstance(value, str):
        raise TypeError(f"an id must be a text, not {type(value).__name__}")
    if value in ("", ".", ".."):
        # They would address another route.
        raise ValueError(f"{value!r} is not an id")
    return quote(value, safe="")
