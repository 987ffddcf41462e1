"""Whom TLS connections trust: the authorities of the system.

Reading them takes 30 ms and most of a megabyte, so that all connections share what was read once. It is for
urllib3, which changes nothing on a context that differs from one pool to the next; who trusts further
authorities, or speaks HTTP/2, makes a context of its own.
"""

from __future__ import annotations

import ssl
from functools import cache


@cache
def system_tls() -> ssl.SSLContext:
    """The context that checks names and certificates with the system's authorities; nobody may change it."""
    return ssl.create_default_context()
