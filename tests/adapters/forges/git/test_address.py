"""Addresses of repositories, and where their credentials may go."""

from __future__ import annotations

import base64

import pytest

from bot.adapters.forges.git.address import Access, address, settings, ssh_command
from bot.domain.errors import Refused

CANARY = "canary-5ecret"


@pytest.mark.parametrize(
    ("repository", "root", "expected"),
    [
        pytest.param("/srv/git/infra.git", "", "/srv/git/infra.git", id="folder"),
        pytest.param("file:///srv/infra", "", "file:///srv/infra", id="file URL"),
        pytest.param("https://git.test:8443/a/b.git", "", "https://git.test:8443/a/b.git", id="https"),
        pytest.param("ssh://git@git.test:22/a/b", "", "ssh://git@git.test:22/a/b", id="ssh"),
        pytest.param("git@git.test:a/b.git", "", "git@git.test:a/b.git", id="scp-like"),
        pytest.param("https://[::1]/a", "", "https://[::1]/a", id="IPv6"),
        pytest.param("acme/infra", "https://git.test/", "https://git.test/acme/infra", id="under a URL"),
        pytest.param("acme/infra", "/srv/git", "/srv/git/acme/infra", id="under a folder"),
        pytest.param("acme/infra", "git@git.test:team", "git@git.test:team/acme/infra", id="under ssh"),
    ],
)
def test_addresses_that_git_may_be_given(repository: str, root: str, expected: str) -> None:
    assert address(repository, root=root) == expected


@pytest.mark.parametrize(
    ("repository", "root"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param("acme/infra", "", id="relative"),
        pytest.param("--upload-pack=touch /tmp/x", "", id="option"),
        pytest.param("ext::sh -c id", "", id="ext transport"),
        pytest.param("ftp://git.test/a", "", id="ftp"),
        pytest.param("git://git.test/a", "", id="git protocol, unauthenticated"),
        pytest.param("http://git.test/a", "", id="plain http"),
        pytest.param("ssh://-oProxyCommand=id/a", "", id="host that is an option"),
        pytest.param("https://git.test", "", id="no path"),
        pytest.param("https:///a", "", id="no host"),
        pytest.param("https://git.test:99999/a", "", id="bad port"),
        pytest.param("https://git.test/a?b=c", "", id="query"),
        pytest.param("/srv/a\nb", "", id="newline"),
        pytest.param(f"https://bot:{CANARY}@git.test/a", "", id="password in the URL"),
        pytest.param(f"https://{CANARY}@git.test/a", "", id="token as user in the URL"),
        pytest.param(f"ssh://git:{CANARY}@git.test/a", "", id="ssh password"),
        pytest.param("../other", "/srv/git", id="out of the root"),
        pytest.param("a/../../b", "https://git.test/team", id="out of the root further down"),
        pytest.param("/etc", "/srv/git", id="absolute under a root"),
        pytest.param("https://evil.test/a", "https://git.test", id="URL under a root"),
    ],
)
def test_anything_else_is_refused_without_showing_a_secret(repository: str, root: str) -> None:
    with pytest.raises(Refused) as caught:
        address(repository, root=root)
    assert CANARY not in str(caught.value)
    assert str(caught.value).isprintable()


def test_plain_http_can_be_allowed() -> None:
    assert address("http://git.test/a", allow_http=True) == "http://git.test/a"


def test_the_token_is_bound_to_scheme_and_host() -> None:
    found = settings("https://git.test:8443/a/b", Access(username="bot", token=CANARY))
    basic = base64.b64encode(f"bot:{CANARY}".encode()).decode()
    assert found == {"http.https://git.test:8443/.extraHeader": f"Authorization: Basic {basic}"}


@pytest.mark.parametrize("url", ["/srv/a", "file:///srv/a", "ssh://git@git.test/a", "git@git.test:a"])
def test_the_token_goes_nowhere_but_to_http(url: str) -> None:
    assert settings(url, Access(token=CANARY)) == {}


@pytest.mark.parametrize("token", ["", CANARY])
def test_an_authority_of_ones_own_is_named_to_git(token: str) -> None:
    found = settings("https://git.test/a", Access(token=token, ca_bundle="/etc/ca.pem"))
    assert found["http.sslCAInfo"] == "/etc/ca.pem"
    assert len(found) == (2 if token else 1)


def test_the_token_is_never_sent_in_the_clear_to_another_machine() -> None:
    access = Access(token=CANARY, allow_http=True)
    with pytest.raises(Refused) as caught:
        settings("http://git.test/a", access)
    assert CANARY not in str(caught.value)
    assert settings("http://127.0.0.1:80/a", access)


def test_access_does_not_show_its_token() -> None:
    assert CANARY not in repr(Access(token=CANARY))


def test_ssh_uses_the_named_key_alone_and_never_asks() -> None:
    command = ssh_command(Access(ssh_key="/run/secrets/deploy key"))
    assert "BatchMode=yes" in command
    assert command.endswith("-o IdentitiesOnly=yes -i '/run/secrets/deploy key'")
    assert "-i" not in ssh_command(Access()).split()
