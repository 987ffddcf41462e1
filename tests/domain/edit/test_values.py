"""What the files under `cases/` do not show: limits of a text, and files that are read once."""

from __future__ import annotations

import pytest

from bot.domain.edit.keypath import KeyPath
from bot.domain.edit.values import Values
from bot.domain.errors import NotFound, Refused
from tests.domain.edit.yaml_values import read_value, set_values

_TAG = KeyPath.parse("image.tag")


def test_a_text_of_a_thousand_characters_is_written_and_no_longer_one() -> None:
    content = b"image:\n  tag: a\n"
    assert read_value(set_values(content, [(_TAG, "v" * 1_000)]), _TAG) == "v" * 1_000
    with pytest.raises(Refused, match="longer than 1,000 characters"):
        set_values(content, [(_TAG, "v" * 1_001)])


@pytest.mark.parametrize("null", ["", "~", "null", "Null", "NULL"])
def test_a_null_is_an_empty_text(null: str) -> None:
    assert read_value(f"image:\n  tag: {null}\n".encode(), _TAG) == ""


@pytest.mark.parametrize(
    "content", [b"", b"image:\n", b"image: {x: 1}\n", b"image: a\n", b"- image\n", b"---\n---\n"]
)
def test_an_absent_key_is_none_or_not_found_by_who_needs_it(content: bytes) -> None:
    values = Values.parse(content)
    assert values.get(_TAG) is None
    with pytest.raises(NotFound, match=r"`image\.tag` is not in the file"):
        values.need(_TAG)


def test_nothing_to_do_gives_the_very_same_bytes() -> None:
    content = b"image:\n  tag: 'a'\n"
    assert set_values(content, []) is content
    assert set_values(content, [(_TAG, "a"), (_TAG, "a")]) is content


def test_one_place_may_be_named_twice_with_one_text() -> None:
    twice = [(_TAG, "b"), (KeyPath.parse('"image"."tag"'), "b")]
    assert set_values(b"image:\n  tag: 'a'\n", twice) == b"image:\n  tag: 'b'\n"
