"""What is missing in TOML files is added where their own tables are, and nothing else changes."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.edit.keypath import KeyPath
from bot.domain.edit.text import decoded
from bot.domain.edit.toml_file import set_values
from bot.domain.edit.toml_scan import scan
from bot.domain.errors import NotFound, Permanent, Refused, TagboatError
from bot.domain.place import TomlPaths
from tests.domain.edit.text_kinds import NEW, written

_TAG = TomlPaths(tag="image.tag", creates=True)
_BOTH = TomlPaths(tag="image.tag", digest="image.digest", creates=True)
_APP = TomlPaths(tag="apps[name=web].tag", creates=True)
_DEEP = TomlPaths(tag="apps[name=web].image.tag", creates=True)
_TOP = TomlPaths(tag="tag", creates=True)


@pytest.mark.parametrize(
    ("place", "before", "after"),
    [
        pytest.param(_TAG, "", '[image]\ntag = "1.10"\n', id="new file"),
        pytest.param(_TAG, "# c\n", '# c\n\n[image]\ntag = "1.10"\n', id="only a comment"),
        pytest.param(_TAG, "a = 1", 'a = 1\n\n[image]\ntag = "1.10"', id="new table, no line end"),
        pytest.param(
            _TAG, "[image] # c\n\n[b]\nx = 1\n", '[image] # c\ntag = "1.10"\n\n[b]\nx = 1\n', id="empty table"
        ),
        pytest.param(
            _TAG,
            '  [image]\r\n  repository = "x" # c\r\n# d\r\n[b]\r\n',
            '  [image]\r\n  repository = "x" # c\r\n  tag = "1.10"\r\n# d\r\n[b]\r\n',
            id="behind the last one",
        ),
        pytest.param(
            _TAG,
            '[image]\nx = """\n[y]\n"""\n[image.z]\n',
            '[image]\nx = """\n[y]\n"""\ntag = "1.10"\n[image.z]\n',
            id="behind a text of lines",
        ),
        pytest.param(
            _TAG,
            'image . "x y" = "x"\nb = 1\n',
            'image . "x y" = "x"\nimage .tag = "1.10"\nb = 1\n',
            id="dotted keys",
        ),
        pytest.param(_TAG, "b.c = 1\n", 'b.c = 1\nimage.tag = "1.10"\n', id="a file of dotted keys"),
        pytest.param(
            TomlPaths(tag="spec.image.tag", creates=True),
            '[spec]\nimage.repository = "y"\nx = 1\n\n[spec.other]\n',
            '[spec]\nimage.repository = "y"\nimage.tag = "1.10"\nx = 1\n\n[spec.other]\n',
            id="dotted keys in a table",
        ),
        pytest.param(
            _TAG,
            'image = { repository = "x" } # c\n',
            'image = { repository = "x", tag = "1.10" } # c\n',
            id="inline table",
        ),
        pytest.param(_TAG, "image = {}\n", 'image = {tag = "1.10"}\n', id="empty inline table"),
        pytest.param(
            _TAG,
            "[image.sub]\nx = 1\n\n[z]\n",
            '[image.sub]\nx = 1\n\n[image]\ntag = "1.10"\n\n[z]\n',
            id="a table that only tables in it made",
        ),
        pytest.param(
            _BOTH,
            "[b]\nx = 1\n\n[image]\n\n[c]\n",
            f'[b]\nx = 1\n\n[image]\ntag = "1.10"\ndigest = "{NEW}"\n\n[c]\n',
            id="two keys",
        ),
        pytest.param(
            _APP,
            '[[apps]]\nname = "b"\n[apps.sub]\nx=1\n\n[z]\n',
            '[[apps]]\nname = "b"\n[apps.sub]\nx=1\n\n[[apps]]\nname = "web"\ntag = "1.10"\n\n[z]\n',
            id="one more table of a list",
        ),
        pytest.param(
            _DEEP,
            '[[apps]]\nname = "web"\n\n[[apps]]\nname = "b"\n',
            '[[apps]]\nname = "web"\n\n[apps.image]\ntag = "1.10"\n\n[[apps]]\nname = "b"\n',
            id="in the table of a list that is meant",
        ),
        pytest.param(
            _DEEP, "x = 1\n", 'x = 1\n\n[[apps]]\nname = "web"\nimage.tag = "1.10"\n', id="first of a list"
        ),
        pytest.param(
            _APP,
            'apps = [\n  { name = "b" }, # c\n]\n',
            'apps = [\n  { name = "b" }, # c\n  { name = "web", tag = "1.10" },\n]\n',
            id="element with a comma behind it",
        ),
        pytest.param(
            _APP,
            'apps = [\n  { name = "b" } # c\n]\n',
            'apps = [\n  { name = "b" }, # c\n  { name = "web", tag = "1.10" }\n]\n',
            id="element without",
        ),
        pytest.param(
            _TOP,
            "# license\n\n# of b\n[b]\nx = 1\n",
            '# license\n\ntag = "1.10"\n\n# of b\n[b]\nx = 1\n',
            id="first key at the top",
        ),
        pytest.param(_TOP, "a = 1\n[b]\n", 'a = 1\ntag = "1.10"\n[b]\n', id="at the top"),
        pytest.param(
            TomlPaths(tag='"a.b".tag', creates=True),
            "[x]\n",
            '[x]\n\n["a.b"]\ntag = "1.10"\n',
            id="a name with a dot",
        ),
    ],
)
def test_what_is_missing_is_added_in_the_layout_of_the_file(
    place: TomlPaths, before: str, after: str
) -> None:
    assert written(place, before) == after


@pytest.mark.parametrize(
    ("place", "content", "error", "says"),
    [
        (TomlPaths(tag="image.tag"), "[image]\n", NotFound, "`image.tag` is not in the file"),
        (_TAG, "image = 3\n", Refused, "`image.tag` is not added: there is no room for a table"),
        (_APP, "[apps]\n", Refused, "there is no room for a list"),
        (TomlPaths(tag="apps[1].tag", creates=True), "[[apps]]\n", Refused, "not by a number"),
    ],
)
def test_what_has_no_sound_place_is_refused_with_a_reason(
    place: TomlPaths, content: str, error: type[Permanent], says: str
) -> None:
    with pytest.raises(error) as caught:
        written(place, content)
    assert says in str(caught.value)


_PIECES = st.sampled_from(
    [
        *("[a]\n", "[a.b]\n", "[[l]]\n", "[l.s]\n", "[[l.s]]\n", "a.b = 1\n", "b.x.y = 1 # c\n", "x = '1'\n"),
        *("a = {}\n", "l = [ ]\n", "l = [\n {n = '2'}\n]\n", "n = 'web'\n", "\n", "# c\n", "  s.t = 1\r\n"),
    ]
)


def _added(loaded: Any, keys: list[str]) -> Any:
    inner = loaded
    for key in keys[:-1]:
        inner = inner.setdefault(key, {})
    inner[keys[-1]] = "9.9"
    return loaded


@settings(deadline=None, max_examples=80)
@given(st.lists(_PIECES, max_size=7).map("".join), st.sampled_from(["x", "a.x", "a.b.x", "c.d.x", "b.x.z"]))
def test_parsed_the_file_differs_in_what_was_added_alone(source: str, path: str) -> None:
    try:
        tree = replace(scan(decoded(source.encode())), creates=True)
        after = set_values(tree, [(KeyPath.parse(path), "9.9")])
    except TagboatError as error:
        why = error.why
    else:
        assert tomllib.loads(after.decode()) == _added(tomllib.loads(source), path.split("."))
        return
    assert "after the edit" not in why
