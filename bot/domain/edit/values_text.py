"""Helm values as a text in another file: `values: |` of an Argo CD source.

The text is read as the file that it is, edited there and proved; then the same edits are made where its
characters stand in the outer file (`bot.domain.edit.embedding`), which is proved to say the edited text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bot.domain.edit.embedding import Embedding
from bot.domain.edit.keypath import KeyPath
from bot.domain.edit.lookup import Missing, Scope, find, not_found
from bot.domain.edit.parts import Said
from bot.domain.edit.splice import Edit, Made
from bot.domain.edit.stream import Kind
from bot.domain.edit.values import Changes, Values
from bot.domain.errors import Malformed, NotFound, Refused


@dataclass(frozen=True, slots=True)
class ValuesText:
    """A text in a file: `values` is the text as a file of its own, `index` the node that holds it.

    Where there is no such node, or it says nothing, `index` is None, and a block is written.
    """

    outer: Values
    path: KeyPath
    values: Values
    index: int | None = None

    def told(self, path: KeyPath) -> Said | None:
        """The text at a path of the inner file, and the line of the outer one; see `Values.told`."""
        with _naming(self.outer, self.index):
            said = self.values.told(path)
        if said is None or self.index is None:
            return said
        is_literal = self.outer.stream.nodes[self.index].style == "|"
        line = self.outer.stream.line(self.index)
        return Said(said.text, line + said.line if is_literal else line)

    def seen(self, path: KeyPath) -> Said | None:
        """The text at a path of the inner file, as `Values.seen`; its line is the inner file's."""
        with _naming(self.outer, self.index):
            return self.values.seen(path)

    def replaced(self, texts: Sequence[tuple[KeyPath, str]]) -> bytes:
        """The outer file with these texts at these paths of the inner one; see `Values.changed`."""
        with _naming(self.outer, self.index):
            edits = sorted(self.values.edits(Changes(texts)), key=lambda one: (one.start, one.nodes.start))
            inner = self.values.made(edits).decode()
        if not edits:
            return self.outer.content
        if self.index is None:
            return self.outer.changed(Changes(blocks=[(self.path, inner)]))
        return self._moved(self.index, edits, inner)

    def _moved(self, index: int, edits: Sequence[Edit], inner: str) -> bytes:
        stream, behind = self.outer.stream, index + 1
        node, embedding = stream.nodes[index], Embedding(stream, index)
        first = (Made(Kind.SCALAR, inner, node.anchor, node.tag),)
        whole = [
            Edit(
                *embedding.moved(one),
                nodes=range(behind, behind) if number else range(index, behind),
                made=() if number else first,
                is_part=True,
            )
            for number, one in enumerate(edits)
        ]
        return self.outer.made(whole)


def opened(outer: Values, path: KeyPath) -> ValuesText:
    """The values that stand as a text at a path.

    Raises:
        NotFound: there is no such text, and none is to be added.
        Malformed: the text is no YAML.
        Refused: what stands there is no text, or one that several places share.
    """
    found, scope = find(outer.stream, path, outer.scope), Scope(creates=outer.scope.creates)
    if isinstance(found, Missing) and not outer.scope.creates:
        raise not_found(outer.stream, path, found)
    text = outer.get(path)
    if isinstance(found, Missing) or not text:
        return ValuesText(outer, path, Values.parse(b"", scope))
    outer.refuse_shared(found, path)
    if not outer.stream.nodes[found.index].style:
        # A plain scalar holds no `: ` and begins with no brace, so that it can be no mapping.
        raise Refused(
            f"`{path}` cannot be edited",
            why=f"line {outer.stream.line(found.index)} holds a text without quotes, which can be no values",
            fix="write the values as `values: |` with the keys below, or as `valuesObject`",
        )
    with _naming(outer, found.index):
        return ValuesText(outer, path, Values.parse(text.encode(), scope), found.index)


@contextmanager
def _naming(outer: Values, index: int | None) -> Iterator[None]:
    """Say in which text of the file something went wrong: its lines are counted from its own first one."""
    try:
        yield
    except (NotFound, Malformed, Refused) as error:
        where = "" if index is None else f" in line {outer.stream.line(index)}"
        raise type(error)(f"the text{where}: {error.what}", why=error.why, fix=error.fix) from error
