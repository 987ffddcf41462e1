"""A whole look asked of GitLab at once: each fact is what its REST API tells, or is left to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pytest

from bot.adapters.forges.gitlab.question import MOST_COMPLEXITY, bounded
from bot.domain.pull_request.proposal import PullRequestState
from bot.ports import Look
from tests.adapters.forges.gitlab.gitlab_world import REPOSITORY, GitLabWorld
from tests.adapters.forges.gitlab.survey_steps import (
    ABSENT,
    COMPARE,
    ONE,
    answered,
    calls,
    left_by,
    look,
    prepared,
)
from tests.adapters.forges.host_world import BRANCH, DEV
from tests.adapters.forges.looks import (
    LOOK,
    ODD,
    OTHER,
    closed,
    conflicting,
    drafted,
    forked,
    holding,
    merged,
    nothing,
    odd,
    opened,
    opened_again,
    renamed,
    touched,
)
from tests.fakes.git_host_model import Protection
from tests.fakes.git_repository import Person
from tests.fakes.gitlab_complexity import LIMIT
from tests.fakes.http_host import Answer

SOMEBODY = Person("Ada", "ada@example.com")


def _guarded(world: GitLabWorld) -> None:
    world.open()
    world.hosted.protection = Protection(required_approvals=1)


def _checked(world: GitLabWorld) -> None:
    world.hosted.set_status(world.open().head, "ci", "failure")


def _armed(world: GitLabWorld) -> None:
    world.hosted.protection = Protection(required_approvals=1)
    pull = world.hosted.pull(world.open().number)
    world.gitlab.consent.arm(world.hosted, pull, by="ada")


def _fast_forwarded(world: GitLabWorld) -> None:
    world.gitlab.ways.method = "ff"
    world.hosted.merge_methods.add("ff")
    world.open()
    world.merge_newest()


def _long_ago(world: GitLabWorld) -> None:
    _fast_forwarded(world)
    _move_base(world, 101)


def _squashed(world: GitLabWorld) -> None:
    world.again(squash=True)
    world.open()
    world.merge_newest()


def _on_an_older_base(commits: int) -> Callable[[GitLabWorld], None]:
    def commit(world: GitLabWorld) -> None:
        world.open()
        _move_base(world, commits)

    return commit


def _move_base(world: GitLabWorld, commits: int) -> None:
    git = world.hosted.git
    head = git.branch("main") or ""
    for number in range(commits):
        head = git.write_commit(git.tree(head), [head], f"Nothing {number}", author=SOMEBODY)
    world.hosted.move_branch("main", head)


def _rewritten(world: GitLabWorld) -> None:
    """The base went back behind what our branch stands on."""
    before = world.hosted.git.branch("main") or ""
    world.hosted.commit("main", {"other": b"1"})
    world.open()
    world.hosted.move_branch("main", before, force=True)


@dataclass(frozen=True)
class Situation:
    """What is there, and what the REST API is still asked for."""

    begin: Callable[[GitLabWorld], None]
    left: Sequence[str] = ()
    look: Look = LOOK


_READ = (f"GET /repository/files/{OTHER}",) * 2
SITUATIONS = {
    "no branch": Situation(nothing, ABSENT, ONE),
    "an open one": Situation(opened, look=ONE),
    "a draft": Situation(drafted, look=ONE),
    "a closed one": Situation(closed, look=ONE),
    "a merged one": Situation(merged, look=ONE),
    "one after a merged one": Situation(opened_again, look=ONE),
    "a conflict": Situation(conflicting, look=ONE),
    "a missing approval": Situation(_guarded, look=ONE),
    "a failed pipeline": Situation(_checked, look=ONE),
    "armed by a human": Situation(_armed, look=ONE),
    "a fork's of the same name": Situation(forked, ABSENT, ONE),
    "fast-forwarded": Situation(_fast_forwarded, look=ONE),
    "fast-forwarded long ago": Situation(_long_ago, ("GET /merge_requests", COMPARE), ONE),
    "squashed and fast-forwarded": Situation(_squashed, ("GET /merge_requests",), ONE),
    "a commit of somebody else": Situation(touched, (COMPARE,), ONE),
    "a base that moved": Situation(_on_an_older_base(99), look=ONE),
    "a base that moved far": Situation(_on_an_older_base(100), (COMPARE,), ONE),
    "a base that went back": Situation(_rewritten, (COMPARE,), ONE),
    "a path of odd characters": Situation(odd, look=Look(None, {BRANCH: (DEV, ODD)})),
    "a named base": Situation(opened, look=replace(ONE, base="main")),
    "another default branch": Situation(renamed, ABSENT, ONE),
    "line ends of Windows": Situation(holding(b"a: 1\r\nb: \xc3\xbc\r\n")),
    "an empty file": Situation(holding(b"")),
    "a program": Situation(holding(b"#!/bin/sh\n", "100755")),
    "a byte order mark": Situation(holding(b"\xef\xbb\xbfa: 1\n")),
    "bytes that are no text": Situation(holding(b"\xff\xfe\0"), _READ),
    "another encoding": Situation(holding(b"a: \xfc\n"), _READ),
}


@pytest.mark.parametrize("situation", SITUATIONS.values(), ids=SITUATIONS)
def test_what_is_told_is_what_the_rest_api_tells(world: GitLabWorld, situation: Situation) -> None:
    situation.begin(world)
    asked = look(world.again(), situation.look)
    prepared(world, situation.look)
    assert look(world.forge, situation.look) == asked
    assert calls(world) == list(situation.left)


LEFT_OUT = {
    "no file": Situation(opened, look=Look(None, {BRANCH: ("none.yaml",)})),
    "a folder": Situation(opened, look=Look(None, {BRANCH: ("envs/dev",)})),
    "a link": Situation(holding(b"values.yaml", "120000")),
    "a base that is not there": Situation(opened, look=replace(ONE, base="nowhere")),
}


@pytest.mark.parametrize("situation", LEFT_OUT.values(), ids=LEFT_OUT)
def test_what_is_not_sure_is_left_to_the_rest_api(world: GitLabWorld, situation: Situation) -> None:
    situation.begin(world)
    asked = look(world.again(), situation.look)
    prepared(world, situation.look)
    assert look(world.forge, situation.look) == asked
    assert calls(world)


class TestJudging:
    def test_what_gitlab_did_not_judge_for_two_looks_is_asked_of_the_rest_api(
        self, world: GitLabWorld
    ) -> None:
        world.gitlab.ways.late = set()
        world.open()
        world.hosted.commit(BRANCH, {"a": b"1"})
        prepared(world)
        found = []
        for _ in range(3):
            (pull,) = world.forge.pull_requests(REPOSITORY, BRANCH)
            found.append((pull.state, pull.mergeable))
            world.forge.prepare(REPOSITORY, LOOK)
        assert found == [(PullRequestState.OPEN, mergeable) for mergeable in (None, None, True)]
        assert calls(world).count("GET /merge_requests") == 1


class TestDrafts:
    def test_one_that_is_told_to_be_a_draft_stays_one_when_it_is_revised(self, world: GitLabWorld) -> None:
        drafted(world)
        prepared(world, ONE)
        look(world.forge, ONE)
        world.forge.revise(REPOSITORY, 1, title="Newer", body="")
        assert world.hosted.pull(1).title == "Draft: Newer"

    def test_one_that_somebody_marked_ready_is_made_no_draft_again(self, world: GitLabWorld) -> None:
        drafted(world)
        world.hosted.edit_pull(1, title="Ready")
        world.forge.prepare(REPOSITORY, ONE)
        look(world.forge, ONE)
        world.forge.revise(REPOSITORY, 1, title="Newer", body="")
        assert world.hosted.pull(1).title == "Newer"


class TestMerges:
    def test_what_the_project_squashes_whatever_was_wished_is_named_by_what_came_of_it(
        self, world: GitLabWorld
    ) -> None:
        _squashed(world)
        answer = answered(world)
        told = answer["data"]["project"]["mergeRequests"]["nodes"][0]
        assert told["mergeCommitSha"] is None
        told["squash"] = False
        assert left_by(world, answer) == ["GET /merge_requests"]

    def test_what_came_of_one_is_asked_once(self, world: GitLabWorld) -> None:
        _long_ago(world)
        merged = world.hosted.pull(1).merge_commit
        for left in (["GET /merge_requests"], []):
            world.forge.prepare(REPOSITORY, ONE)
            world.gitlab.forget_requests()
            (pull,) = world.forge.pull_requests(REPOSITORY, BRANCH)
            assert pull.merge_commit == merged
            assert calls(world) == left

    def test_a_number_that_began_again_is_not_taken_for_the_one_before(self, world: GitLabWorld) -> None:
        _fast_forwarded(world)
        answer = answered(world)
        world.forge.pull_requests(REPOSITORY, BRANCH)
        for head, left in ((None, []), ("a" * 40, ["GET /merge_requests"])):
            told = answer["data"]["project"]["mergeRequests"]["nodes"][0]
            told["diffHeadSha"] = head or told["diffHeadSha"]
            world.gitlab.faults.add("POST", "/graphql query", Answer(200, answer))
            world.forge.prepare(REPOSITORY, ONE)
            world.gitlab.forget_requests()
            world.forge.pull_requests(REPOSITORY, BRANCH)
            assert calls(world) == left


class TestManyOlder:
    def test_one_of_long_ago_that_is_opened_again_is_seen(self, world: GitLabWorld) -> None:
        hosted = world.hosted
        hosted.commit(BRANCH, {DEV: b"3\n"})
        for _ in range(102):
            hosted.close_pull(hosted.open_pull(hosted, BRANCH, "main", title="An older one").number)
        states = []
        for _ in range(2):
            world.forge.prepare(REPOSITORY, ONE)
            world.gitlab.forget_requests()
            pulls = world.forge.pull_requests(REPOSITORY, BRANCH)
            states.append((len(pulls), pulls[-1].state, len(calls(world))))
        hosted.reopen_pull(1)
        world.forge.prepare(REPOSITORY, ONE)
        states.append((102, world.forge.pull_requests(REPOSITORY, BRANCH)[-1].state, 0))
        closed, opened = PullRequestState.CLOSED, PullRequestState.OPEN
        assert states == [(102, closed, 2), (102, closed, 0), (102, opened, 0)]


class TestBounds:
    @pytest.mark.parametrize(
        ("branches", "paths"), [(1, 1), (1, 200), (100, 0), (100, 1), (9, 9)], ids=lambda value: str(value)
    )
    def test_a_question_is_no_dearer_than_gitlab_takes(
        self, world: GitLabWorld, branches: int, paths: int
    ) -> None:
        look = Look(None, {f"b{at}": [f"{at}/{path}" for path in range(paths)] for at in range(branches)})
        question = bounded(look)
        assert question.files
        assert question.complexity <= MOST_COMPLEXITY < LIMIT
        world.forge.prepare(REPOSITORY, look)
        answer = world.gitlab.exchanges[-1].response.data
        assert answer["data"]["project"]

    def test_an_ordinary_pipeline_is_asked_for_whole(self) -> None:
        look = Look(
            None, {f"tagboat/shop/{name}": (f"envs/{name}.yaml",) for name in ("dev", "staging", "prod")}
        )
        assert bounded(look).files == look.files
