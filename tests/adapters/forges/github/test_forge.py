"""The GitHub forge beyond what every forge promises: its calls, its traps, and what it says of a merge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.adapters.forges.identity import Identity, signed
from bot.domain.errors import Denied, Malformed, NotFound, Refused
from bot.domain.pull_request.proposal import PullRequestState
from bot.domain.snapshot import Relation
from tests.adapters.forges.github.github_world import REPOSITORY, GitHubWorld, forge, github_world
from tests.adapters.forges.host_world import BRANCH, DEV, PROPOSAL
from tests.fakes.git_host_model import Protection, Pull
from tests.fakes.git_repository import Person
from tests.fakes.github_description import departures
from tests.fakes.http_host import Answer

OURS = Person(Identity().name, Identity().email)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GitHubWorld]:
    with github_world(tmp_path) as built:
        yield built


def _calls(world: GitHubWorld) -> list[str]:
    asked = world.github.asked()
    return [f"{each.method} {each.call.removeprefix(f'/repos/{REPOSITORY}')}" for each in asked]


def _look(world: GitHubWorld) -> tuple[str, str | None]:
    """What a look at a pipeline asks, in its order; the base commit and the branch's."""
    world.forge.pull_requests(REPOSITORY, BRANCH)
    base = world.forge.head(REPOSITORY, world.forge.default_branch(REPOSITORY))
    assert base is not None
    world.forge.read(REPOSITORY, base, DEV)
    return base, world.forge.head(REPOSITORY, BRANCH)


class TestCalls:
    def test_opening_a_pull_request_takes_eight_calls_when_nothing_is_known(self, world: GitHubWorld) -> None:
        branch = world.forge.default_branch(REPOSITORY)
        base = world.forge.head(REPOSITORY, branch)
        assert base is not None
        assert world.forge.read(REPOSITORY, base, DEV) == b"tag: 1.0.0\n"
        assert world.forge.pull_requests(REPOSITORY, BRANCH) == ()
        world.forge.write(REPOSITORY, PROPOSAL, base=base, expected=None)
        world.forge.open(REPOSITORY, PROPOSAL, base_branch=branch)
        assert _calls(world) == [
            "GET ",
            "GET /branches/main",
            f"GET /contents/{DEV}",
            "GET /pulls",
            "POST /git/trees",
            "POST /git/commits",
            "POST /git/refs",
            "POST /pulls",
        ]

    def test_opening_in_a_look_takes_eight_calls_once_there_was_a_pull_request(
        self, world: GitHubWorld
    ) -> None:
        world.merge(world.open())
        world.hosted.delete_branch(BRANCH)
        world.again()
        world.github.forget_requests()
        base, head = _look(world)
        world.forge.write(REPOSITORY, replace(PROPOSAL, files=((DEV, b"3\n"),)), base=base, expected=head)
        world.forge.open(REPOSITORY, PROPOSAL, base_branch="main")
        assert _calls(world) == [
            "GET /pulls",
            "GET /branches/main",
            f"GET /contents/{DEV}",
            f"GET /branches/{BRANCH}",
            "POST /git/trees",
            "POST /git/commits",
            "POST /git/refs",
            "POST /pulls",
        ]

    def test_updating_onto_a_moved_base_takes_four_calls_after_a_look(self, world: GitHubWorld) -> None:
        pull = world.open()
        world.hosted.commit("main", {"other": b"1"})
        world.again()
        base, head = _look(world)
        world.forge.foreign_commit(REPOSITORY, branch=BRANCH, base="main")
        world.github.forget_requests()
        newer = replace(PROPOSAL, files=((DEV, b"tag: 3.0.0\n"),))
        world.forge.write(REPOSITORY, newer, base=base, expected=head)
        world.forge.revise(REPOSITORY, pull.number, title="Newer", body=newer.body)
        assert _calls(world) == [
            "POST /git/trees",
            "POST /git/commits",
            "POST /graphql mutation",
            "PATCH /pulls/1",
        ]

    def test_the_default_branch_is_believed_once_when_it_was_told_along(
        self, world: GitHubWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.open()
        now = 1000.0
        monkeypatch.setattr("bot.adapters.forges.told.time.monotonic", lambda: now)
        for elapsed, asked in ((1.9, 0), (0.0, 1), (2.0, 1)):
            if elapsed:
                world.forge.pull_requests(REPOSITORY, BRANCH)
            world.github.forget_requests()
            now += elapsed
            assert world.forge.default_branch(REPOSITORY) == "main"
            assert len(world.github.asked("GET", "/infra$")) == asked

    def test_what_did_not_change_is_asked_for_conditionally(self, world: GitHubWorld) -> None:
        opened = world.open()
        for _ in range(2):
            world.github.forget_requests()
            assert world.forge.head(REPOSITORY, "main") == world.hosted.git.branch("main")
            assert [p.number for p in world.forge.pull_requests(REPOSITORY, BRANCH)] == [opened.number]
        assert [exchange.response.status for exchange in world.github.exchanges] == [304, 304, 304]

    def test_what_a_commit_names_is_read_once(self, world: GitHubWorld) -> None:
        base = world.forge.head(REPOSITORY, "main")
        assert base is not None
        next_one = world.hosted.commit("main", {"other": b"1"})
        for _ in range(2):
            world.forge.read(REPOSITORY, base, DEV)
            world.forge.relation(REPOSITORY, commit=base, revision=next_one)
        assert len(world.github.asked("GET", "/contents/")) == 1
        assert len(world.github.asked("GET", "/compare/")) == 1

    def test_a_commit_that_github_does_not_know_yet_is_asked_for_again(self, world: GitHubWorld) -> None:
        base = world.forge.head(REPOSITORY, "main")
        assert base is not None
        for _ in range(2):
            assert world.forge.relation(REPOSITORY, commit=base, revision="a" * 40) is Relation.UNKNOWN
        assert len(world.github.asked("GET", "/compare/")) == 2

    def test_every_request_and_answer_holds_against_githubs_description(self, world: GitHubWorld) -> None:
        first = world.open()
        world.forge.revise(REPOSITORY, first.number, title="Other", body="Other")
        world.forge.foreign_commit(REPOSITORY, branch=BRANCH, base="main")
        world.forge.close(REPOSITORY, first.number, comment="superseded")
        files = ((DEV, b"tag: 3\n"), ("new/binary", b"\xff\0"))
        second = world.open(replace(PROPOSAL, files=files))
        world.hosted.commit("main", {"other": b"1"})
        moved = world.write(replace(PROPOSAL, files=((DEV, b"tag: 4\n"),)))
        world.merge(replace(second, head=moved))
        world.forge.read(REPOSITORY, moved, "envs/dev/none.yaml")
        world.forge.default_branch(REPOSITORY)
        asked = [each for each in world.github.exchanges if each.request.path != "/graphql"]
        assert len(asked) >= 30
        assert [text for exchange in asked for text in departures(exchange)] == []

    def test_enterprise_server_has_its_api_below_a_path(self, world: GitHubWorld) -> None:
        enterprise = forge(world.github, api_url=world.github.enterprise_url)
        assert enterprise.default_branch(REPOSITORY) == "main"
        assert world.github.asked()[-1].path == f"/api/v3/repos/{REPOSITORY}"
        enterprise.disconnect()


class TestFiles:
    def test_a_file_too_large_for_the_contents_api_is_read_as_a_blob(self, world: GitHubWorld) -> None:
        large = b"# \xc3\xbc\r\n" * 200_000
        commit = world.hosted.commit("main", {"large.yaml": large})
        assert world.forge.read(REPOSITORY, commit, "large.yaml") == large
        assert len(world.github.asked("GET", "/git/blobs/")) == 1

    def test_a_file_beyond_the_limit_is_refused_before_it_is_fetched(self, world: GitHubWorld) -> None:
        commit = world.hosted.commit("main", {"huge.yaml": bytes(10 * 1024 * 1024 + 1)})
        with pytest.raises(Refused, match="too large"):
            world.forge.read(REPOSITORY, commit, "huge.yaml")
        assert world.github.asked("GET", "/git/blobs/") == []

    @pytest.mark.parametrize(
        "target", [b"dev/values.yaml", b"dev", b"nowhere"], ids=["file", "folder", "nothing"]
    )
    def test_a_link_is_refused_whatever_it_leads_to(self, world: GitHubWorld, target: bytes) -> None:
        commit = world.hosted.commit("main", {"envs/link": target}, mode="120000")
        with pytest.raises(Refused, match=r"symlink|symbolic link"):
            world.forge.read(REPOSITORY, commit, "envs/link")

    def test_a_link_to_a_large_file_is_refused(self, world: GitHubWorld) -> None:
        world.hosted.commit("main", {"large": b"x" * 1_500_000})
        commit = world.hosted.commit("main", {"link": b"large"}, mode="120000")
        with pytest.raises(Refused, match="symbolic link"):
            world.forge.read(REPOSITORY, commit, "link")

    def test_a_submodule_is_refused(self, world: GitHubWorld) -> None:
        git = world.hosted.git
        head = git.branch("main") or ""
        tree = git.write_tree(git.tree(head), [("sub", "160000", head)])
        commit = git.write_commit(tree, [head], "Add a submodule", author=Person())
        with pytest.raises(Refused, match="submodule"):
            world.forge.read(REPOSITORY, commit, "sub")

    @pytest.mark.parametrize(
        "data",
        [b"a: 1\r\n", b"\xef\xbb\xbfa: 1", "ü: ☕\n".encode(), b"\xff\xfe\0", b"a\0b", b""],
        ids=["CRLF", "BOM", "UTF-8", "not UTF-8", "NUL", "empty"],
    )
    def test_bytes_are_written_as_they_are(self, world: GitHubWorld, data: bytes) -> None:
        commit = world.write(replace(PROPOSAL, files=((DEV, data),)))
        entry = world.hosted.git.entry(commit, DEV)
        assert entry is not None
        assert world.hosted.git.blob(entry.sha) == data


class TestOutOfSight:
    """A repository that the login does not see is never taken for one without the branch or the file."""

    def test_it_has_no_missing_branch(self, world: GitHubWorld) -> None:
        world.github.host.delete(REPOSITORY)
        with pytest.raises(NotFound):
            world.forge.head(REPOSITORY, BRANCH)

    def test_it_has_no_missing_file(self, world: GitHubWorld) -> None:
        base = world.hosted.git.branch("main") or ""
        world.github.host.delete(REPOSITORY)
        with pytest.raises(NotFound):
            world.forge.read(REPOSITORY, base, DEV)

    def test_it_takes_no_write(self, world: GitHubWorld) -> None:
        base = world.hosted.git.branch("main") or ""
        world.github.host.delete(REPOSITORY)
        with pytest.raises(NotFound):
            world.forge.write(REPOSITORY, PROPOSAL, base=base, expected=None)

    @pytest.mark.parametrize("path", ["infra", "acme/infra/more", "acme/..", "a b/c", "acme/infra?x=1", ""])
    def test_what_is_no_repository_is_never_asked_for(self, world: GitHubWorld, path: str) -> None:
        with pytest.raises(NotFound):
            world.forge.default_branch(path)
        assert world.github.asked() == []

    def test_a_renamed_branch_is_not_followed(self, world: GitHubWorld) -> None:
        where = f"{world.github.url}/repos/{REPOSITORY}/branches/main"
        world.github.faults.add("GET", "/branches/master$", Answer(301, None, {"Location": where}))
        assert world.forge.head(REPOSITORY, "master") is None

    def test_a_moved_repository_is_named_when_it_refuses_a_write(self, world: GitHubWorld) -> None:
        world.github.faults.add("POST", "/git/trees", Answer(307, {"message": "Moved Permanently"}))
        with pytest.raises(NotFound, match="moved"):
            world.write()

    def test_an_archived_repository_is_no_matter_of_the_login(self, world: GitHubWorld) -> None:
        world.hosted.is_archived = True
        with pytest.raises(Refused, match="archived"):
            world.write()

    def test_a_login_that_may_only_read_is_denied(self, world: GitHubWorld) -> None:
        world.github.accounts.add_token("ghp_tests", "reader", can_write=False)
        with pytest.raises(Denied, match="access token may not") as caught:
            world.write()
        assert "ghp_tests" not in str(caught.value)

    @pytest.mark.parametrize("answer", ["<html>login</html>", [], {"default_branch": None}, {}], ids=str)
    def test_an_answer_that_is_not_githubs_is_malformed(self, world: GitHubWorld, answer: object) -> None:
        world.github.faults.add("GET", "/branches/main$", Answer(200, answer))
        with pytest.raises(Malformed):
            world.forge.head(REPOSITORY, "main")


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


def test_no_secret_is_shown(world: GitHubWorld) -> None:
    world.github.accounts.revoke("ghp_tests")
    with pytest.raises(Denied) as caught:
        world.forge.default_branch(REPOSITORY)
    assert "ghp_tests" not in f"{caught.value}{caught.value!r}{caught.value.__cause__!r}"
