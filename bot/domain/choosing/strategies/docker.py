"""docker: tags of the shape that runs, by Renovate's docker versioning.

https://docs.renovatebot.com/modules/versioning/docker/. `3.9-alpine` gives way to `3.11-alpine`, never to
`3.11.2-alpine`, `3.11-slim` or `3.12b1-alpine`. Unlike Renovate's, numbers in a pre-release are compared as
numbers: `b10` is newer than `b9`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from bot.domain.choosing.strategies.order import Order, Running, Words
from bot.domain.choosing.strategies.reach import Reach

_TAG = re.compile(r"v?([0-9]{1,256}(?:\.[0-9]{1,256})*)(\w*)(?:-(.*))?", re.ASCII)
_COMMIT = re.compile(r"(?=.*[a-f])[a-f0-9]{7,40}")
_RUNS = re.compile(r"[0-9]+|[^0-9]+")
_LONGEST_TAG = 256
_Stage = tuple[tuple[int, int, str], ...]
_STABLE: _Stage = ((2, 0, ""),)
"""Above every pre-release: their parts begin with 0 (numbers) or 1 (letters)."""


class DockerVersion(NamedTuple):
    """A tag's numbers, the pre-release glued to them, and what follows the first dash."""

    numbers: tuple[int, ...]
    stage: _Stage
    suffix: str

    @property
    def is_stable(self) -> bool:
        """Whether no pre-release is glued to the numbers; `-rc.1` is a suffix here."""
        return self.stage == _STABLE


def parse_docker_version(value: str) -> DockerVersion | None:
    """Read a tag as Renovate does; None for the hash of a commit and for what does not begin with numbers."""
    found = _TAG.fullmatch(value)
    if not found or len(value) > _LONGEST_TAG or _COMMIT.fullmatch(value):
        return None
    numbers, letters, suffix = found.groups()
    parts = tuple((0, int(run), "") if run.isdigit() else (1, 0, run) for run in _RUNS.findall(letters))
    return DockerVersion(tuple(int(number) for number in numbers.split(".")), parts or _STABLE, suffix or "")


@dataclass(frozen=True)
class DockerOrder(Order[DockerVersion]):
    """Tags with as many numbers and the same suffix as what runs."""

    running: Running | None
    reach: Reach | None = None

    @property
    def words(self) -> Words:
        """How the order speaks of tags."""
        return Words(claim=f"the highest version of the shape {self._shape}", behind="older than")

    @property
    def _shape(self) -> str:
        return f"of {self.running.shown}" if self.running else "that runs"

    @cached_property
    def origin(self) -> DockerVersion | None:
        """What runs; None when it has no shape."""
        value = self.running.value if self.running else None
        return None if value is None else parse_docker_version(value)

    def key(self, value: str) -> DockerVersion | None:
        """The version of a tag that has the shape of what runs, None for the others."""
        key, origin = parse_docker_version(value), self.origin
        if key is None or origin is None or key.suffix != origin.suffix:
            return None
        return key if len(key.numbers) == len(origin.numbers) else None

    def refusal(self, value: str) -> str:
        """Why the tag is no candidate, or the empty string when it is one."""
        if self.running is None:
            return "nothing runs whose shape it could have: write the first tag by hand"
        if self.origin is None:
            return f"has a shape that cannot be compared with {self.running.shown}, which runs"
        if parse_docker_version(value) is None:
            return "does not begin with a version"
        key = self.key(value)
        if key is None:
            return f"not of the shape of {self.running.shown}, which runs"
        return self.unwanted(key, value)

    def unwanted(self, key: DockerVersion, value: str) -> str:
        """Why a tag of the right shape is less stable than what runs, or out of reach."""
        del value
        origin = self.origin
        if origin is None or key.is_stable:
            return self.reach.refusal(key.numbers) if self.reach else ""
        if origin.is_stable:
            return "pre-release, and a release runs"
        if key.numbers != origin.numbers:
            return "pre-release of another version than the one that runs"
        return ""
