"""The Gitea forge beyond what every forge promises: its lists, its words on merging, and its failures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from bot.adapters.forges.gitea.forge import GiteaSettings
from bot.domain.errors import (
    Conflict,
    Denied,
    Malformed,
    NotFound,
    Refused,
    TagboatError,
    Transient,
)
from bot.domain.people.consent import Arming, Check, CheckState, Opinion, Review
from bot.domain.pipeline import MergeMethod
from bot.domain.pull_request.merge_options import MergeOptions
from bot.domain.pull_request.proposal import Metadata, PullRequest, PullRequestState
from tests.adapters.forges.gitea.gitea_world import REPOSITORY, GiteaWorld, forge, gitea_world
from tests.adapters.forges.host_world import BRANCH, DEV, PROPOSAL
from tests.fakes.git_host_model import Protection
from tests.fakes.gitea import BOT, TOKEN
from tests.fakes.gitea_routes import Account
from tests.fakes.http_host import Answer

CI = Protection(required_checks=frozenset({"ci"}))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GiteaWorld]:
    with gitea_world(tmp_path) as built:
        yield built


class TestListing:
    def test_a_look_reads_what_changed_since_the_last_one(self, world: GiteaWorld) -> None:
        _open_many(world, 120)
        pull = world.open()
        pages = len(world.gitea.asked("GET", "/pulls$"))
        assert [each.number for each in world.forge.pull_requests(REPOSITORY, BRANCH)] == [pull.number]
        assert pages == 4  # the last is empty: only that is the end
        assert len(world.gitea.asked("GET", "/pulls$")) == pages + 1

    def test_an_old_one_that_is_reopened_is_seen(self, world: GiteaWorld) -> None:
        pull = world.open()
        world.hosted.close_pull(pull.number)
        assert world.forge.pull_requests(REPOSITORY, BRANCH)[0].state is PullRequestState.CLOSED
        _open_many(world, 60)
        world.hosted.reopen_pull(pull.number)
        assert world.forge.pull_requests(REPOSITORY, BRANCH)[0].state is PullRequestState.OPEN

    def test_a_forks_branch_of_the_same_name_is_not_ours(self, world: GiteaWorld) -> None:
        fork = world.gitea.host.fork(world.hosted, "stranger/infra")
        fork.commit(BRANCH, {DEV: b"tag: evil\n"})
        theirs = world.hosted.open_pull(fork, BRANCH, "main", title="Trust me", body=PROPOSAL.body)
        assert world.forge.pull_requests(REPOSITORY, BRANCH) == []
        ours = world.open()
        assert [each.number for each in world.forge.pull_requests(REPOSITORY, BRANCH)] == [ours.number]
        with pytest.raises(Refused, match="fork"):
            world.forge.close(REPOSITORY, theirs.number, comment="no")


class TestWords:
    def test_a_draft_stays_one_until_somebody_marks_it_ready(self, world: GiteaWorld) -> None:
        pull = world.open(replace(PROPOSAL, metadata=Metadata(draft=True)))
        assert (pull.title, pull.is_draft, pull.mergeable) == (PROPOSAL.title, True, None)
        assert pull.blocked_reason == "it is a draft"
        world.forge.revise(REPOSITORY, pull.number, title="Newer", body="")
        assert world.hosted.pull(pull.number).title == "WIP: Newer"
        with pytest.raises(Refused, match="Work in progress"):
            world.merge(pull)
        world.hosted.edit_pull(pull.number, title="Newer")
        world.forge.revise(REPOSITORY, pull.number, title="Newest", body="")
        assert world.hosted.pull(pull.number).title == "Newest"

    def test_long_texts_are_cut_and_found_again(self, world: GiteaWorld) -> None:
        pull = world.open(replace(PROPOSAL, title="t" * 300, body=f"begin {'x' * 80_000}\n{PROPOSAL.body}"))
        assert (len(pull.title), len(pull.body)) == (255, 65_000)
        assert pull.release_key == "0123456789ab"

    def test_what_is_not_taken_is_said(self, world: GiteaWorld) -> None:
        pull = world.open()
        world.hosted.milestones.append("October")
        said = Metadata(
            labels=("one",), reviewers=("nobody",), assignees=("ada", "nobody"), milestone="November"
        )
        refused = world.forge.describe(REPOSITORY, pull.number, said)
        assert [each.partition(":")[0] for each in refused] == [
            "the assignees",
            "the reviewers",
            "the milestone",
        ]
        assert world.hosted.pull(pull.number).labels == ["one"]
        assert list(world.forge.describe(REPOSITORY, pull.number, Metadata(milestone="October"))) == []
        assert world.hosted.pull(pull.number).milestone == "October"


class TestMerge:
    @pytest.mark.parametrize("method", list(MergeMethod))
    def test_each_method_gives_the_commit_on_the_base(self, tmp_path: Path, method: MergeMethod) -> None:
        with gitea_world(tmp_path, merge_method=method) as world:
            pull = world.open()
            world.hosted.commit("main", {"other": b"1"})
            assert world.merge(pull) == world.hosted.git.branch("main")
            assert len(world.hosted.git.log("main")) == (4 if method is MergeMethod.MERGE else 3)

    def test_a_method_that_is_named_counts_before_the_forges_own(self, world: GiteaWorld) -> None:
        pull = world.open()
        world.hosted.merge_methods.discard("squash")
        with pytest.raises(Refused, match="Squash merges are not allowed"):
            world.merge(pull, MergeMethod.SQUASH)

    def test_what_blocks_it_is_said_in_the_hosts_words(self, world: GiteaWorld) -> None:
        pull = world.open()
        world.hosted.protection = CI
        with pytest.raises(Refused, match='"ci" is expected'):
            world.merge(pull)

    def test_a_host_that_still_looks_is_asked_later(self, world: GiteaWorld) -> None:
        pull = world.open()
        world.book.is_checking = True
        with pytest.raises(Transient, match="still looked at") as caught:
            world.merge(pull)
        assert caught.value.retry_after is not None
        world.book.is_checking = False
        assert world.merge(pull) == world.hosted.git.branch("main")

    def test_who_may_not_merge_is_told_so(self, world: GiteaWorld) -> None:
        pull = world.open()
        world.gitea.faults.add("POST", "/merge$", Answer(403, {"message": "user not allowed"}))
        with pytest.raises(Denied, match="may not merge pull request 1"):
            world.merge(pull)


class TestArming:
    def test_the_host_merges_once_its_checks_succeed(self, world: GiteaWorld) -> None:
        pull = world.open()
        world.hosted.protection = CI
        assert world.forge.arming(REPOSITORY, pull.number) == Arming()
        for _ in range(2):
            _arm(world, pull, sign_off=True)
        assert world.forge.arming(REPOSITORY, pull.number).is_armed
        assert len(world.gitea.asked("POST", "/merge$")) == 1
        world.hosted.set_status(pull.head, "ci", "success")
        merged = world.forge.pull_request(REPOSITORY, pull.number)
        assert merged.state is PullRequestState.MERGED
        signed = "Merge it\n\nSigned-off-by: Tagboat <tagboat@localhost>\nTagboat: pull-request"
        assert world.hosted.git.commit(merged.merge_commit or "").message.rstrip() == signed
        _arm(world, pull)

    def test_what_may_be_merged_at_once_is_merged(self, world: GiteaWorld) -> None:
        pull = world.open()
        _arm(world, pull)
        assert world.forge.pull_request(REPOSITORY, pull.number).state is PullRequestState.MERGED

    def test_a_head_that_moved_is_not_merged(self, world: GiteaWorld) -> None:
        pull = world.open()
        world.hosted.commit(BRANCH, {"late": b"1"})
        with pytest.raises(Conflict):
            _arm(world, pull)

    def test_what_tagboat_takes_back_was_never_asked(self, world: GiteaWorld) -> None:
        pull = world.open()
        world.hosted.protection = CI
        _arm(world, pull)
        for _ in range(2):
            world.forge.disarm(REPOSITORY, pull.number)
        assert world.forge.arming(REPOSITORY, pull.number) == Arming()

    def test_what_a_human_takes_back_is_a_no_until_the_branch_moves(self, world: GiteaWorld) -> None:
        pull = world.open()
        world.hosted.protection = CI
        _arm(world, pull)
        world.book.scheduled.clear()
        world.book.event(world.hosted.pull(pull.number), "pull_cancel_scheduled_merge", {"login": "ada"})
        assert world.forge.arming(REPOSITORY, pull.number).refusal == "ada took the automatic merge back"
        world.write(replace(PROPOSAL, files=((DEV, b"tag: 3\n"),)))
        assert world.forge.arming(REPOSITORY, pull.number) == Arming()


class TestConsent:
    def test_the_last_opinion_of_each_reviewer_counts(self, world: GiteaWorld) -> None:
        pull = world.open()
        world.book.reviews[pull.number] = [
            _review("ada", "REQUEST_CHANGES", pull.head),
            _review("ada", "APPROVED", pull.head),
            _review("ada", "COMMENT", pull.head),
            _review("grace", "APPROVED", pull.head, dismissed=True),
            _review("guest", "APPROVED", pull.head, official=False),
            _review(BOT, "REQUEST_CHANGES", "a" * 40),
        ]
        assert set(world.forge.reviews(REPOSITORY, pull.number)) == {
            Review("ada", Opinion.APPROVED, pull.head),
            Review("guest", Opinion.APPROVED, pull.head, may_write=False),
            Review(BOT, Opinion.CHANGES_REQUESTED, "a" * 40, is_author=True),
        }

    @pytest.mark.parametrize(
        ("status", "state"),
        [
            ("success", CheckState.SUCCEEDED),
            ("skipped", CheckState.SUCCEEDED),
            ("warning", CheckState.SUCCEEDED),
            ("failure", CheckState.FAILED),
            ("error", CheckState.FAILED),
            ("pending", CheckState.RUNNING),
            ("tomorrows_word", CheckState.RUNNING),
        ],
    )
    def test_each_status_has_its_meaning(self, world: GiteaWorld, status: str, state: CheckState) -> None:
        head = world.write()
        assert world.forge.checks(REPOSITORY, head) == ()
        world.hosted.set_status(head, "ci", status)
        assert world.forge.checks(REPOSITORY, head) == (Check("ci", state),)

    def test_all_pages_of_statuses_are_read(self, world: GiteaWorld) -> None:
        head = world.write()
        for number in range(70):
            world.hosted.set_status(head, f"job {number}", "success")
        assert len(world.forge.checks(REPOSITORY, head)) == 70


def test_a_branch_that_was_just_looked_at_is_not_asked_for_again(world: GiteaWorld) -> None:
    """Each question to Git is a process and a connection of its own."""
    head = world.write()
    base = world.forge.head(REPOSITORY, "main") or ""
    assert world.forge.head(REPOSITORY, BRANCH) == head
    asked = _questions_to_git(world)
    assert world.forge.foreign_commit(REPOSITORY, branch=BRANCH, base=base) is None
    assert _questions_to_git(world) == asked
    foreign = world.hosted.commit(BRANCH, {"late": b"1"})
    assert world.forge.foreign_commit(REPOSITORY, branch=BRANCH, base=base) == foreign


class TestSmallPages:
    """An operator lets a page have fewer entries than Tagboat asks for."""

    @pytest.fixture
    def pull(self, world: GiteaWorld) -> PullRequest:
        world.book.per_page = 1
        return world.open()

    def test_every_review_counts(self, world: GiteaWorld, pull: PullRequest) -> None:
        world.book.reviews[pull.number] = [
            _review("ada", "APPROVED", pull.head),
            _review("grace", "REQUEST_CHANGES", pull.head),
        ]
        assert [each.by for each in world.forge.reviews(REPOSITORY, pull.number)] == ["ada", "grace"]

    def test_every_check_counts(self, world: GiteaWorld, pull: PullRequest) -> None:
        world.hosted.set_status(pull.head, "build", "success")
        world.hosted.set_status(pull.head, "test", "failure")
        assert {each.name for each in world.forge.checks(REPOSITORY, pull.head)} == {"build", "test"}

    def test_what_was_asked_of_the_host_is_known(self, world: GiteaWorld, pull: PullRequest) -> None:
        world.hosted.protection = CI
        world.book.event(world.hosted.pull(pull.number), "comment", {"login": "ada"})
        _arm(world, pull)
        assert world.forge.arming(REPOSITORY, pull.number).is_armed

    def test_an_old_pull_request_is_found(self, world: GiteaWorld, pull: PullRequest) -> None:
        _open_many(world, 2)
        world.again()
        assert [each.number for each in world.forge.pull_requests(REPOSITORY, BRANCH)] == [pull.number]


class TestFailures:
    def test_a_repository_out_of_sight_is_not_one_without_pull_requests(self, world: GiteaWorld) -> None:
        world.gitea.host.delete(REPOSITORY)
        with pytest.raises(NotFound, match="check the path"):
            world.forge.pull_request(REPOSITORY, 1)
        with pytest.raises(NotFound, match="check the path"):
            world.forge.pull_requests(REPOSITORY, BRANCH)

    def test_a_redirect_is_not_followed_with_the_token(self, world: GiteaWorld) -> None:
        moved = Answer(307, None, {"Location": f"{world.gitea.url}/api/v1/stolen"})
        world.gitea.faults.add("GET", "/pulls/1$", moved)
        with pytest.raises(NotFound, match="was moved"):
            world.forge.pull_request(REPOSITORY, 1)
        assert world.gitea.asked("GET", "stolen") == []

    @pytest.mark.parametrize("answer", ["<html>login</html>", [], {"number": None}, {}], ids=str)
    def test_an_answer_that_is_not_giteas_is_malformed(self, world: GiteaWorld, answer: object) -> None:
        world.gitea.faults.add("GET", "/pulls/1$", Answer(200, answer))
        with pytest.raises(Malformed):
            world.forge.pull_request(REPOSITORY, 1)

    def test_a_token_that_may_only_read_is_denied(self, world: GiteaWorld) -> None:
        pull = world.open()
        world.gitea.tokens[TOKEN] = Account("reader", can_write=False)
        with pytest.raises(Denied, match="write:repository"):
            world.forge.revise(REPOSITORY, pull.number, title="Other", body="")

    def test_no_secret_is_shown(self, world: GiteaWorld) -> None:
        world.gitea.tokens.clear()
        asks: list[Callable[[], object]] = [
            lambda: world.forge.pull_request(REPOSITORY, 1),
            lambda: world.forge.default_branch(REPOSITORY),
        ]
        for ask in asks:
            with pytest.raises(Denied) as caught:
                ask()
            assert TOKEN not in f"{caught.value!r}{caught.value.__cause__!r}{GiteaSettings('x', TOKEN)!r}"


class TestWhere:
    def test_a_host_may_lie_below_a_path(self, world: GiteaWorld) -> None:
        below = forge(world.gitea, world.folder / "below", url=f"{world.gitea.prefixed_url}/")
        assert below.default_branch(REPOSITORY) == "main"
        assert below.pull_requests(REPOSITORY, BRANCH) == []
        assert world.gitea.asked()[-1].path == f"/git/api/v1/repos/{REPOSITORY}/pulls"
        below.disconnect()

    @pytest.mark.parametrize(
        "url", ["http://git.example.com", "git.example.com", "https://u:p@git.example.com"]
    )
    def test_a_token_never_travels_in_the_clear(self, world: GiteaWorld, url: str) -> None:
        with pytest.raises(Refused, match="not the address"):
            forge(world.gitea, world.folder, url=url)

    def test_an_authority_that_cannot_be_read_is_named(self, world: GiteaWorld) -> None:
        with pytest.raises(Refused, match="authority's certificate"):
            forge(world.gitea, world.folder, url="https://127.0.0.1:1", ca_bundle="/no/such/ca.pem")

    @pytest.mark.parametrize("path", ["infra", "acme/..", "a b/c", "acme/infra/x", ""])
    def test_what_is_no_repository_is_never_asked_for(self, world: GiteaWorld, path: str) -> None:
        with pytest.raises(TagboatError):
            world.forge.pull_request(path, 1)
        assert world.gitea.asked() == []


def _open_many(world: GiteaWorld, count: int) -> None:
    """Pull requests of other people, each on a branch of its own."""
    head = world.hosted.commit("feature/0", {"a": b"1"})
    for number in range(count):
        branch = f"feature/{number}"
        if number:
            world.hosted.make_branch(branch, head)
        world.hosted.open_pull(world.hosted, branch, "main", title="By hand")


def _arm(world: GiteaWorld, pull: PullRequest, *, sign_off: bool = False) -> None:
    options = MergeOptions(expected_head=pull.head, message="Merge it", sign_off=sign_off)
    world.forge.arm(REPOSITORY, pull.number, options)


def _review(
    name: str, state: str, commit: str, *, dismissed: bool = False, official: bool = True
) -> dict[str, object]:
    return {
        "user": {"login": name},
        "state": state,
        "commit_id": commit,
        "dismissed": dismissed,
        "official": official,
        "submitted_at": str(datetime(2026, 1, 1)),
    }


def _questions_to_git(world: GiteaWorld) -> int:
    return sum(each.request.path.endswith("/info/refs") for each in world.gitea.exchanges)
