"""Images: what a registry holds, as all pipelines see it.

One answer serves every pipeline and worker. The list of tags is asked for once in a poll interval; a tag that
a sender announces costs one question, which no worker asks that sees another one asking it. How tags are
chosen matters here in one respect only: where a policy reads contents, the question for a pushed tag is its
manifest itself, so that its digest need not be asked for by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bot.domain.choosing.listing import Listing, amended, is_believed, lacks_most
from bot.domain.errors import Malformed, NotFound, TagboatError
from bot.domain.image import ImageName
from bot.flow.world import World
from bot.ports import ImageEntry, Pointer

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""When the tags of an image were listed of which only single tags were ever asked for."""

MOST_ASKED = 8
"""Announced tags that are asked for one by one in a look; a list costs less than more of them."""

_CLAIM = timedelta(seconds=30)
_WAITS, _WAIT_SECONDS = 30, 0.1
_LAG = timedelta(minutes=1)
"""For so long a list may lack a tag that the same registry named when it was asked for it."""

_EARLY = 0.9
"""Sweeps do not come to the second: what is nearly a poll interval old is asked for by this one, not the
next."""

_UNLISTED = ImageEntry(Listing(()), NEVER)


@dataclass(frozen=True, slots=True)
class Images:
    """One image at the moment of a look.

    `platforms` are those whose contents some policy reads, None where nobody reads contents.
    """

    world: World
    image: ImageName
    now: datetime
    platforms: tuple[str, ...] | None = None

    @property
    def fresh_after(self) -> datetime:
        """What was asked after this moment still stands for what is there now."""
        return self.now - self.world.poll_of(self.image) * _EARLY

    def known(self) -> ImageEntry:
        """The image's tags as far as they are known, with the announced ones asked for; listed if never.

        Raises:
            TagboatError: the registry had to be asked and did not answer.
        """
        return self._once(lambda entry: entry.listed_at > NEVER and not entry.announced, self._settled)

    def listed(self, *, after: datetime) -> ImageEntry:
        """The image's tags, from a list that was made after that moment; raises what `known` raises."""
        return self._once(lambda entry: entry.listed_at > after, self._listed)

    def asked(self, tag: str, *, after: datetime) -> ImageEntry:
        """What is known, with an answer for this tag that was given after that moment. Nothing is listed.

        Raises what `known` raises.
        """
        return self._once(
            lambda entry: self._is_answered(tag, entry, after), lambda entry: self._asked_for(tag, entry)
        )

    def pointed(self, tags: Sequence[str], entry: ImageEntry) -> Mapping[str, Pointer]:
        """Where tags point, as far as it is known and nothing speaks against it. Asks nobody."""
        told = entry.listing.digests
        known = self.world.catalog.pointers(self.image, [tag for tag in tags if tag not in told])
        listed = set(entry.listing.tags)
        pointers = {
            tag: pointer
            for tag, pointer in known.items()
            if pointer.digest is not None or self._is_gone(pointer, entry, is_listed=tag in listed)
        }
        pointers |= {tag: Pointer(told[tag], entry.listed_at) for tag in tags if tag in told}
        announced = set(entry.announced)
        return {tag: pointer for tag, pointer in pointers.items() if tag not in announced}

    def sights(self, tags: Sequence[str]) -> Mapping[str, tuple[str, datetime]]:
        """The digest of each tag and when that was first seen, as far as it is remembered."""
        catalog = self.world.catalog
        digests = {
            tag: pointer.digest
            for tag, pointer in catalog.pointers(self.image, tags).items()
            if pointer.digest
        }
        seen = catalog.first_seen(self.image, list(set(digests.values())))
        return {tag: (digest, seen[digest]) for tag, digest in digests.items() if digest in seen}

    def ask(self, tag: str) -> str | None:
        """Ask where a tag points now, by one request, and remember it; None: there is no such tag."""
        asked_at = self.world.clock.now()
        digest = self.world.registry(self.image).digest(self.image, tag)
        self.world.catalog.point(self.image, {tag: Pointer(digest, asked_at)})
        return digest

    def _once(
        self, is_done: Callable[[ImageEntry], bool], ask: Callable[[ImageEntry], ImageEntry]
    ) -> ImageEntry:
        """What is known, once it is as wanted: because another worker asked, or by asking."""
        catalog = self.world.catalog
        entry = catalog.entry(self.image)
        for _ in range(_WAITS):
            if entry is not None and is_done(entry):
                return entry
            if catalog.claim(self.image, now=self.world.clock.now(), ttl=_CLAIM):
                break
            time.sleep(_WAIT_SECONDS)
            entry = catalog.entry(self.image)
        entry = catalog.entry(self.image) or _UNLISTED
        try:
            # Another worker may have asked between the look and the claim.
            found = entry if is_done(entry) else ask(entry)
        except TagboatError:
            # Gives the claim back: nobody need wait for an answer that does not come.
            catalog.keep(self.image, entry)
            raise
        catalog.keep(self.image, found)
        return found

    def _is_gone(self, pointer: Pointer, entry: ImageEntry, *, is_listed: bool) -> bool:
        """Whether a tag that was gone still is, as far as one can tell: no later list has it."""
        return pointer.asked_at >= entry.listed_at if is_listed else pointer.asked_at > self.fresh_after

    def _is_answered(self, tag: str, entry: ImageEntry, after: datetime) -> bool:
        pointer = self.pointed([tag], entry).get(tag)
        return pointer is not None and pointer.asked_at > after

    def _settled(self, entry: ImageEntry) -> ImageEntry:
        """The entry with every announced tag asked for, up to the most that are asked for one by one."""
        listed = set(entry.listing.tags)
        new = [tag for tag in entry.announced if tag not in listed]
        if entry.listed_at == NEVER or len(new) > MOST_ASKED:
            return self._listed(entry)
        again = self._followed([tag for tag in entry.announced if tag in listed], entry.listing)
        found = self._answers([*new, *again][:MOST_ASKED])
        left = tuple(tag for tag in again if tag not in found)
        return _amended(replace(entry, announced=left), found)

    def _asked_for(self, tag: str, entry: ImageEntry) -> ImageEntry:
        """The entry after one tag was asked for."""
        found = self._answers([tag]) if tag in entry.announced else {tag: self.ask(tag)}
        others = [each for each in entry.announced if each != tag]
        if entry.listed_at == NEVER:
            # Nobody lists this image: an announcement matters to those who follow the tag alone.
            return replace(entry, announced=tuple(self._followed(others, entry.listing)))
        return _amended(replace(entry, announced=tuple(others)), found)

    def _listed(self, entry: ImageEntry) -> ImageEntry:
        """The entry after the host was asked for all tags."""
        asked_at = self.world.clock.now()
        last = entry.doubtful or entry.listing
        known = last if entry.listed_at > NEVER else None
        answer = self.world.registry(self.image).listing(self.image, known=known)
        self._keep_told(answer, last, asked_at)
        untold = [tag for tag in entry.announced if tag not in answer.digests]
        left = tuple(self._followed(untold, answer))
        if lacks_most(answer, known=entry.listing):
            since = entry.doubtful_since or asked_at
            if not is_believed(since=since, now=asked_at):
                return replace(
                    entry, listed_at=asked_at, doubtful=answer, doubtful_since=since, announced=left
                )
        trusted = self._with_the_latest(answer, entry.listing)
        return ImageEntry(trusted, asked_at, announced=left, heard=entry.heard)

    def _with_the_latest(self, answer: Listing, known: Listing) -> Listing:
        """The answer with those tags that the registry lists late, though it named them a moment ago."""
        lost = sorted(set(known.tags).difference(answer.tags))
        pointers = self.world.catalog.pointers(self.image, lost) if lost else {}
        late = {
            tag: pointer.digest
            for tag, pointer in pointers.items()
            if pointer.digest and self.now - pointer.asked_at < _LAG
        }
        return amended(answer, present=late, gone=())

    def _keep_told(self, answer: Listing, last: Listing, asked_at: datetime) -> None:
        """Remember the digests that came with the list, so that their age is known."""
        told = {
            tag: Pointer(digest, asked_at)
            for tag, digest in answer.digests.items()
            if last.digests.get(tag) != digest
        }
        if told:
            self.world.catalog.point(self.image, told)

    def _followed(self, announced: Sequence[str], listing: Listing) -> Sequence[str]:
        """Those announced tags of which it is known where they pointed: somebody cares where they do now."""
        known = self.world.catalog.pointers(self.image, announced)
        return [tag for tag in announced if tag in known or tag in listing.digests]

    def _answers(self, tags: Sequence[str]) -> Mapping[str, str | None]:
        found: dict[str, str | None] = {}
        for tag in tags:
            found[tag] = self.ask(tag) if self.platforms is None else self._read(tag, self.platforms)
        return found

    def _read(self, tag: str, platforms: tuple[str, ...]) -> str | None:
        """Read the tag's contents, which tell its digest too, and remember both."""
        asked_at = self.world.clock.now()
        try:
            details = self.world.registry(self.image).details(self.image, tag, platforms)
        except (NotFound, Malformed):
            # Why it cannot be used is found out, and remembered, by the one who wants to choose it.
            return self.ask(tag)
        catalog = self.world.catalog
        catalog.keep_contents(self.image, platforms, {details.digest: details})
        catalog.point(self.image, {tag: Pointer(details.digest, asked_at)})
        return details.digest


def _amended(entry: ImageEntry, found: Mapping[str, str | None]) -> ImageEntry:
    """The entry with what single tags were found to name."""
    present = {tag: digest for tag, digest in found.items() if digest}
    gone = found.keys() - present.keys()
    doubtful = amended(entry.doubtful, present=present, gone=gone) if entry.doubtful else None
    return replace(entry, listing=amended(entry.listing, present=present, gone=gone), doubtful=doubtful)
