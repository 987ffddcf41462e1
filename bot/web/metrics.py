"""What operators watch, for Prometheus. Labels are configured names and words of ours: a bounded number."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Sequence

import anyio.to_thread
import structlog
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from bot.domain.errors import TagboatError
from bot.domain.status import PipelineStatus, State
from bot.flow.status import board
from bot.flow.world import World

_SECONDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)

log = structlog.get_logger(__name__)


class Metrics:
    """The numbers of one web process; those of the board are read from the store when asked for."""

    def __init__(self, world: World) -> None:
        self._registry = CollectorRegistry()
        self._deliveries = Counter(
            "tagboat_deliveries",
            "Webhook deliveries by endpoint and by what came of them.",
            ["endpoint", "outcome"],
            registry=self._registry,
        )
        self.delivery_seconds = Histogram(
            "tagboat_delivery_seconds",
            "Seconds to authenticate, parse and store a delivery.",
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.watchers = Gauge(
            "tagboat_page_watchers", "Browsers that follow the board.", registry=self._registry
        )
        self._registry.register(_BoardCollector(world))
        ProcessCollector(registry=self._registry)

    def delivery(self, endpoint: str, outcome: str) -> None:
        """Count a delivery. `endpoint` is a configured name, or `unknown`."""
        self._deliveries.labels(endpoint, outcome).inc()

    async def show(self, request: Request) -> Response:
        """Answer `GET /metrics`."""
        del request
        text = await anyio.to_thread.run_sync(generate_latest, self._registry)
        return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})


class _BoardCollector(Collector):
    """The board in numbers; where the store cannot be read there is only `tagboat_store_up 0`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def collect(self) -> Iterable[Metric]:
        """Read the board and give its numbers."""
        try:
            shown = board(self._world)
        except TagboatError as error:
            log.warning("board_not_read", reason=str(error))
            return [_gauge("tagboat_store_up", "Whether the store could be read.", 0)]
        return [_gauge("tagboat_store_up", "Whether the store could be read.", 1), *_numbers(shown)]


def _numbers(shown: Sequence[PipelineStatus]) -> Iterable[Metric]:
    states = GaugeMetricFamily("tagboat_environments", "Environments by state.", labels=["state"])
    counts = Tally(each.state for pipeline in shown for each in pipeline.environments)
    for state in State:
        states.add_metric([str(state)], counts[state])
    yield states
    troubled = sum(bool(pipeline.problem) for pipeline in shown)
    yield _gauge("tagboat_pipelines", "Configured pipelines.", len(shown))
    yield _gauge("tagboat_pipelines_with_problem", "Pipelines that cannot be looked at.", troubled)
    looks = [pipeline.looked_at.timestamp() for pipeline in shown if pipeline.looked_at]
    if looks:
        text = "When the pipeline that waits longest was last looked at, in seconds since 1970."
        yield _gauge("tagboat_oldest_look_timestamp_seconds", text, min(looks))


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)
