"""Items of a store: put, get, replace, delete, and several operations in one batch."""

import asyncio

from langgraph.store.base import GetOp, Item, ListNamespacesOp, MatchCondition, PutOp, SearchOp
from words import index

RECIPES, LETTERS = ("kitchen", "recipes"), ("kitchen", "letters")


def test_results_of_a_batch_have_the_order_of_its_operations(store):
    store.put(RECIPES, "soup", {"course": "starter"})
    store.put(LETTERS, "thanks", {"to": "Ines"})
    got, put, found, listed, missing = store.batch([
        GetOp(RECIPES, "soup"),
        PutOp(LETTERS, "thanks", {"to": "Ines"}),
        SearchOp(("kitchen",), filter={"course": "starter"}),
        ListNamespacesOp(),
        GetOp(("kitchen",), "soup"),
    ])
    assert isinstance(got, Item)
    assert (got.namespace, got.key, got.value) == (RECIPES, "soup", {"course": "starter"})
    assert put is None
    assert [(item.key, item.value) for item in found] == [("soup", {"course": "starter"})]
    assert {RECIPES, LETTERS} <= set(listed)
    assert missing is None

    found, got, listed, put, other = store.batch([
        SearchOp(("kitchen",)),
        GetOp(LETTERS, "thanks"),
        ListNamespacesOp(limit=5),
        PutOp(("kitchen",), "list", {"buy": "leeks"}),
        GetOp(RECIPES, "soup"),
    ])
    assert {item.key for item in found} == {"soup", "thanks"}
    assert (got.namespace, got.key, got.value) == (LETTERS, "thanks", {"to": "Ines"})
    assert set(listed) == {RECIPES, LETTERS}
    assert put is None
    assert (other.namespace, other.key) == (RECIPES, "soup")
    assert store.get(("kitchen",), "list").value == {"buy": "leeks"}


def test_a_batch_of_gets_returns_none_for_each_missing_item(store):
    store.put(RECIPES, "soup", {"course": "starter"})
    store.put(RECIPES, "tart", {"course": "dessert"})
    results = store.batch([GetOp(RECIPES, key) for key in ("soup", "stew", "tart")])
    assert [item and item.key for item in results] == ["soup", None, "tart"]


def test_a_batch_puts_and_deletes_and_the_last_of_equal_keys_holds(store):
    store.put(RECIPES, "stew", {"course": "main"})
    results = store.batch([
        PutOp(RECIPES, "soup", {"course": "main"}),
        PutOp(RECIPES, "tart", {"course": "dessert"}),
        PutOp(RECIPES, "stew", None),
        PutOp(RECIPES, "pie", None),
        PutOp(RECIPES, "soup", {"course": "starter"}),
    ])
    assert results == [None] * 5
    assert store.get(RECIPES, "soup").value == {"course": "starter"}
    assert store.get(RECIPES, "tart").value == {"course": "dessert"}
    assert store.get(RECIPES, "stew") is None
    assert store.get(RECIPES, "pie") is None


def test_each_search_of_a_batch_has_its_own_prefix_filter_and_limit(store):
    store.put(("home", "garden"), "roses", {"bed": "south", "water": 3})
    store.put(("home", "balcony"), "mint", {"bed": "south", "water": 7})
    store.put(("home", "hall"), "fern", {"bed": "north", "water": 2})
    south, two, garden = store.batch([
        SearchOp(("home",), filter={"bed": "south"}),
        SearchOp(("home",), limit=2),
        SearchOp(("home", "garden")),
    ])
    assert {item.key for item in south} == {"roses", "mint"}
    assert len(two) == 2
    assert [(item.namespace, item.key) for item in garden] == [(("home", "garden"), "roses")]


def test_each_listing_of_a_batch_has_its_own_depth_and_condition(store):
    namespaces = {("a", "notes", "shared"), ("a", "notes", "own"), ("a", "tasks", "shared"), ("b", "notes", "shared")}
    for namespace in namespaces:
        store.put(namespace, "k", {"n": 1})
    every, shallow, shared = store.batch([
        ListNamespacesOp(),
        ListNamespacesOp(max_depth=2),
        ListNamespacesOp((MatchCondition("suffix", ("shared",)),)),
    ])
    assert len(every) == 4 and set(every) == namespaces
    assert sorted(shallow) == [("a", "notes"), ("a", "tasks"), ("b", "notes")]
    assert set(shared) == namespaces - {("a", "notes", "own")}


def test_an_item_is_put_read_replaced_and_deleted(store):
    first = {"title": "Leek soup", "steps": ["chop", "simmer"], "time": {"minutes": 40, "rest": None}, "warm": True}
    store.put(RECIPES, "soup", first)
    item = store.get(RECIPES, "soup")
    assert (item.namespace, item.key, item.value) == (RECIPES, "soup", first)

    store.put(RECIPES, "soup", {"title": "Pea soup", "salt": 0.5})
    assert store.get(RECIPES, "soup").value == {"title": "Pea soup", "salt": 0.5}
    assert store.get(LETTERS, "soup") is None

    store.delete(RECIPES, "soup")
    store.delete(RECIPES, "soup")
    assert store.get(RECIPES, "soup") is None


def test_an_indexed_store_reads_lists_searches_and_deletes_like_any_other(make_store):
    store = make_store(index=index("title"))
    home = ("u1", "kitchen", "recipes")
    assert store.search(("u1",)) == []

    store.put(home, "soup", {"title": "Leek soup", "serves": 2})
    item = store.get(home, "soup")
    assert (item.namespace, item.key, item.value) == (home, "soup", {"title": "Leek soup", "serves": 2})
    assert item.created_at is not None and item.created_at <= item.updated_at

    store.put(home, "soup", {"title": "Pea soup", "serves": 4})
    replaced = store.get(home, "soup")
    assert replaced.value == {"title": "Pea soup", "serves": 4}
    assert replaced.updated_at >= item.updated_at

    store.put(home, "tart", {"no": "title"})
    assert store.get(("u1", "kitchen", "letters"), "soup") is None
    assert {item.key for item in store.search(("u1", "kitchen"))} == {"soup", "tart"}
    assert store.list_namespaces(prefix=("u1", "kitchen")) == [home]

    store.delete(home, "soup")
    store.delete(home, "tart")
    assert store.get(home, "soup") is None and store.get(home, "tart") is None
    assert store.search(("u1", "kitchen")) == []


def test_many_items_are_put_found_and_listed_whole(make_store):
    store = make_store(index=index())
    every = {("many", f"n{n}"): {"text": f"harbour {n}", "even": n % 2 == 0} for n in range(120)}
    assert store.batch([PutOp(namespace, "k", value) for namespace, value in every.items()]) == [None] * 120
    assert {item.namespace for item in store.search(("many",), limit=200)} == every.keys()
    assert {item.namespace for item in store.search(("many",), query="harbour", limit=200)} == every.keys()
    assert len(store.search(("many",), filter={"even": True}, limit=200)) == 60
    assert len(store.search(("many",), offset=110, limit=200)) == 10
    assert set(store.list_namespaces(prefix=("many",), limit=200)) == every.keys()


def test_the_asynchronous_methods_do_the_same(make_async_store):
    async def use():
        async with make_async_store() as store:
            await asyncio.gather(*(store.aput(RECIPES, f"r{n}", {"n": n}) for n in range(5)))
            got = await asyncio.gather(*(store.aget(RECIPES, f"r{n}") for n in range(6)))
            assert [item and item.value for item in got] == [*({"n": n} for n in range(5)), None]
            await store.adelete(RECIPES, "r0")
            found = await store.asearch(("kitchen",), filter={"n": {"$lte": 2}})
            assert {item.key for item in found} == {"r1", "r2"}
            assert await store.alist_namespaces(suffix=("recipes",)) == [RECIPES]

    asyncio.run(use())
