"""Names of environments in paths and names of Applications, and the order in which they usually follow."""

from __future__ import annotations

import re
from typing import NamedTuple

_RANKS = {
    "dev": ("dev", "develop", "development", "devel", "sandbox", "local"),
    "int": ("int", "integration", "integ", "ci"),
    "test": ("test", "testing", "tst", "qa", "quality"),
    "uat": ("uat", "acc", "acceptance", "demo"),
    "staging": ("staging", "stage", "stg", "preprod", "preproduction", "nonprod", "canary"),
    "prod": ("prod", "production", "prd", "live"),
}
_RANK = {word: rank for rank, words in enumerate(_RANKS.values()) for word in words}
_WORD = re.compile(r"[A-Za-z]+[0-9]*|[0-9]+")
_TOGETHER = re.compile(r"(pre|non)[-_]?(prod|production)", re.IGNORECASE)


_AREA = r"(?:af|ap|ca|cn|eu|il|me|mx|sa|us|uk|africa|asia|australia|europe|northamerica|southamerica)"
_SIDE = r"(?:north|south|east|west|central)"
_REGION = re.compile(
    rf"{_AREA}(?:[-_]gov)?(?:[-_]?{_SIDE}{{1,2}})?(?:[-_]?[0-9]{{1,2}})?[a-d]?|{_SIDE}{{1,2}}{_AREA}[0-9]?",
    re.IGNORECASE,
)


class Stage(NamedTuple):
    """An environment that a text names: how it is called there, its rank, and the text without it."""

    name: str
    rank: int
    rest: str


def stage_of(text: str) -> Stage | None:
    """The environment in one part of a path, or in a name: `prod`, `values-prod-eu`, `web-staging`.

    What follows the word belongs to the name (`prod-eu`), what precedes it does not. None without one.
    """
    joined = _TOGETHER.sub(lambda found: found[1] + found[2], text)
    for word in _WORD.finditer(joined):
        rank = _RANK.get(word[0].lower().rstrip("0123456789"))
        if rank is not None and not _is_inside_word(joined, word.start()):
            name = joined[word.start() :].strip("-_.").lower()
            return Stage(re.sub(r"[^a-z0-9]+", "-", name), rank, joined[: word.start()].strip("-_."))
    return None


def is_region(text: str) -> bool:
    """Whether a part of a path is called like a region of a cloud: `eu-west-1`, `westeurope`."""
    return _REGION.fullmatch(text) is not None


def _is_inside_word(text: str, at: int) -> bool:
    return at > 0 and text[at - 1].isalnum()
