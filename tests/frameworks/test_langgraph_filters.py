"""Searches by the values of items, without a query."""

import math

import pytest


def keys(items):
    """The keys of these items, none of them twice."""
    found = [item.key for item in items]
    assert len(found) == len(set(found))
    return set(found)


def test_a_search_has_a_prefix_a_filter_a_limit_and_an_offset(store):
    store.put(("lib", "books"), "b1", {"title": "Tides", "author": "Oda", "tags": ["sea"]})
    store.put(("lib", "books"), "b2", {"title": "Dunes", "author": "Rui", "tags": ["sand"]})
    store.put(("lib", "maps"), "m1", {"title": "Coast", "author": "Oda", "tags": ["sea", "land"]})
    assert keys(store.search(("lib",))) == {"b1", "b2", "m1"}
    books = store.search(("lib", "books"))
    assert keys(books) == {"b1", "b2"} and {item.namespace for item in books} == {("lib", "books")}
    assert keys(store.search(("lib",), filter={"author": "Oda"})) == {"b1", "m1"}
    assert keys(store.search(("lib",), filter={"author": "Oda", "title": "Coast"})) == {"m1"}
    assert len(store.search(("lib",), limit=2)) == 2
    assert len(store.search(("lib",), offset=2)) == 1
    assert store.search(("lib",), offset=3) == []


def test_pages_of_a_search_are_disjoint_and_lists_are_compared_whole(store):
    store.put(("desk", "docs", "u1"), "d1", {"author": "Kim", "tags": ["hot"]})
    store.put(("desk", "docs", "u2"), "d2", {"author": "Lou", "tags": ["raw"]})
    store.put(("desk", "reports", "r1"), "d3", {"author": "Kim", "tags": ["raw", "hot"]})
    store.put(("desk", "reports", "r2"), "d4", {"author": "Max", "tags": ["raw"]})
    assert keys(store.search(("desk", "docs"))) == {"d1", "d2"}
    assert keys(store.search(("desk", "reports"))) == {"d3", "d4"}
    pages = [store.search(("desk",), limit=2, offset=offset) for offset in (0, 2, 4)]
    assert [len(page) for page in pages] == [2, 2, 0]
    assert keys(pages[0] + pages[1]) == {"d1", "d2", "d3", "d4"}
    assert keys(store.search(("desk",), filter={"author": "Kim"})) == {"d1", "d3"}
    assert keys(store.search(("desk",), filter={"tags": ["raw"]})) == {"d2", "d4"}


INJECTION = "level') = 'open' OR '1'='1' OR json_extract(value, '$."


@pytest.mark.parametrize("name", [INJECTION, 'level" or 1=1', "level\\", "*"])
def test_the_name_of_a_filtered_field_is_never_a_condition(store, name):
    store.put(("docs",), "open", {"level": "open", "text": "for all"})
    store.put(("docs",), "closed", {"level": "closed", "text": "for few", "code": "123"})
    assert keys(store.search(("docs",), filter={"level": "open"})) == {"open"}
    try:
        assert store.search(("docs",), filter={name: "none"}) == []
    except ValueError:
        pass  # A store may refuse such names.


def test_a_filtered_value_is_never_a_condition(store):
    for key, level in {"one": "open", "two": "closed", "three": "secret"}.items():
        store.put(("docs",), key, {"level": level})
    for value in ("open' OR '1'='1", "open'; --", "open' UNION SELECT * FROM store --", "open\x00' OR '1'='1", "''''",
                  "open' OR 'ß'='ß", '{"$ne": ""}', "*", "%"):
        assert store.search(("docs",), filter={"level": value}) == [], value
    store.put(("docs",), "quoted", {"title": "O'Hara's \"list\" \\ 100%"})
    assert keys(store.search(("docs",), filter={"title": "O'Hara's \"list\" \\ 100%"})) == {"quoted"}


def test_numbers_are_compared_by_value_also_with_the_largest_and_none(store):
    for key, price in {"a": 10, "b": 20, "c": 30.5}.items():
        store.put(("items",), key, {"price": price})

    def found(**condition):
        return keys(store.search(("items",), filter={"price": {f"${name}": value for name, value in condition.items()}}))

    assert found(gt=15) == {"b", "c"}
    assert found(gte=20) == {"b", "c"} and found(gte=20.0) == {"b", "c"}
    assert found(lt=20) == {"a"} and found(lte=20) == {"a", "b"}
    assert found(gt=10, lt=30) == {"b"}
    assert found(eq=20.0) == {"b"} and found(ne=20) == {"a", "c"}
    assert found(lt=math.inf) == {"a", "b", "c"} and found(gt=math.inf) == set()
    assert found(gt=-math.inf) == {"a", "b", "c"} and found(lt=-math.inf) == set()
    assert found(eq=math.nan) == set()
    assert found(lt=10**100) == {"a", "b", "c"} and found(gt=10**100) == set()
    store.put(("items",), "debt", {"price": -10})
    assert found(lt=0) == {"debt"}


def test_true_and_false_are_different_values(store):
    for key, active in {"a": True, "b": False, "c": True}.items():
        store.put(("flags",), key, {"active": active, "name": key})
    assert keys(store.search(("flags",), filter={"active": True})) == {"a", "c"}
    assert keys(store.search(("flags",), filter={"active": False})) == {"b"}
    assert keys(store.search(("flags",), filter={"active": {"$ne": True}})) == {"b"}


def test_names_of_fields_may_have_hyphens_digits_and_a_path(store):
    store.put(("docs",), "hyphen", {"access-level": "open", "user": {"access-level": "inner"}})
    store.put(("docs",), "digit", {"12ab": "yes", "user": {"12ab": "inner too"}})
    assert keys(store.search(("docs",), filter={"access-level": "open"})) == {"hyphen"}
    assert keys(store.search(("docs",), filter={"user.access-level": "inner"})) == {"hyphen"}
    assert keys(store.search(("docs",), filter={"12ab": "yes"})) == {"digit"}
    assert keys(store.search(("docs",), filter={"user.12ab": "inner too"})) == {"digit"}
    assert keys(store.search(("docs",), filter={"access-level": "inner"})) == set()
