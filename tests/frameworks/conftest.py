"""The stores that the tests of LangGraph's store run against, chosen by `--store`."""

import contextlib
import os
import sqlite3
import uuid

import pytest


def pytest_addoption(parser):
    parser.addoption("--store", choices=["herobrain", "sqlite", "memory"], default="herobrain")


def pytest_configure(config):
    config.addinivalue_line("markers", "left_out(reason): does not hold for the adapter, for this reason")


def pytest_collection_modifyitems(config, items):
    if config.getoption("store") != "herobrain":
        return
    for item in items:
        for mark in item.iter_markers("left_out"):
            item.add_marker(pytest.mark.skip(reason=mark.args[0]))


@pytest.fixture(scope="session")
def server():
    """The address and the key of the server, which `run` starts."""
    return os.environ["HEROBRAIN_URL"], os.environ["HEROBRAIN_API_KEY"]


@pytest.fixture
def make_store(request):
    """Returns a function that makes an empty store with these configurations of the index and of expiry."""
    with contextlib.ExitStack() as stack:
        yield lambda index=None, ttl=None: new_store(request, stack, index, ttl)


@pytest.fixture
def store(make_store):
    """An empty store without configuration."""
    return make_store()


def new_store(request, stack, index, ttl):
    kind = request.config.getoption("store")
    if kind == "herobrain":
        from langgraph_store import HeroBrainStore

        root = ("test", uuid.uuid4().hex)
        return HeroBrainStore(*request.getfixturevalue("server"), root=root, index=index, ttl=ttl)
    if kind == "sqlite":
        from langgraph.store.sqlite import SqliteStore

        if index and not hasattr(sqlite3.Connection, "enable_load_extension"):
            pytest.skip("this Python's SQLite loads no extensions")
        return stack.enter_context(SqliteStore.from_conn_string(":memory:", index=index, ttl=ttl))
    from langgraph.store.memory import InMemoryStore

    if ttl:
        pytest.skip("InMemoryStore has no expiry")
    return InMemoryStore(index=index)


@pytest.fixture
def make_async_store(request):
    """Returns a function that makes an empty store for `async with`."""

    @contextlib.asynccontextmanager
    async def make():
        if request.config.getoption("store") == "sqlite":
            from langgraph.store.sqlite.aio import AsyncSqliteStore

            async with AsyncSqliteStore.from_conn_string(":memory:") as store:
                yield store
        else:
            yield request.getfixturevalue("store")

    return make
