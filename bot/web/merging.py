"""The merge button, for pull requests that Tagboat itself keeps (the plain `git` forge).

A form counts only from a page of ours: its `Origin` is this site, and its token is the one in the browser's
cookie, which no other site can read or send (`SameSite=Strict`). What is merged is the head that was shown.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import parse_qsl, quote

import anyio.to_thread
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.domain.errors import Conflict, NotFound, Refused, TagboatError, Transient
from bot.domain.status import PullRequestSummary
from bot.flow.merge import merge_by_human
from bot.flow.status import board
from bot.flow.world import World
from bot.web.hosts import Addresses
from bot.web.incoming import read_body

COOKIE: Final = "tagboat_token"
"""The cookie that holds a browser's token; it is no login, and is worth nothing to who learns it alone."""

_LONGEST_FORM = 4096
_MOST_FIELDS = 8
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
_WHO = "a human at Tagboat's page"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a human asked for: this pull request, at the head that the page showed."""

    pipeline: str
    environment: str
    number: int
    head: str


class Merging:
    """Takes merges from the page."""

    def __init__(self, world: World, addresses: Addresses) -> None:
        self._world = world
        self._addresses = addresses

    async def merge(self, request: Request) -> Response:
        """Answer `POST /pipelines/<name>/environments/<name>/merge`.

        Raises:
            HTTPException: the form is not of our page, or the merge was refused; the detail says why.
        """
        host, origin = request.headers.get("Host", ""), request.headers.get("Origin", "")
        if not self._addresses.is_own(origin, host=host):
            raise HTTPException(403, "merges are only taken from Tagboat's own page (set web.url)")
        form = await _form(request)
        cookie = request.cookies.get(COOKIE, "").encode()
        if not cookie or not hmac.compare_digest(cookie, form.get("token", "").encode()):
            raise HTTPException(403, "this form is too old (open the board again, then merge)")
        wish = _wish(request, form)
        try:
            await anyio.to_thread.run_sync(partial(self._merge, wish))
        except TagboatError as error:
            log.warning("merge_refused", pipeline=wish.pipeline, number=wish.number, reason=str(error))
            raise HTTPException(_status(error), str(error)) from error
        anchor = quote(f"{wish.pipeline}.{wish.environment}")
        return RedirectResponse(f"../../../../#{anchor}", 303)

    def _merge(self, wish: _Wish) -> None:
        pull = self._offered(wish)
        if pull is None or pull.number != wish.number:
            raise Refused(
                f"pull request {wish.number} is not merged here",
                why="the board does not offer it",
                fix="open the board again; what another host keeps is merged there",
            )
        commit = merge_by_human(
            self._world, wish.pipeline, wish.environment, number=wish.number, head=wish.head, who=_WHO
        )
        log.info("merged", pipeline=wish.pipeline, environment=wish.environment, commit=commit)

    def _offered(self, wish: _Wish) -> PullRequestSummary | None:
        for pipeline in board(self._world):
            for each in pipeline.environments:
                if (pipeline.name, each.name) == (wish.pipeline, wish.environment):
                    return (
                        each.pull_request if each.pull_request and each.pull_request.mergeable_here else None
                    )
        raise NotFound(f"{wish.pipeline!r} has no environment {wish.environment!r} on the board")


def token_of(request: Request) -> str:
    """The token that the browser has already, or a new one for it."""
    given = request.cookies.get(COOKIE, "")
    return given if _TOKEN.fullmatch(given) else secrets.token_urlsafe(24)


def keep_token(response: Response, token: str, *, secure: bool) -> None:
    """Give the browser its token, until it is closed."""
    response.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=secure)


async def _form(request: Request) -> dict[str, str]:
    if request.headers.get("Content-Type", "").partition(";")[0] != "application/x-www-form-urlencoded":
        raise HTTPException(415, "content type not accepted", {"Connection": "close"})
    body = await read_body(request, limit=_LONGEST_FORM)
    try:
        return dict(parse_qsl(body.decode(), max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise HTTPException(400, "the form cannot be read") from None


def _wish(request: Request, form: dict[str, str]) -> _Wish:
    number = form.get("number", "")
    if not (number.isascii() and number.isdigit() and len(number) < 10 and form.get("head")):
        raise HTTPException(400, "the form names no pull request")
    path = request.path_params
    return _Wish(path["pipeline"], path["environment"], int(number), form["head"])


def _status(error: TagboatError) -> int:
    if isinstance(error, NotFound):
        return 404
    return 503 if isinstance(error, Transient) and not isinstance(error, Conflict) else 409
