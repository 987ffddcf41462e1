"""Key paths: what may be written, and what each means."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.edit.keypath import Index, Key, KeyPath, Match, Step


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("tag", (Key("tag"),)),
        ("image.tag", (Key("image"), Key("tag"))),
        ("containers[0].image", (Key("containers"), Index(0), Key("image"))),
        ("[2][0]", (Index(2), Index(0))),
        ("[name=web].tag", (Match("name", "web"), Key("tag"))),
        (
            "applications[name=homepage].image.tag",
            (Key("applications"), Match("name", "homepage"), Key("image"), Key("tag")),
        ),
        ("apps[image=ghcr.io/a/b:1=2].x", (Key("apps"), Match("image", "ghcr.io/a/b:1=2"), Key("x"))),
        ('apps["a.b"="c]"]', (Key("apps"), Match("a.b", "c]"))),
        ('"app.kubernetes.io/name".x', (Key("app.kubernetes.io/name"), Key("x"))),
        (r"app\.kubernetes\.io/name.x", (Key("app.kubernetes.io/name"), Key("x"))),
        (r'"say \"hi\" \\".x', (Key('say "hi" \\'), Key("x"))),
        ('""', (Key(""),)),
        ("a" * 1_000, (Key("a" * 1_000),)),
        ("80.tag", (Key("80"), Key("tag"))),
        ("bildgröße.étage 2", (Key("bildgröße"), Key("étage 2"))),
    ],
)
def test_a_key_path_says_its_steps(text: str, steps: tuple[Step, ...]) -> None:
    path = KeyPath.parse(text)
    assert path.steps == steps
    assert KeyPath.parse(str(path)) == path


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "expected a key at character 1, but the text ends there"),
        (".image", "expected a key at character 1, but found '.'"),
        ("image.", "expected a key at character 7, but the text ends there"),
        ("a..b", "expected a key at character 3, but found '.'"),
        ("a.[0]", "expected a key at character 3, but found '['"),
        ("a[0", "expected an index such as 0, or field=value, at character 4, but the text ends there"),
        ("a[-1]", "expected an index such as 0, or field=value, at character 5, but found ']'"),
        ("a[*]", "expected an index such as 0, or field=value, at character 4, but found ']'"),
        ("a[name]", "expected an index such as 0, or field=value, at character 7, but found ']'"),
        ("a[name=]", "expected a value at character 8, but found ']'"),
        ("a[name=b", "expected ] at character 9, but the text ends there"),
        ("a]", "expected a dot or [ at character 2, but found ']'"),
        ("a=b", "expected a dot or [ at character 2, but found '='"),
        ('"a', "expected a key at character 1, but found '\"'"),
        ('"a"b', "expected a dot or [ at character 4, but found 'b'"),
        ("a\\", "expected a dot or [ at character 2"),
        ("a" * 1_001, "1001 characters is too long"),
    ],
)
def test_a_bad_key_path_is_refused_with_the_position(text: str, says: str) -> None:
    with pytest.raises(ValueError) as caught:
        KeyPath.parse(text)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        ((Key("a"), Index(1), Key("b")), "a[1].b"),
        ((Index(0), Match("name", "web")), "[0][name=web]"),
        ((Key("a.b"), Key('c"')), '"a.b"."c\\""'),
    ],
)
def test_a_key_path_is_shown_as_people_write_it(steps: tuple[Step, ...], text: str) -> None:
    assert str(KeyPath(steps)) == text


_WORDS = st.text(alphabet='ab0.[]"\\= \té/', max_size=8)
_STEPS = st.one_of(
    st.builds(Key, _WORDS),
    st.builds(Index, st.integers(0, 999_999_999)),
    st.builds(Match, _WORDS, _WORDS),
)


@settings(deadline=None)
@given(st.lists(_STEPS, min_size=1, max_size=5))
def test_every_key_path_survives_being_written_and_read(steps: list[Step]) -> None:
    path = KeyPath(tuple(steps))
    assert KeyPath.parse(str(path)) == path


@settings(deadline=None)
@given(st.text() | _WORDS)
def test_any_text_is_a_key_path_or_a_value_error(text: str) -> None:
    try:
        path = KeyPath.parse(text)
    except ValueError:
        return
    assert KeyPath.parse(str(path)) == path
