"""Tagboat as the demo sees it: a process of its own, watched from outside by its page's API and its log."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bot
from bot.cli.demo_stage import HOST, IMAGE, PIPELINE, Stage
from bot.domain.errors import Refused, Unreachable

_POLL = 0.2
_HTTP_SECONDS = 5
_STOP_SECONDS = 20
_VERB_SECONDS = 60
_LARGEST_ANSWER = 4 * 1024 * 1024

Environments = Mapping[str, Mapping[str, Any]]
"""The environments of the demo's pipeline by name, as `GET /api/status` gives them."""


class Run:
    """A running `tagboat up` on a stage. `tell` is given each notice as it comes."""

    def __init__(self, stage: Stage, process: subprocess.Popen[bytes], log: Path) -> None:
        self._stage = stage
        self._process = process
        self._log = log
        self._read = 0
        # A proxy of the user's must not see what goes to this very machine.
        self._web = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self._stage.port}"

    def push_webhook(self, tag: str, digest: str) -> int:
        """Tell Tagboat of a pushed tag, as a CNCF distribution registry does; return the answer's status."""
        event = {
            "id": str(uuid.uuid4()),
            "timestamp": datetime.now(UTC).isoformat(),
            "action": "push",
            "target": {
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": digest,
                "repository": IMAGE,
                "tag": tag,
            },
            "request": {"id": str(uuid.uuid4()), "host": HOST, "method": "PUT"},
        }
        request = urllib.request.Request(  # noqa: S310 - http to this very machine
            f"{self.url}/webhooks/registry",
            data=json.dumps({"events": [event]}).encode(),
            headers={
                "Content-Type": "application/vnd.docker.distribution.events.v1+json",
                "Authorization": self._stage.authorization,
            },
        )
        try:
            with self._web.open(request, timeout=_HTTP_SECONDS) as answer:
                return int(answer.status)
        except OSError as error:
            raise Unreachable("Tagboat did not take the webhook", why=str(error)) from error

    def wait(
        self,
        until: Callable[[Environments], bool],
        *,
        seconds: float,
        what: str,
        seen: Callable[[Environments, Sequence[Mapping[str, Any]]], None] = lambda *_: None,
    ) -> Environments:
        """Look again and again until the claim holds; `seen` is shown each look and the notices since.

        Raises:
            Unreachable: it did not come in time, or Tagboat ended; the text names the log.
        """
        deadline = time.monotonic() + seconds
        while True:
            if self._process.poll() is not None:
                raise self._stopped(f"`tagboat up` ended with {self._process.returncode}")
            environments = self._environments()
            seen(environments, self._new_notices())
            if environments and until(environments):
                return environments
            if time.monotonic() > deadline:
                reasons = "; ".join(f"{name}: {each['reason']}" for name, each in environments.items())
                raise self._stopped(f"{what} did not come within {seconds:.0f} seconds", why=reasons)
            time.sleep(_POLL)

    def _environments(self) -> Environments:
        """What the API says; nothing while it does not answer yet."""
        try:
            with self._web.open(f"{self.url}/api/status", timeout=_HTTP_SECONDS) as answer:
                board = json.loads(answer.read(_LARGEST_ANSWER))
        except (OSError, ValueError):
            return {}
        shown = next((each for each in board if each["name"] == PIPELINE), None)
        return {each["name"]: each for each in shown["environments"]} if shown else {}

    def _new_notices(self) -> Sequence[Mapping[str, Any]]:
        """The whole lines that the log got since the last look, as far as they are notices."""
        with self._log.open("rb") as file:
            file.seek(self._read)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._read += len(whole)
        return [line for line in _json_lines(whole) if line.get("event") == "notice"]

    def _stopped(self, what: str, why: str = "") -> Unreachable:
        return Unreachable(what, why=why, fix=f"see {self._log}")


@contextmanager
def running(stage: Stage) -> Iterator[Run]:
    """Run `tagboat up` on the stage while the block runs; it is ended whatever happens."""
    log = stage.folder / "tagboat.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter with fixed words
            _command("up", "--config", str(stage.configuration), "--log-format", "json"),
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Its own group: Ctrl-C is for the demo, which then ends what it started in order.
            start_new_session=True,
        )
        try:
            yield Run(stage, process, log)
        finally:
            _end(process)


def merge_by_command(stage: Stage, environment: str) -> str:
    """Run the real `tagboat pr merge` and return what it says.

    Raises:
        Refused: it failed.
    """
    done = subprocess.run(  # noqa: S603 - our own interpreter with fixed words
        _command("pr", "merge", PIPELINE, environment, "--config", str(stage.configuration)),
        env=_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_VERB_SECONDS,
        check=False,
        text=True,
    )
    if done.returncode:
        raise Refused("`tagboat pr merge` failed", why=done.stderr.strip()[-500:])
    return done.stdout.strip()


def _command(*args: str) -> list[str]:
    # -P: a folder named `bot` where the user stands must not be taken for Tagboat.
    return [sys.executable, "-P", "-m", "bot.cli", *args]


def _environment() -> Mapping[str, str]:
    ours = str(Path(bot.__file__).parent.parent)
    theirs = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([ours, theirs] if theirs else [ours])}


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        return


def _json_lines(text: bytes) -> Iterator[Mapping[str, Any]]:
    for line in text.splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue  # a traceback of the interpreter itself is no JSON
        if isinstance(value, dict):
            yield value
