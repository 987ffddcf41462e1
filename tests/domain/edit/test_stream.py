"""The events of a YAML file: their places in bytes, and the limits."""

from __future__ import annotations

import pytest

from bot.domain.edit import stream
from bot.domain.edit.keypath import KeyPath
from bot.domain.edit.stream import parse
from bot.domain.edit.text import LARGEST_FILE
from bot.domain.errors import Malformed, Refused
from tests.domain.edit.yaml_values import read_value, set_values

_TAG = KeyPath.parse("image.tag")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"image: {tag: a}\n#" + b"x" * LARGEST_FILE, "too large"),
        (b"x: " + b"[" * 100 + b"]" * 100, "too deep"),
        (b"\xff\xfea\x00:\x00 \x001\x00", "UTF-16"),
        (b"\xfe\xff\x00a\x00:\x00 \x001", "UTF-16"),
    ],
    ids=["10 MB", "100 levels", "UTF-16 little endian", "UTF-16 big endian"],
)
def test_a_file_beyond_every_values_file_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(Refused) as caught:
        parse(content)
    assert says in str(caught.value)


def test_a_file_of_too_many_nodes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_MOST_NODES", 100)
    assert len(parse(b"- a\n" * 96).nodes) == 100
    with pytest.raises(Refused, match="too many values"):
        parse(b"- a\n" * 97)


def test_a_file_at_the_limits_is_read() -> None:
    content = b"x: " + b"[" * 98 + b"]" * 98 + b"\nimage: {tag: a}\n"
    padding = b"#" + b"x" * (LARGEST_FILE - len(content) - 1)
    assert read_value(content + padding, _TAG) == "a"


def test_aliases_are_never_followed_so_that_a_laughing_file_stays_small() -> None:
    laughs = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    laughs += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 60)]
    content = ("\n".join([*laughs, "image: {tag: 1.4.1}"]) + "\n").encode()
    assert set_values(content, [(_TAG, "1.4.2")]) == content.replace(b"1.4.1", b"1.4.2")


def test_merge_keys_in_a_circle_end() -> None:
    content = b"a: &a\n  x: 1\n  <<: &b\n    <<: [*a, *b]\nimage: &i\n  <<: [*a, *i]\n  y: 1\n"
    assert read_value(content, _TAG) is None


def test_two_byte_order_marks_are_no_text() -> None:
    with pytest.raises(Malformed, match="two byte order marks"):
        parse("\ufeff\ufeffimage: {tag: a}".encode())


def test_anchors_end_with_their_document() -> None:
    with pytest.raises(Malformed, match=r"\*a refers to an anchor that is not defined"):
        parse(b"x: &a 1\n---\ny: *a\n")


def test_one_line_of_twenty_thousand_changes() -> None:
    blocks = [f"app{n}:\r\n  # c{n}\t\r\n  tag: '1.{n}'\r\n  größe: {n}\r\n" for n in range(5_000)]
    content = "".join(blocks).encode()
    after = set_values(content, [(KeyPath.parse("app4321.tag"), "2.0")])
    assert after == content.replace(b"'1.4321'", b"'2.0'")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_lines_are_counted_whatever_ends_them(end: str) -> None:
    stream = parse(end.join(["a: 1", "b:", "  - c", "d: 2"]).encode())
    assert [stream.line(index) for index, node in enumerate(stream.nodes) if node.value in {"c", "2"}] == [
        3,
        4,
    ]
