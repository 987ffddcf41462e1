"""How a server says which login it wants: the `WWW-Authenticate` header, read.

Grammar: RFC 9110, section 11.6.1. Several challenges may stand in one header, parameters may be quoted
or not, and some registries send the header twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - RFC 9110 calls a word of a header a token
_PART = re.compile(
    rf"""[\s,]*(?:
        (?P<name>{_TOKEN})\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s,"]+))
        | (?P<scheme>{_TOKEN})(?=[\s,]|$)
    )""",
    re.VERBOSE,
)
# Longer headers come from nobody honest: Docker Hub's has under 200 characters.
_LONGEST = 8192


@dataclass(frozen=True, slots=True)
class Challenge:
    """One login that a server would take: the scheme in lower case, and its parameters by lower-case name."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def parse_challenges(headers: Sequence[str]) -> Sequence[Challenge]:
    """Every challenge of these `WWW-Authenticate` headers, in order, up to where one makes no sense."""
    return [challenge for header in headers for challenge in _parse(header[:_LONGEST])]


def _parse(header: str) -> Sequence[Challenge]:
    found: list[tuple[str, dict[str, str]]] = []
    position = 0
    while part := _PART.match(header, position):
        position = part.end()
        if part["scheme"]:
            found.append((part["scheme"].lower(), {}))
            continue
        if not found:
            break
        value = part["plain"] if part["quoted"] is None else re.sub(r"\\(.)", r"\1", part["quoted"])
        found[-1][1].setdefault(part["name"].lower(), value)
    return [Challenge(scheme, parameters) for scheme, parameters in found]
