"""`tagboat pr`: pull requests from the terminal, by the same rules as on the page."""

from __future__ import annotations

import getpass
from collections.abc import Callable

import pytest

from bot.domain.pull_request.proposal import Metadata
from tests.cli.verbs import Answer
from tests.flow.worlds import REPOSITORY, WEB, Bench

Tagboat = Callable[..., Answer]


@pytest.fixture
def waiting(bench: Bench) -> Bench:
    """A bench on which prod's pull request waits for a human."""
    bench.registry.push(WEB, "1.1.0")
    bench.look()
    assert bench.status("prod").pull_request is not None
    return bench


def _head(bench: Bench) -> str:
    pull = bench.status("prod").pull_request
    assert pull is not None
    return pull.head


def test_open_pull_requests_are_listed(waiting: Bench, tagboat: Tagboat) -> None:
    answer = tagboat("pr", "list")
    assert answer.code == 0
    assert "shop prod: web 1.0.0 → 1.1.0" in answer.out
    assert "waits for a human to merge it" in answer.out
    assert "tagboat pr show shop prod" in answer.out


def test_the_list_is_json_for_scripts(waiting: Bench, tagboat: Tagboat) -> None:
    (pull,) = tagboat("pr", "list", "shop", "--json").json
    assert (pull["pipeline"], pull["environment"], pull["head"]) == ("shop", "prod", _head(waiting))
    assert pull["number"] == 3


def test_an_empty_list_says_so(tagboat: Tagboat) -> None:
    answer = tagboat("pr", "list")
    assert (answer.code, answer.out) == (0, "No pull request is open.\n")
    assert tagboat("pr", "list", "--json").json == []


def test_a_pull_request_is_shown_with_its_text_and_its_diff(waiting: Bench, tagboat: Tagboat) -> None:
    answer = tagboat("pr", "show", "shop", "prod")
    assert answer.code == 0
    assert f"pull request 3: tagboat/shop/prod → main, at {_head(waiting)[:12]}" in answer.out
    assert "Brings **prod** of **shop** to `1.1.0`." in answer.out
    assert "-  tag: 1.0.0\n" in answer.out
    assert "+  tag: 1.1.0\n" in answer.out


def test_what_stands_beside_and_below_a_pull_request_is_shown(waiting: Bench, tagboat: Tagboat) -> None:
    said = Metadata(
        labels=("tagboat", "prod"), reviewers=("ada",), team_reviewers=("platform",), milestone="Q4"
    )
    waiting.forge.describe(REPOSITORY, 3, said)
    waiting.forge.comment(REPOSITORY, 3, "Please look.", key="foreign")
    out = tagboat("pr", "show", "shop", "prod").out
    for line in ("labels: tagboat, prod", "reviewers: ada, platform", "milestone: Q4", "Please look."):
        assert f"{line}\n" in out
    assert "assignees" not in out


def test_a_merge_reaches_the_base_branch_and_is_followed(
    waiting: Bench, tagboat: Tagboat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "ada")
    answer = tagboat("pr", "merge", "shop", "prod")
    head = waiting.forge.head(REPOSITORY, "main")
    assert head is not None
    assert answer.code == 0
    assert answer.out == f"Merged pull request 3 (shop prod: web 1.0.0 → 1.1.0) as {head[:12]}.\n"
    waiting.settle()
    assert waiting.status("prod").running == {"web": "1.1.0"}
    assert waiting.status("prod").pull_request is None


@pytest.mark.parametrize("digits", [7, 12, 40])
def test_a_merge_may_name_the_head_that_was_looked_at(waiting: Bench, tagboat: Tagboat, digits: int) -> None:
    assert tagboat("pr", "merge", "shop", "prod", "--head", _head(waiting)[:digits]).code == 0


@pytest.mark.parametrize("head", ["0000000", "abc", "f" * 40], ids=["another", "too short", "long"])
def test_another_head_is_not_merged(waiting: Bench, tagboat: Tagboat, head: str) -> None:
    before = waiting.forge.head(REPOSITORY, "main")
    answer = tagboat("pr", "merge", "shop", "prod", "--head", head)
    assert answer.code == 1
    assert "pull request 3 was not merged" in answer.err
    assert "tagboat pr show shop prod" in answer.err
    assert waiting.forge.head(REPOSITORY, "main") == before


def test_a_closed_pull_request_is_remembered_as_a_no(waiting: Bench, tagboat: Tagboat) -> None:
    answer = tagboat("pr", "close", "shop", "prod")
    assert answer.code == 0
    assert answer.out.startswith("Closed pull request 3 (shop prod: web 1.0.0 → 1.1.0)")
    assert "`tagboat promote` brings this one back" in answer.out
    waiting.settle()
    assert waiting.status("prod").state == "declined"
    assert waiting.status("prod").running == {"web": "1.0.0"}


@pytest.mark.parametrize("verb", ["show", "merge", "close"])
def test_without_an_open_pull_request_the_next_step_is_told(tagboat: Tagboat, verb: str) -> None:
    answer = tagboat("pr", verb, "shop", "prod")
    assert answer.code == 1
    assert answer.err == (
        "tagboat: no pull request is open for prod of shop (`tagboat status shop` says what it waits for)\n"
    )


@pytest.mark.parametrize("verb", ["show", "merge", "close"])
@pytest.mark.parametrize(
    ("pipeline", "environment", "text"),
    [
        ("shopp", "prod", "there is no pipeline 'shopp' (one of shop)"),
        ("shop", "prd", "shop has no environment 'prd' (one of dev, staging, prod)"),
    ],
    ids=["pipeline", "environment"],
)
def test_an_unknown_name_is_a_wrong_command_line(
    tagboat: Tagboat, verb: str, pipeline: str, environment: str, text: str
) -> None:
    answer = tagboat("pr", verb, pipeline, environment)
    assert answer.code == 2
    assert text in answer.err


def test_a_container_without_users_can_merge(
    waiting: Bench, tagboat: Tagboat, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 10001")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert tagboat("pr", "merge", "shop", "prod").code == 0
