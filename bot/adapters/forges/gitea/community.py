"""Other people on Gitea and Forgejo: comments, rights and pull requests, and the status that Tagboat sets.

Who may ask for the rights of others administers the repository; who asks for its own name needs `read:user`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

from bot.adapters.forges.fitting import headed
from bot.adapters.forges.gitea.api import GiteaApi
from bot.adapters.forges.gitea.listing import PullRequests
from bot.adapters.forges.gitea.talk import Talk
from bot.adapters.forges.paging import gathered
from bot.adapters.forges.rules import require_commits
from bot.domain.errors import Denied, Refused
from bot.domain.people.command import Heard, Remark
from bot.domain.people.protection import Offer, Ruling, Touched

T = TypeVar("T")

_MOST_PAGES = 20
_MAY_WRITE = frozenset({"owner", "admin", "write"})
_LONGEST_STATUS = 1_000
# What a label's event says in a timeline: https://github.com/go-gitea/gitea/blob/main/models/issues/comment.go
_LABEL, _SET = "label", "1"


class GiteaCommunity:
    """The port `Community` over Gitea's REST API. Safe between threads."""

    def __init__(self, api: GiteaApi, pulls: PullRequests) -> None:
        self._api = api
        self._talk = Talk(api, pulls)
        self._me = ""
        self._lock = threading.Lock()

    def remarks(self, repository: str, *, since: datetime) -> Heard:
        """The comments on issues and pull requests that changed since, the earliest change first."""
        query = {"since": since.isoformat(timespec="seconds")}
        found, is_complete = self._pages(repository, "/issues/comments", _remarks, query)
        if not found:
            return Heard((), since)
        # They come by when they were written: of the rest, none was before the last of these.
        until = max(each.at for _, each in found) if is_complete else found[-1][0]
        inside = [remark for _, remark in found if since <= remark.at <= until]
        return Heard(tuple(sorted(inside, key=lambda remark: remark.turn)), max(until, since))

    def may_write(self, repository: str, person: str) -> bool:
        """Whether somebody may push; who is not known may not."""
        path = f"/collaborators/{quote(person, safe='')}/permission"
        answer = self._api.attempt("GET", repository, path)
        if answer.status == 404:
            return False
        if answer.status == 403:
            fix = "use the token of somebody who administers the repository"
            raise Denied(f"who may write to {repository} may not be asked", why=answer.message, fix=fix)
        if answer.status != 200:
            raise self._api.failure(repository, answer)
        return self._api.read(repository, answer, lambda data: str(data["permission"])) in _MAY_WRITE

    def answer(self, repository: str, number: int, body: str, *, key: str) -> None:
        """Comment once: the key, hidden at the end, finds it again."""
        self._talk.comment(repository, number, body, key=key)

    def offers(self, repository: str) -> Sequence[Offer]:
        """Every open pull request, the newest first."""
        me = self._login()
        found, _ = self._pages(
            repository, "/pulls", lambda data: [_offer(each, me) for each in data], {"state": "open"}
        )
        return sorted(found, key=lambda offer: -offer.number)

    def touched(self, repository: str, number: int) -> Touched:
        """The files of a pull request, by old and new names."""
        found, is_complete = self._pages(repository, f"/pulls/{number}/files", _paths, {})
        return Touched(tuple(path for paths in found for path in paths), is_complete)

    def labelled_by(self, repository: str, number: int, label: str) -> str | None:
        """Who set the label last, by the timeline.

        Raises:
            Refused: it has more entries than anybody reads.
        """
        found, is_complete = self._pages(repository, f"/issues/{number}/timeline", _labellings, {})
        if not is_complete:
            what = f"who set {label!r} on pull request {number} of {repository} cannot be told"
            raise Refused(what, why="it has too many entries", fix="open another one")
        return next((by for name, by in reversed(found) if name == label), None)

    def ruling(self, repository: str, commit: str, name: str) -> Ruling | None:
        """The newest status of that name; the reason may be cut."""
        require_commits(repository, commit)
        found, _ = self._pages(
            repository, f"/commits/{commit}/status", lambda data: _statuses(data["statuses"] or ()), {}
        )
        newest = [each for each in found if each[1] == name]
        return max(newest, key=lambda each: each[0])[2] if newest else None

    def rule(self, repository: str, commit: str, name: str, ruling: Ruling) -> None:
        """Set a status."""
        require_commits(repository, commit)
        state = "success" if ruling.passes else "failure"
        description = headed(ruling.reason, _LONGEST_STATUS)
        body = {"state": state, "context": name, "description": description}
        self._api.send("POST", repository, f"/statuses/{commit}", body)

    def _pages(
        self, repository: str, path: str, read: Callable[[Any], Sequence[T]], query: Mapping[str, Any]
    ) -> tuple[list[T], bool]:
        """The items of a list's first pages, and whether they are all."""
        return gathered(self._api.pages(repository, path, read, query=query, most=_MOST_PAGES))

    def _login(self) -> str:
        """Who Tagboat is on this host."""
        with self._lock:
            if not self._me:
                self._me = self._api.account()
            return self._me


def _remarks(data: Any) -> Sequence[tuple[datetime, Remark]]:
    """Each comment with when it was written."""
    return [_remark(each) for each in data]


def _remark(data: Any) -> tuple[datetime, Remark]:
    written, at = (datetime.fromisoformat(data[key]) for key in ("created_at", "updated_at"))
    place = data.get("pull_request_url") or data["issue_url"]
    author = str(data["user"]["login"])
    remark = Remark(
        id=str(int(data["id"])),
        number=int(str(place).rpartition("/")[2]),
        author=author,
        body=str(data["body"] or ""),
        at=at,
        is_edited=at != written,
        is_by_bot=author.endswith("[bot]"),
        url=str(data["html_url"]),
    )
    return written, remark


def _offer(data: Any, me: str) -> Offer:
    is_own = data["head"]["repo_id"] == data["base"]["repo_id"]
    return Offer(
        number=int(data["number"]),
        branch=str(data["head"]["ref"]),
        base=str(data["base"]["ref"]),
        head=str(data["head"]["sha"]),
        labels=tuple(str(label["name"]) for label in data["labels"] or ()),
        is_ours=is_own and data["user"]["login"] == me,
    )


def _paths(data: Any) -> Sequence[tuple[str, ...]]:
    return [
        tuple(str(each[key]) for key in ("filename", "previous_filename") if each.get(key))
        for each in data or ()
    ]


def _labellings(data: Any) -> Sequence[tuple[str, str]]:
    """Each label that was set, and who did it; an empty name for any other entry."""
    return [
        (str(each["label"]["name"]), str(each["user"]["login"]))
        if each["type"] == _LABEL and each.get("label") and each["body"] == _SET
        else ("", "")
        for each in data or ()
    ]


def _statuses(data: Any) -> Sequence[tuple[int, str, Ruling]]:
    return [
        (
            int(each["id"]),
            str(each["context"]),
            Ruling(each["status"] == "success", str(each["description"] or "")),
        )
        for each in data
    ]
