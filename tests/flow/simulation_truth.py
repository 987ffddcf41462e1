"""What really stands where, and since when, kept beside Tagboat's own memory: the measure of the laws."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.adapters.forges.memory.forge import MemoryForge
from bot.domain.image import ImageName
from bot.domain.pipeline import Environment, Pipeline
from bot.ports import Clock
from tests.flow.simulation_shape import Shape, file_of
from tests.flow.worlds import REPOSITORY

Ref = tuple[str, str]
"""A tag, and the digest beside it (empty where the file keeps none)."""

Refs = Mapping[str, Ref]
Place = tuple[str, str]
"""The names of a pipeline and of an environment."""

UNSEEN = timedelta(minutes=6)
"""For so long a change may stand before Tagboat looks, where no webhook comes."""

_ASKED = timedelta(seconds=30)
"""What the registry said so long ago may be believed where no webhook tells of a move."""

_BLOCK = re.compile(r"^(web|api):\n((?:  .*\n)+)", re.MULTILINE)
_TAG = re.compile(r"^  tag: ([^\s#]+)", re.MULTILINE)
_DIGEST = re.compile(r"^  digest: ([^\s#]+)", re.MULTILINE)


@dataclass
class Span:
    """One release on the base branch; `live_since` is the first moment at which it really ran."""

    refs: Refs
    since: datetime
    live_since: datetime | None = None
    until: datetime | None = None
    is_by_hand: bool = False

    def stood(self, now: datetime) -> timedelta:
        """For how long."""
        return (self.until or now) - self.since


def refs_in(content: bytes | None) -> Refs:
    """The images that a values file says, read without Tagboat's own readers."""
    found: dict[str, Ref] = {}
    for alias, block in _BLOCK.findall((content or b"").decode(errors="replace")):
        tag, digest = _TAG.search(block), _DIGEST.search(block)
        if tag:
            found[alias] = (tag[1], digest[1] if digest else "")
    return found


def version_of(tag: str) -> tuple[int, ...] | None:
    """The parts of a semantic version."""
    return tuple(map(int, tag.split("."))) if re.fullmatch(r"\d+\.\d+\.\d+", tag) else None


class Truth:
    """Spans of releases by place, digests of tags by time, and what people committed."""

    def __init__(self, shape: Shape, forge: MemoryForge, clock: Clock) -> None:
        self._shape, self._forge, self._clock = shape, forge, clock
        self._spans: dict[Place, list[Span]] = defaultdict(list)
        self._named: dict[tuple[ImageName, str], list[tuple[datetime, str]]] = defaultdict(list)
        self._bases: list[tuple[datetime, str]] = []
        self.by_hand: dict[str, datetime] = {}
        """Commits of people on the base branch that are no merges, and when they were made."""

    def pushed(self, image: ImageName, tag: str, digest: str) -> None:
        """A tag names this digest from now on."""
        self._named[image, tag].append((self._clock.now(), digest))

    @property
    def pushes(self) -> Collection[tuple[ImageName, str]]:
        """Every tag that ever was."""
        return self._named.keys()

    def pushed_at(self, image: ImageName, tag: str) -> datetime | None:
        """When a tag was pushed last."""
        known = self._named.get((image, tag))
        return known[-1][0] if known else None

    def was_moved(self, image: ImageName, tag: str) -> bool:
        """Whether a tag named several digests so far."""
        return len({digest for _, digest in self._named.get((image, tag), ())}) > 1

    def deployed_at(self, place: Place, alias: str, tag: str) -> datetime | None:
        """When the base branch first said this tag for a place."""
        found = (span.since for span in self._spans[place] if span.refs.get(alias, ("",))[0] == tag)
        return next(found, None)

    def base_before(self, moment: datetime) -> str:
        """The head of the base branch when a moment came."""
        return [commit for at, commit in self._bases if at < moment or at == self._bases[0][0]][-1]

    @property
    def bases(self) -> Sequence[str]:
        """Every head that the base branch was seen to have, the oldest first."""
        return [commit for _, commit in self._bases]

    def spans(self, place: Place) -> Sequence[Span]:
        """What a place held, the oldest first."""
        return self._spans[place]

    def seen(self, place: Place) -> Span:
        """What a place holds, since it came there for a look that saw nothing else in between."""
        *before, last = self._spans[place]
        for span in reversed(before):
            if span.refs == last.refs:
                last = replace(span, until=last.until)
            elif span.stood(self._clock.now()) >= UNSEEN:
                break
        return last

    def base(self) -> str:
        """The head of the base branch."""
        head = self._forge.head(REPOSITORY, "main")
        assert head is not None
        return head

    def refs(self, commit: str, place: Place) -> Refs:
        """The images of a place at a commit."""
        found = self._forge.files(REPOSITORY, commit).get(file_of(*place))
        return refs_in(found.data if found else None)

    def look(self) -> None:
        """See what the base branch says now."""
        base, now = self.base(), self._clock.now()
        if not self._bases or self._bases[-1][1] != base:
            self._bases.append((now, base))
        for pipeline, environment in self._shape.places:
            place = (pipeline.name, environment.name)
            refs, spans = self.refs(base, place), self._spans[place]
            if spans and (_alike(spans[-1].refs, refs) or not refs):
                continue  # where a file is gone, nothing new is deployed, and nothing old is taken away
            if spans:
                spans[-1].until = now
            is_by_hand = base in self.by_hand
            spans.append(Span(refs, now, None if environment.applications else now, is_by_hand=is_by_hand))

    def ran(self, place: Place, refs: Refs) -> None:
        """Argo CD said that these images run and are healthy."""
        spans = self._spans[place]
        if spans and spans[-1].live_since is None and _alike(spans[-1].refs, refs):
            spans[-1].live_since = self._clock.now()

    def was_ever(self, place: Place, refs: Refs) -> bool:
        """Whether the place ever held these images."""
        return any(_same(span.refs, refs) for span in self._spans[place])

    def lack(self, pipeline: Pipeline, environment: Environment, refs: Refs, *, soaks: bool) -> str:
        """Why the images are not proved for an environment; empty where they are."""
        for name in environment.after:
            lived = self._lived((pipeline.name, name), refs)
            if lived is None:
                return f"was never live in {name}"
            if soaks and lived + UNSEEN < environment.soak:
                return f"was live in {name} for {lived} of {environment.soak}"
        return ""

    def moved(self, image: ImageName, ref: Ref, *, live_in: Place) -> str:
        """Why a tag does not name what was proved in a place any more; empty where it does."""
        tag, digest = ref
        known, now = self._named[image, tag], self._clock.now()
        if digest or not known:
            return ""  # the very digest was live, `lack` looks at it; or no registry ever had the tag
        spans = [span for span in self._spans[live_in] if span.live_since and _has(span.refs, ref)]
        latest = max((span.live_since for span in spans if span.live_since), default=now)
        proved = {each for at, each in known if at <= latest} or {known[0][1]}
        ends = [at for at, _ in known[1:]] + [now]
        names = {each for (_, each), end in zip(known, ends, strict=True) if now - end <= _ASKED}
        return "" if names & proved else "the tag was moved after it was proved"

    def _lived(self, place: Place, refs: Refs) -> timedelta | None:
        """The longest time for which the images were live at a stretch, as far as a look could see."""
        longest: timedelta | None = None
        begun: datetime | None = None
        ended: datetime | None = None
        for span in self._spans[place]:
            if not _same(span.refs, refs):
                continue
            if begun is None or ended is None or span.since - ended > UNSEEN:
                begun = span.live_since
            begun, ended = begun or span.live_since, span.until or self._clock.now()
            if begun is not None:
                longest = max(longest or timedelta(0), ended - begun)
        return longest


def _alike(one: Refs, other: Refs) -> bool:
    """Whether two files name the same images; where both have a digest, it alone says what runs."""
    return one.keys() == other.keys() and all(_has({alias: one[alias]}, other[alias]) for alias in one)


def _same(there: Refs, wanted: Refs) -> bool:
    """Whether a place held all that is wanted; a digest counts where both have one."""
    return bool(wanted) and all(_has(there, ref, alias) for alias, ref in wanted.items())


def _has(there: Refs, ref: Ref, alias: str | None = None) -> bool:
    found = there.values() if alias is None else [there[alias]] if alias in there else []
    return any(digest == ref[1] if digest and ref[1] else tag == ref[0] for tag, digest in found)
