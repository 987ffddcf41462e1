"""The cache forgets what was unused longest, and never grows past its limit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.cache import Cache


def test_the_longest_unused_goes_first() -> None:
    cache: Cache[str, int] = Cache(4)
    for number, key in enumerate("abcd"):
        cache.put(key, number)
    assert cache.get("a") == 0
    cache.put("e", 4)
    assert [key for key in "abcde" if cache.get(key) is not None] == ["a", "c", "d", "e"]


def test_one_huge_value_does_not_empty_it() -> None:
    cache: Cache[str, bytes] = Cache(100)
    cache.put("small", b"s", weight=1)
    cache.put("huge", b"h", weight=26)
    assert (cache.get("small"), cache.get("huge")) == (b"s", None)


def test_putting_again_keeps_the_weight_right() -> None:
    cache: Cache[str, int] = Cache(4)
    for _ in range(10):
        cache.put("a", 1)
    for key in "bcd":
        cache.put(key, 1)
    assert [cache.get(key) for key in "abcd"] == [1, 1, 1, 1]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 30))))
def test_what_is_kept_never_weighs_more_than_the_limit(puts: list[tuple[int, int]]) -> None:
    cache: Cache[int, int] = Cache(40)
    for key, weight in puts:
        cache.put(key, weight, weight=weight)
    assert sum(cache.get(key) or 0 for key in range(10)) <= 40


def test_a_value_is_read_once() -> None:
    cache: Cache[str, str] = Cache(10)
    reads: list[str] = []

    def read() -> tuple[str, int]:
        reads.append("a")
        return "A", 1

    assert [cache.get_or_read("a", read) for _ in range(3)] == ["A"] * 3
    assert reads == ["a"]


def test_a_newer_value_takes_the_place_of_an_older_one() -> None:
    cache: Cache[str, str] = Cache(10)
    cache.put("tag", "old")
    cache.put("tag", "new")
    assert cache.get("tag") == "new"
