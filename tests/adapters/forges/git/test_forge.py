"""What the forge `git` commits and refuses; what it promises like every other stands in `tests/contracts`."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bot.adapters.forges.git.forge import GitForge
from bot.adapters.forges.rules import LARGEST_FILE
from bot.adapters.stores.memory import MemoryLedger
from bot.domain.errors import Conflict, NotFound, Refused
from tests.contracts.forge_steps import BRANCH, PROPOSAL, base_of, merge_in, open_in, with_file
from tests.contracts.forge_worlds import DEV, HUMAN, NOW, FixedClock, PlainGitWorld
from tests.fakes.git_repository import NOTHING, Person


class TestCommits:
    def test_they_carry_our_identity_the_trailer_and_the_clock(self, world: PlainGitWorld) -> None:
        commit = world.git.commit(open_in(world).head)
        assert commit.author == commit.committer == Person("Tagboat", "tagboat@localhost")
        assert commit.when == NOW
        assert commit.message == f"{PROPOSAL.message}\n\nTagboat: pull-request"

    def test_a_write_after_a_merge_starts_from_the_base_alone(self, world: PlainGitWorld) -> None:
        pull = open_in(world)
        merge_in(world, pull)
        second = open_in(world, with_file(DEV, b"3\n"))
        assert world.parents(second.head) == (base_of(world),)

    def test_below_a_linked_folder_nothing_is_read_or_written(self, world: PlainGitWorld) -> None:
        base = world.commit("main", {"current": b"envs/dev"}, mode="120000")
        with pytest.raises(Refused, match="symbolic link"):
            world.forge.read(world.repository, base, "current/values.yaml")
        proposal = with_file("current/values.yaml", b"x")
        with pytest.raises(Refused, match="symbolic link"):
            world.forge.write(world.repository, proposal, base=base, expected=None)

    def test_a_submodule_is_refused(self, world: PlainGitWorld) -> None:
        base = base_of(world)
        tree = world.git.write_tree(base, [("vendor", "160000", base)])
        commit = world.git.write_commit(tree, [base], "Vendor", author=HUMAN)
        world.git.move("main", commit, old=base)
        for path in ("vendor", "vendor/values.yaml"):
            with pytest.raises(Refused, match="submodule"):
                world.forge.read(world.repository, commit, path)

    def test_a_huge_file_is_refused_by_its_size(self, world: PlainGitWorld) -> None:
        commit = world.commit(
            "main", {"huge.yaml": bytes(LARGEST_FILE + 1), "fits.yaml": bytes(LARGEST_FILE)}
        )
        with pytest.raises(Refused, match="too large"):
            world.forge.read(world.repository, commit, "huge.yaml")
        assert world.forge.read(world.repository, commit, "fits.yaml") == bytes(LARGEST_FILE)
        proposal = with_file(DEV, bytes(LARGEST_FILE + 1))
        with pytest.raises(Refused, match="too large"):
            world.forge.write(world.repository, proposal, base=commit, expected=None)


class TestRefusals:
    def test_a_hook_of_the_repository_has_the_last_word(self, world: PlainGitWorld) -> None:
        hook = world.git.folder / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\necho 'deploys are frozen' >&2\nexit 1\n")
        hook.chmod(0o755)
        with pytest.raises(Refused, match="deploys are frozen"):
            open_in(world)
        assert world.head(BRANCH) is None

    def test_a_branch_in_the_way_is_named(self, world: PlainGitWorld) -> None:
        world.commit("tagboat", {"a": b"1"})
        with pytest.raises(Refused, match="branch in the way"):
            open_in(world)

    def test_a_checked_out_branch_is_not_pulled_from_under_a_human(
        self, world: PlainGitWorld, tmp_path: Path
    ) -> None:
        clone = tmp_path / "clone"
        subprocess.run(["git", "clone", "--quiet", str(world.git.folder), str(clone)], check=True)
        world.repository = str(clone)
        pull = open_in(world)
        with pytest.raises(Refused, match="use a bare repository"):
            merge_in(world, pull)

    def test_a_repository_of_another_hash_is_refused_plainly(
        self, world: PlainGitWorld, tmp_path: Path
    ) -> None:
        other = tmp_path / "sha256.git"
        subprocess.run(["git", "init", "--quiet", "--bare", "--object-format=sha256", str(other)], check=True)
        tree = subprocess.run(
            ["git", "mktree"], cwd=other, input=b"", check=True, capture_output=True
        ).stdout.decode()
        person = {f"GIT_{role}_{key}": "x" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}
        made = subprocess.run(
            ["git", "commit-tree", "-m", "x", tree.strip()],
            cwd=other,
            env={"PATH": "/usr/bin:/bin", **person},
            check=True,
            capture_output=True,
        )
        commit = made.stdout.decode().strip()
        subprocess.run(["git", "update-ref", "refs/heads/main", commit], cwd=other, check=True)
        with pytest.raises(Refused, match="SHA-256"):
            world.forge.head(str(other), "main")

    def test_an_empty_repository_has_no_default_branch(self, world: PlainGitWorld, tmp_path: Path) -> None:
        empty = tmp_path / "empty.git"
        subprocess.run(["git", "init", "--quiet", "--bare", str(empty)], check=True)
        with pytest.raises(NotFound, match="name the branch"):
            world.forge.default_branch(str(empty))
        assert world.forge.head(str(empty), "main") is None

    def test_a_base_branch_that_is_not_there_is_not_found(self, world: PlainGitWorld) -> None:
        world.forge.write(world.repository, PROPOSAL, base=base_of(world), expected=None)
        with pytest.raises(NotFound, match="'release'"):
            world.forge.open(world.repository, PROPOSAL, base_branch="release")

    def test_paths_stay_below_the_root(self, world: PlainGitWorld, tmp_path: Path) -> None:
        root = str(world.git.folder.parent)
        forge = GitForge(tmp_path / "c", ledger=MemoryLedger(), clock=FixedClock(), root=root)
        assert forge.head("infra.git", "main") == base_of(world)
        with pytest.raises(Refused, match="leads out of"):
            forge.head("../infra.git", "main")

    def test_a_branch_made_by_nobody_is_not_opened(self, world: PlainGitWorld) -> None:
        with pytest.raises(Conflict, match="is gone"):
            world.forge.open(world.repository, PROPOSAL, base_branch="main")
        assert world.git.branches().keys() == {"main"}
        assert NOTHING not in world.git.branches().values()
