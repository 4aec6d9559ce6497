"""One client is used by threads, by tasks and by processes that are forked."""

from __future__ import annotations

import os
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import KEY, Server

from herobrain import HeroBrain

THREADS = 8


def test_threads_share_a_client(server: Server) -> None:
    user = f"threads-{uuid.uuid4()}"

    def work(thread: int) -> list[str]:
        ids: list[str] = []
        for number in range(5):
            created = hb.memories.create(content=f"{thread}-{number}", type="task", user_id=user).data
            assert hb.memories.get(created.id).data.content == f"{thread}-{number}"
            ids.append(created.id)
        return ids

    with HeroBrain(api_key=server.api_key, base_url=server.url) as hb:
        with ThreadPoolExecutor(THREADS) as pool:
            ids = [identifier for each in pool.map(work, range(THREADS)) for identifier in each]
        assert sorted(memory.id for memory in hb.memories.list(user_id=user, limit=7)) == sorted(ids)


def test_no_thread_of_a_forked_process_uses_the_connections_of_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    with HeroBrain(api_key=KEY) as hb:
        connections = hb._transport.connections
        connections._process = 0
        # While new ones are made, another thread has to see that those at hand are not of this process.
        seen: list[int] = []
        monkeypatch.setattr("herobrain._sync._transport.Gate", lambda: seen.append(connections._process))
        connections.current()
        assert (seen, connections._process) == ([0], os.getpid())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_has_connections_of_its_own(server: Server) -> None:
    with HeroBrain(api_key=server.api_key, base_url=server.url) as hb:
        hb.memories.list(limit=1)
        before, gate = hb._transport.connections.current()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                http, forked_gate = hb._transport.connections.current()
                hb.memories.list(limit=1)
                status = 0 if http is not before and forked_gate is not gate else 2
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert hb.memories.list(limit=1).success
        assert hb._transport.connections.current() == (before, gate)
