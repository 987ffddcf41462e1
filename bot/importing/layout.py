"""The layout of a repository: which images belong together, and to which environment.

Files that differ in the environment alone are one application; so are equal elements of such files.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.domain.image import ImageName
from bot.importing.followers import deploys, stage_by
from bot.importing.generated import Repository
from bot.importing.objects import Application
from bot.importing.scan import Standing
from bot.importing.stage import Stage, is_region, stage_of

_ONLY = Stage("prod", 0, "")


@dataclass(frozen=True, slots=True)
class Part:
    """Images of one application in one file, with what deploys them."""

    path: str
    standings: tuple[Standing, ...]
    element: str
    applications: tuple[Application, ...]


@dataclass(slots=True)
class Member:
    """The files of one environment of an application, with the images in each."""

    stage: Stage
    parts: list[Part] = field(default_factory=list)

    @property
    def names(self) -> set[ImageName]:
        """The images."""
        return {each.ref.name for part in self.parts for each in part.standings}

    @property
    def applications(self) -> list[Application]:
        """What deploys it, each once."""
        known = {each.name: each for part in self.parts for each in part.applications}
        return list(known.values())


@dataclass(frozen=True, slots=True)
class Layout:
    """The environments of each application, in order, and the files that belong to none."""

    groups: Mapping[str, Sequence[Member]]
    left: tuple[str, ...] = ()
    is_guessed: bool = False


def layout(
    found: Mapping[str, Sequence[Standing]], known: Sequence[Application], repository: Repository
) -> Layout:
    """Sort the images of files into applications and environments."""
    parts = [part for path, standings in found.items() for part in _parts(path, standings, known, repository)]
    placed = [(part, _placed(part)) for part in parts]
    groups: dict[str, dict[str, Member]] = {}
    claimed = {app.name for part, place in placed if place for app in part.applications}
    left: list[Part] = []
    for part, place in placed:
        if place is None and _is_alone(part, claimed):
            place = (_key(part.path, part.element), _ONLY)
        if place is None:
            left.append(part)
            continue
        key, stage = place
        groups.setdefault(key, {}).setdefault(stage.name, Member(stage)).parts.append(part)
    if not groups:
        guessed = {_key(part.path, part.element): [Member(_ONLY, [part])] for part in left}
        return Layout(guessed, is_guessed=True)
    ordered = {key: sorted(each.values(), key=_order) for key, each in groups.items()}
    return Layout(ordered, tuple(dict.fromkeys(part.path for part in left)))


def _parts(
    path: str, standings: Sequence[Standing], known: Sequence[Application], repository: Repository
) -> Iterable[Part]:
    by_element: dict[str, list[Standing]] = {}
    for each in standings:
        by_element.setdefault(each.element, []).append(each)
    readers = [each for each in known if deploys(each, path, repository)]
    for element, own in by_element.items():
        named = [each for each in known if each.name == own[0].application]
        yield Part(path, tuple(own), element, tuple(named or _of_element(readers, element)))


def _of_element(readers: Sequence[Application], element: str) -> Sequence[Application]:
    """Those that deploy an element, where some are called like it."""
    word = re.compile(rf"(?:^|[-_.]){re.escape(element)}(?:$|[-_.])")
    exact = [each for each in readers if each.name == element]
    return exact or [each for each in readers if element and word.search(each.name)] or readers


def _is_alone(part: Part, claimed: set[str]) -> bool:
    """Whether a file without an environment is deployed as it is, and not as the base of others."""
    names = {each.name for each in part.applications}
    return bool(names) and not names & claimed


def _placed(part: Part) -> tuple[str, Stage] | None:
    """What a part shares with its like in other environments, and its own; None where nothing says it."""
    in_path, of_element = staged(part.path), stage_of(part.element) if part.element else None
    if in_path:
        shared, stage = in_path
        is_same = of_element is not None and of_element.name == stage.name
        return _key(shared, of_element.rest if of_element and is_same else part.element), stage
    if of_element:
        return _key(part.path, of_element.rest), of_element
    stage_of_all = stage_by(part.applications)
    return (_key(part.path, part.element), stage_of_all) if stage_of_all else None


def _key(shared: str, element: str) -> str:
    return f"{shared}#{element}" if element else shared


def staged(path: str) -> tuple[str, Stage] | None:
    """The path without its environment, and that: the part next to the file's name says it."""
    stem, suffix = posixpath.splitext(path)
    parts = stem.split("/")
    for at in range(len(parts) - 1, -1, -1):
        stage = stage_of(parts[at])
        if stage:
            shared = [*parts[:at], f"{stage.rest}*", *parts[at + 1 :]]
            region = next((near for near in (at + 1, at - 1) if _is_region(parts, near)), None)
            if region is not None:
                stage = stage._replace(name=f"{stage.name}-{parts[region].lower().replace('_', '-')}")
                del shared[region]
            return "/".join(shared) + suffix, stage
    return None


def _is_region(parts: Sequence[str], at: int) -> bool:
    """Whether a folder next to an environment's parts it further: each region is an environment."""
    return 0 <= at < len(parts) - 1 and is_region(parts[at])


def _order(member: Member) -> tuple[int, str]:
    return member.stage.rank, member.stage.name
