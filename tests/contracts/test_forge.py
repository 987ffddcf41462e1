"""What every forge promises (port `Forge`): reads by commit, one move per write, and the truth told back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.errors import Conflict, NotFound, Refused
from bot.domain.pull_request.proposal import (
    Metadata,
    Proposal,
    PullRequest,
    PullRequestState,
    marker,
    withdrawn,
)
from bot.domain.snapshot import Relation
from tests.contracts.forge_worlds import DEV, GIT_AS_ANOTHER, PROD, SCRIPT, START, WORLDS, ForgeWorld

BRANCH = "tagboat/homepage/dev"
KEY = "0123456789ab"
NEW_DEV = START[DEV].replace(b"1.0.0", b"1.4.2")
PROPOSAL = Proposal(
    branch=BRANCH,
    files=((DEV, NEW_DEV),),
    message="homepage: 1.0.0 → 1.4.2 in dev",
    title="homepage 1.4.2 in dev",
    body=f"Moves homepage to 1.4.2.\n\n{marker(KEY)}",
)
NOBODYS_COMMIT = "0123456789abcdef0123456789abcdef01234567"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every world, but what Git alone answers once for those that share the code for it."""
    if "world" in metafunc.fixturenames:
        is_git = metafunc.cls in {TestRead, TestTree, TestRelation, TestWrite, TestForeignCommit}
        names = [name for name in WORLDS if not (is_git and name in GIT_AS_ANOTHER)]
        metafunc.parametrize("world", names, indirect=True)


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ForgeWorld]:
    with WORLDS[request.param](tmp_path) as built:
        yield built


def _base(world: ForgeWorld) -> str:
    head = world.head("main")
    assert head is not None
    return head


def _write(world: ForgeWorld, proposal: Proposal = PROPOSAL) -> str:
    """Write onto the branch as it stands, from `main` as it stands."""
    expected = world.forge.head(world.repository, proposal.branch)
    return world.forge.write(world.repository, proposal, base=_base(world), expected=expected)


def _open(world: ForgeWorld, proposal: Proposal = PROPOSAL) -> PullRequest:
    _write(world, proposal)
    return world.forge.open(world.repository, proposal, base_branch="main")


def _with(path: str, data: bytes, *, branch: str = BRANCH) -> Proposal:
    return replace(PROPOSAL, branch=branch, files=((path, data),))


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
        first = _base(world)
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
        old = _base(world)
        world.commit("main", {DEV: b"changed\n"})
        assert world.forge.read(world.repository, old, DEV) == START[DEV]

    @pytest.mark.parametrize("path", ["nothing.yaml", "envs/dev/nothing.yaml", "no/such/folder.yaml"])
    def test_a_file_that_is_not_there_is_none(self, world: ForgeWorld, path: str) -> None:
        assert world.forge.read(world.repository, _base(world), path) is None

    def test_a_commit_that_nobody_has_is_not_taken_for_an_absent_file(self, world: ForgeWorld) -> None:
        with pytest.raises(NotFound):
            world.forge.read(world.repository, NOBODYS_COMMIT, DEV)

    def test_a_folder_is_refused(self, world: ForgeWorld) -> None:
        with pytest.raises(Refused):
            world.forge.read(world.repository, _base(world), "envs/dev")

    def test_a_symbolic_link_is_refused(self, world: ForgeWorld) -> None:
        commit = world.commit("main", {"envs/link.yaml": b"dev/values.yaml"}, mode="120000")
        with pytest.raises(Refused):
            world.forge.read(world.repository, commit, "envs/link.yaml")


class TestTree:
    def test_every_file_below_a_directory_is_told_with_its_mode(self, world: ForgeWorld) -> None:
        world.commit("main", {"envs/dev/bin/run": b"#!/bin/sh\n"}, mode="100755")
        tree = world.forge.tree(world.repository, _base(world), "envs/dev")
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
        old = _base(world)
        world.commit("main", {"envs/dev/more.yaml": b"1"})
        assert list(world.forge.tree(world.repository, old, "envs/dev")) == ["values.yaml"]

    def test_a_directory_that_is_not_there_is_empty(self, world: ForgeWorld) -> None:
        for directory in ("nothing", "envs/nothing/at/all"):
            assert world.forge.tree(world.repository, _base(world), directory) == {}

    def test_links_are_told_and_not_followed(self, world: ForgeWorld) -> None:
        commit = world.commit("main", {"envs/dev/link": b"values.yaml"}, mode="120000")
        assert world.forge.tree(world.repository, commit, "envs/dev")["link"].mode == "120000"

    @pytest.mark.parametrize("directory", [DEV, f"{DEV}/below"])
    def test_a_file_is_no_directory(self, world: ForgeWorld, directory: str) -> None:
        with pytest.raises(Refused):
            world.forge.tree(world.repository, _base(world), directory)

    def test_a_commit_that_nobody_has_has_no_tree(self, world: ForgeWorld) -> None:
        with pytest.raises(NotFound):
            world.forge.tree(world.repository, NOBODYS_COMMIT, "envs/dev")

    def test_bytes_that_nobody_has_are_not_found(self, world: ForgeWorld) -> None:
        with pytest.raises(NotFound):
            world.forge.blobs(world.repository, {NOBODYS_COMMIT})


class TestRelation:
    def test_a_commit_is_contained_in_itself_and_what_follows(self, world: ForgeWorld) -> None:
        first = _base(world)
        second = world.commit("main", {"a.txt": b"2"})
        for revision in (first, second):
            relation = world.forge.relation(world.repository, commit=first, revision=revision)
            assert relation is Relation.CONTAINED

    def test_an_older_revision_is_behind(self, world: ForgeWorld) -> None:
        first = _base(world)
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
        base = _base(world)
        assert world.forge.relation(world.repository, commit=base, revision=revision) is Relation.UNKNOWN

    def test_a_commit_that_comes_later_is_not_unknown_for_ever(self, world: ForgeWorld) -> None:
        first = _base(world)
        assert world.forge.head(world.repository, "main") == first
        second = world.commit("main", {"a.txt": b"2"})
        assert world.forge.relation(world.repository, commit=first, revision=second) is Relation.CONTAINED


class TestWrite:
    def test_a_new_branch_is_one_commit_on_the_base(self, world: ForgeWorld) -> None:
        base = _base(world)
        commit = world.forge.write(world.repository, PROPOSAL, base=base, expected=None)
        assert world.head(BRANCH) == commit
        assert world.parents(commit) == (base,)
        assert world.contents(commit) == {**world.contents(base), DEV: NEW_DEV}

    @pytest.mark.parametrize(
        "path", ["new.yaml", "deep/er/new.yaml", "envs/dev/more.yaml", "Über/☕ .yaml", "glob[*]?.yaml"]
    )
    def test_a_new_file_is_added_beside_the_others(self, world: ForgeWorld, path: str) -> None:
        commit = _write(world, _with(path, b"a: 1\r\n"))
        assert world.contents(commit) == {**world.contents(_base(world)), path: b"a: 1\r\n"}
        assert world.mode(commit, path) == "100644"

    def test_an_executable_file_stays_executable(self, world: ForgeWorld) -> None:
        commit = _write(world, _with(SCRIPT, b"#!/bin/sh\nexit 0\n"))
        assert world.mode(commit, SCRIPT) == "100755"
        assert world.contents(commit)[SCRIPT] == b"#!/bin/sh\nexit 0\n"

    def test_several_files_move_in_one_commit(self, world: ForgeWorld) -> None:
        proposal = replace(PROPOSAL, files=((DEV, b"d"), (PROD, b"p"), ("new", b"n")))
        commit = _write(world, proposal)
        assert world.parents(commit) == (_base(world),)
        assert world.contents(commit).items() >= dict(proposal.files).items()

    def test_files_go_and_their_folder_with_the_last_one(self, world: ForgeWorld) -> None:
        base = world.commit("main", {"old/a.yaml": b"a", "old/deep/b.yaml": b"b", "kept/c.yaml": b"c"})
        gone: tuple[tuple[str, bytes | None], ...] = (("old/a.yaml", None), ("old/deep/b.yaml", None))
        proposal = replace(PROPOSAL, files=(*gone, ("kept/d.yaml", b"d")))
        commit = _write(world, proposal)
        left = {path: data for path, data in world.contents(base).items() if not path.startswith("old/")}
        assert world.contents(commit) == {**left, "kept/d.yaml": b"d"}
        assert world.forge.tree(world.repository, commit, "old") == {}

    def test_a_file_that_is_not_there_may_go(self, world: ForgeWorld) -> None:
        proposal = replace(PROPOSAL, files=(("no/such/file", None), (DEV, NEW_DEV)))
        commit = _write(world, proposal)
        assert world.contents(commit) == {**world.contents(_base(world)), DEV: NEW_DEV}

    @pytest.mark.parametrize("mode", ["100644", "100755"])
    @pytest.mark.parametrize("path", [SCRIPT, DEV, "bin/new", "bin/binary"])
    def test_a_mode_that_is_given_is_the_files_mode(self, world: ForgeWorld, path: str, mode: str) -> None:
        data = b"\0\xff" if path == "bin/binary" else b"#!/bin/sh\n"
        commit = _write(world, replace(PROPOSAL, files=((path, data),), modes=((path, mode),)))
        assert world.mode(commit, path) == mode
        assert world.contents(commit)[path] == data

    @pytest.mark.parametrize(
        ("path", "data"), [("envs/link", b"x"), ("envs/link", None), ("envs/link/below", b"x")]
    )
    def test_a_link_is_not_touched(self, world: ForgeWorld, path: str, data: bytes | None) -> None:
        world.commit("main", {"envs/link": b"dev"}, mode="120000")
        modes = ((path, "100644"),) if data is not None else ()
        with pytest.raises(Refused):
            _write(world, replace(PROPOSAL, files=((path, data),), modes=modes))
        assert world.head(BRANCH) is None

    def test_a_branch_that_exists_is_not_made_again(self, world: ForgeWorld) -> None:
        commit = _write(world)
        with pytest.raises(Conflict):
            world.forge.write(world.repository, PROPOSAL, base=_base(world), expected=None)
        assert world.head(BRANCH) == commit

    @pytest.mark.parametrize("there", [True, False], ids=["the branch moved", "the branch is gone"])
    def test_a_branch_that_is_elsewhere_is_left_alone(self, world: ForgeWorld, there: bool) -> None:
        commit = _write(world)
        moved = world.commit(BRANCH, {"note.txt": b"by hand"}) if there else world.delete(BRANCH)
        other = _with(DEV, b"other\n")
        with pytest.raises(Conflict):
            world.forge.write(world.repository, other, base=_base(world), expected=commit)
        assert world.head(BRANCH) == moved

    @pytest.mark.parametrize("move", MOVES, ids=[each.__name__.strip("_") for each in MOVES])
    def test_however_often_it_is_written_the_branch_is_one_commit_on_the_base(
        self, world: ForgeWorld, move: Callable[[ForgeWorld], None]
    ) -> None:
        for number in range(3):
            written = _write(world, replace(PROPOSAL, files=((DEV, b"%d\n" % number), (f"{number}", b"x"))))
            move(world)
        commit = _write(world)
        base = _base(world)
        assert world.head(BRANCH) == commit != written
        assert world.contents(commit) == {**world.contents(base), DEV: NEW_DEV}
        assert world.parents(commit) == (base,)
        assert world.forge.foreign_commit(world.repository, branch=BRANCH, base="main") is None

    def test_modes_that_were_changed_before_are_back_as_in_the_base(self, world: ForgeWorld) -> None:
        run = b"#!/bin/sh\n"
        modes = ((SCRIPT, "100644"), (DEV, "100755"))
        _write(world, replace(PROPOSAL, files=((SCRIPT, run), (DEV, START[DEV])), modes=modes))
        commit = _write(world, _with(PROD, b"tag: 2\n"))
        assert (world.mode(commit, SCRIPT), world.mode(commit, DEV)) == ("100755", "100644")
        assert world.contents(commit) == {**world.contents(_base(world)), PROD: b"tag: 2\n"}

    def test_an_open_pull_request_stays_open_and_shows_the_commit(self, world: ForgeWorld) -> None:
        number = _open(world).number
        world.commit("main", {DEV: b"tag: by hand\n"})
        commit = _write(world)
        (pull,) = world.forge.pull_requests(world.repository, BRANCH)
        assert (pull.number, pull.state, pull.head) == (number, PullRequestState.OPEN, commit)

    def test_what_stood_there_is_off_the_branch_when_it_is_named(self, world: ForgeWorld) -> None:
        _write(world)
        theirs = world.commit(BRANCH, {"note.txt": b"by hand"})
        commit = world.forge.write(world.repository, PROPOSAL, base=_base(world), expected=theirs)
        assert world.contents(commit) == {**world.contents(_base(world)), DEV: NEW_DEV}

    def test_the_same_content_on_the_same_base_is_no_commit(self, world: ForgeWorld) -> None:
        commit = _write(world)
        assert _write(world, replace(PROPOSAL, message="In other words")) == commit
        assert world.head(BRANCH) == commit

    def test_a_branch_that_was_merged_begins_anew(self, world: ForgeWorld) -> None:
        pull = _open(world)
        world.forge.merge(world.repository, pull.number, expected_head=pull.head, message="Merge")
        commit = _write(world, _with(DEV, b"tag: 3\n"))
        assert world.parents(commit) == (_base(world),)

    def test_a_base_that_nobody_has_moves_nothing(self, world: ForgeWorld) -> None:
        with pytest.raises(Conflict):
            world.forge.write(world.repository, PROPOSAL, base=NOBODYS_COMMIT, expected=None)
        assert world.head(BRANCH) is None

    def test_a_prefix_of_the_configuration_opens_its_branches_alone(self, world: ForgeWorld) -> None:
        ours = replace(PROPOSAL, branch="updates-2.0.0", prefix="updates-")
        pull = _open(world, ours)
        assert (pull.branch, pull.state) == ("updates-2.0.0", PullRequestState.OPEN)
        for other in (replace(ours, branch="feature/updates-"), replace(ours, branch="upd", prefix="upd")):
            with pytest.raises(Refused):
                _write(world, other)
        world.forge.close(world.repository, pull.number, comment="Superseded.")
        assert world.head("updates-2.0.0") is None

    @pytest.mark.parametrize(
        "branch", ["main", "feature/x", "tagboat", "tagboat/../main", "tagboat/", "tagboat/a b", "-tagboat/x"]
    )
    def test_only_branches_of_our_own_are_written(self, world: ForgeWorld, branch: str) -> None:
        before = _base(world)
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
            _write(world, _with(path, b"x"))
        assert world.head(BRANCH) is None

    def test_a_symbolic_link_is_not_written_over(self, world: ForgeWorld) -> None:
        world.commit("main", {"link.yaml": b"/etc/passwd"}, mode="120000")
        with pytest.raises(Refused):
            _write(world, _with("link.yaml", b"x"))
        assert world.head(BRANCH) is None

    @pytest.mark.parametrize("path", ["envs", "README.md/inside.yaml"], ids=["folder", "below a file"])
    def test_folders_and_files_do_not_replace_each_other(self, world: ForgeWorld, path: str) -> None:
        with pytest.raises(Refused):
            _write(world, _with(path, b"x"))
        assert world.head(BRANCH) is None

    def test_many_threads_write_their_own_branches(self, world: ForgeWorld) -> None:
        proposals = [_with(DEV, b"%d\n" % n, branch=f"tagboat/homepage/env-{n}") for n in range(6)]
        with ThreadPoolExecutor(len(proposals)) as pool:
            commits = list(pool.map(lambda proposal: _write(world, proposal), proposals))
        assert [world.head(proposal.branch) for proposal in proposals] == commits


class TestForeignCommit:
    def _foreign(self, world: ForgeWorld) -> str | None:
        return world.forge.foreign_commit(world.repository, branch=BRANCH, base=_base(world))

    def test_a_branch_of_ours_has_none(self, world: ForgeWorld) -> None:
        _write(world)
        _write(world, _with(DEV, b"tag: 2\n"))
        assert self._foreign(world) is None

    def test_what_the_base_holds_is_not_foreign(self, world: ForgeWorld) -> None:
        _write(world)
        world.commit("main", {"README.md": b"# New\n"})
        _write(world)
        assert self._foreign(world) is None

    def test_a_branch_that_is_not_there_has_none(self, world: ForgeWorld) -> None:
        assert self._foreign(world) is None

    def test_the_newest_commit_of_a_human_is_named(self, world: ForgeWorld) -> None:
        _write(world)
        world.commit(BRANCH, {"note.txt": b"1"})
        newest = world.commit(BRANCH, {"note.txt": b"2"})
        assert self._foreign(world) == newest

    def test_it_is_found_below_a_commit_of_ours(self, world: ForgeWorld) -> None:
        _write(world)
        foreign = world.commit(BRANCH, {"note.txt": b"1"})
        ours = _with(DEV, b"tag: 2\n")
        world.forge.commit(world.repository, ours, branch=BRANCH, expected=foreign)
        assert self._foreign(world) == foreign

    def test_one_that_comes_later_is_seen(self, world: ForgeWorld) -> None:
        _write(world)
        assert self._foreign(world) is None
        foreign = world.commit(BRANCH, {"note.txt": b"1"})
        assert world.forge.head(world.repository, BRANCH) == foreign
        assert self._foreign(world) == foreign

    def test_what_was_taken_back_from_the_base_is_foreign_to_a_branch_that_holds_it(
        self, world: ForgeWorld
    ) -> None:
        old = _base(world)
        wrong = world.commit("main", {"README.md": b"# Wrong\n"})
        _write(world)
        assert self._foreign(world) is None
        world.reset("main", old)
        assert world.forge.head(world.repository, "main") == old
        assert self._foreign(world) == wrong
        _write(world)
        assert self._foreign(world) is None


class TestOpen:
    def test_it_says_what_was_proposed(self, world: ForgeWorld) -> None:
        head = _write(world)
        opened = world.forge.open(world.repository, PROPOSAL, base_branch="main")
        assert (opened.branch, opened.base, opened.head) == (BRANCH, "main", head)
        assert (opened.title, opened.release_key) == (PROPOSAL.title, KEY)
        assert opened.state is PullRequestState.OPEN
        assert opened.merge_commit is None
        assert opened.merged_at is None

    def test_it_is_found_by_branch_and_by_number(self, world: ForgeWorld) -> None:
        opened = _open(world)
        assert [p.number for p in world.forge.pull_requests(world.repository, BRANCH)] == [opened.number]
        assert world.forge.pull_request(world.repository, opened.number).branch == BRANCH
        assert not world.forge.pull_requests(world.repository, "tagboat/homepage/prod")

    def test_opening_twice_opens_one(self, world: ForgeWorld) -> None:
        opened = _open(world)
        again = world.forge.open(world.repository, PROPOSAL, base_branch="main")
        assert again.number == opened.number
        assert len(world.forge.pull_requests(world.repository, BRANCH)) == 1

    def test_the_head_is_where_the_branch_is_now(self, world: ForgeWorld) -> None:
        opened = _open(world)
        moved = _write(world, _with(DEV, b"tag: 2\n"))
        assert world.forge.pull_request(world.repository, opened.number).head == moved

    def test_each_branch_has_its_own(self, world: ForgeWorld) -> None:
        dev = _open(world)
        prod = _open(world, _with(PROD, b"tag: 2\n", branch="tagboat/homepage/prod"))
        assert dev.number != prod.number
        found = world.forge.pull_requests(world.repository, "tagboat/homepage/prod")
        assert [pull.number for pull in found] == [prod.number]

    def test_an_unknown_number_is_not_found(self, world: ForgeWorld) -> None:
        with pytest.raises(NotFound):
            world.forge.pull_request(world.repository, 4711)

    def test_title_and_body_can_be_revised(self, world: ForgeWorld) -> None:
        number = _open(world).number
        world.forge.revise(world.repository, number, title="Other", body=withdrawn(PROPOSAL.body))
        pull = world.forge.pull_request(world.repository, number)
        assert (pull.title, pull.release_key, pull.is_withdrawn) == ("Other", KEY, True)

    def test_it_is_described_once_however_often_it_is_said(self, world: ForgeWorld) -> None:
        number = _open(world).number
        said = world.known(Metadata(labels=("prod", "tagboat"), reviewers=("ada",), assignees=("grace",)))
        for _ in range(2):
            assert list(world.forge.describe(world.repository, number, said)) == []
        assert world.described(number) == said

    def test_what_is_described_later_is_added(self, world: ForgeWorld) -> None:
        number = _open(world).number
        world.forge.describe(world.repository, number, Metadata(labels=("one",), reviewers=("grace",)))
        world.forge.describe(world.repository, number, Metadata(labels=("two",), reviewers=("ada",)))
        both = Metadata(labels=("one", "two"), reviewers=("ada", "grace"))
        described = world.described(number)
        assert replace(described, reviewers=tuple(sorted(described.reviewers))) == world.known(both)

    def test_a_comment_is_made_once_by_its_key(self, world: ForgeWorld) -> None:
        number = _open(world).number
        for body in ("Somebody else's commit.", "In other words."):
            world.forge.comment(world.repository, number, body, key="foreign")
        world.forge.comment(world.repository, number, "Another.", key="another")
        said = [text.partition("<!--")[0].strip() for text in world.comments(number)]
        assert said == ["Somebody else's commit.", "Another."]

    @pytest.mark.parametrize("key", ["", "--> <b>", "a key", "Ä"])
    def test_a_key_that_could_not_be_hidden_is_no_key(self, world: ForgeWorld, key: str) -> None:
        with pytest.raises(ValueError, match="key of a comment"):
            world.forge.comment(world.repository, _open(world).number, "text", key=key)

    def test_nobody_comments_on_what_is_not_there(self, world: ForgeWorld) -> None:
        with pytest.raises(NotFound):
            world.forge.comment(world.repository, 4711, "text", key="any")

    def test_a_draft_is_said_to_be_one(self, world: ForgeWorld) -> None:
        draft = _open(world, replace(PROPOSAL, metadata=Metadata(draft=True)))
        assert draft.is_draft
        assert world.forge.pull_request(world.repository, draft.number).is_draft

    def test_a_branch_without_anything_new_is_refused(self, world: ForgeWorld) -> None:
        world.reset(BRANCH, _base(world))
        with pytest.raises(Refused):
            world.forge.open(world.repository, PROPOSAL, base_branch="main")


class TestClose:
    def test_it_is_closed_and_the_branch_is_gone(self, world: ForgeWorld) -> None:
        number = _open(world).number
        world.forge.close(world.repository, number, comment="superseded by 1.4.3")
        pull = world.forge.pull_request(world.repository, number)
        assert pull.state is PullRequestState.CLOSED
        assert pull.release_key == KEY
        assert world.head(BRANCH) is None

    def test_closing_again_changes_nothing(self, world: ForgeWorld) -> None:
        number = _open(world).number
        world.forge.close(world.repository, number, comment="superseded")
        closed = world.forge.pull_request(world.repository, number)
        world.forge.close(world.repository, number, comment="superseded")
        assert world.forge.pull_request(world.repository, number) == closed

    def test_a_later_one_from_the_same_branch_comes_first(self, world: ForgeWorld) -> None:
        first = _open(world).number
        world.forge.close(world.repository, first, comment="superseded")
        second = _open(world, _with(DEV, b"tag: 3\n")).number
        pulls = world.forge.pull_requests(world.repository, BRANCH)
        assert [pull.number for pull in pulls] == [second, first]
        assert [pull.state for pull in pulls] == [PullRequestState.OPEN, PullRequestState.CLOSED]

    def test_a_humans_no_is_seen(self, world: ForgeWorld) -> None:
        number = _open(world).number
        world.close(number)
        pull = world.forge.pull_request(world.repository, number)
        assert pull.state is PullRequestState.CLOSED
        assert pull.release_key == KEY
        assert not pull.is_withdrawn

    def test_a_deleted_branch_closes_it(self, world: ForgeWorld) -> None:
        number = _open(world).number
        world.delete(BRANCH)
        assert world.forge.pull_request(world.repository, number).state is PullRequestState.CLOSED

    def test_a_merged_one_stays_merged(self, world: ForgeWorld) -> None:
        pull = _open(world)
        world.forge.merge(world.repository, pull.number, expected_head=pull.head, message="Merge")
        world.forge.close(world.repository, pull.number, comment="late")
        assert world.forge.pull_request(world.repository, pull.number).state is PullRequestState.MERGED


class TestMerge:
    def _merge(self, world: ForgeWorld, pull: PullRequest) -> str:
        message = f"Merge {pull.title}"
        return world.forge.merge(world.repository, pull.number, expected_head=pull.head, message=message)

    def test_the_commit_is_on_the_base_and_holds_the_proposal(self, world: ForgeWorld) -> None:
        before = _base(world)
        pull = _open(world)
        commit = self._merge(world, pull)
        assert world.head("main") == commit
        assert world.contents(commit) == {**world.contents(before), DEV: NEW_DEV}
        assert world.forge.relation(world.repository, commit=before, revision=commit) is Relation.CONTAINED

    def test_it_is_shown_as_merged(self, world: ForgeWorld) -> None:
        pull = _open(world)
        commit = self._merge(world, pull)
        merged = world.forge.pull_request(world.repository, pull.number)
        assert (merged.state, merged.merge_commit) == (PullRequestState.MERGED, commit)
        assert merged.merged_at is not None
        assert merged.merged_at.tzinfo is not None

    def test_it_names_the_head_that_was_merged(self, world: ForgeWorld) -> None:
        number = _open(world).number
        head = _write(world, _with(DEV, b"tag: 2\n"))
        world.forge.merge(world.repository, number, expected_head=head, message="Merge")
        assert world.forge.pull_request(world.repository, number).head == head

    def test_merging_again_gives_the_same_commit(self, world: ForgeWorld) -> None:
        pull = _open(world)
        commit = self._merge(world, pull)
        assert self._merge(world, pull) == commit
        assert world.head("main") == commit

    def test_a_head_that_moved_after_it_was_judged_is_not_merged(self, world: ForgeWorld) -> None:
        before = _base(world)
        pull = _open(world)
        world.commit(BRANCH, {"evil.txt": b"late"})
        with pytest.raises(Conflict):
            self._merge(world, pull)
        assert world.head("main") == before

    def test_what_came_to_the_base_meanwhile_is_kept(self, world: ForgeWorld) -> None:
        pull = _open(world)
        base = world.commit("main", {"README.md": b"# New\n"})
        commit = self._merge(world, pull)
        assert world.contents(commit) == {**world.contents(base), DEV: NEW_DEV}

    def test_a_conflict_is_refused_and_moves_nothing(self, world: ForgeWorld) -> None:
        pull = _open(world)
        base = world.commit("main", {DEV: START[DEV].replace(b"1.0.0", b"1.3.0")})
        with pytest.raises(Refused):
            self._merge(world, pull)
        assert world.head("main") == base
        assert world.forge.pull_request(world.repository, pull.number).mergeable is not True

    def test_a_closed_one_is_refused(self, world: ForgeWorld) -> None:
        before = _base(world)
        pull = _open(world)
        world.forge.close(world.repository, pull.number, comment="no")
        with pytest.raises(Refused):
            self._merge(world, pull)
        assert world.head("main") == before

    def test_a_humans_merge_is_seen(self, world: ForgeWorld) -> None:
        number = _open(world).number
        commit = world.merge(number)
        world.commit("main", {"README.md": b"# Later\n"})
        pull = world.forge.pull_request(world.repository, number)
        assert (pull.state, pull.merge_commit) == (PullRequestState.MERGED, commit)

    def test_the_branch_serves_again_after_the_merge(self, world: ForgeWorld) -> None:
        first = _open(world)
        self._merge(world, first)
        second = _open(world, _with(DEV, b"tag: 3\n"))
        commit = self._merge(world, second)
        assert second.number != first.number
        assert world.contents(commit)[DEV] == b"tag: 3\n"

    def test_nobody_else_moves_meanwhile_and_both_changes_end_up_in(self, world: ForgeWorld) -> None:
        pulls = [
            _open(world, _with(f"envs/{n}.yaml", b"%d\n" % n, branch=f"tagboat/homepage/env-{n}"))
            for n in range(3)
        ]
        with ThreadPoolExecutor(len(pulls)) as pool:
            commits = list(pool.map(lambda pull: self._merge(world, pull), pulls))
        assert len(set(commits)) == len(pulls)
        assert {f"envs/{n}.yaml" for n in range(3)} <= world.contents(_base(world)).keys()
