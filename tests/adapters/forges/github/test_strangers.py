"""What others did in the repository is never taken for Tagboat's: forks, and commits on its branch."""

from __future__ import annotations

import pytest

from bot.adapters.forges.identity import Identity, signed
from bot.domain.errors import Refused
from tests.adapters.forges.github.github_world import REPOSITORY, GitHubWorld
from tests.adapters.forges.host_world import BRANCH, DEV, PROPOSAL
from tests.fakes.git_repository import Person
from tests.fakes.http_host import Answer

OURS = Person(Identity().name, Identity().email)


class TestForks:
    @pytest.mark.parametrize("owner", ["stranger", "acme"], ids=["another owner", "the same owner"])
    def test_a_forks_branch_of_the_same_name_is_not_ours(self, world: GitHubWorld, owner: str) -> None:
        fork = world.github.host.fork(world.hosted, f"{owner}/infra-fork")
        fork.commit(BRANCH, {DEV: b"tag: evil\n"})
        theirs = world.hosted.open_pull(fork, BRANCH, "main", title="Trust me", body=PROPOSAL.body)
        assert world.forge.pull_requests(REPOSITORY, BRANCH) == ()
        ours = world.open()
        assert ours.number != theirs.number
        assert [pull.number for pull in world.forge.pull_requests(REPOSITORY, BRANCH)] == [ours.number]
        with pytest.raises(Refused, match="fork"):
            world.forge.close(REPOSITORY, theirs.number, comment="no")

    def test_a_pull_request_of_a_deleted_fork_is_left_out(self, world: GitHubWorld) -> None:
        pull = world.open()
        listed = [exchange for exchange in world.github.exchanges if exchange.request.path.endswith("/pulls")]
        data = dict(listed[-1].response.data)
        data["head"] = {**data["head"], "repo": None}
        world.github.faults.add("GET", "/pulls$", Answer(200, [data]))
        assert pull.number == data["number"]
        assert world.forge.pull_requests(REPOSITORY, BRANCH) == ()

    def test_a_pull_request_from_a_branch_of_somebody_else_is_not_closed(self, world: GitHubWorld) -> None:
        world.hosted.commit("feature", {"a": b"1"})
        number = world.hosted.open_pull(world.hosted, "feature", "main", title="By hand").number
        with pytest.raises(Refused):
            world.forge.close(REPOSITORY, number, comment="no")
        assert world.hosted.git.branch("feature") is not None


class TestForeignCommits:
    def test_one_is_found_on_the_second_page(self, world: GitHubWorld) -> None:
        git = world.hosted.git
        head = foreign = world.hosted.commit(BRANCH, {"a": b"1"})
        for _ in range(100):
            head = git.write_commit(git.tree(head), [head], signed("Ours"), author=OURS)
        world.hosted.move_branch(BRANCH, head)
        assert world.forge.foreign_commit(REPOSITORY, branch=BRANCH, base="main") == foreign
        assert len(world.github.asked("GET", "/compare/")) == 2

    def test_our_commit_amended_by_a_human_is_foreign(self, world: GitHubWorld) -> None:
        git = world.hosted.git
        ours = world.write()
        made = git.commit(ours)
        amended = git.write_commit(
            made.tree, made.parents, made.message, author=made.author, committer=Person()
        )
        world.hosted.move_branch(BRANCH, amended, force=True)
        assert world.forge.foreign_commit(REPOSITORY, branch=BRANCH, base="main") == amended

    def test_a_branch_that_somebody_else_wrote_to_outlives_its_pull_request(self, world: GitHubWorld) -> None:
        pull = world.open()
        theirs = world.hosted.commit(BRANCH, {"a": b"1"})
        world.forge.close(REPOSITORY, pull.number, comment="superseded")
        assert world.hosted.pull(pull.number).state == "closed"
        assert world.hosted.git.branch(BRANCH) == theirs
