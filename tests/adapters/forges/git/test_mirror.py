"""The mirror that the forge `git` reads: lost, damaged, shared, and never more than was asked for."""

from __future__ import annotations

import shutil
import subprocess
from functools import partial
from pathlib import Path

import pytest

from bot.domain.errors import Unreachable
from bot.domain.pull_request.proposal import PullRequestState
from bot.domain.snapshot import Relation
from tests.adapters.forges.git.git_steps import another, at_once, state_of
from tests.contracts.forge_steps import base_of, open_in
from tests.contracts.forge_worlds import DEV, START, PlainGitWorld


def _mirror_of(world: PlainGitWorld) -> Path:
    (found,) = (world.git.folder.parent / "cache").glob("*.git")
    return found


def test_an_emptied_cache_is_filled_again(world: PlainGitWorld) -> None:
    number = open_in(world).number
    shutil.rmtree(world.git.folder.parent / "cache")
    (world.git.folder.parent / "cache").mkdir()
    assert state_of(world, number) is PullRequestState.OPEN
    assert world.forge.read(world.repository, base_of(world), DEV) == START[DEV]


def test_a_mirror_without_any_object_is_filled_again(world: PlainGitWorld) -> None:
    base = world.forge.head(world.repository, "main") or ""
    shutil.rmtree(_mirror_of(world) / "objects")
    (_mirror_of(world) / "objects").mkdir()
    assert world.forge.read(world.repository, base, DEV) == START[DEV]


@pytest.mark.parametrize("damage", [b"", b"junk", None], ids=["emptied", "overwritten", "missing"])
@pytest.mark.parametrize("part", ["tree", "file"])
def test_a_damaged_mirror_is_dropped_and_the_next_attempt_works(
    world: PlainGitWorld, part: str, damage: bytes | None
) -> None:
    base = world.forge.head(world.repository, "main") or ""
    entry = world.git.entry(base, DEV)
    name = world.git.tree(base) if part == "tree" or entry is None else entry.sha
    stored = _mirror_of(world) / "objects" / name[:2] / name[2:]
    stored.unlink()
    if damage is not None:
        stored.write_bytes(damage)
    with pytest.raises(Unreachable, match="damaged"):
        world.forge.read(world.repository, base, DEV)
    assert world.forge.read(world.repository, base, DEV) == START[DEV]
    assert list((world.git.folder.parent / "cache").glob(".*")) == []


def test_a_mirror_that_is_no_repository_any_more_is_dropped(world: PlainGitWorld) -> None:
    world.forge.head(world.repository, "main")
    (_mirror_of(world) / "HEAD").unlink()
    moved = world.commit("main", {"README.md": b"# New\n"})
    with pytest.raises(Unreachable, match="damaged"):
        world.forge.head(world.repository, "main")
    assert world.forge.head(world.repository, "main") == moved


def test_hooks_in_the_mirror_never_run(world: PlainGitWorld) -> None:
    world.forge.head(world.repository, "main")
    hooks = _mirror_of(world) / "hooks"
    hooks.mkdir()
    for name in ("pre-push", "reference-transaction", "post-checkout", "pre-auto-gc"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {hooks}/ran\n")
        (hooks / name).chmod(0o755)
    open_in(world)
    assert not (hooks / "ran").exists()


def test_a_branch_may_take_the_place_of_a_folder_of_branches(world: PlainGitWorld) -> None:
    world.commit("feature/x", {"a": b"1"})
    assert world.forge.head(world.repository, "feature/x") is not None
    world.delete("feature/x")
    commit = world.commit("feature", {"a": b"2"})
    assert world.forge.head(world.repository, "feature") == commit


def test_only_the_branch_that_was_asked_for_is_fetched(world: PlainGitWorld) -> None:
    side = world.commit("feature/side", {"side": b"1"})
    world.forge.head(world.repository, "main")
    listed = subprocess.run(
        ["git", "for-each-ref", "--format=%(refname)"],
        cwd=_mirror_of(world),
        check=True,
        capture_output=True,
        text=True,
    )
    assert listed.stdout.split() == ["refs/heads/main"]
    relation = world.forge.relation(world.repository, commit=base_of(world), revision=side)
    assert relation is Relation.CONTAINED


def test_processes_share_a_cache(world: PlainGitWorld) -> None:
    machines = [another(world, "shared") for _ in range(4)]
    heads = at_once([partial(each.forge.head, world.repository, "main") for each in machines])
    assert heads == [base_of(world)] * 4
