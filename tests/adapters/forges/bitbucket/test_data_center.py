"""The Bitbucket Data Center forge beyond what every forge promises: versions, vetoes, comments, its lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain.errors import Conflict, Denied, Malformed, Refused
from bot.domain.people.consent import Check, CheckState, Opinion, Review
from bot.domain.pipeline import MergeMethod
from bot.domain.pull_request.merge_options import MergeOptions
from bot.domain.pull_request.proposal import Metadata, PullRequestState
from tests.adapters.forges.bitbucket.bitbucket_world import REPOSITORY, World, bitbucket_world
from tests.adapters.forges.host_world import BRANCH, PROPOSAL
from tests.fakes.bitbucket_data_center import FakeBitbucketDataCenter
from tests.fakes.bitbucket_state import BOT, State
from tests.fakes.git_host_model import Protection
from tests.fakes.http_host import Answer

START = datetime(2026, 1, 1, tzinfo=UTC)
CI = Protection(required_checks=frozenset({"ci"}))
OUTDATED = Answer(
    409, {"errors": [{"message": "out-of-date", "exceptionName": "x.PullRequestOutOfDateException"}]}
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with bitbucket_world(tmp_path, FakeBitbucketDataCenter) as built:
        yield built


@pytest.fixture
def state(world: World) -> State:
    return world.fake.state


class TestMerge:
    @pytest.mark.parametrize("method", list(MergeMethod))
    def test_each_method_gives_the_commit_on_the_base(self, world: World, method: MergeMethod) -> None:
        pull = world.open()
        world.hosted.commit("main", {"other": b"1"})
        assert world.merge(pull, method) == world.hosted.git.branch("main")
        assert len(world.hosted.git.log("main")) == (4 if method is MergeMethod.MERGE else 3)

    def test_it_names_the_version_that_was_looked_at(self, world: World, state: State) -> None:
        pull = world.open()
        world.forge.revise(REPOSITORY, pull.number, title="Other", body=PROPOSAL.body)
        version = state.version(world.hosted, world.hosted.pull(1))
        world.merge(pull)
        assert version > 0
        assert world.fake.asked("POST", "/merge$")[0].query["version"] == str(version)

    def test_another_version_is_a_lost_race(self, world: World) -> None:
        pull = world.open()
        world.fake.faults.add("POST", "/merge$", OUTDATED)
        with pytest.raises(Conflict, match="moved after it was judged"):
            world.merge(pull)

    def test_a_host_that_does_not_show_the_push_yet_is_asked_later(self, world: World) -> None:
        world.open()
        head = world.hosted.commit(BRANCH, {"more": b"1"})
        world.hosted.pull(1).head = world.hosted.git.log(head)[-2].sha
        with pytest.raises(Conflict, match="does not show yet"):
            world.forge.merge(REPOSITORY, 1, MergeOptions(expected_head=head, message="Merge it"))

    def test_what_blocks_it_is_said_in_the_hosts_words(self, world: World) -> None:
        pull = world.open()
        world.hosted.protection = CI
        found = world.forge.pull_request(REPOSITORY, 1)
        assert (found.mergeable, found.blocked_reason) == (False, 'Required status check "ci" is expected.')
        with pytest.raises(Refused, match='"ci" is expected'):
            world.merge(pull)

    def test_a_method_that_is_not_allowed_is_refused(self, world: World) -> None:
        pull = world.open()
        world.hosted.merge_methods.discard("squash")
        with pytest.raises(Refused, match="Squash merges are not allowed"):
            world.merge(pull, MergeMethod.SQUASH)

    def test_who_may_not_merge_is_told_so(self, world: World) -> None:
        pull = world.open()
        world.fake.faults.add("POST", "/merge$", Answer(401, {"errors": [{"message": "no"}]}))
        with pytest.raises(Denied, match="may not merge pull request 1"):
            world.merge(pull)

    def test_a_merge_by_push_is_found_where_it_came_to_the_base(self, world: World, state: State) -> None:
        pull = world.open()
        commit = world.hosted.merge_pull(1)
        world.hosted.commit("main", {"later": b"1"})
        assert not state.merged_by_host
        found = world.forge.pull_request(REPOSITORY, 1)
        assert (found.state, found.merge_commit, found.head) == (PullRequestState.MERGED, commit, pull.head)

    def test_a_draft_waits(self, world: World) -> None:
        pull = world.open(replace(PROPOSAL, metadata=Metadata(draft=True)))
        assert (pull.is_draft, pull.mergeable, pull.blocked_reason) == (True, None, "it is a draft")
        with pytest.raises(Refused, match="it is a draft"):
            world.merge(pull)


class TestPeople:
    def test_reviewers_stay_when_the_text_changes_and_the_text_when_they_do(self, world: World) -> None:
        pull = world.open()
        world.hosted.pull(1).reviewers = {"ada"}
        world.forge.revise(REPOSITORY, pull.number, title="Newer", body=PROPOSAL.body)
        refused = world.forge.describe(REPOSITORY, 1, Metadata(reviewers=("grace", "nobody", "gra", BOT)))
        assert world.hosted.pull(1).reviewers == {"ada", "grace"}
        assert world.forge.pull_request(REPOSITORY, 1).release_key == "0123456789ab"
        assert refused == [
            "the reviewers: nobody is called 'nobody'",
            "the reviewers: nobody is called 'gra'",
        ]

    def test_a_text_that_somebody_changed_meanwhile_is_a_lost_race(self, world: World) -> None:
        world.open()
        for path in ("/pull-requests/1$",):
            world.fake.faults.add("PUT", path, OUTDATED, times=2)
        with pytest.raises(Conflict):
            world.forge.revise(REPOSITORY, 1, title="Newer", body="b")
        with pytest.raises(Conflict):
            world.forge.describe(REPOSITORY, 1, Metadata(reviewers=("ada",)))

    def test_default_reviewers_are_asked_as_on_the_page(self, world: World, state: State) -> None:
        state.default_reviewers = ["ada", BOT]
        world.open()
        assert world.hosted.pull(1).reviewers == {"ada"}

    def test_opinions_are_told_with_their_commit_and_who_may_write(self, world: World, state: State) -> None:
        pull = world.open()
        world.hosted.pull(1).reviewers = {"ada", "mallory"}
        state.opinions[REPOSITORY, 1] = {"ada": "APPROVED", "mallory": "APPROVED", "grace": "NEEDS_WORK"}
        state.reviewed[REPOSITORY, 1, "ada"] = pull.head
        assert set(world.forge.reviews(REPOSITORY, pull.number)) == {
            Review("ada", Opinion.APPROVED, pull.head),
            Review("mallory", Opinion.APPROVED, may_write=False),
            Review("grace", Opinion.CHANGES_REQUESTED),
        }

    def test_a_part_of_a_name_is_nobody(self, world: World) -> None:
        community = world.forge.community()
        assert community.may_write(REPOSITORY, "grace")
        for person in ("grac", "", "g" * 300, "Grace"):
            assert not community.may_write(REPOSITORY, person)

    def test_a_proxy_that_hides_the_account_is_named(self, world: World) -> None:
        world.fake.faults.add("GET", "/repos/infra$", Answer(200, {}))
        with pytest.raises(Malformed, match="X-AUSERNAME"):
            world.forge.community().offers(REPOSITORY)


class TestComments:
    def test_replies_are_heard_too(self, world: World) -> None:
        world.open()
        world.forge.comment(REPOSITORY, 1, "Held.", key="command/1")
        told = world.fake.state.say(world.hosted, 1, "first")
        reply = {"id": 7, "text": "/tagboat help", "createdDate": 1_800_000_000_000, "version": 0}
        reply |= {"updatedDate": 1_800_000_000_000, "author": {"name": "ada", "type": "NORMAL"}}
        thread = {"id": told, "text": "first", "createdDate": 1, "updatedDate": 1, "author": {"name": "ada"}}
        page = {"isLastPage": True, "values": [_commented({**thread, "comments": [reply]})]}
        world.fake.faults.add("GET", "/activities$", Answer(200, page))
        (remark,) = world.forge.community().remarks(REPOSITORY, since=START).remarks
        assert (remark.id, remark.body, remark.author) == ("7", "/tagboat help", "ada")

    def test_closed_ones_are_read_again_when_somebody_spoke(self, world: World) -> None:
        world.open()
        world.fake.state.say(world.hosted, 1, "one")
        world.hosted.close_pull(1)
        community = world.forge.community()
        until = community.remarks(REPOSITORY, since=START).until
        asked = len(world.fake.asked("GET", "/activities$"))
        later = world.fake.host.now()
        assert community.remarks(REPOSITORY, since=later).remarks == ()
        assert len(world.fake.asked("GET", "/activities$")) == asked
        assert [each.body for each in community.remarks(REPOSITORY, since=until).remarks] == ["one"]
        world.fake.state.say(world.hosted, 1, "two")
        assert [each.body for each in community.remarks(REPOSITORY, since=later).remarks] == ["two"]

    def test_pull_requests_without_comments_cost_nothing(self, world: World) -> None:
        world.open()
        assert world.forge.community().remarks(REPOSITORY, since=START).remarks == ()
        assert world.fake.asked("GET", "/activities$") == []

    def test_a_moment_that_no_calendar_has_is_malformed(self, world: World) -> None:
        world.open()
        world.fake.state.say(world.hosted, 1, "one")
        comment = {"id": 1, "text": "", "createdDate": 10**30, "updatedDate": 1, "author": {"name": "a"}}
        page = {"isLastPage": True, "values": [_commented(comment)]}
        world.fake.faults.add("GET", "/activities$", Answer(200, page))
        with pytest.raises(Malformed):
            world.forge.community().remarks(REPOSITORY, since=START)


class TestChecks:
    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            ("success", CheckState.SUCCEEDED),
            ("failure", CheckState.FAILED),
            ("CANCELLED", CheckState.FAILED),
            ("pending", CheckState.RUNNING),
            ("UNKNOWN", CheckState.RUNNING),
        ],
    )
    def test_each_status_has_its_meaning(self, world: World, status: str, expected: CheckState) -> None:
        head = world.write()
        world.hosted.set_status(head, "ci", status)
        assert world.forge.checks(REPOSITORY, head) == (Check("ci", expected),)

    def test_a_part_of_them_is_not_taken_for_all(self, world: World) -> None:
        head = world.write()
        for number in range(101):
            world.hosted.set_status(head, f"job {number}", "success")
        with pytest.raises(Refused, match="100 checks or more"):
            world.forge.checks(REPOSITORY, head)


def _commented(comment: dict[str, object]) -> dict[str, object]:
    return {"action": "COMMENTED", "commentAction": "ADDED", "comment": comment}
