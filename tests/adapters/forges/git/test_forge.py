"""What only Git itself can show of the forge `git`: races, crashes, human hands, and damaged copies.

What it promises like every other forge stands in `tests/contracts`.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from bot.adapters.forges.git.forge import GitForge
from bot.adapters.forges.git.mirror import GitMirror
from bot.adapters.forges.identity import signed
from bot.adapters.forges.rules import LARGEST_FILE
from bot.adapters.stores.memory import MemoryLedger
from bot.domain.errors import Conflict, NotFound, Refused, TagboatError, Unreachable
from bot.domain.pull_request.merge_options import MergeOptions
from bot.domain.pull_request.proposal import Proposal, PullRequest, PullRequestState
from bot.domain.snapshot import Relation
from tests.contracts.forge_worlds import (
    DEV,
    HUMAN,
    NOW,
    START,
    FixedClock,
    PlainGitWorld,
    plain_git_world,
)
from tests.fakes.git_repository import NOTHING, Person

BRANCH = "tagboat/homepage/dev"
NEW_DEV = START[DEV].replace(b"1.0.0", b"1.4.2")
PROPOSAL = Proposal(BRANCH, ((DEV, NEW_DEV),), "homepage 1.4.2", "homepage 1.4.2", "body")


@pytest.fixture
def world(tmp_path: Path) -> PlainGitWorld:
    return plain_git_world(tmp_path)


def _another(world: PlainGitWorld, name: str, *, ledger: MemoryLedger | None = None) -> GitForge:
    """A Tagboat on another machine: its own mirrors, and perhaps the same store."""
    cache = world.git.folder.parent / name
    return GitForge(cache, ledger=ledger or MemoryLedger(), clock=FixedClock())


def _base(world: PlainGitWorld) -> str:
    head = world.head("main")
    assert head is not None
    return head


def _open(world: PlainGitWorld, forge: GitForge | None = None, proposal: Proposal = PROPOSAL) -> PullRequest:
    port = forge or world.forge
    expected = port.head(world.repository, proposal.branch)
    port.write(world.repository, proposal, base=_base(world), expected=expected)
    return port.open(world.repository, proposal, base_branch="main")


def _at(head: str) -> MergeOptions:
    return MergeOptions(expected_head=head, message="Merge")


def _state(world: PlainGitWorld, number: int) -> PullRequestState:
    return world.forge.pull_request(world.repository, number).state


def _outcome(action: Callable[[], str]) -> str | TagboatError:
    try:
        return action()
    except TagboatError as error:
        return error


def _at_once(actions: Sequence[Callable[[], str]]) -> list[str | TagboatError]:
    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(_outcome, actions))


def _while_committing(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Do something once, after the forge has looked and before it pushes."""
    original, waiting = GitMirror.commit, [act]

    def commit(self: GitMirror, tree: str, *, parents: Sequence[str], message: str) -> str:
        made = original(self, tree, parents=parents, message=message)
        while waiting:
            waiting.pop()()
        return made

    monkeypatch.setattr(GitMirror, "commit", commit)


def test_a_base_that_was_begun_anew_conflicts_and_can_be_built_upon(world: PlainGitWorld) -> None:
    pull = _open(world)
    old = world.git.write_blob(START[DEV] + b"more: 1\n")
    tree = world.git.write_tree(None, [(DEV, "100644", old)])
    anew = world.git.write_commit(tree, [], "Begin anew", author=HUMAN)
    world.git.move("main", anew, old=_base(world))
    seen = world.forge.pull_request(world.repository, pull.number)
    assert (seen.state, seen.mergeable) == (PullRequestState.OPEN, False)
    assert f"it conflicts with main in {DEV}" in str(seen.blocked_reason)
    world.forge.write(world.repository, PROPOSAL, base=anew, expected=seen.head)
    assert world.forge.pull_request(world.repository, pull.number).mergeable is not False


class TestRaces:
    def test_of_several_writers_of_one_branch_exactly_one_wins(self, world: PlainGitWorld) -> None:
        base = _base(world)
        forges = [_another(world, f"cache-{n}") for n in range(4)]

        def writer(number: int) -> Callable[[], str]:
            proposal = replace(PROPOSAL, files=((DEV, b"%d\n" % number),))
            return lambda: forges[number].write(world.repository, proposal, base=base, expected=None)

        outcomes = _at_once([writer(number) for number in range(4)])
        commits = [outcome for outcome in outcomes if isinstance(outcome, str)]
        assert commits == [world.head(BRANCH)]
        assert all(isinstance(outcome, Conflict) for outcome in outcomes if outcome not in commits)

    def test_the_push_itself_compares_not_only_the_look_before(
        self, world: PlainGitWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = _open(world).head
        moved: list[str] = []
        _while_committing(monkeypatch, lambda: moved.append(world.commit(BRANCH, {"note": b"1"})))
        other = replace(PROPOSAL, files=((DEV, b"2\n"),))
        with pytest.raises(Conflict):
            world.forge.write(world.repository, other, base=_base(world), expected=first)
        assert [world.head(BRANCH)] == moved

    def test_a_base_that_moves_during_the_merge_is_merged_again(
        self, world: PlainGitWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pull = _open(world)
        _while_committing(monkeypatch, lambda: world.commit("main", {"README.md": b"# New\n"}))
        commit = world.forge.merge(world.repository, pull.number, _at(pull.head))
        assert world.contents(commit).items() >= {DEV: NEW_DEV, "README.md": b"# New\n"}.items()
        assert world.head("main") == commit

    def test_a_head_that_moves_during_the_merge_stops_it(
        self, world: PlainGitWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before, pull = _base(world), _open(world)
        _while_committing(monkeypatch, lambda: world.commit(BRANCH, {"evil": b"late"}))
        with pytest.raises(Conflict):
            world.forge.merge(world.repository, pull.number, _at(pull.head))
        assert world.head("main") == before

    def test_two_machines_that_merge_one_pull_request_agree(self, world: PlainGitWorld) -> None:
        ledger = MemoryLedger()
        forges = [_another(world, f"cache-{n}", ledger=ledger) for n in range(2)]
        pull = _open(world, forges[0])

        def merger(forge: GitForge) -> Callable[[], str]:
            head = pull.head
            return lambda: forge.merge(world.repository, pull.number, _at(head))

        assert _at_once([merger(forge) for forge in forges]) == [world.head("main")] * 2

    def test_two_machines_that_merge_two_pull_requests_lose_nothing(self, world: PlainGitWorld) -> None:
        ledger = MemoryLedger()
        forges = [_another(world, f"cache-{n}", ledger=ledger) for n in range(2)]
        names = ["envs/a.yaml", "envs/b.yaml"]

        def merger(forge: GitForge, name: str) -> Callable[[], str]:
            proposal = replace(PROPOSAL, branch=f"tagboat/{name}", files=((name, b"1\n"),))
            pull = _open(world, forge, proposal)
            head = pull.head
            return lambda: forge.merge(world.repository, pull.number, _at(head))

        outcomes = _at_once([merger(forge, name) for forge, name in zip(forges, names, strict=True)])
        assert all(isinstance(outcome, str) for outcome in outcomes), outcomes
        assert set(names) <= world.contents(_base(world)).keys()

    def test_a_merge_and_deletion_between_two_looks_is_no_close(
        self, world: PlainGitWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        number = _open(world).number
        base, head = _base(world), world.head(BRANCH) or ""
        commit = world.git.write_commit(world.git.tree(head), [base, head], "Merge by hand", author=HUMAN)
        original = GitMirror.head

        def look(self: GitMirror, branch: str) -> str | None:
            found = original(self, branch)
            if world.head(BRANCH):
                world.reset("main", commit)
                world.delete(BRANCH)
            return found

        monkeypatch.setattr(GitMirror, "head", look)
        assert _state(world, number) is PullRequestState.MERGED


class _DyingLedger(MemoryLedger):
    """A ledger whose process dies at one call, before anything is kept."""

    dies_at = ""

    def add(self, repository: str, pull_request: PullRequest, *, now: object) -> PullRequest:
        self._die("add")
        return super().add(repository, pull_request, now=NOW)

    def change(self, repository: str, pull_request: PullRequest) -> None:
        self._die("change")
        super().change(repository, pull_request)

    def _die(self, call: str) -> None:
        if self.dies_at == call:
            self.dies_at = ""
            raise KeyboardInterrupt


class TestCrashes:
    def test_a_branch_without_its_pull_request_is_taken_up_again(self, world: PlainGitWorld) -> None:
        ledger = _DyingLedger()
        ledger.dies_at = "add"
        with pytest.raises(KeyboardInterrupt):
            _open(world, _another(world, "first", ledger=ledger))
        written = world.head(BRANCH)
        pull = _open(world, _another(world, "second", ledger=ledger))
        assert (pull.number, pull.head) == (1, written)

    def test_a_merge_that_was_not_noted_is_found_and_not_done_again(self, world: PlainGitWorld) -> None:
        ledger = _DyingLedger()
        forge = _another(world, "first", ledger=ledger)
        pull = _open(world, forge)
        ledger.dies_at = "change"
        with pytest.raises(KeyboardInterrupt):
            forge.merge(world.repository, pull.number, _at(pull.head))
        merged = _base(world)
        again = _another(world, "second", ledger=ledger)
        found = again.merge(world.repository, pull.number, _at(pull.head))
        assert found == merged == world.head("main")

    def test_a_close_that_was_not_noted_is_found(self, world: PlainGitWorld) -> None:
        ledger = _DyingLedger()
        forge = _another(world, "first", ledger=ledger)
        pull = _open(world, forge)
        ledger.dies_at = "change"
        with pytest.raises(KeyboardInterrupt):
            forge.close(world.repository, pull.number, comment="superseded")
        again = _another(world, "second", ledger=ledger)
        assert again.pull_request(world.repository, pull.number).state is PullRequestState.CLOSED
        assert world.head(BRANCH) is None


class TestHumanHands:
    def test_a_merge_is_seen_after_the_branch_was_deleted(self, world: PlainGitWorld) -> None:
        number = _open(world).number
        commit = world.merge(number)
        world.delete(BRANCH)
        pull = world.forge.pull_request(world.repository, number)
        assert (pull.state, pull.merge_commit) == (PullRequestState.MERGED, commit)

    def test_a_fast_forward_is_a_merge(self, world: PlainGitWorld) -> None:
        pull = _open(world)
        world.reset("main", pull.head)
        later = world.commit("main", {"README.md": b"# Later\n"})
        found = world.forge.pull_request(world.repository, pull.number)
        assert (found.state, found.merge_commit) == (PullRequestState.MERGED, pull.head)
        assert later != pull.head

    def test_the_merge_is_named_by_where_it_arrived_among_other_merges(self, world: PlainGitWorld) -> None:
        number = _open(world).number
        world.commit("main", {"README.md": b"# Before\n"})
        arrived = world.merge(number)
        world.commit("main", {"README.md": b"# After\n"})
        side = _open(world, None, replace(PROPOSAL, branch="tagboat/side", files=(("side", b"1"),)))
        world.merge(side.number)
        assert world.forge.pull_request(world.repository, number).merge_commit == arrived

    def test_a_merge_is_remembered_when_the_base_is_forced_back(self, world: PlainGitWorld) -> None:
        before, number = _base(world), _open(world).number
        world.merge(number)
        assert _state(world, number) is PullRequestState.MERGED
        world.reset("main", before)
        assert _state(world, number) is PullRequestState.MERGED

    def test_a_branch_that_was_emptied_is_closed_not_merged(self, world: PlainGitWorld) -> None:
        number = _open(world).number
        world.reset(BRANCH, _base(world))
        assert _state(world, number) is PullRequestState.CLOSED

    def test_a_forced_base_leaves_it_open(self, world: PlainGitWorld) -> None:
        old = _base(world)
        world.commit("main", {"README.md": b"# Wrong\n"})
        number = _open(world).number
        world.reset("main", old)
        assert _state(world, number) is PullRequestState.OPEN

    def test_a_base_branch_that_is_gone_blocks_and_says_so(self, world: PlainGitWorld) -> None:
        world.commit("release", {"README.md": b"# Release\n"})
        world.forge.write(world.repository, PROPOSAL, base=_base(world), expected=None)
        number = world.forge.open(world.repository, PROPOSAL, base_branch="release").number
        world.delete("release")
        pull = world.forge.pull_request(world.repository, number)
        assert (pull.state, pull.mergeable) == (PullRequestState.OPEN, False)
        assert "release is gone" in pull.blocked_reason

    def test_conflicting_files_are_named(self, world: PlainGitWorld) -> None:
        pull = _open(world)
        world.commit("main", {DEV: START[DEV].replace(b"1.0.0", b"1.3.0")})
        shown = world.forge.pull_request(world.repository, pull.number)
        assert (shown.mergeable, shown.blocked_reason) == (False, f"it conflicts with main in {DEV}")
        with pytest.raises(Refused, match=DEV):
            world.forge.merge(world.repository, pull.number, _at(pull.head))

    def test_changes_to_other_lines_of_the_file_merge(self, world: PlainGitWorld) -> None:
        lines = b"".join(b"line%d: 1\n" % n for n in range(20))
        world.commit("main", {DEV: lines})
        pull = _open(world, None, replace(PROPOSAL, files=((DEV, lines.replace(b"line2: 1", b"line2: 2")),)))
        world.commit("main", {DEV: lines.replace(b"line17: 1", b"line17: 9")})
        commit = world.forge.merge(world.repository, pull.number, _at(pull.head))
        merged = lines.replace(b"line2: 1", b"line2: 2").replace(b"line17: 1", b"line17: 9")
        assert world.contents(commit)[DEV] == merged

    def test_an_amended_commit_is_foreign(self, world: PlainGitWorld) -> None:
        head = _open(world).head
        ours = Person("Tagboat", "tagboat@localhost")
        amended = world.git.write_commit(
            world.git.tree(head), [_base(world)], signed("Mine"), author=ours, committer=HUMAN
        )
        world.reset(BRANCH, amended)
        found = world.forge.foreign_commit(world.repository, branch=BRANCH, base="main")
        assert found == amended

    def test_closing_keeps_a_branch_with_somebodys_work(self, world: PlainGitWorld) -> None:
        number = _open(world).number
        work = world.commit(BRANCH, {"note": b"important"})
        world.forge.close(world.repository, number, comment="superseded")
        assert _state(world, number) is PullRequestState.CLOSED
        assert world.head(BRANCH) == work

    def test_the_closing_comment_can_be_read(self, world: PlainGitWorld) -> None:
        number = _open(world).number
        world.forge.close(world.repository, number, comment="superseded by 1.4.3")
        assert "superseded by 1.4.3" in world.forge.pull_request(world.repository, number).body


class TestCommits:
    def test_they_carry_our_identity_the_trailer_and_the_clock(self, world: PlainGitWorld) -> None:
        commit = world.git.commit(_open(world).head)
        assert commit.author == commit.committer == Person("Tagboat", "tagboat@localhost")
        assert commit.when == NOW
        assert commit.message == "homepage 1.4.2\n\nTagboat: pull-request"

    def test_a_write_after_a_merge_starts_from_the_base_alone(self, world: PlainGitWorld) -> None:
        pull = _open(world)
        world.forge.merge(world.repository, pull.number, _at(pull.head))
        second = _open(world, None, replace(PROPOSAL, files=((DEV, b"3\n"),)))
        assert world.parents(second.head) == (_base(world),)

    def test_below_a_linked_folder_nothing_is_read_or_written(self, world: PlainGitWorld) -> None:
        base = world.commit("main", {"current": b"envs/dev"}, mode="120000")
        with pytest.raises(Refused, match="symbolic link"):
            world.forge.read(world.repository, base, "current/values.yaml")
        proposal = replace(PROPOSAL, files=(("current/values.yaml", b"x"),))
        with pytest.raises(Refused, match="symbolic link"):
            world.forge.write(world.repository, proposal, base=base, expected=None)

    def test_a_submodule_is_refused(self, world: PlainGitWorld) -> None:
        base = _base(world)
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
        proposal = replace(PROPOSAL, files=((DEV, bytes(LARGEST_FILE + 1)),))
        with pytest.raises(Refused, match="too large"):
            world.forge.write(world.repository, proposal, base=commit, expected=None)


class TestMirror:
    def _mirror(self, world: PlainGitWorld) -> Path:
        (found,) = (world.git.folder.parent / "cache").glob("*.git")
        return found

    def test_an_emptied_cache_is_filled_again(self, world: PlainGitWorld) -> None:
        number = _open(world).number
        shutil.rmtree(world.git.folder.parent / "cache")
        (world.git.folder.parent / "cache").mkdir()
        assert _state(world, number) is PullRequestState.OPEN
        assert world.forge.read(world.repository, _base(world), DEV) == START[DEV]

    def test_a_mirror_without_any_object_is_filled_again(self, world: PlainGitWorld) -> None:
        base = world.forge.head(world.repository, "main") or ""
        shutil.rmtree(self._mirror(world) / "objects")
        (self._mirror(world) / "objects").mkdir()
        assert world.forge.read(world.repository, base, DEV) == START[DEV]

    @pytest.mark.parametrize("damage", [b"", b"junk", None], ids=["emptied", "overwritten", "missing"])
    @pytest.mark.parametrize("part", ["tree", "file"])
    def test_a_damaged_mirror_is_dropped_and_the_next_attempt_works(
        self, world: PlainGitWorld, part: str, damage: bytes | None
    ) -> None:
        base = world.forge.head(world.repository, "main") or ""
        entry = world.git.entry(base, DEV)
        name = world.git.tree(base) if part == "tree" or entry is None else entry.sha
        stored = self._mirror(world) / "objects" / name[:2] / name[2:]
        stored.unlink()
        if damage is not None:
            stored.write_bytes(damage)
        with pytest.raises(Unreachable, match="damaged"):
            world.forge.read(world.repository, base, DEV)
        assert world.forge.read(world.repository, base, DEV) == START[DEV]
        assert list((world.git.folder.parent / "cache").glob(".*")) == []

    def test_a_mirror_that_is_no_repository_any_more_is_dropped(self, world: PlainGitWorld) -> None:
        world.forge.head(world.repository, "main")
        (self._mirror(world) / "HEAD").unlink()
        moved = world.commit("main", {"README.md": b"# New\n"})
        with pytest.raises(Unreachable, match="damaged"):
            world.forge.head(world.repository, "main")
        assert world.forge.head(world.repository, "main") == moved

    def test_hooks_in_the_mirror_never_run(self, world: PlainGitWorld) -> None:
        world.forge.head(world.repository, "main")
        hooks = self._mirror(world) / "hooks"
        hooks.mkdir()
        for name in ("pre-push", "reference-transaction", "post-checkout", "pre-auto-gc"):
            (hooks / name).write_text(f"#!/bin/sh\ntouch {hooks}/ran\n")
            (hooks / name).chmod(0o755)
        _open(world)
        assert not (hooks / "ran").exists()

    def test_a_branch_may_take_the_place_of_a_folder_of_branches(self, world: PlainGitWorld) -> None:
        world.commit("feature/x", {"a": b"1"})
        assert world.forge.head(world.repository, "feature/x") is not None
        world.delete("feature/x")
        commit = world.commit("feature", {"a": b"2"})
        assert world.forge.head(world.repository, "feature") == commit

    def test_only_the_branch_that_was_asked_for_is_fetched(self, world: PlainGitWorld) -> None:
        side = world.commit("feature/side", {"side": b"1"})
        world.forge.head(world.repository, "main")
        listed = subprocess.run(
            ["git", "for-each-ref", "--format=%(refname)"],
            cwd=self._mirror(world),
            check=True,
            capture_output=True,
            text=True,
        )
        assert listed.stdout.split() == ["refs/heads/main"]
        relation = world.forge.relation(world.repository, commit=_base(world), revision=side)
        assert relation is Relation.CONTAINED

    def test_processes_share_a_cache(self, world: PlainGitWorld) -> None:
        forges = [_another(world, "shared") for _ in range(4)]
        heads = _at_once([lambda f=f: f.head(world.repository, "main") for f in forges])  # type: ignore[misc]
        assert heads == [_base(world)] * 4


class TestRefusals:
    def test_a_hook_of_the_repository_has_the_last_word(self, world: PlainGitWorld) -> None:
        hook = world.git.folder / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\necho 'deploys are frozen' >&2\nexit 1\n")
        hook.chmod(0o755)
        with pytest.raises(Refused, match="deploys are frozen"):
            _open(world)
        assert world.head(BRANCH) is None

    def test_a_branch_in_the_way_is_named(self, world: PlainGitWorld) -> None:
        world.commit("tagboat", {"a": b"1"})
        with pytest.raises(Refused, match="branch in the way"):
            _open(world)

    def test_a_checked_out_branch_is_not_pulled_from_under_a_human(
        self, world: PlainGitWorld, tmp_path: Path
    ) -> None:
        clone = tmp_path / "clone"
        subprocess.run(["git", "clone", "--quiet", str(world.git.folder), str(clone)], check=True)
        world.repository = str(clone)
        pull = _open(world)
        with pytest.raises(Refused, match="use a bare repository"):
            world.forge.merge(world.repository, pull.number, _at(pull.head))

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
        world.forge.write(world.repository, PROPOSAL, base=_base(world), expected=None)
        with pytest.raises(NotFound, match="'release'"):
            world.forge.open(world.repository, PROPOSAL, base_branch="release")

    def test_paths_stay_below_the_root(self, world: PlainGitWorld, tmp_path: Path) -> None:
        root = str(world.git.folder.parent)
        forge = GitForge(tmp_path / "c", ledger=MemoryLedger(), clock=FixedClock(), root=root)
        assert forge.head("infra.git", "main") == _base(world)
        with pytest.raises(Refused, match="leads out of"):
            forge.head("../infra.git", "main")

    def test_a_branch_made_by_nobody_is_not_opened(self, world: PlainGitWorld) -> None:
        with pytest.raises(Conflict, match="is gone"):
            world.forge.open(world.repository, PROPOSAL, base_branch="main")
        assert world.git.branches().keys() == {"main"}
        assert NOTHING not in world.git.branches().values()
