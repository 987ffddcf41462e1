"""Other people's pull requests in the simulation, and the law of the check that protects Tagboat's files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count

from bot.adapters.forges.memory.community import MemoryCommunity
from bot.adapters.forges.memory.forge import MemoryForge
from bot.domain.people.protection import CHECK, Offer, Protection, Touched
from bot.domain.pull_request.proposal import PullRequest
from bot.domain.snapshot import Relation
from bot.ports import Clock
from tests.flow.simulation_laws import Laws
from tests.flow.worlds import REPOSITORY

PROTECTION = Protection(("envs/**/values.yaml",), "tagboat-override")


class PlayedCommunity(MemoryCommunity):
    """Everybody who has a hand in the repository. Tagboat's own pull requests are shown beside others'."""

    def __init__(
        self,
        forge: MemoryForge,
        clock: Clock,
        own: Callable[[], Sequence[PullRequest]],
        *,
        writers: Sequence[str],
    ) -> None:
        super().__init__(clock, writers=writers)
        self._forge, self._own = forge, own
        self._heads = count(1)

    @property
    def others(self) -> list[Offer]:
        """What others propose."""
        return list(super().offers(REPOSITORY))

    def push(self, number: int, paths: Sequence[str], *, is_complete: bool) -> None:
        """Somebody opens a pull request, or pushes to it."""
        labels = next((each.labels for each in self.others if each.number == number), ())
        offer = Offer(number, f"feature-{number}", "main", f"{next(self._heads):040x}", labels)
        self.offer(REPOSITORY, offer, Touched(tuple(paths), is_complete=is_complete))

    def unlabel(self, offer: Offer) -> None:
        """Somebody takes the label away."""
        self.offer(REPOSITORY, replace(offer, labels=()), super().touched(REPOSITORY, offer.number))

    def withdraw(self, number: int) -> None:
        """Somebody closes a pull request."""
        del self._place(REPOSITORY).offers[number]

    def offers(self, repository: str) -> Sequence[Offer]:
        """Every open pull request, Tagboat's own too."""
        own = [
            Offer(each.number, each.branch, each.base, each.head, is_ours=True)
            for each in self._own()
            if each.head
        ]
        return sorted([*own, *super().offers(repository)], key=lambda each: -each.number)

    def touched(self, repository: str, number: int) -> Touched:
        """What a pull request changes; one of Tagboat's, what it is about."""
        own = next((each for each in self._own() if each.number == number), None)
        if own is None:
            return super().touched(repository, number)
        before, after = (
            self._forge.files(REPOSITORY, self._begin(own)),
            self._forge.files(REPOSITORY, own.head),
        )
        paths = sorted(before.keys() | after.keys())
        return Touched(tuple(path for path in paths if before.get(path) != after.get(path)))

    def _begin(self, own: PullRequest) -> str:
        """The commit of the base on which the branch stands."""
        commit, forge = own.head, self._forge
        base = forge.head(REPOSITORY, own.base) or ""
        while parents := forge.parents(REPOSITORY, commit):
            if forge.relation(REPOSITORY, commit=commit, revision=base) is Relation.CONTAINED:
                break
            commit = parents[0]
        return commit

    def must_pass(self, offer: Offer) -> bool:
        """Whether somebody else's pull request may be merged as far as protected files go."""
        touched = super().touched(REPOSITORY, offer.number)
        if touched.is_complete and not any(path.endswith("/values.yaml") for path in touched.paths):
            return True
        is_labelled = PROTECTION.override_label in offer.labels
        return is_labelled and self.labelled_by(REPOSITORY, offer.number, offer.labels[0]) in self.writers


def protected_at_rest(laws: Laws, community: PlayedCommunity) -> None:
    """Every pull request has a check, which passes where it leaves Tagboat's files alone, and only there."""
    for offer in community.offers(REPOSITORY):
        ruling = community.ruling(REPOSITORY, offer.head, CHECK)
        if ruling is None:
            laws.says("every pull request has a check", offer)
            continue
        if offer.is_ours:
            must = not laws.forge.foreign_commit(REPOSITORY, branch=offer.branch, base=offer.base)
        else:
            must = community.must_pass(offer)
        if ruling.passes is not must:
            laws.says("protected files are protected", f"{offer}: {ruling}")
