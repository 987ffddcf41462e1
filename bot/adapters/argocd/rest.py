"""Argo CD over its REST API (https://argo-cd.readthedocs.io/en/stable/developer-guide/api-docs/).

Needs the right `applications, get` alone: a refresh is a read with a query parameter. The token goes to the
configured address and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec
import urllib3

from bot.adapters.argocd.connection import Answer, Connection
from bot.adapters.argocd.sync_windows import window_state
from bot.domain.errors import Denied, Limited, Malformed, NotFound, Refused, TagboatError, Unreachable
from bot.domain.harmless import shown
from bot.domain.pipeline import Application
from bot.domain.snapshot import SyncWindowState

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_REFRESH_READ = 3.0
_LONGEST_PAUSE = 3600
_GRPC_NOT_FOUND = 5


class RestDeployments:
    """The port `Deployments` over one Argo CD's REST API."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __repr__(self) -> str:
        return f"RestDeployments({self._connection!r})"

    def application(self, application: Application) -> Mapping[str, Any] | None:
        """The Application, or None when Argo CD says twice that it is absent.

        Twice, because a restarting API server may not know every Application yet.

        Raises:
            Denied: the token is wrong or too weak, or (without `project`) there is no such Application.
            Malformed: the answer is not this Application.
            Unreachable: no answer, or a fault at the other side.
        """
        for _ in range(2):
            answer = self._connection.get(_path(application))
            if not _is_absent(answer):
                where = self._where(application)
                return _checked(application, answered(where, answer), where)
        return None

    def refresh(self, application: Application, *, hard: bool) -> None:
        """Ask for a comparison. Argo CD answers when it has ended; that is not waited for.

        Raises:
            NotFound: there is no such Application.
            Denied: as `application`.
        """
        path = _path(application, refresh="hard" if hard else "normal")
        try:
            answer = self._connection.get(path, read_timeout=_REFRESH_READ, with_body=False)
        except Unreachable as error:
            if isinstance(error.__cause__, urllib3.exceptions.ReadTimeoutError):
                return
            raise
        self._present(application, answer)

    def sync_window(self, application: Application) -> SyncWindowState:
        """Whether sync windows let auto-sync act now.

        Raises:
            NotFound: there is no such Application.
            Denied: as `application`.
        """
        answer = self._connection.get(_path(application, "/syncwindows"))
        self._present(application, answer)
        return window_state(answered(self._where(application), answer))

    def _present(self, application: Application, answer: Answer) -> None:
        where = self._where(application)
        if _is_absent(answer):
            raise NotFound(f"Argo CD has no Application {where}", fix="correct `argocd` in the pipeline")
        if answer.status != 200:
            raise _error(where, answer)

    def _where(self, application: Application) -> str:
        """The Application in words that say which server was asked: `main/web-dev at argocd.example.com`."""
        return f"{application} at {self._connection.host}"


def _path(application: Application, suffix: str = "", **query: str) -> str:
    if not _NAME.fullmatch(application.name):
        raise Refused(f"{application.name[:80]!r} is not the name of an Argo CD Application")
    if application.project:
        query["project"] = application.project
    if application.namespace:
        query["appNamespace"] = application.namespace
    path = f"/api/v1/applications/{application.name}{suffix}"
    return f"{path}?{urlencode(query)}" if query else path


def _is_absent(answer: Answer) -> bool:
    """A 404 by Argo CD itself; one by a proxy, or under a wrong root path, says nothing."""
    return answer.status == 404 and answer.error.get("code") == _GRPC_NOT_FOUND


def answered(where: str, answer: Answer) -> Mapping[str, Any]:
    """The object that Argo CD answered with; `where` names it in sentences.

    Raises:
        TagboatError: the answer is an error, or no object.
    """
    if answer.status != 200:
        raise _error(where, answer)
    try:
        value = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Malformed(
            f"Argo CD's answer for {where} is not JSON",
            why=f"content type {shown(answer.content_type) or 'unknown'}",
            fix="make `url` the address of Argo CD itself, with its root path where it has one",
        ) from error
    if not isinstance(value, dict):
        raise Malformed(f"Argo CD's answer for {where} is no object")
    return value


def _checked(application: Application, value: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """The object, when it is the one that was asked for."""
    wanted = {
        ("metadata", "name"): application.name,
        ("metadata", "namespace"): application.namespace,
        ("spec", "project"): application.project,
    }
    for (part, key), text in wanted.items():
        holder = value.get(part)
        found = holder.get(key) if isinstance(holder, Mapping) else None
        if text is not None and found != text:
            raise Malformed(
                f"Argo CD answered with another object than {where}",
                why=f"{part}.{key} is {shown(str(found))!r}, asked for {text!r}",
                fix="check `namespace` and `project` in the pipeline",
            )
    return value


def _error(where: str, answer: Answer) -> TagboatError:
    message = shown(str(answer.error.get("message") or answer.error.get("error") or ""))
    status, why = answer.status, f"{answer.status} {message}".strip()
    if status in (401, 403):
        return _denied(where, status)
    if status == 404:
        return NotFound(
            f"Argo CD's API is not at the address that was asked for {where}",
            why="404, and not from Argo CD's API",
            fix="make `url` the address of Argo CD itself, with its root path where it has one",
        )
    if status == 429:
        what = f"Argo CD takes no more questions for {where}"
        return Limited(what, why="too many requests (429)", retry_after=_pause(answer))
    if status >= 500 or status == 408:
        return Unreachable(f"Argo CD does not answer for {where}", why=why, fix="looked at again soon")
    return Refused(f"Argo CD does not take the question for {where}", why=why)


def _denied(where: str, status: int) -> Denied:
    """Argo CD answered and said no. Its rights: https://argo-cd.readthedocs.io/en/stable/operator-manual/rbac/."""
    what = f"Argo CD refused to show {where}"
    if status == 401:
        fix = "give a token that is valid: of an account with `apiKey`, or of a project's role"
        return Denied(what, why="the token is missing, expired or revoked (401)", fix=fix)
    return Denied(
        what,
        why="403 says that the token lacks the right `applications, get`, or that it does not exist",
        fix="check its name and `project`, and grant `p, ROLE, applications, get, PROJECT/NAME, allow`",
    )


def _pause(answer: Answer) -> timedelta | None:
    text = answer.retry_after
    return timedelta(seconds=min(int(text), _LONGEST_PAUSE)) if text.isascii() and text.isdigit() else None
