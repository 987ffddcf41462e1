"""WWW-Authenticate is read as the RFC says, and junk in it does no harm."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.registries.challenge import Challenge, parse_challenges


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param(
            [
                'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"'
            ],
            [
                Challenge(
                    "bearer",
                    {
                        "realm": "https://auth.docker.io/token",
                        "service": "registry.docker.io",
                        "scope": "repository:a/b:pull,push",
                    },
                )
            ],
            id="Docker Hub",
        ),
        pytest.param(["Basic realm=x"], [Challenge("basic", {"realm": "x"})], id="no quotes"),
        pytest.param(['BASIC REALM = "x"'], [Challenge("basic", {"realm": "x"})], id="spaces and capitals"),
        pytest.param(["Negotiate"], [Challenge("negotiate")], id="no parameters"),
        pytest.param(
            ['Negotiate, Basic realm="a, b", Bearer realm="c"'],
            [
                Challenge("negotiate"),
                Challenge("basic", {"realm": "a, b"}),
                Challenge("bearer", {"realm": "c"}),
            ],
            id="several in one header",
        ),
        pytest.param(
            ['Bearer realm="c"', 'Basic realm="d"'],
            [Challenge("bearer", {"realm": "c"}), Challenge("basic", {"realm": "d"})],
            id="several headers",
        ),
        pytest.param(
            [r'Basic realm="a \"b\" \\"'], [Challenge("basic", {"realm": 'a "b" \\'})], id="escapes"
        ),
        pytest.param(
            ['Basic realm="a",realm="b"'], [Challenge("basic", {"realm": "a"})], id="the first counts"
        ),
        pytest.param(['realm="a"'], [], id="no scheme"),
        pytest.param([""], [], id="empty"),
        pytest.param([], [], id="none"),
        pytest.param(['Basic realm="open'], [Challenge("basic")], id="an open quote"),
    ],
)
def test_challenges_are_read(headers: Sequence[str], expected: Sequence[Challenge]) -> None:
    assert parse_challenges(headers) == expected


@given(st.lists(st.text(max_size=300), max_size=3))
def test_any_text_is_read_without_an_error(headers: Sequence[str]) -> None:
    for challenge in parse_challenges(headers):
        assert challenge.scheme == challenge.scheme.lower()


_PARAMETER = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
_VALUE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)


@given(st.dictionaries(_PARAMETER, _VALUE, min_size=1, max_size=5))
def test_what_is_quoted_by_the_rules_is_read_back(parameters: dict[str, str]) -> None:
    quoted = {name: value.replace("\\", "\\\\").replace('"', '\\"') for name, value in parameters.items()}
    header = "Bearer " + ", ".join(f'{name}="{value}"' for name, value in quoted.items())
    assert parse_challenges([header]) == [Challenge("bearer", parameters)]


def test_a_hostile_header_takes_no_time() -> None:
    """Repeated blanks and open quotes are what makes careless patterns slow."""
    headers = [
        'Bearer realm="' + "\\" * 100_000,
        "Bearer" + " " * 100_000 + "=",
        "a " * 50_000,
        'a="' * 50_000,
    ]
    assert len(parse_challenges(headers)) < 10_000
