"""Addresses of repositories: which of them are any."""

from __future__ import annotations

import pytest

from bot.importing.address import is_address


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        ("https://github.com/acme/infra.git", True),
        ("http://git.example.com:8080/acme/infra", True),
        ("ssh://git@git.example.com:2222/acme/infra.git", True),
        ("https://[::1]:8443/acme/infra", True),
        ("file:///srv/git/infra.git", True),
        ("git@github.com:acme/infra.git", True),
        ("https://{{ .Values.host }}/acme/infra", False),
        ("https://git.example.com/{{.team}}/infra", False),
        ("{{ .Values.repo }}", False),
        ("https://git.example.com", False),
        ("https://git.example.com:port/acme/infra", False),
        ("https://git.exam ple.com/acme/infra", False),
        ("https://git.example.com/acme/infra?ref=main", False),
        ("oci://ghcr.io/acme/chart", False),
        ("https://[::1/acme/infra", False),
        ("", False),
    ],
)
def test_an_address_leads_to_a_repository(url: str, is_one: bool) -> None:
    assert is_address(url) is is_one
