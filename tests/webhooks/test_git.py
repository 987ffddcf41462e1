"""Refs and clone addresses from bodies: what is taken, and what is not."""

from __future__ import annotations

import pytest

from bot.webhooks.git import clone_address, is_ref

REFS = ["refs/heads/main", "refs/heads/feature/ü-1", "refs/tags/v1.0.0", "refs/heads/a@b", "refs/heads/a.b-c"]
NO_REFS = [
    "", "main", "refs/heads/", "refs/heads", "refs/tags/", "refs/notes/x", "refs/pull/1/head",
    "--upload-pack=id", "refs/heads/-x", "refs/heads/a/-x", "refs/heads/a b", "refs/heads/../../config",
    "refs/heads/a..b", "refs/heads//a", "refs/heads/a//b", "refs/heads/a/", "refs/heads/.a",
    "refs/heads/a/.b", "refs/heads/a.", "refs/heads/a.lock", "refs/heads/a.lock/b", "refs/heads/a@{1}",
    "refs/heads/a~1", "refs/heads/a^", "refs/heads/a:b", "refs/heads/a?", "refs/heads/*", "refs/heads/a[b",
    "refs/heads/a\\b", "refs/heads/a\n", "refs/heads/a\x00", "refs/heads/a\x7f",
    "refs/heads/a\u202eb", "refs/heads/a\ud800", "refs/heads/" + "a" * 255,
]  # fmt: skip
SAME = [
    "https://github.com/acme/infra.git",
    "https://github.com/Acme/Infra",
    "HTTPS://GitHub.com:443/acme/infra.git/",
]
NO_ADDRESSES = [
    "", "https://", "https://github.com", "https://github.com/", "file:///etc", "javascript:alert(1)",
    "ssh://git@github.com/a/b.git", "git@github.com:a/b.git", "https://x:y@github.com/a/b.git",
    "https://x@github.com/a/b", "https://[/a/b", "https://github.com:port/a/b", "https://github.com/a/b?c",
    "https://github.com/a/b#c", "https://github.com/a/b\n", "https://github.com/a\tb",
    "https://\u212aube.example.com/a/b",
]  # fmt: skip


@pytest.mark.parametrize("name", REFS)
def test_names_of_branches_and_tags_are_refs(name: str) -> None:
    assert is_ref(name)


@pytest.mark.parametrize("name", NO_REFS, ids=ascii)
def test_what_git_would_not_take_as_a_branch_or_tag_is_no_ref(name: str) -> None:
    assert not is_ref(name)


def test_the_ways_to_write_one_address_are_one() -> None:
    assert {clone_address(url) for url in SAME} == {"https://github.com/acme/infra"}


def test_scheme_host_and_port_tell_addresses_apart() -> None:
    urls = (
        "https://ghe.example.com/a/b",
        "http://ghe.example.com/a/b",
        "https://ghe.example.com:8443/a/b.git",
    )
    assert len({clone_address(url) for url in urls} - {None}) == 3


@pytest.mark.parametrize("url", NO_ADDRESSES, ids=ascii)
def test_what_is_no_plain_http_address_of_a_repository_is_none(url: str) -> None:
    assert clone_address(url) is None
