"""What is a commit of Tagboat, and what is not."""

from __future__ import annotations

import pytest

from bot.adapters.forges.identity import TRAILER, Identity, sign_offs, signed

OURS = "tagboat@localhost"
HUMAN = "ada@example.com"


@pytest.mark.parametrize(
    ("message", "emails", "expected"),
    [
        pytest.param(signed("Move"), (OURS, OURS), True, id="ours"),
        pytest.param(signed("Move"), ("TagBoat@LocalHost", OURS), True, id="case of the address"),
        pytest.param(signed("Move"), (OURS, HUMAN), False, id="amended or rebased by a human"),
        pytest.param(signed("Move"), (HUMAN, HUMAN), False, id="message copied by a human"),
        pytest.param("Move", (OURS, OURS), False, id="without the trailer"),
        pytest.param(f"Quoting {TRAILER} here", (OURS, OURS), False, id="trailer inside a line"),
    ],
)
def test_author_committer_and_trailer_must_all_be_ours(
    message: str, emails: tuple[str, ...], expected: bool
) -> None:
    assert Identity().made(message=message, emails=emails) is expected


@pytest.mark.parametrize("message", ["Move", "Move\n", "Move\n\nWhy.\n\nRelease: 1\n"])
def test_the_trailer_is_the_last_line_and_stands_once(message: str) -> None:
    once = signed(message)
    assert once.startswith(message.rstrip())
    assert once.endswith(f"\n\n{TRAILER}\n")
    assert signed(once) == once


def test_a_sign_off_names_who_commits_in_the_paragraph_of_the_trailer_once() -> None:
    ada = Identity("Ada", HUMAN)
    once = signed("Move\n\nWhy.\n", sign_off=ada)
    assert once == f"Move\n\nWhy.\n\nSigned-off-by: Ada <{HUMAN}>\n{TRAILER}\n"
    assert signed(once, sign_off=ada) == once
    assert ada.made(message=once, emails=(HUMAN, HUMAN))


def test_what_others_signed_off_stands_once_before_the_trailer() -> None:
    message = signed("Move", sign_off=Identity("Ada", HUMAN))
    said = sign_offs(message)
    assert said == (f"Signed-off-by: Ada <{HUMAN}>",)
    assert signed("Squash", sign_offs=[*said, *said]) == f"Squash\n\n{said[0]}\n{TRAILER}\n"


@pytest.mark.parametrize("text", ["", " ", "a<b", "a>b", "a\nb", "a\0b"])
def test_what_git_cannot_write_down_is_no_identity(text: str) -> None:
    with pytest.raises(ValueError, match="cannot stand in a commit"):
        Identity(name=text)
    with pytest.raises(ValueError, match="cannot stand in a commit"):
        Identity(email=text)
