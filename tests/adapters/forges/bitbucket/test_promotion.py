"""A whole promotion on each Bitbucket: proposed, merged by Tagboat and by a human, then looked at again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.pipeline import MergeMethod, MergeRules, Repository
from tests.adapters.forges.bitbucket.bitbucket_world import REPOSITORY, Fake, World, bitbucket_world
from tests.fakes.bitbucket_cloud import FakeBitbucketCloud
from tests.fakes.bitbucket_data_center import FakeBitbucketDataCenter
from tests.flow.worlds import THREE, WEB, Bench, values


@pytest.mark.parametrize(
    ("kind", "method"),
    [(FakeBitbucketCloud, MergeMethod.SQUASH), (FakeBitbucketDataCenter, MergeMethod.MERGE)],
    ids=["cloud", "data center"],
)
def test_a_release_goes_from_one_environment_to_the_next(
    kind: type[Fake], method: MergeMethod, tmp_path: Path
) -> None:
    with bitbucket_world(tmp_path, kind) as world:
        bench = _bench(world, method)
        bench.settle()
        bench.registry.push(WEB, "1.1.0")
        for _ in range(4):
            bench.look()
        assert [_tag(world, name) for name in ("dev", "staging", "prod")] == ["1.1.0", "1.1.0", "1.0.0"]
        bench.merge("prod")
        bench.look()
        assert _tag(world, "prod") == "1.1.0"
        assert world.hosted.git.branches().keys() == {"main"}
        asked = len(world.fake.asked())
        bench.look()
        assert len(world.fake.asked()) - asked == len(THREE)  # a list for each environment


def _bench(world: World, method: MergeMethod) -> Bench:
    rules = MergeRules(method=method, delete_branch=True)
    bench = Bench(tuple(replace(each, merging=rules) for each in THREE))
    for each in THREE:
        world.hosted.commit("main", {f"envs/{each.name}/values.yaml": values("1.0.0")})
    pipeline = replace(bench.pipeline, repository=Repository("forge", REPOSITORY))
    bench.world = replace(bench.world, pipelines={"shop": pipeline}, forges={"forge": world.forge})
    return bench


def _tag(world: World, name: str) -> str:
    entry = world.hosted.git.entry("main", f"envs/{name}/values.yaml")
    assert entry is not None
    text = (world.hosted.git.blob(entry.sha) or b"").decode()
    return text.rpartition("tag: ")[2].strip()
