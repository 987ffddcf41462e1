"""This very machine is known by its name and its addresses, and by nothing that only looks like them."""

from __future__ import annotations

import pytest

from bot.domain.loopback import is_loopback


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("", False),
    ],
)
def test_only_this_machine_is_the_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
