"""What the configuration says of other people: commands, and files that only Tagboat changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.configuration.settings import GitSettings, PeopleSettings
from bot.domain.people.protection import Protection
from tests.configuration.files import changed, load_text, told

TOKEN = "github: {kind: github, token: t"


def people(folder: Path, keys: str, host: str = "github") -> PeopleSettings:
    """What is said of people on a forge with these keys."""
    text = changed((TOKEN, f"github: {{kind: {host}, token: t{keys}"))
    forge = load_text(folder, text).forges["github"]
    assert not isinstance(forge, GitSettings)
    return forge.people


def test_people_do_not_count_unless_it_is_said(tmp_path: Path) -> None:
    assert people(tmp_path, "") == PeopleSettings(commands=False, protection=None)


@pytest.mark.parametrize("host", ["github", "gitlab", "gitea, url: https://git.example.com"])
def test_commands_are_turned_on(tmp_path: Path, host: str) -> None:
    assert people(tmp_path, ", commands: true", host).commands


@pytest.mark.parametrize(
    "written",
    ["envs/**", "[envs/**]", "{files: envs/**}", "{files: [envs/**], override_label: tagboat-override}"],
)
def test_protected_files_are_written_short_or_whole(tmp_path: Path, written: str) -> None:
    assert people(tmp_path, f", protect: {written}").protection == Protection(
        ("envs/**",), "tagboat-override"
    )


@pytest.mark.parametrize(("written", "label"), [("false", ""), ("free-for-all", "free-for-all")])
def test_the_label_is_named_or_left_out(tmp_path: Path, written: str, label: str) -> None:
    found = people(tmp_path, f", protect: {{files: x, override_label: {written}}}").protection
    assert found == Protection(("x",), label)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("protect: []", "protect"),
        ("protect: {override_label: x}", "files"),
        ("protect: ../x", "is not a pattern of paths (write folders with single slashes"),
        ("protect: [a, /b]", "is not a pattern of paths"),
        ("commands: perhaps", "commands"),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path: Path, keys: str, said: str) -> None:
    (problem,) = told(tmp_path, changed((TOKEN, f"{TOKEN}, {keys}")))
    assert said in problem


def test_plain_git_knows_no_people(tmp_path: Path) -> None:
    (problem,) = told(tmp_path, changed(("git: {kind: git}", "git: {kind: git, commands: true}")))
    assert "commands" in problem
