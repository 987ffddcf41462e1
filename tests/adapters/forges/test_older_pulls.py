"""The newest pull requests of a branch and those known before are all that there are, or nothing is said."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bot.adapters.forges.older_pulls import OlderPulls
from bot.domain.pull_request.proposal import PullRequest, PullRequestState

REPOSITORY, BRANCH = "acme/infra", "tagboat/shop/dev"
OPEN, MERGED, CLOSED = PullRequestState.OPEN, PullRequestState.MERGED, PullRequestState.CLOSED


def _pull(number: int, state: PullRequestState = MERGED) -> PullRequest:
    return PullRequest(
        number=number,
        url=f"https://forge.example/{number}",
        title="",
        body="",
        branch=BRANCH,
        base="main",
        head="a" * 40,
        state=state,
    )


def _completed(
    known: Sequence[PullRequest], newer: Sequence[PullRequest], *, oldest: int, newest: int = 0
) -> list[int] | None:
    older = OlderPulls()
    older.keep(REPOSITORY, BRANCH, known, newest=newest)
    found = older.completed(REPOSITORY, BRANCH, newer, oldest=oldest)
    return None if found is None else [pull.number for pull in found]


@pytest.mark.parametrize(
    ("known", "newest", "newer", "oldest", "whole"),
    [
        ([3, 1], 0, [5, 3], 3, [5, 3, 1]),
        ([3, 1], 0, [5, 4], 4, [5, 4, 3, 1]),
        ([3, 1], 0, [6, 5], 5, None),
        ([3, 1], 4, [6, 5], 5, [6, 5, 3, 1]),
        ([], 4, [6], 5, [6]),
        ([], 0, [6], 5, None),
        ([3, 1], 0, [], 4, [3, 1]),
        ([9, 3], 0, [8, 2], 2, None),
    ],
    ids=[
        "they overlap",
        "they meet",
        "one may lie between them",
        "none of this branch lies between them",
        "there was none before",
        "nobody knows what was before",
        "no new one is of this branch",
        "one is gone, so that it is another repository",
    ],
)
def test_the_newest_are_completed_by_those_known_before(
    known: list[int], newest: int, newer: list[int], oldest: int, whole: list[int] | None
) -> None:
    pulls = [_pull(number) for number in known]
    assert _completed(pulls, [_pull(number) for number in newer], oldest=oldest, newest=newest) == whole


def test_what_is_told_anew_replaces_what_was_known() -> None:
    older = OlderPulls()
    older.keep(REPOSITORY, BRANCH, [_pull(3, OPEN), _pull(1)])
    found = older.completed(REPOSITORY, BRANCH, [_pull(4), _pull(3, CLOSED)], oldest=3)
    assert found is not None
    assert [(pull.number, pull.state) for pull in found] == [(4, MERGED), (3, CLOSED), (1, MERGED)]


def test_an_older_one_that_was_open_is_asked_for_again() -> None:
    assert _completed([_pull(3), _pull(1, OPEN)], [_pull(4), _pull(3)], oldest=3) is None


def test_of_a_branch_that_was_never_listed_nothing_is_said() -> None:
    older = OlderPulls()
    older.keep(REPOSITORY, "tagboat/shop/prod", [_pull(3)])
    assert older.completed(REPOSITORY, BRANCH, [_pull(4)], oldest=4) is None
