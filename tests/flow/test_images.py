"""What is known of an image is shared: announcements, claims, late lists, and what failures leave."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event
from types import SimpleNamespace

import pytest

from bot.domain.choosing.listing import Listing
from bot.domain.errors import Limited, Unreachable
from bot.domain.image import ImageName
from bot.flow.images import MOST_ASKED, NEVER, Images
from bot.ports import ImageEntry
from tests.flow.choosing import POLL, Choosing
from tests.flow.worlds import START, WEB


def looking(choosing: Choosing) -> Images:
    """A look of a policy that reads no contents, now."""
    return Images(choosing.world, WEB, choosing.clock.now())


def entry_of(choosing: Choosing) -> ImageEntry:
    found = choosing.world.catalog.entry(WEB)
    assert found is not None
    return found


def _sleeping(monkeypatch: pytest.MonkeyPatch, sleep: Callable[[float], None]) -> None:
    """Do this wherever a worker would wait for another one."""
    monkeypatch.setattr("bot.flow.images.time", SimpleNamespace(sleep=sleep))


class TestAnnouncements:
    def test_each_new_tag_is_asked_for_once_and_listed_from_then_on(self) -> None:
        choosing = Choosing()
        for number in range(MOST_ASKED):
            choosing.registry.push(WEB, f"2.0.{number}")
        tags = looking(choosing).known().listing.tags
        assert set(tags) == {"1.0.0", *(f"2.0.{number}" for number in range(MOST_ASKED))}
        assert choosing.registry.take_asked() == [f"HEAD 2.0.{number}" for number in range(MOST_ASKED)]
        assert entry_of(choosing).announced == ()

    def test_many_new_ones_cost_one_list(self) -> None:
        choosing = Choosing()
        for number in range(MOST_ASKED + 1):
            choosing.registry.push(WEB, f"2.0.{number}")
        assert len(looking(choosing).known().listing.tags) == MOST_ASKED + 2
        assert choosing.registry.take_asked() == ["LIST"]
        assert entry_of(choosing).announced == ()

    def test_a_tag_that_is_not_there_after_all_is_not_listed(self) -> None:
        choosing = Choosing()
        choosing.world.catalog.announce({WEB: ["9.9.9"]}, now=choosing.clock.now())
        assert looking(choosing).known().listing.tags == ("1.0.0",)
        assert choosing.registry.take_asked() == ["HEAD 9.9.9"]

    def test_a_known_tag_is_asked_for_where_somebody_asked_before_and_else_not(self) -> None:
        choosing = Choosing()
        choosing.registry.push_silently(WEB, "0.1.0")
        choosing.clock.pass_by(POLL)
        choosing.choose()
        choosing.registry.take_asked()
        for tag in ("0.1.0", "1.0.0"):
            choosing.registry.push(WEB, tag, content="rebuilt")
        looking(choosing).known()
        assert choosing.registry.take_asked() == ["HEAD 1.0.0"]
        assert entry_of(choosing).announced == ()

    def test_more_known_ones_than_are_asked_for_at_once_stay_announced(self) -> None:
        tags = [f"1.{number}.0" for number in range(1, MOST_ASKED + 3)]
        choosing = Choosing(Choosing().policy, *tags)
        for tag in tags:
            looking(choosing).ask(tag)
            choosing.registry.push(WEB, tag, content="rebuilt")
        choosing.registry.take_asked()
        known = looking(choosing).known()
        assert known.announced == tuple(tags[MOST_ASKED:])
        assert looking(choosing).pointed(tags, known).keys() == set(tags[:MOST_ASKED])
        assert looking(choosing).known().announced == ()
        assert choosing.registry.take_asked() == [f"HEAD {tag}" for tag in tags]

    def test_one_that_is_deleted_again_goes_from_the_list(self) -> None:
        choosing = Choosing()
        choosing.registry.push(WEB, "1.1.0")
        looking(choosing).known()
        choosing.registry.push(WEB, "1.1.0", content="rebuilt")
        choosing.registry.delete(WEB, "1.1.0")
        assert looking(choosing).known().listing.tags == ("1.0.0",)

    def test_those_of_an_image_that_nobody_lists_matter_to_a_followed_tag_alone(self) -> None:
        choosing = Choosing()
        other = ImageName(WEB.registry, "acme/other")
        choosing.registry.push(other, "latest")
        images = Images(choosing.world, other, choosing.clock.now())
        images.asked("latest", after=NEVER)
        for tag in ("latest", "1.0.0"):
            choosing.registry.push(other, tag, content="new")
        entry = images.asked("latest", after=images.fresh_after)
        assert choosing.registry.take_asked() == ["HEAD latest", "HEAD latest"]
        assert (entry.announced, entry.listing, entry.listed_at) == ((), Listing(()), NEVER)
        assert set(images.known().listing.tags) == {"latest", "1.0.0"}, "who lists it later lists all of it"


class TestLists:
    def test_one_of_many_workers_asks_and_all_have_the_answer(self) -> None:
        choosing = Choosing()
        choosing.registry.push_silently(WEB, "1.1.0")
        choosing.clock.pass_by(POLL)
        barrier = Barrier(8)

        def look() -> tuple[str, ...]:
            barrier.wait(10)
            images = looking(choosing)
            return images.listed(after=images.fresh_after).listing.tags

        with ThreadPoolExecutor(8) as pool:
            answers = [pool.submit(look) for _ in range(8)]
        assert {answer.result() for answer in answers} == {("1.0.0", "1.1.0")}
        assert choosing.registry.take_asked() == ["LIST"]

    def test_one_of_many_workers_asks_for_an_announced_tag(self) -> None:
        choosing = Choosing()
        choosing.registry.push(WEB, "1.1.0")
        with ThreadPoolExecutor(8) as pool:
            answers = [pool.submit(looking(choosing).known) for _ in range(8)]
        assert {answer.result().listing.tags for answer in answers} == {("1.0.0", "1.1.0")}
        assert choosing.registry.take_asked() == ["HEAD 1.1.0"]

    def test_who_waits_for_another_worker_has_its_answer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        choosing = Choosing()
        choosing.clock.pass_by(POLL)
        catalog, now = choosing.world.catalog, choosing.clock.now()
        assert catalog.claim(WEB, now=now, ttl=timedelta(minutes=1))
        answer = ImageEntry(Listing(("1.0.0", "7.0.0")), now)
        _sleeping(monkeypatch, lambda seconds: catalog.keep(WEB, answer))
        assert looking(choosing).listed(after=looking(choosing).fresh_after).listing == answer.listing
        assert choosing.registry.take_asked() == []

    def test_who_waits_in_vain_asks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        choosing = Choosing()
        choosing.clock.pass_by(POLL)
        slept: list[float] = []
        _sleeping(monkeypatch, slept.append)
        assert choosing.world.catalog.claim(WEB, now=choosing.clock.now(), ttl=timedelta(minutes=1))
        assert looking(choosing).listed(after=looking(choosing).fresh_after).listing.tags == ("1.0.0",)
        assert choosing.registry.take_asked() == ["LIST"]
        assert 2 < sum(slept) < 5, "a worker never waits for longer than seconds"

    def test_a_failure_keeps_nobody_waiting(self, monkeypatch: pytest.MonkeyPatch) -> None:
        choosing = Choosing()
        choosing.clock.pass_by(POLL)
        slept: list[float] = []
        _sleeping(monkeypatch, slept.append)
        choosing.registry.fail(Unreachable("down"))
        for _ in range(3):
            with pytest.raises(Unreachable):
                looking(choosing).listed(after=looking(choosing).fresh_after)
        assert slept == []

    def test_a_failure_at_the_very_first_list_leaves_the_image_unlisted(self) -> None:
        choosing = Choosing()
        other = ImageName(WEB.registry, "acme/other")
        images = Images(choosing.world, other, choosing.clock.now())
        choosing.registry.fail(Unreachable("down"))
        with pytest.raises(Unreachable):
            images.known()
        choosing.registry.recover()
        choosing.registry.push(other, "1.0.0")
        assert images.known().listing.tags == ("1.0.0",)

    def test_a_tag_that_the_list_lacks_a_moment_after_it_was_named_is_kept(self) -> None:
        choosing = Choosing()
        choosing.registry.push(WEB, "1.1.0")
        choosing.choose()
        choosing.registry.delete(WEB, "1.1.0")
        images = looking(choosing)
        assert images.listed(after=images.now).listing.tags == ("1.0.0", "1.1.0")
        choosing.clock.pass_by(POLL)
        images = looking(choosing)
        assert images.listed(after=images.fresh_after).listing.tags == ("1.0.0",)

    def test_the_host_is_shown_its_last_answer_and_what_it_tells_of_digests_is_remembered(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        choosing = Choosing()
        shown: list[Listing | None] = []
        told = Listing(("1.0.0",), "etag", {"1.0.0": f"sha256:{'d' * 64}"})

        def listing(image: ImageName, *, known: Listing | None = None) -> Listing:
            shown.append(known)
            return told

        monkeypatch.setattr(choosing.registry, "listing", listing)
        for _ in range(2):
            choosing.clock.pass_by(POLL)
            images = looking(choosing)
            entry = images.listed(after=images.fresh_after)
        assert shown == [Listing(("1.0.0",)), told]
        pointers = images.pointed(["1.0.0"], entry)
        assert (pointers["1.0.0"].digest, pointers["1.0.0"].asked_at) == (
            told.digests["1.0.0"],
            choosing.clock.now(),
        )
        assert images.sights(["1.0.0"]) == {"1.0.0": (told.digests["1.0.0"], START + POLL)}


def test_a_limit_in_the_middle_of_announced_tags_loses_none(monkeypatch: pytest.MonkeyPatch) -> None:
    choosing = Choosing()
    for tag in ("1.1.0", "1.2.0"):
        choosing.registry.push(WEB, tag)
    choosing.registry.fail(Limited("slow down"), image=WEB, tag="1.2.0")
    with pytest.raises(Limited):
        looking(choosing).known()
    choosing.registry.recover()
    assert set(looking(choosing).known().listing.tags) == {"1.0.0", "1.1.0", "1.2.0"}


def test_what_comes_while_one_asks_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    choosing = Choosing()
    choosing.registry.push(WEB, "1.1.0")
    asks, is_pushed = choosing.registry.digest, Event()

    def digest(image: ImageName, tag: str) -> str | None:
        if not is_pushed.is_set():
            is_pushed.set()
            choosing.registry.push(WEB, "1.2.0")
        return asks(image, tag)

    monkeypatch.setattr(choosing.registry, "digest", digest)
    looking(choosing).known()
    assert "1.2.0" in looking(choosing).known().listing.tags
