"""Reading what 2,000 tags hold from a real registry, against wrk asking for the same 4,000 documents.

The floor is what this registry gives to a client that costs next to nothing, on as many connections.
"""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.adapters.clock import SystemClock
from bot.adapters.queues.memory import MemoryQueue
from bot.adapters.registries.distribution import DistributionRegistry
from bot.adapters.registries.pools import Network
from bot.adapters.stores.sql import SqlStore
from bot.domain.choosing.listing import Listing
from bot.domain.choosing.selection import SelectionPolicy, Strategy, TagDetails
from bot.domain.image import ImageName
from bot.domain.pipeline import PipelineImage
from bot.flow.choose import Asking, choose_image
from bot.flow.world import World
from tests.kit.images import Image, build_image, push
from tests.kit.registry import docker_registry

_TAGS = 2000
_CONNECTIONS = 16
_ROUNDS = 5
_PUSHERS = 4
_WRK_SECONDS = 5
_LIMIT = 2.0
_PATH = "acme/web"
_SCRIPT = """
local requests, at = {}, 0
function init(args)
  local accept = "application/vnd.oci.image.manifest.v1+json"
  for path in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("GET", path, {["Accept"] = accept})
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
"""


def run() -> None:
    """Measure both in turns, and print the median of each and their ratio."""
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed: sh tests/setup.sh bench")
    with docker_registry() as host, ExitStack() as stack:
        paths = _fill(host)
        floors, ours = [], []
        for _ in range(_ROUNDS):
            floors.append(_floor(host, paths))
            looks = _Looks(stack, host)
            ours.append(looks.look(_newest(_TAGS)))
        floor, seconds = statistics.median(floors), statistics.median(ours)
        _say(f"wrk, {_CONNECTIONS} connections: {floor:.2f} s for {len(paths):,} documents")
        _say(
            f"Tagboat, an empty store and as many connections: {seconds:.2f} s,"
            f" {seconds / floor:.2f} times the floor (limit {_LIMIT:.0f})"
        )
        looks.registry.asked = ()
        push(host, _PATH, _newest(_TAGS + 1), _without_layer(_image(_TAGS)))
        looks.announce(_newest(_TAGS + 1))
        again = looks.look(_newest(_TAGS + 1))
        _say(f"the look after one more push: {again * 1000:.0f} ms, asked {', '.join(looks.registry.asked)}")


def _newest(tags: int) -> str:
    return f"1.{tags - 1}.0"


def _image(number: int) -> Image:
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
    return build_image(created=moment.isoformat(), labels={"number": str(number)})


def _fill(host: str) -> Sequence[str]:
    """Push an image of its own for each tag, and return the path of every document that must be read."""
    images = {f"1.{number}.0": _image(number) for number in range(_TAGS)}
    push(host, _PATH, "1.0.0", images["1.0.0"])
    with ThreadPoolExecutor(_PUSHERS) as pool:
        list(pool.map(lambda tag: push(host, _PATH, tag, _without_layer(images[tag])), images))
    return [path for tag, image in images.items() for path in _documents(tag, image)]


def _without_layer(image: Image) -> Image:
    """What is still to be sent: all images have the same layer, which the registry has by now."""
    return replace(image, blobs=image.blobs[-1:])


def _documents(tag: str, image: Image) -> Sequence[str]:
    return f"/v2/{_PATH}/manifests/{tag}", f"/v2/{_PATH}/blobs/{image.blobs[-1].digest}"


def _floor(host: str, paths: Sequence[str]) -> float:
    """Seconds that wrk takes for these documents, by the rate that it keeps up."""
    with tempfile.TemporaryDirectory(prefix="tagboat-bench-") as name:
        script, list_of_paths = Path(name) / "documents.lua", Path(name) / "paths"
        script.write_text(_SCRIPT)
        list_of_paths.write_text("\n".join(paths))
        options = ["-t1", f"-c{_CONNECTIONS}", f"-d{_WRK_SECONDS}s", "-s", str(script), f"http://{host}"]
        output = subprocess.run(
            ["wrk", *options, "--", str(list_of_paths)], check=True, capture_output=True, text=True
        ).stdout
    rate = re.search(r"Requests/sec:\s*([0-9.]+)", output)
    if rate is None or "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError(f"wrk did not get every document:\n{output}")
    return len(paths) / float(rate[1])


@dataclass
class _Looks:
    """A worker with an empty store, which looks for the newest build as every pipeline does."""

    stack: ExitStack
    host: str

    def __post_init__(self) -> None:
        folder = self.stack.enter_context(tempfile.TemporaryDirectory(prefix="tagboat-bench-"))
        self.registry = _Counted(host=self.host, plain_http=True, network=Network(connections=_CONNECTIONS))
        self.stack.callback(self.registry.close)
        self._store = SqlStore(f"sqlite:///{folder}/store.db")
        self.stack.callback(self._store.close)
        self._world = World(
            pipelines={},
            registries={self.host: self.registry},
            forges={},
            deployments={},
            notifiers={},
            store=self._store,
            catalog=self._store.catalog,
            queue=MemoryQueue(),
            clock=SystemClock(),
        )
        policy = SelectionPolicy(strategy=Strategy.NEWEST_BUILD, platforms=("linux/amd64",))
        self._image = PipelineImage("web", ImageName(self.host, _PATH), policy)

    def announce(self, tag: str) -> None:
        """What a webhook does."""
        self._store.catalog.announce({self._image.name: [tag]}, now=datetime.now(UTC))

    def look(self, expected: str) -> float:
        """Seconds until a tag is chosen, which must be the expected one."""
        begun = time.perf_counter()
        choice = choose_image(self._world, self._image, Asking(), now=datetime.now(UTC))
        while choice.is_reading:
            choice = choose_image(self._world, self._image, Asking(), now=datetime.now(UTC))
        seconds = time.perf_counter() - begun
        if choice.choice.tag != expected:
            raise RuntimeError(f"{expected} was to be chosen: {choice.choice.reason}")
        return seconds


class _Counted(DistributionRegistry):
    """Remembers what it was asked."""

    asked: tuple[str, ...] = ()

    def listing(self, image: ImageName, *, known: Listing | None = None) -> Listing:
        self.asked += ("the list",)
        return super().listing(image, known=known)

    def digest(self, image: ImageName, tag: str) -> str | None:
        self.asked += (f"the digest of {tag}",)
        return super().digest(image, tag)

    def details(self, image: ImageName, reference: str, platforms: Sequence[str]) -> TagDetails:
        self.asked += (f"what {reference} holds",)
        return super().details(image, reference, platforms)


def _say(line: str) -> None:
    sys.stdout.write(f"  {line}\n")
