"""How Tagboat logs in to GitHub: a token, or an App that gets short-lived tokens for its installations."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import jwt
from github.Auth import AppAuth, Auth, Token

from bot.adapters.forges.github.transport import Answer, Transport, served_at
from bot.domain.errors import Denied, Malformed, NotFound

# What Tagboat always needs, whatever else the App was given:
# https://docs.github.com/rest/authentication/permissions-required-for-github-apps
_PERMISSIONS: Mapping[str, str] = {"contents": "write", "pull_requests": "write"}
_SPARE_SECONDS = 300.0
_LONGEST_LIFE_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class TokenLogin:
    """A personal access token: fine-grained with contents and pull requests "write", or classic with `repo`.

    Raises ValueError when built with a text that cannot be a token.
    """

    token: str = field(repr=False)

    def __post_init__(self) -> None:
        if not self.token or not self.token.isascii() or not self.token.isprintable() or " " in self.token:
            raise ValueError("the token is empty, or holds a character that no token has (a line end?)")


@dataclass(frozen=True, slots=True)
class AppLogin:
    """A GitHub App: its id (or client id) and private key in PEM.

    Without `installation_id` the installation is looked up for each repository. Raises ValueError when
    built with a key that cannot sign.
    """

    app_id: str
    private_key: str = field(repr=False)
    installation_id: int | None = None

    def __post_init__(self) -> None:
        try:
            AppAuth(self.app_id, self.private_key).create_jwt()
        except (jwt.PyJWTError, ValueError, AssertionError, TypeError):
            # The cause is left out: it may quote the key.
            raise ValueError(
                "the App's private key cannot sign: give the whole PEM file of the key"
            ) from None


class Credential(Protocol):
    """What a request logs in with; `name` says which one, and never holds the secret."""

    name: str
    is_app: bool

    def auth(self, repository: str) -> Auth:
        """The login for a repository, good for the next minutes at least."""
        ...

    def renew(self, repository: str) -> bool:
        """Forget a login that GitHub did not accept; False when another one cannot be had."""
        ...


class TokenCredential:
    """The same token for every repository."""

    name = "the access token"
    is_app = False

    def __init__(self, login: TokenLogin) -> None:
        self._auth = Token(login.token)

    def auth(self, repository: str) -> Auth:  # noqa: ARG002 - one token is for all
        """The token."""
        return self._auth

    def renew(self, repository: str) -> bool:  # noqa: ARG002 - one token is for all
        """A token is all there is."""
        return False


class _InstallationToken(Auth):
    """The latest token of one installation; PyGithub asks for it at each request."""

    def __init__(self) -> None:
        self.current = ""
        self.good_until = 0.0

    @property
    def token_type(self) -> str:
        return "token"

    @property
    def token(self) -> str:
        return self.current


class AppCredential:
    """Tokens of an App's installations, each kept until shortly before it ends. Safe between threads."""

    is_app = True

    def __init__(
        self, login: AppLogin, transport: Transport, *, more: Mapping[str, str] | None = None
    ) -> None:
        self.name = f"GitHub App {login.app_id}"
        self._permissions = {**_PERMISSIONS, **(more or {})}
        self._app = AppAuth(login.app_id, login.private_key)
        self._fixed = login.installation_id
        self._transport = transport
        self._installations: dict[str, int] = {}
        self._tokens: dict[int, _InstallationToken] = {}
        self._lock = threading.Lock()

    @property
    def own(self) -> Auth:
        """The login as the App itself, for what concerns no repository."""
        return self._app

    def auth(self, repository: str) -> Auth:
        """The token of the installation that covers the repository, a new one when it ends soon."""
        with self._lock:
            installation = self._installation(repository)
            token = self._tokens.setdefault(installation, _InstallationToken())
            if time.monotonic() > token.good_until:
                self._fetch(installation, token)
            return token

    def renew(self, repository: str) -> bool:
        """Forget token and installation: the App may have been installed anew."""
        with self._lock:
            installation = self._installations.pop(repository, self._fixed)
            if installation in self._tokens:
                self._tokens[installation].good_until = 0.0
            return True

    def _installation(self, repository: str) -> int:
        if self._fixed is not None:
            return self._fixed
        if repository not in self._installations:
            answer = self._transport.send(self._app, "GET", f"/repos/{repository}/installation")
            self._installations[repository] = int(self._accepted(answer, f"on {repository}")["id"])
        return self._installations[repository]

    def _fetch(self, installation: int, token: _InstallationToken) -> None:
        answer = self._transport.send(
            self._app,
            "POST",
            f"/app/installations/{installation}/access_tokens",
            body={"permissions": self._permissions},
        )
        given = self._accepted(answer, f"as installation {installation}")
        token.current = str(given["token"])
        ends = datetime.fromisoformat(str(given["expires_at"]))
        life = (ends - served_at(answer.headers)).total_seconds()
        token.good_until = time.monotonic() + min(life, _LONGEST_LIFE_SECONDS) - _SPARE_SECONDS

    def _wishes(self) -> str:
        """The permissions, in GitHub's words."""
        return ", ".join(
            f"{name.replace('_', ' ')} ({'read and write' if level == 'write' else level})"
            for name, level in self._permissions.items()
        )

    def _accepted(self, answer: Answer, where: str) -> Mapping[str, Any]:
        if answer.status == 404:
            raise NotFound(f"{self.name} is not installed {where}", fix="install the App there")
        if answer.status == 422:
            raise Denied(
                f"{self.name} lacks permissions {where}",
                why=answer.message,
                fix=f"give it {self._wishes()}, and accept the change",
            )
        if answer.status >= 400:
            raise Denied(
                f"GitHub does not accept the private key of {self.name}",
                why=answer.message,
                fix="check app_id, private_key and this machine's clock",
            )
        if not isinstance(answer.data, dict) or not {"id", "token"} & answer.data.keys():
            raise Malformed(f"GitHub's answer on {self.name} cannot be understood")
        return answer.data
