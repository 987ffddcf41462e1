"""Patterns: what the one group matches changes, once or everywhere, in time linear in the file."""

from __future__ import annotations

import pytest

from bot.domain.edit import pattern
from bot.domain.edit.pattern import check_expression
from bot.domain.errors import Malformed, NotFound, Permanent, Refused
from bot.domain.image import ImageRef, parse_image_name
from bot.domain.place import Pattern
from tests.domain.edit.text_kinds import NEW, OLD, WEB, read, written


@pytest.mark.parametrize(
    ("place", "before", "after"),
    [
        (Pattern('version = "(.*)"'), 'é version = "1.4"\n', 'é version = "1.10"\n'),
        (Pattern("^version = (.*)$"), "version = 1.4\r\nx\r\n", "version = 1.10\r\nx\r\n"),
        (Pattern("^V=(.*)$"), "AV=1.3\nV=1.4", "AV=1.3\nV=1.10"),
        (Pattern("^V=(?P<tag>[^ ]*)"), "V=1.4 # V=2", "V=1.10 # V=2"),
        (Pattern("(?s)V.*?=(\\S+)"), "V\n\n=1.4", "V\n\n=1.10"),
        (Pattern("(?i)^v=(.*)$"), "V=1.4", "V=1.10"),
        (Pattern("^V=(.*)$"), "\ufeffV=\n", "\ufeffV=1.10\n"),
        (Pattern("^V=(.*)$", every=True), "V=1.4\n\nV=1.4\n", "V=1.10\n\nV=1.10\n"),
        (Pattern("@(sha256:\\w+)", part="digest"), f"web@{OLD}\n", f"web@{NEW}\n"),
        (
            Pattern("image (\\S+)", part="reference"),
            "image ghcr.io/acme/web:1",
            "image ghcr.io/acme/web:1.10",
        ),
        (Pattern("tag (\\S+)"), f"tag 1.4@{OLD}", f"tag 1.10@{NEW}"),
        (Pattern("^V=(.*)$"), "V='1.4'\n", "V='1.10'\n"),
        (Pattern("tag: (.*)"), "tag: 1.4\n", "tag: 1.10\n"),
        (Pattern("tag: (.*)", is_yaml=True), "tag: v1\n", 'tag: "1.10"\n'),
        (Pattern("tag: (\\S+)", is_yaml=True), "- tag: v1 # c\n", '- tag: "1.10" # c\n'),
        (Pattern("tag: ([^,]*)", is_yaml=True), "a: {tag: v1, b: 2}\n", 'a: {tag: "1.10", b: 2}\n'),
        (Pattern("tag - (.*)", is_yaml=True), "a: tag - v1\n", "a: tag - 1.10\n"),
        (Pattern("- (.*)", is_yaml=True), "a:\n  - v1\n", 'a:\n  - "1.10"\n'),
        (Pattern("web:(.*)", is_yaml=True), "image: acme/web:v1\n", "image: acme/web:1.10\n"),
        (Pattern("tag: '(.*)'", is_yaml=True), "tag: 'v1'\n", "tag: '1.10'\n"),
    ],
)
def test_what_the_group_matches_changes_alone(place: Pattern, before: str, after: str) -> None:
    assert written(place, before) == after


def test_a_name_changes_where_the_image_has_another() -> None:
    other = ImageRef(parse_image_name("quay.io/acme/web"), "1")
    place = Pattern("name (\\S+)", part="name")
    assert read(place, "name ghcr.io/acme/web") == ImageRef(WEB)
    content = "name ghcr.io/acme/web\n"
    assert pattern.write(content.encode(), place, other, pin_digest=False) == b"name quay.io/acme/web\n"


@pytest.mark.parametrize(
    ("place", "content", "error", "says"),
    [
        (Pattern("V=(.*)"), "W=1", NotFound, "`V=(.*)` matches nothing in the file"),
        (Pattern("V=(.*)"), "x\nV=1\r\nV=1", Refused, "it matches 2 times (lines 2, 3)"),
        (
            Pattern("V=(.*)", every=True),
            "V=1\nV=2",
            Malformed,
            "line 2 contradicts line 1: it says 2, the other one 1",
        ),
        (Pattern("V=(.*)"), "V=a b", Malformed, "line 1 says 'a b'"),
        (Pattern("a(\\d)?b"), "ab", Refused, "takes no part in a match"),
        (Pattern("\\x{e9}|(\\C)\\z"), "x☕", Refused, "parts a character"),
        (Pattern("(x)", every=True), "x" * 1_001, Refused, "matches too often"),
        (Pattern("(x"), "x", Refused, "the target cannot be read: '(x' does not compile"),
        (Pattern("a)(b"), "ab", Refused, "the target cannot be read"),
    ],
)
def test_what_is_not_one_value_is_refused_with_its_lines(
    place: Pattern, content: str, error: type[Permanent], says: str
) -> None:
    for act in (lambda: read(place, content), lambda: written(place, content)):
        with pytest.raises(error) as caught:
            act()
        assert says in str(caught.value)


def test_an_expression_that_would_not_find_its_own_edit_is_refused() -> None:
    for expression in ("V=(1\\.4)", "V=(\\d\\.\\d)"):
        with pytest.raises(Refused, match=r"does not match the whole of 1\.10.*let the group match"):
            written(Pattern(expression), "V=1.4")


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("a", "has no group"),
        ("(a)(b)", "has 2 groups"),
        ("(a", "does not compile"),
        ("(a)\\", "does not compile"),
        ("(?=a)(b)", "does not compile"),
        ("x" * 1_025, "longer than 1024 characters"),
    ],
)
def test_an_expression_needs_exactly_one_group(expression: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        check_expression(expression)


@pytest.mark.parametrize("expression", ["(a)", "(?:x|y)(?P<n>a)", "^version: (.*)$"])
def test_an_expression_with_one_group_is_taken(expression: str) -> None:
    assert check_expression(expression) == expression


def test_an_expression_that_explodes_elsewhere_is_read_in_no_time() -> None:
    with pytest.raises(NotFound):
        read(Pattern("^((?:a+)+)$"), "a" * 100_000 + "!")


def test_a_plain_value_that_yaml_would_take_for_a_number_is_refused_where_quotes_do_not_match() -> None:
    place = Pattern("tag: ([a-z0-9.]+)", is_yaml=True)
    assert written(place, "tag: v1\n", ImageRef(WEB, "v1.10")) == "tag: v1.10\n"
    with pytest.raises(Refused, match=r"for YAML 1\.10 without quotes is no text"):
        written(place, "tag: v1\n")
