"""Other people on Bitbucket Cloud: comments, rights and pull requests, and the status that Tagboat sets.

A person is told as `NICKNAME {UUID}`: everybody chooses a nickname, so that only the UUID says who it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.adapters.forges.bitbucket.cloud.api import CloudApi
from bot.adapters.forges.bitbucket.cloud.host import CloudHost, uuid_of
from bot.adapters.forges.bitbucket.cloud.writers import Writers
from bot.adapters.forges.bitbucket.status import require_commit, ruling_of, status_of
from bot.adapters.forges.bitbucket.talk import Talk
from bot.adapters.forges.bitbucket.texts import shown
from bot.domain.errors import Refused
from bot.domain.people.command import Heard, Remark
from bot.domain.people.protection import Offer, Ruling, Touched

_PAGE = 50
_MOST_PAGES = 20
_LONGEST_LOG = 100
_OTHER_ENTRIES = ("update", "approval", "changes_requested")
_UUID = re.compile(r"(?:.* )?(\{[0-9a-f-]{36}\})", re.DOTALL)


class CloudCommunity:
    """The port `Community` over Cloud's REST API. Safe between threads."""

    def __init__(self, api: CloudApi, host: CloudHost, talk: Talk, *, web_url: str) -> None:
        self._api = api
        self._host = host
        self._talk = talk
        self._writers = Writers(api)
        self._web_url = web_url

    def remarks(self, repository: str, *, since: datetime) -> Heard:
        """The comments on pull requests that were made since, as they stand now.

        The log begins with the newest, of which 5,000 entries are read.
        """
        found, _ = self._api.listed(
            repository,
            "/pullrequests/activity",
            _activity,
            parameters={"pagelen": _PAGE},
            most=_LONGEST_LOG,
            until=lambda part: bool(part) and all(each.is_before(since) for each in part),
        )
        remarks = {each.remark.id: each.remark for each in found if each.remark and each.remark.at >= since}
        ordered = sorted(remarks.values(), key=lambda remark: remark.turn)
        return Heard(tuple(ordered), max([remark.at for remark in ordered], default=since))

    def may_write(self, repository: str, person: str) -> bool:
        """Whether somebody may push, by groups too; who is not known may not."""
        named = _UUID.fullmatch(person)
        return named is not None and named[1] in self._writers.of(repository)

    def answer(self, repository: str, number: int, body: str, *, key: str) -> None:
        """Comment once: the key, hidden at the end, finds it again."""
        self._talk.comment(repository, number, body, key=key)

    def offers(self, repository: str) -> Sequence[Offer]:
        """Every open pull request, the newest first."""
        me = self._api.account()
        found, _ = self._api.listed(
            repository,
            "/pullrequests",
            lambda data: data,
            parameters={"state": "OPEN", "pagelen": _PAGE, "sort": "-created_on"},
            most=_MOST_PAGES,
        )
        pulls = [self._host.found(repository, each) for each in found]
        offers = [
            Offer(
                number=each.pull_request.number,
                branch=each.pull_request.branch,
                base=each.pull_request.base,
                head=self._host.commit(repository, each.pull_request.head),
                is_ours=each.is_own and each.author == me,
            )
            for each in pulls
        ]
        return sorted(offers, key=lambda offer: -offer.number)

    def touched(self, repository: str, number: int) -> Touched:
        """The files of a pull request, by old and new names.

        The address of a pull request's own list leads on to that of two commits, on the same host.
        """
        path = f"/pullrequests/{number}/diffstat"
        answer = self._api.attempt("GET", f"{self._api.of(repository)}{path}")
        if answer.status not in {301, 302, 307}:
            raise self._api.failure(repository, answer)
        target = self._api.own(str(answer.headers.get("location", "")))
        found, is_complete = self._api.listed(
            repository, "", _paths, root=target, parameters={"pagelen": _PAGE * 10}, most=_MOST_PAGES
        )
        return Touched(tuple(path for paths in found for path in paths), is_complete)

    def labelled_by(self, repository: str, number: int, label: str) -> str | None:  # noqa: ARG002 - the port's
        """Nobody: there are no labels."""
        return None

    def ruling(self, repository: str, commit: str, name: str) -> Ruling | None:
        """The build status of that name; the reason may be cut."""
        require_commit(repository, commit)
        found, is_whole = self._api.listed(
            repository, f"/commit/{commit}/statuses", _status, parameters={"pagelen": 100}, most=_MOST_PAGES
        )
        status = next((each.ruling for each in found if each.key == name), None)
        if status is None and not is_whole:
            raise Refused(f"commit {commit[:12]} of {repository} has too many statuses to read")
        return status

    def rule(self, repository: str, commit: str, name: str, ruling: Ruling) -> None:
        """Set a build status; an older one of that name goes."""
        require_commit(repository, commit)
        body = status_of(name, ruling, f"{self._web_url}/{repository}/commits/{commit}")
        self._api.send("POST", repository, f"/commit/{commit}/statuses/build", body)


@dataclass(frozen=True, slots=True)
class _Activity:
    """An entry of the log: when it came, as far as that is told, and the comment where it is one."""

    at: datetime | None
    remark: Remark | None = None

    def is_before(self, since: datetime) -> bool:
        """Whether it came before; of those that do not tell it the next ones do."""
        return self.at is not None and self.at < since


@dataclass(frozen=True, slots=True)
class _Status:
    key: str
    ruling: Ruling


def _activity(data: Any) -> _Activity:
    comment = data.get("comment")
    if comment is not None:
        return _commented(data, comment)
    dates = [data[kind].get("date") for kind in _OTHER_ENTRIES if data.get(kind)]
    return _Activity(datetime.fromisoformat(dates[0]) if dates and dates[0] else None)


def _commented(data: Any, comment: Any) -> _Activity:
    written = datetime.fromisoformat(comment["created_on"])
    changed = datetime.fromisoformat(comment.get("updated_on") or comment["created_on"])
    if comment.get("deleted") or comment.get("pending"):
        return _Activity(written)
    user = comment.get("user") or {}
    remark = Remark(
        id=str(int(comment["id"])),
        number=int((comment.get("pullrequest") or data["pull_request"])["id"]),
        author=person(user),
        body=shown(str((comment.get("content") or {}).get("raw") or "")),
        at=changed,
        is_edited=changed != written,
        is_by_bot=user.get("type", "user") != "user",
        url=str(comment["links"]["html"]["href"]),
    )
    return _Activity(written, remark)


def person(user: Any) -> str:
    """How an account is told."""
    name = str(user.get("nickname") or user.get("display_name") or "somebody")
    return f"{name} {uuid_of(user)}".strip()


def _paths(data: Any) -> tuple[str, ...]:
    return tuple(str(data[side]["path"]) for side in ("new", "old") if data.get(side))


def _status(data: Any) -> _Status:
    return _Status(str(data["key"]), ruling_of(data))
