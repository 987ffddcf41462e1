"""Two addresses of one repository are recognised as such, and others are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.repository_url import is_same_repository

OURS = "https://github.com/acme/infra"


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/acme/infra.git",
        "https://github.com/acme/infra/",
        "https://github.com/acme/infra.git/",
        "http://github.com/acme/infra",
        "https://GitHub.com/Acme/Infra",
        "https://github.com:443/acme/infra",
        "https://user:secret@github.com/acme/infra.git",
        "https://github.com//acme/./infra",
        "https://github.com/acme%2Finfra",
        "git@github.com:acme/infra.git",
        "github.com:acme/infra",
        "ssh://git@github.com/acme/infra.git",
        "ssh://git@github.com:22/acme/infra",
        "ssh://git@github.com:2222/acme/infra",
        "ssh://git@ssh.github.com:443/acme/infra.git",
        "git://github.com/acme/infra",
        "  https://github.com/acme/infra\n",
    ],
)
def test_every_way_to_write_an_address_is_the_same_repository(address: str) -> None:
    assert is_same_repository(address, OURS)
    assert is_same_repository(OURS, address)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("https://github.com/acme/infra2", OURS, id="longer name"),
        pytest.param("https://github.com/other/infra", OURS, id="other owner"),
        pytest.param("https://gitlab.com/acme/infra", OURS, id="other host"),
        pytest.param("https://github.com/acme/infra/sub", OURS, id="deeper path"),
        pytest.param("http://localhost:3000/a/b", "http://localhost:4000/a/b", id="other port"),
        pytest.param("https://github.com", "https://github.com/", id="no repository"),
        pytest.param("/srv/git/infra", "/srv/git/Infra", id="local paths differ by case"),
        pytest.param("/acme/infra", OURS, id="local and remote"),
        pytest.param("", "", id="nothing"),
        pytest.param("infra", "infra", id="no address"),
        pytest.param("https://[::1/acme/infra", "https://[::1/acme/infra", id="broken host"),
        pytest.param("https://github.com:99999999/a/b", "https://github.com:99999999/a/b", id="broken port"),
    ],
)
def test_different_or_broken_addresses_are_not_the_same(one: str, other: str) -> None:
    assert not is_same_repository(one, other)
    assert not is_same_repository(other, one)


@pytest.mark.parametrize("address", ["/srv/git/infra.git", "/srv/git/infra/", "file:///srv/git/infra.git"])
def test_local_repositories_are_compared_by_path(address: str) -> None:
    assert is_same_repository(address, "/srv/git/infra")


def test_ssh_may_use_another_port_than_https() -> None:
    assert is_same_repository("ssh://git@git.corp:7999/acme/infra.git", "https://git.corp:8443/acme/infra")


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_gets_an_answer_and_the_order_does_not_matter(one: str, other: str) -> None:
    assert is_same_repository(one, other) == is_same_repository(other, one)
