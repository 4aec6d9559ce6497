"""Items that expire. LangGraph's times to live are minutes; a store may delete expired items only when it is swept."""

import time

TTL = 2 / 60


def live(store, key):
    """Whether an item exists, after a sweep and without a refresh."""
    if hasattr(store, "sweep_ttl"):
        store.sweep_ttl()
    return store.get(("t",), key, refresh_ttl=False) is not None


def wait_until_gone(store, key, meanwhile=lambda: None):
    """Returns when an item has expired. Until then does something again and again."""
    for _ in range(600):
        meanwhile()
        if not live(store, key):
            return
        time.sleep(0.1)
    raise AssertionError(f"{key} never expires")


def test_an_item_expires_after_the_default_time(make_store):
    store = make_store(ttl={"default_ttl": TTL})
    store.put(("t",), "k", {"n": 1})
    assert live(store, "k")
    wait_until_gone(store, "k")
    assert store.search(("t",)) == []


def test_the_time_of_an_item_replaces_the_default(make_store):
    store = make_store(ttl={"default_ttl": 600})
    store.put(("t",), "short", {"n": 1}, ttl=TTL)
    store.put(("t",), "long", {"n": 1})
    store.put(("t",), "forever", {"n": 1}, ttl=None)
    wait_until_gone(store, "short")
    assert live(store, "long") and live(store, "forever")


def test_a_replaced_item_has_the_time_of_its_last_put(make_store):
    store = make_store(ttl={"default_ttl": None})
    store.put(("t",), "kept", {"n": 1}, ttl=TTL)
    store.put(("t",), "kept", {"n": 2})
    store.put(("t",), "short", {"n": 1}, ttl=TTL)
    wait_until_gone(store, "short")
    assert live(store, "kept")


def test_a_get_renews_the_time_of_its_item_alone(make_store):
    store = make_store(ttl={"default_ttl": 2 * TTL, "refresh_on_read": True})
    store.put(("t",), "read", {"n": 1})
    store.put(("t",), "unread", {"n": 1})
    wait_until_gone(store, "unread", lambda: store.get(("t",), "read"))
    assert live(store, "read")
    wait_until_gone(store, "read")


def test_a_search_renews_the_time_of_what_it_finds_alone(make_store):
    store = make_store(ttl={"default_ttl": 2 * TTL, "refresh_on_read": True})
    store.put(("t",), "found", {"n": 1})
    store.put(("t",), "other", {"n": 2})
    wait_until_gone(store, "other", lambda: store.search(("t",), filter={"n": 1}))
    assert live(store, "found")
    assert [item.key for item in store.search(("t",), refresh_ttl=False)] == ["found"]
    wait_until_gone(store, "found")
