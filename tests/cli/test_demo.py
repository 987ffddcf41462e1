"""The demo's narration, over a stage without a process; the whole play is in tests/e2e."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli import demo as demo_verb
from bot.cli import demo_run
from bot.cli.app import app
from bot.cli.demo import _ending_in_order, _program, _Teller
from bot.cli.display import console
from bot.domain.errors import Unreachable


def _notice(about: str, text: str, environment: str = "dev") -> Mapping[str, Any]:
    return {"event": "notice", "about": about, "environment": environment, "text": f"{environment}: {text}"}


def _told(
    capsys: pytest.CaptureFixture[str],
    *looks: tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]],
) -> list[str]:
    teller = _Teller(console())
    for environments, notices in looks:
        teller.see(environments, notices)
    return [re.sub(r"^ *\d+\.\ds  ", "", line) for line in capsys.readouterr().out.splitlines()]


def test_notices_are_told_with_their_environment(capsys: pytest.CaptureFixture[str]) -> None:
    lines = _told(
        capsys, ({}, [_notice("merged", "1.1.0 merged as abc"), _notice("news", "1.1.0 x", "prod")])
    )
    assert lines == ["dev       1.1.0 merged as abc", "prod      1.1.0 x"]


def test_argo_cd_is_never_named_without_saying_that_it_is_simulated(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (line,) = _told(capsys, ({}, [_notice("synced", "Argo CD has synced 1.1.0")]))
    assert line == "dev       Argo CD (simulated) has synced 1.1.0"


def test_a_soak_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    soaking = {"prod": {"state": "waiting", "reason": "1.1.0 soaks in staging until 10:00 UTC"}}
    upstream = {"prod": {"state": "waiting", "reason": "waits for staging"}}
    lines = _told(capsys, (upstream, []), (soaking, []), (soaking, []))
    assert lines == ["prod      waiting: 1.1.0 soaks in staging until 10:00 UTC"]


@pytest.mark.parametrize(
    ("called", "found", "shown"),
    [
        ("/usr/bin/tagboat", "/usr/bin/tagboat", "tagboat"),
        ("/opt/v env/bin/tagboat", None, "'/opt/v env/bin/tagboat'"),
        ("/src/bot/cli/__main__.py", "/usr/bin/tagboat", "/opt/python3 -m bot.cli"),
    ],
    ids=["by name", "by path", "as a module"],
)
def test_commands_are_shown_as_this_user_can_type_them(
    monkeypatch: pytest.MonkeyPatch, called: str, found: str | None, shown: str
) -> None:
    monkeypatch.setattr(sys, "argv", [called, "demo"])
    monkeypatch.setattr(sys, "executable", "/opt/python3")
    monkeypatch.setattr(shutil, "which", lambda name: found)
    assert _program() == shown


def test_sigterm_ends_the_demo_in_order() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as caught, _ending_in_order():
        os.kill(os.getpid(), signal.SIGTERM)
    assert caught.value.code == 143
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize(
    ("stop", "code"),
    [(KeyboardInterrupt(), 130), (Unreachable("prod did not come"), 1)],
    ids=["Ctrl-C", "something does not come"],
)
def test_an_early_end_leaves_the_folder_and_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: BaseException, code: int
) -> None:
    @contextmanager
    def running(stage: object) -> Any:
        yield None

    def play(*args: object, **options: object) -> None:
        raise stop

    monkeypatch.setattr(demo_run, "running", running)
    monkeypatch.setattr(demo_verb, "_play", play)
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["demo", "--dir", str(tmp_path / "demo")])
    assert done.exit_code == code
    assert f"{tmp_path / 'demo'} is left for you" in done.stdout
    assert (tmp_path / "demo" / "tagboat.yaml").is_file()


def test_a_used_folder_is_refused_with_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    done = CliRunner().invoke(app, ["demo", "--dir", str(tmp_path)])
    assert done.exit_code == 1
    assert done.stderr.startswith(f"tagboat: the folder {tmp_path} is not empty")
