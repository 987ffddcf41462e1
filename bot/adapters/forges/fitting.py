"""Texts cut to what a host takes."""

from __future__ import annotations

_KEPT_END = 2_000
_CUT = "\n\n… (the middle was left out: {host} takes no longer texts)\n\n"


def headed(text: str, longest: int) -> str:
    """The text, cut at its end where it is longer than so many characters."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def framed(text: str, longest: int, *, host: str) -> str:
    """The text, cut in its middle where it is too long: both ends may hold what finds it again."""
    if len(text) <= longest:
        return text
    cut = _CUT.format(host=host)
    return f"{text[: longest - _KEPT_END - len(cut)]}{cut}{text[-_KEPT_END:]}"
