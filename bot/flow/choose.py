"""Choose: the tag of one image for one place, from what is known of the image, asking for what is not.

The loop and `tagboat explain` both come through here. What is asked follows from the policy: one that follows
a single tag lists nothing; one that reads no contents asks where the chosen tag points, once; and what is
polled is one question for each image and poll interval: the list, or where a followed tag points, whichever
was asked longer ago.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain

from bot.domain.choosing.choice import Verdicts
from bot.domain.choosing.listing import GRACE, doubt, united
from bot.domain.choosing.selection import (
    Choice,
    Needs,
    NeedsDetails,
    NeedsSignature,
    SelectionPolicy,
    Strategy,
    TagDetails,
    Unreadable,
    Verdict,
    choose,
)
from bot.domain.image import ImageRef
from bot.domain.pipeline import PipelineImage
from bot.domain.snapshot import ImageChoice
from bot.flow.contents import SLICE, Progress, Reader
from bot.flow.gates import signed
from bot.flow.images import Images
from bot.flow.world import World
from bot.ports import ImageEntry


def _silent(done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Asking:
    """For whom a tag is chosen.

    `current` is what runs, and `remembered` what the same place was given before, the newest first: a policy
    that does not follow moved tags keeps the digests that stand there. `renews` asks the registry even where
    an answer still holds.
    """

    current: ImageRef | None = None
    remembered: Sequence[ImageRef] = ()
    renews: bool = False
    progress: Progress = _silent


def choose_image(world: World, image: PipelineImage, asking: Asking, *, now: datetime) -> ImageChoice:
    """Choose the tag of one image.

    Raises:
        TagboatError: the registry had to be asked and did not answer.
    """
    images = Images(world, image.name, now, _platforms_read(world, image))
    look = _Look(images, image.policy, asking, _pinned(image.policy, asking))
    return look.at_one_tag() if image.policy.strategy is Strategy.DIGEST else look.at_the_list()


def _platforms_read(world: World, image: PipelineImage) -> tuple[str, ...] | None:
    """The platforms whose contents the policy reads, or another one of the same image."""
    others = (each for pipeline in world.pipelines.values() for each in pipeline.images)
    same = (each.policy for each in others if each.name == image.name)
    return next((policy.platforms for policy in (image.policy, *same) if policy.reads_contents), None)


def _pinned(policy: SelectionPolicy, asking: Asking) -> Mapping[str, str]:
    """The digests that tags keep for this place, however often they are moved."""
    if policy.follows_moves:
        return {}
    refs = [*reversed(asking.remembered), *([asking.current] if asking.current else [])]
    return {ref.tag: ref.digest for ref in refs if ref.tag and ref.digest}


@dataclass(slots=True)
class _Found:
    """What was found out on the way to one choice."""

    details: dict[str, TagDetails | Unreadable] = field(default_factory=dict)
    excluded: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Look:
    """One policy's look at one image."""

    images: Images
    policy: SelectionPolicy
    asking: Asking
    pinned: Mapping[str, str]

    def at_one_tag(self) -> ImageChoice:
        """Choose the one tag that the policy follows; nothing is listed."""
        tag, images = self.policy.constraint, self.images
        entry = images.asked(tag, after=images.now if self.asking.renews else images.fresh_after)
        pointer = images.pointed([tag], entry).get(tag)
        if pointer is not None and pointer.digest is None:
            return _none(f"the registry has no tag {tag}", {tag: "is not in the registry"})
        return self._chosen([tag], entry, _Found())

    def at_the_list(self) -> ImageChoice:
        """Choose among all tags, and poll what was not asked for so long."""
        images = self.images
        entry = images.known()
        if self.asking.renews:
            entry = images.listed(after=images.now)
        found = _Found()
        answer = self._chosen_and_noted(entry, found)
        asked = self._polled(entry, answer, found)
        return answer if asked is None else self._chosen_and_noted(asked, _Found())

    def _polled(self, entry: ImageEntry, answer: ImageChoice, found: _Found) -> ImageEntry | None:
        """What is known after one more question, or None where no question is due."""
        images = self.images
        pointers = images.pointed(self._followed(answer, found), entry)
        last = max((each.asked_at for each in pointers.values()), default=entry.listed_at)
        if answer.is_reading or max(entry.listed_at, last) > images.fresh_after:
            return None
        if not pointers or entry.listed_at <= last:
            return images.listed(after=images.fresh_after)
        oldest = min(pointers, key=lambda tag: pointers[tag].asked_at)
        return images.asked(oldest, after=images.fresh_after)

    def _followed(self, answer: ImageChoice, found: _Found) -> Sequence[str]:
        """The tags whose moves would change the choice."""
        if not self.policy.follows_moves:
            return ()
        if self.policy.strategy is Strategy.NEWEST_BUILD:
            return list(found.details)
        return [answer.choice.tag] if answer.choice.tag else []

    def _chosen_and_noted(self, entry: ImageEntry, found: _Found) -> ImageChoice:
        """The choice; a tag that a doubtful list lacks is not chosen, and no other in its place."""
        answer = self._chosen(united(entry.listing, entry.doubtful), entry, found)
        if entry.doubtful is None or entry.doubtful_since is None:
            return answer
        reason = doubt(entry.listing, entry.doubtful, since=entry.doubtful_since)
        choice = answer.choice
        if choice.tag is None or choice.tag in entry.doubtful.tags:
            return replace(answer, note=reason)
        verdicts = Verdicts(
            lambda: (
                Verdict(each.tag, False, "is not in the latest list, which is doubted")
                if each.is_chosen
                else each
                for each in choice.verdicts
            )
        )
        waits = Choice(None, reason, verdicts, is_waiting=True, wake_at=entry.doubtful_since + GRACE)
        return ImageChoice(waits)

    def _chosen(self, tags: Sequence[str], entry: ImageEntry, found: _Found) -> ImageChoice:
        reader = Reader(
            self.images,
            self.policy,
            self.pinned,
            self.images.world.clock.now() + SLICE,
            self.asking.progress,
        )
        while True:
            left = [tag for tag in tags if tag not in found.excluded]
            if not left and found.excluded:
                return _none(f"none of the tags ({len(tags)}) can be run", found.excluded)
            answer = self._choose(left, found)
            if isinstance(answer, NeedsDetails):
                contents = reader.read(answer.tags, entry)
                found.details |= contents.details
                found.excluded |= {tag: why for tag, why in contents.excluded.items() if tag in left}
                if contents.left:
                    return self._reading(len(answer.tags) - contents.left, len(answer.tags))
                continue
            if isinstance(answer, NeedsSignature):
                found.details[answer.tag] = self._signed(found.details[answer.tag], entry)
                continue
            digest = self._digest(answer, entry)
            if answer.tag is None or digest:
                return ImageChoice(_with(answer, found.excluded), digest)
            if answer.tag not in left:
                return _none(f"{answer.tag} is not in the registry", {answer.tag: "is not in the registry"})
            found.excluded[answer.tag] = "is gone from the registry"

    def _choose(self, tags: Sequence[str], found: _Found) -> Choice | Needs:
        return choose(
            self.policy, tags, details=found.details, current=self.asking.current, now=self.images.now
        )

    def _signed(self, details: TagDetails | Unreadable, entry: ImageEntry) -> TagDetails | Unreadable:
        if isinstance(details, Unreadable) or self.policy.verify is None:
            return details
        return signed(self.images, self.policy.verify, details, entry)

    def _reading(self, done: int, total: int) -> ImageChoice:
        reason = f"reading {done:,} of {total:,} tags"
        return ImageChoice(Choice(None, reason, is_waiting=True, wake_at=self.images.now), is_reading=True)

    def _digest(self, answer: Choice, entry: ImageEntry) -> str | None:
        """The digest of the chosen tag; None where it is gone."""
        tag = answer.tag
        if tag is None:
            return None
        if tag in self.pinned:
            return self.pinned[tag]
        if answer.details:
            return answer.details.digest
        pointer = self.images.pointed([tag], entry).get(tag)
        return pointer.digest if pointer else self.images.ask(tag)


def _with(choice: Choice, excluded: Mapping[str, str]) -> Choice:
    """The choice with verdicts on the tags that could not take part in it."""
    if not excluded:
        return choice
    left = tuple(Verdict(tag, False, why) for tag, why in excluded.items())
    return replace(choice, verdicts=Verdicts(lambda: chain(choice.verdicts, left)))


def _none(reason: str, excluded: Mapping[str, str]) -> ImageChoice:
    return ImageChoice(_with(Choice(None, reason), excluded))
