"""Who may do what on the fake GitHub: access tokens, and an App with tokens for its installations."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import jwt

from tests.fakes.git_repository import Person
from tests.fakes.github_json import Json, account_id, timestamp
from tests.fakes.http_host import Request, Response


@dataclass(frozen=True, slots=True)
class Account:
    """Who asks: `can_write` and `can_see_hooks` are the token's rights, `is_app` tells an App's bot."""

    login: str
    can_write: bool = True
    is_app: bool = False
    can_see_hooks: bool = False

    @property
    def person(self) -> Person:
        """The name in commits that this account makes through the API."""
        return Person(self.login, f"{account_id(self.login)}+{self.login}@users.noreply.github.com")


@dataclass
class App:
    """A GitHub App; `installations` holds the owners of repositories by installation."""

    id: str
    slug: str
    public_key: str
    installations: dict[int, str]
    permissions: dict[str, str] = field(
        default_factory=lambda: {"contents": "write", "pull_requests": "write"}
    )


class Accounts:
    """Tokens that are good now. `clock` gives the time that tokens end by."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.apps: dict[str, App] = {}
        self._clock = clock
        self._tokens: dict[str, tuple[Account, datetime | None]] = {}
        self._numbers = itertools.count(1)

    def add_token(
        self, token: str, login: str, *, can_write: bool = True, can_see_hooks: bool = False
    ) -> None:
        """Let a token be good."""
        self._tokens[token] = (Account(login, can_write, can_see_hooks=can_see_hooks), None)

    def revoke(self, token: str) -> None:
        """Let a token be good no more."""
        del self._tokens[token]

    def revoke_installation_tokens(self) -> None:
        """Let every token of an App be good no more, as when it is installed anew."""
        self._tokens = {t: known for t, known in self._tokens.items() if not known[0].is_app}

    def of(self, request: Request) -> Account | None:
        """Who asks, by the token; None when it is not good."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        account, end = self._tokens.get(token, (None, None))
        is_over = end is not None and self._clock() >= end
        return account if scheme.lower() in {"token", "bearer"} and not is_over else None

    def app(self, request: Request) -> App | None:
        """Which App asks, by a JWT that its key has signed; None when there is none."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            named = jwt.decode(token, options={"verify_signature": False})["iss"]
            app = self.apps[str(named)]
            jwt.decode(token, app.public_key, algorithms=["RS256"], issuer=app.id)
        except (jwt.PyJWTError, KeyError):
            return None
        return app if scheme == "Bearer" else None

    def installation_of(self, app: App, owner: str) -> Response:
        """The installation of an App for an owner's repositories."""
        for number, account in app.installations.items():
            if account.lower() == owner.lower():
                return Response(200, _installation(app, number, account))
        return Response(404, {"message": "Not Found", "status": "404"})

    def installation_token(self, app: App, number: int, request: Request) -> Response:
        """Make a token for an installation, good for an hour, with the permissions asked for."""
        if number not in app.installations:
            return Response(404, {"message": "Not Found", "status": "404"})
        asked: Mapping[str, str] = request.data.get("permissions") or app.permissions
        if any(app.permissions.get(name) not in {level, "write"} for name, level in asked.items()):
            message = "The permissions requested are not granted to this installation."
            return Response(422, {"message": message, "documentation_url": "https://docs.github.com/rest"})
        token = f"ghs_{next(self._numbers):036d}"
        end = self._clock() + timedelta(hours=1)
        can_write = asked.get("contents") == "write" and asked.get("pull_requests") == "write"
        self._tokens[token] = (Account(f"{app.slug}[bot]", can_write, is_app=True), end)
        given: dict[str, Any] = {"token": token, "expires_at": timestamp(end), "permissions": dict(asked)}
        return Response(201, given | {"repository_selection": "all"})


def _installation(app: App, number: int, owner: str) -> Json:
    url = f"https://api.github.com/app/installations/{number}"
    return {
        "id": number,
        "app_id": account_id(app.id),
        "app_slug": app.slug,
        "target_id": account_id(owner),
        "target_type": "Organization",
        "account": None,
        "access_tokens_url": f"{url}/access_tokens",
        "repositories_url": "https://api.github.com/installation/repositories",
        "html_url": f"https://github.com/settings/installations/{number}",
        "repository_selection": "all",
        "single_file_name": None,
        "permissions": app.permissions,
        "events": [],
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "suspended_by": None,
        "suspended_at": None,
    }
