"""Secrets in log lines: which texts must not be seen, and how they are covered.

Secrets are kept out of messages where they are made; this is the net below, for tracebacks and libraries.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from pydantic import SecretStr

COVER = "***"
"""What stands in the place of a secret."""

_SHORTEST = 4
"""A shorter secret would cover half of every line, and protects nothing."""

_SHORTEST_LINE = 16
"""Lines of a private key count each by itself; shorter ones are padding."""


def spellings(settings: object) -> frozenset[str]:
    """Every text that gives away a secret of the settings: each value, and the forms that it takes on."""
    forms = {form for value in _secrets(settings) for part in _parts(value) for form in _forms(part)}
    return frozenset(form for form in forms if len(form) >= _SHORTEST)


class Mask:
    """Covers known secrets in texts and in nested values."""

    def __init__(self, secrets: Collection[str]) -> None:
        longest_first = sorted(secrets, key=lambda each: (-len(each), each))
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def text(self, text: str) -> str:
        """The text with every secret covered."""
        return self._pattern.sub(COVER, text) if self._pattern else text

    def value(self, value: Any) -> Any:
        """The value with every secret covered; what is no plain value becomes its covered `repr`."""
        if value is None or isinstance(value, bool | int | float | datetime):
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.value(each) for key, each in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(each) for each in value]
        return self.text(repr(value))


def _secrets(value: object) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif is_dataclass(value):
        for field in fields(value):
            yield from _secrets(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _secrets(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _secrets(each)


def _parts(value: str) -> Iterable[str]:
    """The value, or what is secret in it: an URL's password, a header's last word, a key's lines."""
    if "://" in value:
        return _parts_of_url(value)
    lines = [line for line in value.splitlines() if len(line) >= _SHORTEST_LINE]
    return {value, value.strip(), value.rpartition(" ")[2], *lines}


def _parts_of_url(value: str) -> Iterable[str]:
    """An address without a password is no secret: `sqlite:///tagboat.db` may be read in a log."""
    try:
        password, query = urlsplit(value).password, urlsplit(value).query
    except ValueError:
        return [value]
    return [value, *([password, unquote(password)] if password else [])] if password or query else []


def _forms(text: str) -> Iterable[str]:
    """As it is, within a URL, and within the `repr` of a value."""
    return {text, quote(text, safe=""), repr(text)[1:-1]}
