"""The Python example on the page "Connect" of the dashboard runs. pyright checks its types."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Server

from herobrain import HeroBrain

SNIPPET = Path(__file__).resolve().parents[3] / "functions" / "dashboard" / "snippets" / "python.py"


@pytest.fixture
def hb(server: Server) -> Iterator[HeroBrain]:
    """A client of the server, where the example's user has no memories before the test and none after it."""
    with HeroBrain(api_key=server.api_key, base_url=server.url) as hb:
        hb.memories.delete_all(filter={"userId": "ada"})
        yield hb
        hb.memories.delete_all(filter={"userId": "ada"})


def test_the_example_finds_the_memory_that_it_creates(hb: HeroBrain, server: Server, tmp_path: Path) -> None:
    program = tmp_path / "example.py"
    program.write_text(SNIPPET.read_text().replace("BASE_URL", server.url))
    environment = {**os.environ, "HEROBRAIN_API_KEY": server.api_key}
    command = [sys.executable, "-W", "error", program]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert re.fullmatch(r"[01](\.\d+)? Prefers the window seat\n", ran.stdout)
    assert [memory.content for memory in hb.memories.list(user_id="ada")] == ["Prefers the window seat"]
