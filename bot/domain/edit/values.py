"""Read and replace values of a YAML file: exactly what was asked for changes, every other byte stays.

An edit keeps the author's quotes, anchors, comments and line ends. It is proved before it is handed out
(`bot.domain.edit.splice`); one that cannot be proved is refused, and the file stays as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.domain.edit.addition import additions, filled_by_lines
from bot.domain.edit.keypath import Index, KeyPath
from bot.domain.edit.layout import Lines, Tree
from bot.domain.edit.lookup import WHOLE_FILE, Found, Missing, Scope, find, not_found
from bot.domain.edit.parts import Said
from bot.domain.edit.scalar import is_foreign, is_null
from bot.domain.edit.sealed import refuse_sealed_stream
from bot.domain.edit.splice import Edit, edit, edited
from bot.domain.edit.stream import Kind, Node, Stream, parse
from bot.domain.edit.wish import Wish
from bot.domain.errors import Refused

_LONGEST_TEXT = 1_000


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to change in a file.

    `texts` are to stand at their paths, `keys` rename the keys that paths end with, and `elements` are put
    behind the last one of the list at a path. `flags` are set to true where they are missing. `blocks` are
    texts of several lines that are to stand where nothing is said yet.
    """

    texts: Sequence[tuple[KeyPath, str]] = ()
    keys: Sequence[tuple[KeyPath, str]] = ()
    elements: Sequence[tuple[KeyPath, str]] = ()
    flags: Sequence[KeyPath] = ()
    blocks: Sequence[tuple[KeyPath, str]] = ()


@dataclass(frozen=True, slots=True)
class Values:
    """A values file, read once; `scope` says how paths lead through it."""

    content: bytes
    stream: Stream
    scope: Scope = WHOLE_FILE

    @classmethod
    def parse(cls, content: bytes, scope: Scope = WHOLE_FILE) -> Values:
        """Read a values file.

        Raises:
            Malformed: it is no YAML.
            Refused: SOPS has sealed it, or it breaks a limit of `bot.domain.edit.stream`.
        """
        stream = parse(content)
        refuse_sealed_stream(stream)
        return cls(content, stream, scope)

    def within(self, roots: Sequence[int]) -> Values:
        """The same file, of which only these nodes are the beginnings of paths."""
        return replace(self, scope=replace(self.scope, roots=tuple(roots)))

    def get(self, path: KeyPath) -> str | None:
        """The text at the path, empty for a null; None when there is no such key.

        Raises:
            Refused: there is no single text of its own: a list, a mapping, an alias, several places.
        """
        place = find(self.stream, path, self.scope)
        if isinstance(place, Missing):
            return None
        return self._text(place, path)

    def need(self, path: KeyPath) -> str:
        """The text at the path, as `get`; raises NotFound, with what is there instead, when there is none."""
        return self._text(self._place(path), path)

    def told(self, path: KeyPath) -> Said | None:
        """The text at the path, as `get` where missing keys are added, as `need` where they are not."""
        place = find(self.stream, path, self.scope)
        if isinstance(place, Missing) and self.scope.creates:
            return None
        found = self._found(place, path)
        return Said(self._text(found, path), self.stream.line(found.index))

    def seen(self, path: KeyPath) -> Said | None:
        """The text at the path, also where an alias or a merge key brings it; None where there is none."""
        place = find(self.stream, path, replace(self.scope, follows=True))
        if isinstance(place, Missing):
            return None
        node = self.stream.nodes[place.index]
        is_text = node.kind is Kind.SCALAR and not is_null(node)
        return Said(node.value, self.stream.line(place.index)) if is_text else None

    def node(self, path: KeyPath) -> int | None:
        """The node at the path, whatever it is; None when there is none, or it says nothing."""
        place = find(self.stream, path, self.scope)
        if isinstance(place, Missing) or is_null(self.stream.nodes[place.index]):
            return None
        return place.index

    def replaced(self, texts: Sequence[tuple[KeyPath, str]]) -> bytes:
        """The file with these texts at these paths; see `changed`."""
        return self.changed(Changes(texts))

    def changed(self, changes: Changes) -> bytes:
        """The file with the changes made.

        A value that `get` reads as its new text stays as it is, whatever its quotes; when all do, the very
        same bytes are returned.

        Raises:
            NotFound: a path leads nowhere; what is near it is named.
            Refused: a value cannot be changed by itself, or the result could not be proved.
        """
        return self.made(self.edits(changes))

    def made(self, edits: Sequence[Edit]) -> bytes:
        """The file with the edits made, as `changed`."""
        return edited(self.stream, edits) if edits else self.content

    def edits(self, changes: Changes) -> list[Edit]:
        """What `changed` does to the text of the file; nothing where all is as it is to be.

        Raises:
            NotFound, Refused: as `changed`, but for the proof.
        """
        edits, wishes = self._texts(changes.texts)
        edits += [self._renaming(path, name) for path, name in changes.keys]
        wishes += [self._appending(path, text) for path, text in changes.elements]
        flags: list[tuple[KeyPath, Tree]] = [(path, True) for path in changes.flags]
        blocks = [(path, Lines(text)) for path, text in changes.blocks]
        for path, value in [*flags, *blocks]:
            place = find(self.stream, path, self.scope)
            if isinstance(place, Missing):
                wishes.append(self._wish(place, path, value))
            elif isinstance(value, Lines):
                self.refuse_shared(place, path)
                edits += filled_by_lines(self.stream, place.index, value)
        return [*edits, *additions(self.stream, wishes)]

    def _texts(self, texts: Sequence[tuple[KeyPath, str]]) -> tuple[list[Edit], list[Wish]]:
        """What changes where something stands, and what is wished for where nothing does."""
        wanted: dict[int, str] = {}
        edits: list[Edit] = []
        wishes: list[Wish] = []
        for path, text in texts:
            place = find(self.stream, path, self.scope)
            if isinstance(place, Missing):
                wishes.append(self._wish(place, path, text))
                continue
            is_known = place.index in wanted
            if wanted.setdefault(place.index, text) != text:
                line = self.stream.line(place.index)
                why = f"what stands in line {line} is to become {text[:80]!r} and another text at once"
                raise _refused(path, why, "keep one")
            if not is_known and self._text(place, path) != text:
                edits.append(self._edit(place, path, text))
        return edits, wishes

    def _wish(self, missing: Missing, path: KeyPath, value: Tree) -> Wish:
        if not self.scope.creates:
            raise not_found(self.stream, path, missing)
        steps = path.steps[missing.depth :]
        if any(isinstance(step, Index) for step in steps):
            raise self._unnumbered(path, missing)
        roots = list(self.stream.documents()) if self.scope.roots is None else self.scope.roots
        if len(roots) > 1:
            why = f"the file has {len(roots)} documents, and none has it yet"
            raise Refused(f"`{path}` is not added", why=why, fix="say which by `object`")
        if isinstance(value, str):
            _check_text(path, value)
        if self.stream.nodes:
            self.refuse_shared(Found(self.stream.way(missing.index)), path)
        return Wish(missing.index, steps, value)

    def _unnumbered(self, path: KeyPath, missing: Missing) -> Refused:
        where = f"line {self.stream.line(missing.index)}: " if self.stream.nodes else ""
        why = f"{where}no element of a list is added by its number, which does not say what the element is"
        return Refused(
            f"`{path}` is not added",
            why=why,
            fix="choose it by a field, as list[name=web].key, or add it by hand",
        )

    def _appending(self, path: KeyPath, text: str) -> Wish:
        place = find(self.stream, path, self.scope)
        if isinstance(place, Missing):
            return self._wish(place, path, [text])
        return self._wish(Missing(place.index, len(path.steps)), path, [text])

    def _renaming(self, path: KeyPath, name: str) -> Edit:
        place = self._place(path)
        mapping, value = place.way[-2:]
        key = next(key for key, each in self.stream.entries(mapping) if each == value)
        return self._edit(Found((*place.way[:-1], key)), path, name)

    def _text(self, place: Found, path: KeyPath) -> str:
        node = self._scalar(place, path)
        return "" if is_null(node) else node.value

    def _place(self, path: KeyPath) -> Found:
        return self._found(find(self.stream, path, self.scope), path)

    def _found(self, place: Found | Missing, path: KeyPath) -> Found:
        if isinstance(place, Missing):
            raise not_found(self.stream, path, place)
        return place

    def _scalar(self, place: Found, path: KeyPath) -> Node:
        node = self.stream.nodes[place.index]
        line = self.stream.line(place.index)
        if node.kind is not Kind.SCALAR:
            what = "a mapping" if node.kind is Kind.MAPPING else "a list"
            if self.stream.text.startswith("{{", node.start):
                what = "a template"
            raise _refused(path, f"line {line} holds {what}", "name the path of one plain value")
        if is_foreign(node):
            raise _refused(path, f"line {line} gives it the tag {node.tag}", "remove the tag")
        return node

    def _edit(self, place: Found, path: KeyPath, text: str) -> Edit:
        _check_text(path, text)
        self.refuse_shared(place, path)
        made = edit(self.stream, place, text)
        if made is None:
            line = self.stream.line(place.index)
            why = f"the value in line {line} is laid out over several lines, or stands without a colon"
            raise Refused(f"`{path}` is not changed", why=why, fix="write it as `key: value` in one line")
        return made

    def refuse_shared(self, place: Found, path: KeyPath) -> None:
        """Raise Refused when an alias stands for the value or what it is in, unless aliases are followed."""
        if self.scope.follows:
            return
        aliases = {target: alias for alias, target in self.stream.aliased.items()}
        for index in place.way:
            if index not in aliases:
                continue
            line, anchor = self.stream.line(aliases[index]), self.stream.nodes[index].anchor
            why = (
                f"line {line} uses what stands in line {self.stream.line(index)} too, by the alias *{anchor},"
                " so that more than one value would change"
            )
            fix = "write the value out in both places, or let a key path change both (`anchors: edit`)"
            raise _refused(path, why, fix)


def _check_text(path: KeyPath, text: str) -> None:
    if len(text) > _LONGEST_TEXT or not text.isprintable():
        why = f"the new text is longer than {_LONGEST_TEXT:,} characters or has some that cannot be seen"
        raise Refused(f"`{path}` is not changed", why=why, fix="choose another tag")


def _refused(path: KeyPath, why: str, fix: str) -> Refused:
    return Refused(f"`{path}` is not one value of its own", why=why, fix=fix)
