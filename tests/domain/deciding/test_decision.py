"""What is decided where nothing comes before: to propose, update, merge, withdraw, or to say why not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.choosing.selection import Choice
from bot.domain.deciding.action import Comment, MergePullRequest, Propose, Withdraw
from bot.domain.deciding.decision import decide
from bot.domain.pipeline import Application, Merge
from bot.domain.pull_request.proposal import PullRequestState, withdrawn
from bot.domain.snapshot import ApplicationView, ImageChoice, Problem
from bot.domain.status import State
from bot.domain.window import Window, WindowKind
from tests.domain.deciding.situations import (
    DEV,
    HEAD,
    LONG,
    NOW,
    PROD,
    STAGING,
    chosen,
    deployment,
    in_dev,
    proposing,
    pull_request,
    release,
    snapshot,
    status,
    values,
    view,
)

ASKED = "Argo CD is asked to compare it with Git"


def test_a_newer_tag_opens_a_pull_request_that_changes_only_the_tag() -> None:
    seen = in_dev(chosen("1.1.0"), view(DEV, "1.0.0"))
    plan = decide(seen, NOW)
    (action,) = plan.actions
    assert isinstance(action, Propose)
    assert (action.number, action.expected) == (None, None)
    assert action.proposal.files == (("envs/dev/values.yaml", values("1.1.0")),)
    assert action.proposal.branch == "tagboat/shop/dev"
    assert action.proposal.title == "shop dev: web 1.0.0 → 1.1.0"
    assert release("1.1.0").key in action.proposal.body
    assert plan.record.environment("dev").proposed == release("1.1.0")
    assert status(plan, "dev").state is State.PROPOSED


def test_nothing_is_done_when_the_wanted_tag_runs() -> None:
    seen = in_dev(chosen("1.0.0"), view(DEV, "1.0.0"))
    plan = decide(seen, NOW)
    assert plan.actions == ()
    assert (status(plan, "dev").state, status(plan, "dev").running) == (State.LIVE, {"web": "1.0.0"})


def test_a_branch_left_by_a_crash_is_written_again_from_where_it_stands() -> None:
    seen = in_dev(chosen("1.1.0"), view(DEV, "1.0.0", branch_head=HEAD))
    (action,) = decide(seen, NOW).actions
    assert isinstance(action, Propose)
    assert (action.number, action.expected) == (None, HEAD)


def test_an_open_pull_request_is_updated_in_place_when_a_newer_release_comes() -> None:
    seen = in_dev(chosen("1.2.0"), proposing(DEV, "1.0.0", pull_request("1.1.0"), "1.1.0"))
    (action,) = decide(seen, NOW).actions
    assert isinstance(action, Propose)
    assert (action.number, action.expected) == (7, HEAD)
    assert action.proposal.files == (("envs/dev/values.yaml", values("1.2.0")),)


def test_an_auto_environment_merges_the_head_that_was_looked_at() -> None:
    seen = in_dev(chosen("1.1.0"), proposing(DEV, "1.0.0", pull_request("1.1.0"), "1.1.0"))
    (action,) = decide(seen, NOW).actions
    assert isinstance(action, MergePullRequest)
    assert (action.number, action.options.expected_head) == (7, HEAD)


def test_a_manual_environment_waits_for_a_human() -> None:
    manual = replace(DEV, merge=Merge.MANUAL)
    seen = in_dev(chosen("1.1.0"), proposing(manual, "1.0.0", pull_request("1.1.0"), "1.1.0"), place=manual)
    plan = decide(seen, NOW)
    assert plan.actions == ()
    assert status(plan, "dev").state is State.PROPOSED
    assert "waits for a human" in status(plan, "dev").reason


def test_a_branch_that_no_longer_merges_is_rebuilt() -> None:
    conflicting = pull_request("1.1.0", mergeable=False)
    seen = in_dev(chosen("1.1.0"), proposing(DEV, "1.0.0", conflicting, "1.1.0"))
    (action,) = decide(seen, NOW).actions
    assert isinstance(action, Propose)
    assert action.number == 7


@pytest.mark.parametrize(
    ("reason", "state"),
    [("required checks have not finished", State.PROPOSED), ("a review is required", State.PROPOSED)],
)
def test_a_pull_request_that_the_forge_holds_back_waits_and_is_looked_at_again(
    reason: str, state: State
) -> None:
    held = pull_request("1.1.0", mergeable=None, blocked_reason=reason)
    seen = in_dev(chosen("1.1.0"), proposing(DEV, "1.0.0", held, "1.1.0"))
    plan = decide(seen, NOW)
    assert plan.actions == ()
    assert status(plan, "dev").state is state
    assert reason in status(plan, "dev").reason
    assert plan.wake_at is not None
    assert plan.wake_at > NOW


def test_a_closed_window_holds_the_merge_until_it_opens() -> None:
    night = Window(WindowKind.DENY, "0 11 * * *", timedelta(hours=3), reason="lunch")
    shut = replace(DEV, windows=(night,))
    seen = in_dev(chosen("1.1.0"), proposing(shut, "1.0.0", pull_request("1.1.0"), "1.1.0"), place=shut)
    plan = decide(seen, NOW)
    assert plan.actions == ()
    assert "lunch" in status(plan, "dev").reason
    assert plan.wake_at == NOW + timedelta(hours=2)


def test_a_release_that_a_human_closed_is_not_proposed_again_but_the_next_one_is() -> None:
    no = pull_request("1.1.0", state=PullRequestState.CLOSED)
    declined = in_dev(chosen("1.1.0"), view(DEV, "1.0.0", pull_requests=(no,)))
    plan = decide(declined, NOW)
    assert plan.actions == ()
    assert status(plan, "dev").state is State.DECLINED
    newer = replace(declined, choices={"dev": {"web": chosen("1.2.0")}})
    (action,) = decide(newer, NOW).actions
    assert isinstance(action, Propose)


def test_a_pull_request_that_tagboat_closed_itself_is_no_refusal() -> None:
    ours = pull_request("1.1.0", state=PullRequestState.CLOSED)
    ours = replace(ours, body=withdrawn(ours.body))
    seen = in_dev(chosen("1.1.0"), view(DEV, "1.0.0", pull_requests=(ours,)))
    (action,) = decide(seen, NOW).actions
    assert isinstance(action, Propose)


def test_a_pull_request_with_nothing_left_to_propose_is_withdrawn() -> None:
    seen = proposing(DEV, "1.1.0", pull_request("1.1.0"), "1.1.0")
    (action,) = decide(in_dev(chosen("1.1.0"), seen, runs="1.1.0"), NOW).actions
    assert isinstance(action, Withdraw)
    assert "withdrawn" in action.body
    assert "1.1.0" in action.comment


def test_a_foreign_commit_on_the_branch_stops_tagboat_with_a_sentence() -> None:
    foreign = replace(proposing(DEV, "1.0.0", pull_request("1.1.0"), "1.1.0"), foreign_commit="f" * 40)
    seen = in_dev(chosen("1.2.0"), foreign)
    plan = decide(seen, NOW)
    assert [type(action) for action in plan.actions] == [Comment]
    assert status(plan, "dev").state is State.BLOCKED
    assert "ffffffffffff" in status(plan, "dev").reason


def test_a_pull_request_that_somebody_committed_to_is_not_closed_though_nothing_is_left_to_propose() -> None:
    seen = replace(proposing(DEV, "1.1.0", pull_request("1.1.0"), "1.1.0"), foreign_commit="f" * 40)
    plan = decide(in_dev(chosen("1.1.0"), seen), NOW)
    assert plan.actions == ()
    assert status(plan, "dev").reason == (
        "pull request 7 is left to people, as somebody else committed to its branch"
    )


def test_a_branch_without_a_pull_request_is_left_alone_and_says_how_to_go_on() -> None:
    seen = replace(view(DEV, "1.0.0"), branch_head=HEAD, foreign_commit="f" * 40)
    assert "(delete or rename the branch)" in status(decide(in_dev(chosen("1.2.0"), seen), NOW), "dev").reason


def test_what_was_said_of_a_foreign_commit_is_not_said_again() -> None:
    foreign = replace(proposing(DEV, "1.0.0", pull_request("1.1.0"), "1.1.0"), foreign_commit="f" * 40)
    seen = in_dev(chosen("1.2.0"), foreign)
    once = decide(seen, NOW)
    assert decide(replace(seen, record=once.record), NOW).actions == ()


@pytest.mark.parametrize(
    ("choice", "state", "word"),
    [
        pytest.param(
            Problem("ghcr.io does not answer", is_transient=True), State.WAITING, "does not answer", id="down"
        ),
        pytest.param(Problem("ghcr.io refuses the token"), State.BLOCKED, "refuses the token", id="denied"),
        pytest.param(
            ImageChoice(Choice(None, "tag 1.3.0 could not be read", is_waiting=True)),
            State.WAITING,
            "could not be read",
            id="partial data",
        ),
    ],
)
def test_what_cannot_be_read_never_leads_to_a_proposal(
    choice: ImageChoice | Problem, state: State, word: str
) -> None:
    seen = in_dev(choice, view(DEV, "1.0.0"))
    plan = decide(seen, NOW)
    assert plan.actions == ()
    assert status(plan, "dev").state is state
    assert word in status(plan, "dev").reason


def test_a_missing_file_is_named_with_the_next_step() -> None:
    seen = snapshot(DEV, views={"dev": view(DEV, "1.0.0", files={"envs/dev/values.yaml": None})})
    plan = decide(seen, NOW)
    assert plan.actions == ()
    assert status(plan, "dev").state is State.BLOCKED
    assert "envs/dev/values.yaml is not in acme/infra" in status(plan, "dev").reason
    assert "create the file" in status(plan, "dev").reason


def test_a_missing_key_is_named() -> None:
    broken = view(DEV, "1.0.0", files={"envs/dev/values.yaml": b"image: {}\n"})
    plan = decide(snapshot(DEV, views={"dev": broken}), NOW)
    assert status(plan, "dev").state is State.BLOCKED
    assert "image.tag" in status(plan, "dev").reason


@pytest.mark.parametrize(
    ("is_initial", "reason"),
    [
        pytest.param(True, f"image web: no tag matches; {ASKED}", id="found at the first look"),
        pytest.param(False, f"{ASKED}; image web: no tag matches", id="merged"),
    ],
)
def test_what_was_never_merged_says_first_why_nothing_comes(is_initial: bool, reason: str) -> None:
    application = Application("main", "shop-dev")
    dev = replace(DEV, applications=(application,))
    shown = {
        "spec": {"source": {"repoURL": "https://forge.example/acme/infra", "targetRevision": "main"}},
        "status": {"sync": {"status": "Synced"}},
    }
    seen = snapshot(
        dev,
        choice=chosen(None, "no tag matches"),
        views={"dev": view(dev, "1.0.0", applications=(ApplicationView(application, shown),))},
        deployed={"dev": (deployment("1.0.0", is_initial=is_initial),)},
    )
    urls = ("https://forge.example/acme/infra",)
    seen = replace(seen, pipeline=replace(seen.pipeline, repository_urls=urls))
    assert status(decide(seen, NOW), "dev").reason == reason


def test_a_view_that_could_not_be_read_is_unknown_and_keeps_its_memory() -> None:
    lost = view(DEV, "1.0.0", problem=Problem("github.com does not answer", is_transient=True))
    kept = deployment("1.0.0", live_for=LONG)
    plan = decide(snapshot(DEV, choice=chosen("1.1.0"), views={"dev": lost}, deployed={"dev": (kept,)}), NOW)
    assert plan.actions == ()
    assert status(plan, "dev").state is State.UNKNOWN
    assert plan.record.environment("dev").deployments == (kept,)


def test_deciding_twice_decides_the_same() -> None:
    seen = snapshot(
        choice=chosen("1.2.0"),
        views={
            "dev": proposing(DEV, "1.1.0", pull_request("1.2.0"), "1.2.0"),
            "staging": view(STAGING, "1.0.0"),
            "prod": view(PROD, "1.0.0"),
        },
        deployed={
            "dev": (deployment("1.1.0", live_for=LONG),),
            "staging": (deployment("1.0.0", live_for=LONG),),
            "prod": (deployment("1.0.0", live_for=LONG),),
        },
    )
    assert decide(seen, NOW) == decide(seen, NOW)
