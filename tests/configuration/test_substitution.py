"""Values from outside the file: variables, defaults, secret files, and what goes wrong with them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.configuration.substitution import LARGEST_FILE, Unresolved, is_substituted, substitute

ENVIRON = {"NAME": "value", "EMPTY": "", "NESTED": "${NAME}", "_x9": "low"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("${NAME}", "value"),
        ("a ${NAME} and ${_x9}", "a value and low"),
        ("${NAME:-other}", "value"),
        ("${UNSET:-other}", "other"),
        ("${EMPTY:-other}", "other"),
        ("${UNSET:-}", ""),
        ("${UNSET:-redis://h:6379/0}", "redis://h:6379/0"),
        ("${NESTED}", "${NAME}"),
        ("$${NAME}", "${NAME}"),
        ("$NAME costs $5", "$NAME costs $5"),
        ("regexp:^v[0-9]+$", "regexp:^v[0-9]+$"),
        ("${file:secret}", "from a file"),
        ("<${file:two-lines}>", "<one\ntwo>"),
        ("${file:windows}", "crlf"),
    ],
)
def test_places_are_filled(text: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from a file\n")
    (tmp_path / "two-lines").write_text("one\ntwo\n")
    (tmp_path / "windows").write_bytes(b"crlf\r\n")
    assert substitute(text, environ=ENVIRON, base=tmp_path) == expected


def test_an_absolute_file_is_read_through_links_as_kubernetes_makes_them(tmp_path: Path) -> None:
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data" / "token").write_text("linked")
    (tmp_path / "token").symlink_to("..data/token")
    assert substitute(f"${{file:{tmp_path}/token}}", environ={}, base=Path("/")) == "linked"


@pytest.mark.parametrize(
    ("text", "what", "fix"),
    [
        ("${UNSET}", "the environment variable UNSET is not set", "${UNSET:-default}"),
        ("${EMPTY}", "the environment variable EMPTY is empty", "${EMPTY:-default}"),
        ("${}", "cannot be understood", "$${"),
        ("${a-b}", "cannot be understood", "${NAME}"),
        ("${NAME", "cannot be understood", "$${"),
        ("${file:}", "names no file", "${file:/run/secrets/name}"),
        ("${file:gone}", "there is no file 'gone'", "correct the path"),
        ("${file:.}", "there is no file '.'", "correct the path"),
        ("${file:pipe}", "there is no file 'pipe'", "correct the path"),
        ("${file:a\0b}", "there is no file 'a\\x00b'", "correct the path"),
        (f"${{file:{'x' * 300}}}", "cannot be read: File name too long", "read it"),
        (f"${{file:{'x' * 5000}}}", "names no file", "${file:/run/secrets/name}"),
        ("${file:binary}", "'binary' is not UTF-8 text", "UTF-8"),
        ("${file:large}", "'large' is larger than 65536 bytes", "smaller"),
    ],
)
def test_a_place_that_cannot_be_filled_says_why_and_how(
    text: str, what: str, fix: str, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "binary").write_bytes(b"CANARY \xff\n")
    (tmp_path / "large").write_text("é" * (LARGEST_FILE // 2) + "CANARY")
    with pytest.raises(Unresolved) as caught:
        substitute(text, environ=ENVIRON, base=tmp_path)
    assert what in caught.value.what
    assert fix in caught.value.fix
    assert "CANARY" not in caught.value.what + caught.value.fix


def test_a_file_of_just_the_largest_size_is_read(tmp_path: Path) -> None:
    (tmp_path / "full").write_text("x" * LARGEST_FILE)
    assert len(substitute("${file:full}", environ={}, base=tmp_path)) == LARGEST_FILE


@pytest.mark.parametrize(
    ("text", "expected"), [("${A}", True), ("x${A:-b}", True), ("${", True), ("$${A}", False), ("$A", False)]
)
def test_it_is_known_what_comes_from_outside(text: str, expected: bool) -> None:
    assert is_substituted(text) is expected


@given(st.text())
def test_text_without_a_place_is_left_alone(text: str) -> None:
    if not is_substituted(text):
        assert substitute(text, environ={}, base=Path()) == text.replace("$${", "${")
