"""What is no answer of the API is a clear error, too."""

from __future__ import annotations

import pickle
from typing import Any, cast

import httpx
import pytest
from conftest import KEY
from fakes import MEMORY, Script, failure, success

from herobrain import (
    AsyncHeroBrain,
    ConfigurationError,
    HeroBrain,
    HeroBrainConnectionError,
    HeroBrainError,
    InvalidResponseError,
    NotFoundError,
    NotModifiedError,
    PreconditionFailedError,
    RateLimitError,
)


@pytest.mark.parametrize(
    ("response", "problem"),
    [
        (httpx.Response(502, html="<h1>Bad gateway</h1>"), "is not one of the API (status 502, text/html)"),
        (httpx.Response(200, html="<h1>Sign in</h1>"), "is not JSON (status 200, text/html)"),
        (httpx.Response(200, json={"ok": True}), "has no data (status 200, application/json)"),
        (httpx.Response(200, json={"data": None}), "has no data"),
        (httpx.Response(200, json={"data": ["x"]}), "has no data"),
        (httpx.Response(200, json=["x"]), "is not a JSON object"),
        (httpx.Response(200, content=b"[" * 200_000), "is not JSON"),
        (httpx.Response(500, content=b"[" * 200_000), "is not one of the API"),
        (httpx.Response(500, json={"errors": [{"code": None}]}), "is not one of the API"),
        (httpx.Response(200, content=b'{"success": tr'), "is not JSON (status 200, no content type)"),
        (httpx.Response(500, json=["x"]), "is not one of the API (status 500, application/json)"),
        (httpx.Response(500, json={"success": False, "errors": [{"message": "x"}, 3]}), "is not one of the API"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_answer_of_something_else(connect: Any, response: httpx.Response, problem: str) -> None:
    script = Script(response)
    with pytest.raises(InvalidResponseError) as raised:
        connect(api_key=KEY, handler=script, retry_attempts=0).memories.get("mem_1")
    assert raised.value.code == "INVALID_RESPONSE"
    assert raised.value.status == response.status_code
    assert problem in raised.value.message
    assert len(script.requests) == 1


def test_an_error_page_has_the_class_of_its_status(connect: Any) -> None:
    hb = connect(api_key=KEY, handler=Script(httpx.Response(429, html="<h1>Slow down</h1>")), retry_attempts=0)
    with pytest.raises(RateLimitError, match="INVALID_RESPONSE: the answer is not one of the API"):
        hb.memories.get("mem_1")


def test_every_invalid_field_is_reported(connect: Any) -> None:
    errors = [{"code": "VALIDATION_ERROR", "message": f"{field} is required", "field": field} for field in ("a", "b")]
    answer = httpx.Response(400, json={"success": False, "errors": errors}, headers={"x-request-id": "req_9"})
    with pytest.raises(HeroBrainError, match="a is required; b is required") as raised:
        connect(api_key=KEY, handler=Script(answer)).memories.create(content="", type="task")
    assert [error.field for error in raised.value.errors] == ["a", "b"]
    assert raised.value.request_id == "req_9"


def test_conditions_have_classes_of_their_own(connect: Any) -> None:
    script = Script(failure(404, "RESOURCE_NOT_FOUND"), failure(412, "PRECONDITION_FAILED"), httpx.Response(304))
    hb = connect(api_key=KEY, handler=script)
    with pytest.raises(NotFoundError):
        hb.memories.get("mem_1")
    with pytest.raises(PreconditionFailedError):
        hb.memories.update("mem_1", content="x", if_match='"1"')
    with pytest.raises(NotModifiedError):
        hb.memories.get("mem_1", if_none_match='"1"')
    assert script.requests[1].headers["if-match"] == '"1"'
    assert script.requests[2].headers["if-none-match"] == '"1"'


def test_a_server_that_is_away(connect: Any) -> None:
    # Nothing can listen on port 0.
    with pytest.raises(HeroBrainConnectionError) as raised:
        connect(api_key=KEY, base_url="http://127.0.0.1:0", retry_delay=0).memories.get("mem_1")
    assert raised.value.code == "CONNECTION_ERROR"


@pytest.mark.parametrize("returned", [None, ""])
def test_a_call_without_a_credential_is_not_sent(connect: Any, returned: Any) -> None:
    script = Script()
    with pytest.raises(HeroBrainError) as raised:
        connect(token=lambda: returned, handler=script).memories.get("mem_1")
    assert raised.value.code == "NO_CREDENTIAL"
    assert not isinstance(raised.value, ConfigurationError)
    assert not script.requests


def test_errors_can_be_pickled() -> None:
    with (
        HeroBrain(
            api_key=KEY, http_client=httpx.Client(transport=httpx.MockTransport(Script(failure(404, "X"))))
        ) as hb,
        pytest.raises(NotFoundError) as raised,
    ):
        hb.memories.get("mem_1")
    copy = pickle.loads(pickle.dumps(raised.value))
    assert (type(copy), str(copy), copy.errors) == (NotFoundError, str(raised.value), raised.value.errors)


def test_redirects_are_not_followed_by_a_given_client() -> None:
    script = Script(httpx.Response(307, headers={"location": "https://example.com/"}), success(MEMORY))
    http = httpx.Client(transport=httpx.MockTransport(script), follow_redirects=True)
    with HeroBrain(api_key=KEY, http_client=http) as hb, pytest.raises(InvalidResponseError) as raised:
        hb.memories.get("mem_1")
    assert raised.value.code == "UNEXPECTED_REDIRECT"
    assert "is a redirect (status 307, no content type)" in raised.value.message
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, "HEROBRAIN_API_KEY"),
        ({"api_key": ""}, "give api_key or token"),
        ({"api_key": KEY, "token": KEY}, "not both"),
        ({"api_key": "a\nb"}, "visible ASCII"),
        ({"api_key": KEY, "base_url": "api.herobrain.ai"}, "must begin with"),
        ({"api_key": KEY, "base_url": "https://user:word@herobrain.ai"}, "no user name"),
        ({"api_key": 7}, "visible ASCII"),
        ({"api_key": KEY, "base_url": "https://herobrain.ai:port"}, "is not a URL"),
        ({"api_key": KEY, "base_url": "https://[::1"}, "is not a URL"),
        ({"api_key": KEY, "base_url": "https://herobrain.ai\n"}, "is not a URL"),
        ({"api_key": KEY, "timeout": 0}, "timeout"),
        ({"api_key": KEY, "timeout": None}, "timeout"),
        ({"api_key": KEY, "retry_delay": "1"}, "must be numbers"),
        ({"api_key": KEY, "http_client": httpx.AsyncClient()}, "must be of the class httpx.Client"),
        ({"api_key": KEY, "retry_attempts": -1}, "retry_attempts"),
    ],
)
def test_unusable_settings(monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], problem: str) -> None:
    monkeypatch.delenv("HEROBRAIN_API_KEY", raising=False)
    with pytest.raises(ConfigurationError, match=problem):
        HeroBrain(**options)


def test_the_asynchronous_client_needs_asynchronous_connections() -> None:
    with httpx.Client() as http, pytest.raises(ConfigurationError, match=r"of the class httpx\.AsyncClient"):
        AsyncHeroBrain(api_key=KEY, http_client=cast(Any, http))


def test_the_key_of_the_environment_and_a_base_url_with_a_slash(connect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEROBRAIN_API_KEY", f"{KEY}\n")
    script = Script(success(MEMORY))
    connect(handler=script, base_url="http://127.0.0.1:9000/base/").memories.get("mem_1")
    assert str(script.requests[0].url) == "http://127.0.0.1:9000/base/api/v1/memories/mem_1"
    assert script.requests[0].headers["authorization"] == f"Bearer {KEY}"
