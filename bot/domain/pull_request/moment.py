"""Times as a pull request says them: moments to the minute, and lengths as the configuration has them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def minute(moment: datetime) -> str:
    """`2026-11-20 09:00 UTC`."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def span(length: timedelta) -> str:
    """A length of time as the configuration writes it: `2h`, `1d12h`, `90s` is `1m30s`."""
    rest, text = int(length.total_seconds()), ""
    for unit, seconds in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, seconds)
        text += f"{count}{unit}" if count else ""
    return text or "0s"
