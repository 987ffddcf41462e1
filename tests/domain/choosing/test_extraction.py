"""Values are taken out of tags by Flux's patterns and Go's templates, and mistakes are found at load."""

from __future__ import annotations

import pytest

from bot.domain.choosing.extraction import Extraction

MAIN = r"^main-[0-9a-f]+-(?P<time>[0-9]+)(-rc)?$"


@pytest.mark.parametrize(
    ("pattern", "extract", "tag", "value"),
    [
        pytest.param("", "", "1.0", "1.0", id="nothing"),
        pytest.param("^v", "", "v1", "v1", id="a pattern alone keeps the tag"),
        pytest.param("v", "", "dev1", "dev1", id="found anywhere"),
        pytest.param("^v", "", "1", None, id="not found"),
        pytest.param(MAIN, "$time", "main-a1-17", "17", id="a name"),
        pytest.param(MAIN, "${time}", "main-a1-17", "17", id="a name in braces"),
        pytest.param(MAIN, "$1", "main-a1-17", "17", id="a number"),
        pytest.param(MAIN, "$0", "main-a1-17", "main-a1-17", id="all that was found"),
        pytest.param(MAIN, "$time$2", "main-a1-17", "17", id="a group that took no part"),
        pytest.param(MAIN, "${1}x$$", "main-a1-17", "17x$", id="text and a dollar"),
        pytest.param("^(?P<x>a)(?P<x1>b)", "$x1", "ab", "b", id="the longest name, as in Go"),
        pytest.param("^v?(.*?)-(.*)$", "$2.$1", "v1-7", "7.1", id="in another order"),
        pytest.param("(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)", "$10", "abcdefghij", "j", id="two digits"),
        pytest.param("(.*)", "$1" * 100, "a" * 100, None, id="an endless value"),
    ],
)
def test_a_value_is_what_the_template_makes_of_a_tag(
    pattern: str, extract: str, tag: str, value: str | None
) -> None:
    found = Extraction(pattern=pattern, extract=extract)
    assert found.value(tag) == value
    assert bool(found.refusal(tag)) == (value is None)


@pytest.mark.parametrize(
    ("pattern", "extract", "message"),
    [
        pytest.param("", "$1", r"extract '\$1' has no pattern to take from", id="no pattern"),
        pytest.param("(", "", r"'\(' does not compile", id="pattern"),
        pytest.param("(?=a)", "", "RE2 has no lookaround", id="lookaround"),
        pytest.param(
            "^v", "$1", "names the group '1', .*put \\( \\) around what is to be taken", id="no group"
        ),
        pytest.param("^(v)(.*)", "$3", r"names the group '3', .*it has \$1, \$2", id="too high a number"),
        pytest.param("^(?P<a>v)", "$b", r"names the group 'b', .*it has \$1, \$a", id="another name"),
        pytest.param("^(v)", "$1x", r"names the group '1x'.*", id="the longest name"),
        pytest.param("^(v)", "$01", r"names the group '01'", id="a leading zero"),
        pytest.param("^(v)", "$", r"has a \$ before no group \(write \$1", id="a bare dollar"),
        pytest.param("^(v)", "${1", r"has a \$ before no group", id="half a brace"),
        pytest.param("^(v)", "$1\n", "cannot be printed", id="a line break"),
        pytest.param("a" * 1025, "", "longer than 1024", id="too long a pattern"),
        pytest.param("(a)", "$1" * 600, "longer than 1024", id="too long a template"),
    ],
)
def test_a_mistake_is_found_at_load(pattern: str, extract: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Extraction(pattern=pattern, extract=extract)


def test_a_pattern_that_others_try_in_ever_more_ways_ends() -> None:
    found = Extraction(pattern="^(a+)+$", extract="$1")  # twice as many ways with each character: 2 ** 120
    assert [found.value("a" * 120 + end) for end in "!-_."] == [None] * 4
