"""What a newer server returns is kept, and what the caller gives is checked."""

from __future__ import annotations

import pickle
from datetime import datetime, timezone
from typing import Any, Literal, get_args, get_origin

import pytest
from conftest import KEY
from fakes import MEMORY, Script, body_of, success
from pydantic import ValidationError

from herobrain import OMIT, HeroBrain, types
from herobrain._encoding import fields, namespace_text, query
from herobrain._generated import MemoryQuery
from herobrain._model import Model, parse


class Inner(Model):
    name: str
    count: int


class Outer(Model):
    inner: Inner
    others: list[Inner]


def test_unknown_fields_and_values_are_kept(connect: Any) -> None:
    newer = {**MEMORY, "type": "dream", "importance": "high", "mood": {"a": 1}, "createdAt": "soon"}
    hb = connect(api_key=KEY, handler=Script(success(newer)))
    memory = hb.memories.get("mem_1").data
    assert (memory.type, memory.importance, memory.mood, memory.created_at) == ("dream", "high", {"a": 1}, "soon")


def test_nested_values_are_read_one_by_one() -> None:
    outer = parse(Outer, {"inner": {"name": 1, "count": 2}, "others": [{"name": "a"}, {"name": "b", "count": "3"}]})
    assert (outer.inner.name, outer.inner.count) == (1, 2)
    assert (outer.others[0].count, outer.others[1].count) == (None, 3)
    assert outer.others[0].to_json() == {"name": "a"}
    assert parse(Outer, {"inner": "text", "others": None}).inner == "text"


def test_absent_fields_are_none(connect: Any) -> None:
    # A credential that may only write gets no more than this.
    created = {"id": "mem_1", "createdAt": "2026-11-24T10:30:00.000Z", "updatedAt": "2026-11-24T10:30:00.000Z"}
    hb = connect(api_key=KEY, handler=Script(success(created, 201)))
    memory = hb.memories.create(content="tea", type="semantic").data
    assert (memory.id, memory.content, memory.tags) == ("mem_1", None, None)


def test_what_the_caller_makes_is_checked() -> None:
    with pytest.raises(ValidationError):
        Outer.model_validate({"inner": {"name": 1, "count": 2}, "others": []})
    with pytest.raises(ValidationError):
        types.NewMemory()  # pyright: ignore


def test_fields_are_named_in_snake_case_and_sent_in_camel_case(connect: Any) -> None:
    script = Script(success({}), success({}), success({}))
    hb = connect(api_key=KEY, handler=script)
    memory = types.NewMemory(content="tea", type="semantic", user_id="u")
    hb.memories.create_bulk([memory, {"content": "tea", "type": "semantic", "user_id": "u", "sessionId": "s"}])
    hb.memories.update_bulk([{"id": "mem_1", "if_match": '"1"', "patch": {"user_id": None, "metadata": {"a_b": 1}}}])
    hb.memories.update("mem_1", user_id=None, content=OMIT, metadata={"a_b": None})
    first, second, third = map(body_of, script.requests)
    assert first["memories"] == [
        {"content": "tea", "type": "semantic", "userId": "u"},
        {"content": "tea", "type": "semantic", "userId": "u", "sessionId": "s"},
    ]
    assert second["items"] == [{"id": "mem_1", "ifMatch": '"1"', "patch": {"userId": None, "metadata": {"a_b": 1}}}]
    assert third == {"userId": None, "metadata": {"a_b": None}}


def test_values_are_sent_in_their_json_form(connect: Any) -> None:
    script = Script(success(MEMORY))
    hb = connect(api_key=KEY, handler=script)
    hb.memories.create(content="é", type="event", expires_at=datetime(2027, 1, 31, 9, tzinfo=timezone.utc), tags=("a",))
    assert body_of(script.requests[0]) == {
        "content": "é",
        "type": "event",
        "expiresAt": "2027-01-31T09:00:00Z",
        "tags": ["a"],
    }


def test_queries_are_text() -> None:
    assert query(tags=["a", "b"], limit=3, namespace=["a/b", "c~d"], explain=True, user_id=None) == {
        "tags": "a,b",
        "limit": "3",
        "namespace": "a~1b/c~0d",
        "explain": "true",
    }
    assert namespace_text("a/b") == "a/b"
    assert fields(a_b=None, c=OMIT) == {"aB": None}


@pytest.mark.parametrize("identifier", ["", ".", ".."])
def test_an_id_that_is_another_route_is_refused(identifier: str) -> None:
    with HeroBrain(api_key=KEY) as hb, pytest.raises(ValueError, match="not an id"):
        hb.memories.delete(identifier)


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda hb: hb.memories.get(7), "an id must be a text, not int"),
        (lambda hb: hb.memories.create_bulk(["tea"]), "a mapping or a model is needed, not str"),
        (lambda hb: hb.memories.import_([7]), "a mapping or a model is needed, not int"),
    ],
)
def test_a_value_of_a_wrong_type_is_refused(connect: Any, call: Any, problem: str) -> None:
    with pytest.raises(TypeError, match=problem):
        call(connect(api_key=KEY, handler=Script()))


def test_a_header_is_a_text(connect: Any) -> None:
    with pytest.raises(ValueError, match="If-Match must be a text"):
        connect(api_key=KEY, handler=Script()).memories.delete("mem_1", if_match=7)


def test_an_id_is_one_segment(connect: Any) -> None:
    script = Script(success(MEMORY))
    connect(api_key=KEY, handler=script).memories.get("a/../b?c")
    assert script.requests[0].url.raw_path == b"/api/v1/memories/a%2F..%2Fb%3Fc"


@pytest.mark.parametrize(
    ("names", "model", "field"),
    [
        (types.MemoryType, types.NewMemory, "type"),
        (types.MetadataMode, types.MemoryPatch, "metadata_mode"),
        (types.Environment, types.ApiKey, "environment"),
        (types.Scope, types.AccessToken, "scopes"),
        (types.WebhookStatus, types.Webhook, "status"),
        (types.EventPattern, types.Webhook, "events"),
        (types.DeliveryStatus, types.DeliveryAttempt, "status"),
        (types.SortField, MemoryQuery, "sort"),
        (types.SortOrder, MemoryQuery, "order"),
    ],
)
def test_names_of_values_are_those_of_the_document(names: Any, model: type[Model], field: str) -> None:
    assert set(get_args(names)) == literals(model.model_fields[field].annotation)


def literals(annotation: Any) -> set[Any]:
    """The values of the literals within a type."""
    if get_origin(annotation) is Literal:
        return set(get_args(annotation))
    return set().union(*map(literals, get_args(annotation)))


def test_models_can_be_pickled() -> None:
    memory = parse(types.Memory, MEMORY)
    assert pickle.loads(pickle.dumps(memory)) == memory
