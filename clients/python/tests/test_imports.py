"""An import takes any number of lines."""

from __future__ import annotations

import pickle
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import KEY
from fakes import Script, success

from herobrain import HeroBrainError
from herobrain._ndjson import Batches, lines_of


def lines(count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        yield {"content": f"{number}", "type": "task", "user_id": "u"}


def result(*numbers: int) -> dict[str, Any]:
    results = [{"line": number, "id": f"mem_{number}"} for number in numbers]
    return {"imported": len(numbers), "existing": 0, "replaced": 0, "failed": 0, "results": results}


def test_lines_are_split_and_results_joined(connect: Any) -> None:
    script = Script(*(success(result(1, 2)) for _ in range(3)))
    joined = connect(api_key=KEY, handler=script).memories.import_(lines(2001), on_conflict="keep", idempotency_key="k")
    assert [request.content.count(b"\n") + 1 for request in script.requests] == [1000, 1000, 1]
    assert [request.headers["idempotency-key"] for request in script.requests] == ["k", "k-1000", "k-2000"]
    assert {request.headers["content-type"] for request in script.requests} == {"application/x-ndjson"}
    assert script.requests[2].url.params["onConflict"] == "keep"
    assert script.requests[2].content == b'{"content":"2000","type":"task","userId":"u"}'
    assert joined.data.imported == 6
    assert [line.line for line in joined.data.results] == [1, 2, 1001, 1002, 2001, 2002]


def test_text_keeps_its_line_numbers(connect: Any) -> None:
    script = Script(success(result(1)))
    text = "\n" * 1000 + '{"content":"a","type":"task"}\r\n'
    joined = connect(api_key=KEY, handler=script).memories.import_(text)
    assert [request.content for request in script.requests] == [b'{"content":"a","type":"task"}\r']
    assert [line.line for line in joined.data.results] == [1001]


def test_the_lines_of_a_file_can_be_imported(connect: Any, tmp_path: Path) -> None:
    file = tmp_path / "memories.ndjson"
    file.write_bytes(b'{"content":"a"}\n\n{"content":"\xc3\xa9"}\n')
    script = Script(success(result(1)), success(result(1)))
    hb = connect(api_key=KEY, handler=script)
    with file.open(encoding="utf-8") as text, file.open("rb") as binary:
        hb.memories.import_(text)
        hb.memories.import_(binary)
    assert {request.content for request in script.requests} == {b'{"content":"a"}\n\n{"content":"\xc3\xa9"}'}


def test_a_single_memory_is_not_an_import(connect: Any) -> None:
    with pytest.raises(TypeError, match="put a single one into a list"):
        connect(api_key=KEY, handler=Script()).memories.import_({"content": "a", "type": "task"})


@pytest.mark.parametrize("results", [None, [3, {"line": "1"}, {}]])
def test_results_of_another_form_are_kept(connect: Any, results: Any) -> None:
    script = Script(success({**result(), "results": results}))
    joined = connect(api_key=KEY, handler=script).memories.import_(lines(1))
    assert len(joined.data.results) == len(results or ())


@pytest.mark.parametrize("nothing", [[], "", b"", "\n \n"])
def test_an_import_of_nothing_sends_no_request(connect: Any, nothing: Any) -> None:
    imported = connect(api_key=KEY, handler=Script()).memories.import_(nothing)
    assert (imported.success, imported.data.imported, imported.data.results) == (True, 0, [])


def test_an_import_that_failed_is_repeated_with_the_same_keys(connect: Any) -> None:
    failing = Script(success(result(1)), HeroBrainError("stop", code="X"))
    with pytest.raises(HeroBrainError) as raised:
        connect(api_key=KEY, handler=failing).memories.import_(lines(1500), idempotency_key="k")
    imported = pickle.loads(pickle.dumps(raised.value)).imported
    assert (imported.imported, [line.id for line in imported.results]) == (1, ["mem_1"])
    again = Script(success(result(1)), success(result(1)))
    connect(api_key=KEY, handler=again).memories.import_(lines(1500), idempotency_key="k")
    for before, after in zip(failing.requests, again.requests):
        assert before.headers["idempotency-key"] == after.headers["idempotency-key"]
        assert before.content == after.content


def test_batches_have_at_most_so_many_bytes() -> None:
    batches = Batches(max_lines=10, max_bytes=10)
    added = [batches.add(line) for line in (b"12345", b"1234", b"1", b"12345678901234", b"2")]
    assert added == [None, b"12345", None, b"1234\n1", b"12345678901234"]
    assert batches.rest() == b"2"
    assert batches.rest() is None


def test_lines_of_text() -> None:
    assert list(lines_of("\ufeffa\n\nb\n")) == [b"a", b"", b"b"]
    assert list(lines_of(b"")) == []


def test_what_was_exported_can_be_imported(hb: Any) -> None:
    user = f"import-{uuid.uuid4()}"
    given = [{"content": f"{user} {number}", "type": "task", "user_id": user} for number in range(30)]
    given[28]["content"] = ""
    first = hb.memories.import_(given)
    assert (first.data.imported, first.data.failed) == (29, 1)
    failed = [line for line in first.data.results if getattr(line, "errors", None)]
    assert [line.line for line in failed] == [29]
    exported = list(hb.memories.export(user_id=user))
    assert len(exported) == 29
    assert hb.memories.import_(exported).data.existing == 29
    assert hb.memories.delete_all(filter={"userId": user}).data.deleted == 29
