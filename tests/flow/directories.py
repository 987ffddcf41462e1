"""Two directories on a bench: staging, and production, which takes it over but for what it keeps."""

from __future__ import annotations

from collections.abc import Mapping

from bot.adapters.forges.memory.forge import File
from bot.domain.directories.keep import DirectoryPromotion, Keep
from bot.domain.pipeline import Environment, Merge, Target
from bot.domain.place import HelmValues
from tests.flow.worlds import REPOSITORY, Bench

VALUES = b"image: {tag: 1.0.0}\nreplicas: 1\n"
OWN_VALUES = b"image: {tag: 1.0.0}\nreplicas: 9\n"
COPY = DirectoryPromotion(
    "staging", "production", tuple(map(Keep.parse, ["values.yaml:replicas", "secrets/**"]))
)
STAGING = Environment(
    "staging", (Target("web", "staging/values.yaml", HelmValues(tag="image.tag")),), merge=Merge.AUTO
)
PRODUCTION = Environment("production", (), after=("staging",), merge=Merge.AUTO, promote=COPY)


def directory_bench(
    production: Environment = PRODUCTION, *more: Environment, staging: Environment = STAGING
) -> Bench:
    """A world in which production was copied from staging before, but for what it keeps."""
    bench = Bench((staging, production, *more))
    commit(
        bench,
        {
            "staging/values.yaml": VALUES,
            "staging/app.yaml": b"a: 1\n",
            "staging/old.yaml": b"old\n",
            "staging/secrets/key": b"staging's\n",
            "production/values.yaml": OWN_VALUES,
            "production/app.yaml": b"a: 1\n",
            "production/old.yaml": b"old\n",
            "production/secrets/key": b"ours\n",
        },
    )
    bench.settle()
    return bench


def commit(bench: Bench, files: Mapping[str, bytes | File | None]) -> str:
    """A human commits to the base branch."""
    made = {path: File(data) if isinstance(data, bytes) else data for path, data in files.items()}
    return bench.forge.commit_by_human(REPOSITORY, "main", made)


def production(bench: Bench) -> Mapping[str, File]:
    """What stands in production on the base branch."""
    head = bench.forge.head(REPOSITORY, "main")
    assert head is not None
    files = bench.forge.files(REPOSITORY, head)
    return {
        path.removeprefix("production/"): file
        for path, file in files.items()
        if path.startswith("production/")
    }
