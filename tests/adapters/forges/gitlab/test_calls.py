"""What the GitLab forge asks, and how seldom."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.errors import NotFound
from bot.domain.pull_request.proposal import Metadata
from tests.adapters.forges.gitlab.gitlab_world import REPOSITORY, GitLabWorld
from tests.adapters.forges.host_world import BRANCH, DEV, PROPOSAL
from tests.fakes.gitlab_description import FILE, departures
from tests.fakes.http_host import Answer


class TestCalls:
    def test_opening_takes_five_when_nothing_is_known(self, world: GitLabWorld) -> None:
        base, head = world.look()
        assert head is None
        world.forge.write(REPOSITORY, PROPOSAL, base=base, expected=head)
        world.forge.open(REPOSITORY, PROPOSAL, base_branch="main")
        assert world.calls() == [
            "GET /merge_requests",
            "GET /repository/branches",
            "GET /repository/files/envs%2Fdev%2Fvalues.yaml",
            "POST /repository/commits",
            "POST /merge_requests",
        ]

    def test_updating_onto_a_moved_base_takes_four_when_nothing_is_known(self, world: GitLabWorld) -> None:
        opened = world.open()
        base = world.hosted.commit("main", {"other": b"1"})
        newer = replace(PROPOSAL, files=((DEV, b"tag: 3.0.0\n"),))
        world.again()
        world.gitlab.forget_requests()
        world.forge.write(REPOSITORY, newer, base=base, expected=opened.head)
        world.forge.revise(REPOSITORY, opened.number, title="Newer", body=newer.body)
        assert world.calls() == [
            "GET /repository/files/envs%2Fdev%2Fvalues.yaml",
            "GET /repository/branches/tagboat%2Fhomepage%2Fdev",
            "POST /repository/commits",
            "PUT /merge_requests/1",
        ]

    def test_updating_onto_the_same_base_takes_two_after_a_look(self, world: GitLabWorld) -> None:
        opened = world.open()
        base, head = world.look()
        world.forge.read(REPOSITORY, opened.head, DEV)
        world.gitlab.forget_requests()
        newer = replace(PROPOSAL, files=((DEV, b"tag: 3.0.0\n"),))
        world.forge.write(REPOSITORY, newer, base=base, expected=head)
        assert world.calls() == [
            "GET /repository/branches/tagboat%2Fhomepage%2Fdev",
            "POST /repository/commits",
        ]

    def test_a_look_asks_nothing_about_what_was_just_written(self, world: GitLabWorld) -> None:
        written = world.open().head
        world.gitlab.forget_requests()
        _, head = world.look()
        assert head == written
        assert world.forge.read(REPOSITORY, written, DEV) == b"tag: 2.0.0\n"
        assert world.forge.foreign_commit(REPOSITORY, branch=BRANCH, base="main") is None
        assert world.calls() == ["GET /merge_requests", "GET /repository/branches"]

    def test_branches_on_the_same_old_base_are_judged_by_one_call_for_all(self, world: GitLabWorld) -> None:
        branches = [f"tagboat/homepage/env-{n}" for n in range(3)]
        for branch in branches:
            world.write(replace(PROPOSAL, branch=branch))
        world.hosted.commit("main", {"other": b"1"})
        for branch in branches:
            world.forge.pull_requests(REPOSITORY, branch)
        world.forge.head(REPOSITORY, "main")
        world.gitlab.forget_requests()
        for branch in branches * 2:
            world.forge.head(REPOSITORY, branch)
            assert world.forge.foreign_commit(REPOSITORY, branch=branch, base="main") is None
        assert world.calls().count("GET /repository/compare") == 1

    def test_a_branch_that_was_merged_is_judged_once(self, world: GitLabWorld) -> None:
        world.merge(world.open())
        world.again()
        world.gitlab.forget_requests()
        for _ in range(3):
            world.look()
            assert world.forge.foreign_commit(REPOSITORY, branch=BRANCH, base="main") is None
        assert world.calls().count("GET /repository/compare") == 1

    def test_a_commit_of_somebody_else_is_found_once(self, world: GitLabWorld) -> None:
        world.open()
        theirs = world.hosted.commit(BRANCH, {"note": b"by hand"})
        world.gitlab.forget_requests()
        for _ in range(3):
            world.look()
            assert world.forge.foreign_commit(REPOSITORY, branch=BRANCH, base="main") == theirs
        assert world.calls().count("GET /repository/compare") == 1

    def test_the_heads_of_many_environments_come_by_one_call(self, world: GitLabWorld) -> None:
        branches = [f"tagboat/homepage/env-{n}" for n in range(5)]
        made = {branch: world.hosted.commit(branch, {"a": branch.encode()}) for branch in branches[:3]}
        for branch in branches:
            world.forge.pull_requests(REPOSITORY, branch)
        world.gitlab.forget_requests()
        world.forge.default_branch(REPOSITORY)
        assert [world.forge.head(REPOSITORY, branch) for branch in branches] == [
            made.get(branch) for branch in branches
        ]
        assert world.calls() == ["GET /repository/branches"]

    def test_what_was_told_along_is_believed_once(self, world: GitLabWorld) -> None:
        world.forge.default_branch(REPOSITORY)
        before = world.forge.head(REPOSITORY, "main")
        after = world.hosted.commit("main", {"other": b"1"})
        assert world.forge.head(REPOSITORY, "main") == after != before

    def test_what_was_told_along_is_not_believed_later(
        self, world: GitLabWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = 1000.0
        monkeypatch.setattr("bot.adapters.forges.told.time.monotonic", lambda: now)
        world.forge.default_branch(REPOSITORY)
        after = world.hosted.commit("main", {"other": b"1"})
        now += 2.0
        assert world.forge.head(REPOSITORY, "main") == after

    def test_another_default_branch_is_found_and_then_known(self, world: GitLabWorld) -> None:
        world.hosted.commit("trunk", {"a": b"1"})
        world.hosted.default_branch = "trunk"
        assert world.forge.default_branch(REPOSITORY) == "trunk"
        world.gitlab.forget_requests()
        assert world.forge.default_branch(REPOSITORY) == "trunk"
        assert world.calls() == ["GET /repository/branches"]
        world.hosted.default_branch = "main"
        assert world.forge.default_branch(REPOSITORY) == "main"

    def test_a_project_without_a_commit_says_so(self, world: GitLabWorld) -> None:
        empty = {"default_branch": None, "path_with_namespace": REPOSITORY}
        world.gitlab.faults.add("GET", "/branches$", Answer(200, []))
        world.gitlab.faults.add("GET", "infra$", Answer(200, empty))
        with pytest.raises(NotFound, match="has no branch yet"):
            world.forge.default_branch(REPOSITORY)

    @pytest.mark.skipif(not FILE.is_file(), reason=f"GitLab's description is not at {FILE}")
    def test_every_request_and_answer_holds_against_gitlabs_description(self, world: GitLabWorld) -> None:
        world.look()
        first = world.open()
        said = Metadata(labels=("prod",), reviewers=("ada",), assignees=("grace",))
        world.forge.describe(REPOSITORY, first.number, said)
        world.forge.revise(REPOSITORY, first.number, title="Other", body="Other")
        world.forge.foreign_commit(REPOSITORY, branch=BRANCH, base="main")
        world.forge.close(REPOSITORY, first.number, comment="superseded")
        files = ((DEV, b"tag: 3\n"), ("new/binary", b"\xff\0"))
        second = world.open(replace(PROPOSAL, files=files))
        world.write(replace(PROPOSAL, files=((DEV, b"tag: 4\n"),)))
        world.hosted.commit("main", {"other": b"1"})
        moved = world.write(replace(PROPOSAL, files=((DEV, b"tag: 5\n"),)))
        world.merge(replace(second, head=moved))
        world.forge.read(REPOSITORY, moved, "envs/dev/none.yaml")
        assert len(world.gitlab.exchanges) > 25
        assert [text for exchange in world.gitlab.exchanges for text in departures(exchange)] == []
