"""A whole look asked of GitLab at once: each fact is what its REST API tells, or is left to it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.adapters.forges import told
from bot.adapters.forges.gitlab import survey
from bot.adapters.forges.gitlab.question import MOST_COMPLEXITY, bounded
from bot.adapters.forges.gitlab.transport import Transport
from bot.domain.errors import Limited
from bot.domain.pull_request.proposal import PullRequestState
from bot.ports import Forge, Look
from tests.adapters.forges.gitlab.gitlab_world import REPOSITORY, GitLabWorld
from tests.adapters.forges.host_world import BRANCH, DEV, PROPOSAL
from tests.adapters.forges.looks import (
    LOOK,
    ODD,
    OTHER,
    closed,
    conflicting,
    drafted,
    forked,
    holding,
    look_at,
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
from tests.fakes.http_host import Answer, Cut, Fault

SOMEBODY = Person("Ada", "ada@example.com")


def _look(forge: Forge, look: Look = LOOK) -> Mapping[str, object]:
    return look_at(forge, REPOSITORY, look)


def _calls(world: GitLabWorld) -> list[str]:
    project = f"/api/v4/projects/{REPOSITORY.replace('/', '%2F')}"
    asked = [f"{each.method} {each.call.removeprefix(project)}" for each in world.gitlab.asked()]
    return [each.replace("%2F", "/") for each in asked]


def _prepared(world: GitLabWorld, look: Look = LOOK) -> None:
    """A forge that knows nothing is told of the look; what it asks from here on is counted."""
    world.again()
    world.forge.prepare(REPOSITORY, look)
    world.gitlab.forget_requests()


def _answer(world: GitLabWorld) -> Any:
    """What GitLab answers to the question, to be changed."""
    world.again().prepare(REPOSITORY, LOOK)
    return copy.deepcopy(world.gitlab.exchanges[-1].response.data)


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


_ABSENT = (f"GET /repository/branches/{BRANCH}",)
_READ = (f"GET /repository/files/{OTHER}",) * 2
_COMPARE = "GET /repository/compare"
ONE = Look(None, {BRANCH: (DEV,)})
SITUATIONS = {
    "no branch": Situation(nothing, _ABSENT, ONE),
    "an open one": Situation(opened, look=ONE),
    "a draft": Situation(drafted, look=ONE),
    "a closed one": Situation(closed, look=ONE),
    "a merged one": Situation(merged, look=ONE),
    "one after a merged one": Situation(opened_again, look=ONE),
    "a conflict": Situation(conflicting, look=ONE),
    "a missing approval": Situation(_guarded, look=ONE),
    "a failed pipeline": Situation(_checked, look=ONE),
    "armed by a human": Situation(_armed, look=ONE),
    "a fork's of the same name": Situation(forked, _ABSENT, ONE),
    "fast-forwarded": Situation(_fast_forwarded, look=ONE),
    "fast-forwarded long ago": Situation(_long_ago, ("GET /merge_requests", _COMPARE), ONE),
    "squashed and fast-forwarded": Situation(_squashed, ("GET /merge_requests",), ONE),
    "a commit of somebody else": Situation(touched, (_COMPARE,), ONE),
    "a base that moved": Situation(_on_an_older_base(99), look=ONE),
    "a base that moved far": Situation(_on_an_older_base(100), (_COMPARE,), ONE),
    "a base that went back": Situation(_rewritten, (_COMPARE,), ONE),
    "a path of odd characters": Situation(odd, look=Look(None, {BRANCH: (DEV, ODD)})),
    "a named base": Situation(opened, look=replace(ONE, base="main")),
    "another default branch": Situation(renamed, _ABSENT, ONE),
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
    asked = _look(world.again(), situation.look)
    _prepared(world, situation.look)
    assert _look(world.forge, situation.look) == asked
    assert _calls(world) == list(situation.left)


LEFT_OUT = {
    "no file": Situation(opened, look=Look(None, {BRANCH: ("none.yaml",)})),
    "a folder": Situation(opened, look=Look(None, {BRANCH: ("envs/dev",)})),
    "a link": Situation(holding(b"values.yaml", "120000")),
    "a base that is not there": Situation(opened, look=replace(ONE, base="nowhere")),
}


@pytest.mark.parametrize("situation", LEFT_OUT.values(), ids=LEFT_OUT)
def test_what_is_not_sure_is_left_to_the_rest_api(world: GitLabWorld, situation: Situation) -> None:
    situation.begin(world)
    asked = _look(world.again(), situation.look)
    _prepared(world, situation.look)
    assert _look(world.forge, situation.look) == asked
    assert _calls(world)


class TestJudging:
    def test_what_gitlab_did_not_judge_for_two_looks_is_asked_of_the_rest_api(
        self, world: GitLabWorld
    ) -> None:
        world.gitlab.ways.late = set()
        world.open()
        world.hosted.commit(BRANCH, {"a": b"1"})
        _prepared(world)
        found = []
        for _ in range(3):
            (pull,) = world.forge.pull_requests(REPOSITORY, BRANCH)
            found.append((pull.state, pull.mergeable))
            world.forge.prepare(REPOSITORY, LOOK)
        assert found == [(PullRequestState.OPEN, mergeable) for mergeable in (None, None, True)]
        assert _calls(world).count("GET /merge_requests") == 1


class TestHowLong:
    def test_each_answer_serves_one_question(self, world: GitLabWorld) -> None:
        world.open()
        _prepared(world, ONE)
        _look(world.forge, ONE)
        assert _calls(world) == []
        moved = world.hosted.commit(BRANCH, {"note": b"1"})
        assert world.forge.head(REPOSITORY, BRANCH) == moved
        assert [pull.head for pull in world.forge.pull_requests(REPOSITORY, BRANCH)] == [moved]

    def test_what_this_thread_changed_is_asked_for_anew(self, world: GitLabWorld) -> None:
        _prepared(world)
        pull = world.open()
        assert world.forge.head(REPOSITORY, BRANCH) == pull.head
        assert [each.head for each in world.forge.pull_requests(REPOSITORY, BRANCH)] == [pull.head]

    def test_what_an_earlier_look_did_not_ask_serves_no_later_one(self, world: GitLabWorld) -> None:
        world.open()
        _prepared(world)
        made = world.hosted.commit(BRANCH, {"note": b"1"})
        world.forge.prepare(REPOSITORY, LOOK)
        assert world.forge.head(REPOSITORY, BRANCH) == made

    def test_another_thread_is_told_nothing(self, world: GitLabWorld) -> None:
        _prepared(world)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(world.forge.head, REPOSITORY, "main").result()
        assert _calls(world) == ["GET /repository/branches/main"]

    def test_what_is_old_is_asked_for(self, world: GitLabWorld, monkeypatch: pytest.MonkeyPatch) -> None:
        world.open()
        _prepared(world)
        monkeypatch.setattr(told, "_SAME_LOOK", 0.0)
        moved = world.hosted.commit(BRANCH, {"note": b"1"})
        assert world.forge.head(REPOSITORY, BRANCH) == moved
        assert world.forge.foreign_commit(REPOSITORY, branch=BRANCH, base="main") == moved

    def test_a_branch_that_moved_since_is_not_written_over(self, world: GitLabWorld) -> None:
        world.open()
        _prepared(world, ONE)
        expected = world.forge.head(REPOSITORY, BRANCH)
        base = world.forge.head(REPOSITORY, "main") or ""
        moved = world.hosted.commit(BRANCH, {"note": b"1"})
        with pytest.raises(Exception, match="is not at"):
            world.forge.write(REPOSITORY, PROPOSAL, base=base, expected=expected)
        assert world.hosted.git.branch(BRANCH) == moved

    def test_nothing_is_asked_where_nothing_will_be(self, world: GitLabWorld) -> None:
        world.forge.prepare(REPOSITORY, Look(None, {}))
        assert _calls(world) == []

    def test_a_project_by_its_number_is_asked_one_by_one(self, world: GitLabWorld) -> None:
        world.forge.prepare(str(world.hosted.id), LOOK)
        assert _calls(world) == []


def test_a_file_that_was_told_is_guarded_by_its_last_change(world: GitLabWorld) -> None:
    _prepared(world, ONE)
    base = world.forge.head(REPOSITORY, "main") or ""
    direct = replace(PROPOSAL, branch="main")
    made = world.forge.commit(REPOSITORY, direct, branch="main", expected=base)
    sent = next(each.data for each in world.gitlab.asked("POST", "/repository/commits$"))
    assert sent["actions"][0]["last_commit_id"] == base
    assert world.hosted.git.branch("main") == made


def _error(message: str, **fields: object) -> Answer:
    return Answer(200, {"errors": [{"message": message, **fields}]})


_PASSING: Mapping[str, Fault] = {
    "502": Answer(502, {}),
    "no answer": Cut(),
    "no JSON": Answer(200, {}),
    "all of it failed": Answer(
        200, {"data": {"project": None}, "errors": [{"message": "Timeout", "path": ["project"]}]}
    ),
    "no time to read it": _error("Timeout on validation of query", extensions={"code": "validationTimeout"}),
    "nobody knows what failed": Answer(200, {"data": {"project": None}, "errors": [{"message": "Timeout"}]}),
}
_LASTING: Mapping[str, Fault] = {
    "no such API": Answer(404, {"error": "404 Not Found"}),
    "not permitted": Answer(403, {"message": "403 Forbidden"}),
    "no such field": _error("Field 'commits' doesn't exist on type 'Repository'"),
    "too much at once": _error("Query has complexity of 300, which exceeds max complexity of 250"),
    "junk": Answer(200, {"data": {"project": {"repository": {"rootRef": "main"}}}}),
}


@pytest.mark.parametrize("fault", [*_PASSING.values(), *_LASTING.values()], ids=[*_PASSING, *_LASTING])
def test_what_it_fails_to_tell_is_asked_one_by_one(world: GitLabWorld, fault: Fault) -> None:
    world.open()
    asked = _look(world.again())
    world.again()
    world.gitlab.faults.add("POST", "/graphql query", fault)
    with capture_logs() as logs:
        world.forge.prepare(REPOSITORY, LOOK)
    assert [each["log_level"] for each in logs] == ["warning"]
    assert _look(world.forge) == asked


@pytest.mark.parametrize("fault", _PASSING.values(), ids=_PASSING)
def test_a_fault_that_may_pass_keeps_no_later_look_from_asking(world: GitLabWorld, fault: Fault) -> None:
    world.open()
    world.again()
    world.gitlab.faults.add("POST", "/graphql query", fault)
    world.forge.prepare(REPOSITORY, ONE)
    world.forge.prepare(REPOSITORY, ONE)
    world.gitlab.forget_requests()
    _look(world.forge, ONE)
    assert _calls(world) == []


@pytest.mark.parametrize("fault", _LASTING.values(), ids=_LASTING)
def test_a_gitlab_that_refuses_is_not_asked_again_within_an_hour(world: GitLabWorld, fault: Fault) -> None:
    world.open()
    world.again()
    world.gitlab.faults.add("POST", "/graphql query", fault)
    for _ in range(3):
        world.forge.prepare(REPOSITORY, LOOK)
    assert len(world.gitlab.asked("POST", "/graphql$")) == 1


def test_after_that_hour_it_is_asked(world: GitLabWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey, "_AGAIN_AFTER", 0.0)
    world.gitlab.faults.add("POST", "/graphql query", _LASTING["no such API"])
    for _ in range(2):
        world.forge.prepare(REPOSITORY, LOOK)
    assert len(world.gitlab.asked("POST", "/graphql$")) == 2


def test_a_gitlab_that_fails_again_and_again_is_asked_ever_more_seldom(
    world: GitLabWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0
    monkeypatch.setattr(survey, "time", SimpleNamespace(monotonic=lambda: now))
    world.gitlab.faults.add("POST", "/graphql query", Answer(502, {}), times=10)
    asked = []
    for now in range(0, 3000, 5):
        world.gitlab.forget_requests()
        world.forge.prepare(REPOSITORY, ONE)
        asked += [now] * len(world.gitlab.asked("POST", "/graphql$"))
    assert asked[:11] == [0, 5, 20, 50, 110, 230, 470, 950, 1550, 2150, 2750]
    assert asked[11:] == list(range(2755, 3000, 5))


def test_a_gitlab_that_asked_to_slow_down_is_asked_at_once_again(
    world: GitLabWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def limited(*_: object) -> None:
        raise Limited("GitLab asked to slow down")

    with monkeypatch.context() as patch:
        patch.setattr(Transport, "ask_graphql", limited)
        for _ in range(3):
            world.forge.prepare(REPOSITORY, ONE)
    world.forge.prepare(REPOSITORY, ONE)
    assert len(world.gitlab.asked("POST", "/graphql$")) == 1


_UNTOLD = (*_ABSENT, f"GET /repository/files/{DEV}", _COMPARE)
_ALL = (
    "GET /merge_requests",
    "GET /repository/branches",
    *[f"GET /repository/files/{DEV}"] * 2,
    _COMPARE,
    "GET /api/v4/user",
)
PARTS: Mapping[str, tuple[str, Sequence[str]]] = {
    "our branch": ("h0", _UNTOLD),
    "our branch the second time": ("h0Again", _UNTOLD),
    "files at the base": ("files", [f"GET /repository/files/{DEV}"]),
    "files at our branch": ("f0", [f"GET /repository/files/{DEV}"]),
    "the past of the base": ("baseAgain", _ALL),
    "the merge requests": ("mergeRequests", ["GET /merge_requests"]),
}


def _left(world: GitLabWorld, answer: Any) -> list[str]:
    """What is asked one by one where the question has this answer; the look is the same."""
    asked = _look(world.again(), ONE)
    world.gitlab.faults.add("POST", "/graphql query", Answer(200, answer))
    _prepared(world, ONE)
    assert _look(world.forge, ONE) == asked
    return _calls(world)


@pytest.mark.parametrize(("part", "left"), PARTS.values(), ids=PARTS)
def test_a_part_that_fails_leaves_the_others(world: GitLabWorld, part: str, left: Sequence[str]) -> None:
    world.open()
    answer = _answer(world)
    project = answer["data"]["project"]
    holder, path = (project, []) if part in project else (project["repository"], ["repository"])
    holder[part] = None
    answer["errors"] = [{"message": "no", "path": ["project", *path, part, "nodes", 0]}]
    assert _left(world, answer) == list(left)


DOUBTS: Mapping[str, tuple[Sequence[str | int], str | None, Sequence[str]]] = {
    "a branch that moved in between": (("h0Again", "nodes", 0, "sha"), "a" * 40, _UNTOLD),
    "bytes of another blob": (
        ("files", "nodes", 0, "oid"),
        "a" * 40,
        [f"GET /repository/files/{DEV}"],
    ),
    "a base that moved in between": (("baseAgain", "nodes", 0, "sha"), "a" * 40, _ALL),
    "no place of our branch": (("h0", "lastCommit"), None, _UNTOLD),
}


@pytest.mark.parametrize(("where", "what", "left"), DOUBTS.values(), ids=DOUBTS)
def test_what_does_not_fit_is_not_believed(
    world: GitLabWorld, where: Sequence[str | int], what: str | None, left: Sequence[str]
) -> None:
    world.open()
    answer = _answer(world)
    *way, last = where
    place = answer["data"]["project"]["repository"]
    for name in way:
        place = place[name]
    place[last] = what
    assert _left(world, answer) == list(left)


_LISTED = ("GET /merge_requests",)
_AT_BASE = (f"GET /repository/files/{DEV}",)
ODDITIES: Mapping[str, tuple[Callable[[Any], None], Sequence[str]]] = {
    "no merge requests": (lambda told: told.update(mergeRequests=None), _LISTED),
    "a merge request that is none": (lambda told: told["mergeRequests"]["nodes"].append(None), _LISTED),
    "no status": (lambda told: _pull_of(told).update(detailedMergeStatus=None), _LISTED),
    "no project": (lambda told: _pull_of(told).update(targetProjectId=None), _LISTED),
    "no address": (lambda told: _pull_of(told).update(webUrl=None), _LISTED),
    "a number that is none": (lambda told: _pull_of(told).update(iid=float("inf")), _LISTED),
    "no end": (lambda told: told["mergeRequests"]["pageInfo"].update(hasNextPage=None), _LISTED),
    "no list of open ones": (lambda told: told.update(opened=None), ()),
    "an open one that is none": (lambda told: told["opened"]["nodes"].append(None), ()),
    "a file that is none": (lambda told: told["repository"]["files"]["nodes"].insert(0, None), ()),
    "half a character": (lambda told: _file_of(told).update(rawTextBlob="\ud800"), _AT_BASE),
    "bytes that are no text": (lambda told: _file_of(told).update(rawTextBlob=["a"]), _AT_BASE),
    "a commit that is none": (lambda told: told["repository"]["baseAgain"]["nodes"].append(None), ()),
}


def _pull_of(project: Any) -> Any:
    return project["mergeRequests"]["nodes"][0]


def _file_of(project: Any) -> Any:
    return project["repository"]["files"]["nodes"][0]


@pytest.mark.parametrize(("change", "left"), ODDITIES.values(), ids=ODDITIES)
def test_what_is_null_or_odd_is_left_to_the_rest_api_alone(
    world: GitLabWorld, change: Callable[[Any], None], left: Sequence[str]
) -> None:
    world.open()
    answer = _answer(world)
    change(answer["data"]["project"])
    assert _left(world, answer) == list(left)


class TestDrafts:
    def test_one_that_is_told_to_be_a_draft_stays_one_when_it_is_revised(self, world: GitLabWorld) -> None:
        drafted(world)
        _prepared(world, ONE)
        _look(world.forge, ONE)
        world.forge.revise(REPOSITORY, 1, title="Newer", body="")
        assert world.hosted.pull(1).title == "Draft: Newer"

    def test_one_that_somebody_marked_ready_is_made_no_draft_again(self, world: GitLabWorld) -> None:
        drafted(world)
        world.hosted.edit_pull(1, title="Ready")
        world.forge.prepare(REPOSITORY, ONE)
        _look(world.forge, ONE)
        world.forge.revise(REPOSITORY, 1, title="Newer", body="")
        assert world.hosted.pull(1).title == "Newer"


class TestMerges:
    def test_what_the_project_squashes_whatever_was_wished_is_named_by_what_came_of_it(
        self, world: GitLabWorld
    ) -> None:
        _squashed(world)
        answer = _answer(world)
        told = answer["data"]["project"]["mergeRequests"]["nodes"][0]
        assert told["mergeCommitSha"] is None
        told["squash"] = False
        assert _left(world, answer) == ["GET /merge_requests"]

    def test_what_came_of_one_is_asked_once(self, world: GitLabWorld) -> None:
        _long_ago(world)
        merged = world.hosted.pull(1).merge_commit
        for left in (["GET /merge_requests"], []):
            world.forge.prepare(REPOSITORY, ONE)
            world.gitlab.forget_requests()
            (pull,) = world.forge.pull_requests(REPOSITORY, BRANCH)
            assert pull.merge_commit == merged
            assert _calls(world) == left

    def test_a_number_that_began_again_is_not_taken_for_the_one_before(self, world: GitLabWorld) -> None:
        _fast_forwarded(world)
        answer = _answer(world)
        world.forge.pull_requests(REPOSITORY, BRANCH)
        for head, left in ((None, []), ("a" * 40, ["GET /merge_requests"])):
            told = answer["data"]["project"]["mergeRequests"]["nodes"][0]
            told["diffHeadSha"] = head or told["diffHeadSha"]
            world.gitlab.faults.add("POST", "/graphql query", Answer(200, answer))
            world.forge.prepare(REPOSITORY, ONE)
            world.gitlab.forget_requests()
            world.forge.pull_requests(REPOSITORY, BRANCH)
            assert _calls(world) == left


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
            states.append((len(pulls), pulls[-1].state, len(_calls(world))))
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
