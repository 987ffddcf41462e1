"""major, minor, patch, all: newer than what runs, by so much at most (Keel's policies, without their faults).

https://keel.sh/docs/#policies. Unlike Keel nothing is taken while what runs is no version, such as `latest`:
any tag would be accepted then, also an older one. And the best candidate is taken, not the first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from bot.domain.choosing.strategies.order import Running, Words
from bot.domain.choosing.strategies.versions import ANYTHING, Room, VersionOrder
from bot.domain.choosing.version import Version, parse_version


class Level(StrEnum):
    """How much newer a candidate may be. `all` is as `major`, and takes any pre-release too."""

    ALL = "all"
    MAJOR = "major"
    MINOR = "minor"
    PATCH = "patch"


_FIXED_PARTS = {Level.ALL: 0, Level.MAJOR: 0, Level.MINOR: 1, Level.PATCH: 2}
_PARTS = ("major", "minor", "patch")


@dataclass(frozen=True)
class LevelOrder(VersionOrder):
    """Versions that are newer than what runs, and what runs itself.

    A tag needs a dot, so that build numbers are no versions. Where nothing runs at all every release is a
    candidate. With `match_prerelease` a candidate has the very pre-release that runs, or none as well.
    """

    level: Level
    running: Running | None
    match_prerelease: bool = True

    @property
    def words(self) -> Words:
        """How the order speaks of tags."""
        beyond = f" that {self.level} allows from {self.running.shown}" if self.running else ""
        return Words(
            claim=f"the highest version{beyond}",
            behind="older than",
            equal="the same version as",
            unplaced="not a semantic version",
        )

    @cached_property
    def origin(self) -> Version | None:
        """The version that runs; None when what runs is none."""
        value = self.running.value if self.running else None
        return None if value is None else parse_version(value)

    def room(self, numbers: tuple[int, ...]) -> Sequence[Room]:
        """What is as new as what runs, and not newer by too much."""
        origin, at = self.origin, len(numbers)
        if self.running is None:
            return (ANYTHING,)
        if origin is None or numbers < origin[:at]:
            return ()
        is_fixed = at < self._fixed
        if numbers != origin[:at]:
            return () if is_fixed or numbers[: self._fixed] != origin[: self._fixed] else (ANYTHING,)
        low = origin[:3][at]
        return ((low, low if is_fixed else math.inf),)

    @property
    def _fixed(self) -> int:
        return _FIXED_PARTS[self.level]

    def unwanted(self, key: Version, value: str) -> str:
        """Why the version is not newer, or newer by too much."""
        running, origin = self.running, self.origin
        if "." not in value and not (running and value == running.value):
            return "has no dot, so it is not taken for a version"
        if running is None:
            return self._of_first(key)
        if origin is None:
            return f"no level can be measured from {running.shown}, which runs and is no version"
        if value == running.value:
            return ""
        if key <= origin:
            return f"not newer than {running.shown}, which runs"
        return self._beyond(key, origin, running)

    def _of_first(self, key: Version) -> str:
        is_strict = self.match_prerelease and self.level is not Level.ALL
        return "pre-release, and nothing runs yet" if is_strict and key.is_prerelease else ""

    def _beyond(self, key: Version, origin: Version, running: Running) -> str:
        for part in range(self._fixed):
            if key[part] != origin[part]:
                return f"another {_PARTS[part]} version than {running.shown}, which runs"
        is_strict = self.match_prerelease and self.level is not Level.ALL
        if is_strict and key.prerelease != origin.prerelease:
            return f"its pre-release is not that of {running.shown}, which runs"
        return ""
