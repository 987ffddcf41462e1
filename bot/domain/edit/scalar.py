"""How a text is written in YAML so that every reader takes it for that very text.

Readers disagree on what a plain scalar is: `1.10` is a number, `012` octal in YAML 1.1 and decimal in 1.2,
`no` a boolean, `12:30:45` a count of seconds, `2024-01-01` a date. A text stays plain only where neither
YAML 1.1 (https://yaml.org/type/), nor YAML 1.2's core schema (https://yaml.org/spec/1.2.2/#103-core-schema),
nor the Go libraries behind Helm and Argo CD (gopkg.in/yaml.v2 and v3, `resolve.go`) see anything else.
"""

from __future__ import annotations

import re

from bot.domain.edit.stream import Kind, Node

STRING_TAG = "tag:yaml.org,2002:str"
"""The tag `!!str`, with which nobody guesses at a scalar's type."""

_WORDS = {
    *("", "~", "null", "y", "yes", "n", "no", "on", "off", "true", "false", "inf", "infinity", "nan"),
    *("=", "<<"),
}
_NULLS = {"", "~", "null", "Null", "NULL"}
# Held against texts without underscores: Go leaves them out, wherever they stand, and guesses then.
_NUMBER = re.compile(
    r"""[-+]?(?:
          0[box][0-9a-f.p+-]*                   # other bases; Go reads hexadecimal floats too
        | [0-9.][0-9,:]*+\.?[0-9]*+(?:e[-+]?[0-9]*+)?  # decimal, octal, thousands, sexagesimal, exponents
        | e[-+]?[0-9]+                          # an exponent alone: npm's yaml reads YAML 1.1 so
        | \.inf | \.nan
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*)?")
# Far narrower than the grammar of plain scalars: none of these needs any context to be safe in block style.
_PLAIN = re.compile(r"[A-Za-z0-9_/](?:[A-Za-z0-9_/.@:=+-]*[A-Za-z0-9_/.@=+-])?")


def is_text(plain: str) -> bool:
    """Whether every YAML reader takes this plain scalar for a string. Errs towards no."""
    bare = plain.replace("_", "")
    return not (bare.lower() in _WORDS or _NUMBER.fullmatch(bare) or _DATE.fullmatch(plain))


def is_null(node: Node) -> bool:
    """Whether the node is a plain scalar that says "nothing": empty, `~` or `null`."""
    is_plain = node.kind is Kind.SCALAR and not node.style and node.tag is None
    return is_plain and node.value in _NULLS


def is_foreign(node: Node) -> bool:
    """Whether the scalar carries a tag that makes it something else than a string (`!!int`, `!vault`)."""
    return node.tag not in {None, "!", STRING_TAG}


def is_string(node: Node) -> bool:
    """Whether every YAML reader takes this scalar for a string."""
    if is_foreign(node):
        return False
    return bool(node.style) or node.tag == STRING_TAG or is_text(node.value)


def quoted(text: str, *, style: str = '"') -> str:
    """Write a printable text in quotes of the given style."""
    if style == "'":
        return "'" + text.replace("'", "''") + "'"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def plain(text: str, *, is_tagged: bool, may_hold_colon: bool) -> str:
    """Write a text without quotes where that is safe, and in double quotes elsewhere.

    `is_tagged` says that the scalar carries `!!str`. Colons inside flow style break older readers.
    """
    is_safe = _PLAIN.fullmatch(text) and (is_tagged or is_text(text)) and (may_hold_colon or ":" not in text)
    return text if is_safe else quoted(text)
