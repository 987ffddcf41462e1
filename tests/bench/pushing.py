"""Pushing: a one-line change in a large repository without a work tree, against `git push` of a ready commit.

The repository holds 20,000 files and 200 MB of history. Measured is the whole of `Forge.write`: looking
where the branch stands, making file, trees and commit, and pushing them. The floor is Git alone, pushing a
commit that was made before.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from bot.adapters.forges.git.forge import GitForge
from bot.adapters.stores.memory import MemoryLedger
from bot.domain.pull_request.proposal import Proposal

MOST = 3.0
"""Times of the floor that a write may take."""

_FILES = 20_000
_COMMITS = 200
_CHANGED, _SIZE = 20, 50_000
_ROUNDS = 9
_CHART = ("values.yaml", "Chart.yaml", "ingress.yaml", "policy.yaml", "notes.md")
_PATH = "apps/team-7/app-3/values.yaml"
_ISOLATED = {
    "PATH": os.environ.get("PATH", os.defpath),
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    **{f"GIT_{role}_{key}": "bench" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")},
}


class _WallClock:
    """Port `Clock`: the time of this machine."""

    def now(self) -> datetime:
        """Now."""
        return datetime.now(UTC)


def run() -> None:
    """Print the floor, what a write takes, and how they compare; raise when it is more than `MOST`."""
    with tempfile.TemporaryDirectory(prefix="tagboat-bench-") as folder:
        upstream, mirror = Path(folder) / "infra.git", Path(folder) / "floor.git"
        generate(upstream)
        _git(Path(folder), "clone", "--quiet", "--bare", str(upstream), str(mirror))
        floor, ours = measured(upstream, mirror, Path(folder) / "cache")
    ratio = ours / floor
    sys.stdout.write(f"  git push of a ready commit: {floor * 1000:.0f} ms\n")
    sys.stdout.write(
        f"  a one-line change, written: {ours * 1000:.0f} ms, {ratio:.1f} times the floor's time\n"
    )
    if ratio > MOST:
        raise RuntimeError(
            f"a write takes {ratio:.1f} times the floor's time, and at most {MOST:g} is promised"
        )


def generate(folder: Path) -> None:
    """Make a bare repository of that many files, and a history that does not compress."""
    _git(folder.parent, "init", "--quiet", "--bare", "--initial-branch=main", str(folder))
    command = ["git", "-C", str(folder), "-c", "fastimport.unpackLimit=0", "fast-import", "--quiet"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=_ISOLATED) as process:
        assert process.stdin is not None, "it was asked for as a pipe"
        for piece in _history(random.Random(1)):
            process.stdin.write(piece)
        process.stdin.close()
        if process.wait() != 0:
            raise RuntimeError("the repository could not be made")


def measured(upstream: Path, mirror: Path, cache: Path) -> tuple[float, float]:
    """The median seconds of a push and of a write, taken in turns."""
    forge = GitForge(cache, ledger=MemoryLedger(), clock=_WallClock())
    base = forge.head(str(upstream), "main")
    content = forge.read(str(upstream), base, _PATH) if base else None
    if base is None or content is None:
        raise RuntimeError("the repository is not what it should be")
    floors, times = [], []
    for number in range(_ROUNDS):
        floors.append(_pushed(mirror, upstream, _commit(mirror, base, content, number), number))
        times.append(_written(forge, upstream, base, content, number))
    return statistics.median(floors), statistics.median(times)


def _history(chance: random.Random) -> Iterator[bytes]:
    paths = [
        f"apps/team-{number % 50}/app-{number // 50 % 80}/{_CHART[number // 4000]}"
        for number in range(_FILES)
    ]
    yield _change(0, [(path, b"image:\n  tag: 1.0.0\n" + chance.randbytes(1000)) for path in paths])
    for number in range(1, _COMMITS):
        others = chance.sample([path for path in paths if path != _PATH], _CHANGED)
        yield _change(number, [(path, chance.randbytes(_SIZE)) for path in others])


def _change(number: int, files: list[tuple[str, bytes]]) -> bytes:
    head = b"commit refs/heads/main\ncommitter Bench <bench@localhost> %d +0000\ndata 6\nChange\n"
    blobs = (b"M 100644 inline %b\ndata %d\n%b\n" % (path.encode(), len(data), data) for path, data in files)
    return head % (1_700_000_000 + number) + b"".join(blobs) + b"\n"


def _written(forge: GitForge, upstream: Path, base: str, content: bytes, number: int) -> float:
    data = content.replace(b"1.0.0", b"1.1.%d" % number, 1)
    proposal = Proposal(f"tagboat/bench/ours-{number}", ((_PATH, data),), "Change one line", "title", "body")
    begun = time.perf_counter()
    forge.write(str(upstream), proposal, base=base, expected=None)
    return time.perf_counter() - begun


def _pushed(mirror: Path, upstream: Path, commit: str, number: int) -> float:
    begun = time.perf_counter()
    _git(mirror, "push", "--quiet", str(upstream), f"{commit}:refs/heads/floor-{number}")
    return time.perf_counter() - begun


def _commit(mirror: Path, base: str, content: bytes, number: int) -> str:
    """The same change as ours, made by Git's own index beforehand."""
    data = content.replace(b"1.0.0", b"1.2.%d" % number, 1)
    blob = _git(mirror, "hash-object", "-w", "--stdin", stdin=data)
    with tempfile.TemporaryDirectory(prefix="tagboat-bench-") as folder:
        index = {"GIT_INDEX_FILE": f"{folder}/index"}
        _git(mirror, "read-tree", base, extra=index)
        _git(mirror, "update-index", "--cacheinfo", f"100644,{blob},{_PATH}", extra=index)
        tree = _git(mirror, "write-tree", extra=index)
    return _git(mirror, "commit-tree", tree, "-p", base, "-m", "Change one line")


def _git(folder: Path, *arguments: str, stdin: bytes = b"", extra: dict[str, str] | None = None) -> str:
    command = ["git", *arguments]
    environment = {**_ISOLATED, **(extra or {})}
    done = subprocess.run(command, cwd=folder, input=stdin, capture_output=True, check=True, env=environment)
    return done.stdout.decode().strip()
