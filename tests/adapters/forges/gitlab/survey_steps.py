"""What the tests of GitLab's survey share: a look, what it asks, and what the one question is answered."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from bot.ports import Forge, Look
from tests.adapters.forges.gitlab.gitlab_world import REPOSITORY, GitLabWorld
from tests.adapters.forges.host_world import BRANCH, DEV
from tests.adapters.forges.looks import LOOK, look_at
from tests.fakes.http_host import Answer

ABSENT = (f"GET /repository/branches/{BRANCH}",)
COMPARE = "GET /repository/compare"
ONE = Look(None, {BRANCH: (DEV,)})


def look(forge: Forge, at: Look = LOOK) -> Mapping[str, object]:
    """What a look is told."""
    return look_at(forge, REPOSITORY, at)


def calls(world: GitLabWorld) -> list[str]:
    """What was asked since the last count."""
    project = f"/api/v4/projects/{REPOSITORY.replace('/', '%2F')}"
    asked = [f"{each.method} {each.call.removeprefix(project)}" for each in world.gitlab.asked()]
    return [each.replace("%2F", "/") for each in asked]


def prepared(world: GitLabWorld, look: Look = LOOK) -> None:
    """A forge that knows nothing is told of the look; what it asks from here on is counted."""
    world.again()
    world.forge.prepare(REPOSITORY, look)
    world.gitlab.forget_requests()


def answered(world: GitLabWorld) -> Any:
    """What GitLab answers to the question, to be changed."""
    world.again().prepare(REPOSITORY, LOOK)
    return copy.deepcopy(world.gitlab.exchanges[-1].response.data)


def left_by(world: GitLabWorld, answer: Any) -> list[str]:
    """What is asked one by one where the question has this answer; the look is the same."""
    asked = look(world.again(), ONE)
    world.gitlab.faults.add("POST", "/graphql query", Answer(200, answer))
    prepared(world, ONE)
    assert look(world.forge, ONE) == asked
    return calls(world)
