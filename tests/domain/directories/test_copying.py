"""What an environment remembers of copies: which deployment brought them, and since when it counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.domain.directories.copying import adopted, with_merged
from bot.domain.directories.directory import DirectoryView, Entry, Tree
from bot.domain.image import ImageRef, Release, parse_image_name
from bot.domain.pull_request.mark import Mark
from bot.domain.pull_request.proposal import PullRequest, PullRequestState
from bot.domain.record import Deployment, EnvironmentRecord

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
BEFORE = NOW - timedelta(days=1)
NAME = parse_image_name("ghcr.io/acme/web")


def _release(tag: str) -> Release:
    return Release((("web", ImageRef(NAME, tag)),), tree=f"files {tag}")


def _tree(content: str) -> Tree:
    return {"values.yaml": Entry("100644", content * 40, 1)}


OLD = Deployment(_release("1.0.0"), "a" * 40, BEFORE, live_since=BEFORE, copied_at="a" * 40)
RECORD = EnvironmentRecord(deployments=(OLD,))
MERGED = PullRequest(
    number=3,
    url="https://forge.example/3",
    title="",
    body=Mark(_release("1.1.0").key).text,
    branch="tagboat/shop/prod",
    base="main",
    head="b" * 40,
    state=PullRequestState.MERGED,
    merge_commit="c" * 40,
    merged_at=NOW,
)


def _adopted(record: EnvironmentRecord, view: DirectoryView) -> EnvironmentRecord:
    return adopted(record, view, _release("1.1.0"), base="d" * 40, now=NOW)


def test_files_that_came_since_are_a_deployment_of_their_own_that_is_not_live_yet() -> None:
    found = _adopted(RECORD, DirectoryView({}, _tree("2"), last=_tree("1"), deployed=_tree("1")))
    assert [each.release for each in found.deployments] == [_release("1.0.0"), _release("1.1.0")]
    assert found.deployments[0].live_until == NOW
    assert (found.deployments[1].commit, found.deployments[1].live_since) == ("d" * 40, None)


def test_files_that_stood_there_all_the_time_are_live_for_as_long() -> None:
    found = _adopted(RECORD, DirectoryView({}, _tree("1"), last=_tree("1"), deployed=_tree("1")))
    (known,) = found.deployments
    assert (known.release, known.live_since, known.copied_at) == (_release("1.1.0"), BEFORE, "d" * 40)


def test_a_release_that_runs_already_goes_on_running_whatever_changed_beside_it() -> None:
    runs = replace(OLD, release=_release("1.1.0"), copied_at="")
    found = _adopted(
        EnvironmentRecord(deployments=(runs,)), DirectoryView({}, _tree("2"), deployed=_tree("1"))
    )
    assert found.deployments == (replace(runs, copied_at="d" * 40),)


def test_a_merge_that_is_told_after_its_files_were_seen_is_the_same_deployment() -> None:
    seen = _adopted(RECORD, DirectoryView({}, _tree("2"), last=_tree("1"), deployed=_tree("1")))
    live = replace(seen, deployments=(OLD, replace(seen.deployments[1], live_since=NOW)))
    _, known = with_merged(live, [MERGED], [_release("1.1.0")]).deployments
    assert (known.pull_request, known.commit, known.copied_at) == (3, "c" * 40, "c" * 40)
    assert (known.merged_at, known.live_since) == (NOW, NOW)


def test_a_merge_is_a_new_deployment_and_told_once() -> None:
    found = with_merged(RECORD, [MERGED], [_release("1.1.0")])
    assert [each.pull_request for each in found.deployments] == [None, 3]
    assert with_merged(found, [MERGED], [_release("1.1.0")]) == found
