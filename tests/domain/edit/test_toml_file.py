"""TOML files: tables, dotted keys and all strings; one value changes, and Python reads the same elsewhere."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.edit.keypath import KeyPath
from bot.domain.edit.text import decoded
from bot.domain.edit.toml_file import set_values
from bot.domain.edit.toml_scan import scan
from bot.domain.errors import Malformed, NotFound, Permanent, Refused, TagboatError
from bot.domain.place import TomlPaths
from tests.domain.edit.text_kinds import NEW, OLD, read, written

_TAG = TomlPaths(tag="image.tag")
_FILE = f"""\
# é [not.a.table]
title = "x"   # tag = "1"

[image]
tag = '1.4' # why
"dig.est" = "{OLD}"
ml = \"""
1.4\"""

[[apps]]
name = "api"
image.tag = "1.4"
[[apps]]
name = 'web'
image = {{ tag = "1.4", 'x y' = [ 1, "1.4", # why
  1979-05-27 07:32:00, [true, "1.4"] ] }}
[apps.sub]
number = 12
float = 1.9
"""


@pytest.mark.parametrize(
    ("key", "before", "after"),
    [
        ("image.tag", "tag = '1.4'", "tag = '1.10'"),
        ("image.ml", '1.4"""', '1.10"""'),
        ("apps[0].image.tag", 'image.tag = "1.4"', 'image.tag = "1.10"'),
        ("apps[name=web].image.tag", '{ tag = "1.4"', '{ tag = "1.10"'),
        ('apps[name=web].image."x y"[1]', '[ 1, "1.4"', '[ 1, "1.10"'),
        ('apps[name=web].image."x y"[3][1]', '[true, "1.4"]', '[true, "1.10"]'),
        ("apps[1].sub.float", "float = 1.9", 'float = "1.10"'),
        ("apps[1].sub.number", "number = 12", 'number = "1.10"'),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("start", ["", "\ufeff"], ids=["", "byte order mark"])
def test_one_value_changes_and_every_other_byte_stays(
    key: str, before: str, after: str, end: str, start: str
) -> None:
    content = start + _FILE.replace("\n", end)
    before, after = before.replace("\n", end), after.replace("\n", end)
    assert content.count(before) == 1
    assert written(TomlPaths(tag=key), content) == content.replace(before, after)


@pytest.mark.parametrize(
    ("value", "after"),
    [
        ('"1"', '"1.10"'),
        ("'1'", "'1.10'"),
        ('"""1"""', '"""1.10"""'),
        ("'''1'''", "'''1.10'''"),
        ("'''\n1'''", "'''\n1.10'''"),
        ('"""\\\n  1"""', '"""1.10"""'),
        ('""', '"1.10"'),
        ('"\\u0031"', '"1.10"'),
        ("1_0", '"1.10"'),
        ("0x1f", '"1.10"'),
    ],
)
def test_every_style_of_string_is_kept(value: str, after: str) -> None:
    assert written(TomlPaths(tag="t"), f"t = {value} # c") == f"t = {after} # c"


def test_a_text_that_single_quotes_cannot_hold_goes_into_double_ones() -> None:
    tree = scan(decoded(b"a = 'x'\nb = '''x'''\n"))
    path = [KeyPath.parse("a"), KeyPath.parse("b")]
    assert set_values(tree, [(each, "it's") for each in path]) == b'a = "it\'s"\nb = "it\'s"\n'


def test_tag_and_digest_change_together() -> None:
    place = TomlPaths(tag="image.tag", digest='image."dig.est"')
    assert written(place, _FILE) == _FILE.replace("'1.4'", "'1.10'").replace(OLD, NEW)


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        ("image.tag = '1'\nimage.tag = '2'", Malformed, "line 2: the key 'tag' stands there twice"),
        ("[image]\ntag = '1'\n[image]\n", Malformed, "line 3: Cannot declare"),
        ("[image]\ntag = 1\n[[image]]\n", Malformed, "'image' is no list of tables"),
        ("image = 1\n[image.tag]\n", Malformed, "'image' is no table"),
        ("[image]\ntag", Malformed, "line 2: expected ="),
        ("[image]\ntag = ", Malformed, "line 2: expected a value"),
        ("[image]\ntag = '1' x", Malformed, "something follows the end of the value"),
        ("[image]\ntag = [1 2]", Malformed, "expected a comma or ]"),
        ("[image]\ntag = {a=1 b=2}", Malformed, "expected a comma or }"),
        ("[image]\ntag = 'a\nb'", Malformed, "line 2: expected a value"),
        ('[image]\ntag = "\\x"', Malformed, "line 2"),
        ("[image]\ntag = 01", Malformed, "line 2"),
        ("a = 1\rb = 2", Malformed, "line 1"),
        ("= 1", Malformed, "expected a key"),
        ("[image]\ntags = '1'", NotFound, "did you mean `image.tags`?"),
        ("", NotFound, "the file is empty"),
        ("[image]\ntag = true", Refused, "line 2 holds true, which is no text"),
        ("[image]\ntag = 2026-01-01", Refused, "line 2 holds 2026-01-01"),
        ("[image.tag]", Refused, "a table stands there"),
        ("[[image.tag]]", Refused, "a list stands there"),
        ("a = " + "[" * 200, Refused, "too deep"),
        (".".join("a" * 200) + " = 1", Refused, "too deep"),
    ],
)
def test_what_cannot_be_edited_is_refused_with_a_reason(
    content: str, error: type[Permanent], says: str
) -> None:
    for act in (lambda: read(_TAG, content), lambda: written(_TAG, content)):
        with pytest.raises(error) as caught:
            act()
        assert says in str(caught.value)


_PIECES = st.sampled_from(
    [
        *"ab.=[]{},#'\"\n\r\t 01-_:T\\u\ufeff",
        "[[a]]\n",
        "[a.b]\n",
        "a = ",
        "b.c = '1'\n",
        '"""',
        "'''",
        "1.5",
        "{x = '1'}",
    ]
)


def _strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return sorted(text for inner in value.values() for text in _strings(inner))
    if isinstance(value, list):
        return sorted(text for inner in value for text in _strings(inner))
    return [value] if isinstance(value, str) else []


@settings(deadline=None, max_examples=300)
@given(st.lists(_PIECES, max_size=25).map("".join))
def test_each_text_changes_alone_in_whatever_python_can_read(source: str) -> None:
    content = source.encode()
    try:
        tree = scan(decoded(content))
    except TagboatError as error:
        refused = str(error)
    else:
        loaded = tomllib.loads(source.removeprefix("\ufeff"))
        texts = [way for way, leaf in tree.leaves() if leaf.kind == "string"]
        assert sorted(leaf.text for _, leaf in tree.leaves() if leaf.kind == "string") == _strings(loaded)
        for way in texts:
            old = tree.leaf(KeyPath(way)).text
            after = set_values(tree, [(KeyPath(way), "9.9")])
            expected = sorted([*_strings(loaded), "9.9"])
            expected.remove(old)
            assert _strings(tomllib.loads(after.decode().removeprefix("\ufeff"))) == expected
        return
    assert refused.endswith(")")
