"""The stage of the end-to-end tests: real parts on loopback, and the hands of the people around Tagboat.

A `Stage` is one running Tagboat with a repository of three environments, a real OCI registry that notifies
it, a fake Argo CD that follows the repository, and what people see: the API behind the board.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.fakes.git_repository import GitRepository
from tests.kit.images import build_image, push

IMAGE = "acme/web"
ENVIRONMENTS = ("dev", "staging", "prod")
REGISTRY_TOKEN = "registry-token"
_PATIENCE = 90.0


def values(registry: str, tag: str) -> bytes:
    """Helm values as people write them."""
    return (
        "# Values of the shop's web front.\r\n"
        "replicas: 2   # one per zone\r\n"
        "image:\r\n"
        f"  repository: {registry}/{IMAGE}\r\n"
        f"  tag: '{tag}'   # moved by Tagboat\r\n"
        'title: "Käse & Brot"\r\n'
    ).encode()


def files(registry: str, tag: str) -> dict[str, bytes]:
    """The values files of all environments."""
    return {f"envs/{name}/values.yaml": values(registry, tag) for name in ENVIRONMENTS}


def values_at(git: GitRepository, commit: str, environment: str) -> bytes | None:
    """The values file of an environment at a commit."""
    entry = git.entry(commit, f"envs/{environment}/values.yaml")
    return git.blob(entry.sha) if entry else None


def images_at(git: GitRepository, environment: str) -> Callable[[str], list[str]]:
    """Which images Argo CD would run in an environment, by commit."""

    def at(commit: str) -> list[str]:
        content = values_at(git, commit, environment) or b""
        found = re.search(rb"repository: (\S+)\s+tag: '([^']+)'", content)
        return [f"{found[1].decode()}:{found[2].decode()}"] if found else []

    return at


def push_image(registry: str, tag: str) -> str:
    """Push an image to the registry and return its digest."""
    return push(registry, IMAGE, tag, build_image(labels={"org.opencontainers.image.version": tag}))


def until(
    holds: Callable[[], object], what: str, *, seen: Callable[[], object] = str, patience: float = _PATIENCE
) -> None:
    """Wait for something that Tagboat does on its own; fail with what is missing."""
    deadline = time.monotonic() + patience
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"after {patience:.0f} s: {what}; seen: {seen()}")
        time.sleep(0.1)


class Part:
    """One Tagboat process that is started again whenever it dies, as a supervisor does."""

    def __init__(self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self._command = [sys.executable, "-m", "bot.cli", *arguments]
        self.folder = folder
        self.environment = {**os.environ, **environment}
        self._output = folder / f"{arguments[0]}.log"
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self.deaths = 0
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()

    def kill(self) -> None:
        """SIGKILL: no handler runs, no buffer is flushed."""
        process = self._process
        if process is not None and process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            self.deaths += 1

    def stop(self) -> None:
        """End it as an operator does, and for good."""
        self._stopping.set()
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
        self._keeper.join()

    @property
    def log(self) -> str:
        """What it wrote."""
        return self._output.read_text(errors="replace") if self._output.exists() else ""

    def _keep(self) -> None:
        while not self._stopping.is_set():
            with self._output.open("ab") as output:
                self._process = subprocess.Popen(
                    self._command,
                    cwd=self.folder,
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            while self._process.poll() is None and not self._stopping.wait(0.05):
                pass


@contextmanager
def parts(
    verbs: Sequence[str], *, config: Mapping[str, Any], environment: Mapping[str, str] | None = None
) -> Iterator[dict[str, Part]]:
    """Run `tagboat VERB` for each verb over one configuration; shows the logs when the block fails."""
    with tempfile.TemporaryDirectory(prefix="tagboat-e2e-") as name:
        folder = Path(name)
        (folder / "tagboat.yaml").write_text(json.dumps(config, indent=2))
        # The project's own packages come first, also where the interpreter has others installed.
        root = str(Path(__file__).resolve().parents[2])
        variables = {"PYTHONPATH": root, **(environment or {})}
        running = {verb: Part([verb, "--config", "tagboat.yaml"], folder, variables) for verb in verbs}
        try:
            yield running
        except BaseException:
            for verb, part in running.items():
                print(f"--- {verb}\n{part.log[-6000:]}")  # noqa: T201 - shown by pytest when the test fails
            raise
        finally:
            for part in running.values():
                part.stop()


class Board:
    """What people see, read from the API."""

    def __init__(self, url: str) -> None:
        self.url = url

    def environment(self, name: str) -> dict[str, Any]:
        """One environment of the pipeline `shop`; empty while nothing is shown."""
        try:
            with urllib.request.urlopen(f"{self.url}/api/status", timeout=5) as answer:
                shown = json.load(answer)
        except OSError:
            return {}
        pipelines = shown["pipelines"] if isinstance(shown, dict) else shown
        found: dict[str, dict[str, Any]] = {
            each["name"]: each
            for pipeline in pipelines
            if pipeline["name"] == "shop"
            for each in pipeline["environments"]
        }
        return found.get(name, {})

    def shows(self, name: str, *, state: str, version: str) -> bool:
        """Whether the environment runs the version and is in the state."""
        seen = self.environment(name)
        return (seen.get("state"), seen.get("running", {}).get("web")) == (state, version)

    def wait_for_pull_request(self, name: str) -> None:
        """Wait until the board shows an open pull request."""
        until(
            lambda: self.environment(name).get("pull_request") is not None,
            f"{name} should have a pull request",
            seen=lambda: self.environment(name),
        )

    def wait(self, name: str, *, state: str, version: str) -> None:
        """Wait until the board shows it."""
        until(
            lambda: self.shows(name, state=state, version=version),
            f"{name} should be {state} at {version}",
            seen=lambda: self.environment(name),
        )


def pipeline(registry: str, repository: str) -> dict[str, Any]:
    """The pipeline `shop` as a configuration writes it."""
    common = {"settle": "0s"}
    return {
        "repository": repository,
        "images": {"web": {"image": f"{registry}/{IMAGE}", "constraint": ">=1.0"}},
        "environments": {
            "dev": {"values": "envs/dev/values.yaml", "merge": "auto", "argocd": "shop-dev", **common},
            "staging": {
                "after": "dev",
                "values": "envs/staging/values.yaml",
                "merge": "auto",
                "argocd": "shop-staging",
                **common,
            },
            "prod": {
                "after": "staging",
                "values": "envs/prod/values.yaml",
                "merge": "manual",
                "argocd": "shop-prod",
                **common,
            },
        },
    }
