"""What an environment keeps for itself while a directory is copied over its own: files, or keys in files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.domain.edit.keypath import KeyPath
from bot.domain.errors import sentence
from bot.domain.expression import Expression, compile_expression
from bot.domain.glob import translate

_ANY_DEPTH = "**"
_MOST_PARTS = 32
_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class Keep:
    """Files whose path in the directory `glob` matches are kept: whole, or (`key`) one value in each.

    `*` and `?` stand for characters of one name, `**` for any number of folders.
    """

    glob: str
    key: KeyPath | None = None

    @classmethod
    def parse(cls, text: str) -> Keep:
        """Parse `GLOB` or `GLOB:KEY.PATH`, as `config/*.yaml:ingress.host`.

        Raises:
            ValueError: the glob or the key path breaks its grammar.
        """
        glob, colon, key = text.partition(":")
        parts = glob.split("/")
        if len(parts) > _MOST_PARTS or any(part in {"", ".", ".."} for part in parts):
            fix = "write it from the directory on, as secrets/** or values.yaml:replicas"
            raise ValueError(sentence(f"{text[:80]!r} names no files of the directory", fix=fix))
        if any(_ANY_DEPTH in part and part != _ANY_DEPTH for part in parts):
            raise ValueError(f"{text[:80]!r} has ** beside other characters (give it a folder of its own)")
        for part in parts:
            translate(part)
        return cls(glob, KeyPath.parse(key) if colon else None)

    def matches(self, path: str) -> bool:
        """Whether the file at this path, from the directory on, is meant."""
        return _matches(tuple(self.glob.split("/")), tuple(path.split("/")))

    def __str__(self) -> str:
        return self.glob if self.key is None else f"{self.glob}:{self.key}"


@dataclass(frozen=True, slots=True)
class DirectoryPromotion:
    """The files of `directory`, as they were proved upstream, are copied to `to`.

    Both are paths from the root of the repository, without a slash at the end. What `keep` names stays the
    target's own. `overwrite` lets changes go that were made in the target since the last copy.
    """

    directory: str
    to: str
    keep: tuple[Keep, ...] = ()
    overwrite: bool = False

    def keeps(self, path: str) -> bool:
        """Whether the whole file at this path, from the directory on, stays the target's own."""
        return any(rule.key is None and rule.matches(path) for rule in self.keep)

    def keys(self, path: str) -> Sequence[KeyPath]:
        """The keys of the file whose values stay the target's own."""
        return [rule.key for rule in self.keep if rule.key is not None and rule.matches(path)]


def _matches(glob: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Whether the parts match, with the states of all globs' positions at once: no input makes it slow."""
    reached = _skipped({0}, glob)
    for name in path:
        ahead = {at + 1 for at in reached if at < len(glob) and _is_like(glob[at], name)}
        reached = _skipped(ahead | {at for at in reached if glob[at : at + 1] == (_ANY_DEPTH,)}, glob)
    return len(glob) in reached


def _skipped(reached: set[int], glob: tuple[str, ...]) -> set[int]:
    """The positions, and those that are reached by letting `**` stand for no folder."""
    found = set(reached)
    for at, part in enumerate(glob):
        if at in found and part == _ANY_DEPTH:
            found.add(at + 1)
    return found


def _is_like(part: str, name: str) -> bool:
    return part == _ANY_DEPTH or _expression(part).fullmatch(name.encode()) is not None


@lru_cache(_REMEMBERED)
def _expression(part: str) -> Expression:
    return compile_expression(translate(part), shown=part)
