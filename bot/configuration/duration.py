"""Lengths of time as people write them: `90s`, `1h30m`, `3d`.

The syntax is that of Go's `time.ParseDuration` (https://pkg.go.dev/time#ParseDuration), which Argo CD and
Kubernetes use too, with `d` for days of 24 hours; there are no negative lengths, and `0` needs a unit too.
"""

from __future__ import annotations

import re
from datetime import timedelta

PATTERN = r"([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h|d))+"
"""What `parse_duration` accepts, as a regular expression for the JSON schema."""

_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|µs|ms|s|m|h|d)")
_WHOLE = re.compile(PATTERN, re.ASCII)
_LONGEST_TEXT = 40
_LONGEST = timedelta(days=3650)
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def parse_duration(text: str) -> timedelta:
    """Parse a length of time.

    Raises:
        ValueError: the text has another form, or the length is over ten years; the message says how to write.
    """
    if len(text) > _LONGEST_TEXT or not _WHOLE.fullmatch(text):
        missing = (
            f"add the unit: {text}s or {text}m" if text.isdecimal() else "write 90s, 5m, 2h, 1h30m or 3d"
        )
        raise ValueError(f"{text[:_LONGEST_TEXT]!r} is not a length of time ({missing})")
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
    if seconds > _LONGEST.total_seconds():
        raise ValueError(f"{text!r} is longer than ten years (write a shorter time)")
    return timedelta(seconds=seconds)
