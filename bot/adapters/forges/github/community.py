"""Other people on GitHub: their comments, rights and pull requests, and the check that Tagboat sets on those.

An App sets check runs, which belong to it; a token can set commit statuses only
(https://docs.github.com/rest/checks/runs). Nothing is set twice: the caller looks before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote

from bot.adapters.forges.fitting import headed
from bot.adapters.forges.github.api import LISTED, GitHubApi
from bot.adapters.forges.github.login import AppCredential, TokenCredential
from bot.adapters.forges.github.talk import Talk
from bot.adapters.forges.github.transport import Transport
from bot.adapters.forges.paging import gathered
from bot.adapters.forges.rules import require_commits
from bot.domain.errors import Denied, Malformed, NotFound, Refused
from bot.domain.people.command import Heard, Remark
from bot.domain.people.protection import Offer, Ruling, Touched

RIGHTS: Mapping[str, str] = {"issues": "write", "checks": "write"}
"""What an App needs for people beside what it needs for its own pull requests."""

T = TypeVar("T")

_MOST_COMMENTS = 5
_MOST_OFFERS = 10
_MOST_FILES = 10
_MOST_EVENTS = 10
_MAY_WRITE = frozenset({"admin", "write"})
# https://docs.github.com/rest/commits/statuses: a longer description is refused.
_LONGEST_STATUS = 140
_GHOST = "ghost"
"""How GitHub itself calls whose account is gone."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """A check run or status, as a list has it; newer ones have greater ids."""

    id: int
    name: str
    ruling: Ruling


class GitHubCommunity:
    """The port `Community` over GitHub's REST API. Safe between threads."""

    def __init__(self, transport: Transport, credential: AppCredential | TokenCredential) -> None:
        self._transport = transport
        self._credential = credential
        self._api = GitHubApi(transport, credential)
        self._talk = Talk(self._api)
        self._me = ""
        self._lock = threading.Lock()

    def remarks(self, repository: str, *, since: datetime) -> Heard:
        """The comments on issues and pull requests that changed since, the earliest change first."""
        moment = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        query = {"since": moment, "sort": "updated", "direction": "asc"}
        found, _ = self._pages(repository, "/issues/comments", _remarks, query, most=_MOST_COMMENTS)
        ordered = sorted(found, key=lambda remark: remark.turn)
        return Heard(tuple(ordered), ordered[-1].at if ordered else since)

    def may_write(self, repository: str, person: str) -> bool:
        """Whether somebody's role gives them write access; who is not known has none."""
        path = f"/collaborators/{quote(person, safe='')}/permission"
        try:
            role = self._api.look(repository, path, lambda data: str(data["permission"]))
        except NotFound:
            return False
        return role in _MAY_WRITE

    def answer(self, repository: str, number: int, body: str, *, key: str) -> None:
        """Comment once: the key, hidden at the end, finds it again."""
        self._talk.comment(repository, number, body, key=key)

    def offers(self, repository: str) -> Sequence[Offer]:
        """Every open pull request, the newest first."""
        me = self._login()
        query = {"state": "open", "sort": "created", "direction": "desc"}
        found, _ = self._pages(
            repository, "/pulls", lambda data: [_offer(each, me) for each in data], query, most=_MOST_OFFERS
        )
        return found

    def touched(self, repository: str, number: int) -> Touched:
        """The files of a pull request, by old and new names; GitHub itself lists no more than 3,000."""
        found, is_complete = self._pages(repository, f"/pulls/{number}/files", _paths, {}, most=_MOST_FILES)
        return Touched(tuple(path for paths in found for path in paths), is_complete)

    def labelled_by(self, repository: str, number: int, label: str) -> str | None:
        """Who set the label last, by the pull request's events.

        Raises:
            Refused: it has more events than anybody reads.
        """
        found, is_complete = self._pages(
            repository,
            f"/issues/{number}/events",
            _labellings,
            {},
            most=_MOST_EVENTS,
        )
        if not is_complete:
            what = f"who set {label!r} on pull request {number} of {repository} cannot be told"
            raise Refused(what, why="it has too many events", fix="open another one")
        return next((by for name, by in reversed(found) if name == label), None)

    def ruling(self, repository: str, commit: str, name: str) -> Ruling | None:
        """The newest check run of that name by this App, or the newest status; the reason may be cut."""
        require_commits(repository, commit)
        if self._api.is_app:
            app = self._login().removesuffix("[bot]")
            shown = self._api.look(
                repository,
                f"/commits/{commit}/check-runs",
                lambda data: _runs(data, app),
                parameters={"check_name": name, "filter": "latest", "per_page": LISTED},
            )
        else:
            shown = self._api.look(
                repository,
                f"/commits/{commit}/status",
                _statuses,
                parameters={"per_page": LISTED},
            )
        named = (each for each in shown if each.name == name)
        newest = max(named, key=lambda each: each.id, default=None)
        return newest.ruling if newest else None

    def rule(self, repository: str, commit: str, name: str, ruling: Ruling) -> None:
        """Set a check run, or a status where the login is a token."""
        require_commits(repository, commit)
        word = "success" if ruling.passes else "failure"
        if not self._api.is_app:
            status = {"state": word, "context": name, "description": headed(ruling.reason, _LONGEST_STATUS)}
            self._set(repository, f"/statuses/{commit}", status)
            return
        title = "Nothing to do" if ruling.passes else "Files that only Tagboat changes"
        run = {"name": name, "head_sha": commit, "status": "completed", "conclusion": word}
        self._set(repository, "/check-runs", {**run, "output": {"title": title, "summary": ruling.reason}})

    def _set(self, repository: str, path: str, body: Mapping[str, Any]) -> None:
        try:
            self._api.send("POST", repository, path, body, lambda data: data["id"])
        except Denied as error:
            right = "checks" if self._api.is_app else "commit statuses"
            fix = f"give the login {right}, read and write, or leave `protect` out"
            raise Denied(f"no check may be set in {repository}", why=error.why, fix=fix) from error

    def _pages(
        self,
        repository: str,
        path: str,
        read: Callable[[Any], Sequence[T]],
        query: Mapping[str, Any],
        *,
        most: int,
    ) -> tuple[list[T], bool]:
        """The items of a list's first pages, and whether they are all."""
        return gathered(self._api.pages(repository, path, read, query=query, most=most))

    def _login(self) -> str:
        """Who Tagboat is on this GitHub."""
        with self._lock:
            if not self._me:
                self._me = self._asked_login()
            return self._me

    def _asked_login(self) -> str:
        is_app = isinstance(self._credential, AppCredential)
        auth = self._credential.own if isinstance(self._credential, AppCredential) else None
        path, key = ("/app", "slug") if is_app else ("/user", "login")
        answer = self._transport.send(auth or self._credential.auth(""), "GET", path)
        if answer.status == 401:
            raise self._api.failure("its own account", answer)
        if answer.status != 200:
            what = f"GitHub at {self._transport.host} does not say whose login {self._credential.name} is"
            fix = "use the token of a user, or an App"
            raise Denied(what, why=answer.message, fix=fix)
        if not isinstance(answer.data, dict) or not answer.data.get(key):
            raise Malformed(f"GitHub at {self._transport.host} does not say who the login is")
        return f"{answer.data[key]}[bot]" if is_app else str(answer.data[key])


def _remarks(data: Any) -> Sequence[Remark]:
    return [_remark(each) for each in data]


def _remark(data: Any) -> Remark:
    user = data["user"] or {"login": _GHOST, "type": "User"}
    return Remark(
        id=str(int(data["id"])),
        number=int(str(data["issue_url"]).rpartition("/")[2]),
        author=str(user["login"]),
        body=str(data.get("body") or ""),
        at=datetime.fromisoformat(data["updated_at"]),
        is_edited=data["updated_at"] != data["created_at"],
        is_by_bot=user["type"] == "Bot" or data.get("performed_via_github_app") is not None,
        url=str(data["html_url"]),
    )


def _offer(data: Any, me: str) -> Offer:
    source, user = data["head"]["repo"], data["user"]
    is_own = source is not None and source["id"] == data["base"]["repo"]["id"]
    return Offer(
        number=int(data["number"]),
        branch=str(data["head"]["ref"]),
        base=str(data["base"]["ref"]),
        head=str(data["head"]["sha"]),
        labels=tuple(str(label["name"]) for label in data["labels"]),
        is_ours=is_own and user is not None and user["login"] == me,
    )


def _paths(data: Any) -> Sequence[tuple[str, ...]]:
    return [
        (str(each["filename"]), str(each["previous_filename"]))
        if each.get("previous_filename")
        else (str(each["filename"]),)
        for each in data
    ]


def _labellings(data: Any) -> Sequence[tuple[str, str]]:
    """Each label that was set, and who did it; an empty name for any other event."""
    return [_labelling(each) if each["event"] == "labeled" else ("", "") for each in data]


def _labelling(data: Any) -> tuple[str, str]:
    return str(data["label"]["name"]), str(data["actor"]["login"]) if data["actor"] else _GHOST


def _runs(data: Any, app: str) -> Sequence[_Shown]:
    return [
        _Shown(
            int(run["id"]),
            str(run["name"]),
            Ruling(run["conclusion"] == "success", str(run["output"]["summary"] or "")),
        )
        for run in data["check_runs"]
        if run["app"] and run["app"].get("slug") == app and run["status"] == "completed"
    ]


def _statuses(data: Any) -> Sequence[_Shown]:
    return [
        _Shown(
            int(each["id"]),
            str(each["context"]),
            Ruling(each["state"] == "success", str(each["description"] or "")),
        )
        for each in data["statuses"]
    ]
