"""How pull requests are read: their texts, what holds their merge back, and how each method merges them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.errors import NotFound, Refused
from bot.domain.pull_request.proposal import PullRequestState
from tests.adapters.forges.github.github_world import REPOSITORY, GitHubWorld, github_world
from tests.adapters.forges.host_world import BRANCH, DEV, PROPOSAL
from tests.fakes.git_host_model import Protection, Pull


class TestPullRequests:
    def test_more_than_a_page_is_listed(self, world: GitHubWorld) -> None:
        first = world.open()
        seen = world.hosted.pull(first.number)
        for number in range(first.number + 1, first.number + 120):
            old = Pull(
                number,
                "old",
                "",
                world.hosted,
                BRANCH,
                "main",
                seen.head,
                "x",
                seen.created_at,
                seen.created_at,
            )
            old.state, old.closed_at = "closed", seen.created_at
            world.hosted.pulls[number] = old
        numbers = [pull.number for pull in world.forge.pull_requests(REPOSITORY, BRANCH)]
        assert numbers == list(range(first.number + 119, first.number - 1, -1))

    def test_long_texts_are_cut_where_github_would_refuse_them(self, world: GitHubWorld) -> None:
        body = f"begin {'x' * 70_000}\n{PROPOSAL.body}"
        pull = world.open(replace(PROPOSAL, title="t" * 300, body=body))
        assert (len(pull.title), len(pull.body)) == (256, 65_536)
        assert pull.body.startswith("begin ")
        assert pull.release_key == "0123456789ab"

    def test_texts_are_passed_as_they_are(self, world: GitHubWorld) -> None:
        pull = world.open(replace(PROPOSAL, title="a <b> & `c` ☕", body="1\n\n* @x\r\n"))
        assert (pull.title, pull.body) == ("a <b> & `c` ☕", "1\n\n* @x\r\n")

    def test_whether_it_can_be_merged_is_unknown_while_github_thinks(self, world: GitHubWorld) -> None:
        world.github.late_mergeable = set()
        number = world.open().number
        world.hosted.commit(BRANCH, {"a": b"1"})
        assert world.forge.pull_request(REPOSITORY, number).mergeable is None
        assert world.forge.pull_request(REPOSITORY, number).mergeable is True

    def test_what_blocks_a_merge_is_said(self, world: GitHubWorld) -> None:
        pull = world.open()
        world.hosted.protection = Protection(required_checks=frozenset({"ci"}))
        (blocked,) = world.forge.pull_requests(REPOSITORY, BRANCH)
        assert (blocked.mergeable, blocked.blocked_reason) == (True, "a required check or review is missing")
        with pytest.raises(Refused, match='"ci" is expected'):
            world.merge(pull)
        world.hosted.set_status(pull.head, "ci", "success")
        assert world.forge.pull_request(REPOSITORY, pull.number).blocked_reason == ""
        assert world.merge(pull) == world.hosted.git.branch("main")

    def test_an_approval_that_comes_unblocks(self, world: GitHubWorld) -> None:
        number = world.open().number
        world.hosted.protection = Protection(required_approvals=1)
        assert world.forge.pull_request(REPOSITORY, number).blocked_reason != ""
        world.hosted.approve(number)
        assert world.forge.pull_request(REPOSITORY, number).blocked_reason == ""

    def test_a_conflict_is_no_block_and_a_fresh_write_solves_it(self, world: GitHubWorld) -> None:
        pull = world.open()
        world.hosted.commit("main", {DEV: b"tag: 1.5.0\n"})
        conflicting = world.forge.pull_request(REPOSITORY, pull.number)
        assert (conflicting.mergeable, conflicting.blocked_reason) == (False, "")
        world.write()
        assert world.forge.pull_request(REPOSITORY, pull.number).mergeable is True

    def test_one_that_was_reopened_is_open(self, world: GitHubWorld) -> None:
        number = world.open().number
        world.hosted.close_pull(number)
        assert world.forge.pull_request(REPOSITORY, number).state is PullRequestState.CLOSED
        world.hosted.reopen_pull(number)
        assert world.open().number == number

    @pytest.mark.parametrize(
        ("protection", "status", "reason"),
        [
            pytest.param(Protection(required_approvals=1), None, "review", id="approval"),
            pytest.param(Protection(up_to_date=True), None, "up to date", id="behind"),
            pytest.param(Protection(), "failure", "a check failed", id="failed check"),
            pytest.param(Protection(), "pending", "still runs", id="running check"),
            pytest.param(Protection(), "success", "", id="nothing"),
        ],
    )
    def test_each_reason_has_its_words(
        self, world: GitHubWorld, protection: Protection, status: str | None, reason: str
    ) -> None:
        pull = world.open()
        world.hosted.commit("main", {"a": b"1"})
        world.hosted.protection = protection
        if status:
            world.hosted.set_status(pull.head, "ci", status)
        seen = world.forge.pull_request(REPOSITORY, pull.number)
        found = seen.blocked_reason or seen.doubt
        assert (bool(seen.doubt), seen.is_behind) == (status in {"failure", "pending"}, protection.up_to_date)
        assert (reason in found) is True
        assert bool(found) is bool(reason)

    def test_a_missing_base_is_named(self, world: GitHubWorld) -> None:
        world.write()
        with pytest.raises(NotFound, match="'nowhere'"):
            world.forge.open(REPOSITORY, PROPOSAL, base_branch="nowhere")


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
class TestMergeMethods:
    def test_the_commit_is_the_one_on_the_base(self, tmp_path: Path, method: str) -> None:
        with github_world(tmp_path, merge_method=method) as world:
            pull = world.open()
            world.hosted.commit("main", {"other": b"1"})
            commit = world.merge(pull)
            assert commit == world.hosted.git.branch("main")
            merged = world.forge.pull_request(REPOSITORY, pull.number)
            assert (merged.state, merged.merge_commit) == (PullRequestState.MERGED, commit)

    def test_one_that_the_repository_forbids_is_refused_in_githubs_words(
        self, tmp_path: Path, method: str
    ) -> None:
        with github_world(tmp_path, merge_method=method) as world:
            pull = world.open()
            world.hosted.merge_methods.discard(method)
            with pytest.raises(Refused, match="are not allowed on this repository"):
                world.merge(pull)
