"""What a choice costs, and what it follows: one question for each image and poll interval."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.choosing.listing import GRACE
from bot.domain.choosing.selection import Hold, MovedTags, Pin, SelectionPolicy, Strategy
from bot.domain.errors import Malformed, Unreachable
from bot.domain.image import ImageRef
from tests.flow.choosing import POLL, Choosing
from tests.flow.worlds import START, WEB

FOLLOWS = SelectionPolicy(constraint=">=1.0", moved_tags=MovedTags.FOLLOW)
BUILDS = SelectionPolicy(Strategy.NEWEST_BUILD, allow_tags="regexp:^b")
LATEST = SelectionPolicy(Strategy.DIGEST, "1.0.0")


@pytest.mark.parametrize(
    ("policy", "asked"),
    [
        pytest.param(SelectionPolicy(), [["LIST"]] * 4, id="semver"),
        pytest.param(SelectionPolicy(Strategy.ALPHABETICAL), [["LIST"]] * 4, id="alphabetical"),
        pytest.param(SelectionPolicy(platforms=("linux/amd64",)), [["LIST"]] * 4, id="with platforms"),
        pytest.param(SelectionPolicy(min_age=timedelta(hours=1)), [["LIST"]] * 4, id="with an age"),
        pytest.param(LATEST, [["HEAD 1.0.0"]] * 4, id="digest lists nothing"),
        pytest.param(FOLLOWS, [["LIST"], ["HEAD 1.0.0"]] * 2, id="the older answer of two"),
        pytest.param(
            replace(LATEST, platforms=("linux/amd64",)), [["HEAD 1.0.0"]] * 4, id="digest with platforms"
        ),
    ],
)
def test_an_unchanged_image_costs_one_request_in_a_sweep(
    policy: SelectionPolicy, asked: list[list[str]]
) -> None:
    choosing = Choosing(policy)
    assert choosing.sweep(times=4, policies=[policy] * 50) == asked


def test_within_a_poll_interval_nothing_is_asked() -> None:
    choosing = Choosing(FOLLOWS)
    for _ in range(4):
        choosing.clock.pass_by(POLL / 5)
        choosing.choose()
    assert choosing.registry.take_asked() == []


def test_a_registry_s_own_poll_interval_counts() -> None:
    choosing = Choosing()
    choosing.world = replace(choosing.world, polls={WEB.registry: timedelta(minutes=30)})
    assert choosing.sweep(times=6) == [[], [], [], [], [], ["LIST"]]


@pytest.mark.parametrize(
    ("policy", "asked"),
    [
        pytest.param(SelectionPolicy(), ["HEAD 1.1.0"], id="semver"),
        pytest.param(FOLLOWS, ["HEAD 1.1.0"], id="following moved tags"),
        pytest.param(
            SelectionPolicy(platforms=("linux/amd64",)),
            ["GET 1.1.0", "GET config of 1.1.0"],
            id="with platforms",
        ),
        pytest.param(
            SelectionPolicy(Strategy.NEWEST_BUILD), ["GET 1.1.0", "GET config of 1.1.0"], id="newest-build"
        ),
        pytest.param(LATEST, [], id="digest, of another tag"),
    ],
)
def test_a_pushed_tag_costs_two_requests_at_most_whoever_chooses(
    policy: SelectionPolicy, asked: list[str]
) -> None:
    choosing = Choosing(policy)
    digest = choosing.registry.push(WEB, "1.1.0", created=START, content="new")
    answers = [choosing.choose() for _ in range(50)]
    assert choosing.registry.take_asked() == asked
    assert all(answer == answers[0] for answer in answers)
    if policy is not LATEST:
        assert (answers[0].choice.tag, answers[0].digest) == ("1.1.0", digest)


def test_a_tag_is_read_once_where_some_policy_of_the_image_reads_contents() -> None:
    choosing = Choosing(SelectionPolicy(platforms=("linux/amd64",)))
    choosing.registry.push(WEB, "1.1.0", content="new")
    assert choosing.choose(SelectionPolicy()).choice.tag == "1.1.0"
    assert choosing.choose().choice.tag == "1.1.0"
    assert choosing.registry.take_asked() == ["GET 1.1.0", "GET config of 1.1.0"]


def test_a_second_look_at_thousands_of_builds_asks_for_the_new_one_alone() -> None:
    choosing = Choosing(BUILDS)
    for number in range(2000):
        choosing.registry.push_silently(WEB, f"b{number}", created=START + timedelta(minutes=number))
    choosing.clock.pass_by(POLL)
    assert choosing.choose().choice.tag == "b1999"
    assert len(choosing.registry.take_asked()) == 1 + 2 * 2000
    choosing.registry.push(WEB, "b2000", created=START + timedelta(days=9))
    assert choosing.choose().choice.tag == "b2000"
    assert choosing.registry.take_asked() == ["GET b2000", "GET config of b2000"]
    choosing.clock.pass_by(POLL)
    choosing.registry.push_silently(WEB, "b2001", created=START + timedelta(days=10))
    assert choosing.choose().choice.tag == "b2001"
    assert choosing.registry.take_asked() == ["LIST", "GET b2001", "GET config of b2001"]


class TestMovedTags:
    def test_where_they_are_ignored_a_place_keeps_the_digest_that_it_was_given(self) -> None:
        choosing = Choosing()
        first = choosing.choose().digest
        moved = choosing.registry.push(WEB, "1.0.0", content="rebuilt")
        given = [ImageRef(WEB, "1.0.0", first)]
        assert choosing.choose(remembered=given).digest == first != moved
        assert choosing.choose(current="1.0.0", remembered=given).digest == first

    def test_where_they_are_ignored_the_newest_of_what_was_given_counts(self) -> None:
        choosing = Choosing()
        old, new = (ImageRef(WEB, "1.0.0", f"sha256:{mark * 64}") for mark in "ab")
        assert choosing.choose(remembered=[new, old]).digest == new.digest

    def test_a_place_that_was_given_nothing_takes_what_the_tag_names_now(self) -> None:
        choosing = Choosing()
        moved = choosing.registry.push(WEB, "1.0.0", content="rebuilt")
        assert choosing.choose().digest == moved

    @pytest.mark.parametrize("policy", [FOLLOWS, LATEST], ids=["semver", "digest"])
    def test_one_that_is_announced_is_followed_at_once(self, policy: SelectionPolicy) -> None:
        choosing = Choosing(policy)
        before = choosing.choose().digest
        moved = choosing.registry.push(WEB, "1.0.0", content="rebuilt")
        given = [ImageRef(WEB, "1.0.0", before)]
        assert choosing.choose(remembered=given).digest == moved
        assert choosing.registry.take_asked() == ["HEAD 1.0.0"]

    @pytest.mark.parametrize("policy", [FOLLOWS, LATEST], ids=["semver", "digest"])
    def test_one_that_nobody_announces_is_followed_within_two_polls(self, policy: SelectionPolicy) -> None:
        choosing = Choosing(policy)
        moved = choosing.registry.push_silently(WEB, "1.0.0", content="rebuilt")
        choosing.sweep(times=2)
        assert choosing.choose().digest == moved

    def test_builds_are_asked_for_again_one_by_one(self) -> None:
        policy = replace(BUILDS, moved_tags=MovedTags.FOLLOW)
        choosing = Choosing(policy, "b1", "b2", "b3")
        asked = [each for sweep in choosing.sweep(times=6) for each in sweep]
        assert sorted(asked) == ["HEAD b1", "HEAD b2", "HEAD b3", "LIST", "LIST", "LIST"]

    def test_a_build_that_moved_is_chosen_by_its_new_time(self) -> None:
        policy = replace(BUILDS, moved_tags=MovedTags.FOLLOW)
        choosing = Choosing(policy)
        for number in range(3):
            choosing.registry.push(WEB, f"b{number}", created=START + timedelta(hours=number))
        assert choosing.choose().choice.tag == "b2"
        moved = choosing.registry.push(WEB, "b0", created=START + timedelta(days=1))
        answer = choosing.choose()
        assert (answer.choice.tag, answer.digest) == ("b0", moved)


class TestPoorLists:
    def test_a_mass_deletion_chooses_nothing_and_says_so(self) -> None:
        choosing = Choosing(SelectionPolicy(allow_downgrade=True), *(f"1.{n}.0" for n in range(1, 10)))
        for number in range(3, 10):
            choosing.registry.delete(WEB, f"1.{number}.0")
        choosing.clock.pass_by(POLL)
        answer = choosing.choose(current="1.9.0")
        assert (answer.choice.tag, answer.choice.is_waiting) == (None, True)
        assert "lists 3 of the 10 tags that it had: taken for a fault" in answer.choice.reason
        assert answer.choice.wake_at == choosing.clock.now() + GRACE

    def test_it_is_believed_when_it_has_stood_for_a_day(self) -> None:
        choosing = Choosing(SelectionPolicy(allow_downgrade=True), *(f"1.{n}.0" for n in range(1, 10)))
        for number in range(3, 10):
            choosing.registry.delete(WEB, f"1.{number}.0")
        choosing.sweep()
        choosing.clock.pass_by(GRACE)
        assert choosing.choose(current="1.9.0").choice.tag == "1.2.0"

    def test_a_list_that_recovers_is_trusted_again_and_the_day_begins_anew(self) -> None:
        choosing = Choosing(RELEASES_BUT_DOWN, *(f"1.{n}.0" for n in range(1, 10)))
        for _ in range(2):
            for number in range(1, 10):
                choosing.registry.delete(WEB, f"1.{number}.0")
            choosing.clock.pass_by(GRACE * 0.9)
            assert choosing.choose().choice.is_waiting
            for number in range(1, 10):
                choosing.registry.push_silently(WEB, f"1.{number}.0", content=f"1.{number}.0")
            choosing.clock.pass_by(POLL)
            assert choosing.choose().choice.tag == "1.9.0"

    def test_a_tag_that_a_poor_list_still_has_may_be_chosen_with_a_note(self) -> None:
        choosing = Choosing(SelectionPolicy(), *(f"1.{n}.0" for n in range(1, 10)))
        for number in range(1, 9):
            choosing.registry.delete(WEB, f"1.{number}.0")
        choosing.clock.pass_by(POLL)
        answer = choosing.choose()
        assert answer.choice.tag == "1.9.0"
        assert "taken for a fault" in answer.note

    def test_what_is_pushed_meanwhile_is_chosen(self) -> None:
        choosing = Choosing(SelectionPolicy(), *(f"1.{n}.0" for n in range(1, 10)))
        for number in range(10):
            choosing.registry.delete(WEB, f"1.{number}.0")
        choosing.clock.pass_by(POLL)
        assert choosing.choose().choice.is_waiting
        choosing.registry.push(WEB, "2.0.0", content="new")
        assert choosing.choose().choice.tag == "2.0.0"


RELEASES_BUT_DOWN = SelectionPolicy(allow_downgrade=True)


class TestTagsThatAreNotThere:
    def test_a_tag_that_is_listed_and_gone_is_not_chosen(self) -> None:
        choosing = Choosing()
        choosing.registry.push_silently(WEB, "1.1.0", content="new")
        choosing.registry.hides.add("1.1.0")
        choosing.clock.pass_by(POLL)
        answer = choosing.choose()
        assert answer.choice.tag == "1.0.0"
        assert ("1.1.0", "is gone from the registry") in {
            (each.tag, each.reason) for each in answer.choice.verdicts
        }

    def test_it_is_chosen_when_a_later_list_still_has_it_and_it_is_back(self) -> None:
        choosing = Choosing()
        choosing.registry.push_silently(WEB, "1.1.0", content="new")
        choosing.registry.hides.add("1.1.0")
        choosing.sweep()
        choosing.registry.hides.clear()
        assert choosing.choose().choice.tag == "1.0.0"
        choosing.sweep()
        assert choosing.choose().choice.tag == "1.1.0"

    def test_a_followed_tag_that_is_not_there_is_said_to_be_missing_until_it_is_pushed(self) -> None:
        latest = SelectionPolicy(Strategy.DIGEST, "latest")
        choosing = Choosing(latest)
        answer = choosing.choose()
        assert (answer.choice.tag, answer.choice.reason) == (None, "the registry has no tag latest")
        choosing.registry.push(WEB, "latest", content="first")
        assert choosing.choose().choice.tag == "latest"

    def test_a_pinned_tag_that_is_gone_is_said_to_be(self) -> None:
        choosing = Choosing(SelectionPolicy(pin=Pin("1.1.0", "known good")), "1.1.0")
        choosing.registry.push(WEB, "1.1.0", content="moved")
        choosing.registry.delete(WEB, "1.1.0")
        assert choosing.choose().choice.tag is None


def test_an_image_of_which_nothing_can_run_says_so() -> None:
    choosing = Choosing(BUILDS)
    digest = choosing.registry.push(WEB, "b1", content="schema 1")
    choosing.registry.cannot_read(digest, Malformed("it has schema 1"))
    answer = choosing.choose(replace(BUILDS, allow_tags="regexp:^b1$"))
    assert answer.choice.tag is None
    assert ("b1", "cannot run: it has schema 1") in {
        (each.tag, each.reason) for each in answer.choice.verdicts
    }


def test_a_registry_that_does_not_answer_is_no_answer() -> None:
    choosing = Choosing()
    choosing.registry.fail(Unreachable("registry.example:5000 does not answer"))
    assert choosing.choose().choice.tag == "1.0.0", "an answer that holds is enough"
    choosing.clock.pass_by(POLL)
    with pytest.raises(Unreachable):
        choosing.choose()


def test_a_hold_asks_no_more_than_the_list() -> None:
    held = SelectionPolicy(hold=Hold("freeze", START + timedelta(days=1)))
    choosing = Choosing(held)
    choosing.registry.push(WEB, "1.1.0")
    answer = choosing.choose(current="1.0.0")
    assert (answer.choice.tag, answer.choice.wake_at) == (None, START + timedelta(days=1))
