"""Texts of others on a terminal: nothing that steers it, nothing that is read as markup."""

from __future__ import annotations

import io
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cli import display
from bot.domain.status import EnvironmentStatus, State


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("homepage 1.0 → 1.1, Käse", "homepage 1.0 → 1.1, Käse"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("one\ntwo\r", r"one\ntwo\r"),
        ("tag\u202egnp", r"tag\u202egnp"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("half \ud800", r"half \ud800"),
        ("[bold]no markup[/bold]", "[bold]no markup[/bold]"),
        ("title\x9b2J", r"title\x9b2J"),
    ],
    ids=["plain", "escape", "lines", "right to left", "invisible", "surrogate", "markup", "c1"],
)
def test_a_text_is_shown_as_what_it_is(text: str, shown: str) -> None:
    assert display.clean(text) == shown
    assert display.styled(text, "bold").plain == shown


def test_the_lines_of_a_block_stay() -> None:
    assert display.clean_block("a\n\x1b[2Jb\n\nc") == "a\n\\x1b[2Jb\n\nc"


@given(st.text(st.characters(exclude_categories=())))
def test_whatever_comes_is_printable_and_stays_itself_when_it_was(text: str) -> None:
    shown = display.clean(text)
    assert shown.isprintable()
    assert shown == text or not text.isprintable()
    assert shown.encode().decode() == shown


@given(st.recursive(st.text() | st.integers() | st.none(), lambda each: st.lists(each)))
def test_json_is_ascii_and_the_same_value(value: object) -> None:
    out, before = io.StringIO(), sys.stdout
    try:
        sys.stdout = out
        display.write_json(value)
    finally:
        sys.stdout = before
    assert out.getvalue().isascii()
    assert "\x1b" not in out.getvalue()
    assert json.loads(out.getvalue()) == value


def test_no_colours_go_into_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    display.console().print(display.styled("[red]live[/red] :smile:", "green"))
    assert capsys.readouterr().out == "[red]live[/red] :smile:\n"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("no_color", "has_colour"), [(None, True), ("1", False)], ids=["colours", "NO_COLOR"]
)
def test_a_terminal_gets_colours_unless_it_asks_for_none(
    monkeypatch: pytest.MonkeyPatch, no_color: str | None, has_colour: bool
) -> None:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", no_color)
    display.console().print(display.styled("live", "green"))
    assert ("\x1b[32m" in terminal.getvalue()) is has_colour
    assert "live" in terminal.getvalue()


def test_a_style_does_not_spread_to_what_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    display.console().print(display.styled("dev", "bold").append_text(display.styled(" live")))
    assert terminal.getvalue() == "\x1b[1mdev\x1b[0m live\n"


def test_every_state_has_a_style() -> None:
    assert set(display.STYLES) == set(State)


@pytest.mark.parametrize(
    ("running", "then", "text"),
    [
        ({"web": "1.0"}, {}, "1.0"),
        ({"web": "1.0"}, {"web": "1.1"}, "1.0 → 1.1"),
        ({"web": "1.0"}, {"web": "1.0"}, "1.0"),
        ({"api": "2", "web": "1.0"}, {"web": "1.1"}, "api 2, web 1.0 → 1.1"),
        ({}, {"web": "1.1"}, "→ 1.1"),
        ({}, {"files": "aec9bad", "web": "1.1"}, "→ files aec9bad, web 1.1"),
        ({}, {}, ""),
    ],
    ids=["stays", "moves", "same", "several", "first", "several at first", "nothing"],
)
def test_versions_say_what_runs_and_what_comes(
    running: dict[str, str], then: dict[str, str], text: str
) -> None:
    assert display.versions(EnvironmentStatus("dev", State.LIVE, "", running=running, next=then)) == text
