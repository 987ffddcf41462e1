"""What the tests of choosing share: builds by their day, policies, and a choice with its reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from bot.domain.choosing.selection import Choice, SelectionPolicy, Strategy, TagDetails, Unreadable, choose
from bot.domain.image import ImageName, ImageRef

NAME = ImageName("ghcr.io", "acme/web")
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
NOW = EPOCH + timedelta(days=30)
SEMVER = SelectionPolicy()
NEWEST = SelectionPolicy(Strategy.NEWEST_BUILD)
DIGEST = SelectionPolicy(Strategy.DIGEST, "latest")
ALPHABETICAL = SelectionPolicy(Strategy.ALPHABETICAL)
BOTH = ("linux/amd64", "linux/arm64")
ON_BOTH = SelectionPolicy(platforms=BOTH)
OUTAGE = Unreadable("registry answered 503")

Details = Mapping[str, TagDetails | Unreadable]


def digest(digit: str) -> str:
    """A well-formed digest that a reader can tell from another."""
    return f"sha256:{digit * 64}"


def built(day: int | None, *platforms: str, name: str = "a") -> TagDetails:
    """Details of an image that was built so many days after the epoch."""
    created = None if day is None else EPOCH + timedelta(days=day)
    return TagDetails(digest(name), created, platforms)


def running(tag: str | None, name: str | None = None) -> ImageRef:
    """What an environment names now: a tag, with the digest of this digit or with none."""
    return ImageRef(NAME, tag, digest(name) if name else None)


def chosen(
    policy: SelectionPolicy,
    tags: Sequence[str],
    details: Details | None = None,
    current: ImageRef | None = None,
) -> Choice:
    """The choice at `NOW`, when nothing more has to be asked for it."""
    answer = choose(policy, tags, details=details or {}, current=current, now=NOW)
    assert isinstance(answer, Choice), answer
    return answer


def reasons(choice: Choice) -> dict[str, str]:
    """Why each tag was chosen or not; each has one verdict."""
    assert len({verdict.tag for verdict in choice.verdicts}) == len(choice.verdicts)
    return {verdict.tag: verdict.reason for verdict in choice.verdicts}
