"""What every forge promises of reading: branches, files and trees by commit, and how commits relate."""

from __future__ import annotations

import pytest

from bot.domain.errors import NotFound, Refused
from bot.domain.snapshot import Relation
from tests.contracts.forge_steps import EVERY_WORLD, GIT_ALONE, NOBODYS_COMMIT, base_of
from tests.contracts.forge_worlds import DEV, START, ForgeWorld


@EVERY_WORLD
class TestBranches:
    def test_the_default_branch_is_known(self, world: ForgeWorld) -> None:
        assert world.forge.default_branch(world.repository) == "main"

    def test_an_unknown_repository_is_not_found(self, world: ForgeWorld) -> None:
        with pytest.raises(NotFound):
            world.forge.default_branch(f"{world.repository}-elsewhere")

    def test_a_branch_is_followed_as_it_moves(self, world: ForgeWorld) -> None:
        for number in range(2):
            pushed = world.commit("main", {"count.txt": b"%d" % number})
            assert world.forge.head(world.repository, "main") == pushed

    def test_a_branch_that_is_forced_elsewhere_is_followed(self, world: ForgeWorld) -> None:
        first = base_of(world)
        world.commit("main", {"count.txt": b"1"})
        assert world.forge.head(world.repository, "main") != first
        world.reset("main", first)
        assert world.forge.head(world.repository, "main") == first

    def test_a_branch_that_is_not_there_has_no_head(self, world: ForgeWorld) -> None:
        assert world.forge.head(world.repository, "feature/nothing") is None

    def test_a_deleted_branch_has_no_head(self, world: ForgeWorld) -> None:
        world.commit("feature/short", {"a.txt": b"a"})
        assert world.forge.head(world.repository, "feature/short") is not None
        world.delete("feature/short")
        assert world.forge.head(world.repository, "feature/short") is None


@GIT_ALONE
class TestRead:
    @pytest.mark.parametrize(
        "data",
        [
            pytest.param(b"a: 1\r\nb: 2\r\n", id="CRLF"),
            pytest.param(b"a: 1", id="no newline at the end"),
            pytest.param(b"\xef\xbb\xbfa: \xc3\xbc\n", id="byte order mark"),
            pytest.param(bytes(range(256)), id="every byte"),
            pytest.param(b"", id="empty"),
        ],
    )
    def test_bytes_come_back_as_they_are(self, world: ForgeWorld, data: bytes) -> None:
        commit = world.commit("main", {"some/file": data})
        assert world.forge.read(world.repository, commit, "some/file") == data

    @pytest.mark.parametrize("path", ["Über uns/wörter ☕.yaml", "a b/c'd\"e.yaml", "glob[*]?.yaml"])
    def test_paths_are_taken_literally(self, world: ForgeWorld, path: str) -> None:
        commit = world.commit("main", {path: b"1"})
        assert world.forge.read(world.repository, commit, path) == b"1"

    def test_an_old_commit_is_still_read(self, world: ForgeWorld) -> None:
        old = base_of(world)
        world.commit("main", {DEV: b"changed\n"})
        assert world.forge.read(world.repository, old, DEV) == START[DEV]

    @pytest.mark.parametrize("path", ["nothing.yaml", "envs/dev/nothing.yaml", "no/such/folder.yaml"])
    def test_a_file_that_is_not_there_is_none(self, world: ForgeWorld, path: str) -> None:
        assert world.forge.read(world.repository, base_of(world), path) is None

    def test_a_commit_that_nobody_has_is_not_taken_for_an_absent_file(self, world: ForgeWorld) -> None:
        with pytest.raises(NotFound):
            world.forge.read(world.repository, NOBODYS_COMMIT, DEV)

    def test_a_folder_is_refused(self, world: ForgeWorld) -> None:
        with pytest.raises(Refused):
            world.forge.read(world.repository, base_of(world), "envs/dev")

    def test_a_symbolic_link_is_refused(self, world: ForgeWorld) -> None:
        commit = world.commit("main", {"envs/link.yaml": b"dev/values.yaml"}, mode="120000")
        with pytest.raises(Refused):
            world.forge.read(world.repository, commit, "envs/link.yaml")


@GIT_ALONE
class TestTree:
    def test_every_file_below_a_directory_is_told_with_its_mode(self, world: ForgeWorld) -> None:
        world.commit("main", {"envs/dev/bin/run": b"#!/bin/sh\n"}, mode="100755")
        tree = world.forge.tree(world.repository, base_of(world), "envs/dev")
        assert {path: entry.mode for path, entry in tree.items()} == {
            "values.yaml": "100644",
            "bin/run": "100755",
        }

    def test_bytes_come_by_the_ids_of_the_tree(self, world: ForgeWorld) -> None:
        data = {"kit/all": bytes(range(256)), "kit/text": "Ünï\r\n".encode(), "kit/empty": b""}
        commit = world.commit("main", data)
        tree = world.forge.tree(world.repository, commit, "kit")
        blobs = world.forge.blobs(world.repository, {entry.blob for entry in tree.values()})
        assert {f"kit/{path}": blobs[entry.blob] for path, entry in tree.items()} == data

    def test_the_same_bytes_have_the_same_id_wherever_they_stand(self, world: ForgeWorld) -> None:
        commit = world.commit("main", {"one/a": b"same", "two/b": b"same", "two/c": b"other"})
        one = world.forge.tree(world.repository, commit, "one")
        two = world.forge.tree(world.repository, commit, "two")
        assert one["a"].blob == two["b"].blob != two["c"].blob

    def test_an_old_commit_keeps_its_tree(self, world: ForgeWorld) -> None:
        old = base_of(world)
        world.commit("main", {"envs/dev/more.yaml": b"1"})
        assert list(world.forge.tree(world.repository, old, "envs/dev")) == ["values.yaml"]

    def test_a_directory_that_is_not_there_is_empty(self, world: ForgeWorld) -> None:
        for directory in ("nothing", "envs/nothing/at/all"):
            assert world.forge.tree(world.repository, base_of(world), directory) == {}

    def test_links_are_told_and_not_followed(self, world: ForgeWorld) -> None:
        commit = world.commit("main", {"envs/dev/link": b"values.yaml"}, mode="120000")
        assert world.forge.tree(world.repository, commit, "envs/dev")["link"].mode == "120000"

    @pytest.mark.parametrize("directory", [DEV, f"{DEV}/below"])
    def test_a_file_is_no_directory(self, world: ForgeWorld, directory: str) -> None:
        with pytest.raises(Refused):
            world.forge.tree(world.repository, base_of(world), directory)

    def test_a_commit_that_nobody_has_has_no_tree(self, world: ForgeWorld) -> None:
        with pytest.raises(NotFound):
            world.forge.tree(world.repository, NOBODYS_COMMIT, "envs/dev")

    def test_bytes_that_nobody_has_are_not_found(self, world: ForgeWorld) -> None:
        with pytest.raises(NotFound):
            world.forge.blobs(world.repository, {NOBODYS_COMMIT})


@GIT_ALONE
class TestRelation:
    def test_a_commit_is_contained_in_itself_and_what_follows(self, world: ForgeWorld) -> None:
        first = base_of(world)
        second = world.commit("main", {"a.txt": b"2"})
        for revision in (first, second):
            relation = world.forge.relation(world.repository, commit=first, revision=revision)
            assert relation is Relation.CONTAINED

    def test_an_older_revision_is_behind(self, world: ForgeWorld) -> None:
        first = base_of(world)
        second = world.commit("main", {"a.txt": b"2"})
        assert world.forge.relation(world.repository, commit=second, revision=first) is Relation.BEHIND

    def test_branches_diverge(self, world: ForgeWorld) -> None:
        side = world.commit("feature/side", {"side.txt": b"s"})
        main = world.commit("main", {"a.txt": b"2"})
        assert world.forge.relation(world.repository, commit=side, revision=main) is Relation.DIVERGED

    @pytest.mark.parametrize("revision", [NOBODYS_COMMIT, "main", "1.2.3", "", "--all"])
    def test_what_names_no_commit_of_the_repository_is_unknown(
        self, world: ForgeWorld, revision: str
    ) -> None:
        base = base_of(world)
        assert world.forge.relation(world.repository, commit=base, revision=revision) is Relation.UNKNOWN

    def test_a_commit_that_comes_later_is_not_unknown_for_ever(self, world: ForgeWorld) -> None:
        first = base_of(world)
        assert world.forge.head(world.repository, "main") == first
        second = world.commit("main", {"a.txt": b"2"})
        assert world.forge.relation(world.repository, commit=first, revision=second) is Relation.CONTAINED
