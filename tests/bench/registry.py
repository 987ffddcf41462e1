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
from dataclasses import replace
from pathlib import Path

from bot.adapters.registries.distribution import DistributionRegistry
from bot.domain.image import ImageName
from tests.kit.images import Image, build_image, push
from tests.kit.registry import docker_registry

_TAGS = 2000
_CONNECTIONS = 16
_ROUNDS = 5
_PUSHERS = 4
_WRK_SECONDS = 5
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
    with docker_registry() as host:
        paths = _fill(host)
        floors, ours = [], []
        for _ in range(_ROUNDS):
            floors.append(_floor(host, paths))
            ours.append(_ours(host))
    floor, seconds = statistics.median(floors), statistics.median(ours)
    _say(f"wrk, {_CONNECTIONS} connections: {floor:.2f} s for {len(paths):,} documents")
    _say(f"Tagboat, as many connections: {seconds:.2f} s, {seconds / floor:.2f} times the floor")


def _fill(host: str) -> Sequence[str]:
    """Push an image of its own for each tag, and return the path of every document that must be read."""
    images = {f"1.{number}.0": build_image(labels={"number": str(number)}) for number in range(_TAGS)}
    push(host, _PATH, "first", build_image())
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


def _ours(host: str) -> float:
    """Seconds that a client which knows nothing yet takes to read what every tag holds."""
    registry = DistributionRegistry(host=host, plain_http=True)
    image = ImageName(host, _PATH)
    tags = [f"1.{number}.0" for number in range(_TAGS)]
    begun = time.perf_counter()
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        found = list(pool.map(lambda tag: registry.details(image, tag, ("linux/amd64",)), tags))
    seconds = time.perf_counter() - begun
    registry.close()
    if len({details.digest for details in found}) != _TAGS:
        raise RuntimeError("some images were not read")
    return seconds


def _say(line: str) -> None:
    sys.stdout.write(f"  {line}\n")
