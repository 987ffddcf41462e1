"""A branch of ours on GitHub begins anew on its base by one compare-and-swap; refusals are sentences."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.adapters.forges.github.writing import Writer
from bot.domain.errors import Conflict, Denied, Limited, Refused, Unreachable
from tests.adapters.forges.github.github_world import REPOSITORY, GitHubWorld
from tests.adapters.forges.host_world import BRANCH, DEV, PROPOSAL
from tests.fakes.git_host_model import Protection
from tests.fakes.github import BOT, TOKEN
from tests.fakes.http_host import Answer, Cut, Fault

NEWER = replace(PROPOSAL, files=((DEV, b"tag: 3.0.0\n"),))
WENT_WRONG = Answer(200, {"data": None, "errors": [{"message": "Something went wrong"}]})


@pytest.fixture
def first(world: GitHubWorld) -> str:
    """The branch as it was written first; the base has moved since."""
    commit = world.write()
    world.hosted.commit("main", {"other": b"1"})
    world.github.forget_requests()
    return commit


def test_it_is_compared_and_moved_in_one_request(world: GitHubWorld, first: str) -> None:
    second = world.write(NEWER)
    (asked,) = world.github.asked("POST", "/graphql$")
    (update,) = asked.data["variables"]["input"]["refUpdates"]
    assert update == {
        "name": f"refs/heads/{BRANCH}",
        "beforeOid": first,
        "afterOid": second,
        "force": True,
    }
    assert world.hosted.git.commit(second).parents == (world.hosted.git.branch("main"),)
    assert world.hosted.git.branch(BRANCH) == second


@pytest.mark.parametrize("is_known", [True, False], ids=["the repository is known", "it is not"])
def test_what_it_needs_to_know_it_asks_once(world: GitHubWorld, first: str, *, is_known: bool) -> None:
    if not is_known:
        world.again()
    base = world.hosted.git.branch("main") or ""
    world.forge.head(REPOSITORY, "main")
    world.forge.read(REPOSITORY, base, DEV)
    world.forge.pull_requests(REPOSITORY, BRANCH)
    world.forge.write(REPOSITORY, NEWER, base=base, expected=first)
    learnt = [each.path for each in world.github.asked("GET", f"{REPOSITORY}($|/git/)")]
    commit = [] if is_known else [f"/repos/{REPOSITORY}/git/commits/{first}"]
    assert learnt == [*commit, f"/repos/{REPOSITORY}"]


def test_what_it_wrote_need_not_be_asked_for(world: GitHubWorld, first: str) -> None:
    second = world.write(NEWER)
    for branch, head in (("main", world.hosted.git.branch("main")), (BRANCH, second)):
        assert world.forge.head(REPOSITORY, branch) == head != first
    world.github.forget_requests()
    assert world.forge.read(REPOSITORY, second, DEV) == b"tag: 3.0.0\n"
    assert world.forge.foreign_commit(REPOSITORY, branch=BRANCH, base="main") is None
    assert world.github.asked() == []


def test_a_commit_of_somebody_else_with_the_same_content_stays_theirs(world: GitHubWorld) -> None:
    theirs = world.hosted.commit(BRANCH, dict(PROPOSAL.files))
    assert world.write() == theirs
    assert world.forge.foreign_commit(REPOSITORY, branch=BRANCH, base="main") == theirs


def test_a_branch_that_moved_is_left_alone(world: GitHubWorld, first: str) -> None:
    theirs = world.hosted.commit(BRANCH, {"note": b"by hand"})
    base = world.hosted.git.branch("main") or ""
    with pytest.raises(Conflict, match="was moved by somebody else"):
        world.forge.write(REPOSITORY, NEWER, base=base, expected=first)
    assert world.hosted.git.branch(BRANCH) == theirs


def test_the_same_content_is_no_commit_and_the_branch_is_looked_at(world: GitHubWorld) -> None:
    base = world.hosted.git.branch("main") or ""
    first = world.write()
    assert world.forge.write(REPOSITORY, PROPOSAL, base=base, expected=first) == first
    theirs = world.hosted.commit(BRANCH, {"note": b"by hand"})
    with pytest.raises(Conflict):
        world.forge.write(REPOSITORY, PROPOSAL, base=base, expected=first)
    assert world.hosted.git.branch(BRANCH) == theirs
    assert len(world.github.asked("POST", "/git/commits$")) == 1


def test_a_rule_against_force_pushes_is_named_with_the_fix(world: GitHubWorld, first: str) -> None:
    world.hosted.protection = Protection(forbids_force=True)
    with pytest.raises(Refused) as caught:
        world.write(NEWER)
    assert str(caught.value) == (
        f"branch {BRANCH} of acme/infra may not begin anew on its base: "
        "Repository rule violations found Cannot force-push to this branch "
        "(let Tagboat's login bypass the rules of its branches, or let them allow force pushes)"
    )
    assert world.hosted.git.branch(BRANCH) == first


def test_a_fault_that_names_no_rule_is_tried_again(world: GitHubWorld, first: str) -> None:
    world.github.faults.add("POST", "/graphql mutation", WENT_WRONG)
    with pytest.raises(Unreachable, match="Something went wrong"):
        world.write(NEWER)
    assert world.hosted.git.branch(BRANCH) == first
    assert world.write(NEWER) == world.hosted.git.branch(BRANCH)


@pytest.mark.parametrize("kind", ["RATE_LIMITED", "RATE_LIMIT"])
def test_a_limit_of_graphql_alone_is_waited_out_while_the_rest_api_goes_on(
    world: GitHubWorld, first: str, kind: str
) -> None:
    errors = [{"type": kind, "message": "API rate limit already exceeded for user ID 1"}]
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 600)}
    world.github.faults.add("POST", "/graphql", Answer(200, {"errors": errors}, headers))
    for _ in range(2):
        with pytest.raises(Limited) as caught:
            world.write(NEWER)
        wait = caught.value.retry_after
        assert wait is not None
        assert timedelta(minutes=9) < wait < timedelta(minutes=11)
    assert len(world.github.asked("POST", "/graphql$")) == 1
    assert world.forge.head(REPOSITORY, BRANCH) == first


def test_a_fault_that_is_none_is_seen_by_where_the_branch_stands(world: GitHubWorld, first: str) -> None:
    world.github.faults.add("POST", "/graphql mutation", replace(WENT_WRONG, after=True))
    commit = world.write(NEWER)
    assert commit == world.hosted.git.branch(BRANCH) != first


@pytest.mark.parametrize("code", ["undefinedField", "variableRequiresValidType"])
def test_a_server_that_is_too_old_says_which_it_takes(world: GitHubWorld, first: str, code: str) -> None:
    error = {"message": "Field 'updateRefs' doesn't exist on type 'Mutation'", "extensions": {"code": code}}
    world.github.faults.add("POST", "/graphql mutation", Answer(200, {"errors": [error]}))
    with pytest.raises(Refused, match=r"'updateRefs' doesn't exist .*Enterprise Server 3\.17 and later"):
        world.write(NEWER)
    assert world.hosted.git.branch(BRANCH) == first


def test_a_login_that_may_not_is_denied(world: GitHubWorld, first: str) -> None:
    world.github.faults.add("POST", "/git/", Answer(201, {"sha": first}), times=2)
    world.github.accounts.add_token(TOKEN, BOT, can_write=False)
    with pytest.raises(Denied, match="contents and pull requests"):
        world.write(NEWER)
    assert world.hosted.git.branch(BRANCH) == first


def test_a_repository_that_was_made_anew_by_the_same_name_is_written(world: GitHubWorld, first: str) -> None:
    second = world.write(NEWER)
    assert second != first
    world.github.host.delete(REPOSITORY)
    made = world.github.host.fork(world.hosted, REPOSITORY.upper())
    base = made.git.branch("main") or ""
    commit = world.forge.write(REPOSITORY, PROPOSAL, base=base, expected=second)
    assert made.git.branch(BRANCH) == commit != second


def test_a_branch_of_people_is_never_forced(world: GitHubWorld) -> None:
    base = world.hosted.git.branch("main") or ""
    world.forge.commit(REPOSITORY, PROPOSAL, branch="main", expected=base)
    (moved,) = world.github.asked("PATCH", "/git/refs/heads/main$")
    assert moved.data["force"] is False
    assert world.github.asked("POST", "/graphql$") == []


def test_whether_a_repository_is_public_is_not_mixed_up_with_its_default_branch(world: GitHubWorld) -> None:
    sources = world.forge.sources()
    for _ in range(2):
        assert world.forge.default_branch(REPOSITORY) == "main"
        assert sources.is_public(REPOSITORY) is False
    assert [each.response.status for each in world.github.exchanges] == [200, 200, 304, 304]


class TestDeleting:
    def test_what_somebody_pushes_at_that_moment_is_not_deleted(
        self, world: GitHubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.open()
        theirs: list[str] = []
        delete = Writer.delete

        def late(self: Writer, repository: str, branch: str, *, expected: str) -> None:
            theirs.append(world.hosted.commit(BRANCH, {"note": b"theirs"}))
            delete(self, repository, branch, expected=expected)

        monkeypatch.setattr(Writer, "delete", late)
        world.forge.close(REPOSITORY, 1, comment="Superseded.")
        assert [world.hosted.git.branch(BRANCH)] == theirs
        assert world.hosted.pull(1).state == "closed"

    @pytest.mark.parametrize(
        "answer", [Cut(after=True), replace(WENT_WRONG, after=True)], ids=["cut", "wrong"]
    )
    def test_a_lost_answer_is_made_good_by_a_look(self, world: GitHubWorld, answer: Fault) -> None:
        world.open()
        world.github.faults.add("POST", "/graphql mutation", answer)
        world.forge.close(REPOSITORY, 1, comment="Superseded.")
        assert world.hosted.git.branch(BRANCH) is None

    def test_a_rule_against_it_is_named_with_the_fix(self, world: GitHubWorld) -> None:
        world.open()
        said = [{"type": "UNPROCESSABLE", "message": "Cannot delete this branch"}]
        world.github.faults.add("POST", "/graphql mutation", Answer(200, {"data": None, "errors": said}))
        with pytest.raises(Refused, match=r"may not be deleted: Cannot delete this branch .*allow deletions"):
            world.forge.close(REPOSITORY, 1, comment="Superseded.")
