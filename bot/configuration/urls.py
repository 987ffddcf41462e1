"""URLs in the configuration: what they may hold, and whether a login may travel to them."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from bot.domain.loopback import is_loopback


class Unquoted(ValueError):
    """A refusal whose text repeats nothing of the value, so that it may be shown even of a secret."""


def split_url(text: str) -> SplitResult:
    """The parts of an http or https URL with nothing but scheme, host, port and path.

    Raises:
        Unquoted: it is another kind of text, or holds a login, a query or a fragment.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise Unquoted("this is not a URL (write https://host)") from None
    if (
        parts.scheme not in {"http", "https"}
        or not host
        or port == 0
        or not text.isprintable()
        or " " in text
    ):
        raise Unquoted("this is not an http or https URL (write https://host)")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise Unquoted("the URL holds more than scheme, host, port and path (give a login by its own keys)")
    return parts


def is_private(text: str) -> bool:
    """Whether a login may go to this URL: over TLS, or to this very machine."""
    parts = urlsplit(text)
    return parts.scheme == "https" or is_loopback(parts.hostname or "")
