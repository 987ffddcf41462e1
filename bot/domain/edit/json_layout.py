"""How a JSON file is laid out, and what is added to it in that layout."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from functools import partial

from bot.domain.edit.assignment import New
from bot.domain.edit.brackets import Style, indent, one_more
from bot.domain.edit.text import Change, line_break
from bot.domain.edit.tree import Leaf, Missing, Tree

_INDENTED = re.compile(r'[\r\n]([ \t]+)(?=["{\[0-9])')


def added(tree: Tree, missing: Missing, new: New) -> Sequence[Change]:
    """What changes where entries are put into a branch; a null gives way to them, and an empty file too."""
    source, branch = tree.text.text, missing.branch
    style = _style(source)
    if not isinstance(branch, Leaf):
        entry = partial(_entry, new, style)
        return one_more(source, branch.brackets, entry, style) if branch.brackets else ()
    end = "" if source.strip() else style.line_break
    return [Change(branch.span, _rendered(new, indent(source, branch.span.start), style) + end, "")]


def quoted(text: str) -> str:
    """The source of a string."""
    return json.dumps(text, ensure_ascii=False)


def _style(source: str) -> Style:
    """The style of a file; one that holds nothing gets lines, two blanks deep."""
    if '"' not in source:
        return Style(line_break(source), "  ")
    step = _INDENTED.search(source)
    return Style(line_break(source), step[1] if step else None, ", " if '": ' in source else ",")


def _entry(new: New, style: Style, column: str | None) -> str:
    """The source of an entry of a table, or of an element of a list, without the brackets around it."""
    if isinstance(new, dict):
        colon = ": " if style.comma == ", " else ":"
        entries = (f"{quoted(key)}{colon}{_rendered(each, column, style)}" for key, each in new.items())
        return _between(entries, column, style)
    return _between((_rendered(each, column, style) for each in new), column, style)


def _between(entries: Iterable[str], column: str | None, style: Style) -> str:
    is_in_lines = column is not None and style.step is not None
    return (f",{style.line_break}{column}" if is_in_lines else style.comma).join(entries)


def _rendered(new: New, column: str | None, style: Style) -> str:
    """The source of a value that begins in a line with this indentation; None: all in the line of others."""
    if isinstance(new, str):
        return quoted(new)
    opening, closing = "{}" if isinstance(new, dict) else "[]"
    if column is None or style.step is None:
        return opening + _entry(new, style, None) + closing
    inner = column + style.step
    return f"{opening}{style.line_break}{inner}{_entry(new, style, inner)}{style.line_break}{column}{closing}"
