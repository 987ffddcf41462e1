"""The memory for what never changes stays within its bounds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.registries.lru import BoundedCache


def test_what_was_used_longest_ago_makes_room() -> None:
    cache: BoundedCache[str, str] = BoundedCache(capacity=2)
    cache.keep("a", "A")
    cache.keep("b", "B")
    assert cache.get("a") == "A"
    cache.keep("c", "C")
    assert [cache.get(key) for key in "abc"] == ["A", None, "C"]


def test_what_is_larger_than_the_whole_memory_is_not_kept() -> None:
    cache: BoundedCache[str, str] = BoundedCache(capacity=10)
    cache.keep("a", "A", weight=11)
    assert cache.get("a") is None


def test_a_value_is_read_once() -> None:
    cache: BoundedCache[str, str] = BoundedCache(capacity=10)
    reads: list[str] = []

    def read() -> tuple[str, int]:
        reads.append("a")
        return "A", 1

    assert [cache.get_or_read("a", read) for _ in range(3)] == ["A"] * 3
    assert reads == ["a"]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 7)), max_size=50))
def test_the_weights_kept_never_exceed_the_capacity(entries: list[tuple[int, int]]) -> None:
    cache: BoundedCache[int, int] = BoundedCache(capacity=12)
    for key, weight in entries:
        cache.keep(key, weight, weight=weight)
        assert cache.get(key) == weight
        assert sum(cache.get(number) or 0 for number in range(10)) <= 12
