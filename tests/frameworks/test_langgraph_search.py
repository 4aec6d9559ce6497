"""Searches with a query."""

import pytest
from words import cosine, index

COSINES = "scores are relevances, not cosines of embeddings"


def ranked(items):
    """The keys of these items in their order; no score is below the next."""
    scores = [item.score for item in items]
    assert scores == sorted(scores, reverse=True), scores
    return [item.key for item in items]


def test_a_store_keeps_the_configuration_of_its_index(make_store):
    assert make_store(index=index()).index_config["dims"] == index()["dims"]
    assert make_store(index=index("title", "body")).index_config["text_fields"] == ["title", "body"]


def test_items_are_indexed_when_they_are_put(make_store):
    store = make_store(index=index())
    store.put(("pets",), "p1", {"text": "a short walk"})
    store.put(("pets",), "p2", {"text": "a long walk with the dog"})
    store.put(("pets",), "p3", {"text": "the longest, very long walk"})
    store.put(("pets",), "p4", {"about": "walk", "in": {"other": ["fields", "and lists"]}})
    found = ranked(store.search(("pets",), query="long walk"))
    assert set(found[:2]) == {"p2", "p3"}
    assert ranked(store.search(("pets",), query="lists"))[0] == "p4"


def test_a_replaced_item_is_found_by_its_new_text_and_one_without_index_never(make_store):
    store = make_store(index=index())
    store.put(("pets",), "p1", {"text": "xylophone zebra quartz"})
    store.put(("pets",), "p2", {"text": "something about dogs"})
    store.put(("pets",), "p3", {"text": "a note about birds"})

    def score(query):
        return next((item.score for item in store.search(("pets",), query=query) if item.key == "p1"), 0.0)

    before = store.search(("pets",), query="zebra quartz")
    assert before[0].key == "p1"
    store.put(("pets",), "p1", {"text": "fresh words about dogs"})
    after = score("zebra quartz")
    assert after < before[0].score
    assert score("fresh words about dogs") > after

    store.put(("pets",), "p4", {"text": "fresh words about dogs"}, index=False)
    assert "p4" not in {item.key for item in store.search(("pets",), query="fresh words about dogs")}


def test_a_query_and_a_filter_hold_together(make_store):
    store = make_store(index=index())
    store.put(("shop",), "s1", {"text": "crimson apple", "color": "red", "stars": 4.5})
    store.put(("shop",), "s2", {"text": "crimson car", "color": "red", "stars": 3.0})
    store.put(("shop",), "s3", {"text": "lime apple", "color": "green", "stars": 4.0})
    store.put(("shop",), "s4", {"text": "azure car", "color": "blue", "stars": 3.5})

    def found(query, condition):
        return ranked(store.search(("shop",), query=query, filter=condition))

    apples = found("apple", {"color": "red"})
    assert apples[0] == "s1" and set(apples) == {"s1", "s2"}
    assert found("car", {"color": "red"})[0] == "s2"
    good = found("azure", {"stars": {"$gt": 3.2}})
    assert good[0] == "s4" and set(good) == {"s1", "s3", "s4"}
    assert found("apple", {"stars": {"$gte": 4.0}, "color": "green"}) == ["s3"]


def test_pages_of_a_query_continue_its_ranking(make_store):
    store = make_store(index=index())
    for n in range(5):
        store.put(("notes",), f"n{n}", {"text": f"a harbour note of day {n}"})
    first = store.search(("notes",), query="harbour", limit=2)
    second = store.search(("notes",), query="harbour", limit=2, offset=2)
    every = store.search(("notes",), query="harbour", limit=10)
    assert len(ranked(first)) == len(ranked(second)) == 2
    assert not set(ranked(first)) & set(ranked(second))
    assert len(ranked(every)) == 5
    assert first[1].score >= second[0].score


@pytest.mark.parametrize("query", ["", None, "harbour " * 100, "harbour!@#$%^&*()"])
def test_any_query_is_answered(make_store, query):
    store = make_store(index=index())
    store.put(("notes",), "n1", {"text": "a harbour note"})
    assert [item.key for item in store.search(("notes",), query=query)] == ["n1"]


def test_only_the_fields_of_the_configuration_are_indexed(make_store):
    store = make_store(index=index("title", "summary", "notes[*].text"))
    store.put(("lib",), "l1", {"title": "walrus", "body": "heron", "notes": [{"text": "magpie"}, {"text": "osprey"}]})
    store.put(("lib",), "l2", {"title": "otter", "body": "badger", "notes": [{"text": "walrus"}], "summary": "gecko"})

    def scores(query):
        return {item.key: item.score for item in store.search(("lib",), query=query)}

    both = scores("walrus")
    assert set(both) == {"l1", "l2"} and all(both.values())
    assert scores("gecko")["l2"] > scores("gecko")["l1"]
    assert scores("osprey")["l1"] > scores("osprey")["l2"]
    assert all(score < min(both.values()) for score in scores("heron").values())


def test_the_fields_of_an_operation_replace_those_of_the_configuration(make_store):
    store = make_store(index=index("other"))
    store.put(("lib",), "l1", {"a": "walrus", "b": "magpie", "c": "heron", "other": "gecko"}, index=["a", "b"])
    store.put(("lib",), "l2", {"a": "otter", "b": "magpie", "c": "badger", "d": "osprey"}, index=["b", "d"])

    def scores(query):
        return {item.key: item.score for item in store.search(("lib",), query=query)}

    assert scores("walrus")["l1"] > scores("walrus")["l2"]
    assert scores("osprey")["l2"] > scores("osprey")["l1"]
    both = scores("magpie")
    assert abs(both["l1"] - both["l2"]) < 0.1
    assert all(score < min(both.values()) for score in scores("heron").values())
    assert all(score < min(both.values()) for score in scores("gecko").values())

    store.put(("lib",), "l3", {"a": "walrus", "b": "magpie"}, index=False)
    assert {item.key for item in store.search(("lib",))} == {"l1", "l2", "l3"}


@pytest.mark.left_out(COSINES)
def test_the_score_is_the_cosine_of_the_query_and_the_item(make_store):
    store = make_store(index=index("text"))
    text = "one heron and one otter"
    store.put(("lib",), "l1", {"text": text}, index=["text", "missing"])
    for query in ("one", "heron", "heron otter", "walrus"):
        [item] = store.search((), query=query)
        assert item.score == pytest.approx(cosine(query, text), abs=1e-3)


@pytest.mark.left_out(COSINES)
def test_the_closest_item_comes_first_with_its_cosine(make_store):
    store = make_store(index=index("text"))
    texts = {"near": "heron heron heron", "between": "heron otter", "far": "walrus"}
    for key, text in texts.items():
        store.put(("lib",), key, {"text": text})
    found = store.search(("lib",), query="heron")
    assert ranked(found) == ["near", "between", "far"]
    assert [item.score for item in found] == pytest.approx([cosine("heron", text) for text in texts.values()], abs=1e-5)


def test_texts_of_any_language_are_found(make_store):
    store = make_store(index=index())
    texts = {"zh": "我喜欢喝绿茶", "ja": "明日は雨が降るでしょう", "ko": "고양이가 창가에서 잔다",
             "ru": "Завтра поедем на дачу", "hi": "मुझे आम बहुत पसंद है"}
    for key, text in texts.items():
        store.put(("u1", "notes"), key, {"text": text})
    for key, text in texts.items():
        assert ranked(store.search(("u1", "notes"), query=text))[0] == key
