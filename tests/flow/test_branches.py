"""Another branch in the configuration, while people still see the pull request of the former one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.pipeline import Merge
from bot.domain.pull_request.policy import PullRequestPolicy, Texts
from bot.domain.pull_request.proposal import PullRequest, PullRequestState
from bot.domain.pull_request.templates import Template
from bot.domain.status import State
from tests.flow.worlds import REPOSITORY, WEB, Bench, environment

STANDARD = Texts()
OTHER = Texts(branch=Template("deploy/{{ environment }}"))
PER_RELEASE = Texts(branch=Template("deploy/{{ environment }}-{{ version }}"))
CHANGES = pytest.mark.parametrize(
    ("before", "after"),
    [(STANDARD, OTHER), (STANDARD, PER_RELEASE), (PER_RELEASE, STANDARD), (PER_RELEASE, OTHER)],
    ids=["another name", "one for each release", "one for all releases", "another one for all releases"],
)


def bench_of(texts: Texts) -> Bench:
    """A world in which dev is merged by a human, and 1.1.0 is proposed from such a branch."""
    bench = Bench((environment("dev", merge=Merge.MANUAL, pull_request=policy(texts)),))
    bench.settle()
    bench.registry.push(WEB, "1.1.0")
    bench.look()
    return bench


def policy(texts: Texts) -> PullRequestPolicy:
    return PullRequestPolicy(texts=texts)


def configure(bench: Bench, texts: Texts, *, group: str = "") -> None:
    """Tagboat starts again with another branch."""
    (old,) = bench.world.pipelines["shop"].environments
    changed = replace(old, pull_request=policy(texts), group=group)
    pipelines = {"shop": replace(bench.world.pipelines["shop"], environments=(changed,))}
    bench.world = replace(bench.world, pipelines=pipelines)


def pulls(bench: Bench) -> list[PullRequest]:
    """Every pull request, the oldest first."""
    numbers = sorted(each.number for each in bench.ledger.of_repository(REPOSITORY))
    return [bench.forge.pull_request(REPOSITORY, number) for number in numbers]


@CHANGES
def test_what_is_open_from_the_former_branch_is_superseded(before: Texts, after: Texts) -> None:
    bench = bench_of(before)
    configure(bench, after)
    bench.look()
    old, new = pulls(bench)
    assert (old.state, old.is_withdrawn, new.state) == (PullRequestState.CLOSED, True, PullRequestState.OPEN)
    assert old.branch != new.branch
    assert f"Superseded by pull request {new.number}" in old.body


@CHANGES
def test_a_no_to_what_came_from_the_former_branch_stays(before: Texts, after: Texts) -> None:
    bench = bench_of(before)
    (pull,) = pulls(bench)
    bench.forge.close_by_human(REPOSITORY, pull.number)
    configure(bench, after)
    bench.look()
    assert bench.status("dev").state is State.DECLINED
    assert len(pulls(bench)) == 1


def test_who_joins_a_group_proposes_there_alone() -> None:
    bench = bench_of(STANDARD)
    configure(bench, STANDARD, group="live")
    bench.look()
    old, new = pulls(bench)
    assert (old.state, new.state) == (PullRequestState.CLOSED, PullRequestState.OPEN)
    assert new.branch == "tagboat/groups/live"


def test_who_leaves_a_group_does_not_close_its_pull_request_under_the_others() -> None:
    bench = bench_of(STANDARD)
    configure(bench, STANDARD, group="live")
    bench.look()
    configure(bench, OTHER)
    bench.look()
    states = [(each.branch, each.state) for each in pulls(bench)[1:]]
    assert states == [
        ("tagboat/groups/live", PullRequestState.OPEN),
        ("deploy/dev", PullRequestState.OPEN),
    ]


def test_a_former_branch_that_is_another_environments_now_is_left_to_it() -> None:
    bench = bench_of(OTHER)
    configure(bench, STANDARD)
    (old,) = pulls(bench)
    elsewhere = old.body.replace("environment=dev", "environment=next")
    bench.forge.revise(REPOSITORY, old.number, title=old.title, body=elsewhere)
    bench.look()
    assert [each.state for each in pulls(bench)] == [PullRequestState.OPEN, PullRequestState.OPEN]


def test_a_branch_that_did_not_change_is_asked_for_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = bench_of(STANDARD)
    asked: list[str] = []
    read = bench.forge.pull_requests

    def pull_requests(repository: str, branch: str) -> object:
        asked.append(branch)
        return read(repository, branch)

    monkeypatch.setattr(bench.forge, "pull_requests", pull_requests)
    bench.look()
    assert set(asked) == {"tagboat/shop/dev"}
