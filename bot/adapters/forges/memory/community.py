"""The memory twin of other people on a Git host. What they do are the methods that name one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count

from bot.adapters.forges.rules import comment_mark, marked
from bot.domain.errors import NotFound
from bot.domain.people.command import Heard, Remark
from bot.domain.people.protection import Offer, Ruling, Touched
from bot.ports import Clock

_TAGBOAT = "tagboat[bot]"


@dataclass
class _Place:
    """What people did in one repository."""

    remarks: dict[str, Remark] = field(default_factory=dict)
    offers: dict[int, Offer] = field(default_factory=dict)
    touched: dict[int, Touched] = field(default_factory=dict)
    labellers: dict[tuple[int, str], str] = field(default_factory=dict)
    rulings: dict[tuple[str, str], Ruling] = field(default_factory=dict)


class MemoryCommunity:
    """The port `Community` in memory. `writers` are those who may write to every repository."""

    def __init__(self, clock: Clock, *, writers: Sequence[str] = ()) -> None:
        self.writers = set(writers)
        self.rulings_set = 0
        self._clock = clock
        self._ids = count(1)
        self._places: dict[str, _Place] = {}

    def say(self, repository: str, number: int, body: str, *, by: str, is_bot: bool = False) -> str:
        """Somebody comments; returns the comment's id."""
        id_ = str(next(self._ids))
        remark = Remark(id_, number, by, body, self._clock.now(), is_by_bot=is_bot)
        self._place(repository).remarks[id_] = remark
        return id_

    def edit(self, repository: str, id_: str, body: str) -> None:
        """Somebody changes a comment."""
        remarks = self._place(repository).remarks
        remarks[id_] = replace(remarks[id_], body=body, at=self._clock.now(), is_edited=True)

    def delete(self, repository: str, id_: str) -> None:
        """Somebody takes a comment back."""
        del self._place(repository).remarks[id_]

    def answers(self, repository: str, number: int) -> Sequence[str]:
        """What Tagboat said below a pull request or issue, in order."""
        found = self._place(repository).remarks.values()
        return [each.body for each in found if each.author == _TAGBOAT and each.number == number]

    def offer(self, repository: str, offer: Offer, touched: Touched) -> None:
        """Somebody opens a pull request, or pushes to it."""
        place = self._place(repository)
        place.offers[offer.number], place.touched[offer.number] = offer, touched

    def label(self, repository: str, number: int, label: str, *, by: str = "") -> None:
        """Somebody sets a label; the host does not say who where that is empty."""
        place = self._place(repository)
        offer = place.offers[number]
        place.offers[number] = replace(offer, labels=(*offer.labels, label))
        if by:
            place.labellers[number, label] = by

    def remarks(self, repository: str, *, since: datetime) -> Heard:
        """The comments written or changed since, those that changed first coming first."""
        found = [each for each in self._place(repository).remarks.values() if each.at >= since]
        found.sort(key=lambda remark: remark.turn)
        return Heard(tuple(found), found[-1].at if found else since)

    def may_write(self, repository: str, person: str) -> bool:  # noqa: ARG002 - writers write everywhere
        """Whether somebody is among the writers."""
        return person in self.writers

    def answer(self, repository: str, number: int, body: str, *, key: str) -> None:
        """Comment once."""
        if not any(comment_mark(key) in each for each in self.answers(repository, number)):
            self.say(repository, number, marked(body, key), by=_TAGBOAT, is_bot=True)

    def offers(self, repository: str) -> Sequence[Offer]:
        """Every open pull request, the newest first."""
        offers = self._place(repository).offers
        return [offers[number] for number in sorted(offers, reverse=True)]

    def touched(self, repository: str, number: int) -> Touched:
        """What a pull request changes; `NotFound` when there is none of that number."""
        found = self._place(repository).touched.get(number)
        if found is None:
            raise NotFound(f"{repository} has no pull request {number}")
        return found

    def labelled_by(self, repository: str, number: int, label: str) -> str | None:
        """Who set the label."""
        return self._place(repository).labellers.get((number, label))

    def ruling(self, repository: str, commit: str, name: str) -> Ruling | None:
        """What the check says."""
        return self._place(repository).rulings.get((commit, name))

    def rule(self, repository: str, commit: str, name: str, ruling: Ruling) -> None:
        """Let the check say this."""
        self.rulings_set += 1
        self._place(repository).rulings[commit, name] = ruling

    def _place(self, repository: str) -> _Place:
        return self._places.setdefault(repository, _Place())
