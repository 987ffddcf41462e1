"""Webhooks in: read, authenticate, store, and only then answer 2xx.

`POST /webhooks/<endpoint>` answers 202 with the pipelines that were woken, 200 for a delivery that was seen
before, and a 4xx with one sentence for what is not taken. 429 and 503 come with `Retry-After`. A chat is
answered 200 with nothing, which its people do not see, and its trial of the address with what it asks for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
import structlog
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.domain.chat_fact import Challenged
from bot.domain.errors import TagboatError, Transient
from bot.domain.fact import Ignored, to_plain
from bot.flow.receive import receive, wake
from bot.flow.world import World
from bot.ports import Delivery, SigningKeys
from bot.web.incoming import read_body
from bot.web.metrics import Metrics
from bot.webhooks import reader, senders
from bot.webhooks.identity import key_id
from bot.webhooks.reader import Endpoint, Reading, Rejected

MOST_AT_ONCE = 64
"""Deliveries that are read and wait for the store; above it 429. Bounds the memory that a flood can take."""

_THREADS = 8
_WAKERS = 4
_RETRY_SECONDS = 5
_MOST_REASONS = 10
_NO_CONTENT = 204
_CHATS = frozenset({"slack"})
"""Senders that show people every answer but an empty 200."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the sender is told; `outcome` is the word that the metrics count."""

    outcome: str
    status: int
    content: Mapping[str, Any] | None
    headers: Mapping[str, str] = field(default_factory=dict)
    woken: Sequence[str] = ()


class Ingress:
    """The webhook endpoints of one configuration.

    An endpoint that has the name of a forge gives that forge's facts; any other gives a registry's.
    """

    def __init__(
        self,
        world: World,
        endpoints: Mapping[str, Endpoint],
        *,
        forges: Collection[str],
        keys: SigningKeys,
        metrics: Metrics,
        most_at_once: int = MOST_AT_ONCE,
    ) -> None:
        self._world = world
        self._endpoints = endpoints
        self._forges = forges
        self._keys = keys
        self._metrics = metrics
        self._free = most_at_once
        self._threads = anyio.CapacityLimiter(_THREADS)
        self._wakers = anyio.CapacityLimiter(_WAKERS)

    async def receive(self, request: Request) -> Response:
        """Take one delivery."""
        name = request.path_params["name"]
        endpoint = self._endpoints.get(name)
        if endpoint is None:
            self._metrics.delivery("unknown", "rejected")
            raise HTTPException(404, "there is no webhook endpoint of that name")
        with self._counting(name):
            may_cut = endpoint.sender in senders.REPEATING
            body = await read_body(request, limit=endpoint.body_limit, may_cut=may_cut)
            if not self._free:
                answer = _later("limited", 429, "too many deliveries at once", 1)
            else:
                answer = await self._work(name, endpoint, self._as_read(request, body))
        self._metrics.delivery(name, answer.outcome)
        # A broker that hangs must not keep the sender waiting: what is stored is found by the sweep anyway.
        background = BackgroundTask(self._wake, answer.woken) if answer.woken else None
        if answer.content is None:
            return Response(None, answer.status, answer.headers, background=background)
        return JSONResponse(answer.content, answer.status, answer.headers, background=background)

    def _as_read(self, request: Request, body: bytes) -> reader.Request:
        return reader.Request(
            dict(request.headers),
            body,
            dict(request.query_params),
            path=request.path_params.get("rest", ""),
            received_at=self._world.clock.now(),
        )

    async def _wake(self, names: Sequence[str]) -> None:
        await anyio.to_thread.run_sync(wake, self._world, names, limiter=self._wakers)

    @contextmanager
    def _counting(self, name: str) -> Iterator[None]:
        """Count what ends in no answer of ours: bodies that were refused, and our own faults."""
        try:
            yield
        except HTTPException as error:
            log.warning("delivery_rejected", endpoint=name, status=error.status_code, reason=error.detail)
            self._metrics.delivery(name, "rejected")
            raise
        except Exception:
            self._metrics.delivery(name, "failed")
            raise

    async def _work(self, name: str, endpoint: Endpoint, request: reader.Request) -> _Answer:
        self._free -= 1
        try:
            take = partial(self._take, name, endpoint, request)
            with self._metrics.delivery_seconds.time():
                return await anyio.to_thread.run_sync(take, limiter=self._threads)
        finally:
            self._free += 1

    def _take(self, name: str, endpoint: Endpoint, request: reader.Request) -> _Answer:
        try:
            request = self._with_key(request, endpoint)
        except TagboatError as error:
            log.error("sender_not_verified", endpoint=name, reason=str(error))
            return _later(
                "unavailable", 503, "the sender cannot be verified now; send it again", _pause(error)
            )
        reading = senders.read(request, endpoint)
        if isinstance(reading, Rejected):
            log.warning("delivery_rejected", endpoint=name, status=reading.status, reason=reading.reason)
            content = None if reading.status == _NO_CONTENT else {"error": reading.reason}
            return _Answer("rejected", reading.status, content)
        challenge = next((fact.challenge for fact in reading.facts if isinstance(fact, Challenged)), None)
        if challenge is not None:
            return _Answer("challenge", 200, {"challenge": challenge})
        delivery = Delivery(name, reading.delivery_key, tuple(map(to_plain, reading.facts)))
        forge = name if name in self._forges else None
        try:
            woken = receive(self._world, delivery, reading.facts, forge=forge)
        except TagboatError as error:
            log.error("delivery_not_stored", endpoint=name, reason=str(error))
            return _later("unavailable", 503, "not stored; send it again", _pause(error))
        answer = _accepted(reading, woken)
        if answer.outcome == "ignored":
            log.info("delivery_ignored", endpoint=name, reasons=(answer.content or {}).get("ignored", []))
        return replace(answer, status=200, content=None) if endpoint.sender in _CHATS else answer

    def _with_key(self, request: reader.Request, endpoint: Endpoint) -> reader.Request:
        """The request with the public key that its identity token names, where the endpoint asks for one."""
        kid = key_id(request) if endpoint.identity else None
        key = None if kid is None else self._keys.key(kid)
        return request if kid is None or key is None else replace(request, keys={kid: key})


def _accepted(reading: Reading, woken: Collection[str] | None) -> _Answer:
    if woken is None:
        return _Answer("seen", 200, {"seen": True})
    content: dict[str, Any] = {"woken": list(woken)}
    ignored = [fact.reason for fact in reading.facts if isinstance(fact, Ignored)]
    if ignored:
        content["ignored"] = ignored[:_MOST_REASONS]
    return _Answer("woken" if woken else "ignored", 202, content, woken=tuple(woken))


def _later(outcome: str, status: int, reason: str, seconds: int) -> _Answer:
    return _Answer(outcome, status, {"error": reason}, {"Retry-After": str(seconds)})


def _pause(error: TagboatError) -> int:
    wish = error.retry_after if isinstance(error, Transient) else None
    return max(1, int(wish.total_seconds())) if wish else _RETRY_SECONDS
