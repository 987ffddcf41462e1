"""Other people on Bitbucket Data Center: comments, rights and pull requests, and a status of Tagboat's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.adapters.cache import Cache
from bot.adapters.forges.bitbucket.api import Parameters
from bot.adapters.forges.bitbucket.data_center.api import DataCenterApi
from bot.adapters.forges.bitbucket.data_center.host import DataCenterHost, moment
from bot.adapters.forges.bitbucket.data_center.writers import Writers
from bot.adapters.forges.bitbucket.status import require_commit, ruling_of, status_of
from bot.adapters.forges.bitbucket.talk import Talk
from bot.adapters.forges.bitbucket.texts import shown
from bot.adapters.forges.bitbucket.transport import Answer
from bot.domain.people.command import Heard, Remark
from bot.domain.people.protection import Offer, Ruling, Touched

_PAGE = 100
_MOST_PAGES = 20
_KEPT = 4096


class DataCenterCommunity:
    """The port `Community` over Data Center's REST API. Safe between threads."""

    def __init__(self, api: DataCenterApi, host: DataCenterHost, talk: Talk, *, url: str) -> None:
        self._api = api
        self._host = host
        self._talk = talk
        self._writers = Writers(api)
        self._url = url
        self._heard: Cache[tuple[str, int], _Heard] = Cache(_KEPT)

    def remarks(self, repository: str, *, since: datetime) -> Heard:
        """The comments on open pull requests, and on the hundred newest of the others, that changed since.

        There is no list of all comments, so that those of each are read; of closed ones, when their number
        has changed.
        """
        found = [
            remark
            for place in self._places(repository)
            for remark in self._remarks_at(repository, place, since)
            if remark.at >= since
        ]
        ordered = sorted(found, key=lambda remark: remark.turn)
        return Heard(tuple(ordered), max([remark.at for remark in ordered], default=since))

    def may_write(self, repository: str, person: str) -> bool:
        """Whether somebody may push, by groups too; who is not known may not."""
        return self._writers.has(repository, person)

    def answer(self, repository: str, number: int, body: str, *, key: str) -> None:
        """Comment once: the key, hidden at the end, finds it again."""
        self._talk.comment(repository, number, body, key=key)

    def offers(self, repository: str) -> Sequence[Offer]:
        """Every open pull request, the newest first."""
        me = self._api.account(repository)
        listed, _ = self._listed(repository, "OPEN", _MOST_PAGES)
        found = [self._host.found(repository, each) for each in listed]
        offers = [
            Offer(
                number=each.pull_request.number,
                branch=each.pull_request.branch,
                base=each.pull_request.base,
                head=each.pull_request.head,
                is_ours=each.is_own and each.author == me,
            )
            for each in found
        ]
        return sorted(offers, key=lambda offer: -offer.number)

    def touched(self, repository: str, number: int) -> Touched:
        """The files of a pull request, by old and new names."""
        found, is_complete = self._api.listed(
            repository,
            f"/pull-requests/{number}/changes",
            _paths,
            parameters={"limit": 1_000, "withComments": "false"},
            most=_MOST_PAGES,
        )
        return Touched(tuple(path for paths in found for path in paths), is_complete)

    def labelled_by(self, repository: str, number: int, label: str) -> str | None:  # noqa: ARG002 - the port's
        """Nobody: pull requests have no labels."""
        return None

    def ruling(self, repository: str, commit: str, name: str) -> Ruling | None:
        """The build status of that name; the reason may be cut."""
        require_commit(repository, commit)
        path = f"{self._api.of(repository)}/commits/{commit}/builds"
        answer = self._api.attempt("GET", path, parameters={"key": name})
        if answer.status == 404:
            return None
        return self._api.read(repository, self._api.good(repository, answer), ruling_of)

    def rule(self, repository: str, commit: str, name: str, ruling: Ruling) -> None:
        """Set a build status; an older one of that name goes."""
        require_commit(repository, commit)
        place = f"{self._url}/projects/{repository.replace('/', '/repos/')}"
        body = status_of(name, ruling, f"{place}/commits/{commit}")
        self._api.send("POST", repository, f"/commits/{commit}/builds", body)

    def _listed(self, repository: str, state: str, most: int) -> tuple[list[Any], bool]:
        query: Parameters = {"state": state, "order": "NEWEST", "limit": _PAGE}
        return self._api.listed(repository, "/pull-requests", lambda data: data, parameters=query, most=most)

    def _places(self, repository: str) -> Sequence[_Place]:
        """Where somebody said something."""
        listed = [*self._listed(repository, "OPEN", _MOST_PAGES)[0], *self._listed(repository, "ALL", 1)[0]]
        places = self._api.read(repository, Answer(200, listed), lambda data: [_place(each) for each in data])
        return [place for place in {each.number: each for each in places}.values() if place.comments]

    def _remarks_at(self, repository: str, place: _Place, since: datetime) -> Sequence[Remark]:
        kept = self._heard.get((repository, place.number))
        if kept and not place.is_open and kept.comments == place.comments and kept.latest < since:
            return ()
        told, _ = self._host.said(repository, place.number)
        remarks = self._api.read(
            repository, Answer(200, told), lambda data: [_remark(each, place) for each in data]
        )
        if remarks:
            latest = max(remark.at for remark in remarks)
            self._heard.put((repository, place.number), _Heard(place.comments, latest))
        return remarks


@dataclass(frozen=True, slots=True)
class _Place:
    """A pull request that has comments, as many as its host counts."""

    number: int
    url: str
    is_open: bool
    comments: int


@dataclass(frozen=True, slots=True)
class _Heard:
    """How many comments were read of one, and when the latest of them was made."""

    comments: int
    latest: datetime


def _place(data: Any) -> _Place:
    count = int((data.get("properties") or {}).get("commentCount") or 0)
    url = str(data["links"]["self"][0]["href"])
    return _Place(int(data["id"]), url, data["state"] == "OPEN", count)


def _remark(data: Any, place: _Place) -> Remark:
    written, changed = moment(data["createdDate"]), moment(data["updatedDate"])
    author = data["author"]
    return Remark(
        id=str(int(data["id"])),
        number=place.number,
        author=str(author["name"]),
        body=shown(str(data["text"])),
        at=changed,
        is_edited=changed != written,
        is_by_bot=author.get("type", "NORMAL") != "NORMAL",
        url=f"{place.url}/overview?commentId={int(data['id'])}",
    )


def _paths(data: Any) -> tuple[str, ...]:
    return tuple(str(data[key]["toString"]) for key in ("path", "srcPath") if data.get(key))
