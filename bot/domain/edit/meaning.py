"""What a YAML file says, without where and how it is written: to compare a file before and after an edit."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field

from bot.domain.edit.stream import Kind, Node, Stream


@dataclass(slots=True)
class Meant:
    """What one node says; `children` of a mapping are key, value, key, … in the order of the file."""

    kind: Kind
    anchor: str | None = None
    tag: str | None = None
    value: str = ""
    is_plain: bool = False
    """Whether readers guess at the scalar's type."""
    children: list[Meant] = field(default_factory=list)

    def become(self, other: Meant) -> None:
        """Say what another node says."""
        copy = deepcopy(other)
        self.kind, self.anchor, self.tag = copy.kind, copy.anchor, copy.tag
        self.value, self.is_plain, self.children = copy.value, copy.is_plain, copy.children


def meanings(stream: Stream) -> dict[int, Meant]:
    """What each node of a file says, by its index; changing one changes what its document says."""
    meant = {
        index: _meant(node)
        for index, node in enumerate(stream.nodes)
        if node.kind not in {Kind.END, Kind.DOCUMENT}
    }
    for index, one in meant.items():
        if one.kind in {Kind.MAPPING, Kind.SEQUENCE}:
            one.children = [meant[child] for child in stream.children(index)]
    return meant


def documents(stream: Stream, meant: dict[int, Meant]) -> list[Meant]:
    """What each document of a file says."""
    return [meant[root] for root in stream.documents()]


def _meant(node: Node) -> Meant:
    is_plain = node.kind is Kind.SCALAR and not node.style
    return Meant(node.kind, node.anchor, node.tag, node.value, is_plain)
