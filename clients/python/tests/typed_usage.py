"""What a type checker knows about calls. It is checked by pyright and not run."""

from __future__ import annotations

from typing_extensions import assert_type

from herobrain import OMIT, AsyncHeroBrain, AsyncPage, Envelope, HeroBrain, Page, types


def synchronous(hb: HeroBrain, session: str | None) -> None:
    created = hb.memories.create(content="tea", type="semantic", session_id=OMIT if session is None else session)
    assert_type(created, Envelope[types.Memory])
    assert_type(created.data.user_id, "str | None")
    page = hb.memories.list(namespace=["a", "b"])
    assert_type(page, Page[types.MemoryList, types.Memory])
    for memory in page:
        assert_type(memory, types.Memory)
    for found in hb.memories.search("tea"):
        assert_type(found.relevance, "float | None")
    for missing in hb.memories.batch_get(["mem_1"]):
        assert_type(missing, "types.Memory | None")
    for namespace in hb.namespaces.list():
        assert_type(namespace, "list[str]")
    hb.memories.create_bulk(
        [types.NewMemory(content="tea", type="task", user_id="u"), {"content": "x", "type": "task"}]
    )
    hb.memories.import_(hb.memories.export())
    for event in hb.events.follow(types=["memory.*"]):
        assert_type(event, types.Event)
    hb.memories.create(content="tea", type="dream")  # pyright: ignore[reportArgumentType]
    hb.memories.update("mem_1", content=None)  # pyright: ignore[reportArgumentType]
    hb.memories.update("mem_1", colour="red")  # pyright: ignore[reportCallIssue]
    HeroBrain("key")  # pyright: ignore[reportCallIssue]


async def asynchronous(hb: AsyncHeroBrain) -> None:
    assert_type(await hb.memories.get("mem_1"), Envelope[types.Memory])
    assert_type(await hb.memories.list(), AsyncPage[types.MemoryList, types.Memory])
    async for memory in hb.memories.list():
        assert_type(memory, types.Memory)
    async for page in (await hb.webhooks.deliveries("whk_1")).pages():
        assert_type(page.items, "list[types.DeliveryAttempt]")
    await hb.memories.import_(hb.memories.export())
    async with AsyncHeroBrain() as other:
        assert_type(other, AsyncHeroBrain)
    with HeroBrain() as blocking:
        assert_type(blocking, HeroBrain)
