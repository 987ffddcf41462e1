"""What every forge promises of writing a proposal's branch: one move, or none, and nobody's commit lost."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest

from bot.domain.errors import Conflict, NotFound, Refused
from bot.domain.pull_request.proposal import PullRequestState
from tests.contracts.forge_steps import (
    BRANCH,
    GIT_ALONE,
    NEW_DEV,
    NOBODYS_COMMIT,
    PROPOSAL,
    base_of,
    merge_in,
    open_in,
    with_file,
    write_in,
)
from tests.contracts.forge_worlds import DEV, PROD, SCRIPT, START, ForgeWorld


def _not_at_all(world: ForgeWorld) -> None:
    """The base stays."""


def _on(world: ForgeWorld) -> None:
    """The base moves on."""
    head = world.head("main") or ""
    world.commit("main", {"README.md": head.encode()})


def _elsewhere(world: ForgeWorld) -> None:
    """The base is taken back, and goes another way."""
    head = world.head("main") or ""
    parents = world.parents(head)
    world.reset("main", parents[0] if parents else head)
    world.commit("main", {"README.md": head.encode()})


MOVES = (_not_at_all, _on, _elsewhere)


@GIT_ALONE
class TestWrite:
    def test_a_new_branch_is_one_commit_on_the_base(self, world: ForgeWorld) -> None:
        base = base_of(world)
        commit = world.forge.write(world.repository, PROPOSAL, base=base, expected=None)
        assert world.head(BRANCH) == commit
        assert world.parents(commit) == (base,)
        assert world.contents(commit) == {**world.contents(base), DEV: NEW_DEV}

    @pytest.mark.parametrize(
        "path", ["new.yaml", "deep/er/new.yaml", "envs/dev/more.yaml", "Über/☕ .yaml", "glob[*]?.yaml"]
    )
    def test_a_new_file_is_added_beside_the_others(self, world: ForgeWorld, path: str) -> None:
        commit = write_in(world, with_file(path, b"a: 1\r\n"))
        assert world.contents(commit) == {**world.contents(base_of(world)), path: b"a: 1\r\n"}
        assert world.mode(commit, path) == "100644"

    def test_an_executable_file_stays_executable(self, world: ForgeWorld) -> None:
        commit = write_in(world, with_file(SCRIPT, b"#!/bin/sh\nexit 0\n"))
        assert world.mode(commit, SCRIPT) == "100755"
        assert world.contents(commit)[SCRIPT] == b"#!/bin/sh\nexit 0\n"

    def test_several_files_move_in_one_commit(self, world: ForgeWorld) -> None:
        proposal = replace(PROPOSAL, files=((DEV, b"d"), (PROD, b"p"), ("new", b"n")))
        commit = write_in(world, proposal)
        assert world.parents(commit) == (base_of(world),)
        assert world.contents(commit).items() >= dict(proposal.files).items()

    def test_files_go_and_their_folder_with_the_last_one(self, world: ForgeWorld) -> None:
        base = world.commit("main", {"old/a.yaml": b"a", "old/deep/b.yaml": b"b", "kept/c.yaml": b"c"})
        gone: tuple[tuple[str, bytes | None], ...] = (("old/a.yaml", None), ("old/deep/b.yaml", None))
        proposal = replace(PROPOSAL, files=(*gone, ("kept/d.yaml", b"d")))
        commit = write_in(world, proposal)
        left = {path: data for path, data in world.contents(base).items() if not path.startswith("old/")}
        assert world.contents(commit) == {**left, "kept/d.yaml": b"d"}
        assert world.forge.tree(world.repository, commit, "old") == {}

    def test_a_file_that_is_not_there_may_go(self, world: ForgeWorld) -> None:
        proposal = replace(PROPOSAL, files=(("no/such/file", None), (DEV, NEW_DEV)))
        commit = write_in(world, proposal)
        assert world.contents(commit) == {**world.contents(base_of(world)), DEV: NEW_DEV}

    @pytest.mark.parametrize("mode", ["100644", "100755"])
    @pytest.mark.parametrize("path", [SCRIPT, DEV, "bin/new", "bin/binary"])
    def test_a_mode_that_is_given_is_the_files_mode(self, world: ForgeWorld, path: str, mode: str) -> None:
        data = b"\0\xff" if path == "bin/binary" else b"#!/bin/sh\n"
        commit = write_in(world, replace(PROPOSAL, files=((path, data),), modes=((path, mode),)))
        assert world.mode(commit, path) == mode
        assert world.contents(commit)[path] == data

    @pytest.mark.parametrize(
        ("path", "data"), [("envs/link", b"x"), ("envs/link", None), ("envs/link/below", b"x")]
    )
    def test_a_link_is_not_touched(self, world: ForgeWorld, path: str, data: bytes | None) -> None:
        world.commit("main", {"envs/link": b"dev"}, mode="120000")
        modes = ((path, "100644"),) if data is not None else ()
        with pytest.raises(Refused):
            write_in(world, replace(PROPOSAL, files=((path, data),), modes=modes))
        assert world.head(BRANCH) is None

    def test_a_branch_that_exists_is_not_made_again(self, world: ForgeWorld) -> None:
        commit = write_in(world)
        with pytest.raises(Conflict):
            world.forge.write(world.repository, PROPOSAL, base=base_of(world), expected=None)
        assert world.head(BRANCH) == commit

    @pytest.mark.parametrize("there", [True, False], ids=["the branch moved", "the branch is gone"])
    def test_a_branch_that_is_elsewhere_is_left_alone(self, world: ForgeWorld, there: bool) -> None:
        commit = write_in(world)
        moved = world.commit(BRANCH, {"note.txt": b"by hand"}) if there else world.delete(BRANCH)
        other = with_file(DEV, b"other\n")
        with pytest.raises(Conflict):
            world.forge.write(world.repository, other, base=base_of(world), expected=commit)
        assert world.head(BRANCH) == moved

    @pytest.mark.parametrize("move", MOVES, ids=[each.__name__.strip("_") for each in MOVES])
    def test_however_often_it_is_written_the_branch_is_one_commit_on_the_base(
        self, world: ForgeWorld, move: Callable[[ForgeWorld], None]
    ) -> None:
        for number in range(3):
            written = write_in(world, replace(PROPOSAL, files=((DEV, b"%d\n" % number), (f"{number}", b"x"))))
            move(world)
        commit = write_in(world)
        base = base_of(world)
        assert world.head(BRANCH) == commit != written
        assert world.contents(commit) == {**world.contents(base), DEV: NEW_DEV}
        assert world.parents(commit) == (base,)
        assert world.forge.foreign_commit(world.repository, branch=BRANCH, base="main") is None

    def test_modes_that_were_changed_before_are_back_as_in_the_base(self, world: ForgeWorld) -> None:
        run = b"#!/bin/sh\n"
        modes = ((SCRIPT, "100644"), (DEV, "100755"))
        write_in(world, replace(PROPOSAL, files=((SCRIPT, run), (DEV, START[DEV])), modes=modes))
        commit = write_in(world, with_file(PROD, b"tag: 2\n"))
        assert (world.mode(commit, SCRIPT), world.mode(commit, DEV)) == ("100755", "100644")
        assert world.contents(commit) == {**world.contents(base_of(world)), PROD: b"tag: 2\n"}

    def test_an_open_pull_request_stays_open_and_shows_the_commit(self, world: ForgeWorld) -> None:
        number = open_in(world).number
        world.commit("main", {DEV: b"tag: by hand\n"})
        commit = write_in(world)
        (pull,) = world.forge.pull_requests(world.repository, BRANCH)
        assert (pull.number, pull.state, pull.head) == (number, PullRequestState.OPEN, commit)

    def test_what_stood_there_is_off_the_branch_when_it_is_named(self, world: ForgeWorld) -> None:
        write_in(world)
        theirs = world.commit(BRANCH, {"note.txt": b"by hand"})
        commit = world.forge.write(world.repository, PROPOSAL, base=base_of(world), expected=theirs)
        assert world.contents(commit) == {**world.contents(base_of(world)), DEV: NEW_DEV}

    def test_the_same_content_on_the_same_base_is_no_commit(self, world: ForgeWorld) -> None:
        commit = write_in(world)
        assert write_in(world, replace(PROPOSAL, message="In other words")) == commit
        assert world.head(BRANCH) == commit

    def test_a_branch_that_was_merged_begins_anew(self, world: ForgeWorld) -> None:
        pull = open_in(world)
        merge_in(world, pull)
        commit = write_in(world, with_file(DEV, b"tag: 3\n"))
        assert world.parents(commit) == (base_of(world),)

    def test_a_base_that_nobody_has_moves_nothing(self, world: ForgeWorld) -> None:
        with pytest.raises(Conflict):
            world.forge.write(world.repository, PROPOSAL, base=NOBODYS_COMMIT, expected=None)
        assert world.head(BRANCH) is None

    def test_a_prefix_of_the_configuration_opens_its_branches_alone(self, world: ForgeWorld) -> None:
        ours = replace(PROPOSAL, branch="updates-2.0.0", prefix="updates-")
        pull = open_in(world, ours)
        assert (pull.branch, pull.state) == ("updates-2.0.0", PullRequestState.OPEN)
        for other in (replace(ours, branch="feature/updates-"), replace(ours, branch="upd", prefix="upd")):
            with pytest.raises(Refused):
                write_in(world, other)
        world.forge.close(world.repository, pull.number, comment="Superseded.")
        assert world.head("updates-2.0.0") is None

    @pytest.mark.parametrize(
        "branch", ["main", "feature/x", "tagboat", "tagboat/../main", "tagboat/", "tagboat/a b", "-tagboat/x"]
    )
    def test_only_branches_of_our_own_are_written(self, world: ForgeWorld, branch: str) -> None:
        before = base_of(world)
        proposal = replace(PROPOSAL, branch=branch)
        with pytest.raises(Refused):
            world.forge.write(world.repository, proposal, base=before, expected=None)
        assert world.head("main") == before

    @pytest.mark.parametrize(
        "path",
        [
            *("../outside", "/etc/passwd", "a/../../b", "a//b", "./a", "a/", "", ".", "a\\b", "a\nb", "a\0b"),
            *(".git/config", "sub/.GIT/hooks/x", "git~1/config", ".g\u200cit/config", ".gitmodules"),
            *(".github/workflows/x.yml", ".gitlab-ci.yml", ".gitattributes", "\ud800"),
        ],
        ids=ascii,
    )
    def test_paths_that_lead_elsewhere_are_refused(self, world: ForgeWorld, path: str) -> None:
        with pytest.raises(Refused):
            write_in(world, with_file(path, b"x"))
        assert world.head(BRANCH) is None

    def test_a_symbolic_link_is_not_written_over(self, world: ForgeWorld) -> None:
        world.commit("main", {"link.yaml": b"/etc/passwd"}, mode="120000")
        with pytest.raises(Refused):
            write_in(world, with_file("link.yaml", b"x"))
        assert world.head(BRANCH) is None

    @pytest.mark.parametrize("path", ["envs", "README.md/inside.yaml"], ids=["folder", "below a file"])
    def test_folders_and_files_do_not_replace_each_other(self, world: ForgeWorld, path: str) -> None:
        with pytest.raises(Refused):
            write_in(world, with_file(path, b"x"))
        assert world.head(BRANCH) is None

    def test_many_threads_write_their_own_branches(self, world: ForgeWorld) -> None:
        proposals = [with_file(DEV, b"%d\n" % n, branch=f"tagboat/homepage/env-{n}") for n in range(6)]
        with ThreadPoolExecutor(len(proposals)) as pool:
            commits = list(pool.map(lambda proposal: write_in(world, proposal), proposals))
        assert [world.head(proposal.branch) for proposal in proposals] == commits


@GIT_ALONE
class TestForeignCommit:
    def _foreign(self, world: ForgeWorld) -> str | None:
        return world.forge.foreign_commit(world.repository, branch=BRANCH, base=base_of(world))

    def test_a_branch_of_ours_has_none(self, world: ForgeWorld) -> None:
        write_in(world)
        write_in(world, with_file(DEV, b"tag: 2\n"))
        assert self._foreign(world) is None

    def test_what_the_base_holds_is_not_foreign(self, world: ForgeWorld) -> None:
        write_in(world)
        world.commit("main", {"README.md": b"# New\n"})
        write_in(world)
        assert self._foreign(world) is None

    def test_a_branch_that_is_not_there_has_none(self, world: ForgeWorld) -> None:
        assert self._foreign(world) is None

    def test_the_newest_commit_of_a_human_is_named(self, world: ForgeWorld) -> None:
        write_in(world)
        world.commit(BRANCH, {"note.txt": b"1"})
        newest = world.commit(BRANCH, {"note.txt": b"2"})
        assert self._foreign(world) == newest

    def test_it_is_found_below_a_commit_of_ours(self, world: ForgeWorld) -> None:
        write_in(world)
        foreign = world.commit(BRANCH, {"note.txt": b"1"})
        ours = with_file(DEV, b"tag: 2\n")
        world.forge.commit(world.repository, ours, branch=BRANCH, expected=foreign)
        assert self._foreign(world) == foreign

    def test_one_that_comes_later_is_seen(self, world: ForgeWorld) -> None:
        write_in(world)
        assert self._foreign(world) is None
        foreign = world.commit(BRANCH, {"note.txt": b"1"})
        assert world.forge.head(world.repository, BRANCH) == foreign
        assert self._foreign(world) == foreign

    def test_a_commit_is_judged_as_itself_wherever_the_branch_stands(self, world: ForgeWorld) -> None:
        ours = write_in(world)
        foreign = world.commit(BRANCH, {"note.txt": b"1"})
        ask = partial(world.forge.foreign_commit, world.repository, base=base_of(world))
        assert [ask(branch=commit) for commit in (ours, foreign)] == [None, foreign]

    def test_of_a_commit_that_is_not_there_nothing_is_said(self, world: ForgeWorld) -> None:
        with pytest.raises(NotFound):
            world.forge.foreign_commit(world.repository, branch=NOBODYS_COMMIT, base=base_of(world))

    def test_what_was_taken_back_from_the_base_is_foreign_to_a_branch_that_holds_it(
        self, world: ForgeWorld
    ) -> None:
        old = base_of(world)
        wrong = world.commit("main", {"README.md": b"# Wrong\n"})
        write_in(world)
        assert self._foreign(world) is None
        world.reset("main", old)
        assert world.forge.head(world.repository, "main") == old
        assert self._foreign(world) == wrong
        write_in(world)
        assert self._foreign(world) is None

    def test_a_merge_of_ours_that_was_taken_back_is_foreign_to_a_branch_that_holds_it(
        self, world: ForgeWorld
    ) -> None:
        old, release = base_of(world), with_file(PROD, b"tag: 2\n")
        merged = world.forge.commit(world.repository, release, branch="main", expected=old)
        head = write_in(world)
        assert self._foreign(world) is None
        world.reset("main", old)
        assert world.forge.head(world.repository, "main") == old
        assert self._foreign(world) == merged != head
