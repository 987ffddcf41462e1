"""The Bitbucket Cloud forge beyond what every forge promises: merges by push, people, addresses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.errors import Conflict, Denied, Malformed, Refused
from bot.domain.people.consent import Check, CheckState, Opinion, Review
from bot.domain.pipeline import MergeMethod
from bot.domain.pull_request.proposal import Metadata, PullRequestState
from tests.adapters.forges.bitbucket.bitbucket_world import NOW, REPOSITORY, World, bitbucket_world
from tests.adapters.forges.host_world import BRANCH, DEV, PROPOSAL
from tests.fakes.bitbucket_cloud import EMAIL, FakeBitbucketCloud
from tests.fakes.bitbucket_state import BOT, State, uuid_of
from tests.fakes.git_host_model import Protection
from tests.fakes.http_host import Answer

SQUASH = MergeMethod.SQUASH


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with bitbucket_world(tmp_path, FakeBitbucketCloud) as built:
        yield built


@pytest.fixture
def state(world: World) -> State:
    return world.fake.state


class TestMerge:
    @pytest.mark.parametrize("method", [MergeMethod.MERGE, SQUASH])
    def test_a_head_that_moves_in_the_very_moment_is_not_merged(
        self, world: World, method: MergeMethod
    ) -> None:
        pull = world.open()
        before = world.hosted.git.branch("main")
        world.clock.then = lambda: world.hosted.commit(BRANCH, {"evil": b"late"})
        with pytest.raises(Conflict):
            world.merge(pull, method)
        assert world.hosted.git.branch("main") == before
        assert world.hosted.pull(1).state == "open"

    def test_what_came_to_the_base_in_the_very_moment_is_kept(self, world: World) -> None:
        pull = world.open()
        world.clock.then = lambda: world.hosted.commit("main", {"other": b"1"})
        commit = world.merge(pull)
        assert world.hosted.git.branch("main") == commit
        assert world.hosted.git.entry(commit, "other") is not None

    def test_it_is_known_before_the_host_takes_note(self, world: World) -> None:
        pull = world.open()
        commit = world.merge(pull)
        world.hosted.pull(1).state = "open"
        assert world.merge(pull) == commit
        world.forge.delete_branch(REPOSITORY, 1)
        world.hosted.pull(1).state = "open"
        found = world.forge.pull_request(REPOSITORY, 1)
        assert (found.state, found.merge_commit, found.head) == (PullRequestState.MERGED, commit, pull.head)

    def test_a_base_that_only_others_may_write_to_is_told(self, world: World) -> None:
        pull = world.open()
        hook = world.hosted.git.folder / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text('#!/bin/sh\necho "Permission denied to update branch main." >&2\nexit 1\n')
        hook.chmod(0o755)
        with pytest.raises(Denied, match="branch restrictions"):
            world.merge(pull)
        assert len(world.hosted.git.log("main")) == 1

    def test_a_squash_is_declined_with_a_word_and_known_as_the_merge(self, world: World) -> None:
        pull = world.open()
        commit = world.merge(pull, SQUASH)
        assert world.hosted.git.commit(commit).parents == (world.hosted.git.log("main")[0].sha,)
        assert world.hosted.pull(1).state == "closed"
        assert [each.body for each in world.hosted.pull(1).comments] == [f"Merged by squash as {commit}."]
        world.forge.delete_branch(REPOSITORY, 1)
        assert world.hosted.git.branch(BRANCH) is None
        world.again()
        (found,) = world.forge.pull_requests(REPOSITORY, BRANCH)
        assert (found.state, found.merge_commit, found.merged_at) == (PullRequestState.MERGED, commit, NOW)
        assert found.release_key == "0123456789ab"
        assert world.merge(pull, SQUASH) == commit

    @pytest.mark.parametrize("path", ["/comments$", "/decline$"])
    def test_a_squash_that_was_interrupted_is_ended_once(self, world: World, path: str) -> None:
        pull = world.open()
        world.fake.faults.add("POST", path, Answer(502, {}))
        world.until_done(lambda: world.merge(pull, SQUASH))
        assert world.hosted.pull(1).state == "closed"
        assert len(world.hosted.pull(1).comments) == 1
        assert len(world.hosted.git.log("main")) == 2

    def test_what_the_text_claims_is_asked_of_git(self, world: World) -> None:
        pull = world.open()
        claim = f"{PROPOSAL.body}\n\n[//]: # (tagboat merged={pull.head})"
        world.hosted.edit_pull(1, body=claim)
        world.hosted.close_pull(1)
        assert world.forge.pull_request(REPOSITORY, 1).state is PullRequestState.CLOSED

    @pytest.mark.parametrize(
        ("proposal", "method", "why"),
        [
            (PROPOSAL, MergeMethod.REBASE, "does not rebase"),
            (replace(PROPOSAL, metadata=Metadata(draft=True)), MergeMethod.MERGE, "it is a draft"),
        ],
        ids=["rebase", "draft"],
    )
    def test_what_is_not_merged_says_why(
        self, world: World, proposal: object, method: MergeMethod, why: str
    ) -> None:
        assert isinstance(proposal, type(PROPOSAL))
        pull = world.open(proposal)
        with pytest.raises(Refused, match=why):
            world.merge(pull, method)
        assert len(world.hosted.git.log("main")) == 1

    def test_a_branch_that_is_gone_closes_it_whatever_the_host_says(self, world: World) -> None:
        world.open()
        world.hosted.delete_branch(BRANCH)
        world.hosted.pull(1).state = "open"
        assert world.forge.pull_request(REPOSITORY, 1).state is PullRequestState.CLOSED


class TestPeople:
    def test_reviewers_are_found_by_nickname_and_by_id(self, world: World, state: State) -> None:
        pull = world.open()
        state.roles |= {"one": "read", "two": "read", "three": "read"}
        account = f"557058:{uuid_of('three')[1:-1]}"
        names = ("one", uuid_of("two"), account, "nobody", BOT)
        said = Metadata(
            labels=("x",), reviewers=names, milestone="m", team_reviewers=("t",), assignees=("a",)
        )
        refused = world.forge.describe(REPOSITORY, pull.number, said)
        assert world.hosted.pull(1).reviewers == {"one", "two", "three"}
        assert [each.partition(":")[0] for each in refused] == [
            *("the labels", "the assignees", "the team reviewers", "the milestone", "the reviewers")
        ]
        assert "'nobody'" in refused[-1]

    def test_reviewers_stay_when_the_text_changes(self, world: World) -> None:
        pull = world.open()
        world.hosted.pull(1).reviewers = {"ada"}
        world.forge.revise(REPOSITORY, pull.number, title="Newer", body="b")
        world.forge.describe(REPOSITORY, pull.number, Metadata(reviewers=("grace",)))
        assert world.hosted.pull(1).reviewers == {"ada", "grace"}
        assert (world.hosted.pull(1).title, world.hosted.pull(1).body) == ("Newer", "b")

    @pytest.mark.parametrize("tells_account", [True, False])
    def test_default_reviewers_are_asked_as_on_the_page(
        self, world: World, state: State, tells_account: bool
    ) -> None:
        state.default_reviewers = ["ada", BOT] if tells_account else ["ada"]
        state.tells_account = tells_account
        world.open()
        assert world.hosted.pull(1).reviewers == {"ada"}

    def test_opinions_are_told_with_who_may_write(self, world: World, state: State) -> None:
        pull = world.open()
        state.opinions[REPOSITORY, 1] = {
            "ada": "approved",
            "mallory": "approved",
            "grace": "changes_requested",
        }
        assert set(world.forge.reviews(REPOSITORY, pull.number)) == {
            Review("ada", Opinion.APPROVED),
            Review("mallory", Opinion.APPROVED, may_write=False),
            Review("grace", Opinion.CHANGES_REQUESTED),
        }

    def test_who_may_write_is_asked_only_where_somebody_speaks(self, world: World, state: State) -> None:
        pull = world.open()
        state.can_administer = False
        assert world.forge.reviews(REPOSITORY, pull.number) == ()
        state.opinions[REPOSITORY, 1] = {"ada": "approved"}
        with pytest.raises(Denied, match="administers the repository"):
            world.forge.reviews(REPOSITORY, pull.number)

    def test_a_nickname_proves_nobody(self, world: World) -> None:
        community = world.forge.community()
        assert community.may_write(REPOSITORY, f"mallory {uuid_of('ada')}")
        for person in ("ada", f"ada {uuid_of('mallory')}", f"{uuid_of('ada')} {uuid_of('mallory')}", "{}"):
            assert not community.may_write(REPOSITORY, person)

    def test_pull_requests_of_forks_are_offers_and_not_ours(self, world: World) -> None:
        fork = world.fake.host.fork(world.hosted, "stranger/infra")
        head = fork.commit(BRANCH, {DEV: b"tag: evil\n", "new": b"1"})
        theirs = world.hosted.open_pull(fork, BRANCH, "main", title="Trust me", body=PROPOSAL.body, by=BOT)
        (offer,) = world.forge.community().offers(REPOSITORY)
        assert (offer.head, offer.is_ours) == (head, False)
        assert set(world.forge.community().touched(REPOSITORY, 1).paths) == {DEV, "new"}
        assert world.forge.pull_requests(REPOSITORY, BRANCH) == []
        with pytest.raises(Refused, match="fork"):
            world.forge.close(REPOSITORY, theirs.number, comment="no")

    def test_entries_of_the_log_that_nobody_knows_hide_no_comment(self, world: World) -> None:
        world.open()
        world.fake.state.say(world.hosted, 1, "/tagboat help")
        entries = [{"pull_request": {"id": 1}, "tomorrows_entry": {}}, {"update": {}}]
        following = f"{world.fake.url}/2.0/repositories/{REPOSITORY}/pullrequests/activity?ctx=1"
        world.fake.faults.add("GET", "/activity$", Answer(200, {"values": entries, "next": following}))
        (remark,) = world.forge.community().remarks(REPOSITORY, since=NOW.replace(year=2025)).remarks
        assert remark.body == "/tagboat help"

    def test_an_access_token_that_is_nobodys_cannot_tell_what_is_ours(
        self, world: World, state: State
    ) -> None:
        state.tells_account = False
        with pytest.raises(Denied, match="read:user"):
            world.forge.community().offers(REPOSITORY)

    def test_a_file_that_moved_is_touched_by_both_names(self, world: World) -> None:
        world.hosted.commit("feature", {DEV: None, "moved.yaml": b"tag: 1.0.0\n"})
        world.hosted.open_pull(world.hosted, "feature", "main", title="Move")
        assert set(world.forge.community().touched(REPOSITORY, 1).paths) == {DEV, "moved.yaml"}


class TestChecks:
    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            ("success", CheckState.SUCCEEDED),
            ("failure", CheckState.FAILED),
            ("STOPPED", CheckState.FAILED),
            ("pending", CheckState.RUNNING),
        ],
    )
    def test_each_status_has_its_meaning(self, world: World, status: str, expected: CheckState) -> None:
        head = world.write()
        world.hosted.set_status(head, "ci", status)
        assert world.forge.checks(REPOSITORY, head) == (Check("ci", expected),)

    def test_a_word_that_is_new_is_no_success(self, world: World) -> None:
        head = world.write()
        page = {"values": [{"key": "ci", "state": "TOMORROWS_WORD"}]}
        world.fake.faults.add("GET", "/statuses$", Answer(200, page))
        assert world.forge.checks(REPOSITORY, head) == (Check("ci", CheckState.RUNNING),)

    def test_all_pages_are_read(self, world: World) -> None:
        head = world.write()
        for number in range(150):
            world.hosted.set_status(head, f"job {number}", "success")
        assert len(world.forge.checks(REPOSITORY, head)) == 150


class TestAddresses:
    @pytest.mark.parametrize(
        "address",
        ["https://evil.example/2.0/x", "http://127.0.0.1:1/2.0/x", "/2.0/repositories/x", "{}/../x"],
    )
    def test_no_list_leads_to_another_host(self, world: World, address: str) -> None:
        world.write()
        page = {"values": [], "next": address.format(world.fake.url)}
        world.fake.faults.add("GET", "/pullrequests$", Answer(200, page))
        with pytest.raises(Malformed, match="not its own"):
            world.forge.pull_requests(REPOSITORY, BRANCH)
        assert len(world.fake.asked()) == 1

    def test_no_list_of_changes_does_either(self, world: World) -> None:
        world.open()
        moved = Answer(302, None, {"Location": "https://evil.example/2.0/diffstat"})
        world.fake.faults.add("GET", "/diffstat$", moved)
        with pytest.raises(Malformed, match="not its own"):
            world.forge.community().touched(REPOSITORY, 1)

    @pytest.mark.parametrize(
        "answer", [{"hash": "0" * 40, "date": "2026-01-01T00:00:00+00:00"}, {"hash": "x"}]
    )
    def test_a_commit_that_is_another_one_is_malformed(self, world: World, answer: object) -> None:
        world.open()
        world.hosted.close_pull(1)
        world.fake.faults.add("GET", "/commit/", Answer(200, answer))
        with pytest.raises(Malformed):
            world.forge.pull_request(REPOSITORY, 1)

    def test_a_commit_that_is_gone_stays_named_as_it_was(self, world: World) -> None:
        pull = world.open()
        world.hosted.close_pull(1)
        world.fake.faults.add("GET", "/commit/", Answer(404, {}))
        assert world.forge.pull_request(REPOSITORY, 1).head == pull.head[:12]

    def test_a_commit_is_asked_for_once(self, world: World) -> None:
        world.open()
        world.hosted.close_pull(1)
        for _ in range(3):
            world.forge.pull_request(REPOSITORY, 1)
        assert len(world.fake.asked("GET", "/commit/")) == 1


def test_a_person_logs_in_with_an_address(world: World) -> None:
    world.again(email=EMAIL)
    pull = world.open()
    assert world.merge(pull) == world.hosted.git.branch("main")
    assert {each.headers["authorization"][:6] for each in world.fake.asked()} == {"Basic "}


def test_the_host_is_not_asked_what_it_does_not_tell(world: World) -> None:
    pull = world.open()
    world.hosted.protection = Protection(required_checks=frozenset({"ci"}))
    assert world.forge.pull_request(REPOSITORY, pull.number).mergeable is True
