"""Holds the conversations of clients/scenarios with the methods of both clients."""

from __future__ import annotations

import json
import random
import re
import string
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from blocking import Blocking
from conftest import Server
from operations import method_path, snake_case

from herobrain import Envelope, HeroBrainError
from herobrain._model import Model
from herobrain._pagination import Lines

FILES = sorted((Path(__file__).resolve().parents[2] / "scenarios").glob("*.json"))
FIELDS = {"call", "path", "query", "body", "lines", "options", "as", "eventually", "expect", "save"}
# One server for each kind of client, because lists contain what other runs have left.
RUNS = {kind: "".join(random.choices(string.ascii_lowercase + string.digits, k=12)) for kind in ("sync", "async")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_scenario(connect: Callable[..., Any], kind: str, path: Path) -> None:
    server = Server(f"HEROBRAIN_SCENARIOS_{kind.upper()}")
    saved: dict[str, Any] = {"run": RUNS[kind]}
    for number, template in enumerate(json.loads(path.read_text())["steps"], start=1):
        assert set(template) <= FIELDS, "the runner knows every field"
        step = filled(template, saved)
        client = client_of(connect, server, step)
        while True:
            outcome = perform(client, step)
            differences = list(compare(outcome, step["expect"]))
            if not (differences and step.get("eventually")):
                break
            time.sleep(0.2)
        assert not differences, f"step {number}, {step['call']}: {differences} in {outcome}"
        for name, pointer in step.get("save", {}).items():
            saved[name] = at(outcome, pointer)


def test_there_are_scenarios() -> None:
    assert FILES


def client_of(connect: Callable[..., Any], server: Server, step: dict[str, Any]) -> Any:
    """A client with the credential and the tenant of a step."""
    credential = step.get("as", server.api_key)
    tenant = step.get("query", {}).pop("tenantId", None)
    token = server.jwt if credential == "session" else credential
    return connect(token=token, base_url=server.url, tenant_id=tenant)


def filled(template: Any, saved: dict[str, Any]) -> Any:
    """A step with the saved values in the place of `$name`."""
    if isinstance(template, dict):
        return {key: filled(value, saved) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(value, saved) for value in template]
    if not isinstance(template, str):
        return template
    whole = re.fullmatch(r"\$([A-Za-z0-9]+)", template)
    return saved[whole[1]] if whole else re.sub(r"\$([A-Za-z0-9]+)", lambda found: saved[found[1]], template)


def perform(client: Any, step: dict[str, Any]) -> dict[str, Any]:
    """Calls the method of a step, and describes the result in the words of the scenario."""
    method = client
    for name in method_path(step["call"]).split("."):
        method = getattr(method, name)
    given = {**step.get("body", {}), **step.get("query", {}), **step.get("path", {}), **step.get("options", {})}
    arguments = {snake_case(name): value for name, value in given.items()}
    if "lines" in step:
        arguments["memories"] = step["lines"]
    try:
        result = method(**arguments)
        items = [plain(item) for item in result] if "items" in step["expect"] else None
    except HeroBrainError as error:
        return {"status": error.status, "code": error.code, "fields": [detail.field for detail in error.errors]}
    envelope = result._target if isinstance(result, Blocking) else result
    if not isinstance(envelope, Envelope):
        return {"status": 200, "data": plain(envelope)}
    return {"status": envelope.status, "data": plain(envelope.data), "items": items}


def plain(value: Any) -> Any:
    """The JSON of a result."""
    if isinstance(value, Lines):
        return [plain(item) for item in value.items]
    return value.to_json() if isinstance(value, Model) else value


def compare(outcome: dict[str, Any], expected: dict[str, Any]) -> Iterator[str]:
    """The differences between what happened and what a step expects."""
    for name, value in expected.items():
        if name != "field":
            yield from difference(outcome.get(name), value, f"/{name}")
        elif value not in outcome.get("fields", ()):
            yield f"no error names the field {value}"


def difference(actual: Any, expected: Any, where: str) -> Iterator[str]:
    """The differences of a value from what is expected. An object may have more members than expected."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key, value in expected.items():
            if key in actual:
                yield from difference(actual[key], value, f"{where}/{key}")
            else:
                yield f"{where}/{key} is absent"
    elif isinstance(expected, list) and isinstance(actual, list) and len(actual) == len(expected):
        for index, (one, other) in enumerate(zip(actual, expected)):
            yield from difference(one, other, f"{where}/{index}")
    elif actual != expected:
        yield f"{where} is {actual!r} instead of {expected!r}"


def at(outcome: Any, pointer: str) -> Any:
    """The value at a JSON pointer."""
    value = outcome
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value


def test_every_named_field_and_every_element_has_to_match() -> None:
    actual = {"a": 1, "b": [{"c": None, "d": "e"}]}
    for same in ({}, {"a": 1}, {"b": [{"c": None}]}, actual):
        assert not list(difference(actual, same, ""))
    for other in ({"a": 2}, {"b": []}, {"b": [{}, {}]}, {"b": [{"x": None}]}, [{}]):
        assert list(difference(actual, other, "")), other
