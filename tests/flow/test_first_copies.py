"""Copies over what no copy is known of: they wait for a human who sees what they undo, or are known again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from bot.adapters.argocd.memory import MemoryDeployments
from bot.domain.directories.directory import Tree
from bot.domain.errors import NotFound
from bot.domain.pipeline import Application, Merge
from bot.domain.pull_request.proposal import PullRequestState
from bot.domain.status import State
from bot.ports import Forge
from tests.flow.directories import PRODUCTION, STAGING, VALUES, commit, directory_bench, production
from tests.flow.worlds import REPOSITORY, WEB, Bench


def forgotten_bench() -> Bench:
    """A world with a copy whose commit was cleared away after somebody rewrote the base branch."""
    bench = directory_bench()
    commit(bench, {"staging/app.yaml": b"a: 2\n"})
    bench.look()
    clear_away(bench, bench.store.load("shop").environment("production").deployments[-1].copied_at)
    return bench


def clear_away(bench: Bench, gone: str) -> None:
    """Let a human begin the base branch anew, and the host forget a commit."""
    bench.forge.begin_anew_by_human(REPOSITORY, "main")
    forge = bench.forge

    class Forgetful:
        def __getattr__(self, name: str) -> Any:
            return getattr(forge, name)

        def tree(self, repository: str, commit: str, directory: str) -> Tree:
            if commit == gone:
                raise NotFound(f"{repository} has no commit {commit}")
            return forge.tree(repository, commit, directory)

    bench.world = replace(bench.world, forges={"forge": cast(Forge, Forgetful())})


def test_a_copy_that_stands_already_is_known_as_the_release_that_it_holds() -> None:
    bench = directory_bench()
    bench.look()
    status = bench.status("production")
    assert status.state is State.LIVE
    assert status.running["web"] == "1.0.0"
    assert len(status.running["files"]) == 7
    assert bench.told() == []


def test_the_first_copy_over_other_files_waits_for_a_human() -> None:
    bench = Bench((STAGING, PRODUCTION))
    commit(
        bench,
        {"staging/values.yaml": VALUES, "staging/app.yaml": b"a: 1\n", "production/app.yaml": b"a: 0\n"},
    )
    bench.settle()
    status = bench.status("production")
    assert status.state is State.PROPOSED
    assert "no copy to production/ before this one is known" in status.reason
    body = bench.ledger.of_branch(REPOSITORY, "tagboat/shop/production")[0].body
    assert "a human's look: no copy to production/ before this one is known" in body
    assert "**Next** A human merges this" in body
    bench.merge("production")
    bench.settle()
    assert production(bench)["app.yaml"].data == b"a: 1\n"
    commit(bench, {"staging/app.yaml": b"a: 2\n"})
    bench.look()
    assert production(bench)["app.yaml"].data == b"a: 2\n"


def test_files_whose_commit_is_gone_are_named_with_what_to_do() -> None:
    bench = directory_bench(replace(PRODUCTION, soak=timedelta(hours=1)))
    commit(bench, {"staging/app.yaml": b"a: 2\n"})
    bench.look()
    clear_away(bench, bench.store.load("shop").environment("staging").deployments[-1].commit)
    bench.clock.pass_by(timedelta(hours=2))
    bench.settle()
    reason = bench.status("production").reason
    assert "the files that were proved in staging cannot be copied: commit " in reason
    assert "(let staging deploy something newer, or copy them by hand)" in reason


def test_a_copy_over_one_that_is_not_known_any_more_waits_for_a_human() -> None:
    bench = forgotten_bench()
    commit(bench, {"production/app.yaml": b"a: mine\n", "staging/app.yaml": b"a: 3\n"})
    bench.look()
    reason = bench.status("production").reason
    assert reason.endswith("waits for a human to merge it: no copy to production/ before this one is known")
    assert production(bench)["app.yaml"].data == b"a: mine\n"
    bench.merge("production")
    commit(bench, {"staging/app.yaml": b"a: 4\n"})
    bench.look()
    assert production(bench)["app.yaml"].data == b"a: 4\n"


def test_files_that_are_alike_are_a_copy_that_is_known_again() -> None:
    bench = forgotten_bench()
    bench.look()
    commit(bench, {"staging/app.yaml": b"a: 3\n"})
    bench.look()
    assert production(bench)["app.yaml"].data == b"a: 3\n"


def test_the_first_copy_says_to_whoever_merges_by_hand_what_it_overwrites() -> None:
    bench = Bench((STAGING, replace(PRODUCTION, merge=Merge.MANUAL)))
    ours = {"production/app.yaml": b"a: mine\n", "production/old.yaml": b"mine\n"}
    commit(bench, {"staging/values.yaml": VALUES, "staging/app.yaml": b"a: 1\n", **ours})
    bench.settle()
    (pull,) = bench.ledger.of_branch(REPOSITORY, "tagboat/shop/production")
    assert (
        "**Overwrites** whatever people changed by hand in `production/`, in the files above "
        "(1 at `~` and 1 at `-`): no copy to it before this one is known."
    ) in pull.body
    bench.merge("production")
    commit(bench, {"staging/app.yaml": b"a: 2\n"})
    bench.look()
    pull = bench.ledger.of_branch(REPOSITORY, "tagboat/shop/production")[0]
    assert (pull.state, "**Overwrites**" in pull.body) == (PullRequestState.OPEN, False)


@pytest.mark.parametrize(
    ("standing", "running", "told"),
    [
        pytest.param({}, [], "nothing → 1.0.0", id="an empty directory"),
        pytest.param({"production/values.yaml": b"replicas: 2\n"}, [], "unknown → 1.0.0", id="nobody tells"),
        pytest.param(
            {"production/values.yaml": b"replicas: 2\n"},
            ["0.9.0"],
            "0.9.0 → 1.0.0",
            id="Argo CD tells what runs",
        ),
        pytest.param(
            {"production/values.yaml": b"replicas: 2\n"},
            ["0.9.0", "0.8.0"],
            "unknown → 1.0.0",
            id="two versions run",
        ),
    ],
)
def test_the_first_copy_says_what_is_known_to_be_there(
    standing: Mapping[str, bytes], running: Sequence[str], told: str
) -> None:
    application = Application("argocd", "shop-production")
    bench = Bench((STAGING, replace(PRODUCTION, merge=Merge.MANUAL, applications=(application,))))
    argocd = MemoryDeployments()
    argocd.put(application, {"status": {"summary": {"images": [f"{WEB}:{tag}" for tag in running]}}})
    bench.world = replace(bench.world, deployments={"argocd": argocd})
    commit(bench, {"staging/values.yaml": VALUES, **standing})
    bench.settle()
    (pull,) = bench.ledger.of_branch(REPOSITORY, "tagboat/shop/production")
    assert pull.title == f"shop production: web {told}, 1 file of staging/"
    old, new = told.split(" → ")
    assert f"| `{old}` | [`{new}`]" in pull.body or f"| `{old}` | `{new}`" in pull.body


def test_a_store_that_was_lost_finds_the_copy_again() -> None:
    bench = directory_bench()
    commit(bench, {"staging/app.yaml": b"a: 2\n"})
    bench.look()
    fresh = Bench((STAGING, PRODUCTION))
    fresh.forge, fresh.ledger = bench.forge, bench.ledger
    fresh.world = replace(fresh.world, forges={"forge": bench.forge})
    fresh.settle()
    fresh.look()
    assert fresh.status("production").state is State.LIVE
    commit(fresh, {"production/app.yaml": b"hot\n"})
    fresh.look()
    assert fresh.status("production").state is State.BLOCKED
