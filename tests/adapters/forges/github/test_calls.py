"""How many calls each thing takes at GitHub, and that they are what GitHub describes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.snapshot import Relation
from tests.adapters.forges.github.github_world import REPOSITORY, GitHubWorld, forge
from tests.adapters.forges.host_world import BRANCH, DEV, PROPOSAL
from tests.fakes.github_description import departures


def _calls(world: GitHubWorld) -> list[str]:
    asked = world.github.asked()
    return [f"{each.method} {each.call.removeprefix(f'/repos/{REPOSITORY}')}" for each in asked]


def _look(world: GitHubWorld) -> tuple[str, str | None]:
    """What a look at a pipeline asks, in its order; the base commit and the branch's."""
    world.forge.pull_requests(REPOSITORY, BRANCH)
    base = world.forge.head(REPOSITORY, world.forge.default_branch(REPOSITORY))
    assert base is not None
    world.forge.read(REPOSITORY, base, DEV)
    return base, world.forge.head(REPOSITORY, BRANCH)


def test_opening_a_pull_request_takes_eight_calls_when_nothing_is_known(world: GitHubWorld) -> None:
    branch = world.forge.default_branch(REPOSITORY)
    base = world.forge.head(REPOSITORY, branch)
    assert base is not None
    assert world.forge.read(REPOSITORY, base, DEV) == b"tag: 1.0.0\n"
    assert world.forge.pull_requests(REPOSITORY, BRANCH) == ()
    world.forge.write(REPOSITORY, PROPOSAL, base=base, expected=None)
    world.forge.open(REPOSITORY, PROPOSAL, base_branch=branch)
    assert _calls(world) == [
        "GET ",
        "GET /branches/main",
        f"GET /contents/{DEV}",
        "GET /pulls",
        "POST /git/trees",
        "POST /git/commits",
        "POST /git/refs",
        "POST /pulls",
    ]


def test_opening_in_a_look_takes_eight_calls_once_there_was_a_pull_request(world: GitHubWorld) -> None:
    world.merge(world.open())
    world.hosted.delete_branch(BRANCH)
    world.again()
    world.github.forget_requests()
    base, head = _look(world)
    world.forge.write(REPOSITORY, replace(PROPOSAL, files=((DEV, b"3\n"),)), base=base, expected=head)
    world.forge.open(REPOSITORY, PROPOSAL, base_branch="main")
    assert _calls(world) == [
        "GET /pulls",
        "GET /branches/main",
        f"GET /contents/{DEV}",
        f"GET /branches/{BRANCH}",
        "POST /git/trees",
        "POST /git/commits",
        "POST /git/refs",
        "POST /pulls",
    ]


def test_updating_onto_a_moved_base_takes_four_calls_after_a_look(world: GitHubWorld) -> None:
    pull = world.open()
    world.hosted.commit("main", {"other": b"1"})
    world.again()
    base, head = _look(world)
    world.forge.foreign_commit(REPOSITORY, branch=BRANCH, base="main")
    world.github.forget_requests()
    newer = replace(PROPOSAL, files=((DEV, b"tag: 3.0.0\n"),))
    world.forge.write(REPOSITORY, newer, base=base, expected=head)
    world.forge.revise(REPOSITORY, pull.number, title="Newer", body=newer.body)
    assert _calls(world) == [
        "POST /git/trees",
        "POST /git/commits",
        "POST /graphql mutation",
        "PATCH /pulls/1",
    ]


def test_the_default_branch_is_believed_once_when_it_was_told_along(
    world: GitHubWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.open()
    now = 1000.0
    monkeypatch.setattr("bot.adapters.forges.told.time.monotonic", lambda: now)
    for elapsed, asked in ((1.9, 0), (0.0, 1), (2.0, 1)):
        if elapsed:
            world.forge.pull_requests(REPOSITORY, BRANCH)
        world.github.forget_requests()
        now += elapsed
        assert world.forge.default_branch(REPOSITORY) == "main"
        assert len(world.github.asked("GET", "/infra$")) == asked


def test_what_did_not_change_is_asked_for_conditionally(world: GitHubWorld) -> None:
    opened = world.open()
    for _ in range(2):
        world.github.forget_requests()
        assert world.forge.head(REPOSITORY, "main") == world.hosted.git.branch("main")
        assert [p.number for p in world.forge.pull_requests(REPOSITORY, BRANCH)] == [opened.number]
    assert [exchange.response.status for exchange in world.github.exchanges] == [304, 304, 304]


def test_what_a_commit_names_is_read_once(world: GitHubWorld) -> None:
    base = world.forge.head(REPOSITORY, "main")
    assert base is not None
    next_one = world.hosted.commit("main", {"other": b"1"})
    for _ in range(2):
        world.forge.read(REPOSITORY, base, DEV)
        world.forge.relation(REPOSITORY, commit=base, revision=next_one)
    assert len(world.github.asked("GET", "/contents/")) == 1
    assert len(world.github.asked("GET", "/compare/")) == 1


def test_a_commit_that_github_does_not_know_yet_is_asked_for_again(world: GitHubWorld) -> None:
    base = world.forge.head(REPOSITORY, "main")
    assert base is not None
    for _ in range(2):
        assert world.forge.relation(REPOSITORY, commit=base, revision="a" * 40) is Relation.UNKNOWN
    assert len(world.github.asked("GET", "/compare/")) == 2


def test_every_request_and_answer_holds_against_githubs_description(world: GitHubWorld) -> None:
    first = world.open()
    world.forge.revise(REPOSITORY, first.number, title="Other", body="Other")
    world.forge.foreign_commit(REPOSITORY, branch=BRANCH, base="main")
    world.forge.close(REPOSITORY, first.number, comment="superseded")
    files = ((DEV, b"tag: 3\n"), ("new/binary", b"\xff\0"))
    second = world.open(replace(PROPOSAL, files=files))
    world.hosted.commit("main", {"other": b"1"})
    moved = world.write(replace(PROPOSAL, files=((DEV, b"tag: 4\n"),)))
    world.merge(replace(second, head=moved))
    world.forge.read(REPOSITORY, moved, "envs/dev/none.yaml")
    world.forge.default_branch(REPOSITORY)
    asked = [each for each in world.github.exchanges if each.request.path != "/graphql"]
    assert len(asked) >= 30
    assert [text for exchange in asked for text in departures(exchange)] == []


def test_enterprise_server_has_its_api_below_a_path(world: GitHubWorld) -> None:
    enterprise = forge(world.github, api_url=world.github.enterprise_url)
    assert enterprise.default_branch(REPOSITORY) == "main"
    assert world.github.asked()[-1].path == f"/api/v3/repos/{REPOSITORY}"
    enterprise.disconnect()
