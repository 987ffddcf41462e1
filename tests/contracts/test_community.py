"""The port `Community`: what other people say and propose, as every host tells it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.errors import NotFound
from bot.domain.people.command import Remark
from bot.domain.people.protection import CHECK, Ruling
from tests.contracts.community_worlds import REPOSITORY, START, WORLDS, CommunityWorld
from tests.fakes.github import BOT

SECOND = timedelta(seconds=1)


@pytest.fixture(params=sorted(WORLDS))
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CommunityWorld]:
    """One host of each kind, on which ada has opened pull request 1."""
    with WORLDS[request.param](tmp_path) as made:
        assert made.offer("feature", {"docs.md": b"more\n"}) == 1
        yield made


def heard(world: CommunityWorld, since: datetime = START) -> list[Remark]:
    """What was said since, as it is told; never later than it was listened to."""
    told = world.community.remarks(REPOSITORY, since=since)
    assert all(since <= remark.at <= told.until for remark in told.remarks)
    return list(told.remarks)


def test_a_comment_is_told_as_it_was_written(world: CommunityWorld) -> None:
    id_ = world.say(1, "Hello\n\n/tagboat help", by="mallory")
    (remark,) = heard(world)
    assert (remark.id, remark.number, remark.author) == (id_, 1, world.known_as("mallory"))
    assert remark.body == "Hello\n\n/tagboat help"
    assert not remark.is_edited
    assert not remark.is_by_bot


def test_comments_come_in_the_order_in_which_they_changed(world: CommunityWorld) -> None:
    first, second = world.say(1, "one"), world.say(1, "two")
    world.edit(first, "one again")
    remarks = heard(world)
    assert [remark.id for remark in remarks] == [second, first]
    assert [remark.is_edited for remark in remarks] == [False, True]
    assert remarks[1].body == "one again"


def test_comments_of_one_moment_come_in_the_order_in_which_they_were_written(world: CommunityWorld) -> None:
    other = world.offer("another", {"docs.md": b"other\n"})
    world.stop_the_clock()
    said = [world.say((1, other)[turn % 2], f"/tagboat hold {turn}d") for turn in range(12)]
    remarks = heard(world)
    assert len({remark.at for remark in remarks}) == 1
    assert [remark.id for remark in remarks] == said


def test_only_what_changed_since_is_told(world: CommunityWorld) -> None:
    world.say(1, "one")
    world.say(1, "two")
    (one, two) = heard(world)
    assert heard(world, two.at) == [two]
    assert heard(world, one.at) == [one, two]
    assert heard(world, two.at + SECOND) == []


def test_bots_are_told_from_people(world: CommunityWorld) -> None:
    world.say(1, "/tagboat help", by="renovate[bot]")
    (remark,) = heard(world)
    assert remark.is_by_bot


@pytest.mark.parametrize(
    ("person", "may"), [("ada", True), ("mallory", False), ("nobody", False), ("../ada", False)]
)
def test_who_may_write_is_asked_of_the_host(world: CommunityWorld, person: str, may: bool) -> None:
    assert world.community.may_write(REPOSITORY, world.known_as(person)) is may


def test_an_answer_is_given_once(world: CommunityWorld) -> None:
    for _ in range(2):
        world.community.answer(REPOSITORY, 1, "Held.", key="command/1")
    world.community.answer(REPOSITORY, 1, "Held.", key="command/2")
    answers = world.answers(1)
    assert len(answers) == 2
    assert all(answer.startswith("Held.") for answer in answers)


def test_open_pull_requests_are_listed_newest_first(world: CommunityWorld) -> None:
    own = world.offer("tagboat/shop/dev", {"envs/dev.yaml": b"tag: 2\n"}, by=BOT)
    newest, oldest = world.community.offers(REPOSITORY)
    assert (newest.number, newest.branch, newest.base, newest.is_ours) == (
        own,
        "tagboat/shop/dev",
        "main",
        True,
    )
    assert (oldest.number, oldest.head, oldest.is_ours) == (1, world.head(1), False)


def test_labels_are_told_with_who_set_them(world: CommunityWorld) -> None:
    assert world.community.offers(REPOSITORY)[0].labels == ()
    if not world.has_labels:
        assert world.community.labelled_by(REPOSITORY, 1, "tagboat-override") is None
        return
    world.label(1, "tagboat-override", by="mallory")
    assert world.community.offers(REPOSITORY)[0].labels == ("tagboat-override",)
    assert world.community.labelled_by(REPOSITORY, 1, "tagboat-override") == "mallory"
    assert world.community.labelled_by(REPOSITORY, 1, "another") is None


def test_what_a_pull_request_touches_is_told_whole(world: CommunityWorld) -> None:
    files = {f"envs/{number}.yaml": str(number).encode() for number in range(130)}
    number = world.offer("many", files)
    touched = world.community.touched(REPOSITORY, number)
    assert touched.is_complete
    assert set(touched.paths) == set(files)


def test_an_unknown_pull_request_is_not_found(world: CommunityWorld) -> None:
    with pytest.raises(NotFound):
        world.community.touched(REPOSITORY, 404)


def test_a_check_says_what_it_was_told_last(world: CommunityWorld) -> None:
    head = world.head(1)
    assert world.community.ruling(REPOSITORY, head, CHECK) is None
    no, yes = Ruling(passes=False, reason="Only Tagboat may change x."), Ruling(passes=True, reason="Fine.")
    world.community.rule(REPOSITORY, head, CHECK, no)
    assert world.community.ruling(REPOSITORY, head, CHECK) == no
    world.community.rule(REPOSITORY, head, CHECK, yes)
    assert world.community.ruling(REPOSITORY, head, CHECK) == yes
    assert world.community.ruling(REPOSITORY, head, "another") is None


def test_a_long_reason_is_shown_as_far_as_the_host_allows(world: CommunityWorld) -> None:
    long = Ruling(passes=False, reason="Only Tagboat may change " + "x" * 300)
    world.community.rule(REPOSITORY, world.head(1), CHECK, long)
    shown = world.community.ruling(REPOSITORY, world.head(1), CHECK)
    assert shown is not None
    assert long.is_shown_by(shown)
    assert len(shown.reason) == min(len(long.reason), world.limit)
