"""The part of the catalog that knows digests: where tags point, what is there, and since when it was seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Connection, Insert, or_, select

from bot.adapters.stores import codec
from bot.adapters.stores.database import Database, groups
from bot.adapters.stores.rules import SKEW, WORTH_NOTING, first_asked, platforms_key
from bot.adapters.stores.schema import contents as _contents
from bot.adapters.stores.schema import images, sights
from bot.adapters.stores.schema import pointers as _pointers
from bot.domain.choosing.selection import TagDetails
from bot.domain.errors import Malformed
from bot.domain.image import ImageName
from bot.ports import Pointer, Unusable

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Content:
    """One of the two, under its name: a reader need not guess."""

    details: TagDetails | None = None
    unusable: Unusable | None = None


class SqlDigests:
    """Pointers, first sights and contents."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # Built once: that costs more than to execute them.
        self._touch, self._point = _touch(database), _point(database)
        self._see, self._keep = _see(database), _keep(database)

    def pointers(self, image: ImageName, tags: Sequence[str]) -> Mapping[str, Pointer]:
        """Where these tags pointed when they were asked for last."""
        query = select(_pointers.c.tag, _pointers.c.digest, _pointers.c.asked_at)
        ours = query.where(_pointers.c.image == str(image))
        found: dict[str, Pointer] = {}
        with self._database.reading() as connection:
            for group in groups(tags):
                rows = connection.execute(ours.where(_pointers.c.tag.in_(group)))
                found |= {tag: Pointer(digest, asked_at) for tag, digest, asked_at in rows}
        return found

    def point(self, image: ImageName, pointers: Mapping[str, Pointer]) -> Mapping[str, datetime]:
        """Keep where tags point, and return when each of these digests was first seen."""
        if not pointers:
            return {}
        name, asked = str(image), first_asked(pointers)
        now = max(pointer.asked_at for pointer in pointers.values())
        rows = [
            {"image": name, "tag": tag, "digest": pointer.digest, "asked_at": pointer.asked_at}
            for tag, pointer in pointers.items()
        ]
        seen = [
            {"image": name, "digest": digest, "first_seen": at, "last_seen": at}
            for digest, at in asked.items()
        ]
        with self._database.writing() as connection:
            # First of all, since it locks the image: two that point the same tags then take turns.
            connection.execute(self._touch, {"image": name, "asked_at": now})
            connection.execute(self._point, rows)
            if seen:
                connection.execute(self._see, seen)
            return _first_seen(connection, name, list(asked))

    def first_seen(self, image: ImageName, digests: Sequence[str]) -> Mapping[str, datetime]:
        """When each of these digests was first seen."""
        with self._database.reading() as connection:
            return _first_seen(connection, str(image), digests)

    def contents(
        self, image: ImageName, digests: Sequence[str], platforms: Sequence[str]
    ) -> Mapping[str, TagDetails | Unusable]:
        """What these digests name, as read for these platforms."""
        query = select(_contents.c.digest, _contents.c.content).where(
            _contents.c.image == str(image), _contents.c.platforms == platforms_key(platforms)
        )
        texts: dict[str, str] = {}
        with self._database.reading() as connection:
            for group in groups(digests):
                rows = connection.execute(query.where(_contents.c.digest.in_(group)))
                texts |= {row.digest: row.content for row in rows}
        return {digest: read for digest, text in texts.items() if (read := _read(image, digest, text))}

    def keep_contents(
        self, image: ImageName, platforms: Sequence[str], contents: Mapping[str, TagDetails | Unusable]
    ) -> None:
        """Keep what digests name; what stands there already is the same, or could not be read."""
        name, key = str(image), platforms_key(platforms)
        rows = [
            {"image": name, "digest": digest, "platforms": key, "content": _written(content)}
            for digest, content in sorted(contents.items(), key=lambda item: item[0])
        ]
        if rows:
            with self._database.writing() as connection:
                connection.execute(self._keep, rows)


def _touch(database: Database) -> Insert:
    """Note that somebody cares for an image."""
    insert = database.insert(images)
    asked_at = insert.excluded.asked_at
    is_old = images.c.asked_at < asked_at - WORTH_NOTING
    return insert.on_conflict_do_update(index_elements=["image"], set_={"asked_at": asked_at}, where=is_old)


def _point(database: Database) -> Insert:
    """Write where tags point; what was asked for later stays, unless by a wrong clock."""
    insert = database.insert(_pointers)
    new, old = insert.excluded, _pointers.c
    is_current = or_(old.asked_at <= new.asked_at, old.asked_at > new.asked_at + SKEW)
    change = {"digest": new.digest, "asked_at": new.asked_at}
    return insert.on_conflict_do_update(index_elements=["image", "tag"], set_=change, where=is_current)


def _see(database: Database) -> Insert:
    """Note first sights, and that a digest was met again."""
    insert = database.insert(sights)
    last_seen = insert.excluded.last_seen
    is_old = sights.c.last_seen < last_seen - WORTH_NOTING
    keys = ["image", "digest"]
    return insert.on_conflict_do_update(index_elements=keys, set_={"last_seen": last_seen}, where=is_old)


def _keep(database: Database) -> Insert:
    """Write contents, each over what stood there."""
    insert = database.insert(_contents)
    change = {"content": insert.excluded.content}
    return insert.on_conflict_do_update(index_elements=["image", "digest", "platforms"], set_=change)


def _first_seen(connection: Connection, image: str, digests: Sequence[str]) -> Mapping[str, datetime]:
    query = select(sights.c.digest, sights.c.first_seen).where(sights.c.image == image)
    found: dict[str, datetime] = {}
    for group in groups(digests):
        rows = connection.execute(query.where(sights.c.digest.in_(group)))
        found |= {row.digest: row.first_seen for row in rows}
    return found


def _written(content: TagDetails | Unusable) -> str:
    if isinstance(content, Unusable):
        return codec.encode(_Content(unusable=content))
    return codec.encode(_Content(details=content))


def _read(image: ImageName, digest: str, text: str) -> TagDetails | Unusable | None:
    try:
        content = codec.decode(text, _Content)
    except Malformed as error:
        # Another release wrote it: what cannot be read is read from the registry again.
        _log.warning("contents_unreadable", image=str(image), digest=digest, error=str(error))
        return None
    return content.details or content.unusable
