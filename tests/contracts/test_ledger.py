"""What every ledger promises (port `Ledger`): numbers in a row, one open pull request per branch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.errors import Conflict, NotFound
from bot.domain.pull_request.proposal import PullRequest, PullRequestState
from bot.ports import Ledger
from tests.kit.stores import KINDS, NOW, AnyStore, opened

_PULL = PullRequest(
    number=0,
    url="https://tagboat.example.com/pulls/1",
    title="web 1.4.2 in dev",
    body="ünïcode \0 body <!-- tagboat release=0123456789ab -->",
    branch="tagboat/web/dev",
    base="main",
    head="c" * 40,
    state=PullRequestState.OPEN,
)


@pytest.fixture(params=KINDS)
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyStore]:
    with opened(request.param, request, tmp_path) as store:
        yield store


def test_it_is_a_ledger(ledger: AnyStore) -> None:
    port: Ledger = ledger
    assert port.of_repository("infra") == []
    assert port.of_branch("infra", "tagboat/web/dev") == []


def test_numbers_start_at_one_in_each_repository(ledger: AnyStore) -> None:
    branches = [replace(_PULL, branch=f"tagboat/web/{name}") for name in ("dev", "staging", "prod")]
    assert [ledger.add("infra", pull, now=NOW).number for pull in branches] == [1, 2, 3]
    assert ledger.add("other", _PULL, now=NOW).number == 1


def test_what_is_added_is_found_as_it_was(ledger: AnyStore) -> None:
    added = ledger.add("infra", _PULL, now=NOW)
    assert added == replace(_PULL, number=1)
    assert ledger.of_branch("infra", _PULL.branch) == [added]


def test_an_open_one_of_the_branch_is_returned_instead(ledger: AnyStore) -> None:
    added = ledger.add("infra", _PULL, now=NOW)
    assert ledger.add("infra", replace(_PULL, title="another"), now=NOW) == added
    assert ledger.of_repository("infra") == [added]


@pytest.mark.parametrize("state", [PullRequestState.MERGED, PullRequestState.CLOSED])
def test_a_concluded_one_makes_way_for_the_next(ledger: AnyStore, state: PullRequestState) -> None:
    first = replace(ledger.add("infra", _PULL, now=NOW), state=state, merged_at=NOW)
    ledger.change("infra", first)
    second = ledger.add("infra", _PULL, now=NOW)
    assert ledger.of_branch("infra", _PULL.branch) == [second, first]


def test_a_repository_lists_all_branches_newest_first(ledger: AnyStore) -> None:
    for number in range(1, 12):
        ledger.add("infra", replace(_PULL, branch=f"tagboat/app-{number}/dev"), now=NOW)
    ledger.add("other", _PULL, now=NOW)
    assert [pull.number for pull in ledger.of_repository("infra")] == list(range(11, 0, -1))


def test_changing_one_that_is_not_there_says_so(ledger: AnyStore) -> None:
    ledger.add("infra", _PULL, now=NOW)
    with pytest.raises(NotFound, match="infra has no pull request 7"):
        ledger.change("infra", replace(_PULL, number=7))


def test_a_second_one_of_a_branch_cannot_be_opened_again(ledger: AnyStore) -> None:
    first = replace(ledger.add("infra", _PULL, now=NOW), state=PullRequestState.CLOSED)
    ledger.change("infra", first)
    ledger.add("infra", _PULL, now=NOW)
    with pytest.raises(Conflict):
        ledger.change("infra", replace(first, state=PullRequestState.OPEN))
    assert ledger.of_branch("infra", _PULL.branch)[1] == first
