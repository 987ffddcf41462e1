"""What a merge lacks, who merges, and what follows: the tables of `bot.domain.deciding.merging`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.deciding.action import (
    ArmPullRequest,
    CommitDirectly,
    DeleteBranch,
    DisarmPullRequest,
    MergePullRequest,
    Propose,
)
from bot.domain.deciding.decision import Plan, decide
from bot.domain.deciding.merging import Lack, lack, rules_of
from bot.domain.people.consent import Arming, Check, CheckState, Consent, Opinion, Review
from bot.domain.pipeline import Merge, MergeMethod, MergeRules
from bot.domain.pull_request.proposal import PullRequest, PullRequestState
from bot.domain.snapshot import EnvironmentView, Fellow, Problem
from bot.domain.status import State
from bot.domain.window import Window, WindowKind
from tests.domain.deciding.situations import (
    DEV,
    HEAD,
    NOW,
    chosen,
    environment,
    in_dev,
    pipeline,
    proposing,
    pull_request,
    release,
    values,
    view,
)

OLD = "e" * 40
APPROVED, CHANGES = Opinion.APPROVED, Opinion.CHANGES_REQUESTED
SUCCEEDED, RUNNING, FAILED = CheckState.SUCCEEDED, CheckState.RUNNING, CheckState.FAILED
SHUT = Window(WindowKind.DENY, "0 11 * * *", timedelta(hours=3), reason="lunch")


def review(by: str = "ada", opinion: Opinion = APPROVED, **changes: object) -> Review:
    """An opinion that counts, on the newest commit."""
    return replace(Review(by, opinion, HEAD), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reviews", "reason"),
    [
        pytest.param((), "0 of 2 approvals", id="nobody"),
        pytest.param((review(),), "1 of 2 approvals", id="one"),
        pytest.param((review(), review()), "1 of 2 approvals", id="the same twice"),
        pytest.param((review(), review("eve", is_author=True)), "1 of 2 approvals", id="the author"),
        pytest.param((review(), review("ci", is_human=False)), "1 of 2 approvals", id="a bot"),
        pytest.param((review(), review("guest", may_write=False)), "1 of 2 approvals", id="a reader"),
        pytest.param(
            (review(), review("bob", commit=OLD)),
            "1 of 2 approvals (1 given before the newest commit)",
            id="an older commit",
        ),
        pytest.param((review(), review("bob", commit="")), "1 of 2 approvals (1 given", id="no commit left"),
    ],
)
def test_approvals_that_are_missing_are_counted(reviews: tuple[Review, ...], reason: str) -> None:
    found = lack(MergeRules(approvals=2), Consent(reviews), head=HEAD)
    assert found is not None
    assert found.reason.startswith(reason)
    assert not found.needs_human


@pytest.mark.parametrize("commit", [HEAD, None], ids=["on the newest commit", "kept by the host's own rule"])
def test_enough_approvals_are_enough(commit: str | None) -> None:
    reviews = (review("ada", commit=commit), review("bob", commit=commit))
    assert lack(MergeRules(approvals=2), Consent(reviews), head=HEAD) is None


@pytest.mark.parametrize(
    ("said", "is_held"),
    [
        pytest.param(review("bob", CHANGES), True, id="on the newest commit"),
        pytest.param(review("bob", CHANGES, commit=OLD), True, id="on an older one"),
        pytest.param(review("guest", CHANGES, may_write=False), False, id="by a reader"),
        pytest.param(review("ci", CHANGES, is_human=False), False, id="by a bot"),
    ],
)
def test_who_asks_for_changes_holds_the_merge_back(said: Review, is_held: bool) -> None:
    found = lack(MergeRules(approvals=1), Consent((review(), said)), head=HEAD)
    expected = Lack("changes were requested by bob", needs_human=True)
    assert found == (expected if is_held else None)


def checks(**states: CheckState) -> tuple[Check, ...]:
    """Checks by name; two underscores stand for a slash."""
    return tuple(Check(name.replace("__", "/"), state) for name, state in states.items())


ABSENT = "not reported on this commit"
BUILD_AND_LINT = MergeRules(checks=("ci/build", "lint*"))


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        pytest.param(checks(ci__build=SUCCEEDED, lint_py=SUCCEEDED), None, id="all"),
        pytest.param(
            checks(ci__build=SUCCEEDED, lint=SUCCEEDED, docs=FAILED), None, id="others do not count"
        ),
        pytest.param((), Lack(f"checks `ci/build`, `lint*` have {ABSENT}"), id="none reported"),
        pytest.param(checks(ci__build=SUCCEEDED), Lack(f"check `lint*` has {ABSENT}"), id="one missing"),
        pytest.param(
            checks(ci__build=RUNNING, lint=SUCCEEDED), Lack("check `ci/build` still runs"), id="one runs"
        ),
        pytest.param(
            checks(ci__build=RUNNING, lint_a=RUNNING, lint_b=SUCCEEDED),
            Lack("checks `ci/build`, `lint_a` still run"),
            id="two run",
        ),
        pytest.param(
            checks(ci__build=RUNNING, lint_a=SUCCEEDED, lint_b=FAILED),
            Lack("check `lint_b` failed", needs_human=True),
            id="one of a glob failed",
        ),
    ],
)
def test_named_checks_must_have_succeeded(seen: tuple[Check, ...], expected: Lack | None) -> None:
    assert lack(BUILD_AND_LINT, Consent(checks=seen), head=HEAD) == expected


def test_two_checks_of_one_name_must_both_have_succeeded() -> None:
    seen = (Check("ci/build", SUCCEEDED), Check("ci/build", FAILED), Check("lint", SUCCEEDED))
    assert lack(BUILD_AND_LINT, Consent(checks=seen), head=HEAD) == Lack("check `ci/build` failed", True)


def test_a_name_that_looks_like_a_glob_is_found_as_it_is_written() -> None:
    rules = MergeRules(checks=("test [3.11]",))
    assert lack(rules, Consent(checks=(Check("test [3.11]", SUCCEEDED),)), head=HEAD) is None


def test_what_is_missing_of_both_is_said_together() -> None:
    found = lack(MergeRules(approvals=1, checks=("ci",)), Consent(), head=HEAD)
    assert found == Lack("0 of 1 approvals; check `ci` has not reported on this commit")


def test_names_from_outside_notify_nobody_and_no_more_than_five_are_named() -> None:
    seen = tuple(Check(f"@team/{number}", FAILED) for number in range(7))
    found = lack(MergeRules(checks=("*",)), Consent(checks=seen), head=HEAD)
    assert found is not None
    assert "@team" not in found.reason
    assert found.reason.endswith(" and 2 more failed")


@given(st.lists(st.sampled_from(CheckState), max_size=6), st.integers(0, 3), st.integers(0, 3))
def test_nothing_is_lacked_only_where_all_is_there(states: list[CheckState], given_: int, asked: int) -> None:
    reviews = tuple(review(f"r{number}") for number in range(given_))
    seen = tuple(Check(f"c{number}", state) for number, state in enumerate(states))
    found = lack(MergeRules(approvals=asked, checks=("c*",)), Consent(reviews, seen), head=HEAD)
    is_complete = bool(states) and set(states) == {SUCCEEDED} and given_ >= asked
    assert (found is None) is is_complete


def test_a_group_is_merged_by_what_any_of_its_fellows_asks_for() -> None:
    fellow = environment("qa", merge=Merge.AUTO, merging=MergeRules(approvals=2, checks=("e2e", "ci")))
    own = replace(DEV, merging=MergeRules(approvals=1, checks=("ci",), method=MergeMethod.SQUASH))
    rules = rules_of(own, EnvironmentView({}, fellows=(Fellow(pipeline(fellow), fellow),)))
    assert rules == MergeRules(approvals=2, checks=("ci", "e2e"), method=MergeMethod.SQUASH)


def planned(
    rules: MergeRules,
    *,
    pull: PullRequest | None = None,
    mode: Merge = Merge.AUTO,
    windows: tuple[Window, ...] = (),
    group: str = "",
    **seen: object,
) -> Plan:
    """What is decided in dev, where 1.1.0 is proposed and 1.0.0 has been live for long."""
    place = replace(DEV, merge=mode, merging=rules, windows=windows, group=group)
    shown = replace(
        proposing(place, "1.0.0", pull or pull_request("1.1.0"), "1.1.0"),
        **seen,  # type: ignore[arg-type]
    )
    return decide(in_dev(chosen("1.1.0"), shown, place=place), NOW)


class TestAuto:
    def test_it_is_merged_by_the_method_of_the_environment(self) -> None:
        (action,) = planned(MergeRules(method=MergeMethod.SQUASH)).actions
        assert isinstance(action, MergePullRequest)
        options = action.options
        assert (action.number, options.expected_head, options.method) == (7, HEAD, MergeMethod.SQUASH)

    def test_what_was_not_asked_is_no_yes(self) -> None:
        plan = planned(MergeRules(approvals=1, checks=("ci",)), consent=None)
        assert plan.actions == ()
        assert "0 of 1 approvals" in plan.environments[0].reason

    def test_what_is_missing_is_waited_for_and_looked_at_again(self) -> None:
        plan = planned(MergeRules(approvals=1), consent=Consent())
        (status,) = plan.environments
        assert (status.state, plan.actions) == (State.PROPOSED, ())
        assert status.reason == "pull request 7 waits: 0 of 1 approvals"
        assert plan.wake_at == NOW + timedelta(minutes=1)

    def test_a_check_that_failed_blocks_and_is_told(self) -> None:
        plan = planned(MergeRules(checks=("ci",)), consent=Consent(checks=checks(ci=FAILED)))
        (status,) = plan.environments
        assert status.state is State.BLOCKED
        assert status.reason == "pull request 7 is held back: check `ci` failed"
        assert any("check `ci` failed" in notice.text for notice in plan.notices)

    @pytest.mark.parametrize(
        ("is_transient", "state"), [(True, State.PROPOSED), (False, State.BLOCKED)], ids=["fault", "denied"]
    )
    def test_what_cannot_be_read_is_said_and_merges_nothing(self, is_transient: bool, state: State) -> None:
        problem = Problem("the checks may not be read", is_transient=is_transient)
        plan = planned(MergeRules(checks=("ci",)), consent=problem)
        (status,) = plan.environments
        assert (status.state, plan.actions) == (state, ())
        assert "may not be read" in status.reason

    @pytest.mark.parametrize(
        ("rules", "is_merged"),
        [(MergeRules(), False), (MergeRules(checks=("ci",)), True)],
        ids=["all that report", "named ones only"],
    )
    def test_a_check_that_nobody_requires_counts_unless_checks_are_named(
        self, rules: MergeRules, is_merged: bool
    ) -> None:
        doubtful = pull_request("1.1.0", doubt="a check failed")
        plan = planned(rules, pull=doubtful, consent=Consent(checks=checks(ci=SUCCEEDED)))
        assert bool(plan.actions) is is_merged

    def test_a_host_that_still_works_it_out_is_given_seconds(self) -> None:
        plan = planned(MergeRules(), pull=pull_request("1.1.0", mergeable=None))
        assert plan.actions == ()
        assert plan.wake_at == NOW + timedelta(seconds=5)

    def test_a_branch_that_must_follow_its_base_is_written_anew(self) -> None:
        behind = pull_request("1.1.0", blocked_reason="not up to date", is_behind=True)
        (action,) = planned(MergeRules(), pull=behind).actions
        assert isinstance(action, Propose)
        assert (action.number, action.expected) == (7, HEAD)

    def test_a_human_who_merges_brings_it_up_to_date_too(self) -> None:
        behind = pull_request("1.1.0", blocked_reason="not up to date", is_behind=True)
        assert planned(MergeRules(), pull=behind, mode=Merge.MANUAL).actions == ()


class TestByTheHost:
    RULES = MergeRules(platform=True, approvals=1, method=MergeMethod.REBASE)
    GIVEN = Consent(reviews=(review(),))

    def test_it_is_armed_at_the_head_that_was_judged(self) -> None:
        blocked = pull_request("1.1.0", blocked_reason="a required check is missing", mergeable=None)
        (action,) = planned(self.RULES, pull=blocked, consent=self.GIVEN).actions
        assert isinstance(action, ArmPullRequest)
        options = action.options
        assert (action.number, options.expected_head, options.method) == (7, HEAD, MergeMethod.REBASE)

    def test_it_is_not_armed_before_the_rules_hold(self) -> None:
        assert planned(self.RULES, consent=Consent()).actions == ()

    def test_an_armed_one_is_waited_for(self) -> None:
        armed = replace(self.GIVEN, arming=Arming(waits="place 2 in the queue"))
        plan = planned(self.RULES, consent=armed)
        assert plan.actions == ()
        assert plan.environments[0].reason == "pull request 7 waits: place 2 in the queue"

    def test_what_the_host_took_back_needs_a_human(self) -> None:
        refused = replace(self.GIVEN, arming=Arming(refusal="it was taken out of the merge queue"))
        plan = planned(self.RULES, consent=refused)
        (status,) = plan.environments
        assert (status.state, plan.actions) == (State.BLOCKED, ())
        assert "taken out of the merge queue" in status.reason

    ARMED = replace(GIVEN, arming=Arming(waits="armed"))

    def test_a_window_that_closes_takes_it_back(self) -> None:
        plan = planned(self.RULES, windows=(SHUT,), consent=replace(self.ARMED, reviews=()))
        assert plan.actions == (DisarmPullRequest("dev", 7),)
        assert "lunch" in plan.environments[0].reason

    def test_a_foreign_commit_takes_it_back(self) -> None:
        plan = planned(self.RULES, consent=self.ARMED, foreign_commit=OLD)
        assert plan.actions[0] == DisarmPullRequest("dev", 7)
        assert plan.environments[0].state is State.BLOCKED

    def test_who_has_no_part_in_a_groups_pull_request_leaves_it_to_its_fellows(self) -> None:
        others = f"<!-- tagboat release={'a' * 12} pipeline=blog environment=dev -->"
        pull = replace(pull_request("1.1.0"), body=others, pipeline="shop", environment="dev")
        plan = planned(self.RULES, pull=pull, consent=self.ARMED, group="live", windows=(SHUT,))
        assert [each for each in plan.actions if isinstance(each, DisarmPullRequest)] == []

    def test_an_approval_that_goes_takes_it_back(self) -> None:
        plan = planned(self.RULES, consent=replace(self.ARMED, reviews=()))
        assert plan.actions == (DisarmPullRequest("dev", 7),)

    def test_another_release_takes_it_back_before_it_is_written(self) -> None:
        plan = planned(self.RULES, pull=pull_request("1.0.5"), consent=self.ARMED)
        first, second = plan.actions
        assert isinstance(first, DisarmPullRequest)
        assert isinstance(second, Propose)


class TestDirect:
    def _planned(self, **changes: object) -> Plan:
        place = replace(DEV, merge=Merge.DIRECT, **changes)  # type: ignore[arg-type]
        return decide(in_dev(chosen("1.1.0"), view(place, "1.0.0"), place=place), NOW)

    def test_it_commits_what_a_pull_request_would_propose(self) -> None:
        plan = self._planned()
        (action,) = plan.actions
        assert isinstance(action, CommitDirectly)
        assert action.proposal.files == (("envs/dev/values.yaml", values("1.1.0")),)
        assert plan.environments[0].reason == "committing 1.1.0 to main"
        assert plan.record.environment("dev").proposed == release("1.1.0")

    def test_it_waits_for_its_windows(self) -> None:
        plan = self._planned(windows=(SHUT,))
        (status,) = plan.environments
        assert (status.state, plan.actions) == (State.WAITING, ())
        assert status.reason == "1.1.0 waits: deny window 'lunch' is open"
        assert plan.wake_at == NOW.replace(hour=14)


class TestBranch:
    MERGED = pull_request("1.1.0", state=PullRequestState.MERGED, merge_commit=OLD, mergeable=None)

    def _planned(self, rules: MergeRules, head: str | None, *more: PullRequest) -> Plan:
        place = replace(DEV, merging=rules)
        shown = view(place, "1.1.0", pull_requests=(*more, self.MERGED), branch_head=head)
        return decide(in_dev(chosen("1.1.0"), shown, place=place, runs="1.1.0"), NOW)

    def test_it_goes_after_the_merge_where_that_is_asked_for(self) -> None:
        assert self._planned(MergeRules(delete_branch=True), HEAD).actions == (DeleteBranch("dev", 7),)

    @pytest.mark.parametrize(
        ("rules", "head"),
        [
            pytest.param(MergeRules(), HEAD, id="not asked for"),
            pytest.param(MergeRules(delete_branch=True), None, id="the host did it"),
            pytest.param(MergeRules(delete_branch=True), OLD, id="it moved since"),
        ],
    )
    def test_it_stays_otherwise(self, rules: MergeRules, head: str | None) -> None:
        assert self._planned(rules, head).actions == ()

    def test_it_stays_while_a_later_pull_request_needs_it(self) -> None:
        later = pull_request("1.1.0", 8)
        plan = self._planned(MergeRules(delete_branch=True), HEAD, later)
        assert not any(isinstance(action, DeleteBranch) for action in plan.actions)
