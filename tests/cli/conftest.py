"""What the tests of the command line share: a world of memory twins behind the verbs, and tidy logs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

from bot.cli import opening
from bot.cli.app import app
from bot.flow.world import World
from tests.cli.verbs import Answer
from tests.flow.worlds import Bench

_CHANGED = ("bot", "workers", "kombu.connection")


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """Setting up logs changes the whole process: put it back."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in _CHANGED}
    yield
    root.handlers = handlers
    root.setLevel(level)
    for name, each in levels.items():
        logging.getLogger(name).setLevel(each)
    logging.captureWarnings(False)
    structlog.reset_defaults()


@pytest.fixture
def bench() -> Bench:
    """Three environments over memory twins, with 1.0.0 everywhere, looked at once."""
    made = Bench()
    made.settle()
    return made


@pytest.fixture
def tagboat(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    """Run a verb over the bench, as the shell would."""

    def world(config: Path, *, host: str = "") -> World:
        del config, host
        return bench.world

    monkeypatch.setattr(opening, "world", world)

    def run(*args: str) -> Answer:
        done = CliRunner(env={"COLUMNS": "200"}).invoke(app, list(args), prog_name="tagboat")
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return Answer(done.exit_code, done.stdout, done.stderr)

    return run
