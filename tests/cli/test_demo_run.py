"""How the demo watches Tagboat: bounded, by its log and its API, and never leaving it behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from bot.cli import demo_run
from bot.cli.demo_run import Run
from bot.cli.demo_stage import PIPELINE, Stage
from bot.domain.errors import Unreachable

_SLEEPER = "import time; time.sleep(60)"
_STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('ready', flush=True); time.sleep(60)"
)


class _Site:
    """A page that shows a board and remembers webhooks."""

    def __init__(self) -> None:
        self.board: Any = []
        self.webhooks: list[tuple[Mapping[str, str], Any]] = []
        self.answer = 202
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._send(200, json.dumps(site.board).encode())

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                site.webhooks.append((dict(self.headers), json.loads(body)))
                self._send(site.answer, b"{}")

            def _send(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)


@pytest.fixture
def site() -> Iterator[_Site]:
    """A page on a free port."""
    made = _Site()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


@contextmanager
def _process(code: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True, stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()


@pytest.fixture
def run(site: _Site, tmp_path: Path) -> Iterator[Run]:
    """A run whose process lives and whose page is the site."""
    log = tmp_path / "tagboat.log"
    log.touch()
    with _process(_SLEEPER) as process:
        yield Run(Stage(tmp_path, site.server.server_port, "Bearer canary"), process, log)


def _board(state: str) -> list[dict[str, Any]]:
    dev = {"name": "dev", "state": state, "reason": "because", "running": {"web": "1.0.0"}}
    return [{"name": PIPELINE, "environments": [dev]}]


def test_waiting_ends_when_the_claim_holds(site: _Site, run: Run) -> None:
    site.board = _board("live")
    found = run.wait(lambda seen: seen["dev"]["state"] == "live", seconds=30, what="dev")
    assert found["dev"]["running"] == {"web": "1.0.0"}


def test_waiting_is_bounded_and_says_what_is_missing(site: _Site, run: Run, tmp_path: Path) -> None:
    site.board = _board("waiting")
    with pytest.raises(Unreachable) as caught:
        run.wait(lambda seen: seen["dev"]["state"] == "live", seconds=0.1, what="dev's release")
    assert str(caught.value) == (
        f"dev's release did not come within 0 seconds: dev: because (see {tmp_path / 'tagboat.log'})"
    )


@pytest.mark.parametrize("board", [[], [{"name": "other", "environments": []}]], ids=["empty", "other"])
def test_a_board_without_the_pipeline_is_not_yet(site: _Site, run: Run, board: list[Any]) -> None:
    site.board = board
    with pytest.raises(Unreachable, match="did not come"):
        run.wait(lambda seen: True, seconds=0.1, what="the first look")


def test_a_process_that_ended_is_not_waited_for(tmp_path: Path, site: _Site) -> None:
    log = tmp_path / "tagboat.log"
    log.touch()
    with _process("raise SystemExit(7)") as process:
        process.wait(30)
        run = Run(Stage(tmp_path, site.server.server_port, ""), process, log)
        with pytest.raises(Unreachable, match=r"ended with 7.*tagboat\.log"):
            run.wait(lambda seen: True, seconds=60, what="anything")


def test_every_notice_of_the_log_is_seen_once_and_whole(site: _Site, run: Run, tmp_path: Path) -> None:
    site.board = _board("live")
    log = tmp_path / "tagboat.log"
    seen: list[Sequence[Mapping[str, Any]]] = []

    def look() -> None:
        run.wait(lambda _: True, seconds=30, what="a look", seen=lambda _, notices: seen.append(notices))

    first, second = (json.dumps({"event": "notice", "text": text}) for text in ("one", "two"))
    log.write_text(f'Traceback\n{{"event": "other"}}\n[1]\n{first}\n{second[:10]}')
    look()
    with log.open("a") as file:
        file.write(f"{second[10:]}\n")
    look()
    look()
    assert [[each["text"] for each in notices] for notices in seen] == [["one"], ["two"], []]


def test_a_push_is_told_as_a_registry_does(site: _Site, run: Run) -> None:
    assert run.push_webhook("1.1.0", f"sha256:{'a' * 64}") == 202
    ((headers, body),) = site.webhooks
    assert headers["Authorization"] == "Bearer canary"
    (event,) = body["events"]
    assert (event["action"], event["target"]["tag"]) == ("push", "1.1.0")


def test_a_proxy_of_the_user_sees_nothing(site: _Site, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    site.board = _board("live")
    assert run.wait(lambda _: True, seconds=30, what="a look")
    assert run.push_webhook("1.1.0", f"sha256:{'a' * 64}") == 202


def test_a_refused_webhook_is_an_error(site: _Site, run: Run) -> None:
    site.answer = 401
    with pytest.raises(Unreachable, match="did not take the webhook"):
        run.push_webhook("1.1.0", f"sha256:{'a' * 64}")


def test_a_process_that_will_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_run, "_STOP_SECONDS", 0.2)
    with _process(_STUBBORN) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        demo_run._end(process)
        assert process.returncode == -signal.SIGKILL


def test_tagboat_is_ended_when_the_demo_breaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_run, "_command", lambda *args: [sys.executable, "-c", _SLEEPER])
    stage = Stage(tmp_path, 9, "")
    started: list[int] = []
    popen = subprocess.Popen

    def noting(*args: Any, **options: Any) -> subprocess.Popen[bytes]:
        process: subprocess.Popen[bytes] = popen(*args, **options)
        started.append(process.pid)
        return process

    monkeypatch.setattr(subprocess, "Popen", noting)
    with pytest.raises(KeyboardInterrupt), demo_run.running(stage):
        raise KeyboardInterrupt
    (pid,) = started
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_folder_named_bot_where_the_user_stands_is_not_taken_for_tagboat(tmp_path: Path) -> None:
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot" / "__init__.py").write_text("raise SystemExit(9)\n")
    done = subprocess.run(
        demo_run._command("--version"),
        env=demo_run._environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("tagboat ")
