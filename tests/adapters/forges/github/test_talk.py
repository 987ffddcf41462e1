"""What is said below and beside pull requests on GitHub, at what price, and what GitHub does not take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.errors import Conflict
from bot.domain.pull_request.proposal import Metadata
from tests.adapters.forges.github.github_world import REPOSITORY, GitHubWorld, github_world
from tests.adapters.forges.host_world import PROPOSAL
from tests.fakes.github_description import departures
from tests.fakes.http_host import Answer, Cut

EVERYTHING = Metadata(
    labels=("prod", "tagboat"),
    reviewers=("ada",),
    team_reviewers=("platform",),
    assignees=("grace",),
    milestone="Q4",
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GitHubWorld]:
    with github_world(tmp_path) as built:
        built.hosted.milestones += ["Q3", "Q4"]
        yield built


def said(world: GitHubWorld, number: int) -> list[str]:
    return [each.body for each in world.hosted.pull(number).comments]


def test_each_kind_costs_one_call_and_a_milestone_by_its_title_one_more(world: GitHubWorld) -> None:
    number = world.open().number
    world.github.forget_requests()
    assert list(world.forge.describe(REPOSITORY, number, EVERYTHING)) == []
    calls = [
        f"{each.method} {each.path.removeprefix(f'/repos/{REPOSITORY}')}" for each in world.github.asked()
    ]
    assert calls == [
        f"POST /issues/{number}/labels",
        f"POST /issues/{number}/assignees",
        f"POST /pulls/{number}/requested_reviewers",
        f"POST /pulls/{number}/requested_reviewers",
        "GET /milestones",
        f"PATCH /issues/{number}",
    ]
    pull = world.hosted.pull(number)
    assert (pull.labels, pull.milestone) == (["prod", "tagboat"], "Q4")
    assert (pull.reviewers, pull.assignees) == ({"ada", "platform"}, {"grace"})
    assert [text for each in world.github.exchanges for text in departures(each)] == []


def test_nothing_to_say_costs_nothing(world: GitHubWorld) -> None:
    number = world.open().number
    world.github.forget_requests()
    assert list(world.forge.describe(REPOSITORY, number, Metadata(draft=True))) == []
    assert world.github.asked() == []


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        pytest.param(
            Metadata(reviewers=("stranger",)), "reviewers: Reviews may only be", id="no collaborator"
        ),
        pytest.param(Metadata(reviewers=("tagboat-bot",)), "pull request author", id="Tagboat itself"),
        pytest.param(Metadata(team_reviewers=("nobody",)), "team reviewers: ", id="unknown team"),
        pytest.param(Metadata(milestone="Q9"), "milestone: 'Q9' is not among", id="unknown milestone"),
        pytest.param(Metadata(milestone="77"), "milestone: Validation Failed", id="unknown number"),
    ],
)
def test_what_github_does_not_take_is_said_and_the_rest_is_done(
    world: GitHubWorld, metadata: Metadata, words: str
) -> None:
    number = world.open().number
    (problem,) = world.forge.describe(REPOSITORY, number, replace(metadata, labels=("kept",)))
    assert words in problem
    assert world.hosted.pull(number).labels == ["kept"]


def test_a_missing_right_is_said_and_is_no_stop(world: GitHubWorld) -> None:
    number = world.open().number
    denied = Answer(403, {"message": "Resource not accessible by integration"})
    world.github.faults.add("POST", "/labels$", denied)
    (problem,) = world.forge.describe(REPOSITORY, number, EVERYTHING)
    assert problem == "the labels: Resource not accessible by integration"


def test_a_host_at_fault_is_asked_again_later(world: GitHubWorld) -> None:
    number = world.open().number
    world.github.faults.add("POST", "/assignees$", Answer(409, {"message": "busy"}))
    with pytest.raises(Conflict, match="busy"):
        world.forge.describe(REPOSITORY, number, EVERYTHING)


def test_a_repository_without_drafts_opens_it_as_any_other(world: GitHubWorld) -> None:
    world.hosted.has_drafts = False
    pull = world.open(replace(PROPOSAL, metadata=Metadata(draft=True)))
    assert pull.is_draft is False
    assert [text for each in world.github.exchanges for text in departures(each)] == []


def test_a_comment_whose_answer_was_lost_is_made_once(world: GitHubWorld) -> None:
    number = world.open().number
    world.github.faults.add("POST", "/comments$", Cut(after=True))
    for _ in range(2):
        world.forge.comment(REPOSITORY, number, "Please look.", key="foreign")
    assert said(world, number) == ["Please look.\n\n<!-- tagboat comment=foreign -->"]


def test_a_comment_is_found_again_below_more_than_a_page_of_others(world: GitHubWorld) -> None:
    number = world.open().number
    for index in range(101):
        world.hosted.comment(number, f"chatter {index}")
    world.forge.comment(REPOSITORY, number, "Please look.", key="foreign")
    world.again().comment(REPOSITORY, number, "Please look.", key="foreign")
    assert sum("comment=foreign" in each for each in said(world, number)) == 1


def test_the_sign_off_stands_with_the_trailer_in_the_commit(world: GitHubWorld) -> None:
    commit = world.write(replace(PROPOSAL, sign_off=True))
    message = world.hosted.git.commit(commit).message
    assert message.splitlines()[-2:] == [
        "Signed-off-by: Tagboat <tagboat@localhost>",
        "Tagboat: pull-request",
    ]
