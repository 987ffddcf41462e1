"""How GitHub merges by itself, and what it says of reviews and checks: held to its own schema."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.errors import Conflict, Denied, Limited, NotFound, Refused, Transient, Unreachable
from bot.domain.people.consent import Arming, Check, CheckState, Opinion, Review
from bot.domain.pipeline import MergeMethod
from bot.domain.pull_request.merge_options import MergeOptions
from bot.domain.pull_request.proposal import PullRequest, PullRequestState
from tests.adapters.forges.github.github_world import REPOSITORY, GitHubWorld, forge
from tests.adapters.forges.host_world import BRANCH, DEV, PROPOSAL
from tests.fakes.git_host_model import Protection
from tests.fakes.github import BOT
from tests.fakes.github_consent import QUEUE
from tests.fakes.github_description import departures
from tests.fakes.http_host import Answer, Cut

CI = Protection(required_checks=frozenset({"ci"}))


def arm(
    world: GitHubWorld, pull: PullRequest, method: MergeMethod | None = None, *, sign_off: bool = False
) -> None:
    """Ask at the head that was seen."""
    options = MergeOptions(expected_head=pull.head, message="Merge it", method=method, sign_off=sign_off)
    world.forge.arm(REPOSITORY, pull.number, options)


def arming(world: GitHubWorld, number: int = 1) -> Arming:
    """What the forge says of it."""
    return world.forge.arming(REPOSITORY, number)


def queries(world: GitHubWorld) -> list[str]:
    """The names of what was asked of the GraphQL API."""
    asked = [str(request.data["query"]) for request in world.github.asked("POST", "/graphql$")]
    return [text.split("{")[1].split("(")[0].strip() for text in asked]


class TestAutoMerge:
    def test_it_is_merged_once_the_host_may_and_by_the_method_asked_for(self, world: GitHubWorld) -> None:
        world.hosted.protection = CI
        before = world.hosted.git.branch("main")
        pull = world.open()
        arm(world, pull, MergeMethod.SQUASH, sign_off=True)
        assert arming(world) == Arming(waits="GitHub merges it once its rules allow")
        world.hosted.set_status(pull.head, "ci", "success")
        merged = world.forge.pull_request(REPOSITORY, pull.number)
        assert (merged.state, merged.merge_commit) == (
            PullRequestState.MERGED,
            world.hosted.git.branch("main"),
        )
        assert merged.merge_commit is not None
        commit = world.hosted.git.commit(merged.merge_commit)
        assert commit.parents == (before,)
        signed = "Merge it\n\nSigned-off-by: Tagboat <tagboat@localhost>\nTagboat: pull-request"
        assert commit.message.rstrip() == signed
        assert arming(world) == Arming()

    def test_what_may_be_merged_at_once_is_merged(self, world: GitHubWorld) -> None:
        pull = world.open()
        arm(world, pull, MergeMethod.SQUASH)
        assert world.forge.pull_request(REPOSITORY, pull.number).state is PullRequestState.MERGED

    def test_asking_again_changes_nothing(self, world: GitHubWorld) -> None:
        world.hosted.protection = CI
        pull = world.open()
        arm(world, pull)
        world.github.forget_requests()
        arm(world, pull)
        assert queries(world) == ["repository"]

    def test_a_head_that_moved_is_not_armed(self, world: GitHubWorld) -> None:
        world.hosted.protection = CI
        pull = world.open()
        world.hosted.commit(BRANCH, {"late": b"1"})
        with pytest.raises(Conflict):
            arm(world, pull)
        assert not arming(world).is_armed

    def test_a_head_that_moves_in_that_very_moment_is_not_armed(self, world: GitHubWorld) -> None:
        world.hosted.protection = CI
        pull = world.open()
        error = {"type": "UNPROCESSABLE", "message": "Pull request Head sha was changed"}
        refusal = Answer(200, {"data": None, "errors": [error]})
        world.github.faults.add("POST", "/graphql$", refusal, nth=2)
        with pytest.raises(Refused, match="Head sha was changed"):
            arm(world, pull)

    def test_a_repository_that_does_not_allow_it_says_how_to(self, world: GitHubWorld) -> None:
        world.hosted.protection = CI
        world.github.consent.allows_auto_merge = False
        with pytest.raises(Refused, match="allow auto-merge in the settings"):
            arm(world, world.open())

    def test_a_closed_one_is_refused_and_a_merged_one_is_not(self, world: GitHubWorld) -> None:
        pull = world.open()
        world.hosted.close_pull(pull.number)
        with pytest.raises(Refused, match="is closed"):
            arm(world, pull)
        again = world.open(replace(PROPOSAL, files=((DEV, b"tag: 3\n"),)))
        world.merge(again)
        arm(world, again)

    def test_it_is_taken_back(self, world: GitHubWorld) -> None:
        world.hosted.protection = CI
        pull = world.open()
        arm(world, pull)
        world.forge.disarm(REPOSITORY, pull.number)
        assert arming(world) == Arming()
        world.forge.disarm(REPOSITORY, pull.number)
        world.hosted.set_status(pull.head, "ci", "success")
        assert world.forge.pull_request(REPOSITORY, pull.number).state is PullRequestState.OPEN

    def test_who_turned_it_off_is_named_and_a_new_commit_ends_that(self, world: GitHubWorld) -> None:
        world.hosted.protection = CI
        pull = world.open()
        arm(world, pull)
        world.github.consent.disarm(world.hosted, pull.number, by="grace", reason="not today")
        assert arming(world).refusal == "GitHub's auto-merge was turned off by grace: not today"
        # Asked before the newest commit was written: that no was about another one.
        world.github.consent.of(world.hosted, 1).events[0]["createdAt"] = "2020-01-01T00:00:00Z"
        assert arming(world) == Arming()

    def test_it_needs_the_right_to_write(self, world: GitHubWorld) -> None:
        world.hosted.protection = CI
        pull = world.open()
        world.github.accounts.add_token("ghp_tests", BOT, can_write=False)
        with pytest.raises(Denied, match="may not do this"):
            arm(world, pull)


class TestMergeQueue:
    @pytest.fixture(autouse=True)
    def _queue(self, world: GitHubWorld) -> None:
        world.github.consent.queues.add(REPOSITORY)

    def test_what_is_ready_goes_into_the_queue_and_is_followed_to_its_commit(
        self, world: GitHubWorld
    ) -> None:
        pull = world.open()
        arm(world, pull)
        assert arming(world) == Arming(waits="it has place 1 in GitHub's merge queue")
        world.github.consent.drain(world.hosted)
        merged = world.forge.pull_request(REPOSITORY, pull.number)
        assert merged.merge_commit == world.hosted.git.branch("main")

    def test_what_is_not_ready_goes_there_later(self, world: GitHubWorld) -> None:
        world.hosted.protection = CI
        pull = world.open()
        arm(world, pull)
        assert arming(world).waits == "GitHub merges it once its rules allow"
        world.hosted.set_status(pull.head, "ci", "success")
        assert arming(world).waits == "it has place 1 in GitHub's merge queue"

    def test_what_the_queue_throws_out_is_not_put_back(self, world: GitHubWorld) -> None:
        pull = world.open()
        arm(world, pull)
        world.github.consent.dequeue(world.hosted, pull.number)
        assert arming(world).refusal == (
            f"it was taken out of GitHub's merge queue by {QUEUE}: FAILED_CHECKS"
        )

    def test_a_failure_counts_whoever_is_named_for_it(self, world: GitHubWorld) -> None:
        pull = world.open()
        arm(world, pull)
        world.github.consent.dequeue(world.hosted, pull.number, by=BOT, reason="ci_failure")
        assert arming(world).refusal == "it was taken out of GitHub's merge queue: ci_failure"

    def test_it_is_taken_back(self, world: GitHubWorld) -> None:
        pull = world.open()
        arm(world, pull)
        world.forge.disarm(REPOSITORY, pull.number)
        assert arming(world) == Arming()
        assert world.github.consent.queued == []

    def test_a_plain_merge_says_what_to_write(self, world: GitHubWorld) -> None:
        with pytest.raises(Refused, match="platform: true"):
            world.merge(world.open())


class TestReviews:
    def test_each_has_who_what_where_and_whether_it_counts(self, world: GitHubWorld) -> None:
        pull = world.open()
        say = world.github.consent.review
        say(world.hosted, 1, "APPROVED", by="grace")
        say(world.hosted, 1, "CHANGES_REQUESTED", by="ada")
        say(world.hosted, 1, "APPROVED", by="guest", may_push=False)
        say(world.hosted, 1, "APPROVED", by="helper[bot]")
        say(world.hosted, 1, "APPROVED", by=BOT)
        say(world.hosted, 1, "DISMISSED", by="hopper")
        say(world.hosted, 1, "APPROVED", by="")
        approved = Review("grace", Opinion.APPROVED, pull.head)
        assert world.forge.reviews(REPOSITORY, 1) == (
            approved,
            Review("ada", Opinion.CHANGES_REQUESTED, pull.head),
            replace(approved, by="guest", may_write=False),
            replace(approved, by="helper", is_human=False),
            replace(approved, by=BOT, is_author=True),
            replace(approved, by="", is_human=False),
        )

    def test_an_approval_keeps_the_commit_that_it_was_given_at(self, world: GitHubWorld) -> None:
        pull = world.open()
        world.github.consent.review(world.hosted, 1, "APPROVED", by="grace")
        world.write(replace(PROPOSAL, files=((DEV, b"tag: 3\n"),)))
        assert [each.commit for each in world.forge.reviews(REPOSITORY, 1)] == [pull.head]

    def test_more_than_can_be_read_at_once_are_refused(self, world: GitHubWorld) -> None:
        world.open()
        for number in range(101):
            world.github.consent.review(world.hosted, 1, "APPROVED", by=f"r{number}")
        with pytest.raises(Refused, match="more than 100"):
            world.forge.reviews(REPOSITORY, 1)

    @pytest.mark.parametrize("repository", [REPOSITORY, "acme/nothing"])
    def test_what_is_not_there_is_not_found(self, world: GitHubWorld, repository: str) -> None:
        with pytest.raises(NotFound):
            world.forge.reviews(repository, 4711)

    def test_enterprise_server_has_its_queries_beside_its_api(self, world: GitHubWorld) -> None:
        world.open()
        enterprise = forge(world.github, api_url=world.github.enterprise_url)
        assert enterprise.reviews(REPOSITORY, 1) == ()
        assert world.github.asked()[-1].path == "/api/graphql"
        enterprise.disconnect()


class TestChecks:
    def test_runs_and_statuses_are_told_alike(self, world: GitHubWorld) -> None:
        pull = world.open()
        for name, conclusion in (
            ("build", "success"),
            ("docs", "skipped"),
            ("e2e", None),
            ("lint", "failure"),
        ):
            world.github.consent.report(world.hosted, pull.head, name, conclusion)
        world.hosted.set_status(pull.head, "ci/coverage", "pending")
        world.hosted.set_status(pull.head, "ci/legacy", "success")
        world.hosted.set_status(pull.head, "ci/old", "failure")
        assert world.forge.checks(REPOSITORY, pull.head) == (
            Check("build", CheckState.SUCCEEDED),
            Check("docs", CheckState.SUCCEEDED),
            Check("e2e", CheckState.RUNNING),
            Check("lint", CheckState.FAILED),
            Check("ci/coverage", CheckState.RUNNING),
            Check("ci/legacy", CheckState.SUCCEEDED),
            Check("ci/old", CheckState.FAILED),
        )

    @pytest.mark.parametrize(
        "conclusion", ["failure", "cancelled", "timed_out", "action_required"], ids=lambda value: value
    )
    def test_whatever_is_no_success_has_failed(self, world: GitHubWorld, conclusion: str) -> None:
        pull = world.open()
        world.github.consent.report(world.hosted, pull.head, "build", conclusion)
        assert world.forge.checks(REPOSITORY, pull.head) == (Check("build", CheckState.FAILED),)

    def test_the_latest_run_of_each_app_counts(self, world: GitHubWorld) -> None:
        pull = world.open()
        say = world.github.consent.report
        say(world.hosted, pull.head, "build", "failure")
        say(world.hosted, pull.head, "build", "success")
        say(world.hosted, pull.head, "build", "failure", app="other")
        states = [each.state for each in world.forge.checks(REPOSITORY, pull.head)]
        assert states == [CheckState.SUCCEEDED, CheckState.FAILED]

    def test_they_are_those_of_this_very_commit(self, world: GitHubWorld) -> None:
        pull = world.open()
        world.github.consent.report(world.hosted, pull.head, "build", "success")
        moved = world.write(replace(PROPOSAL, files=((DEV, b"tag: 3\n"),)))
        assert world.forge.checks(REPOSITORY, moved) == ()

    def test_many_are_read_page_by_page(self, world: GitHubWorld) -> None:
        pull = world.open()
        for number in range(150):
            world.github.consent.report(world.hosted, pull.head, f"c{number:03}", "success")
        assert len(world.forge.checks(REPOSITORY, pull.head)) == 150

    def test_what_did_not_change_is_asked_for_conditionally(self, world: GitHubWorld) -> None:
        pull = world.open()
        for _ in range(2):
            world.github.forget_requests()
            world.forge.checks(REPOSITORY, pull.head)
        assert [each.response.status for each in world.github.exchanges] == [304, 304]

    def test_a_login_that_may_not_read_them_is_told_which_right_it_lacks(self, world: GitHubWorld) -> None:
        pull = world.open()
        world.github.faults.add("GET", "/check-runs", Answer(403, {"message": "Resource not accessible"}))
        with pytest.raises(Denied, match="checks and commit statuses, read-only"):
            world.forge.checks(REPOSITORY, pull.head)

    def test_requests_and_answers_hold_against_githubs_description(self, world: GitHubWorld) -> None:
        pull = world.open()
        world.github.consent.report(world.hosted, pull.head, "build", None)
        world.hosted.set_status(pull.head, "ci", "success")
        world.github.forget_requests()
        world.forge.checks(REPOSITORY, pull.head)
        assert [text for exchange in world.github.exchanges for text in departures(exchange)] == []


class TestFaults:
    def _fail(self, world: GitHubWorld, *errors: dict[str, object]) -> None:
        world.open()
        world.github.faults.add("POST", "/graphql$", Answer(200, {"data": None, "errors": list(errors)}))

    @pytest.mark.parametrize(
        ("error", "kind"),
        [
            ({"type": "RATE_LIMITED", "message": "API rate limit exceeded"}, Limited),
            ({"type": "FORBIDDEN", "message": "Resource not accessible by integration"}, Denied),
            ({"type": "INSUFFICIENT_SCOPES", "message": "Your token has not been granted"}, Denied),
            ({"type": "NOT_FOUND", "message": "Could not resolve"}, NotFound),
            ({"message": "Something went wrong while executing your query"}, Unreachable),
            ({"message": "no such field", "extensions": {"code": "undefinedField"}}, Refused),
        ],
        ids=lambda value: str(value.get("type", "none")) if isinstance(value, dict) else "",
    )
    def test_each_error_is_one_of_ours(
        self, world: GitHubWorld, error: dict[str, object], kind: type[Exception]
    ) -> None:
        self._fail(world, error)
        with pytest.raises(kind) as caught:
            arming(world)
        assert str(error["message"]) in str(caught.value)

    def test_an_answer_that_was_lost_is_made_good_by_the_next_look(self, world: GitHubWorld) -> None:
        world.hosted.protection = CI
        pull = world.open()
        world.github.faults.add("POST", "/graphql$", Cut(after=True), nth=2)
        with pytest.raises(Unreachable):
            arm(world, pull)
        assert arming(world).is_armed

    def test_a_merge_that_github_has_not_thought_through_is_tried_again(self, world: GitHubWorld) -> None:
        pull = world.open()
        world.github.late_mergeable = set()
        world.github.faults.add("PUT", "/merge$", Answer(405, {"message": "Pull Request is not mergeable"}))
        with pytest.raises(Transient, match="does not know yet") as caught:
            world.merge(pull)
        assert not isinstance(caught.value, Conflict)
        assert world.merge(pull) == world.hosted.git.branch("main")

    @pytest.mark.parametrize(
        "message",
        ["Base branch was modified. Review and try the merge again.", "Merge already in progress"],
    )
    def test_a_base_that_moved_is_a_lost_race(self, world: GitHubWorld, message: str) -> None:
        pull = world.open()
        world.github.faults.add("PUT", "/merge$", Answer(405, {"message": message}))
        with pytest.raises(Conflict):
            world.merge(pull)


class TestCommit:
    def test_a_protected_branch_is_one_sentence(self, world: GitHubWorld) -> None:
        world.hosted.protection = Protection(pull_requests_only=True)
        base = world.forge.head(REPOSITORY, "main")
        assert base is not None
        with pytest.raises(Refused) as caught:
            world.forge.commit(REPOSITORY, PROPOSAL, branch="main", expected=base)
        assert str(caught.value) == (
            "branch main of acme/infra takes no commit without a pull request: Repository rule violations "
            "found Changes must be made through a pull request (let Tagboat's login bypass the rules of the "
            "branch, or use `merge: auto`)"
        )
        assert world.hosted.git.branch("main") == base

    def test_an_answer_that_was_lost_is_looked_for(self, world: GitHubWorld) -> None:
        base = world.forge.head(REPOSITORY, "main")
        assert base is not None
        world.github.faults.add("PATCH", "/git/refs/heads/main$", Cut(after=True))
        commit = world.forge.commit(REPOSITORY, PROPOSAL, branch="main", expected=base)
        assert world.hosted.git.branch("main") == commit
