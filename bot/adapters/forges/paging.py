"""Lists that a host gives page by page: read up to a bound, and a part of one never taken for all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """What one page holds, and whether the list ends with it."""

    items: Sequence[T]
    is_last: bool


def pages(ask: Callable[[int], Page[T]], *, most: int) -> Iterator[Page[T]]:
    """The pages of a list as they are asked for, from number 1; no more than `most`."""
    for number in range(1, most + 1):
        page = ask(number)
        yield page
        if page.is_last:
            return


def gathered(listed: Iterable[Page[T]]) -> tuple[list[T], bool]:
    """The items of all pages, and whether the list ended with them."""
    found: list[T] = []
    is_whole = False
    for page in listed:
        found += page.items
        is_whole = page.is_last
    return found, is_whole
