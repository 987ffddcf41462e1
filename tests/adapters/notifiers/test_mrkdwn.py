"""Text from strangers says what it says, and pings nobody."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.notifiers import mrkdwn
from bot.domain.notice import Event, Link
from tests.kit.stores import notice


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("web 1.4.2 is live", "web 1.4.2 is live"),
        ("a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"),
        ("<!channel> <@U123>", "&lt;!channel&gt; &lt;@U123&gt;"),
        ("@everyone @Here @channel @alice", "@\u2060everyone @\u2060Here @\u2060channel @alice"),
        ("@channels mail@hereford.example", "@channels mail@hereford.example"),
        ("two\nlines\r\nand\ta tab", "two lines and a tab"),
        ("\x1b[31mred\x00", "[31mred"),
        ("abc\u202edef\u2066", "abcdef"),
        ("half \ud800 a character", "half a character"),
        ("ünï 🚢", "ünï 🚢"),
        ("", ""),
    ],
)
def test_text_is_taken_out_of_force(text: str, expected: str) -> None:
    assert mrkdwn.escape(text) == expected


def test_long_text_is_cut_and_says_so() -> None:
    shown = mrkdwn.escape("&" * 100_000)
    assert shown == "&amp;" * 2499 + "…"


@given(st.text(st.characters(), max_size=200))
def test_no_text_opens_markup(text: str) -> None:
    shown = mrkdwn.escape(text)
    assert "<" not in shown
    assert ">" not in shown
    assert shown.encode().decode() == shown
    assert len(shown.splitlines()) <= 1


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (Link("#1", "https://x.example/1"), "<https://x.example/1|#1>"),
        (
            Link("a|b>c", "https://x.example/?a=1&b=<2>|3"),
            "<https://x.example/?a=1&amp;b=%3C2%3E%7C3|a|b&gt;c>",
        ),
        (Link("here", "javascript:alert(1)"), "here"),
        (Link("here", "https://x.example/a b"), "here"),
        (Link("here", "https://x.example/a\nb"), "here"),
        (Link("here", "https://x.example/" + "a" * 2000), "here"),
        (Link("here", ""), "here"),
    ],
)
def test_a_link_leads_to_the_web_or_is_only_text(target: Link, expected: str) -> None:
    assert mrkdwn.link(target) == expected


@pytest.mark.parametrize("event", Event)
def test_every_kind_of_notice_has_a_sign_of_its_own(event: Event) -> None:
    line = mrkdwn.line(replace(notice("a", text="text"), event=event, link=None))
    others = [mrkdwn.line(replace(notice("a", text="text"), event=other, link=None)) for other in Event]
    assert line.endswith(": text")
    assert others.count(line) == 1


def test_a_line_ends_with_its_link() -> None:
    line = mrkdwn.line(notice("a", text="pull request opened"))
    assert line == ":sparkles: pull request opened <https://git.example.com/acme/infra/pulls/1|#1>"
