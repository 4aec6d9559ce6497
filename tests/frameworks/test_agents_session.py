"""The session of OpenAI Agents compared with `SQLiteSession`, operation by operation."""

import asyncio
import os
import random
import uuid

import httpx
import pytest
from agents import SQLiteSession
from agents.memory import Session
from agents_session import HeroBrainSession

OPERATIONS = 1_000
USERS, SESSIONS = ("ana", "bo"), ("s1", "s2", "s3")
WORDS = ["tide", "Übung", "茶", "🦉", "naïve", "a\nb", '"quoted"', "\\", "  ", "0", "null", "e\u0301"]


def random_item(random):
    """A message, a message of parts, a call of a tool, its output, or reasoning."""
    words = " ".join(random.choices(WORDS, k=random.randrange(6)))
    number = random.choice([0, 1, -7, 2.5, 1e20, 2**53 + 1, 1e-9])
    return random.choice([
        {"role": "user", "content": words},
        {"role": "assistant", "content": words, "id": f"msg_{random.randrange(100)}"},
        {"type": "message", "role": "assistant", "status": "completed", "content": [
            {"type": "output_text", "text": words, "annotations": []}, {"type": "refusal", "refusal": words}]},
        {"type": "function_call", "call_id": words, "name": "look_up", "arguments": f'{{"n": {number}}}'},
        {"type": "function_call_output", "call_id": "c", "output": words, "extra": [number, None, True, {"": []}]},
        {"type": "reasoning", "id": "r", "summary": [], "content": None},
    ])


async def random_operation(random, session):
    """The name, the arguments and the result of an operation; equal seeds make equal operations."""
    operation = random.choices(["add", "get", "get_all", "pop", "clear"], [40, 25, 8, 23, 4])[0]
    if operation == "add":
        items = [random_item(random) for _ in range(random.choices([0, 1, 2, 3, 5, 60], [1, 3, 3, 3, 2, 1])[0])]
        return operation, items, await session.add_items(items)
    if operation == "get":
        limit = random.choice([0, 1, 2, 3, 10, 70, -1])
        return operation, limit, await session.get_items(limit)
    if operation == "get_all":
        return operation, None, await session.get_items()
    if operation == "pop":
        return operation, None, await session.pop_item()
    return operation, None, await session.clear_session()


@pytest.fixture
def make_session(server):
    """Returns a function that makes a session of this test."""
    root = ("test", uuid.uuid4().hex)
    return lambda session_id, user_id=None: HeroBrainSession(session_id, *server, user_id=user_id, root=root)


def test_random_operations_give_the_results_of_the_session_in_sqlite(make_session, tmp_path):
    """`SEED` replays a failure."""
    seed = int(os.environ.get("SEED") or random.randrange(2**32))
    print(f"SEED={seed}")

    async def compare():
        pairs = [(make_session(session, user), SQLiteSession(f"{user}/{session}", tmp_path / "sessions.db"))
                 for user in USERS for session in SESSIONS]
        assert all(isinstance(session, Session) for pair in pairs for session in pair)
        choices = random.Random(seed)
        for step in range(OPERATIONS):
            ours, theirs = choices.choice(pairs)
            state = choices.getrandbits(64)
            got, expected = [await random_operation(random.Random(state), session) for session in (ours, theirs)]
            assert got == expected, f"SEED={seed}, operation {step} of {ours.session_id}"
        for ours, theirs in pairs:
            assert await ours.get_items() == await theirs.get_items(), f"SEED={seed}, at the end"
            await ours.close()
            theirs.close()

    asyncio.run(compare())


def test_concurrent_writers_lose_no_item_and_concurrent_readers_pop_none_twice(make_session):
    async def use():
        sessions = [make_session("shared") for _ in range(4)]
        every = [{"role": "user", "content": f"{writer} {n}"} for writer in range(4) for n in range(5)]
        await asyncio.gather(*(session.add_items(every[5 * n:5 * n + 5]) for n, session in enumerate(sessions)))
        added = [item["content"] for item in await sessions[0].get_items()]
        for writer in range(4):
            own = [content for content in added if content.startswith(f"{writer} ")]
            assert own == [f"{writer} {n}" for n in range(5)]
        popped = await asyncio.gather(*(session.pop_item() for session in sessions for _ in range(3)))
        assert len({item["content"] for item in popped}) == 12
        assert len(await sessions[0].get_items()) == 8
        for session in sessions:
            await session.close()

    asyncio.run(use())


def test_a_session_has_no_items_of_other_sessions_and_users(make_session):
    async def use():
        names = [("one",), ("one", "ana"), ("one", "bo"), ("two", "ana")]
        sessions = [make_session(*name) for name in names]
        for n, session in enumerate(sessions):
            await session.add_items([{"role": "user", "content": f"item {n}"}])
        await sessions[1].clear_session()
        assert [[item["content"] for item in await session.get_items()] for session in sessions] == [
            ["item 0"], [], ["item 2"], ["item 3"]]
        for session in sessions:
            await session.close()

    asyncio.run(use())


def test_pops_go_back_into_a_full_page(make_session):
    async def use():
        session = make_session("long")
        items = [{"role": "user", "content": str(n)} for n in range(103)]
        await session.add_items(items)
        assert await session.get_items(102) == items[1:]
        assert [await session.pop_item() for _ in range(5)] == items[:-6:-1]
        assert await session.get_items() == items[:98]
        await session.add_items(items[98:])
        assert await session.get_items() == items
        await session.close()

    asyncio.run(use())


def test_the_last_item_of_a_session_can_be_popped(make_session):
    async def use():
        session = make_session("short")
        assert await session.pop_item() is None
        await session.add_items([{"role": "user", "content": "only"}])
        assert await session.pop_item() == {"role": "user", "content": "only"}
        assert await session.pop_item() is None and await session.get_items() == []
        await session.close()

    asyncio.run(use())


def test_searches_find_items_alone_and_what_is_removed_is_deleted(make_session, server):
    async def use():
        session = make_session("searched")
        scope = {"namespace": {"eq": session._scope["namespace"]}}
        url, key = server
        with httpx.Client(base_url=f"{url}/api/v1/memories", headers={"Authorization": f"Bearer {key}"}) as api:

            def post(action, *conditions, **request):
                request = {"filter": {"and": [scope, *conditions]}, "limit": 100, **request}
                return api.post(f"/{action}", json=request).json()["data"]

            def remaining():
                return [memory["key"] for memory in post("query")["memories"]]

            await session.add_items([{"role": "user", "content": f"harbour {n}"} for n in range(150)])
            hits = post("search", query="harbour")["results"]
            assert len(hits) == 100
            assert all(hit["sessionId"] == "searched" and "item" in hit["metadata"] for hit in hits)
            lists = post("query", {"metadata.items": {"exists": True}})["memories"]
            assert [memory["searchable"] for memory in lists] == [False, False]
            await session.clear_session()
            assert remaining() == ["head"]
            await session.add_items([{"role": "user", "content": "pier"}])
            await session.pop_item()
            assert remaining() == ["head"]
        await session.close()

    asyncio.run(use())
