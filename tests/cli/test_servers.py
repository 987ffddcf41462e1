"""`tagboat up|web|worker|beat`: what they hand to the workers, and that `up` comes and goes in order."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli import demo_stage, logs, opening
from bot.cli.app import app
from bot.cli.options import LogFormat, LogLevel
from workers import distributed, embedded

_SETTINGS = object()
_PATIENCE = 60


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Every call that a verb makes, in order."""
    calls: list[tuple[Any, ...]] = []

    def settings(config: Path, *, level: LogLevel, form: LogFormat) -> object:
        calls.append(("settings", config, level, form))
        return _SETTINGS

    def part(name: str) -> Callable[..., None]:
        return lambda given, **options: calls.append((name, given, options))

    monkeypatch.setattr(opening, "settings", settings)
    monkeypatch.setattr(logs, "keep_celery_out", lambda: calls.append(("celery kept out",)))
    monkeypatch.setattr(embedded, "run", part("embedded"))
    for name in ("run_web", "run_worker", "run_beat"):
        monkeypatch.setattr(distributed, name, part(name))
    return calls


_DEFAULT = ("settings", Path("x.yaml"), LogLevel.INFO, LogFormat.AUTO)
_QUIET = ("celery kept out",)
_READY = {"on_ready": logs.tell_address}


@pytest.mark.parametrize(
    ("words", "calls"),
    [
        (["up"], [_DEFAULT, ("embedded", _SETTINGS, _READY)]),
        (["web"], [_DEFAULT, ("run_web", _SETTINGS, _READY)]),
        (["beat"], [_DEFAULT, _QUIET, ("run_beat", _SETTINGS, {})]),
        (
            ["worker"],
            [_DEFAULT, _QUIET, ("run_worker", _SETTINGS, {"concurrency": 8, "pool": "threads"})],
        ),
        (
            ["worker", "-n", "2", "--pool", "prefork"],
            [_DEFAULT, _QUIET, ("run_worker", _SETTINGS, {"concurrency": 2, "pool": "prefork"})],
        ),
        (
            ["up", "--log-level", "debug", "--log-format", "json"],
            [
                ("settings", Path("x.yaml"), LogLevel.DEBUG, LogFormat.JSON),
                ("embedded", _SETTINGS, _READY),
            ],
        ),
    ],
    ids=["up", "web", "beat", "worker", "worker with options", "log options"],
)
def test_a_verb_starts_its_part(
    asked: list[tuple[Any, ...]], words: list[str], calls: list[tuple[Any, ...]]
) -> None:
    done = CliRunner().invoke(app, [*words, "-c", "x.yaml"])
    assert done.exit_code == 0
    assert asked == calls


@pytest.mark.parametrize(
    "words", [["-n", "0"], ["-n", "many"], ["--pool", "gevent"], ["--log-level", "loud"]], ids=" ".join
)
def test_a_wrong_option_starts_nothing(asked: list[tuple[Any, ...]], words: list[str]) -> None:
    done = CliRunner().invoke(app, ["worker", *words])
    assert done.exit_code == 2
    assert asked == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_up_tells_its_address_and_ends_in_order(tmp_path: Path, number: signal.Signals) -> None:
    stage = demo_stage.build(tmp_path / "stage")
    process = subprocess.Popen(
        [sys.executable, "-m", "bot.cli", "up", "-c", str(stage.configuration)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            assert process.stderr
            ready = next(line for each in process.stderr if (line := json.loads(each))["event"] == "ready")
            process.send_signal(number)
            _, rest = process.communicate(timeout=_PATIENCE)
        finally:
            process.kill()
    assert ready["url"] == f"http://127.0.0.1:{stage.port}"
    assert process.returncode == 0
    assert "Traceback" not in rest
