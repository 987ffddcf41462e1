"""Merging through the loop: rules that are waited for, a host that merges, commits without pull requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.adapters.forges.memory.forge import File, MemoryForge
from bot.domain.deciding.action import CommitDirectly
from bot.domain.errors import Refused
from bot.domain.image import ImageRef, Release
from bot.domain.notice import Event
from bot.domain.people.consent import CheckState, Opinion
from bot.domain.pipeline import Merge, MergeMethod, MergeRules
from bot.domain.pull_request.merge_options import MergeOptions
from bot.domain.pull_request.policy import CommitPolicy, PullRequestPolicy
from bot.domain.pull_request.proposal import Proposal, PullRequestState
from bot.domain.status import State
from bot.domain.window import Window, WindowKind
from bot.flow.act import act
from tests.flow.worlds import REPOSITORY, WEB, Bench, environment, values

MINUTE = timedelta(minutes=1)
BRANCH = "tagboat/shop/dev"


_NO_RULES = MergeRules()


def bench(rules: MergeRules = _NO_RULES, mode: Merge = Merge.AUTO, **changes: object) -> Bench:
    """Dev runs 1.0.0, and 1.1.0 was pushed."""
    made = Bench((environment("dev", merge=mode, merging=rules, **changes),))
    made.settle()
    made.registry.push(WEB, "1.1.0")
    made.look()
    return made


def head(made: Bench, branch: str = "main") -> str:
    """Where a branch stands."""
    found = made.forge.head(REPOSITORY, branch)
    assert found is not None
    return found


class TestRules:
    def test_approvals_and_checks_are_waited_for_and_then_it_is_merged(self) -> None:
        made = bench(MergeRules(approvals=1, checks=("ci",), method=MergeMethod.SQUASH))
        before = head(made)
        pull = made.forge.pull_requests(REPOSITORY, BRANCH)[0]
        waits = "pull request 1 waits: 0 of 1 approvals; check `ci` has not reported on this commit"
        assert made.status("dev").reason == waits
        made.forge.review_by_human(REPOSITORY, 1, Opinion.APPROVED)
        made.forge.report_by_check(REPOSITORY, pull.head, "ci", CheckState.SUCCEEDED)
        made.clock.pass_by(MINUTE)
        made.settle()
        assert made.status("dev").state is State.LIVE
        assert made.file("dev") == values("1.1.0")
        assert made.forge.parents(REPOSITORY, head(made)) == (before,)

    def test_an_approval_does_not_count_for_the_next_release(self) -> None:
        made = bench(MergeRules(approvals=1, checks=("ci",)))
        made.forge.review_by_human(REPOSITORY, 1, Opinion.APPROVED)
        made.registry.push(WEB, "1.2.0")
        made.look()
        assert "0 of 1 approvals (1 given before the newest commit)" in made.status("dev").reason
        assert made.file("dev") == values("1.0.0")

    def test_a_failed_check_is_told_once(self) -> None:
        made = bench(MergeRules(checks=("ci",)))
        made.forge.report_by_check(REPOSITORY, head(made, BRANCH), "ci", CheckState.FAILED)
        for _ in range(3):
            made.clock.pass_by(MINUTE)
            made.settle()
        assert made.status("dev").state is State.BLOCKED
        assert [each.text for each in made.told() if each.event is Event.BLOCKED] == [
            "dev is blocked: pull request 1 is held back: check `ci` failed"
        ]

    def test_the_branch_goes_after_the_merge(self) -> None:
        made = bench(MergeRules(delete_branch=True))
        assert made.file("dev") == values("1.1.0")
        assert made.forge.head(REPOSITORY, BRANCH) is None
        assert made.status("dev").state is State.LIVE

    def test_a_branch_that_a_human_goes_on_with_stays(self) -> None:
        made = bench(MergeRules(delete_branch=True), Merge.MANUAL)
        merged = made.forge.merge_by_human(REPOSITORY, 1)
        made.forge.commit_by_human(REPOSITORY, BRANCH, {"note": File(b"mine")})
        made.look()
        assert made.forge.head(REPOSITORY, BRANCH) is not None
        assert head(made) == merged


def test_a_human_on_the_page_merges_by_the_method_of_the_environment() -> None:
    made = bench(MergeRules(method=MergeMethod.SQUASH), Merge.MANUAL)
    before = head(made)
    made.merge("dev")
    assert made.forge.parents(REPOSITORY, head(made)) == (before,)


@pytest.mark.parametrize("sign_off", [True, False], ids=["signed off", "not signed off"])
@pytest.mark.parametrize(
    ("rules", "mode", "merged"),
    [
        pytest.param(_NO_RULES, Merge.AUTO, lambda _: None, id="by Tagboat"),
        pytest.param(
            MergeRules(platform=True),
            Merge.AUTO,
            lambda made: made.forge.merge_by_host(REPOSITORY, 1),
            id="by the host",
        ),
        pytest.param(_NO_RULES, Merge.MANUAL, lambda made: made.merge("dev"), id="by a human"),
    ],
)
def test_the_commit_of_a_merge_is_signed_off_where_the_environment_asks_for_it(
    rules: MergeRules, mode: Merge, merged: Callable[[Bench], object], sign_off: bool
) -> None:
    made = bench(rules, mode, pull_request=PullRequestPolicy(commit=CommitPolicy(sign_off=sign_off)))
    merged(made)
    assert made.file("dev") == values("1.1.0")
    assert ("Signed-off-by: Tagboat" in made.forge.message(REPOSITORY, head(made))) is sign_off


class TestByTheHost:
    RULES = MergeRules(platform=True, method=MergeMethod.SQUASH)

    def test_the_state_follows_what_the_host_merges_later(self) -> None:
        made = bench(self.RULES)
        assert made.status("dev").reason == "pull request 1 waits: the host merges it once its rules allow"
        commit = made.forge.merge_by_host(REPOSITORY, 1)
        made.look()
        assert made.status("dev").state is State.LIVE
        assert f"dev: 1.1.0 merged as {commit[:12]}" in [each.text for each in made.told()]

    def test_it_is_asked_once(self) -> None:
        made = bench(self.RULES)
        asked: list[int] = []
        made.forge.arm = lambda *_, **__: asked.append(1)  # type: ignore[method-assign]
        made.clock.pass_by(MINUTE)
        made.settle()
        assert asked == []

    def test_a_humans_no_is_not_asked_again_before_the_next_release(self) -> None:
        made = bench(self.RULES)
        made.forge.refuse_by_host(REPOSITORY, 1, "auto-merge was turned off by ada")
        made.look()
        assert made.status("dev").state is State.BLOCKED
        assert "turned off by ada" in made.status("dev").reason
        made.registry.push(WEB, "1.2.0")
        made.look()
        assert made.forge.arming(REPOSITORY, 1).is_armed

    def test_another_release_is_armed_at_its_own_commit(self) -> None:
        made = bench(self.RULES)
        made.registry.push(WEB, "1.2.0")
        made.look()
        assert made.forge.arming(REPOSITORY, 1).is_armed
        made.forge.merge_by_host(REPOSITORY, 1)
        assert made.file("dev") == values("1.2.0")

    @pytest.mark.parametrize("mode", [Merge.MANUAL, Merge.AUTO])
    def test_what_a_human_asked_of_the_host_is_not_for_a_later_release(self, mode: Merge) -> None:
        approved = MergeRules(approvals=1)
        made = bench(approved if mode is Merge.AUTO else _NO_RULES, mode)
        pull = made.forge.pull_request(REPOSITORY, 1)
        made.forge.arm(REPOSITORY, 1, MergeOptions(expected_head=pull.head, message="By ada"))
        made.look()
        assert made.forge.pull_request(REPOSITORY, 1).is_armed
        disarmed: list[str] = []
        disarm = made.forge.disarm

        def watched(repository: str, number: int) -> None:
            disarmed.append(head(made, BRANCH))
            disarm(repository, number)

        made.forge.disarm = watched  # type: ignore[method-assign]
        made.registry.push(WEB, "1.2.0")
        made.look()
        assert disarmed == [pull.head]
        assert not made.forge.pull_request(REPOSITORY, 1).is_armed

    def test_a_window_that_closes_stops_the_host(self) -> None:
        night = Window(WindowKind.DENY, "0 10 * * *", timedelta(hours=2))
        made = bench(self.RULES, windows=(night,))
        assert made.forge.arming(REPOSITORY, 1).is_armed
        made.clock.pass_by(timedelta(hours=1))
        made.settle()
        assert not made.forge.arming(REPOSITORY, 1).is_armed
        made.clock.pass_by(timedelta(hours=2))
        made.settle()
        assert made.forge.arming(REPOSITORY, 1).is_armed


class _Overtaken(MemoryForge):
    """Somebody else is faster, as often as said."""

    times = 1

    def commit(self, repository: str, proposal: Proposal, *, branch: str, expected: str) -> str:
        if self.times:
            self.times -= 1
            self.commit_by_human(repository, branch, {"README": File(b"%d" % self.times)})
        return super().commit(repository, proposal, branch=branch, expected=expected)


class TestDirect:
    def test_it_is_committed_and_told_so_without_a_pull_request(self) -> None:
        made = bench(mode=Merge.DIRECT)
        assert made.file("dev") == values("1.1.0")
        assert made.forge.pull_requests(REPOSITORY, BRANCH) == ()
        assert made.status("dev").state is State.LIVE
        assert f"dev: 1.1.0 committed as {head(made)[:12]}" in [each.text for each in made.told()]

    def test_who_was_faster_is_built_upon(self) -> None:
        made = Bench((environment("dev", merge=Merge.DIRECT),))
        forge = _Overtaken(ledger=made.ledger, clock=made.clock)
        forge.create(REPOSITORY, {"envs/dev/values.yaml": values("1.0.0")})
        made.forge, made.world = forge, replace(made.world, forges={"forge": forge})
        made.settle()
        made.registry.push(WEB, "1.1.0")
        made.look()
        made.clock.pass_by(MINUTE)
        made.settle()
        assert made.file("dev") == values("1.1.0")
        assert forge.files(REPOSITORY, head(made))["README"] == File(b"0")
        assert [each.event for each in made.told() if each.event is Event.BLOCKED] == []

    def test_closed_windows_are_waited_for(self) -> None:
        night = Window(WindowKind.DENY, "0 8 * * *", timedelta(hours=4), reason="night")
        made = bench(mode=Merge.DIRECT, windows=(night,))
        assert made.file("dev") == values("1.0.0")
        assert made.status("dev").state is State.WAITING
        made.clock.pass_by(timedelta(hours=4))
        made.settle()
        assert made.file("dev") == values("1.1.0")

    def test_the_release_goes_on_to_the_next_environment(self) -> None:
        made = Bench(
            (
                environment("dev", merge=Merge.DIRECT),
                environment("prod", after=("dev",), soak=timedelta(hours=1), merge=Merge.DIRECT),
            )
        )
        made.settle()
        made.registry.push(WEB, "1.1.0")
        made.look()
        assert made.file("prod") == values("1.0.0")
        made.clock.pass_by(timedelta(hours=1))
        made.settle()
        assert made.file("prod") == values("1.1.0")

    def test_a_release_that_was_taken_back_by_hand_is_not_committed_again(self) -> None:
        made = bench(mode=Merge.DIRECT)
        made.forge.commit_by_human(REPOSITORY, "main", {"envs/dev/values.yaml": File(values("1.0.0"))})
        made.look()
        assert made.file("dev") == values("1.0.0")
        assert made.status("dev").state is State.DECLINED

    def test_an_open_pull_request_of_before_is_closed(self) -> None:
        made = bench(mode=Merge.MANUAL)
        direct = replace(made.pipeline, environments=(environment("dev", merge=Merge.DIRECT),))
        made.world = replace(made.world, pipelines={"shop": direct})
        made.look()
        assert made.file("dev") == values("1.1.0")
        assert made.forge.pull_request(REPOSITORY, 1).state is not PullRequestState.OPEN

    def test_a_branch_that_is_protected_is_one_sentence_to_a_human(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def protected(*_: object, **__: object) -> str:
            raise Refused("branch main takes no commit without a pull request", fix="use merge: auto")

        monkeypatch.setattr(MemoryForge, "commit", protected)
        made = bench(mode=Merge.DIRECT)
        assert made.status("dev").state is State.BLOCKED
        assert made.status("dev").reason == (
            "branch main takes no commit without a pull request (use merge: auto)"
        )

    @pytest.mark.parametrize("mode", [Merge.AUTO, Merge.MANUAL])
    def test_no_other_mode_writes_the_base_branch(self, mode: Merge) -> None:
        made = Bench((environment("dev", merge=mode),))
        made.settle()
        before = head(made)
        proposal = Proposal(BRANCH, (("envs/dev/values.yaml", b"x"),), "m", "t", "b")
        action = CommitDirectly("dev", proposal, Release.of({"web": ImageRef(WEB, "1.1.0", None)}))
        acted = act(made.world, made.pipeline, base=before, branch="main", actions=[action])
        assert isinstance(acted.errors["dev"], Refused)
        assert head(made) == before


@pytest.mark.parametrize(
    "squash",
    [
        pytest.param(lambda pull: f"{pull.title} (#{pull.number})", id="by its title"),
        pytest.param(lambda pull: f"Squashed commit\n\ncommit {pull.head}", id="by its commit"),
        pytest.param(lambda pull: f"Merge {pull.branch}", id="by its branch"),
    ],
)
def test_a_humans_squash_is_a_merge_of_the_pull_request(squash: Callable[..., str]) -> None:
    made = bench(mode=Merge.MANUAL)
    pull = made.forge.pull_request(REPOSITORY, 1)
    file = {"envs/dev/values.yaml": File(values("1.1.0"))}
    commit = made.forge.commit_by_human(REPOSITORY, "main", file, message=squash(pull))
    made.forge.commit_by_human(REPOSITORY, "main", {"README": File(b"later")})
    made.look()
    merged = made.forge.pull_request(REPOSITORY, 1)
    assert (merged.state, merged.merge_commit) == (PullRequestState.MERGED, commit)
    assert f"dev: 1.1.0 merged as {commit[:12]}" in [each.text for each in made.told()]


def test_the_same_value_committed_by_hand_is_no_merge() -> None:
    made = bench(mode=Merge.MANUAL)
    file = {"envs/dev/values.yaml": File(values("1.1.0"))}
    made.forge.commit_by_human(REPOSITORY, "main", file, message="Bring 1.1.0 to dev myself")
    made.look()
    assert made.forge.pull_request(REPOSITORY, 1).state is PullRequestState.CLOSED
    assert any("was committed by hand" in each.text for each in made.told())
