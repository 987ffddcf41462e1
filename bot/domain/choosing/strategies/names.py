"""The strategies by name, as the configuration writes them."""

from __future__ import annotations

from difflib import get_close_matches
from enum import StrEnum

from bot.domain.errors import sentence


class Strategy(StrEnum):
    """What "newest" means. The values are the names in the configuration; `latest` and `name` are aliases."""

    SEMVER = "semver"
    NEWEST_BUILD = "newest-build"
    DIGEST = "digest"
    ALPHABETICAL = "alphabetical"
    NUMERICAL = "numerical"
    CALVER = "calver"
    DOCKER = "docker"
    PATCH = "patch"
    MINOR = "minor"
    MAJOR = "major"
    ALL = "all"

    @classmethod
    def parse(cls, text: str) -> Strategy:
        """The strategy of that name, or of its alias in argocd-image-updater (`latest`, `name`).

        Raises:
            ValueError: there is none; the message names the closest one.
        """
        name = text.strip().lower()
        names = {**{member.value: member for member in cls}, **ALIASES}
        if name in names:
            return names[name]
        close = get_close_matches(name, names, n=1)
        fix = f"did you mean {close[0]}?" if close else f"use one of {', '.join(cls)}"
        raise ValueError(sentence(f"{text!r} is not a strategy", fix=fix))


ALIASES = {"latest": Strategy.NEWEST_BUILD, "name": Strategy.ALPHABETICAL}
LEVELS = frozenset({Strategy.PATCH, Strategy.MINOR, Strategy.MAJOR, Strategy.ALL})
"""The strategies that are named for how much newer than what runs a tag may be."""


class Direction(StrEnum):
    """Which end of an order is the best: `asc` the greatest, `desc` the smallest (Flux's words)."""

    ASC = "asc"
    DESC = "desc"
