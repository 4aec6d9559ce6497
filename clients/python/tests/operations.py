"""The method of a client for an operation of the OpenAPI document."""

from __future__ import annotations

import keyword
import re


def snake_case(name: str) -> str:
    """`createBulk` is `create_bulk`."""
    snake = re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name)
    return f"{snake}_" if keyword.iskeyword(snake) else snake


def method_path(operation: str) -> str:
    """`apiKeys.rotate` is `api_keys.rotate`."""
    return ".".join(map(snake_case, operation.split(".")))
