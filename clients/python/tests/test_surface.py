"""Both clients have the same methods and parameters, and a method for every operation of the API."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import KEY
from operations import method_path

from herobrain import AsyncHeroBrain, HeroBrain

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = ROOT / "functions" / "docs" / "openapi.json"
# It is the same as auth.exchange, for callers that can only send a GET.
WITHOUT_METHOD = {"auth.exchangeByGet"}


def public(target: Any) -> dict[str, Any]:
    """The public attributes of a client or a group of calls."""
    return {name: getattr(target, name) for name in dir(target) if not name.startswith("_")}


def methods(client: Any) -> dict[str, Any]:
    """All methods of a client by their path."""
    found: dict[str, Any] = {}
    for name, value in public(client).items():
        if callable(value):
            found[name] = value
        else:
            found |= {f"{name}.{inner}": method for inner, method in public(value).items()}
    return found


def signature(method: Any) -> list[tuple[str, Any, Any, str]]:
    """The parameters of a method, with the types in their synchronous form."""
    parameters = inspect.signature(method).parameters.values()
    return [(each.name, each.kind, each.default, _synchronous(str(each.annotation))) for each in parameters]


def _synchronous(annotation: str) -> str:
    for name, replacement in (
        (" | Awaitable[str]", ""),
        (" | AsyncIterable[types.ImportItem]", ""),
        ("AsyncClient", "Client"),
    ):
        annotation = annotation.replace(name, replacement)
    return annotation


def test_both_clients_have_the_same_surface() -> None:
    ours, theirs = methods(HeroBrain(api_key=KEY)), methods(AsyncHeroBrain(api_key=KEY))
    assert sorted(ours) == sorted(name.replace("aclose", "close") for name in theirs)
    for name, method in ours.items():
        other = theirs["aclose" if name == "close" else name]
        assert signature(method) == signature(other), name
        assert method.__doc__ == other.__doc__, name
    assert signature(HeroBrain) == signature(AsyncHeroBrain)


@pytest.mark.parametrize("client", [HeroBrain, AsyncHeroBrain])
def test_every_public_method_is_documented(client: Any) -> None:
    for name, method in methods(client(api_key=KEY)).items():
        assert method.__doc__, name


def test_optional_parameters_are_given_by_name() -> None:
    for name, method in methods(HeroBrain(api_key=KEY)).items():
        if name in ("memories.search", "webhooks.verify"):
            continue
        for parameter in inspect.signature(method).parameters.values():
            if parameter.default is not parameter.empty:
                assert parameter.kind is parameter.KEYWORD_ONLY, f"{name}({parameter.name})"


def test_every_operation_has_a_method() -> None:
    document = json.loads(DOCUMENT.read_text())
    operations = {
        operation["operationId"]: f"{verb.upper()} {path}"
        for path, item in document["paths"].items()
        for verb, operation in item.items()
        if re.fullmatch("get|put|post|patch|delete", verb)
    }
    known = methods(HeroBrain(api_key=KEY))
    expected = {name: route for name, route in operations.items() if name not in WITHOUT_METHOD}
    missing = {name: route for name, route in expected.items() if method_path(name) not in known}
    assert not missing, f"add a method for each of these: {missing}"
