"""Files as GitHub holds them, and a repository that the login does not see."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.errors import Denied, Malformed, NotFound, Refused
from tests.adapters.forges.github.github_world import REPOSITORY, GitHubWorld
from tests.adapters.forges.host_world import BRANCH, DEV, PROPOSAL
from tests.fakes.git_repository import Person
from tests.fakes.http_host import Answer


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


def test_no_secret_is_shown(world: GitHubWorld) -> None:
    world.github.accounts.revoke("ghp_tests")
    with pytest.raises(Denied) as caught:
        world.forge.default_branch(REPOSITORY)
    assert "ghp_tests" not in f"{caught.value}{caught.value!r}{caught.value.__cause__!r}"
