"""Logging in to GitHub: tokens and Apps, short-lived tokens, and addresses that must not see a secret."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.adapters.forges.github.forge import GitHubForge, GitHubSettings
from bot.adapters.forges.github.login import AppLogin, TokenLogin
from bot.domain.errors import Denied, NotFound, Refused
from tests.adapters.forges.github.github_world import REPOSITORY
from tests.adapters.forges.host_world import BRANCH, DEV, PROPOSAL
from tests.fakes.git_host import GitHost, HostedRepository
from tests.fakes.github import TOKEN, FakeGitHub
from tests.fakes.github_accounts import App
from tests.fakes.github_description import departures

INSTALLATION = 77


def _pem(key: rsa.RSAPrivateKey) -> str:
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    return key.private_bytes(encoding, serialization.PrivateFormat.TraditionalOpenSSL, plain).decode()


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


class Clock:
    """The time on GitHub's side; it can run ahead."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def github(tmp_path: Path, key: rsa.RSAPrivateKey, clock: Clock) -> Iterator[FakeGitHub]:
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    with FakeGitHub(tmp_path, host=GitHost(tmp_path / "host", clock=clock)) as fake:
        fake.accounts.apps["4242"] = App("4242", "tagboat", public.decode(), {INSTALLATION: "acme"})
        yield fake


@pytest.fixture
def hosted(github: FakeGitHub) -> HostedRepository:
    return github.host.create(REPOSITORY, {DEV: b"tag: 1\n"})


@pytest.fixture
def login(key: rsa.RSAPrivateKey) -> AppLogin:
    return AppLogin("4242", _pem(key))


@pytest.fixture
def forge(github: FakeGitHub, login: AppLogin) -> Iterator[GitHubForge]:
    made = GitHubForge(GitHubSettings(login, api_url=github.url, seconds_between_writes=0))
    yield made
    made.disconnect()


def _open(forge: GitHubForge, hosted: HostedRepository) -> str:
    commit = forge.write(REPOSITORY, PROPOSAL, base=hosted.git.branch("main") or "", expected=None)
    forge.open(REPOSITORY, PROPOSAL, base_branch="main")
    return commit


@pytest.mark.usefixtures("hosted")
class TestApp:
    def test_the_installation_is_looked_up_and_its_token_kept(
        self, github: FakeGitHub, forge: GitHubForge
    ) -> None:
        for _ in range(3):
            forge.default_branch(REPOSITORY)
        assert len(github.asked("GET", "/installation$")) == 1
        (asked,) = github.asked("POST", "/access_tokens$")
        assert asked.data == {"permissions": {"contents": "write", "pull_requests": "write"}}
        assert [text for exchange in github.exchanges for text in departures(exchange)] == []

    def test_more_is_asked_for_where_the_configuration_needs_it(
        self, github: FakeGitHub, login: AppLogin
    ) -> None:
        github.accounts.apps["4242"].permissions |= {"checks": "read", "statuses": "read"}
        settings = GitHubSettings(
            login, api_url=github.url, permissions={"checks": "read", "statuses": "read"}
        )
        forge = GitHubForge(settings)
        forge.default_branch(REPOSITORY)
        (asked,) = github.asked("POST", "/access_tokens$")
        assert asked.data["permissions"].items() >= {"checks": "read", "statuses": "read"}.items()
        forge.disconnect()

    def test_rights_that_are_not_there_are_named(self, github: FakeGitHub, login: AppLogin) -> None:
        forge = GitHubForge(GitHubSettings(login, api_url=github.url, permissions={"checks": "read"}))
        with pytest.raises(Denied, match=r"pull requests \(read and write\), checks \(read\)"):
            forge.default_branch(REPOSITORY)
        forge.disconnect()

    def test_an_installation_that_is_named_is_not_looked_up(
        self, github: FakeGitHub, login: AppLogin
    ) -> None:
        settings = GitHubSettings(replace(login, installation_id=INSTALLATION), api_url=github.url)
        forge = GitHubForge(settings)
        assert forge.default_branch(REPOSITORY) == "main"
        assert github.asked("GET", "/installation$") == []
        forge.disconnect()

    def test_its_commits_name_its_bot_alone_so_that_github_signs_them(
        self, github: FakeGitHub, forge: GitHubForge, hosted: HostedRepository
    ) -> None:
        commit = hosted.git.commit(_open(forge, hosted))
        assert commit.author.name == "tagboat[bot]"
        answers = [e.response.data for e in github.exchanges if e.request.path.endswith("/git/commits")]
        assert answers[0]["verification"]["verified"] is True

    def test_its_commits_are_its_own_and_a_humans_are_not(
        self, forge: GitHubForge, hosted: HostedRepository
    ) -> None:
        _open(forge, hosted)
        assert forge.foreign_commit(REPOSITORY, branch=BRANCH, base="main") is None
        theirs = hosted.commit(BRANCH, {"a": b"1"})
        assert forge.foreign_commit(REPOSITORY, branch=BRANCH, base="main") == theirs

    def test_its_commit_amended_by_a_human_is_foreign(
        self, forge: GitHubForge, hosted: HostedRepository
    ) -> None:
        made = hosted.git.commit(_open(forge, hosted))
        human = hosted.git.commit(hosted.git.branch("main") or "").author
        amended = hosted.git.write_commit(
            made.tree, made.parents, made.message, author=made.author, committer=human
        )
        hosted.move_branch(BRANCH, amended, force=True)
        assert forge.foreign_commit(REPOSITORY, branch=BRANCH, base="main") == amended

    def test_a_token_that_github_dropped_is_fetched_anew_once(
        self, github: FakeGitHub, forge: GitHubForge, hosted: HostedRepository
    ) -> None:
        _open(forge, hosted)
        github.accounts.revoke_installation_tokens()
        assert forge.head(REPOSITORY, "main") == hosted.git.branch("main")
        assert len(github.asked("POST", "/access_tokens$")) == 2

    def test_a_token_that_ended_is_fetched_anew(
        self, github: FakeGitHub, forge: GitHubForge, clock: Clock
    ) -> None:
        forge.default_branch(REPOSITORY)
        clock.ahead = timedelta(hours=2)
        assert forge.default_branch(REPOSITORY) == "main"
        assert len(github.asked("POST", "/access_tokens$")) == 2

    def test_an_owner_who_did_not_install_it_is_named(self, github: FakeGitHub, forge: GitHubForge) -> None:
        github.host.create("other/infra", {})
        with pytest.raises(NotFound, match="GitHub App 4242 is not installed on other/infra"):
            forge.default_branch("other/infra")

    def test_permissions_that_it_lacks_are_said(self, github: FakeGitHub, forge: GitHubForge) -> None:
        github.accounts.apps["4242"].permissions = {"contents": "read"}
        with pytest.raises(Denied, match="lacks permissions") as caught:
            forge.default_branch(REPOSITORY)
        assert "contents (read and write), pull requests" in str(caught.value)

    def test_another_apps_key_is_denied(self, github: FakeGitHub) -> None:
        stranger = AppLogin("4242", _pem(rsa.generate_private_key(65537, 2048)))
        forge = GitHubForge(GitHubSettings(stranger, api_url=github.url))
        with pytest.raises(Denied, match="does not accept the private key of GitHub App 4242"):
            forge.default_branch(REPOSITORY)
        forge.disconnect()


class TestToken:
    @pytest.mark.usefixtures("hosted")
    def test_a_revoked_token_is_denied_by_its_kind_after_one_try(self, github: FakeGitHub) -> None:
        github.accounts.revoke(TOKEN)
        forge = GitHubForge(GitHubSettings(TokenLogin(TOKEN), api_url=github.url))
        with pytest.raises(Denied, match="does not accept the access token") as caught:
            forge.default_branch(REPOSITORY)
        assert TOKEN not in f"{caught.value} {caught.value.__cause__}"
        assert len(github.asked()) == 1
        forge.disconnect()

    @pytest.mark.parametrize("token", ["", "ghp_x\n", "ghp x", "ghp_ü", " ghp_x"])
    def test_what_cannot_be_a_token_is_not_repeated(self, token: str) -> None:
        with pytest.raises(ValueError, match="the token is empty") as caught:
            TokenLogin(token)
        assert "ghp" not in str(caught.value)


class TestSecrets:
    def test_logins_do_not_show_theirs(self, login: AppLogin) -> None:
        shown = (
            f"{GitHubSettings(login)} {login!r} {TokenLogin(TOKEN)!r} {GitHubSettings(TokenLogin(TOKEN))!r}"
        )
        assert "PRIVATE" not in shown
        assert TOKEN not in shown

    @pytest.mark.parametrize("key", ["", "not a key", "-----BEGIN RSA PRIVATE KEY-----\nx\n"])
    def test_a_key_that_cannot_sign_is_refused_when_it_is_given(self, key: str) -> None:
        with pytest.raises(ValueError, match="private key cannot sign") as caught:
            AppLogin("4242", key)
        assert caught.value.__cause__ is None

    @pytest.mark.parametrize(
        "url",
        [
            "http://github.example.com/api/v3",
            "ftp://api.github.com",
            "api.github.com",
            "https://user:secret@github.example.com/api/v3",
            "http://127.0.0.1.example.com",
            "",
        ],
    )
    def test_a_token_travels_to_https_addresses_only(self, url: str) -> None:
        with pytest.raises(Refused) as caught:
            GitHubForge(GitHubSettings(TokenLogin(TOKEN), api_url=url))
        assert "secret" not in str(caught.value)
