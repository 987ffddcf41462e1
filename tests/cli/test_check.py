"""`tagboat check`: lines for people and editors, a list for programs, and an exit code."""

from __future__ import annotations

import json
import os
import pty
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bot.cli.check import check
from tests.configuration.files import NEWCOMER, NEWCOMERS_ENVIRONMENT, changed

BAD = changed(("kind: git}", "kind: gti}"), ("dev.yaml", "/dev.yaml"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tagboat.yaml"


def test_a_good_file_is_counted(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in NEWCOMERS_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    file.write_text(NEWCOMER)
    assert check(file, json=False) == 0
    assert capsys.readouterr().out == f"{file}: no problems: 1 pipeline, 3 environments, 1 image\n"


def test_each_problem_is_one_line_however_narrow_the_terminal(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    file.write_text(BAD)
    assert check(file, json=False) == 2
    first, second = capsys.readouterr().out.splitlines()
    kinds = "github, gitlab, gitea, forgejo, bitbucket, bitbucket-data-center, git"
    assert first == f"{file}:1:22: forges.git.kind: 'gti' is not one of {kinds} (did you mean git?)"
    assert second.startswith(
        f"{file}:7:34: pipelines.web.environments.dev.values: the file '/dev.yaml' is never"
    )


def test_json_is_a_list_of_problems(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(BAD)
    assert check(file, json=True) == 2
    first, second = json.loads(capsys.readouterr().out)
    assert first == {
        "file": str(file),
        "line": 1,
        "column": 22,
        "key": "forges.git.kind",
        "what": "'gti' is not one of github, gitlab, gitea, forgejo, bitbucket, bitbucket-data-center, git",
        "fix": "did you mean git?",
    }
    assert second["key"] == "pipelines.web.environments.dev.values"


def test_json_is_an_empty_list_for_a_good_file(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(changed())
    assert check(file, json=True) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_a_file_that_is_not_there_is_a_problem(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(file, json=False) == 2
    assert capsys.readouterr().out.startswith(f"{file}: there is no such file (name a YAML file, or")


def test_a_terminal_is_shown_the_place(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    file.write_text(BAD)
    shown = _on_a_terminal(file, monkeypatch)
    assert "  forges: {git: {kind: gti}, …: {kind: …, token: …}}" in shown
    assert "\x1b[31m" in shown
    assert "^" in shown


def _on_a_terminal(file: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What `check` prints to a pseudo-terminal; it fits into the terminal's own buffer."""
    master, slave = pty.openpty()
    try:
        with os.fdopen(slave, "w", encoding="utf-8") as terminal:
            monkeypatch.setattr("sys.stdout", terminal)
            assert check(file, json=False) == 2
        return b"".join(_rest(master)).decode()
    finally:
        os.close(master)


def _rest(master: int) -> Iterator[bytes]:
    """All that the other, closed side has written: the kernel hands it over in pieces, then says EIO."""
    with suppress(OSError):
        while piece := os.read(master, 65536):
            yield piece
