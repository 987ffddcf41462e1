"""Commands as people write them in comments: one line counts, and what is meant is told from what is not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.people.command import (
    HELP,
    LONGEST_HOLD,
    LONGEST_REASON,
    Command,
    Misunderstood,
    Place,
    Verb,
    parse_command,
    parse_length,
)

PROD = Place("homepage", "prod")


@pytest.mark.parametrize(
    ("body", "command"),
    [
        ("/tagboat hold", Command(Verb.HOLD)),
        ("/tagboat hold 3d", Command(Verb.HOLD, length=timedelta(days=3))),
        (
            "/tagboat hold 1d12h the migration  runs",
            Command(Verb.HOLD, None, timedelta(hours=36), "the migration runs"),
        ),
        ("/tagboat hold the migration runs", Command(Verb.HOLD, reason="the migration runs")),
        ("/tagboat hold homepage/prod 2w x", Command(Verb.HOLD, PROD, timedelta(weeks=2), "x")),
        ("/tagboat resume homepage/prod", Command(Verb.RESUME, PROD)),
        ("/tagboat REBASE", Command(Verb.REBASE)),
        ("/TagBoat skip broken login", Command(Verb.SKIP, reason="broken login")),
        ("/tagboat promote", Command(Verb.PROMOTE)),
        ("/tagboat promote force", Command(Verb.PROMOTE, is_forced=True)),
        ("/tagboat promote homepage/prod force now", Command(Verb.PROMOTE, PROD, None, "now", True)),
        ("/tagboat promote now force", Command(Verb.PROMOTE, reason="now force")),
        ("/tagboat rollback 1.5 loses sessions", Command(Verb.ROLLBACK, reason="1.5 loses sessions")),
        ("/tagboat help", Command(Verb.HELP)),
        ("/tagboat", Command(Verb.HELP)),
        ("/tagboat  ", Command(Verb.HELP)),
        ("Thanks!\r\n\r\n/tagboat resume\r\n", Command(Verb.RESUME)),
        ("/tagboat resume\n/tagboat hold", Command(Verb.RESUME)),
        ("```\n/tagboat hold\n```\n/tagboat resume", Command(Verb.RESUME)),
        ("````\n```\n/tagboat hold\n````\n/tagboat skip", Command(Verb.SKIP)),
    ],
    ids=lambda value: value[:32] if isinstance(value, str) else "",
)
def test_the_first_line_that_is_a_command_is_read(body: str, command: Command) -> None:
    assert parse_command(body) == command


@pytest.mark.parametrize(
    "body",
    [
        "",
        "please /tagboat hold",
        "> /tagboat hold",
        " /tagboat hold",
        "/tagboats hold",
        "/tagboat-hold",
        "```\n/tagboat hold\n```",
        "~~~sh\n/tagboat hold",
        "`/tagboat hold`",
        "x" * 70_000 + "\n/tagboat hold",
    ],
    ids=["empty", "inside", "quoted", "indented", "longer word", "dash", "code", "open code", "span", "far"],
)
def test_what_is_no_command_is_none(body: str) -> None:
    assert parse_command(body) is None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("/tagboat hodl", "there is no command `hodl` (write one of hold, resume"),
        ("/tagboat @acme/owners", "there is no command"),
        ("/tagboat hold 3", "'3' is not a length of time (write 90m, 2h, 3d or 1w)"),
        ("/tagboat hold 3days", "is not a length of time"),
        ("/tagboat hold 0d", "0d is not between 1m and 365d"),
        ("/tagboat hold 366d", "366d is not between 1m and 365d"),
    ],
)
def test_what_is_meant_as_a_command_is_told_what_to_write(body: str, said: str) -> None:
    answer = parse_command(body)
    assert isinstance(answer, Misunderstood)
    assert said in answer.reason
    assert "@acme" not in answer.reason, "an answer notifies nobody"


def test_a_reason_is_cut() -> None:
    answer = parse_command(f"/tagboat skip {'x' * 500}")
    assert isinstance(answer, Command)
    assert len(answer.reason) == LONGEST_REASON


def test_the_help_names_every_verb() -> None:
    assert all(f"`/tagboat {verb}" in HELP for verb in Verb if verb is not Verb.HELP)


@given(st.text(max_size=300))
def test_any_comment_can_be_read(body: str) -> None:
    parse_command(body)
    parse_command(f"/tagboat {body}")


@given(st.integers(1, 364), st.integers(0, 23))
def test_a_length_is_the_sum_of_its_parts(days: int, hours: int) -> None:
    assert parse_length(f"{days}d{hours}h") == timedelta(days=days, hours=hours)
    assert parse_length(f"{days}d") <= LONGEST_HOLD
