"""Files as Git keeps them, whichever host tells of them."""

from __future__ import annotations

import hashlib


def blob_id(data: bytes) -> str:
    """The name that Git gives these bytes (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects)."""
    return hashlib.sha1(b"blob %d\0%b" % (len(data), data), usedforsecurity=False).hexdigest()
