"""Whatever is done to them, the catalog and the budget in memory answer as those on a database do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.stores.memory_budget import MemoryBudget
from bot.adapters.stores.memory_catalog import MemoryCatalog
from bot.adapters.stores.sql import SqlStore
from bot.domain.choosing.listing import Listing
from bot.domain.choosing.selection import TagDetails
from bot.domain.image import ImageName
from bot.ports import Budget, Catalog, ImageEntry, Pointer, Rate, Unusable
from tests.kit.stores import DAY, HOUR, NOW

_Step = Callable[[Catalog, datetime], object]
_TAGS = ["1", "2", "latest"]

_images = st.sampled_from([ImageName("ghcr.io", "acme/web"), ImageName("docker.io", "library/web")])
_tags = st.lists(st.sampled_from(_TAGS), max_size=3)
_digests = st.sampled_from(["sha256:a", "sha256:b"])
_listings = st.builds(Listing, _tags.map(tuple), st.none() | st.just("etag"))
_skews = st.sampled_from([timedelta(0), timedelta(seconds=-1), timedelta(minutes=-3), timedelta(minutes=3)])


def _claim(image: ImageName, skew: timedelta) -> _Step:
    return lambda catalog, now: catalog.claim(image, now=now + skew, ttl=HOUR)


def _announce(image: ImageName, tags: list[str]) -> _Step:
    return lambda catalog, now: catalog.announce({image: tags}, now=now)


def _keep(image: ImageName, listing: Listing, doubtful: Listing | None, announced: list[str]) -> _Step:
    def step(catalog: Catalog, now: datetime) -> None:
        entry = catalog.entry(image) or ImageEntry(listing, now)
        since = now if doubtful else None
        entry = replace(entry, listing=listing, doubtful=doubtful, doubtful_since=since)
        catalog.keep(
            image, replace(entry, announced=tuple(tag for tag in entry.announced if tag in announced))
        )

    return step


def _point(image: ImageName, tags: list[str], digest: str | None, skew: timedelta) -> _Step:
    return lambda catalog, now: catalog.point(image, {tag: Pointer(digest, now + skew) for tag in tags})


def _keep_contents(image: ImageName, digest: str, platforms: list[str], is_usable: bool) -> _Step:
    content = TagDetails(digest, NOW, tuple(platforms)) if is_usable else Unusable("a chart")
    return lambda catalog, now: catalog.keep_contents(image, platforms, {digest: content})


def _tidy() -> _Step:
    def step(catalog: Catalog, now: datetime) -> int:
        catalog.tidy(now=now)
        return catalog.tidy(now=now)  # nothing is left to forget

    return step


_platforms = st.lists(st.sampled_from(["linux/amd64", "linux/arm64"]), max_size=2)
_steps = st.one_of(
    st.builds(_claim, _images, _skews),
    st.builds(_announce, _images, _tags),
    st.builds(_keep, _images, _listings, st.none() | _listings, _tags),
    st.builds(_point, _images, _tags, st.none() | _digests, _skews),
    st.builds(_keep_contents, _images, _digests, _platforms, st.booleans()),
    st.builds(_tidy),
)
_pauses = st.sampled_from([timedelta(0), HOUR, DAY, 8 * DAY, 31 * DAY, 91 * DAY])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(_steps, _pauses), max_size=15), _platforms)
def test_a_catalog_in_memory_answers_as_a_database_does(
    steps: list[tuple[_Step, timedelta]], platforms: list[str]
) -> None:
    store, memory, now = SqlStore("sqlite://"), MemoryCatalog(), NOW
    for step, pause in steps:
        assert step(store.catalog, now) == step(memory, now)
        assert _known(store.catalog, platforms) == _known(memory, platforms)
        now += pause
    store.close()


def _known(catalog: Catalog, platforms: list[str]) -> list[object]:
    images = [ImageName("ghcr.io", "acme/web"), ImageName("docker.io", "library/web")]
    digests = ["sha256:a", "sha256:b"]
    return [
        (
            catalog.entry(image),
            catalog.pointers(image, _TAGS),
            catalog.first_seen(image, digests),
            catalog.contents(image, digests, platforms),
        )
        for image in images
    ]


_moments = st.integers(-200, 400).map(lambda seconds: timedelta(seconds=seconds))
_rates = st.sampled_from([Rate(1, 5), Rate(0.1, 2), Rate(50, 100)])
_draws = st.tuples(st.just("draw"), st.integers(0, 20), _moments)
_rests = st.tuples(st.just("pause"), st.just(0), _moments)


@settings(max_examples=40, deadline=None)
@given(st.lists(_draws | _rests, max_size=20), _rates)
def test_a_budget_in_memory_answers_as_a_database_does(
    steps: list[tuple[str, int, timedelta]], rate: Rate
) -> None:
    store, memory = SqlStore("sqlite://"), MemoryBudget()
    for step in steps:
        assert _step(store.budget, step, rate) == _step(memory, step, rate)
    store.close()


def _step(budget: Budget, step: tuple[str, int, timedelta], rate: Rate) -> object:
    kind, want, moment = step
    if kind == "pause":
        budget.pause("ghcr.io", until=NOW + moment)
        return None
    return budget.draw("ghcr.io", want=want, rate=rate, now=NOW + moment)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(-60, 60), st.integers(0, 30)), max_size=30), _rates)
def test_clocks_that_differ_by_a_minute_grant_no_more_than_the_rate(
    draws: list[tuple[int, int, int]], rate: Rate
) -> None:
    """Each draw is by a worker whose clock is off by up to a minute, some seconds after the one before."""
    budget, time, granted = MemoryBudget(), NOW, 0
    for want, skew, wait in draws:
        time += timedelta(seconds=wait)
        granted += budget.draw("ghcr.io", want=want, rate=rate, now=time + timedelta(seconds=skew)).requests
    elapsed = (time - NOW).total_seconds() + 120  # from the slowest clock at first to the fastest at last
    assert granted <= rate.burst + elapsed * rate.per_second
