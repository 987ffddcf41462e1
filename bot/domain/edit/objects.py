"""Kubernetes objects in a YAML file: which there are, and which of them are meant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.domain.edit.stream import Kind, Stream
from bot.domain.errors import NotFound
from bot.domain.place import ObjectName

_MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class Item:
    """An object: its node, and what it calls itself."""

    root: int
    name: ObjectName


def items(stream: Stream) -> list[Item]:
    """Every object of a file; the members of a `List` count, and it does not."""
    return [item for root in stream.documents() for item in _items(stream, root)]


def chosen(stream: Stream, name: ObjectName | None) -> list[int]:
    """The objects of that kind and name, all documents without one.

    Raises:
        NotFound: there is none; those that there are are named.
    """
    found = items(stream)
    if name is None:
        return [item.root for item in found]
    roots = [item.root for item in found if _is_named(item.name, name)]
    if not roots:
        named = [str(item.name)[:80] for item in found if str(item.name)]
        more = ", …" if len(named) > _MOST_NAMED else ""
        raise NotFound(
            f"the object {name} is not in the file",
            why=f"it has {', '.join(named[:_MOST_NAMED])}{more}" if named else "it has no objects",
            fix="correct `object`, or add it to the file",
        )
    return roots


def value_of(stream: Stream, mapping: int, key: str) -> int | None:
    """The value of a key in a mapping, None when it is none or has no such key; aliases are followed."""
    mapping = stream.resolve(mapping)
    if stream.nodes[mapping].kind is not Kind.MAPPING:
        return None
    return next((value for each, value in stream.entries(mapping) if stream.key_text(each) == key), None)


def text_of(stream: Stream, mapping: int, key: str) -> str:
    """The text of a key in a mapping, empty when there is none."""
    value = value_of(stream, mapping, key)
    return "" if value is None else stream.key_text(value) or ""


def _items(stream: Stream, root: int) -> Iterator[Item]:
    kind, members = text_of(stream, root, "kind"), value_of(stream, root, "items")
    if kind.endswith("List") and members is not None and stream.nodes[members].kind is Kind.SEQUENCE:
        for member in stream.children(members):
            yield from _items(stream, member)
        return
    metadata = value_of(stream, root, "metadata")
    name = "" if metadata is None else text_of(stream, metadata, "name")
    yield Item(root, ObjectName(kind, name))


def _is_named(found: ObjectName, wanted: ObjectName) -> bool:
    is_kind = not wanted.kind or wanted.kind.casefold() == found.kind.casefold()
    return is_kind and wanted.name in {"", found.name}
