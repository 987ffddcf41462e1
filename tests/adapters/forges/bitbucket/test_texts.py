"""Marks are hidden on Bitbucket, and read back as Tagboat wrote them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.forges.bitbucket.texts import fitting_body, fitting_title, hidden, shown
from bot.domain.pull_request.mark import Mark, marks

MARK = Mark("0123456789ab", "shop", "prod", "ba9876543210", "web 1.2.0, api 3", ("1.0", "1.1"))


def test_a_mark_is_a_link_that_nothing_refers_to() -> None:
    text = hidden(f"Moves it.\n\n{MARK.text}")
    assert "<!--" not in text
    assert text.splitlines()[-1].startswith("[//]: # (tagboat release=0123456789ab")
    assert marks(shown(text)) == (MARK,)


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r"), max_size=60))
def test_whatever_is_written_comes_back(words: str) -> None:
    text = f"{words}\n{MARK.text}\n{words}"
    assert shown(hidden(text)) == text


def test_line_ends_of_a_browser_hide_no_mark() -> None:
    assert marks(shown(hidden(f"Edited.\n\n{MARK.text}\n").replace("\n", "\r\n"))) == (MARK,)


def test_long_texts_are_cut_and_both_ends_kept() -> None:
    assert len(fitting_title("t" * 300)) == 255
    body = fitting_body(f"begin {'x' * 80_000} end")
    assert (len(body), body[:5], body[-3:]) == (32_000, "begin", "end")
