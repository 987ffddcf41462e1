"""Git's own form of trees and packs, so that a change costs two processes and reads only what it touches.

Formats: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects and https://git-scm.com/docs/gitformat-pack.
Pure: what is read comes as bytes, and what is to be written leaves as one small pack that Git itself checks.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from bot.domain.errors import Malformed, Refused

FOLDER = "40000"
PLAIN, EXECUTABLE = "100644", "100755"
_WORDS = {FOLDER: "a folder", "120000": "a symbolic link", "160000": "a submodule"}
_TREE, _BLOB = 2, 3
_FASTEST = 1


class Item(NamedTuple):
    """One entry of a tree, with its mode as it is written there."""

    mode: str
    id: str


Folder = Mapping[str, Item]
"""What one tree holds, by name. Bytes of a name that are no UTF-8 are kept as surrogates."""


@dataclass(slots=True)
class Pack:
    """Objects that are new, and what Git will call them."""

    objects: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    def blob(self, data: bytes) -> str:
        """Take in a file's bytes and return their id."""
        return self._take(_BLOB, b"blob", data)

    def tree(self, folder: Folder) -> str:
        """Take in a folder and return its id."""
        return self._take(_TREE, b"tree", _written(folder))

    def data(self) -> bytes:
        """The pack file that holds all."""
        pieces = [b"PACK", struct.pack(">II", 2, len(self.objects))]
        for kind, content in self.objects.values():
            pieces += [_head(kind, len(content)), zlib.compress(content, _FASTEST)]
        body = b"".join(pieces)
        return body + hashlib.sha1(body, usedforsecurity=False).digest()

    def _take(self, kind: int, word: bytes, content: bytes) -> str:
        head = b"%s %d\0" % (word, len(content))
        name = hashlib.sha1(head + content, usedforsecurity=False).hexdigest()
        self.objects[name] = (kind, content)
        return name


def parsed(content: bytes) -> Folder:
    """The entries of a tree, in its order; raises `Malformed` for what is none."""
    folder: dict[str, Item] = {}
    at = 0
    while at < len(content):
        blank, end = content.find(b" ", at), content.find(b"\0", at)
        if not at < blank < end or end + 21 > len(content):
            raise Malformed("a tree of the repository cannot be read")
        name = content[blank + 1 : end].decode(errors="surrogateescape")
        folder[name] = Item(content[at:blank].decode("ascii"), content[end + 1 : end + 21].hex())
        at = end + 21
    return folder


def folders_of(paths: Iterable[str]) -> tuple[str, ...]:
    """The folders that lead to the paths, the root (empty) first and each before those inside it."""
    found = {""}
    for path in paths:
        parts = path.split("/")[:-1]
        found |= {"/".join(parts[:length]) for length in range(1, len(parts) + 1)}
    return tuple(sorted(found))


def rewritten(
    folders: Mapping[str, Folder],
    files: Mapping[str, bytes | None],
    modes: Mapping[str, str],
    pack: Pack,
) -> str:
    """Put the changed files into the pack, with each folder that they change; return the root tree's id.

    `folders` are those of `folders_of` as far as they are there; None deletes a file, and a folder that
    becomes empty goes. A file without a mode of its own keeps the one that it has.

    Raises:
        Refused: a path leads through, or to, what is no plain folder or file.
    """
    made = {path: dict(folders.get(path, {})) for path in folders_of(files)}
    for path, data in files.items():
        _require_way(path, folders)
        parent, _, name = path.rpartition("/")
        old = made[parent].get(name)
        if old is not None:
            require_plain(old.mode, path)
        if data is None:
            made[parent].pop(name, None)
            continue
        kept = EXECUTABLE if old and int(old.mode, 8) & 0o100 else PLAIN
        made[parent][name] = Item(modes.get(path, kept), pack.blob(data))
    for path in sorted(made, key=lambda each: each.count("/"), reverse=True):
        if path:
            _hang(made, path, pack)
    return pack.tree(made[""])


def require_plain(mode: str, path: str) -> None:
    """Raise `Refused` unless the mode is that of a plain file."""
    if not mode.startswith("100"):
        raise not_plain(mode, path)


def not_plain(mode: str, path: str) -> Refused:
    """The error for what is neither a plain file nor, on the way to one, a plain folder."""
    kind = _WORDS.get(mode.lstrip("0"), "a file")
    return Refused(f"{path!r} is {kind}", why="Tagboat reads and writes plain files in plain folders")


def _hang(made: dict[str, dict[str, Item]], path: str, pack: Pack) -> None:
    """Let the folder above say what this one holds now."""
    parent, _, name = path.rpartition("/")
    if made[path]:
        made[parent][name] = Item(FOLDER, pack.tree(made[path]))
    else:
        made[parent].pop(name, None)


def _require_way(path: str, folders: Mapping[str, Folder]) -> None:
    parts = path.split("/")
    for length in range(1, len(parts)):
        above = "/".join(parts[:length])
        parent, _, name = above.rpartition("/")
        item = folders.get(parent, {}).get(name)
        if item is not None and item.mode != FOLDER:
            raise not_plain(item.mode, above)


def _written(folder: Folder) -> bytes:
    """A tree's bytes. Git sorts a folder as if its name ended in a slash."""
    rows = [
        (name.encode(errors="surrogateescape"), item.mode.encode(), bytes.fromhex(item.id))
        for name, item in folder.items()
    ]
    rows.sort(key=lambda row: row[0] + (b"/" if row[1] == FOLDER.encode() else b""))
    return b"".join(b"%s %s\0%s" % (mode, name, data) for name, mode, data in rows)


def _head(kind: int, size: int) -> bytes:
    """Kind and size of an object in a pack: four bits of the size, then seven in each further byte."""
    byte, size = (kind << 4) | (size & 15), size >> 4
    pieces = bytearray()
    while size:
        pieces.append(byte | 0x80)
        byte, size = size & 0x7F, size >> 7
    return bytes([*pieces, byte])
