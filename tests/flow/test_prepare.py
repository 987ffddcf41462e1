"""What a look is about to ask is said to the forge before it is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.adapters.forges.memory.forge import MemoryForge
from bot.domain.pipeline import Environment
from bot.domain.pull_request.policy import PullRequestPolicy, Texts
from bot.domain.pull_request.templates import Template
from bot.domain.record import EnvironmentRecord, Record
from bot.flow.observe import observe
from bot.ports import Look
from tests.flow.worlds import THREE, Bench, environment


class _Listening(MemoryForge):
    """Keeps what it is told, and what it is asked before."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(clock=bench.clock)
        self.told: list[Look] = []
        self.asked: list[str] = []

    def prepare(self, repository: str, look: Look) -> None:
        assert not self.asked, "what was asked already needs no preparing"
        self.told.append(look)

    def head(self, repository: str, branch: str) -> str | None:
        self.asked.append(branch)
        return super().head(repository, branch)


def _said(bench: Bench, record: Record, branch: str | None = None) -> Look:
    """What is said of the bench's pipeline, before anything is asked."""
    forge = _Listening(bench)
    forge.create(bench.pipeline.repository.path, {"README.md": b""})
    world = replace(bench.world, forges={"forge": forge})
    observe(world, replace(bench.pipeline, branch=branch), record, datetime(2026, 1, 1, tzinfo=UTC))
    assert forge.asked
    (look,) = forge.told
    return look


@pytest.mark.parametrize("branch", [None, "main"])
def test_every_environment_has_its_branch_and_its_files(branch: str | None) -> None:
    look = _said(Bench(THREE), Record(), branch)
    assert look == Look(
        branch,
        {f"tagboat/shop/{name}": (f"envs/{name}/values.yaml",) for name in ("dev", "staging", "prod")},
    )


def test_a_group_has_the_files_of_all_its_members() -> None:
    bench = Bench((environment("dev", group="night"),))
    other = replace(bench.pipeline, name="web", environments=(environment("eu", group="night"),))
    bench.world = replace(bench.world, pipelines={"shop": bench.pipeline, "web": other})
    files = ("envs/dev/values.yaml", "envs/eu/values.yaml")
    assert _said(bench, Record()).files == {"tagboat/groups/night": files}


def _per_release() -> Environment:
    return environment("dev", pull_request=PullRequestPolicy(Texts(branch=Template("updates/{{ tag }}"))))


def test_of_branches_per_release_only_the_newest_is_read() -> None:
    record = Record(environments={"dev": EnvironmentRecord(branches=("updates/1.0.0", "updates/1.1.0"))})
    look = _said(Bench((_per_release(),)), record)
    assert look.files == {"updates/1.0.0": (), "updates/1.1.0": ("envs/dev/values.yaml",)}


def test_before_the_first_release_there_is_nothing_to_say() -> None:
    assert _said(Bench((_per_release(),)), Record()).files == {}
