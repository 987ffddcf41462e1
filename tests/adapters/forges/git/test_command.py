"""The command is run with nobody's settings but ours, and its output and time are bounded."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.forges.git.address import Access
from bot.adapters.forges.git.command import GitCommand
from bot.domain.errors import Malformed, Refused, TagboatError, Unreachable

PATIENT = timedelta(seconds=30)


def _command(home: Path, *, url: str = "/srv/none", timeout: timedelta = PATIENT) -> GitCommand:
    return GitCommand(url, home=home, access=Access(), timeout=timeout)


@pytest.fixture
def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `git` of the test's own, first in PATH, and alone there with the usual tools."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder / "git"


def _script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


def test_it_gives_code_and_output(tmp_path: Path) -> None:
    finished = _command(tmp_path).local("hash-object", "--stdin", stdin=b"x\n")
    assert (finished.code, finished.text) == (0, "587be6b4c3f93f93c489c0111bba5596147a26cb")


def test_a_large_input_and_output_do_not_block_each_other(tmp_path: Path, stub: Path) -> None:
    _script(stub, "cat")
    data = bytes(range(256)) * 20_000
    assert _command(tmp_path).local(stdin=data).output == data


def test_a_flood_of_output_is_cut_off(tmp_path: Path, stub: Path) -> None:
    _script(stub, "exec yes")
    with pytest.raises(Malformed, match="more than"):
        _command(tmp_path).local()


def test_a_flood_of_messages_is_bounded_and_still_explains(tmp_path: Path, stub: Path) -> None:
    _script(stub, "yes noise | head -c 3000000 >&2; echo 'fatal: Authentication failed' >&2; exit 128")
    with pytest.raises(TagboatError, match="does not let Tagboat in"):
        _command(tmp_path).remote()


def test_a_hanging_command_ends_with_all_that_it_started(tmp_path: Path, stub: Path) -> None:
    _script(stub, f"sleep 600 & echo $! > {tmp_path}/pid; wait")
    begun = time.monotonic()
    with pytest.raises(Unreachable, match=r"did not answer within 0\.5 s"):
        _command(tmp_path, timeout=timedelta(seconds=0.5)).remote()
    assert time.monotonic() - begun < 20
    child = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 10
    while _is_running(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _is_running(child)


def test_no_git_at_all_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match=r"install Git 2\.38"):
        _command(tmp_path).local("version")


@pytest.mark.parametrize("version", ["git version 2.37.9", "git version 1.9.1", "git version 2.30.2 (Apple)"])
def test_an_old_git_is_refused(tmp_path: Path, stub: Path, version: str) -> None:
    _script(stub, f"echo '{version}'")
    with pytest.raises(Refused, match="too old"):
        _command(tmp_path).require_version()


@pytest.mark.parametrize("version", ["git version 2.38.0", "git version 2.51.GIT", "git version 3.0.1"])
def test_a_newer_git_passes(tmp_path: Path, stub: Path, version: str) -> None:
    _script(stub, f"echo '{version}'")
    _command(tmp_path).require_version()


def test_nobody_elses_settings_reach_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    person = tmp_path / "person"
    person.mkdir()
    (person / ".gitconfig").write_text("[user]\n\tname = Somebody Else\n")
    monkeypatch.setenv("HOME", str(person))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(person))
    monkeypatch.setenv("GIT_TRACE", str(tmp_path / "trace"))
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'user.name'='Somebody Else'")
    found = _command(tmp_path).local("config", "user.name", codes=(0, 1))
    assert (found.code, found.text) == (1, "")
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("url", ["ext::sh -c 'touch owned'", "git://127.0.0.1:9/x", "http://127.0.0.1:9/x"])
def test_transports_that_were_not_named_are_off(tmp_path: Path, url: str) -> None:
    with pytest.raises(Refused, match="not allowed"):
        _command(tmp_path, url=url).remote("ls-remote", "--", url)
    assert list(tmp_path.iterdir()) == []
