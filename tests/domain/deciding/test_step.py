"""Decisions on proposals as tables: what is looked at first, what is waited for, what is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.deciding.action import Action, Comment, Describe, MergePullRequest, Propose, Withdraw
from bot.domain.deciding.decision import decide
from bot.domain.pull_request.mark import Mark, marks
from bot.domain.pull_request.policy import Pace, PullRequestPolicy, Texts
from bot.domain.pull_request.proposal import Metadata
from bot.domain.pull_request.templates import Template
from bot.domain.record import EnvironmentRecord, Gathering, Record
from bot.domain.snapshot import EnvironmentView, Traffic
from bot.domain.status import State
from bot.domain.window import Window, WindowKind
from tests.domain.deciding.situations import (
    DEV,
    HEAD,
    NOW,
    chosen,
    deployment,
    proposing,
    pull_request,
    release,
    snapshot,
    view,
)

MINUTE = timedelta(minutes=1)
SHUT = Window(WindowKind.DENY, "0 11 * * *", timedelta(hours=2), reason="lunch")
NEWER = Gathering(release("1.2.0").key, NOW - 9 * MINUTE, NOW - 2 * MINUTE)
NONE = view(DEV, "1.0.0")
OPEN = proposing(DEV, "1.0.0", pull_request("1.1.0"), "1.1.0")
SAME = proposing(DEV, "1.0.0", pull_request("1.2.0"), "1.2.0")
STUCK = proposing(DEV, "1.0.0", pull_request("1.2.0", mergeable=False), "1.2.0")
FOREIGN = replace(OPEN, foreign_commit="f" * 40)


@pytest.mark.parametrize(
    ("seen", "pace", "gathering", "state", "actions"),
    [
        pytest.param(NONE, Pace(), None, State.PROPOSED, [Propose], id="nothing holds it"),
        pytest.param(NONE, Pace(windows=(SHUT,)), None, State.WAITING, [], id="schedule, new"),
        pytest.param(OPEN, Pace(windows=(SHUT,)), None, State.PROPOSED, [], id="schedule, a change"),
        pytest.param(STUCK, Pace(windows=(SHUT,)), None, State.PROPOSED, [], id="schedule, written anew"),
        pytest.param(
            SAME, Pace(windows=(SHUT,)), None, State.PROPOSED, [MergePullRequest], id="schedule, merge"
        ),
        pytest.param(NONE, Pace(debounce=2 * MINUTE), None, State.WAITING, [], id="debounce begins"),
        pytest.param(
            NONE, Pace(debounce=2 * MINUTE), NEWER, State.PROPOSED, [Propose], id="debounce is over"
        ),
        pytest.param(
            NONE,
            Pace(debounce=3 * MINUTE),
            replace(NEWER, key=release("1.1.0").key),
            State.WAITING,
            [],
            id="debounce begins anew",
        ),
        pytest.param(OPEN, Pace(debounce=2 * MINUTE), None, State.PROPOSED, [], id="debounce, a change"),
        pytest.param(STUCK, Pace(debounce=2 * MINUTE), None, State.PROPOSED, [Propose], id="debounce, anew"),
        pytest.param(NONE, Pace(most_open=2), None, State.WAITING, [], id="two are open"),
        pytest.param(OPEN, Pace(most_open=2), None, State.PROPOSED, [Propose], id="two are open, a change"),
        pytest.param(NONE, Pace(per_hour=1), None, State.WAITING, [], id="one was opened"),
        pytest.param(OPEN, Pace(per_hour=1), None, State.PROPOSED, [Propose], id="one was opened, a change"),
        pytest.param(FOREIGN, Pace(windows=(SHUT,)), None, State.BLOCKED, [Comment], id="a foreign commit"),
    ],
)
def test_a_proposal_keeps_its_pace(
    seen: EnvironmentView,
    pace: Pace,
    gathering: Gathering | None,
    state: State,
    actions: Sequence[type[Action]],
) -> None:
    place = replace(DEV, pull_request=PullRequestPolicy(pace=pace))
    live = deployment("1.0.0", live_for=timedelta(hours=1))
    record = Record({"dev": EnvironmentRecord((live,), gathering=gathering)})
    made = snapshot(place, choice=chosen("1.2.0"), views={"dev": seen})
    plan = decide(replace(made, record=record, traffic=Traffic(2, (NOW - MINUTE,))), NOW)
    assert plan.environments[0].state is state
    assert [type(action) for action in plan.actions] == list(actions)
    if state is State.WAITING:
        assert plan.wake_at is not None
        assert plan.wake_at > NOW


def test_what_waits_is_remembered_and_forgotten_once_it_is_proposed() -> None:
    place = replace(DEV, pull_request=PullRequestPolicy(pace=Pace(debounce=2 * MINUTE)))
    made = snapshot(place, choice=chosen("1.2.0"), views={"dev": NONE})
    waiting = decide(made, NOW)
    assert waiting.record.environment("dev").gathering == Gathering(release("1.2.0").key, NOW, NOW)
    done = decide(replace(made, record=waiting.record), NOW + 2 * MINUTE)
    assert done.record.environment("dev").gathering is None
    assert done.environments[0].opened == (NOW + 2 * MINUTE,)


METADATA = PullRequestPolicy(Texts(labels=(Template("env/{{ environment }}"),)), Metadata(reviewers=("ada",)))


def test_what_belongs_beside_a_pull_request_is_said_once() -> None:
    made = snapshot(replace(DEV, pull_request=METADATA), choice=chosen("1.2.0"), views={"dev": SAME})
    first = decide(made, NOW)
    (action,) = first.actions
    assert isinstance(action, Describe)
    assert action.metadata == Metadata(labels=("env/dev",), reviewers=("ada",))
    second = decide(replace(made, record=first.record), NOW)
    assert [type(each) for each in second.actions] == [MergePullRequest]


@pytest.mark.parametrize(("is_draft", "unsaid"), [(True, False), (False, True)])
def test_a_draft_that_the_host_does_not_know_is_told(is_draft: bool, unsaid: bool) -> None:
    place = replace(DEV, pull_request=PullRequestPolicy(metadata=Metadata(draft=True)))
    pull = pull_request("1.2.0", is_draft=is_draft)
    made = snapshot(place, choice=chosen("1.2.0"), views={"dev": proposing(DEV, "1.0.0", pull, "1.2.0")})
    first = decide(made, NOW)
    assert any(isinstance(action, Describe) for action in first.actions) is unsaid
    status = decide(replace(made, record=first.record), NOW).environments[0]
    assert ("opened it as any other" in status.reason) is unsaid


PER_RELEASE = replace(DEV, pull_request=PullRequestPolicy(Texts(branch=Template("updates-{{ tag }}"))))


def test_a_branch_of_a_release_is_looked_at_before_it_is_written() -> None:
    plan = decide(snapshot(PER_RELEASE, choice=chosen("1.2.0"), views={"dev": NONE}), NOW)
    assert (plan.actions, plan.wake_at) == ((), NOW)
    assert plan.record.environment("dev").branches == ("updates-1.2.0",)
    seen = replace(NONE, branch="updates-1.2.0")
    (action,) = decide(snapshot(PER_RELEASE, choice=chosen("1.2.0"), views={"dev": seen}), NOW).actions
    assert isinstance(action, Propose)
    assert (action.proposal.branch, action.proposal.prefix) == ("updates-1.2.0", "updates-")


def test_only_the_newest_branches_are_looked_at() -> None:
    record = Record()
    for patch in range(9):
        made = snapshot(PER_RELEASE, choice=chosen(f"1.2.{patch}"), views={"dev": NONE})
        record = decide(replace(made, record=record), NOW).record
    assert record.environment("dev").branches == tuple(f"updates-1.2.{patch}" for patch in range(4, 9))


def test_older_pull_requests_are_closed_once_the_newer_one_is_open() -> None:
    older = pull_request("1.1.0", number=6, branch="updates-1.1.0")
    pull = pull_request("1.2.0", branch="updates-1.2.0")
    seen = replace(proposing(DEV, "1.0.0", pull, "1.2.0"), branch="updates-1.2.0", older=(older,))
    (action,) = decide(snapshot(PER_RELEASE, choice=chosen("1.2.0"), views={"dev": seen}), NOW).actions
    assert isinstance(action, Withdraw)
    assert action.number == 6
    assert action.comment == "Superseded by pull request 7 for 1.2.0."
    assert all(mark.is_withdrawn for mark in marks(action.body))


def test_what_a_proposal_replaces_is_listed_in_its_mark() -> None:
    before = Mark(release("1.1.0").key, "shop", "dev", version="1.1.0", supersedes=("1.0.5",))
    pull = pull_request("1.1.0", body=before.text, pipeline="shop", environment="dev")
    seen = proposing(DEV, "1.0.0", pull, "1.1.0")
    (action,) = decide(snapshot(DEV, choice=chosen("1.2.0"), views={"dev": seen}), NOW).actions
    assert isinstance(action, Propose)
    (mark,) = marks(action.proposal.body)
    assert (mark.key, mark.version, mark.supersedes) == (release("1.2.0").key, "1.2.0", ("1.0.5", "1.1.0"))
    assert (action.number, action.expected) == (7, HEAD)
