"""Contents are read once for ever, a bounded part at a time, and what was read is never lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.choosing.selection import SelectionPolicy, Strategy
from bot.domain.errors import Damaged, Denied, Limited, Malformed, TagboatError, Unreachable
from bot.domain.image import ImageRef
from bot.flow.contents import SLICE
from tests.flow.choosing import POLL, Choosing
from tests.flow.worlds import START, WEB

BUILDS = SelectionPolicy(Strategy.NEWEST_BUILD, allow_tags="regexp:^b")
SCHEMA_1 = Malformed("it has schema 1")


def with_builds(count: int) -> Choosing:
    """So many builds, none of which was read yet; the last one is the newest."""
    choosing = Choosing(BUILDS)
    for number in range(count):
        choosing.registry.push_silently(WEB, f"b{number}", created=START + timedelta(minutes=number))
    choosing.clock.pass_by(POLL)
    return choosing


def reads(choosing: Choosing) -> int:
    """How often contents were asked for since the last time."""
    return len([each for each in choosing.registry.take_asked() if each.startswith("GET config")])


def reasons(choosing: Choosing) -> dict[str, str]:
    """Why each tag is, or is not, chosen."""
    return {each.tag: each.reason for each in choosing.choose().choice.verdicts}


class TestLongReading:
    def test_it_stops_after_a_while_says_how_far_it_is_and_goes_on(self) -> None:
        choosing = with_builds(150)
        choosing.registry.takes(timedelta(seconds=1), choosing.clock)
        answer = choosing.choose()
        assert answer.is_reading
        assert (answer.choice.is_waiting, answer.choice.reason) == (True, "reading 64 of 150 tags")
        assert answer.choice.wake_at is not None
        assert answer.choice.wake_at <= choosing.clock.now()
        assert choosing.choose().choice.reason == "reading 128 of 150 tags"
        assert choosing.choose().choice.tag == "b149"
        assert reads(choosing) == 150

    def test_what_is_quick_is_read_in_one_look(self) -> None:
        choosing = with_builds(150)
        choosing.registry.takes(SLICE / 200, choosing.clock)
        assert choosing.choose().choice.tag == "b149"

    def test_progress_is_told_with_every_part(self) -> None:
        choosing, told = with_builds(150), list[tuple[int, int]]()
        choosing.choose(progress=lambda done, total: told.append((done, total)))
        assert told == [(64, 150), (128, 150), (150, 150)]

    def test_a_new_process_reads_nothing_again(self) -> None:
        choosing = with_builds(100)
        choosing.choose()
        reads(choosing)
        choosing.world = replace(choosing.world, registries={WEB.registry: choosing.registry})
        assert choosing.choose().choice.tag == "b99"
        assert choosing.registry.take_asked() == []

    def test_a_limit_in_the_middle_costs_nothing_twice(self) -> None:
        choosing = with_builds(150)
        choosing.registry.fail(Limited("slow down", retry_after=timedelta(minutes=9)), image=WEB, tag="b10")
        with pytest.raises(Limited) as raised:
            choosing.choose()
        assert raised.value.retry_after == timedelta(minutes=9)
        assert 0 < reads(choosing) <= 64
        choosing.registry.recover()
        assert choosing.choose().choice.tag == "b149"
        assert reads(choosing) == 150 - 63

    def test_a_registry_that_fails_again_and_again_is_left_alone(self) -> None:
        choosing = with_builds(150)
        for number in range(20):
            choosing.registry.fail(Unreachable("down"), image=WEB, tag=f"b{number}")
        with pytest.raises(Unreachable):
            choosing.choose()
        assert reads(choosing) <= 128

    def test_one_that_fails_at_few_tags_is_read_to_the_end_and_waited_for(self) -> None:
        choosing = with_builds(150)
        choosing.registry.fail(Unreachable("HTTP 500"), image=WEB, tag="b7")
        answer = choosing.choose()
        assert answer.choice.is_waiting
        assert "b7 cannot be read: HTTP 500" in answer.choice.reason
        assert reads(choosing) == 150
        choosing.registry.recover()
        assert choosing.choose().choice.tag == "b149"
        assert reads(choosing) == 1


class TestWhatNobodyCanRead:
    def test_it_is_passed_over_with_the_reason_and_never_read_again(self) -> None:
        choosing = with_builds(3)
        digest = choosing.registry.push_silently(WEB, "b9", content="schema 1")
        choosing.registry.cannot_read(digest, SCHEMA_1)
        assert choosing.choose().choice.tag == "b2"
        assert reasons(choosing)["b9"] == "cannot run: it has schema 1"
        choosing.registry.take_asked()
        assert choosing.sweep(times=3) == [["LIST"]] * 3

    def test_the_same_tag_with_another_image_is_read(self) -> None:
        choosing = with_builds(3)
        digest = choosing.registry.push_silently(WEB, "b9", content="schema 1")
        choosing.registry.cannot_read(digest, SCHEMA_1)
        choosing.choose()
        choosing.registry.push(WEB, "b9", created=START + timedelta(days=1))
        assert choosing.choose().choice.tag == "b9"

    @pytest.mark.parametrize(
        "error",
        [
            pytest.param(Damaged("not what its digest says"), id="damaged on the way"),
            pytest.param(Denied("the login is too weak"), id="not allowed"),
            pytest.param(Unreachable("HTTP 502"), id="a moment's fault"),
        ],
    )
    def test_what_may_be_mended_is_waited_for_and_asked_again(self, error: TagboatError) -> None:
        choosing = with_builds(3)
        digest = choosing.registry.push_silently(WEB, "b9", created=START + timedelta(days=1))
        choosing.registry.cannot_read(digest, error)
        answer = choosing.choose()
        assert (answer.choice.tag, answer.choice.is_waiting) == (None, True)
        assert error.what in answer.choice.reason
        choosing.registry.can_read_all()
        assert choosing.choose().choice.tag == "b9"

    def test_a_build_that_moved_while_it_was_read_is_read_as_it_is_now(self) -> None:
        choosing = with_builds(3)
        choosing.choose()
        choosing.registry.moves_on_reading("b8", to=START + timedelta(days=1))
        old = choosing.registry.push(WEB, "b8", content="short-lived")
        choosing.registry.cannot_read(old, SCHEMA_1)
        assert choosing.choose().choice.tag == "b8"

    def test_a_pinned_digest_that_the_registry_lost_is_waited_for(self) -> None:
        choosing = with_builds(3)
        gone = ImageRef(WEB, "b2", f"sha256:{'f' * 64}")
        answer = choosing.choose(remembered=[gone])
        assert (answer.choice.tag, answer.choice.is_waiting) == (None, True)
        assert "has no tag or digest sha256:fff" in answer.choice.reason


def test_a_tag_that_is_gone_since_it_was_listed_is_no_candidate() -> None:
    choosing = with_builds(3)
    choosing.registry.hides.add("b2")
    assert choosing.choose().choice.tag == "b1"
    assert reasons(choosing)["b2"] == "is gone from the registry"
