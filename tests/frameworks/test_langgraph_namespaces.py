"""Namespaces of a store: listing them, and searching below them."""


def fill(store, *namespaces):
    """Puts one item in each namespace."""
    for namespace in namespaces:
        store.put(namespace, "k", {"n": 1})


def below(store, prefix):
    """The namespaces of the items that a search below this prefix finds."""
    return {item.namespace for item in store.search(prefix, limit=100)}


def listed(store, **conditions):
    """The listed namespaces as a set; none is listed twice."""
    namespaces = store.list_namespaces(**conditions)
    assert len(namespaces) == len(set(namespaces))
    return set(namespaces)


def test_namespaces_are_listed_by_prefix_by_suffix_to_a_depth_and_up_to_a_limit(store):
    ours = {("ours", kind, who) for kind in ("notes", "tasks") for who in ("public", "private")}
    theirs = {("theirs", "notes", "public"), ("theirs", "notes", "private")}
    fill(store, *ours, *theirs)
    assert listed(store) == ours | theirs
    assert listed(store, prefix=("ours",)) == ours
    assert listed(store, suffix=("public",)) == {name for name in ours | theirs if name[-1] == "public"}
    assert listed(store, max_depth=2) == {("ours", "notes"), ("ours", "tasks"), ("theirs", "notes")}
    assert len(listed(store, limit=3)) == 3


def test_wildcards_stand_for_one_segment_and_conditions_combine(store):
    top = "org-7"
    every = {
        (top, "test", "files", "public", top),
        (top, "test", "files", "private", top),
        (top, "test", "pages", "public", top),
        (top, "test", "pages", "private", top),
        (top, "live", "files", "public", top),
        (top, "live", "files", "with", "more", "public", top),
        (top, "live", "files", "private", top),
    }
    fill(store, *every)
    assert listed(store, prefix=(top,)) == every
    assert listed(store, prefix=(top, "test")) == {name for name in every if name[1] == "test"}
    assert len(listed(store, prefix=(top, "test", "files"))) == 2
    public = {name for name in every if name[-2:] == ("public", top)}
    assert listed(store, suffix=("public", top)) == public
    assert listed(store, prefix=(top, "test"), suffix=("public", top)) == {n for n in public if n[1] == "test"}
    assert listed(store, prefix=(top, "*", "files")) == {name for name in every if name[2] == "files"}
    assert listed(store, suffix=("*", "public", top)) == public
    assert listed(store, suffix=("with", "*", "public", top)) == {n for n in every if "more" in n}
    assert all(len(name) <= 3 for name in store.list_namespaces(max_depth=3))
    assert listed(store, prefix=(top, "*", "files"), max_depth=4) == {n[:4] for n in every if n[2] == "files"}


def test_pages_of_a_listing_are_disjoint_and_complete(store):
    every = {("page", f"n{n}") for n in range(7)}
    fill(store, *every)
    pages = [store.list_namespaces(prefix=("page",), limit=3, offset=offset) for offset in (0, 3, 6, 9)]
    assert [len(page) for page in pages] == [3, 3, 1, 0]
    assert {name for page in pages for name in page} == every
    assert len(store.list_namespaces(prefix=("page",), offset=3)) == 4


def test_a_listing_matches_whole_segments(store):
    fill(store, ("foo",), ("foo", "child"), ("foobar",), ("foobar", "baz"))
    fill(store, ("u", "users", "alice"), ("u", "users", "malice"), ("u", "a", "b", "alice"))
    assert listed(store, prefix=("foo",)) == {("foo",), ("foo", "child")}
    assert listed(store, suffix=("alice",)) == {("u", "users", "alice"), ("u", "a", "b", "alice")}
    assert listed(store, prefix=("u", "*", "alice")) == {("u", "users", "alice")}
    assert listed(store, prefix=("u", "*", "*", "*")) == {("u", "a", "b", "alice")}
    assert listed(store, suffix=("u", "*", "*", "alice")) == {("u", "a", "b", "alice")}
    assert listed(store, prefix=("u",)) == below(store, ("u",))
    assert len(listed(store, prefix=("u",))) == 3


def test_a_line_break_at_the_end_of_a_segment_counts(store):
    fill(store, ("users", "alice"), ("users", "alice\n"))
    assert listed(store, suffix=("alice",)) == {("users", "alice")}
    assert listed(store, prefix=("users", "alice")) == {("users", "alice")}
    assert below(store, ("users", "alice\n")) == {("users", "alice\n")}


def test_a_listing_takes_special_characters_literally(store):
    pairs = {"star*": "starX", "q?m": "qXm", "br[ack]et": "brXet", "u_1": "uX1", "a%b": "axb", "c+": "cX", "s/t": "s~1t"}
    for special, plain in pairs.items():
        fill(store, (special,), (special, "child"), (plain,))
    for special, plain in pairs.items():
        assert listed(store, prefix=(special,)) == {(special,), (special, "child")}
        assert listed(store, prefix=(plain,)) == {(plain,)}
        assert listed(store, prefix=(special, "child")) == {(special, "child")}


def test_a_search_is_limited_to_whole_segments(store):
    fill(store, ("foo",), ("foo", "child"), ("foo", "child", "deep"), ("foobar",), ("foobar", "baz"), ("foo2",))
    assert below(store, ("foo",)) == {("foo",), ("foo", "child"), ("foo", "child", "deep")}
    assert below(store, ("foobar",)) == {("foobar",), ("foobar", "baz")}
    assert below(store, ("foo2",)) == {("foo2",)}
    assert below(store, ("fo",)) == set()


def test_a_search_takes_special_characters_literally(store):
    fill(store, ("u_1",), ("u_1", "child"), ("uX1",), ("a%b",), ("axxb",), ("star*",), ("starX",), ("s/t",), ("s", "t"))
    assert below(store, ("u_1",)) == {("u_1",), ("u_1", "child")}
    assert below(store, ("a%b",)) == {("a%b",)}
    assert below(store, ("star*",)) == {("star*",)}
    assert below(store, ("s/t",)) == {("s/t",)}
    assert below(store, ("s",)) == {("s", "t")}


def test_a_search_distinguishes_upper_and_lower_case(store):
    fill(store, ("Foo",), ("foo",))
    assert below(store, ("foo",)) == {("foo",)}
    assert below(store, ("Foo",)) == {("Foo",)}


def test_a_search_below_the_empty_prefix_finds_items_of_every_namespace(store):
    every = {("a",), ("b", "c"), ("d", "e", "f")}
    fill(store, *every)
    assert below(store, ()) == every
