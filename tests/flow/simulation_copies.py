"""The laws of copied directories: what is kept stays, and no change by hand is undone unasked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bot.adapters.forges.memory.forge import File
from bot.domain.directories.keep import DirectoryPromotion
from bot.domain.people.order import Standing
from bot.domain.pull_request.mark import marks
from tests.flow.simulation_laws import Laws
from tests.flow.worlds import REPOSITORY

_KEPT = re.compile(rb"(?m)^replicas: .*$")


def copied(laws: Laws, body: str, before: str, after: str) -> None:
    """Tagboat itself brought a proposal with these words to the base branch."""
    old, new = laws.forge.files(REPOSITORY, before), laws.forge.files(REPOSITORY, after)
    for mark in marks(body):
        promote = laws.place(mark)[1].promote
        if promote is None:
            continue
        for path in sorted(old.keys() | new.keys()):
            if not path.startswith(f"{promote.to}/") or old.get(path) == new.get(path):
                continue
            if _kept(old.get(path)) != _kept(new.get(path)) and path in old and path in new:
                laws.says("what is kept stays", f"{path}: {old[path]} {new[path]}")
            told = laws.standing((mark.pipeline, mark.environment))
            if _is_undone(laws, promote, path, before, told):
                laws.says("no change by hand is undone unasked", f"{path}: {old.get(path)} {new.get(path)}")


def _is_undone(laws: Laws, promote: DirectoryPromotion, path: str, before: str, told: Standing) -> bool:
    """Whether somebody changed the file by hand since the last copy, and nobody let that go."""
    history = list(_first_parents(laws, before))
    files = [laws.forge.files(REPOSITORY, commit) for commit in history]
    now = _free(files[0].get(path))
    origin = next(
        (commit for commit, older in zip(history, files[1:], strict=False) if _free(older.get(path)) != now),
        history[-1],
    )
    if origin not in laws.truth.by_hand:
        return False
    source = path.replace(promote.to, promote.directory, 1)
    if any(_free(each.get(source)) == now for each in files):
        return False  # whoever did it by hand copied too
    if _was_copied(laws, promote, path, now, history):
        return False
    return told.overwrite is None or told.overwrite.at < laws.truth.by_hand[origin]


def _was_copied(
    laws: Laws, promote: DirectoryPromotion, path: str, now: bytes | None, history: Sequence[str]
) -> bool:
    """Whether the newest copy said this, or one that somebody forced off the base branch since."""
    copies = [commit for commit in history if _is_copy(laws, commit, promote)][:1]
    gone = [each for each in laws.truth.bases if each not in history and _is_copy(laws, each, promote)]
    files = (laws.forge.files(REPOSITORY, commit) for commit in (*copies, *gone))
    return any(_free(each.get(path)) == now for each in files)


def _is_copy(laws: Laws, commit: str, promote: DirectoryPromotion) -> bool:
    """Whether a commit of Tagboat's changed the directory."""
    parents = laws.forge.parents(REPOSITORY, commit)
    if commit in laws.truth.by_hand or not parents:
        return False
    here, there = laws.forge.files(REPOSITORY, commit), laws.forge.files(REPOSITORY, parents[0])
    paths = [path for path in here.keys() | there.keys() if path.startswith(f"{promote.to}/")]
    return any(here.get(path) != there.get(path) for path in paths)


def _first_parents(laws: Laws, commit: str) -> Iterator[str]:
    yield commit
    while parents := laws.forge.parents(REPOSITORY, commit):
        commit = parents[0]
        yield commit


def _kept(file: File | None) -> list[bytes]:
    return _KEPT.findall(file.data) if file else []


def _free(file: File | None) -> bytes | None:
    """What is not kept."""
    return _KEPT.sub(b"", file.data) if file else None
