"""What `plan`, `explain` and `status` show of a directory that is promoted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.adapters.forges.memory.forge import File
from bot.domain.pipeline import Merge
from tests.cli.verbs import Answer
from tests.flow.directories import PRODUCTION, commit, directory_bench
from tests.flow.worlds import Bench

Tagboat = Callable[..., Answer]
SOAK = timedelta(hours=1)


@pytest.fixture
def bench() -> Bench:
    """A world in which production copies staging, and a human merges."""
    bench = directory_bench(replace(PRODUCTION, merge=Merge.MANUAL, soak=SOAK))
    bench.clock.pass_by(SOAK)
    return bench


def test_the_plan_has_the_diff_of_every_file_that_comes_changes_and_goes(
    bench: Bench, tagboat: Tagboat
) -> None:
    commit(bench, {"staging/app.yaml": b"a: 2\n", "staging/old.yaml": None, "staging/new": File(b"\xff\0\n")})
    bench.look()
    bench.clock.pass_by(SOAK)
    (planned,) = tagboat("plan", "--json").json
    environment = next(each for each in planned["environments"] if each["environment"] == "production")
    (action,) = environment["actions"]
    diffs = {file["path"]: "\n".join(file["diff"]) for file in action["files"]}
    assert diffs.keys() == {"production/app.yaml", "production/old.yaml", "production/new"}
    assert "-a: 1\n+a: 2" in diffs["production/app.yaml"]
    assert "+++ /dev/null" in diffs["production/old.yaml"]
    assert "--- /dev/null" in diffs["production/new"]


def test_explain_says_where_the_image_comes_with_a_directory(tagboat: Tagboat) -> None:
    answer = tagboat("explain", "shop/web")
    line = next(line for line in answer.out.splitlines() if "production/:" in line)
    assert "copied from staging/ as it is proved in staging, but for values.yaml:replicas, secrets/**" in line
    (shown,) = tagboat("explain", "shop/web", "--json").json
    assert shown["copies"] == [
        {
            "environment": "production",
            "from": "staging",
            "directory": "staging",
            "to": "production",
            "keep": ["values.yaml:replicas", "secrets/**"],
        }
    ]


def test_the_status_shows_which_files_stand_there(bench: Bench, tagboat: Tagboat) -> None:
    bench.look()
    (shown,) = tagboat("status", "--json").json
    running = next(each for each in shown["environments"] if each["name"] == "production")["running"]
    assert running["web"] == "1.0.0"
    assert len(running["files"]) == 7


def test_a_pull_request_shows_every_file_that_it_copies(bench: Bench, tagboat: Tagboat) -> None:
    commit(bench, {"staging/app.yaml": b"a: 2\n", "staging/old.yaml": None})
    bench.look()
    bench.clock.pass_by(SOAK)
    bench.look()
    answer = tagboat("pr", "show", "shop", "production")
    assert "+a: 2" in answer.out
    assert "--- a/production/old.yaml" in answer.out
    assert "production/values.yaml" not in answer.out
