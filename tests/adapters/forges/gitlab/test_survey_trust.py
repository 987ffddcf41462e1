"""How long GitLab's one answer is believed, and what comes of a question that it does not answer."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from bot.adapters.forges import told
from bot.adapters.forges.gitlab import survey
from bot.adapters.forges.gitlab.transport import Transport
from bot.domain.errors import Limited
from bot.ports import Look
from tests.adapters.forges.gitlab.gitlab_world import REPOSITORY, GitLabWorld
from tests.adapters.forges.gitlab.survey_steps import (
    ONE,
    calls,
    look,
    prepared,
)
from tests.adapters.forges.host_world import BRANCH, PROPOSAL
from tests.adapters.forges.looks import (
    LOOK,
)
from tests.fakes.http_host import Answer, Cut, Fault


class TestHowLong:
    def test_each_answer_serves_one_question(self, world: GitLabWorld) -> None:
        world.open()
        prepared(world, ONE)
        look(world.forge, ONE)
        assert calls(world) == []
        moved = world.hosted.commit(BRANCH, {"note": b"1"})
        assert world.forge.head(REPOSITORY, BRANCH) == moved
        assert [pull.head for pull in world.forge.pull_requests(REPOSITORY, BRANCH)] == [moved]

    def test_what_this_thread_changed_is_asked_for_anew(self, world: GitLabWorld) -> None:
        prepared(world)
        pull = world.open()
        assert world.forge.head(REPOSITORY, BRANCH) == pull.head
        assert [each.head for each in world.forge.pull_requests(REPOSITORY, BRANCH)] == [pull.head]

    def test_what_an_earlier_look_did_not_ask_serves_no_later_one(self, world: GitLabWorld) -> None:
        world.open()
        prepared(world)
        made = world.hosted.commit(BRANCH, {"note": b"1"})
        world.forge.prepare(REPOSITORY, LOOK)
        assert world.forge.head(REPOSITORY, BRANCH) == made

    def test_another_thread_is_told_nothing(self, world: GitLabWorld) -> None:
        prepared(world)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(world.forge.head, REPOSITORY, "main").result()
        assert calls(world) == ["GET /repository/branches/main"]

    def test_what_is_old_is_asked_for(self, world: GitLabWorld, monkeypatch: pytest.MonkeyPatch) -> None:
        world.open()
        prepared(world)
        monkeypatch.setattr(told, "_SAME_LOOK", 0.0)
        moved = world.hosted.commit(BRANCH, {"note": b"1"})
        assert world.forge.head(REPOSITORY, BRANCH) == moved
        assert world.forge.foreign_commit(REPOSITORY, branch=BRANCH, base="main") == moved

    def test_a_branch_that_moved_since_is_not_written_over(self, world: GitLabWorld) -> None:
        world.open()
        prepared(world, ONE)
        expected = world.forge.head(REPOSITORY, BRANCH)
        base = world.forge.head(REPOSITORY, "main") or ""
        moved = world.hosted.commit(BRANCH, {"note": b"1"})
        with pytest.raises(Exception, match="is not at"):
            world.forge.write(REPOSITORY, PROPOSAL, base=base, expected=expected)
        assert world.hosted.git.branch(BRANCH) == moved

    def test_nothing_is_asked_where_nothing_will_be(self, world: GitLabWorld) -> None:
        world.forge.prepare(REPOSITORY, Look(None, {}))
        assert calls(world) == []

    def test_a_project_by_its_number_is_asked_one_by_one(self, world: GitLabWorld) -> None:
        world.forge.prepare(str(world.hosted.id), LOOK)
        assert calls(world) == []


def test_a_file_that_was_told_is_guarded_by_its_last_change(world: GitLabWorld) -> None:
    prepared(world, ONE)
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
    asked = look(world.again())
    world.again()
    world.gitlab.faults.add("POST", "/graphql query", fault)
    with capture_logs() as logs:
        world.forge.prepare(REPOSITORY, LOOK)
    assert [each["log_level"] for each in logs] == ["warning"]
    assert look(world.forge) == asked


@pytest.mark.parametrize("fault", _PASSING.values(), ids=_PASSING)
def test_a_fault_that_may_pass_keeps_no_later_look_from_asking(world: GitLabWorld, fault: Fault) -> None:
    world.open()
    world.again()
    world.gitlab.faults.add("POST", "/graphql query", fault)
    world.forge.prepare(REPOSITORY, ONE)
    world.forge.prepare(REPOSITORY, ONE)
    world.gitlab.forget_requests()
    look(world.forge, ONE)
    assert calls(world) == []


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
