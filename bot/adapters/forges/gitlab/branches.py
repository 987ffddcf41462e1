"""Branches of projects on GitLab as they stand now, and few requests for them."""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from bot.adapters.forges.gitlab.api import GitLabApi
from bot.domain.errors import NotFound

_LISTED = 100
_MOST_EXPECTED = 16
_REMEMBERED = 1024
_SAME_LOOK = 2.0
"""Seconds for which the answer to one question serves the next ones of the same thread, once each."""
_USUAL = ("main", "master")


@dataclass(frozen=True, slots=True)
class Tip:
    """A branch as it stands; `parents` and `message` are those of its commit."""

    branch: str
    commit: str
    parents: tuple[str, ...]
    message: str
    is_default: bool


@dataclass
class _Look(threading.local):
    """What one thread is about to ask for, and what it was told without asking."""

    expected: OrderedDict[tuple[str, str], None] = field(default_factory=OrderedDict)
    told: dict[tuple[str, str], Tip | None] = field(default_factory=dict)
    told_at: float = 0.0


class Branches:
    """The port `Forge`'s questions about branches.

    One look at a pipeline asks for the default branch, or for a named one, and then for the heads of a few
    more. The first question is put for all of them (`GET repository/branches` takes a regular expression and
    says which branch is the default), and each answer is given out once, if it is not older than two seconds.
    """

    def __init__(self, api: GitLabApi) -> None:
        self._api = api
        self._look = _Look()
        self._defaults: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def expect(self, repository: str, branch: str) -> None:
        """Say that this thread will ask for the branch soon."""
        expected = self._look.expected
        expected[(repository, branch)] = None
        while len(expected) > _MOST_EXPECTED:
            expected.popitem(last=False)

    def default(self, repository: str) -> str:
        """The branch that a clone checks out."""
        with self._lock:
            known = self._defaults.get(repository)
        tips = self._told(repository, {*_USUAL, *([known] if known else [])})
        default = next((tip.branch for tip in tips.values() if tip and tip.is_default), None)
        if default is None:
            default = self._api.get(repository, "", _default_of)
        self._remember(repository, default)
        return default

    def head(self, repository: str, branch: str) -> str | None:
        """The commit that the branch points to, or None."""
        key = (repository, branch)
        is_first = key not in self._look.told
        if is_first and any(name == repository and other != branch for name, other in self._look.expected):
            self._told(repository, {branch})
        told = self._look.told
        if key in told:
            tip = told.pop(key)
            if time.monotonic() - self._look.told_at < _SAME_LOOK:
                return tip.commit if tip else None
        tip = self.tip(repository, branch)
        return tip.commit if tip else None

    def tip(self, repository: str, branch: str) -> Tip | None:
        """The branch as it stands at this moment, or None."""
        answer = self._api.attempt("get", repository, f"/repository/branches/{quote(branch, safe='')}")
        if answer.status == 404:
            if "branch not found" not in answer.message.lower():
                self._api.get(repository, "", _default_of)  # raises where the project is out of sight
            return None
        if answer.status != 200:
            raise self._api.failure(repository, answer)
        tip = self._api.read(repository, answer, _tip)
        return tip if tip.branch == branch else None

    def forget(self, repository: str, branch: str) -> None:
        """Believe nothing that this thread was told of a branch: it was just changed."""
        self._look.told.pop((repository, branch), None)

    def _told(self, repository: str, names: Iterable[str]) -> Mapping[str, Tip | None]:
        """These branches and the expected ones by one request, to be given out when they are asked for."""
        ours = [branch for name, branch in self._look.expected if name == repository]
        for branch in ours:
            del self._look.expected[(repository, branch)]
        tips = self._named(repository, {*names, *ours})
        self._look.told = {(repository, name): tip for name, tip in tips.items()}
        self._look.told_at = time.monotonic()
        return tips

    def _named(self, repository: str, names: Iterable[str]) -> Mapping[str, Tip | None]:
        """These branches; those of which the answer says nothing for sure are left out."""
        wanted = sorted(names)
        expression = f"^({'|'.join(re.escape(name) for name in wanted)})$"
        parameters = {"regex": expression, "per_page": _LISTED}
        listed = self._api.get(
            repository,
            "/repository/branches",
            lambda data: [_tip(each) for each in data],
            parameters=parameters,
        )
        found = {tip.branch: tip for tip in listed}
        is_whole = len(listed) < _LISTED  # a GitLab that knows no `regex` lists all branches
        return {name: found.get(name) for name in wanted if is_whole or name in found}

    def _remember(self, repository: str, default: str) -> None:
        with self._lock:
            self._defaults[repository] = default
            while len(self._defaults) > _REMEMBERED:
                self._defaults.popitem(last=False)


def _tip(data: Any) -> Tip:
    commit = data["commit"]
    parents = tuple(str(each) for each in commit["parent_ids"] or ())
    return Tip(str(data["name"]), str(commit["id"]), parents, str(commit["message"]), bool(data["default"]))


def _default_of(data: Any) -> str:
    name = data["default_branch"]
    if name is None:
        raise NotFound(f"{data['path_with_namespace']} has no branch yet", fix="push a first commit")
    return str(name)
