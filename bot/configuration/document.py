"""The configuration as people wrote it: plain values, and the place of every one of them.

Scalars stay text (`1.10` is not rounded to 1.1, `on` is no boolean): what a text means is for the sections
to say. Aliases and `<<` are followed within a cap, top-level keys that begin with `x-` are room for anchors.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.configuration.report import Report
from bot.configuration.source import Source, Unreadable, is_tagged, read_source
from bot.configuration.substitution import Unresolved, is_substituted, substitute
from bot.configuration.trail import Place, Trail
from bot.domain.edit.stream import Kind, Node

_DEEPEST = 30
_MOST_REPEATED = 100_000
_MOST_FILES = 1_000
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_ROOM = "x-"


def read_document(path: Path, environ: Mapping[str, str], report: Report) -> dict[str, Any] | None:
    """Read a file, or a folder whose `*.yaml` and `*.yml` files are merged by top-level key.

    Places go to the report, and so does all that is wrong; what is left can still be checked. Values are
    text, None, lists and dictionaries. None when a part could not be read, so that nothing can be said.
    """
    files = _files(path, report)
    sources = [source for file in files if (source := _source(file, report))]
    if not files or len(sources) < len(files):
        return None
    roots = [root for source in sources for root in _roots(source, report)]
    most = sum(len(source.stream.nodes) for source in sources) + _MOST_REPEATED
    try:
        return _Reader(environ, folder_of(path), report, most).mapping(roots)
    except _TooMuch as error:
        fix = "look for an alias that repeats itself"
        report.add_at(error.place, (), f"the configuration has more than {error.limit}", fix)
        return None


def folder_of(path: Path) -> Path:
    """The folder that relative paths in a configuration are relative to."""
    # Unlike `Path.is_dir`, this raises nothing for a path that is too long or not to be looked at.
    return path if os.path.isdir(path) else path.parent


def _files(path: Path, report: Report) -> list[Path]:
    if folder_of(path) != path:
        return [path]
    try:
        names = sorted(path.iterdir())
    except OSError as error:
        what = f"the folder cannot be read: {error.strerror or type(error).__name__}"
        report.add_for_file(path, Unreadable(what, "let Tagboat's user read it"))
        return []
    # Kubernetes mounts a ConfigMap with links through hidden folders.
    files = [each for each in names if each.suffix in {".yaml", ".yml"} and not each.name.startswith(".")]
    if not files or len(files) > _MOST_FILES:
        what = "holds no *.yaml file" if not files else f"holds more than {_MOST_FILES} *.yaml files"
        report.add_for_file(path, Unreadable(f"the folder {what}", "name the file, or another folder"))
        return []
    return files


def _source(file: Path, report: Report) -> Source | None:
    try:
        return read_source(file)
    except Unreadable as error:
        report.add_for_file(file, error)
        return None


def _roots(source: Source, report: Report) -> list[Place]:
    """The root of the file's one document; nothing where the file is empty or is something else."""
    nodes = source.stream.nodes
    roots = [
        Place(source, root, root)
        for root in source.stream.documents()
        if nodes[root].kind is not Kind.SCALAR or nodes[root].value
    ]
    for root in roots[1:]:
        fix = "keep one document to a file; a folder may hold several files"
        report.add_at(root, (), "the file holds a second document", fix)
    if roots and roots[0].kind is not Kind.MAPPING:
        fix = "write keys with values, such as pipelines: with your pipelines below it"
        report.add_at(roots[0], (), "the file is not a mapping", fix)
        return []
    return roots[:1]


class _TooMuch(Exception):
    """The configuration is larger than any that is written by hand; a small file with aliases can be."""

    def __init__(self, place: Place, limit: str) -> None:
        super().__init__(limit)
        self.place = place
        self.limit = limit


class _Reader:
    """Turns nodes into values."""

    def __init__(self, environ: Mapping[str, str], base: Path, report: Report, most: int) -> None:
        self._environ = environ
        self._base = base
        self._report = report
        self._count = 0
        self._most = most

    def mapping(self, parts: Sequence[Place], trail: Trail = ()) -> dict[str, Any]:
        """The values of a mapping, or of several that are joined."""
        found: dict[str, list[Place]] = {}
        for part in parts:
            for key, place in self._entries(part, trail).items():
                found.setdefault(key, []).append(place)
        return {
            key: self._entry(places, (*trail, key))
            for key, places in found.items()
            if trail or not key.startswith(_ROOM)
        }

    def _entry(self, places: list[Place], trail: Trail) -> Any:
        """The value of a key; what several files say below one top-level key is joined."""
        first, *others = places
        self._report.places[trail] = first
        if len(trail) == 1 and all(place.kind is Kind.MAPPING for place in places):
            return self.mapping(places, trail)
        for other in others:
            self._report_twice(first, other, trail)
        return self._value(first, trail)

    def _entries(self, part: Place, trail: Trail, depth: int = 0) -> dict[str, Place]:
        """Key and place of every entry, those of `<<` after the mapping's own (they never replace one)."""
        self._count_up(part, len(trail) + depth)
        own: dict[str, Place] = {}
        merged: dict[str, Place] = {}
        for key_node, value_node in part.source.stream.entries(part.resolved):
            place = Place(part.source, key_node, value_node)
            key = part.source.stream.key_text(key_node)
            if part.source.stream.is_merge(key_node):
                for each in self._merged(place, trail):
                    merged = self._entries(each, trail, depth + 1) | merged
            elif key is None:
                self._report.add_at(place, trail, "a key is not a text", "write key: value")
            elif key in own:
                self._report_twice(own[key], place, (*trail, key))
            else:
                own[key] = place
        return own | {key: place for key, place in merged.items() if key not in own}

    def _merged(self, place: Place, trail: Trail) -> list[Place]:
        stream = place.source.stream
        elements = list(stream.children(place.resolved)) if place.kind is Kind.SEQUENCE else [place.value]
        parts = [Place(place.source, each, each) for each in elements]
        if any(part.kind is not Kind.MAPPING for part in parts):
            self._report.add_at(place, (*trail, "<<"), "<< takes mappings only", "write <<: *name")
            return []
        return parts

    def _report_twice(self, first: Place, other: Place, trail: Trail) -> None:
        line, _ = first.source.place(first.key)
        where = "" if first.source is other.source else f"{first.source.file} "
        self._report.add_at(other, trail, f"the key is already in {where}line {line}", "keep one of them")

    def _value(self, place: Place, trail: Trail) -> Any:
        self._count_up(place, len(trail))
        node = place.source.stream.nodes[place.resolved]
        if is_tagged(node):
            what = "a value is never read as a special type (!…)"
            self._report.add(trail, what, "put the value in quotes, or leave out what begins with !")
            return None
        match node.kind:
            case Kind.MAPPING:
                return self.mapping([place], trail)
            case Kind.SEQUENCE:
                return self._list(place, trail)
            case _:
                return self._scalar(node, trail)

    def _list(self, place: Place, trail: Trail) -> list[Any]:
        values = []
        for position, node in enumerate(place.source.stream.children(place.resolved)):
            element = self._report.places[*trail, position] = Place(place.source, node, node)
            values.append(self._value(element, (*trail, position)))
        return values

    def _scalar(self, node: Node, trail: Trail) -> str | None:
        if not node.style and node.value in _NULLS:
            return None
        if is_substituted(node.value):
            self._report.hide(trail)
        try:
            return substitute(node.value, environ=self._environ, base=self._base)
        except Unresolved as error:
            self._report.add(trail, error.what, error.fix)
            return None

    def _count_up(self, place: Place, depth: int) -> None:
        self._count += 1
        if depth > _DEEPEST:
            raise _TooMuch(place, f"{_DEEPEST} levels")
        if self._count > self._most:
            raise _TooMuch(place, f"{_MOST_REPEATED:,} values that aliases repeat")
