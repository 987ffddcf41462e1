"""The web application: which path is answered by what."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from importlib.resources import files

import anyio.to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bot import wiring
from bot.configuration.settings import Settings
from bot.domain.errors import TagboatError
from bot.flow.status import board, status_json
from bot.flow.world import World
from bot.web.board import Board
from bot.web.hosts import Addresses, KnownHosts
from bot.web.ingress import Ingress
from bot.web.live import Live
from bot.web.merging import Merging, keep_token, token_of
from bot.web.metrics import Metrics
from bot.web.readiness import Readiness
from bot.web.shield import Shield

_TITLES = {403: "Not taken", 404: "Not found", 409: "Not merged", 503: "Not now"}

_SENTENCES = {404: "there is nothing at this address", 405: "this address does not take this method"}
"""In place of the bare phrases that the router gives."""


def application(world: World, settings: Settings) -> Starlette:
    """The web application of one configuration; `application.state.live` ends its streams when closed."""
    site = _Site(world, settings)
    app = Starlette(
        routes=site.routes(),
        middleware=[Middleware(Shield), Middleware(KnownHosts, addresses=site.addresses)],
        exception_handlers={HTTPException: site.refuse, TagboatError: site.stop},
    )
    app.state.live = site.live
    return app


class _Site:
    """The parts of the application and the answers that need several of them."""

    def __init__(self, world: World, settings: Settings) -> None:
        self._world = world
        self._metrics = Metrics(world)
        self._board = Board(world)
        self._readiness = Readiness(world.store, settings.broker.get_secret_value())
        self._ingress = Ingress(
            world,
            wiring.endpoints(settings),
            forges=settings.forges.keys(),
            keys=wiring.signing_keys(world.clock),
            metrics=self._metrics,
        )
        self.addresses = Addresses.of(settings.web)
        self._merging = Merging(world, self.addresses)
        self.live = Live(self._board, self._metrics)

    def routes(self) -> list[Route | Mount]:
        """Every path; what is not named here is 404, and another method 405."""
        merge = "/pipelines/{pipeline}/environments/{environment}/merge"
        return [
            Route("/", self.page),
            Route("/events", self.live.events),
            Route(merge, self._merging.merge, methods=["POST"]),
            Route("/webhooks/{name}", self._ingress.receive, methods=["POST"]),
            Route("/webhooks/{name}/{rest:path}", self._ingress.receive, methods=["POST"]),
            Route("/api/status", self.status),
            Route("/healthz", self.alive),
            Route("/readyz", self.ready),
            Route("/metrics", self._metrics.show),
            Mount("/static", StaticFiles(directory=str(files("bot.web") / "static"))),
        ]

    async def page(self, request: Request) -> Response:
        """Answer `GET /`: the board."""
        token = token_of(request)
        text = await anyio.to_thread.run_sync(lambda: self._board.page(self._board.look(), token=token))
        response = HTMLResponse(text)
        keep_token(response, token, secure=self.addresses.is_secure(request.headers.get("Host", "")))
        return response

    async def status(self, request: Request) -> Response:
        """Answer `GET /api/status`: what `tagboat status --json` prints."""
        del request
        shown = await anyio.to_thread.run_sync(board, self._world)
        return JSONResponse(status_json(shown))

    async def alive(self, request: Request) -> Response:
        """Answer `GET /healthz`: this process answers."""
        del request
        return JSONResponse({"alive": True})

    async def ready(self, request: Request) -> Response:
        """Answer `GET /readyz`: 503 while the store does not answer."""
        del request
        is_ready, said = await anyio.to_thread.run_sync(self._readiness.check)
        return JSONResponse({"ready": is_ready, **said}, 200 if is_ready else 503)

    def refuse(self, request: Request, error: Exception) -> Response:
        """What is answered in place of a page or a value, as a page to people and as JSON to machines."""
        assert isinstance(error, HTTPException)
        is_bare = error.detail == HTTPStatus(error.status_code).phrase
        sentence = _SENTENCES.get(error.status_code, error.detail) if is_bare else error.detail
        return self._refusal(request, error.status_code, sentence, error.headers or {})

    def stop(self, request: Request, error: Exception) -> Response:
        """The store, or another part of the world, does not answer."""
        return self._refusal(request, 503, str(error), {"Retry-After": "5"})

    def _refusal(self, request: Request, status: int, sentence: str, headers: Mapping[str, str]) -> Response:
        if "text/html" not in request.headers.get("Accept", ""):
            return JSONResponse({"error": sentence}, status, headers)
        up = "../" * (request.url.path.count("/") - 1) or "./"
        title = _TITLES.get(status, "Not taken")
        return HTMLResponse(self._board.refusal(title=title, sentence=sentence, up=up), status, headers)
