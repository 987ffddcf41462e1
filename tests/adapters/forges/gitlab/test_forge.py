"""The GitLab forge beyond what every forge promises: where it is, files, writing, whose commits are whose."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pytest

from bot.adapters.forges.gitlab.forge import GitLabForge, GitLabSettings
from bot.adapters.forges.identity import Identity, signed
from bot.domain.errors import Conflict, Denied, Malformed, NotFound, Refused
from tests.adapters.forges.gitlab.gitlab_world import REPOSITORY, GitLabWorld, forge, gitlab_world
from tests.adapters.forges.host_world import BRANCH, DEV, PROPOSAL
from tests.fakes.git_repository import Person
from tests.fakes.gitlab import TOKEN
from tests.fakes.gitlab_routes import Account
from tests.fakes.http_host import Answer


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
