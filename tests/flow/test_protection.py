"""Protected files: the check on other people's pull requests, set once per head."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.adapters.forges.memory.forge import File
from bot.domain.errors import Refused, Unreachable
from bot.domain.people.protection import CHECK, Offer, Ruling, Touched
from bot.flow.attend import attend
from tests.flow.people import PLACE, People
from tests.flow.worlds import REPOSITORY

FEATURE = Offer(50, "feature", "main", "a" * 40)
TOUCHES = Touched(("envs/dev/values.yaml",))
OTHERS = Touched(("README.md",))


def ruling(people: People, head: str = FEATURE.head) -> Ruling:
    """What the check says of a head."""
    found = people.community.ruling(REPOSITORY, head, CHECK)
    assert found is not None
    return found


def test_a_pull_request_that_touches_protected_files_fails(people: People) -> None:
    people.community.offer(REPOSITORY, FEATURE, TOUCHES)
    people.attend()
    assert not ruling(people).passes
    assert ruling(people).reason.startswith("Only Tagboat may change envs/dev/values.yaml (")


def test_one_that_leaves_them_alone_passes(people: People) -> None:
    people.community.offer(REPOSITORY, FEATURE, OTHERS)
    people.attend()
    assert ruling(people).passes


def test_a_check_is_set_once_per_head(people: People) -> None:
    people.community.offer(REPOSITORY, FEATURE, TOUCHES)
    for _ in range(3):
        people.clock.pass_by(timedelta(hours=2))
        people.attend()
    assert people.community.rulings_set == 1
    people.community.offer(REPOSITORY, replace(FEATURE, head="b" * 40), OTHERS)
    people.attend()
    assert people.community.rulings_set == 2
    assert ruling(people, "b" * 40).passes
    assert not ruling(people).passes


def test_what_could_not_be_read_whole_is_read_again(people: People) -> None:
    people.community.offer(REPOSITORY, FEATURE, Touched((), is_complete=False))
    people.attend()
    assert not ruling(people).passes
    people.community.offer(REPOSITORY, FEATURE, OTHERS)
    people.attend()
    assert ruling(people).passes


def test_a_look_at_what_was_seen_asks_nothing_more(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    people.community.offer(REPOSITORY, FEATURE, TOUCHES)
    people.attend()
    monkeypatch.delattr(type(people.community), "touched")
    people.attend()
    assert not ruling(people).passes


@pytest.mark.parametrize(
    ("by", "passes"), [("ada", True), ("", True), ("mallory", False)], ids=["writer", "unknown", "stranger"]
)
def test_the_label_overrides_where_who_set_it_may_write(people: People, by: str, passes: bool) -> None:
    people.community.offer(REPOSITORY, FEATURE, TOUCHES)
    people.attend()
    people.community.label(REPOSITORY, FEATURE.number, "tagboat-override", by=by)
    people.attend()
    assert ruling(people).passes is passes
    assert by in ruling(people).reason


def test_a_label_that_counted_for_nothing_may_be_set_anew_by_somebody_who_may(people: People) -> None:
    people.community.offer(REPOSITORY, FEATURE, TOUCHES)
    people.attend()
    people.community.label(REPOSITORY, FEATURE.number, "tagboat-override", by="mallory")
    people.attend()
    people.community.label(REPOSITORY, FEATURE.number, "tagboat-override", by="ada")
    people.attend()
    assert ruling(people).passes


def test_a_label_that_is_taken_away_turns_it_red_again(people: People) -> None:
    people.community.offer(REPOSITORY, replace(FEATURE, labels=("tagboat-override",)), TOUCHES)
    people.attend()
    assert ruling(people).passes
    people.community.offer(REPOSITORY, FEATURE, TOUCHES)
    people.attend()
    assert not ruling(people).passes


def _own(people: People) -> Offer:
    people.push("1.1.0")
    pull = people.forge.pull_request(REPOSITORY, people.number("prod"))
    return Offer(pull.number, pull.branch, pull.base, pull.head, is_ours=True)


def test_tagboats_own_pull_request_passes(people: People) -> None:
    own = _own(people)
    people.community.offer(REPOSITORY, own, TOUCHES)
    people.attend()
    assert ruling(people, own.head) == Ruling(passes=True, reason="Tagboat's own pull request.")


def test_a_commit_of_somebody_else_on_tagboats_branch_does_not_pass(people: People) -> None:
    own = _own(people)
    head = people.forge.commit_by_human(REPOSITORY, own.branch, {})
    people.community.offer(REPOSITORY, replace(own, head=head), TOUCHES)
    people.attend()
    assert not ruling(people, head).passes


def test_somebody_elses_pull_request_from_tagboats_branch_does_not_pass(people: People) -> None:
    own = replace(_own(people), is_ours=False)
    people.community.offer(REPOSITORY, own, TOUCHES)
    people.attend()
    assert not ruling(people, own.head).passes


def test_one_that_cannot_be_read_keeps_back_no_other(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    known = people.community.touched

    def touched(repository: str, number: int) -> Touched:
        if number == 51:
            raise Refused("the pull request cannot be read")
        return known(repository, number)

    monkeypatch.setattr(people.community, "touched", touched)
    people.community.offer(REPOSITORY, FEATURE, TOUCHES)
    people.community.offer(REPOSITORY, replace(FEATURE, number=51, head="b" * 40), TOUCHES)
    people.attend()
    assert not ruling(people).passes
    assert people.community.ruling(REPOSITORY, "b" * 40, CHECK) is None
    assert any("cannot be read" in notice.text for notice in people.told())


def attend_elsewhere(people: People) -> None:
    """Another worker looks: it shares nothing with the first but the store and the host."""
    other = replace(people.world, communities={"forge": copy(people.community)})
    assert attend(other, PLACE.name)


def test_a_label_that_another_worker_saw_does_not_count_when_it_is_gone(people: People) -> None:
    people.community.offer(REPOSITORY, FEATURE, TOUCHES)
    people.attend()
    people.community.label(REPOSITORY, FEATURE.number, "tagboat-override", by="ada")
    attend_elsewhere(people)
    assert ruling(people).passes
    people.community.offer(REPOSITORY, FEATURE, TOUCHES)
    people.attend()
    assert not ruling(people).passes


def test_a_worker_that_died_after_it_set_a_check_is_not_overlooked(people: People) -> None:
    people.community.offer(REPOSITORY, FEATURE, TOUCHES)
    people.attend()
    lease = people.store.lease(PLACE.name, owner="dying", now=people.clock.now(), ttl=timedelta(seconds=10))
    assert lease is not None
    people.community.rule(REPOSITORY, FEATURE.head, CHECK, Ruling(passes=True, reason="overridden"))
    people.clock.pass_by(timedelta(seconds=11))
    people.attend()
    assert not ruling(people).passes


def test_what_one_worker_saw_another_does_not_ask_again(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    people.community.offer(REPOSITORY, FEATURE, TOUCHES)
    people.attend()
    monkeypatch.delattr(type(people.community), "touched")
    attend_elsewhere(people)
    shown = people.store.shown(PLACE.name)
    assert shown is not None
    assert not shown.problem


def test_a_host_that_stops_to_answer_is_asked_only_for_the_rest(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    known = people.community.touched

    def touched(repository: str, number: int) -> Touched:
        asked.append(number)
        if number == 50 and len(asked) < 3:
            raise Unreachable("the host does not answer")
        return known(repository, number)

    monkeypatch.setattr(people.community, "touched", touched)
    people.community.offer(REPOSITORY, FEATURE, TOUCHES)
    people.community.offer(REPOSITORY, replace(FEATURE, number=51, head="b" * 40), TOUCHES)
    people.attend()
    people.attend()
    assert not ruling(people).passes
    assert asked == [51, 50, 50]


def test_a_commit_that_came_a_moment_after_a_look_at_the_branch_counts(people: People) -> None:
    own = _own(people)
    assert people.forge.head(REPOSITORY, own.branch) == own.head
    head = people.forge.commit_by_human(REPOSITORY, own.branch, {})
    people.community.offer(REPOSITORY, replace(own, head=head), TOUCHES)
    people.attend()
    assert not ruling(people, head).passes


def test_what_was_taken_back_from_the_base_is_somebody_elses_on_tagboats_branch(people: People) -> None:
    before = people.forge.head(REPOSITORY, "main")
    assert before is not None
    people.forge.commit_by_human(REPOSITORY, "main", {"README.md": File(b"By hand")})
    own = _own(people)
    people.community.offer(REPOSITORY, own, TOUCHES)
    people.attend()
    assert ruling(people, own.head).passes
    people.forge.reset_by_human(REPOSITORY, "main", before)
    attend_elsewhere(people)
    assert not ruling(people, own.head).passes


def test_a_commit_that_came_to_the_base_is_not_held_against_tagboats_branch(people: People) -> None:
    own = _own(people)
    head = people.forge.commit_by_human(REPOSITORY, own.branch, {})
    people.community.offer(REPOSITORY, replace(own, head=head), TOUCHES)
    people.attend()
    assert not ruling(people, head).passes
    people.forge.reset_by_human(REPOSITORY, "main", head)
    attend_elsewhere(people)
    assert ruling(people, head).passes


def test_one_that_leaves_for_another_base_is_looked_at_anew(people: People) -> None:
    people.community.offer(REPOSITORY, FEATURE, OTHERS)
    people.attend()
    assert ruling(people).passes
    people.forge.commit_by_human(REPOSITORY, "release", {})
    people.community.offer(REPOSITORY, replace(FEATURE, base="release"), TOUCHES)
    people.attend()
    assert not ruling(people).passes


def test_a_base_that_goes_on_asks_nothing_of_what_passes(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    people.community.offer(REPOSITORY, FEATURE, OTHERS)
    people.attend()
    people.forge.commit_by_human(REPOSITORY, "main", {})
    monkeypatch.delattr(type(people.community), "touched")
    people.attend()
    assert ruling(people).passes
