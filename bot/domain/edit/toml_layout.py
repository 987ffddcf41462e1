"""What is added to a TOML file, and where.

A value goes behind the last one of its table. A table that is missing gets a header behind all that belongs
to the one around it; in tables of dotted keys, and in files that have no headers, it is a dotted key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from bot.domain.edit.assignment import New
from bot.domain.edit.brackets import Style, one_more
from bot.domain.edit.json_layout import quoted
from bot.domain.edit.keypath import Key
from bot.domain.edit.text import Change, Span, line_break, line_end
from bot.domain.edit.tree import Home, Leaf, Missing, Tree, Way

_PREFACE = re.compile(r"(?:#[^\r\n]*+(?:\r\n|\n))+(?:[ \t]*+(?:\r\n|\n))+")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def added(tree: Tree, missing: Missing, new: New) -> Sequence[Change]:
    """What changes where an entry is put into a table, or an element into a list."""
    branch, way = missing.branch, missing.way
    if not isinstance(branch, Leaf) and branch.brackets:
        style = Style(line_break(tree.text.text), None)
        return one_more(tree.text.text, branch.brackets, lambda _column: _inside(new), style)
    home = tree.homes.get(way)
    if home and isinstance(new, dict) and (_is_text(new) or home.is_dotted or _is_flat(tree, way)):
        return [_line(tree, home, _entry(new))]
    return [_block(tree, way, list(_headed(way, new)))]


def _line(tree: Tree, home: Home, entry: str) -> Change:
    """One more entry of a table, on a line of its own."""
    source, ends = tree.text.text, line_break(tree.text.text)
    if home.at:
        at = line_end(source, home.at)
        return Change(Span(at, at), f"{ends}{home.lead}{entry}", "")
    if len(tree.homes) > 1:
        # Before all headers, and behind what is said at the top of the whole file.
        preface = _PREFACE.match(source)
        at = preface.end() if preface else 0
        return Change(Span(at, at), f"{entry}{ends}{ends}", "")
    at = len(source)
    lead = ends if source and not source.endswith(("\n", "\r")) else ""
    return Change(Span(at, at), f"{lead}{entry}{ends}", "")


def _block(tree: Tree, way: Way, lines: Sequence[str]) -> Change:
    """A table with its header, behind all that belongs to the one at the end of the way."""
    source, ends = tree.text.text, line_break(tree.text.text)
    last = max((home.at for each, home in tree.homes.items() if each[: len(way)] == way), default=0)
    at = line_end(source, last) if way else len(source.rstrip("\r\n"))
    block = ends.join(lines)
    return Change(Span(at, at), f"{ends}{ends}{block}" if at else f"{block}{ends}", "")


def _is_flat(tree: Tree, way: Way) -> bool:
    """Whether a file has dotted keys and no headers."""
    others = [home for each, home in tree.homes.items() if each]
    return not way and bool(others) and all(home.is_dotted for home in others)


def _headed(way: Way, new: New) -> Iterator[str]:
    """The lines of what is added to a table or list, with a header of its own."""
    names = [step.name for step in way if isinstance(step, Key)]
    while isinstance(new, dict) and not _is_text(new):
        ((name, new),) = new.items()
        names.append(name)
    header = ".".join(map(_key, names))
    if isinstance(new, dict):
        yield from (f"[{header}]", _entry(new))
    for element in new if isinstance(new, list) else ():
        yield f"[[{header}]]"
        yield from (_entry({key: each}) for key, each in _entries(element))


def _is_text(new: Mapping[str, New]) -> bool:
    return all(isinstance(each, str) for each in new.values())


def _entry(new: New) -> str:
    """The one entry of a table, tables in it by dotted keys."""
    names = []
    while isinstance(new, dict) and len(new) == 1:
        ((name, new),) = new.items()
        names.append(_key(name))
    return f"{'.'.join(names)} = {_inline(new)}"


def _inside(new: New) -> str:
    """Entries between brackets that stand there already."""
    if isinstance(new, list):
        return ", ".join(map(_inline, new))
    return ", ".join(f"{_key(key)} = {_inline(each)}" for key, each in _entries(new))


def _inline(new: New) -> str:
    if isinstance(new, str):
        return quoted(new)
    return f"{{ {_inside(new)} }}" if isinstance(new, dict) else f"[{_inside(new)}]"


def _entries(new: New) -> list[tuple[str, New]]:
    return list(new.items()) if isinstance(new, dict) else []


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else quoted(name)
