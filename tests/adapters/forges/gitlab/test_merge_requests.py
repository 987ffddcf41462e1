"""Merge requests at GitLab: how they are found, shown and merged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.adapters.forges.rules import comment_mark
from bot.domain.errors import Conflict, Denied, Malformed, NotFound, Refused, Transient
from bot.domain.pull_request.proposal import Metadata, PullRequestState
from tests.adapters.forges.gitlab.gitlab_world import REPOSITORY, GitLabWorld, gitlab_world
from tests.adapters.forges.host_world import BRANCH, PROPOSAL
from tests.fakes.git_host_model import Protection
from tests.fakes.http_host import Answer


class TestMergeRequests:
    def test_long_texts_are_cut_where_gitlab_would_refuse_them(self, world: GitLabWorld) -> None:
        body = f"begin {'x' * 1_100_000}\n{PROPOSAL.body}"
        pull = world.open(replace(PROPOSAL, title="t" * 300, body=body))
        assert (len(pull.title), len(pull.body)) == (255, 1_000_000)
        assert pull.body.startswith("begin ")
        assert pull.release_key == "0123456789ab"

    def test_a_short_page_is_not_taken_for_the_last(self, world: GitLabWorld) -> None:
        """GitLab leaves out of a page what the login may not see."""
        pull = world.open()
        note = {"body": comment_mark("a")}
        world.gitlab.faults.add("GET", "/notes$", Answer(200, [], {"X-Next-Page": "2"}))
        world.gitlab.faults.add("GET", "/notes$", Answer(200, [note], {"X-Next-Page": ""}))
        world.forge.comment(REPOSITORY, pull.number, "Once", key="a")
        assert world.hosted.pull(pull.number).comments == []

    def test_no_line_is_a_command_to_gitlab(self, world: GitLabWorld) -> None:
        body = "/merge\nsee a/b\n  /assign me\n/ no\n"
        pull = world.open(replace(PROPOSAL, body=body))
        assert pull.body == "\\/merge\nsee a/b\n  \\/assign me\n/ no\n"
        world.forge.comment(REPOSITORY, pull.number, "/close", key="a")
        assert world.hosted.pull(pull.number).comments[0].body.startswith("\\/close")

    def test_a_draft_stays_one_when_it_is_revised_until_somebody_marks_it_ready(
        self, world: GitLabWorld
    ) -> None:
        pull = world.open(replace(PROPOSAL, metadata=Metadata(draft=True)))
        assert (pull.title, pull.is_draft) == (PROPOSAL.title, True)
        world.forge.revise(REPOSITORY, pull.number, title="Newer", body="")
        assert world.hosted.pull(pull.number).title == "Draft: Newer"
        world.hosted.edit_pull(pull.number, title="Newer")
        (seen,) = world.forge.pull_requests(REPOSITORY, BRANCH)
        assert not seen.is_draft
        world.forge.revise(REPOSITORY, pull.number, title="Newest", body="")
        assert world.hosted.pull(pull.number).title == "Newest"

    def test_what_gitlab_does_not_take_is_said(self, world: GitLabWorld) -> None:
        pull = world.open()
        world.hosted.milestones.append("October")
        said = Metadata(
            labels=("one",),
            reviewers=("ada", "nobody", "mallory"),
            team_reviewers=("platform",),
            milestone="November",
        )
        assert [each.partition(":")[0] for each in world.forge.describe(REPOSITORY, pull.number, said)] == [
            "the milestone",
            "the team reviewers",
            "the reviewers",
            "the reviewers",
        ]
        assert world.hosted.pull(pull.number).reviewers == {"ada"}
        assert world.hosted.pull(pull.number).labels == ["one"]

    @pytest.mark.parametrize("milestone", ["October", "1"])
    def test_a_milestone_is_named_by_title_or_number(self, world: GitLabWorld, milestone: str) -> None:
        pull = world.open()
        world.hosted.milestones.append("October")
        assert list(world.forge.describe(REPOSITORY, pull.number, Metadata(milestone=milestone))) == []
        assert world.hosted.pull(pull.number).milestone == "October"

    def test_a_missing_base_is_named(self, world: GitLabWorld) -> None:
        world.write()
        with pytest.raises(NotFound, match="'nowhere'"):
            world.forge.open(REPOSITORY, PROPOSAL, base_branch="nowhere")

    @pytest.mark.parametrize(
        ("status", "mergeable", "reason"),
        [
            *((each, None, "") for each in ("checking", "unchecked", "preparing", "approvals_syncing")),
            *((each, False, "") for each in ("conflict", "need_rebase")),
            ("mergeable", True, ""),
            ("ci_must_pass", True, "a pipeline must succeed first"),
            ("not_approved", True, "an approval is missing"),
            ("draft_status", True, "it is a draft"),
            ("tomorrows_word", True, "GitLab says 'tomorrows_word'"),
        ],
    )
    def test_each_status_has_its_meaning(
        self, world: GitLabWorld, status: str, mergeable: bool | None, reason: str
    ) -> None:
        number = world.open().number
        shown = dict(world.gitlab.exchanges[-1].response.data)
        world.gitlab.faults.add(
            "GET", "/merge_requests", Answer(200, [{**shown, "detailed_merge_status": status}])
        )
        (seen,) = world.forge.pull_requests(REPOSITORY, BRANCH)
        assert (seen.number, seen.mergeable, seen.blocked_reason) == (number, mergeable, reason)


class TestMerge:
    @pytest.mark.parametrize("status", ["checking", "unchecked", "preparing", "approvals_syncing"])
    def test_gitlab_is_not_asked_before_it_has_made_up_its_mind(
        self, world: GitLabWorld, status: str
    ) -> None:
        pull = world.open()
        shown = dict(world.gitlab.exchanges[-1].response.data)
        world.gitlab.faults.add(
            "GET", "/merge_requests/1$", Answer(200, {**shown, "detailed_merge_status": status})
        )
        with pytest.raises(Transient, match="does not know yet") as caught:
            world.merge(pull)
        assert caught.value.retry_after is not None
        assert world.gitlab.asked("PUT", "/merge$") == []
        assert world.merge(pull) == world.hosted.git.branch("main")

    def test_what_blocks_it_is_said(self, world: GitLabWorld) -> None:
        pull = world.open()
        world.hosted.protection = Protection(required_checks=frozenset({"ci"}))
        with pytest.raises(Refused, match="a pipeline must succeed first"):
            world.merge(pull)
        world.hosted.set_status(pull.head, "ci", "success")
        assert world.merge(pull) == world.hosted.git.branch("main")

    @pytest.mark.parametrize(
        ("answer", "error", "words"),
        [
            (Answer(401, {"message": "401 Unauthorized"}), Denied, "may not merge"),
            (Answer(405, {"message": "405 Method Not Allowed"}), Refused, "405 Method Not Allowed"),
            (Answer(406, {"message": "Branch cannot be merged"}), Refused, "Branch cannot be merged"),
            (Answer(409, {"message": "SHA does not match"}), Conflict, "SHA does not match"),
            (Answer(422, {"message": "Branch cannot be merged"}), Refused, "Branch cannot be merged"),
            (Answer(200, None), Malformed, "cannot be understood"),
        ],
        ids=lambda each: str(each.status) if isinstance(each, Answer) else "",
    )
    def test_each_refusal_has_its_meaning(
        self, world: GitLabWorld, answer: Answer, error: type[Exception], words: str
    ) -> None:
        pull = world.open()
        world.gitlab.faults.add("PUT", "/merge$", answer)
        with pytest.raises(error, match=words):
            world.merge(pull)

    def test_one_that_gitlab_takes_for_later_is_waited_for(self, world: GitLabWorld) -> None:
        pull = world.open()
        shown = dict(world.gitlab.exchanges[-1].response.data)
        world.gitlab.faults.add("PUT", "/merge$", Answer(200, shown))
        with pytest.raises(Transient, match="not merged yet"):
            world.merge(pull)

    @pytest.mark.parametrize("is_moved", [False, True], ids=["as it was merged", "moved since"])
    def test_the_branch_goes_when_it_is_as_it_was_merged(self, world: GitLabWorld, is_moved: bool) -> None:
        pull = world.open()
        world.forge.delete_branch(REPOSITORY, pull.number)
        assert world.hosted.git.branch(BRANCH) == pull.head
        world.merge(pull)
        moved = world.hosted.commit(BRANCH, {"a": b"1"}) if is_moved else None
        for _ in range(2):
            world.forge.delete_branch(REPOSITORY, pull.number)
        assert world.hosted.git.branch(BRANCH) == moved
        assert world.forge.pull_request(REPOSITORY, pull.number).state is PullRequestState.MERGED

    def test_a_squash_is_one_commit(self, tmp_path: Path) -> None:
        with gitlab_world(tmp_path, squash=True) as world:
            commit = world.merge(world.open())
            assert world.hosted.git.commit(commit).parents != ()
            assert len(world.hosted.git.log("main")) == 2
            assert world.forge.pull_request(REPOSITORY, 1).merge_commit == commit

    def test_a_fast_forward_is_the_proposals_own_commit(self, world: GitLabWorld) -> None:
        world.gitlab.ways.method = "ff"
        world.hosted.merge_methods.add("ff")
        pull = world.open()
        assert world.merge(pull) == pull.head == world.hosted.git.branch("main")
        assert world.forge.pull_request(REPOSITORY, 1).merge_commit == pull.head

    def test_a_fast_forward_that_needs_a_rebase_gets_it_from_the_next_write(self, world: GitLabWorld) -> None:
        world.gitlab.ways.method = "ff"
        world.hosted.merge_methods.add("ff")
        pull = world.open()
        world.hosted.commit("main", {"other": b"1"})
        assert world.forge.pull_request(REPOSITORY, pull.number).mergeable is False
        with pytest.raises(Refused, match="need_rebase"):
            world.merge(pull)
        head = world.write()
        assert world.merge(replace(pull, head=head)) == head
