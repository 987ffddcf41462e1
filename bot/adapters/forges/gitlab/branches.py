"""Branches of projects on GitLab as they stand now, and few requests for them."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from bot.adapters.forges.gitlab.api import GitLabApi
from bot.adapters.forges.told import Told
from bot.domain.errors import NotFound

_LISTED = 100
_MOST_EXPECTED = 16
_REMEMBERED = 1024
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
class _Expected(threading.local):
    """What one thread is about to ask for."""

    branches: OrderedDict[tuple[str, str], None] = field(default_factory=OrderedDict)


class Branches:
    """The port `Forge`'s questions about branches.

    One look at a pipeline asks for the default branch, or for a named one, and then for the heads of a few
    more. The first question is put for all of them (`GET repository/branches` takes a regular expression and
    says which branch is the default), and each answer is given out once, if it is not older than two seconds
    and the thread changed nothing since.
    """

    def __init__(self, api: GitLabApi) -> None:
        self._api = api
        self._expected = _Expected()
        self._heads: Told[tuple[str, str], str | None] = Told(lambda: api.changes)
        self._told_defaults: Told[str, str] = Told(lambda: api.changes)
        self._defaults: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def expect(self, repository: str, branch: str) -> None:
        """Say that this thread will ask for the branch soon."""
        if self._heads.see((repository, branch)) is not None:
            return
        expected = self._expected.branches
        expected[(repository, branch)] = None
        while len(expected) > _MOST_EXPECTED:
            expected.popitem(last=False)

    def tell(self, repository: str, heads: Mapping[str, str], *, default: str) -> None:
        """Say where branches stand at this moment: it serves this thread's next question for each, soon."""
        self._told_defaults.put(repository, default)
        for branch, commit in heads.items():
            self._heads.put((repository, branch), commit)

    def default(self, repository: str) -> str:
        """The branch that a clone checks out."""
        default = self._told_defaults.take(repository, lambda: self._asked_default(repository))
        self._remember(repository, default)
        return default

    def head(self, repository: str, branch: str) -> str | None:
        """The commit that the branch points to, or None."""
        return self._heads.take((repository, branch), lambda: self._asked_head(repository, branch))

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

    def forget(self) -> None:
        """Believe nothing that this thread was told: another look begins."""
        self._heads.clear()
        self._told_defaults.clear()

    def _asked_default(self, repository: str) -> str:
        with self._lock:
            known = self._defaults.get(repository)
        tips = self._asked(repository, {*_USUAL, *([known] if known else [])})
        default = next((tip.branch for tip in tips.values() if tip and tip.is_default), None)
        return self._api.get(repository, "", _default_of) if default is None else default

    def _asked_head(self, repository: str, branch: str) -> str | None:
        """Where a branch stands; the others that this thread expects to ask for are asked along."""
        if any(name == repository and other != branch for name, other in self._expected.branches):
            tips = self._asked(repository, {branch})
            if branch in tips:
                self._heads.forget((repository, branch))
                tip = tips[branch]
                return tip.commit if tip else None
        tip = self.tip(repository, branch)
        return tip.commit if tip else None

    def _asked(self, repository: str, names: Iterable[str]) -> Mapping[str, Tip | None]:
        """These branches and the expected ones by one request, to be given out when they are asked for."""
        ours = [branch for name, branch in self._expected.branches if name == repository]
        for branch in ours:
            del self._expected.branches[(repository, branch)]
        tips = self._named(repository, {*names, *ours})
        for name, tip in tips.items():
            self._heads.put((repository, name), tip.commit if tip else None)
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
