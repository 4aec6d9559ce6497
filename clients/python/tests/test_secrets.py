"""A credential is in no log, no representation and no text of an error."""

from __future__ import annotations

import json
import logging
import pickle
import traceback
from typing import Any

import httpx
import pytest
from conftest import Server
from fakes import MEMORY, Script, failure, success

from herobrain import ConfigurationError, HeroBrain, HeroBrainError

SECRET = "hb_prod_abc123def456789012345678901234567890"


@pytest.mark.parametrize(
    "answer",
    [
        success(MEMORY),
        failure(401, "AUTH_INVALID"),
        failure(500, "DATABASE_ERROR"),
        httpx.Response(502, html="<h1>Bad gateway</h1>"),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("late"),
    ],
    ids=str,
)
def test_no_log_and_no_error_shows_the_credential(connect: Any, caplog: pytest.LogCaptureFixture, answer: Any) -> None:
    caplog.set_level(logging.DEBUG)
    hb = connect(api_key=SECRET, tenant_id="t", handler=Script(answer), retry_attempts=0)
    try:
        hb.memories.get("mem_1")
    except HeroBrainError as error:
        shown = [
            *traceback.format_exception(error),
            repr(error),
            repr(vars(error)),
            json.dumps(vars(error), default=repr),
        ]
        shown.append(repr(pickle.loads(pickle.dumps(error))))
        assert SECRET not in "".join(shown)
    assert SECRET not in caplog.text
    shown = [repr(hb), str(hb), repr(hb.memories), repr(hb._transport), repr(hb._transport.credential)]
    assert SECRET not in "".join(shown)


def test_real_connections_do_not_log_it(connect: Any, server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    connect(api_key=server.api_key, base_url=server.url).memories.list(limit=1)
    assert "GET" in caplog.text
    assert server.api_key not in caplog.text


@pytest.mark.parametrize("given", [f"{SECRET}\x00", f"{SECRET} {SECRET}", f"{SECRET}\r\nX: y", f"{SECRET}é"])
def test_a_malformed_credential_is_not_shown(connect: Any, given: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        HeroBrain(api_key=given)
    assert SECRET not in "".join(traceback.format_exception(raised.value))
    hb = connect(token=lambda: given, handler=Script())
    with pytest.raises(ConfigurationError) as raised:
        hb.memories.get("mem_1")
    assert SECRET not in "".join(traceback.format_exception(raised.value))


def test_a_client_cannot_be_pickled() -> None:
    with HeroBrain(api_key=SECRET) as hb, pytest.raises(TypeError):
        pickle.dumps(hb)


def test_secrets_in_answers_are_not_shown(connect: Any) -> None:
    script = Script(success({"id": "key_1", "plainKey": SECRET}, 201), success({"id": "whk_1", "secret": SECRET}, 201))
    hb = connect(api_key="a", handler=script)
    key = hb.api_keys.create(name="k")
    webhook = hb.webhooks.create(name="w", url="https://example.com", events=["*"], secret=SECRET)
    assert (key.data.plain_key, webhook.data.secret) == (SECRET, SECRET)
    assert SECRET not in repr(key) + repr(webhook) + str(key.data) + f"{webhook.data}"
