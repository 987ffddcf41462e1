"""What the catalog forgets, in short transactions: a look of a worker never waits for the whole of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Table, delete, select

from bot.adapters.stores.database import Database, groups
from bot.adapters.stores.rules import KEEP_ANNOUNCEMENTS, KEEP_DIGESTS, KEEP_IMAGES
from bot.adapters.stores.schema import announcements, contents, images, listings, pointers, sights

_PARTS = (listings, announcements, pointers, sights, contents)


def forget_images(database: Database, now: datetime) -> int:
    """Forget images that nobody asked for, with all that is known of them; return how many rows went."""
    is_old = images.c.asked_at < now - KEEP_IMAGES
    known = select(images.c.image)
    unknown = _images_of(database, contents, contents.c.image.not_in(known))
    gone = 0
    for image in [*_images_of(database, images, is_old), *unknown]:
        with database.writing() as connection:
            gone += connection.execute(delete(images).where(images.c.image == image, is_old)).rowcount
            if connection.scalar(known.where(images.c.image == image)):
                continue  # somebody asked for it just now
            for part in _PARTS:
                gone += connection.execute(delete(part).where(part.c.image == image)).rowcount
    return gone


def forget_announcements(database: Database, now: datetime) -> int:
    """Forget announcements that nobody asked for in time; return how many went."""
    is_old = announcements.c.announced_at < now - KEEP_ANNOUNCEMENTS
    gone = 0
    for image in _images_of(database, announcements, is_old):
        with _changing(database, image) as connection:
            ours = announcements.c.image == image
            gone += connection.execute(delete(announcements).where(ours, is_old)).rowcount
    return gone


def forget_digests(database: Database, now: datetime, listed: Callable[[str], Collection[str]]) -> int:
    """Forget pointers whose tag is not `listed` any more, then digests that no tag points to.

    Returns how many rows went.
    """
    oldest = now - KEEP_DIGESTS
    gone = 0
    for image in _images_of(database, pointers, pointers.c.asked_at < oldest):
        gone += _forget_pointers(database, image, oldest, listed(image))
    for image in _images_of(database, sights, sights.c.last_seen < oldest):
        gone += _forget_sights(database, image, oldest)
    return gone


@contextmanager
def _changing(database: Database, image: str) -> Iterator[Connection]:
    """A transaction that locks the image first, as whoever keeps or points does: else they might deadlock."""
    with database.writing() as connection:
        connection.execute(select(images.c.image).where(images.c.image == image).with_for_update())
        yield connection


def _images_of(database: Database, table: Table, which: ColumnElement[bool]) -> Sequence[str]:
    with database.reading() as connection:
        return connection.scalars(select(table.c.image).distinct().where(which)).all()


def _forget_pointers(database: Database, image: str, oldest: datetime, listed: Collection[str]) -> int:
    is_old = pointers.c.image == image, pointers.c.asked_at < oldest
    with _changing(database, image) as connection:
        tags = set(connection.scalars(select(pointers.c.tag).where(*is_old))) - set(listed)
        old = delete(pointers).where(*is_old)
        return sum(
            connection.execute(old.where(pointers.c.tag.in_(group))).rowcount for group in groups(tags)
        )


def _forget_sights(database: Database, image: str, oldest: datetime) -> int:
    is_old = sights.c.image == image, sights.c.last_seen < oldest
    pointed = select(pointers.c.digest).where(pointers.c.image == image, pointers.c.digest.is_not(None))
    gone = 0
    with _changing(database, image) as connection:
        old = delete(sights).where(*is_old, sights.c.digest.not_in(pointed)).returning(sights.c.digest)
        digests = connection.scalars(old).all()
        for group in groups(digests):
            ours = contents.c.image == image, contents.c.digest.in_(group)
            gone += connection.execute(delete(contents).where(*ours)).rowcount
    return gone + len(digests)
