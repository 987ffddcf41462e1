"""The GitLab forge beyond what every forge promises: its calls, its traps, and what it says of a merge."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.adapters.forges.gitlab.forge import GitLabForge, GitLabSettings
from bot.adapters.forges.identity import Identity, signed
from bot.adapters.forges.rules import comment_mark
from bot.domain.errors import Conflict, Denied, Malformed, NotFound, Refused, Transient
from bot.domain.pull_request.proposal import Metadata, PullRequestState
from tests.adapters.forges.gitlab.gitlab_world import REPOSITORY, GitLabWorld, forge, gitlab_world
from tests.adapters.forges.host_world import BRANCH, DEV, PROPOSAL
from tests.fakes.git_host_model import Protection
from tests.fakes.git_repository import Person
from tests.fakes.gitlab import TOKEN
from tests.fakes.gitlab_description import FILE, departures
from tests.fakes.gitlab_routes import Account
from tests.fakes.http_host import Answer

_ELSEWHERE = "https://elsewhere.example.com/api/v4/projects/7"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GitLabWorld]:
    with gitlab_world(tmp_path) as built:
        yield built


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


class TestWhere:
    @pytest.mark.parametrize("name", ["acme/infra", "acme/platform/eu/infra", "by number"])
    def test_a_project_is_found_by_its_whole_path_or_its_number(self, world: GitLabWorld, name: str) -> None:
        hosted = world.gitlab.host.create("acme/infra" if name == "by number" else name, {DEV: b"1"})
        name = str(hosted.id) if name == "by number" else name
        head = hosted.git.branch("main") or ""
        assert world.forge.head(name, "main") == head
        commit = world.forge.write(name, PROPOSAL, base=head, expected=None)
        assert world.forge.open(name, PROPOSAL, base_branch="main").head == commit

    def test_a_gitlab_may_lie_below_a_path(self, world: GitLabWorld) -> None:
        below = forge(world.gitlab, url=f"{world.gitlab.prefixed_url}/")
        assert below.default_branch(REPOSITORY) == "main"
        assert world.gitlab.asked()[-1].path.startswith("/gitlab/api/v4/projects/acme%2Fplatform%2Finfra/")
        below.disconnect()

    @pytest.mark.parametrize(
        "url", ["http://gitlab.example.com", "gitlab.example.com", "https://u:p@gitlab.example.com"]
    )
    def test_a_token_never_travels_in_the_clear(self, url: str) -> None:
        with pytest.raises(Refused, match="not the address of a GitLab") as caught:
            GitLabForge(GitLabSettings(TOKEN, url=url))
        assert "u:p" not in str(caught.value)

    def test_an_authority_that_cannot_be_read_is_named(self, tmp_path: Path) -> None:
        settings = GitLabSettings(TOKEN, url="https://127.0.0.1:1", ca_bundle=str(tmp_path / "ca.pem"))
        with pytest.raises(Refused, match="correct ca_file"):
            GitLabForge(settings).default_branch(REPOSITORY)

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    def test_a_redirect_is_not_followed_with_the_token(self, world: GitLabWorld, status: int) -> None:
        moved = Answer(status, {"message": "moved"}, {"Location": f"{world.gitlab.url}/stolen"})
        world.gitlab.faults.add("GET", "/branches/main$", moved)
        with pytest.raises(NotFound, match="was moved"):
            world.forge.head(REPOSITORY, "main")
        assert world.gitlab.asked("GET", "stolen") == []

    @pytest.mark.parametrize(
        "path",
        ["infra", "acme/..", "acme//infra", "a b/c", "acme/infra?x=1", "", "acme/infra.git", "0", "-1"],
    )
    def test_what_is_no_project_is_never_asked_for(self, world: GitLabWorld, path: str) -> None:
        with pytest.raises(NotFound):
            world.forge.default_branch(path)
        assert world.gitlab.asked() == []

    def test_a_project_out_of_sight_has_no_missing_branch_or_file(self, world: GitLabWorld) -> None:
        base = world.hosted.git.branch("main") or ""
        world.gitlab.host.delete(REPOSITORY)
        with pytest.raises(NotFound, match="check the path"):
            world.forge.head(REPOSITORY, BRANCH)
        with pytest.raises(NotFound, match="check the path"):
            world.forge.read(REPOSITORY, base, DEV)
        with pytest.raises(NotFound, match="check the path"):
            world.forge.write(REPOSITORY, PROPOSAL, base=base, expected=None)

    @pytest.mark.parametrize("change", ["reader", "archived"])
    def test_a_token_that_may_only_read_is_denied(self, world: GitLabWorld, change: str) -> None:
        world.hosted.is_archived = change == "archived"
        world.gitlab.tokens[TOKEN] = Account("reader", can_write=change == "archived")
        with pytest.raises(Denied, match="role Developer, or the project is archived"):
            world.write()

    def test_no_secret_is_shown(self, world: GitLabWorld) -> None:
        world.gitlab.tokens.clear()
        with pytest.raises(Denied, match="give a new one") as caught:
            world.forge.default_branch(REPOSITORY)
        shown = f"{caught.value}{caught.value!r}{caught.value.__cause__!r}{GitLabSettings(TOKEN)!r}"
        assert TOKEN not in shown

    @pytest.mark.parametrize(
        "answer", ["<html>login</html>", [], {"name": "main", "commit": None}, {}], ids=str
    )
    def test_an_answer_that_is_not_gitlabs_is_malformed(self, world: GitLabWorld, answer: object) -> None:
        world.gitlab.faults.add("GET", "/branches/main$", Answer(200, answer))
        with pytest.raises(Malformed):
            world.forge.head(REPOSITORY, "main")


class TestFiles:
    @pytest.mark.parametrize(
        "target", [b"dev/values.yaml", b"dev", b"nowhere"], ids=["file", "folder", "nothing"]
    )
    def test_a_link_is_refused_whatever_it_leads_to(self, world: GitLabWorld, target: bytes) -> None:
        commit = world.hosted.commit("main", {"envs/link": target}, mode="120000")
        with pytest.raises(Refused, match="symbolic link"):
            world.forge.read(REPOSITORY, commit, "envs/link")

    def test_one_line_in_a_full_folder_is_no_link(self, world: GitLabWorld) -> None:
        files = {f"many/{n:03}": b"1.0.0" for n in range(130)}
        commit = world.hosted.commit("main", files)
        assert world.forge.read(REPOSITORY, commit, "many/129") == b"1.0.0"
        assert len(world.gitlab.asked("GET", "/tree$")) == 2

    def test_a_file_beyond_the_limit_is_refused(self, world: GitLabWorld) -> None:
        commit = world.hosted.commit("main", {"huge.yaml": b"\n" * (10 * 1024 * 1024 + 1)})
        with pytest.raises(Refused, match="too large"):
            world.forge.read(REPOSITORY, commit, "huge.yaml")

    @pytest.mark.parametrize(
        "content", [{"size": 3, "content": base64.b64encode(b"tag").decode()}, {"size": 9, "content": "dGFn"}]
    )
    def test_a_file_is_whole_or_nothing(self, world: GitLabWorld, content: dict[str, object]) -> None:
        head = world.hosted.git.branch("main") or ""
        is_whole = content["size"] == 3
        world.gitlab.faults.add("GET", "/files/", Answer(200, {**content, "last_commit_id": head}))
        if is_whole:
            assert world.forge.read(REPOSITORY, head, DEV) == b"tag"
            return
        with pytest.raises(Malformed):
            world.forge.read(REPOSITORY, head, DEV)

    @pytest.mark.parametrize(
        "data",
        [b"a: 1\r\n", b"\xef\xbb\xbfa: 1", "ü: ☕\n".encode(), b"\xff\xfe\0", b"a\0b", b""],
        ids=["CRLF", "BOM", "UTF-8", "not UTF-8", "NUL", "empty"],
    )
    def test_bytes_are_written_as_they_are(self, world: GitLabWorld, data: bytes) -> None:
        commit = world.write(replace(PROPOSAL, files=((DEV, data),)))
        entry = world.hosted.git.entry(commit, DEV)
        assert entry is not None
        assert world.hosted.git.blob(entry.sha) == data


class TestWriting:
    def test_what_an_earlier_proposal_changed_goes_back(self, world: GitLabWorld) -> None:
        world.hosted.commit("main", {"b.yaml": b"tag: 1\n", "c.yaml": b"tag: 1\n"})
        world.write(replace(PROPOSAL, files=((DEV, b"tag: 2\n"), ("b.yaml", b"tag: 2\n"), ("new", b"n\n"))))
        commit = world.write(replace(PROPOSAL, files=((DEV, b"tag: 3\n"),)))
        git = world.hosted.git
        assert [path for _, path in git.changed(git.branch("main"), commit)] == [DEV]

    def test_what_is_pushed_between_the_look_and_the_write_is_off_the_branch(
        self, world: GitLabWorld
    ) -> None:
        """GitLab compares nothing: this is what `writing` says that it cannot promise."""
        head = world.write()
        world.believe(BRANCH)
        theirs = world.hosted.commit(BRANCH, {"note.txt": b"by hand"})
        base = world.hosted.git.branch("main") or ""
        newer = replace(PROPOSAL, files=((DEV, b"tag: 3.0.0\n"),))
        made = world.forge.write(REPOSITORY, newer, base=base, expected=head)
        assert world.hosted.git.branch(BRANCH) == made
        assert not world.hosted.git.contains(made, theirs)

    def test_whoever_pushes_to_the_base_in_between_loses_nothing(self, world: GitLabWorld) -> None:
        base = world.hosted.git.branch("main") or ""
        world.believe("main")
        theirs = world.hosted.commit("main", {"note.txt": b"by hand"})
        made = world.forge.commit(REPOSITORY, PROPOSAL, branch="main", expected=base)
        assert world.hosted.git.commit(made).parents == (theirs,)

    def test_a_file_that_somebody_changed_in_between_is_not_written_over(self, world: GitLabWorld) -> None:
        base = world.hosted.git.branch("main") or ""
        world.believe("main")
        theirs = world.hosted.commit("main", {DEV: b"tag: by hand\n"})
        with pytest.raises(Conflict, match="has changed since"):
            world.forge.commit(REPOSITORY, PROPOSAL, branch="main", expected=base)
        assert world.hosted.git.branch("main") == theirs

    def test_only_a_branch_of_ours_that_is_there_is_forced(self, world: GitLabWorld) -> None:
        world.write()
        world.write(replace(PROPOSAL, files=((DEV, b"tag: 3\n"),)))
        world.forge.commit(
            REPOSITORY, PROPOSAL, branch="main", expected=world.hosted.git.branch("main") or ""
        )
        sent = [request.data for request in world.gitlab.asked("POST", "/commits$")]
        assert [(each.get("force", False), "start_sha" in each) for each in sent] == [
            (False, True),
            (True, True),
            (False, False),
        ]

    def test_nothing_new_on_a_new_branch_is_a_branch_without_a_commit(self, world: GitLabWorld) -> None:
        base = world.hosted.git.branch("main")
        assert world.write(replace(PROPOSAL, files=((DEV, b"tag: 1.0.0\n"),))) == base
        with pytest.raises(Refused, match="holds nothing"):
            world.forge.open(REPOSITORY, PROPOSAL, base_branch="main")

    def test_nothing_new_is_not_forced_onto_a_branch(self, world: GitLabWorld) -> None:
        head = world.write()
        world.hosted.commit("main", {"other": b"1"})
        with pytest.raises(Refused, match="would hold nothing"):
            world.write(replace(PROPOSAL, files=((DEV, b"tag: 1.0.0\n"),)))
        assert world.hosted.git.branch(BRANCH) == head

    def test_the_commit_is_authored_by_the_identity_and_signed_off_when_asked(self, tmp_path: Path) -> None:
        with gitlab_world(tmp_path, identity=Identity("Boat", "boat@example.com")) as world:
            made = world.hosted.git.commit(world.write(replace(PROPOSAL, sign_off=True)))
            assert made.author == Person("Boat", "boat@example.com")
            assert "Signed-off-by: Boat <boat@example.com>" in made.message.splitlines()


class TestWhoseCommit:
    @pytest.mark.parametrize(
        ("author", "committer", "is_ours"),
        [
            ("tagboat@localhost", "tagboat-bot@users.noreply.gitlab.example.com", True),
            ("tagboat@localhost", "project_7_bot_0a1b2c@noreply.gitlab.example.com", True),
            ("tagboat@localhost", "group_12_bot@noreply.gitlab.com", True),
            ("tagboat@localhost", "tagboat@localhost", True),
            ("tagboat@localhost", "ada@example.com", False),
            ("ada@example.com", "tagboat-bot@users.noreply.gitlab.example.com", False),
            ("ada@example.com", "ada@example.com", False),
        ],
    )
    def test_the_author_is_tagboat_and_the_committer_the_tokens_user_or_a_bot(
        self, world: GitLabWorld, author: str, committer: str, is_ours: bool
    ) -> None:
        git = world.hosted.git
        head = git.branch("main") or ""
        people = {"author": Person("x", author), "committer": Person("x", committer)}
        commit = git.write_commit(git.tree(head), [head], signed("A change"), **people)
        world.hosted.make_branch(BRANCH, commit)
        found = world.forge.foreign_commit(REPOSITORY, branch=BRANCH, base="main")
        assert found == (None if is_ours else commit)

    def test_somebodys_commit_does_not_become_ours_by_holding_the_same(self, world: GitLabWorld) -> None:
        git, base = world.hosted.git, world.hosted.git.branch("main") or ""
        tree = git.tree(world.write())
        amended = git.write_commit(tree, [base], signed("Mine"), author=Person("Ada", "ada@example.com"))
        world.hosted.move_branch(BRANCH, amended, force=True)
        assert world.write() == amended
        world.look()
        assert world.forge.foreign_commit(REPOSITORY, branch=BRANCH, base="main") == amended

    def test_a_branch_with_too_many_commits_is_refused(
        self, world: GitLabWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("bot.adapters.forges.gitlab.authors._LONGEST_LOG", 2)
        world.hosted.commit(BRANCH, {"a": b"1"})
        world.hosted.commit(BRANCH, {"a": b"2"})
        with pytest.raises(Refused, match="too many commits"):
            world.forge.foreign_commit(REPOSITORY, branch=BRANCH, base="main")

    def test_a_branch_that_somebody_else_wrote_to_outlives_its_merge_request(
        self, world: GitLabWorld
    ) -> None:
        pull = world.open()
        theirs = world.hosted.commit(BRANCH, {"a": b"1"})
        world.forge.close(REPOSITORY, pull.number, comment="superseded")
        assert world.hosted.pull(pull.number).state == "closed"
        assert world.hosted.git.branch(BRANCH) == theirs

    def test_a_forks_branch_of_the_same_name_is_not_ours(self, world: GitLabWorld) -> None:
        fork = world.gitlab.host.fork(world.hosted, "stranger/infra")
        fork.commit(BRANCH, {DEV: b"tag: evil\n"})
        theirs = world.hosted.open_pull(fork, BRANCH, "main", title="Trust me", body=PROPOSAL.body)
        assert world.forge.pull_requests(REPOSITORY, BRANCH) == ()
        ours = world.open()
        assert [pull.number for pull in world.forge.pull_requests(REPOSITORY, BRANCH)] == [ours.number]
        with pytest.raises(Refused, match="fork"):
            world.forge.close(REPOSITORY, theirs.number, comment="no")


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
