"""The snippets of the README run."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import Server

README = Path(__file__).resolve().parents[1] / "README.md"
SNIPPETS = re.findall(r"^```python\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch, server: Server) -> dict[str, Any]:
    """Makes the local server the default of clients."""
    monkeypatch.setattr("herobrain._config.DEFAULT_BASE_URL", server.url)
    monkeypatch.setenv("HEROBRAIN_API_KEY", server.api_key)
    return {"__name__": "snippet"}


def run(snippet: str, names: dict[str, Any]) -> None:
    exec(compile(snippet, str(README), "exec", dont_inherit=True), names)


def test_there_are_snippets() -> None:
    assert len(SNIPPETS) == 3


def test_the_synchronous_client(names: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    run(SNIPPETS[0], names)
    printed = capsys.readouterr().out
    assert re.search(r"^mem_\w+ req_\w+$", printed, re.MULTILINE)
    assert re.search(r"^0\.\d+ Prefers the window seat$", printed, re.MULTILINE)
    assert re.search(r"^RESOURCE_NOT_FOUND 404 req_\w+\n31$", printed, re.MULTILINE)


def test_the_asynchronous_client(names: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    run(SNIPPETS[1], names)
    assert sorted(capsys.readouterr().out.splitlines()) == ["Plays the viola", "Sails"]


def test_a_receiver(names: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    run(SNIPPETS[2], names)
    body, sent = b'{"id":"evt_1","event":"memory.created"}', str(int(time.time()))
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    mac = base64.b64encode(hmac.digest(key, f"evt_1.{sent}.".encode() + body, hashlib.sha256)).decode()
    headers = {"webhook-id": "evt_1", "webhook-timestamp": sent, "webhook-signature": f"v1,{mac}"}
    assert names["receive"](headers, body) == 204
    assert names["receive"](headers, body + b" ") == 401
    assert capsys.readouterr().out == "evt_1 memory.created\n"
