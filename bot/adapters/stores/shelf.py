"""Lists of tags as the catalog keeps them, and a shelf of those that this process has at hand.

A list of 50,000 tags is a megabyte of JSON. It is kept compressed under a mark made of its own bytes: the
same list is neither written nor parsed twice.
"""

from __future__ import annotations

import hashlib
import zlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

from bot.adapters.stores import codec
from bot.domain.choosing.listing import Listing
from bot.domain.errors import Malformed

_ROOM = 1_000_000
"""Tags on the shelf, about 100 bytes each."""

_FASTEST = 1


@dataclass(frozen=True, slots=True)
class Packed:
    """A list as text, and the mark of this text."""

    text: bytes
    mark: str

    @classmethod
    def of(cls, listing: Listing) -> Packed:
        """Write the list as text."""
        text = codec.encode(listing).encode()
        return cls(text, hashlib.sha256(text).hexdigest())

    def content(self) -> bytes:
        """What the table holds."""
        return zlib.compress(self.text, _FASTEST)


def unpack(content: bytes) -> Listing:
    """Read back a list; raises `Malformed` when another version wrote it in a form of its own."""
    try:
        text = zlib.decompress(content).decode()
    except (zlib.error, UnicodeDecodeError) as error:
        raise Malformed("a stored Listing cannot be read", why=str(error)) from error
    return codec.decode(text, Listing)


class Shelf:
    """The lists of the images that were asked for last, by mark; `room` bounds their tags altogether."""

    def __init__(self, room: int = _ROOM) -> None:
        self._room = room
        self._lock = Lock()
        self._images: OrderedDict[str, Mapping[str, Listing]] = OrderedDict()
        self._tags = 0

    def of(self, image: str) -> Mapping[str, Listing]:
        """The lists of the image that are at hand."""
        with self._lock:
            if image not in self._images:
                return {}
            self._images.move_to_end(image)
            return self._images[image]

    def put(self, image: str, listings: Mapping[str, Listing]) -> None:
        """Lay the image's lists in the place of those before; what nobody asked for longest makes room."""
        with self._lock:
            self._take(image)
            self._images[image] = dict(listings)
            self._tags += _size(listings)
            while self._tags > self._room and self._images:
                self._take(next(iter(self._images)))

    def _take(self, image: str) -> None:
        if taken := self._images.pop(image, None):
            self._tags -= _size(taken)


def _size(listings: Mapping[str, Listing]) -> int:
    return sum(len(listing.tags) + len(listing.digests) for listing in listings.values())
