"""The catalog in SQL: lists of tags, who may ask for them, and pushes that were announced.

What digests are, and when they were seen first, is in `digests.py`; what is forgotten in `catalog_tidy.py`.
Every change of an image's announcements locks its row in `images`, so that their numbers become visible in
order: an entry that has heard number 7 has heard all before it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import structlog
from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Insert,
    Select,
    and_,
    delete,
    insert,
    or_,
    select,
)
from sqlalchemy.sql.dml import ReturningInsert

from bot.adapters.stores.catalog_tidy import forget_announcements, forget_digests, forget_images
from bot.adapters.stores.database import Database, groups
from bot.adapters.stores.digests import SqlDigests
from bot.adapters.stores.group import Group
from bot.adapters.stores.rules import MOST_ANNOUNCED, SKEW
from bot.adapters.stores.schema import announcements, images, listings
from bot.adapters.stores.shelf import Packed, Shelf, unpack
from bot.domain.choosing.listing import Listing
from bot.domain.errors import Malformed
from bot.domain.image import ImageName
from bot.ports import ImageEntry

_Pushes: TypeAlias = tuple[Mapping[str, Sequence[str]], datetime]

_log = structlog.get_logger(__name__)


class SqlCatalog(SqlDigests):
    """The port `Catalog` on a database whose tables are up to date."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._shelf = Shelf()
        self._announcing = Group(self._announce)
        # Built once: that costs more than to execute them.
        self._count_heard = _count_heard(database)
        self._renew = _renew(database)

    def entry(self, image: ImageName) -> ImageEntry | None:
        """What is known of the image's tags; None before the first list, or when it cannot be read."""
        return self._entry(str(image))

    def claim(self, image: ImageName, *, now: datetime, ttl: timedelta) -> bool:
        """Take the right to ask for the image's tags; False while it is taken."""
        until = images.c.claimed_until
        # One that ends later than any could was made by a wrong clock.
        is_free = or_(until.is_(None), until <= now, until > now + ttl + SKEW)
        take = self._database.insert(images).on_conflict_do_update(
            index_elements=["image"], set_={"claimed_until": now + ttl, "asked_at": now}, where=is_free
        )
        row = {"image": str(image), "claimed_until": now + ttl, "asked_at": now}
        with self._database.writing() as connection:
            return connection.execute(take.returning(images.c.image), row).first() is not None

    def keep(self, image: ImageName, entry: ImageEntry) -> None:
        """Keep what is known of the tags and give the claim back."""
        name, trusted = str(image), Packed.of(entry.listing)
        doubtful = Packed.of(entry.doubtful) if entry.doubtful else None
        row = {
            "listing": trusted.mark,
            "listed_at": entry.listed_at,
            "doubtful": doubtful.mark if doubtful else None,
            "doubtful_since": entry.doubtful_since,
            "claimed_until": None,
        }
        upsert = self._database.insert(images).on_conflict_do_update(index_elements=["image"], set_=row)
        with self._database.writing() as connection:
            connection.execute(upsert, {"image": name, "asked_at": entry.listed_at, **row})
            _keep_lists(connection, name, [trusted, doubtful] if doubtful else [trusted])
            _settle(connection, name, entry)

    def announce(self, pushes: Mapping[ImageName, Sequence[str]], *, now: datetime) -> None:
        """Remember that senders said these tags were pushed; of each image only the last thousand."""
        heard = {str(image): tags for image, tags in pushes.items() if tags}
        if heard:
            self._announcing.do((heard, now))

    def tidy(self, *, now: datetime) -> int:
        """Forget what cannot matter any more, in many short transactions; return how many rows went."""
        return (
            forget_images(self._database, now)
            + forget_announcements(self._database, now)
            + forget_digests(self._database, now, self._listed)
        )

    def _entry(self, image: str) -> ImageEntry | None:
        shelved = self._shelf.of(image)
        with self._database.reading() as connection:
            row = connection.execute(_row_of(image, tuple(shelved))).one_or_none()
            if row is None or row.listing is None:
                return None
            waiting = announcements.c.image == image, announcements.c.number <= row.heard
            query = select(announcements.c.tag).where(*waiting).order_by(announcements.c.number)
            announced = tuple(connection.scalars(query))
        trusted = _listing(image, row.listing, row.trusted, shelved)
        doubtful = _listing(image, row.doubtful, row.doubted, shelved)
        lists = {row.listing: trusted, row.doubtful: doubtful}
        self._shelf.put(image, {mark: each for mark, each in lists.items() if each is not None})
        if trusted is None:
            return None
        return ImageEntry(trusted, row.listed_at, doubtful, row.doubtful_since, announced, row.heard)

    def _announce(self, pushes: Sequence[_Pushes]) -> Sequence[None]:
        """Remember what was announced together, in one transaction."""
        now = max(at for _, at in pushes)
        tags: defaultdict[str, list[str]] = defaultdict(list)
        for heard, _ in pushes:
            for image, announced in heard.items():
                tags[image].extend(announced)
        with self._database.writing() as connection:
            numbers = self._count(connection, {image: len(tags[image]) for image in tags}, now)
            rows = [
                {"image": image, "tag": tag, "number": number, "announced_at": now}
                for image, last in numbers.items()
                for number, tag in enumerate(tags[image], last - len(tags[image]) + 1)
            ]
            connection.execute(self._renew, rows)
            _forget_all_but_the_last(connection, numbers)
        return [None] * len(pushes)

    def _count(self, connection: Connection, heard: Mapping[str, int], now: datetime) -> Mapping[str, int]:
        """Count announcements; returns the number of the last one of each image, which is locked now."""
        # Sorted: two transactions that lock the same images then wait for each other in one order.
        rows = [{"image": image, "asked_at": now, "heard": heard[image]} for image in sorted(heard)]
        counted = connection.execute(self._count_heard, rows)
        return {row.image: row.heard for row in counted}

    def _listed(self, image: str) -> Collection[str]:
        """The tags of the list that is trusted; none where there is none."""
        entry = self._entry(image)
        return set(entry.listing.tags) if entry else ()


def _count_heard(database: Database) -> ReturningInsert[tuple[str, int]]:
    """Add announcements to those that images heard, and return how many these are now."""
    insert = database.insert(images)
    more = {"heard": images.c.heard + insert.excluded.heard}
    upsert = insert.on_conflict_do_update(index_elements=["image"], set_=more)
    return upsert.returning(images.c.image, images.c.heard)


def _renew(database: Database) -> Insert:
    """Write announcements, each over the one before of the same tag."""
    insert = database.insert(announcements)
    change = {name: insert.excluded[name] for name in ("number", "announced_at")}
    return insert.on_conflict_do_update(index_elements=["image", "tag"], set_=change)


def _forget_all_but_the_last(connection: Connection, numbers: Mapping[str, int]) -> None:
    for image, last in numbers.items():
        if last > MOST_ANNOUNCED:
            is_earlier = announcements.c.number <= last - MOST_ANNOUNCED
            connection.execute(delete(announcements).where(announcements.c.image == image, is_earlier))


def _row_of(image: str, shelved: Collection[str]) -> Select[Any]:
    """The image's row with its lists, but for those at hand: what is NULL then need not be read."""
    trusted, doubted = listings.alias("trusted"), listings.alias("doubted")
    return (
        select(
            images.c.heard,
            images.c.listing,
            images.c.listed_at,
            images.c.doubtful,
            images.c.doubtful_since,
            trusted.c.content.label("trusted"),
            doubted.c.content.label("doubted"),
        )
        .outerjoin(trusted, _holds(trusted, images.c.listing, shelved))
        .outerjoin(doubted, _holds(doubted, images.c.doubtful, shelved))
        .where(images.c.image == image)
    )


def _holds(lists: FromClause, mark: ColumnElement[str], shelved: Collection[str]) -> ColumnElement[bool]:
    return and_(lists.c.image == images.c.image, lists.c.mark == mark, lists.c.mark.not_in(shelved))


def _listing(
    image: str, mark: str | None, content: bytes | None, shelved: Mapping[str, Listing]
) -> Listing | None:
    if mark is None or mark in shelved or content is None:
        return shelved.get(mark or "")
    try:
        return unpack(content)
    except Malformed as error:
        # Another release wrote it: the next look lists anew.
        _log.warning("listing_unreadable", image=image, error=str(error))
        return None


def _keep_lists(connection: Connection, image: str, lists: Sequence[Packed]) -> None:
    """Write those that are not there, and drop all others of the image."""
    ours, marks = listings.c.image == image, [packed.mark for packed in lists]
    connection.execute(delete(listings).where(ours, listings.c.mark.not_in(marks)))
    stored = set(connection.scalars(select(listings.c.mark).where(ours)))
    rows = {
        packed.mark: {"image": image, "mark": packed.mark, "content": packed.content()}
        for packed in lists
        if packed.mark not in stored
    }
    if rows:
        connection.execute(insert(listings), list(rows.values()))


def _settle(connection: Connection, image: str, entry: ImageEntry) -> None:
    """Forget the announcements that the entry heard and does not name."""
    heard = and_(announcements.c.image == image, announcements.c.number <= entry.heard)
    settled = set(connection.scalars(select(announcements.c.tag).where(heard))) - set(entry.announced)
    for group in groups(sorted(settled)):
        connection.execute(delete(announcements).where(heard, announcements.c.tag.in_(group)))
