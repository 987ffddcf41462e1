"""A whole look asked of GitHub at once: each fact is what its REST API tells, or is left to it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.adapters.forges import told
from bot.adapters.forges.github.question import MOST_BRANCHES, MOST_FILES, bounded
from bot.adapters.forges.identity import Identity, signed
from bot.domain.pull_request.proposal import PullRequestState
from bot.ports import Forge, Look
from tests.adapters.forges.github.github_world import REPOSITORY, GitHubWorld
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
    look_at,
    merged,
    nothing,
    odd,
    opened,
    opened_again,
    renamed,
    touched,
)
from tests.fakes.git_host_model import Protection, Pull
from tests.fakes.git_repository import Person
from tests.fakes.github_consent import Armed
from tests.fakes.http_host import Answer, Cut, Fault


def _look(forge: Forge, look: Look = LOOK) -> Mapping[str, object]:
    return look_at(forge, REPOSITORY, look)


def _calls(world: GitHubWorld) -> list[str]:
    asked = world.github.asked()
    return [f"{each.method} {each.call.removeprefix(f'/repos/{REPOSITORY}')}" for each in asked]


def _prepared(world: GitHubWorld, look: Look = LOOK) -> None:
    """A forge that knows nothing is told of the look; what it asks from here on is counted."""
    world.again()
    world.forge.prepare(REPOSITORY, look)
    world.github.forget_requests()


def _protected(protection: Protection) -> Callable[[GitHubWorld], None]:
    def protect(world: GitHubWorld) -> None:
        world.open()
        world.hosted.commit("main", {"other": b"1"})
        world.hosted.protection = protection

    return protect


def _checked(world: GitHubWorld) -> None:
    world.hosted.set_status(world.open().head, "ci", "failure")


def _armed(world: GitHubWorld) -> None:
    world.hosted.protection = Protection(required_approvals=1)
    world.github.consent.arm(world.hosted, world.open().number, Armed("squash", "All of it", "ada"))


def _many(world: GitHubWorld) -> None:
    first = world.hosted.pull(world.open().number)
    for number in range(2, 53):
        old = Pull(
            number, "", "", world.hosted, BRANCH, "main", first.head, "x", first.created_at, first.created_at
        )
        old.state, old.closed_at = "closed", first.created_at
        world.hosted.pulls[number] = old


def _long(world: GitHubWorld) -> None:
    git, ours = world.hosted.git, Person(Identity().name, Identity().email)
    head = world.open().head
    for _ in range(100):
        head = git.write_commit(git.tree(head), [head], signed("Ours"), author=ours)
    world.hosted.move_branch(BRANCH, head)


@dataclass(frozen=True)
class Situation:
    """What is there, and what the REST API is still asked for."""

    begin: Callable[[GitHubWorld], None]
    left: Sequence[str] = ()
    look: Look = LOOK


_CONTENT = (f"GET /contents/{OTHER}",) * 2
_COMPARE = f"GET /compare/main...{BRANCH.replace('/', '%2F')}"
SITUATIONS = {
    "no pull request": Situation(nothing),
    "an open one": Situation(opened),
    "a draft": Situation(drafted),
    "a closed one": Situation(closed),
    "a merged one": Situation(merged),
    "one after a merged one": Situation(opened_again),
    "a conflict": Situation(conflicting),
    "behind its base": Situation(_protected(Protection(up_to_date=True))),
    "a missing review": Situation(_protected(Protection(required_approvals=1))),
    "a failed check": Situation(_checked),
    "a fork's of the same name": Situation(forked),
    "more than are listed": Situation(_many, ("GET /pulls", "GET /pulls/1")),
    "a commit of somebody else": Situation(touched, (_COMPARE,)),
    "more commits than are listed": Situation(_long, (_COMPARE, _COMPARE)),
    "armed by a human": Situation(_armed),
    "a path of odd characters": Situation(odd, look=Look(None, {BRANCH: (DEV, ODD)})),
    "a named base": Situation(opened, look=replace(LOOK, base="main")),
    "a base that is not there": Situation(opened, look=replace(LOOK, base="nowhere")),
    "another default branch": Situation(renamed),
    "no file": Situation(opened, look=Look(None, {BRANCH: ("none.yaml",)})),
    "line ends of Windows": Situation(holding(b"a: 1\r\nb: \xc3\xbc\r\n")),
    "an empty file": Situation(holding(b"")),
    "a program": Situation(holding(b"#!/bin/sh\n", "100755")),
    "a byte order mark": Situation(holding(b"\xef\xbb\xbfa: 1\n"), _CONTENT),
    "bytes that are no text": Situation(holding(b"\xff\xfe\0"), _CONTENT),
    "a large file": Situation(holding(b"# line\n" * 100_000), _CONTENT),
    "a link": Situation(holding(b"values.yaml", "120000"), _CONTENT),
}


@pytest.mark.parametrize("situation", SITUATIONS.values(), ids=SITUATIONS)
def test_what_is_told_is_what_the_rest_api_tells(world: GitHubWorld, situation: Situation) -> None:
    situation.begin(world)
    asked = _look(world.again(), situation.look)
    _prepared(world, situation.look)
    assert _look(world.forge, situation.look) == asked
    assert _calls(world) == list(situation.left)


def test_a_folder_is_left_to_the_rest_api(world: GitHubWorld) -> None:
    look = Look(None, {BRANCH: ("envs/dev",)})
    asked = _look(world.again(), look)
    _prepared(world, look)
    assert _look(world.forge, look) == asked
    assert _calls(world) == ["GET /contents/envs/dev"]


def test_whether_it_can_be_merged_is_unknown_while_github_thinks(world: GitHubWorld) -> None:
    world.github.late_mergeable = set()
    world.open()
    world.hosted.commit(BRANCH, {"a": b"1"})
    _prepared(world)
    (pull,) = world.forge.pull_requests(REPOSITORY, BRANCH)
    assert (pull.state, pull.mergeable) == (PullRequestState.OPEN, None)
    (again,) = world.forge.pull_requests(REPOSITORY, BRANCH)
    assert again.mergeable is True


class TestWhen:
    def test_nothing_is_asked_twice_while_the_base_stands(self, world: GitHubWorld) -> None:
        world.open()
        world.again().prepare(REPOSITORY, LOOK)
        _look(world.forge)
        for _ in range(2):
            world.github.forget_requests()
            world.forge.prepare(REPOSITORY, LOOK)
            assert _calls(world) == ["GET /branches/main"]
        assert world.github.exchanges[0].response.status == 304

    def test_a_base_that_moved_is_asked_for_with_all_else(self, world: GitHubWorld) -> None:
        _prepared(world)
        head = world.hosted.commit("main", {DEV: b"by hand\n"})
        world.forge.prepare(REPOSITORY, LOOK)
        assert _calls(world) == ["GET /branches/main", "POST /graphql query"]
        assert _look(world.forge)[f"{DEV} at base"] == b"by hand\n"
        assert len(_calls(world)) == 2
        assert world.forge.head(REPOSITORY, "main") == head

    def test_other_branches_on_the_same_base_are_asked_for_by_themselves(self, world: GitHubWorld) -> None:
        _prepared(world)
        world.forge.prepare(REPOSITORY, Look(None, {"tagboat/other/dev": (DEV,)}))
        assert _calls(world)[-1] == "POST /graphql query"

    def test_nothing_is_asked_where_nothing_will_be(self, world: GitHubWorld) -> None:
        world.forge.prepare(REPOSITORY, Look(None, {}))
        assert _calls(world) == []


class TestHowLong:
    def test_each_answer_serves_one_question(self, world: GitHubWorld) -> None:
        world.open()
        _prepared(world)
        _look(world.forge)
        assert _calls(world) == []
        moved = world.hosted.commit(BRANCH, {"note": b"1"})
        assert world.forge.head(REPOSITORY, BRANCH) == moved
        assert [pull.head for pull in world.forge.pull_requests(REPOSITORY, BRANCH)] == [moved]

    def test_what_this_thread_changed_is_asked_for_anew(self, world: GitHubWorld) -> None:
        _prepared(world)
        pull = world.open()
        assert world.forge.head(REPOSITORY, BRANCH) == pull.head
        assert [each.head for each in world.forge.pull_requests(REPOSITORY, BRANCH)] == [pull.head]

    def test_what_an_earlier_look_did_not_ask_serves_no_later_one(self, world: GitHubWorld) -> None:
        _prepared(world)
        made = world.hosted.commit(BRANCH, {"note": b"1"})
        world.forge.prepare(REPOSITORY, LOOK)
        assert world.forge.head(REPOSITORY, BRANCH) == made

    def test_another_thread_is_told_nothing(self, world: GitHubWorld) -> None:
        _prepared(world)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(world.forge.head, REPOSITORY, "main").result()
        assert _calls(world) == ["GET /branches/main"]

    def test_what_is_old_is_asked_for(self, world: GitHubWorld, monkeypatch: pytest.MonkeyPatch) -> None:
        world.open()
        _prepared(world)
        monkeypatch.setattr(told, "_SAME_LOOK", 0.0)
        moved = world.hosted.commit(BRANCH, {"note": b"1"})
        assert world.forge.head(REPOSITORY, BRANCH) == moved
        assert world.forge.foreign_commit(REPOSITORY, branch=BRANCH, base="main") == moved


def _error(**fields: object) -> Answer:
    return Answer(200, {"data": None, "errors": [{"message": "no", **fields}]})


FAILURES: Mapping[str, Fault] = {
    "no such API": Answer(404, {"message": "Not Found"}),
    "not permitted": _error(type="FORBIDDEN"),
    "out of sight": _error(type="NOT_FOUND", path=["repository"]),
    "a limit of its own": _error(type="RATE_LIMITED"),
    "the same by its other name": _error(type="RATE_LIMIT"),
    "its limit by a status": Answer(
        403, {"message": "API rate limit exceeded"}, {"X-RateLimit-Remaining": "0"}
    ),
    "no such field": _error(extensions={"code": "undefinedField"}),
    "too much at once": _error(),
    "502": Answer(502, {}),
    "no answer": Cut(),
    "junk": Answer(200, {"data": {"repository": {}}}),
}


@pytest.mark.parametrize("fault", FAILURES.values(), ids=FAILURES)
class TestFailures:
    def test_what_it_fails_to_tell_is_asked_one_by_one(self, world: GitHubWorld, fault: Fault) -> None:
        world.open()
        asked = _look(world.again())
        world.again()
        world.github.faults.add("POST", "/graphql query", fault)
        with capture_logs() as logs:
            world.forge.prepare(REPOSITORY, LOOK)
        assert [(each["event"], each["log_level"]) for each in logs] == [("survey_failed", "warning")]
        assert _look(world.forge) == asked

    def test_it_is_not_put_again_and_again(self, world: GitHubWorld, fault: Fault) -> None:
        world.github.faults.add("POST", "/graphql query", fault, times=9)
        for _ in range(4):
            world.forge.prepare(REPOSITORY, LOOK)
            _look(world.forge)
        assert len(world.github.asked("POST", "/graphql$")) <= 2


PARTS = {
    "pull requests": ("p0", ["GET /pulls", "GET /pulls/1"]),
    "our branch": (
        "b0",
        [f"GET /branches/{BRANCH}", f"GET /contents/{DEV}", f"GET /contents/{OTHER}", "GET ", "GET /compare"],
    ),
    "commits": ("c0", ["GET /compare"]),
}


def _answer(world: GitHubWorld) -> Any:
    """What GitHub answers to the question, to be changed."""
    world.again().prepare(REPOSITORY, LOOK)
    return copy.deepcopy(world.github.exchanges[-1].response.data)


def _left(world: GitHubWorld, answer: Any) -> list[str]:
    """What is asked one by one where the question has this answer; the look is the same."""
    asked = _look(world.again())
    world.github.faults.add("POST", "/graphql query", Answer(200, answer))
    _prepared(world)
    assert _look(world.forge) == asked
    return [call.partition("/main...")[0] for call in _calls(world)]


@pytest.mark.parametrize(("part", "left"), PARTS.values(), ids=PARTS)
def test_a_part_that_fails_leaves_the_others(world: GitHubWorld, part: str, left: Sequence[str]) -> None:
    world.open()
    answer = _answer(world)
    answer["data"]["repository"][part] = None
    answer["errors"] = [{"message": "no", "path": ["repository", part, "nodes", 0]}]
    assert _left(world, answer) == list(left)


DOUBTS: Mapping[str, tuple[Sequence[str], str, Sequence[str]]] = {
    "a comparison with another base": (("c0", "target", "oid"), "a" * 40, ["GET /compare"]),
    "a comparison of another head": (("c0", "compare", "headTarget", "oid"), "a" * 40, ["GET /compare"]),
    "a tag of that name": (("b0", "prefix"), "refs/tags/", PARTS["our branch"][1]),
    "bytes of another blob": (("base", "target", "f0", "oid"), "a" * 40, [f"GET /contents/{DEV}"]),
}


@pytest.mark.parametrize(("where", "what", "left"), DOUBTS.values(), ids=DOUBTS)
def test_what_does_not_fit_is_not_believed(
    world: GitHubWorld, where: Sequence[str], what: str, left: Sequence[str]
) -> None:
    world.open()
    answer = _answer(world)
    *way, last = where
    place = answer["data"]["repository"]
    for name in way:
        place = place[name]
    place[last] = what
    assert _left(world, answer) == list(left)


_LISTED = PARTS["pull requests"][1]
_FILES = (f"GET /contents/{DEV}", f"GET /contents/{OTHER}", "GET ")
_ONE_BY_ONE = (*_LISTED, "GET /branches/main", f"GET /branches/{BRANCH}", *_FILES, *_FILES, "GET /compare")
ODDITIES: Mapping[str, tuple[Callable[[Any], None], Sequence[str]]] = {
    "no pull requests": (lambda told: told.update(p0=None), _LISTED),
    "a pull request that is none": (lambda told: told["p0"]["nodes"].append(None), _LISTED),
    "no merge": (
        lambda told: told["p0"]["nodes"][0].update(mergedAt="2026-11-20T09:00:00Z", mergeCommit=None),
        _LISTED,
    ),
    "no address": (lambda told: told["p0"]["nodes"][0].update(url=None), _LISTED),
    "no status": (lambda told: told["p0"]["nodes"][0].update(mergeStateStatus=None), _LISTED),
    "a number that is none": (lambda told: told["p0"]["nodes"][0].update(number=float("inf")), _LISTED),
    "a base at no commit": (lambda told: told["base"]["target"].update(oid=None), _ONE_BY_ONE),
    "half a character": (
        lambda told: told["base"]["target"]["f0"]["object"].update(text="\ud800"),
        [f"GET /contents/{DEV}"],
    ),
    "bytes that are no text": (
        lambda told: told["base"]["target"]["f0"]["object"].update(text=["a"]),
        [f"GET /contents/{DEV}"],
    ),
}


@pytest.mark.parametrize(("change", "left"), ODDITIES.values(), ids=ODDITIES)
def test_what_is_null_or_odd_is_left_to_the_rest_api_alone(
    world: GitHubWorld, change: Callable[[Any], None], left: Sequence[str]
) -> None:
    world.open()
    answer = _answer(world)
    change(answer["data"]["repository"])
    assert _left(world, answer) == list(left)


def test_a_list_that_does_not_say_that_it_ends_is_taken_for_a_part(world: GitHubWorld) -> None:
    world.open()
    answer = _answer(world)
    listed = answer["data"]["repository"]["p0"]
    listed["nodes"], listed["pageInfo"]["hasNextPage"] = [], None
    assert _left(world, answer) == list(_LISTED)


class TestBounds:
    @pytest.mark.parametrize(
        ("branches", "paths"), [(1, 1), (1, 200), (100, 0), (100, 1), (9, 9)], ids=lambda value: str(value)
    )
    def test_a_question_is_no_larger_than_its_bounds(self, branches: int, paths: int) -> None:
        look = Look(None, {f"b{at}": [f"{at}/{path}" for path in range(paths)] for at in range(branches)})
        question = bounded(look)
        assert len(question.files) == min(branches, MOST_BRANCHES)
        read = sum(map(len, question.files.values())) + len(question.paths)
        assert read <= MOST_FILES
        assert read or paths in {0, 200}

    def test_what_is_beyond_them_is_asked_one_by_one(self, world: GitHubWorld) -> None:
        world.open()
        asked = _look(world.again())
        others = {f"tagboat/other/{number}": () for number in range(MOST_BRANCHES)}
        _prepared(world, Look(None, {**others, BRANCH: (DEV, OTHER)}))
        assert _look(world.forge) == asked
        assert "GET /pulls" in _calls(world)

    def test_no_name_stands_in_the_text_of_the_question(self) -> None:
        look = Look('ba"se', {'tagboat/x") { id } }': ('pa"th',)})
        question = bounded(look)
        assert '"' not in question.text()
        assert {'refs/heads/ba"se', 'pa"th'} <= set(question.variables(REPOSITORY).values())
