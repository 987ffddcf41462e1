"""Other people on GitLab: notes on merge requests, rights, merge requests, and the status that Tagboat sets.

GitLab lists notes per merge request only, so those that changed are asked one by one; notes on issues are not
read. A merge request from a fork gets a status only where GitLab finds the commit on a branch of the project.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from bot.adapters.forges.fitting import headed
from bot.adapters.forges.gitlab.api import GitLabApi
from bot.adapters.forges.gitlab.consent import is_bot
from bot.adapters.forges.gitlab.talk import Talk
from bot.adapters.forges.paging import gathered
from bot.adapters.forges.rules import require_commits
from bot.domain.errors import Denied, Refused
from bot.domain.people.command import Heard, Remark
from bot.domain.people.protection import Offer, Ruling, Touched

T = TypeVar("T")

_MOST_PAGES = 10
# Developer: https://docs.gitlab.com/api/members/#roles
_DEVELOPER = 30
_LONGEST_STATUS = 255
# A note may be saved once more by GitLab itself right after it was written.
_SAVING = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class _Changed:
    """A merge request that somebody did something with."""

    number: int
    url: str
    at: datetime


class GitLabCommunity:
    """The port `Community` over GitLab's REST API. Safe between threads."""

    def __init__(self, api: GitLabApi) -> None:
        self._api = api
        self._talk = Talk(api)
        self._me = ""
        self._lock = threading.Lock()

    def remarks(self, repository: str, *, since: datetime) -> Heard:
        """The notes on merge requests that changed since, the earliest change first.

        Of more than a thousand that changed at once, earlier notes on the last ones are passed over.
        """
        query = {"updated_after": since.isoformat(), "order_by": "updated_at", "sort": "asc"}
        changed, _ = self._pages(repository, "/merge_requests", _changes, query)
        found = [remark for each in changed for remark in self._notes(repository, each) if remark.at >= since]
        until = max((each.at for each in changed), default=since)
        # What changed later than the last one that was looked at comes with the next call.
        inside = [remark for remark in found if remark.at <= until]
        return Heard(tuple(sorted(inside, key=lambda remark: remark.turn)), until)

    def may_write(self, repository: str, person: str) -> bool:
        """Whether somebody's role in the project, or in a group above it, is Developer or more."""
        number = self._api.users(person, lambda data: _number(data, person))
        if number is None:
            return False
        answer = self._api.attempt("get", repository, f"/members/all/{number}")
        if answer.status == 404:
            return False
        if answer.status != 200:
            raise self._api.failure(repository, answer)
        return self._api.read(repository, answer, _may_write)

    def answer(self, repository: str, number: int, body: str, *, key: str) -> None:
        """Comment once on a merge request: the key, hidden at the end, finds it again."""
        self._talk.comment(repository, number, body, key=key)

    def offers(self, repository: str) -> Sequence[Offer]:
        """Every open merge request, the newest first."""
        me = self._login()
        query = {"state": "opened", "order_by": "created_at", "sort": "desc"}
        found, _ = self._pages(
            repository, "/merge_requests", lambda data: [_offer(each, me) for each in data], query
        )
        return found

    def touched(self, repository: str, number: int) -> Touched:
        """The files of a merge request, by old and new names.

        GitLab leaves out those beyond a limit of its own, and does not know them while it prepares the merge
        request: then they are not complete.
        """
        path = f"/merge_requests/{number}"
        counted = self._api.get(repository, path, lambda data: str(data.get("changes_count") or ""))
        found, is_complete = self._pages(repository, f"{path}/diffs", _paths, {})
        is_counted = counted.isascii() and counted.isdecimal() and int(counted) == len(found)
        return Touched(tuple(path for paths in found for path in paths), is_complete and is_counted)

    def labelled_by(self, repository: str, number: int, label: str) -> str | None:
        """Who set the label last, by the merge request's events.

        Raises:
            Refused: it has more events than anybody reads.
        """
        path = f"/merge_requests/{number}/resource_label_events"
        found, is_complete = self._pages(repository, path, _labellings, {})
        if not is_complete:
            what = f"who set {label!r} on merge request {number} of {repository} cannot be told"
            raise Refused(what, why="it has too many events", fix="open another one")
        return next((by for name, by in reversed(found) if name == label), None)

    def ruling(self, repository: str, commit: str, name: str) -> Ruling | None:
        """The newest status of that name; the reason may be cut."""
        require_commits(repository, commit)
        path = f"/repository/commits/{commit}/statuses"
        found, _ = self._pages(repository, path, _statuses, {"name": name})
        return max(found, key=lambda each: each[0])[1] if found else None

    def rule(self, repository: str, commit: str, name: str, ruling: Ruling) -> None:
        """Set a status, which GitLab shows as a job of an external stage."""
        require_commits(repository, commit)
        state = "success" if ruling.passes else "failed"
        status = {"state": state, "name": name, "description": headed(ruling.reason, _LONGEST_STATUS)}
        try:
            self._api.send("post", repository, f"/statuses/{commit}", status, lambda data: data["id"])
        except Denied as error:
            fix = "give the token the role Developer, or leave `protect` out"
            raise Denied(f"no status may be set in {repository}", why=error.why, fix=fix) from error

    def _notes(self, repository: str, changed: _Changed) -> Sequence[Remark]:
        """What people wrote below a merge request; GitLab's own notes are none."""
        path = f"/merge_requests/{changed.number}/notes"
        query = {"order_by": "updated_at", "sort": "desc"}
        found, _ = self._pages(
            repository, path, lambda data: [_remark(each, changed) for each in data], query
        )
        return [remark for remark in found if remark]

    def _pages(
        self, repository: str, path: str, read: Callable[[Any], Sequence[T]], query: Mapping[str, Any]
    ) -> tuple[list[T], bool]:
        """The items of a list's first pages, and whether they are all."""
        return gathered(self._api.pages(repository, path, read, query=query, most=_MOST_PAGES))

    def _login(self) -> str:
        """Who Tagboat is on this GitLab."""
        with self._lock:
            if not self._me:
                self._me = self._api.account(lambda data: str(data["username"]))
            return self._me


def _changes(data: Any) -> Sequence[_Changed]:
    return [
        _Changed(int(each["iid"]), str(each["web_url"]), datetime.fromisoformat(each["updated_at"]))
        for each in data
    ]


def _remark(data: Any, changed: _Changed) -> Remark | None:
    if data["system"]:
        return None
    written, at = (datetime.fromisoformat(data[key]) for key in ("created_at", "updated_at"))
    author = str(data["author"]["username"])
    return Remark(
        id=str(int(data["id"])),
        number=changed.number,
        author=author,
        body=str(data["body"] or ""),
        at=at,
        is_edited=at - written > _SAVING,
        is_by_bot=is_bot(author),
        url=f"{changed.url}#note_{int(data['id'])}",
    )


def _number(users: Any, person: str) -> int | None:
    return next(
        (int(each["id"]) for each in users if str(each["username"]).casefold() == person.casefold()), None
    )


def _may_write(member: Any) -> bool:
    return int(member["access_level"]) >= _DEVELOPER and member["state"] == "active"


def _offer(data: Any, me: str) -> Offer:
    is_own = data["source_project_id"] == data["target_project_id"]
    return Offer(
        number=int(data["iid"]),
        branch=str(data["source_branch"]),
        base=str(data["target_branch"]),
        head=str(data["sha"]),
        labels=tuple(str(label) for label in data["labels"]),
        is_ours=is_own and data["author"]["username"] == me,
    )


def _paths(data: Any) -> Sequence[tuple[str, str]]:
    return [(str(each["old_path"]), str(each["new_path"])) for each in data]


def _labellings(data: Any) -> Sequence[tuple[str, str]]:
    """Each label that was set, and who did it; an empty name for any other event, or a label that is gone."""
    return [
        (str(each["label"]["name"]), str(each["user"]["username"]))
        if each["action"] == "add" and each["label"]
        else ("", "")
        for each in data
    ]


def _statuses(data: Any) -> Sequence[tuple[int, Ruling]]:
    return [
        (int(each["id"]), Ruling(each["status"] == "success", str(each["description"] or "")))
        for each in data
    ]
