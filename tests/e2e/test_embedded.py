"""The main job in one process: `tagboat up` on the in-memory transport and SQLite, with plain Git and
docker-registry, and an Argo CD that follows the repository. No API of a Git host, no broker, no database.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.embedded import Stage, stage
from tests.e2e.stage import ENVIRONMENTS, push_image, until, values

pytestmark = pytest.mark.servers


def test_a_push_reaches_production_and_a_human_merges_it_from_the_command_line(tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        push_image(on.registry, "1.1.0")
        on.board.wait("dev", state="live", version="1.1.0")
        on.board.wait("staging", state="live", version="1.1.0")
        on.board.wait("prod", state="proposed", version="1.0.0")
        until(lambda: on.board.environment("prod")["pull_request"], "the pull request should be shown")
        first = on.board.environment("prod")["pull_request"]
        push_image(on.registry, "1.2.0")
        on.board.wait("staging", state="live", version="1.2.0")
        on.board.wait("prod", state="proposed", version="1.0.0")
        assert on.file("prod") == values(on.registry, "1.0.0")
        until(
            lambda: "1.2.0" in (on.board.environment("prod")["pull_request"] or {"title": ""})["title"],
            "the open pull request should propose 1.2.0",
        )
        assert on.board.environment("prod")["pull_request"]["number"] == first["number"]
        on.command("pr", "merge", "shop", "prod")
        on.board.wait("prod", state="live", version="1.2.0")
        for name in ENVIRONMENTS:
            assert on.file(name) == values(on.registry, "1.2.0")


def test_a_process_killed_again_and_again_ends_in_the_same_state(tmp_path: Path) -> None:
    with stage(tmp_path) as on:
        push_image(on.registry, "1.1.0")
        _until_branch(on, "tagboat/shop/dev")
        on.tagboat.kill()
        on.board.wait("staging", state="live", version="1.1.0")
        on.tagboat.kill()
        on.board.wait("prod", state="proposed", version="1.0.0")
        on.tagboat.kill()
        on.board.wait_for_pull_request("prod")
        on.command("pr", "merge", "shop", "prod")
        on.tagboat.kill()
        on.board.wait("prod", state="live", version="1.1.0")
        for name in ENVIRONMENTS:
            assert on.file(name) == values(on.registry, "1.1.0")
        merges = [
            commit.message
            for commit in on.repository.log(on.repository.branch("main") or "")
            if len(commit.parents) > 1
        ]
        assert len(merges) == len(ENVIRONMENTS), merges


def _until_branch(on: Stage, branch: str) -> None:
    until(lambda: on.repository.branch(branch) is not None, f"{branch} should be there")
