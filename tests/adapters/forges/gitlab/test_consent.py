"""What people, pipelines and GitLab itself say of a merge request, and merging by GitLab itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.errors import Conflict, NotFound, Refused, Transient, Unreachable
from bot.domain.people.consent import Arming, Check, CheckState, Opinion, Review
from bot.domain.pipeline import MergeMethod
from bot.domain.pull_request.merge_options import MergeOptions
from bot.domain.pull_request.proposal import PullRequest, PullRequestState
from tests.adapters.forges.gitlab.gitlab_world import REPOSITORY, GitLabWorld, gitlab_world
from tests.adapters.forges.host_world import DEV, PROPOSAL
from tests.fakes.git_host_model import Protection
from tests.fakes.gitlab import BOT
from tests.fakes.gitlab_description import FILE, departures
from tests.fakes.http_host import Answer, Cut

CI = Protection(required_checks=frozenset({"ci"}))


def _arm(world: GitLabWorld, pull: PullRequest, method: MergeMethod | None = None) -> None:
    world.forge.arm(
        REPOSITORY, pull.number, MergeOptions(expected_head=pull.head, message="Merge it", method=method)
    )


class TestReviews:
    def test_each_reviewer_has_one_opinion(self, world: GitLabWorld) -> None:
        pull = world.open()
        assert world.forge.reviews(REPOSITORY, pull.number) == ()
        for name in ("ada", "grace", "project_7_bot_0a1b", BOT):
            world.hosted.approve(pull.number, by=name)
        world.gitlab.consent.asks_for_changes[(REPOSITORY, pull.number)] = {"grace", "linus"}
        assert set(world.forge.reviews(REPOSITORY, pull.number)) == {
            Review("ada", Opinion.APPROVED),
            Review("grace", Opinion.CHANGES_REQUESTED),
            Review("linus", Opinion.CHANGES_REQUESTED),
            Review("project_7_bot_0a1b", Opinion.APPROVED, is_human=False),
            Review(BOT, Opinion.APPROVED, is_author=True),
        }

    def test_of_what_is_not_there_there_are_none(self, world: GitLabWorld) -> None:
        with pytest.raises(NotFound):
            world.forge.reviews(REPOSITORY, 4711)


class TestChecks:
    @pytest.mark.parametrize(
        ("status", "is_optional", "state"),
        [
            ("success", False, CheckState.SUCCEEDED),
            ("skipped", False, CheckState.SUCCEEDED),
            ("failed", False, CheckState.FAILED),
            ("canceled", False, CheckState.FAILED),
            ("failed", True, CheckState.SUCCEEDED),
            ("manual", True, CheckState.SUCCEEDED),
            ("manual", False, CheckState.RUNNING),
            ("running", True, CheckState.RUNNING),
            ("pending", False, CheckState.RUNNING),
            ("tomorrows_word", False, CheckState.RUNNING),
        ],
    )
    def test_each_status_has_its_meaning(
        self, world: GitLabWorld, status: str, is_optional: bool, state: CheckState
    ) -> None:
        head = world.write()
        world.gitlab.consent.optional = {"ci"} if is_optional else set()
        world.hosted.set_status(head, "ci", status)
        assert world.forge.checks(REPOSITORY, head) == (Check("ci", state),)

    def test_those_of_another_commit_do_not_count(self, world: GitLabWorld) -> None:
        head = world.write()
        world.hosted.set_status(world.hosted.git.branch("main") or "", "ci", "success")
        assert world.forge.checks(REPOSITORY, head) == ()

    def test_all_pages_are_read(self, world: GitLabWorld) -> None:
        head = world.write()
        for number in range(130):
            world.hosted.set_status(head, f"job {number}", "success")
        assert len(world.forge.checks(REPOSITORY, head)) == 130

    def test_a_part_never_passes_for_all(self, world: GitLabWorld, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("bot.adapters.forges.gitlab.consent._MOST_PAGES", 1)
        head = world.write()
        for number in range(101):
            world.hosted.set_status(head, f"job {number}", "success")
        with pytest.raises(Refused, match="a part of them would look like all"):
            world.forge.checks(REPOSITORY, head)


class TestArming:
    def test_gitlab_merges_once_its_rules_allow(self, world: GitLabWorld) -> None:
        pull = world.open()
        world.hosted.protection = CI
        assert world.forge.arming(REPOSITORY, pull.number) == Arming()
        for _ in range(2):
            _arm(world, pull)
        assert world.forge.arming(REPOSITORY, pull.number).waits == "a pipeline must succeed first"
        assert [each.is_armed for each in world.forge.pull_requests(REPOSITORY, pull.branch)] == [True]
        assert len(world.gitlab.asked("PUT", "/merge$")) == 1
        world.hosted.set_status(pull.head, "ci", "success")
        merged = world.forge.pull_request(REPOSITORY, pull.number)
        assert (merged.state, merged.merge_commit) == (
            PullRequestState.MERGED,
            world.hosted.git.branch("main"),
        )
        _arm(world, pull)
        assert world.forge.arming(REPOSITORY, pull.number) == Arming()

    @pytest.mark.parametrize("method", [None, *MergeMethod])
    def test_what_may_be_merged_at_once_is_merged(
        self, world: GitLabWorld, method: MergeMethod | None
    ) -> None:
        pull = world.open()
        _arm(world, pull, method)
        assert world.forge.pull_request(REPOSITORY, pull.number).state is PullRequestState.MERGED
        assert len(world.hosted.git.log("main")) == (2 if method is MergeMethod.SQUASH else 3)

    def test_a_head_that_moved_is_not_merged(self, world: GitLabWorld) -> None:
        pull = world.open()
        world.hosted.commit(pull.branch, {"late": b"1"})
        with pytest.raises(Conflict):
            _arm(world, pull)
        assert world.gitlab.asked("PUT", "/merge$") == []

    def test_gitlab_that_has_not_made_up_its_mind_is_asked_later(self, world: GitLabWorld) -> None:
        pull = world.open()
        world.gitlab.ways.late = set()
        with pytest.raises(Transient, match="does not know yet"):
            _arm(world, pull)
        _arm(world, pull)

    @pytest.mark.parametrize("is_done", [True, False])
    def test_an_answer_that_is_lost_is_looked_for(self, world: GitLabWorld, is_done: bool) -> None:
        pull = world.open()
        world.hosted.protection = CI
        world.gitlab.faults.add("PUT", "/merge$", Cut(after=is_done))
        if is_done:
            _arm(world, pull)
        else:
            with pytest.raises(Unreachable):
                _arm(world, pull)
        assert world.forge.arming(REPOSITORY, pull.number).is_armed is is_done

    def test_a_gitlab_that_does_not_do_so_says_why(self, world: GitLabWorld) -> None:
        pull = world.open()
        world.hosted.protection = CI
        world.gitlab.faults.add("PUT", "/merge$", Answer(405, {"message": "405 Method Not Allowed"}))
        with pytest.raises(Refused, match="a pipeline must succeed first"):
            _arm(world, pull)

    def test_what_tagboat_takes_back_was_never_asked(self, world: GitLabWorld) -> None:
        pull = world.open()
        world.hosted.protection = CI
        _arm(world, pull)
        for _ in range(2):
            world.forge.disarm(REPOSITORY, pull.number)
        assert world.forge.arming(REPOSITORY, pull.number) == Arming()

    def test_what_a_human_takes_back_is_a_no_for_this_head(self, world: GitLabWorld) -> None:
        pull = world.open()
        world.hosted.protection = CI
        _arm(world, pull)
        world.gitlab.consent.disarm(world.hosted, world.hosted.pull(pull.number), by="ada")
        refusal = world.forge.arming(REPOSITORY, pull.number).refusal
        assert refusal == "canceled the automatic merge"
        world.write(replace(PROPOSAL, files=((DEV, b"tag: 3\n"),)))
        assert world.forge.arming(REPOSITORY, pull.number) == Arming()

    def test_what_gitlab_gives_up_is_told_with_its_reason(self, world: GitLabWorld) -> None:
        pull = world.open()
        world.hosted.protection = CI
        _arm(world, pull)
        shown = world.hosted.pull(pull.number)
        world.gitlab.consent.disarm(world.hosted, shown, by="ada", why="the target branch was changed")
        refusal = world.forge.arming(REPOSITORY, pull.number).refusal
        assert refusal == "aborted the automatic merge because the target branch was changed"

    def test_taking_back_what_is_merged_is_harmless(self, world: GitLabWorld) -> None:
        pull = world.open()
        world.merge(pull)
        world.forge.disarm(REPOSITORY, pull.number)


class TestMethods:
    @pytest.mark.parametrize(("method", "commits"), [(MergeMethod.SQUASH, 2), (MergeMethod.MERGE, 3)])
    def test_a_method_that_is_named_counts_before_the_forges_own(
        self, tmp_path: Path, method: MergeMethod, commits: int
    ) -> None:
        with gitlab_world(tmp_path, squash=method is MergeMethod.MERGE) as world:
            pull = world.open()
            world.merge(pull, method)
            assert len(world.hosted.git.log("main")) == commits

    def test_a_project_that_squashes_in_any_case_has_the_words_for_it(self, world: GitLabWorld) -> None:
        pull = world.open()
        world.hosted.protection = CI
        options = MergeOptions(expected_head=pull.head, message="Merge it", sign_off=True)
        world.forge.arm(REPOSITORY, pull.number, options)
        (asked,) = world.gitlab.asked("PUT", "/merge$")
        signed = "Merge it\n\nSigned-off-by: Tagboat <tagboat@localhost>\nTagboat: pull-request\n"
        assert asked.data["squash_commit_message"] == asked.data["merge_commit_message"] == signed
        assert "squash" not in asked.data


class TestWithoutMergeRequests:
    def test_a_commit_goes_onto_the_branch_itself(self, world: GitLabWorld) -> None:
        base = world.hosted.git.branch("main") or ""
        commit = world.forge.commit(REPOSITORY, PROPOSAL, branch="main", expected=base)
        assert world.hosted.git.branch("main") == commit
        assert world.hosted.git.commit(commit).parents == (base,)
        assert world.forge.read(REPOSITORY, commit, DEV) == b"tag: 2.0.0\n"
        assert world.forge.commit(REPOSITORY, PROPOSAL, branch="main", expected=commit) == commit

    @pytest.mark.parametrize("path", ["other", DEV])
    def test_a_branch_that_moved_is_left_alone(self, world: GitLabWorld, path: str) -> None:
        base = world.hosted.git.branch("main") or ""
        moved = world.hosted.commit("main", {path: b"by hand"})
        with pytest.raises(Conflict):
            world.forge.commit(REPOSITORY, PROPOSAL, branch="main", expected=base)
        assert world.hosted.git.branch("main") == moved

    def test_a_branch_that_is_gone_is_a_conflict(self, world: GitLabWorld) -> None:
        base = world.hosted.git.branch("main") or ""
        with pytest.raises(Conflict):
            world.forge.commit(REPOSITORY, PROPOSAL, branch="production", expected=base)

    def test_a_protected_branch_refuses_in_gitlabs_words(self, world: GitLabWorld) -> None:
        world.gitlab.ways.protected = {"main"}
        base = world.hosted.git.branch("main") or ""
        with pytest.raises(Refused, match="not allowed to push into this branch"):
            world.forge.commit(REPOSITORY, PROPOSAL, branch="main", expected=base)

    def test_a_lost_answer_is_looked_for(self, world: GitLabWorld) -> None:
        base = world.hosted.git.branch("main") or ""
        world.gitlab.faults.add("POST", "/repository/commits$", Cut(after=True))
        commit = world.forge.commit(REPOSITORY, PROPOSAL, branch="main", expected=base)
        assert world.hosted.git.branch("main") == commit
        assert len(world.hosted.git.log("main")) == 2


@pytest.mark.skipif(not FILE.is_file(), reason=f"GitLab's description is not at {FILE}")
def test_every_request_and_answer_holds_against_gitlabs_description(world: GitLabWorld) -> None:
    pull = world.open()
    world.hosted.protection = CI
    world.hosted.approve(pull.number, by="ada")
    world.hosted.set_status(pull.head, "ci", "pending")
    world.forge.reviews(REPOSITORY, pull.number)
    world.forge.checks(REPOSITORY, pull.head)
    _arm(world, pull)
    world.forge.arming(REPOSITORY, pull.number)
    world.forge.disarm(REPOSITORY, pull.number)
    world.forge.arming(REPOSITORY, pull.number)
    world.hosted.set_status(pull.head, "ci", "success")
    _arm(world, pull)
    world.forge.delete_branch(REPOSITORY, pull.number)
    assert [text for exchange in world.gitlab.exchanges for text in departures(exchange)] == []
