"""What people do to branches and bases of open pull requests: nothing goes where it was not meant to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from bot.adapters.forges.memory.forge import File
from bot.domain.errors import Conflict
from bot.domain.pipeline import Merge, MergeMethod
from bot.domain.pull_request.merge_options import MergeOptions
from bot.domain.pull_request.proposal import PullRequest, PullRequestState
from bot.domain.status import State
from tests.flow.groups import BRANCH as GROUP
from tests.flow.groups import manual
from tests.flow.worlds import REPOSITORY, WEB, Bench, environment, values

BRANCH = "tagboat/shop/dev"
OPEN, CLOSED, MERGED = PullRequestState.OPEN, PullRequestState.CLOSED, PullRequestState.MERGED
MODES = pytest.mark.parametrize("mode", [Merge.MANUAL, Merge.AUTO])
AGAIN = pytest.mark.parametrize("tag", ["1.1.0", "1.2.0"], ids=["the same release", "a newer release"])


def bench() -> Bench:
    """Dev runs 1.0.0, and 1.1.0 is proposed to main; a human merges."""
    made = Bench((environment("dev"),))
    made.settle()
    made.registry.push(WEB, "1.1.0")
    made.look()
    return made


def configure(made: Bench, **changes: object) -> None:
    """Let the pipeline be configured otherwise from now on."""
    pipeline = replace(made.world.pipelines["shop"], **changes)  # type: ignore[arg-type]
    made.world = replace(made.world, pipelines={"shop": pipeline})


def commit(made: Bench, branch: str, note: bytes) -> str:
    return made.forge.commit_by_human(REPOSITORY, branch, {"note": File(note)})


def taken_back() -> tuple[Bench, str]:
    """Dev runs 1.0.0, and 1.1.0 is proposed upon a commit that main lost since; where main stands again."""
    made = Bench((environment("dev"),))
    made.settle()
    before = made.forge.head(REPOSITORY, "main") or ""
    commit(made, "main", b"taken back later")
    made.registry.push(WEB, "1.1.0")
    made.look()
    made.forge.reset_by_human(REPOSITORY, "main", before)
    return made, before


def pulls(made: Bench) -> Sequence[tuple[str, PullRequestState]]:
    """Each pull request's base and state, the oldest first."""
    found: Sequence[PullRequest] = made.forge.pull_requests(REPOSITORY, BRANCH)
    return [(each.base, each.state) for each in reversed(found)]


def read(made: Bench, branch: str, path: str) -> bytes | None:
    return made.forge.read(REPOSITORY, made.forge.head(REPOSITORY, branch) or "", path)


class TestAnotherBase:
    @MODES
    @AGAIN
    def test_what_the_old_base_lacks_is_never_brought_there(self, mode: Merge, tag: str) -> None:
        made = bench()
        before = commit(made, "main", b"of main")
        commit(made, "develop", b"of develop")
        configure(made, branch="develop", environments=(environment("dev", merge=mode),))
        made.registry.push(WEB, tag)
        made.look()
        if mode is Merge.MANUAL:
            assert pulls(made) == [("main", CLOSED), ("develop", OPEN)]
            made.merge("dev")
            made.look()
        assert pulls(made) == [("main", CLOSED), ("develop", MERGED)]
        assert made.forge.head(REPOSITORY, "main") == before
        assert read(made, "develop", "envs/dev/values.yaml") == values(tag)
        assert made.status("dev").state is State.LIVE

    def test_people_are_told_why_it_was_closed(self) -> None:
        made = bench()
        commit(made, "develop", b"of develop")
        configure(made, branch="develop")
        made.look()
        body = made.forge.pull_request(REPOSITORY, 1).body
        assert "It is for `main`, and the change is for `develop`: proposed anew there." in body

    def test_a_pull_request_that_a_human_leads_elsewhere_is_not_merged_there(self) -> None:
        made = bench()
        other = commit(made, "elsewhere", b"theirs")
        commit(made, "main", b"of main")
        moved = replace(made.forge.pull_request(REPOSITORY, 1), base="elsewhere")
        made.ledger.change(REPOSITORY, moved)
        configure(made, environments=(environment("dev", merge=Merge.AUTO),))
        made.look()
        assert pulls(made) == [("elsewhere", CLOSED), ("main", MERGED)]
        assert made.forge.head(REPOSITORY, "elsewhere") == other

    def test_a_commit_of_somebody_else_still_stops_it(self) -> None:
        made = bench()
        theirs = commit(made, BRANCH, b"theirs")
        commit(made, "develop", b"of develop")
        configure(made, branch="develop")
        made.look()
        assert made.status("dev").state is State.BLOCKED
        assert theirs[:12] in made.status("dev").reason
        assert (made.forge.head(REPOSITORY, BRANCH), pulls(made)) == (theirs, [("main", OPEN)])

    def test_a_base_that_is_gone_is_left_for_the_new_one(self) -> None:
        made = bench()
        head = made.forge.head(REPOSITORY, "main") or ""
        made.forge.reset_by_human(REPOSITORY, "trunk", head)
        configure(made, branch="trunk")
        made.forge.delete_by_human(REPOSITORY, "main")
        made.look()
        assert pulls(made) == [("main", CLOSED), ("trunk", OPEN)]

    def test_a_group_goes_there_as_a_whole(self) -> None:
        group = manual("api", "shop")
        for name in ("api", "shop"):
            group.push(name, "1.1.0")
        group.see("api", "shop", "api")
        head = group.forge.commit_by_human(REPOSITORY, "develop", {"note": File(b"of develop")})
        pipelines = {name: replace(each, branch="develop") for name, each in group.world.pipelines.items()}
        group.world = replace(group.world, pipelines=pipelines)
        group.change_by_hand({"api.yaml": b"image:\n  tag: 1.1.0\n"})
        group.see("api", "shop", "api", "shop")
        found = group.forge.pull_requests(REPOSITORY, GROUP)
        assert [(each.base, each.state) for each in found] == [("develop", OPEN), ("main", CLOSED)]
        assert group.forge.parents(REPOSITORY, group.pull().head) == (head,)
        assert sorted(group.on_branch()) == ["api.yaml", "note", "shop.yaml"]
        assert {group.on_branch()[f"{name}.yaml"] for name in ("api", "shop")} == {b"image:\n  tag: 1.1.0\n"}


class TestARewrittenBase:
    @MODES
    @AGAIN
    def test_what_was_taken_from_it_is_not_brought_back(self, mode: Merge, tag: str) -> None:
        made, before = taken_back()
        configure(made, environments=(environment("dev", merge=mode),))
        made.registry.push(WEB, tag)
        made.look()
        if mode is Merge.MANUAL:
            assert made.forge.parents(REPOSITORY, made.forge.head(REPOSITORY, BRANCH) or "") == (before,)
            made.merge("dev")
            made.look()
        assert pulls(made) == [("main", MERGED)]
        assert (read(made, "main", "note"), made.file("dev")) == (None, values(tag))

    def test_somebodys_commit_on_ours_still_stops_it(self) -> None:
        made, _ = taken_back()
        theirs = commit(made, BRANCH, b"theirs")
        made.registry.push(WEB, "1.2.0")
        made.look()
        assert made.status("dev").state is State.BLOCKED
        assert made.forge.head(REPOSITORY, BRANCH) == theirs


class TestTheirCommits:
    @pytest.mark.parametrize("method", [MergeMethod.SQUASH, MergeMethod.MERGE])
    def test_what_was_merged_with_them_does_not_stop_the_next_release(self, method: MergeMethod) -> None:
        made = bench()
        theirs = commit(made, BRANCH, b"theirs")
        made.look()
        assert made.status("dev").state is State.BLOCKED
        made.forge.merge(
            REPOSITORY, 1, MergeOptions(expected_head=theirs, message="All of it", method=method)
        )
        made.registry.push(WEB, "1.2.0")
        made.look()
        assert made.status("dev").state is State.PROPOSED
        assert pulls(made) == [("main", MERGED), ("main", OPEN)]
        assert read(made, BRANCH, "note") == b"theirs"

    def test_what_comes_after_the_merge_does(self) -> None:
        made = bench()
        made.merge("dev")
        theirs = commit(made, BRANCH, b"theirs")
        made.registry.push(WEB, "1.2.0")
        made.look()
        assert made.status("dev").state is State.BLOCKED
        assert made.forge.head(REPOSITORY, BRANCH) == theirs

    def test_once_they_are_gone_it_goes_on(self) -> None:
        made = bench()
        ours = made.forge.head(REPOSITORY, BRANCH) or ""
        commit(made, BRANCH, b"theirs")
        made.look()
        made.forge.reset_by_human(REPOSITORY, BRANCH, ours)
        made.registry.push(WEB, "1.2.0")
        made.look()
        assert made.status("dev").state is State.PROPOSED
        assert read(made, BRANCH, "envs/dev/values.yaml") == values("1.2.0")

    def test_a_head_that_the_host_does_not_show_yet_is_not_merged(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = bench()
        shown = made.forge.pull_requests(REPOSITORY, BRANCH)
        theirs = commit(made, BRANCH, b"theirs")
        monkeypatch.setattr(made.forge, "pull_requests", lambda *_: [replace(shown[0], head=theirs)])
        made.forge.reset_by_human(REPOSITORY, BRANCH, shown[0].head)
        merges: list[MergeOptions] = []
        monkeypatch.setattr(made.forge, "merge", lambda _, __, options: merges.append(options))
        configure(made, environments=(environment("dev", merge=Merge.AUTO),))
        made.look()
        assert (
            made.status("dev").reason == "pull request 1 waits: the host does not show its newest commit yet"
        )
        assert merges == []

    def test_a_host_that_calls_each_move_a_lost_race_is_asked_ever_more_seldom(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = bench()
        moves: list[datetime] = []
        write = made.forge.write

        def lose(*_: object, **__: object) -> str:
            moves.append(made.clock.now())
            raise Conflict("somebody else was faster")

        monkeypatch.setattr(made.forge, "write", lose)
        made.registry.push(WEB, "1.2.0")
        made.look()
        for _ in range(40):
            made.clock.pass_by(timedelta(seconds=15))
            made.settle()
        moments = sorted(set(moves))
        pauses = [late - early for early, late in pairwise(moments)]
        assert pauses == sorted(pauses)
        assert pauses[0] == timedelta(seconds=15)
        assert pauses[-1] >= timedelta(minutes=2)
        monkeypatch.setattr(made.forge, "write", write)
        made.clock.pass_by(timedelta(minutes=5))
        made.settle()
        assert read(made, BRANCH, "envs/dev/values.yaml") == values("1.2.0")
        assert made.store.load("shop").fault_since is None
