"""What is missing in JSON files is added in their own layout, and nothing else changes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.edit.json_file import set_values
from bot.domain.edit.json_scan import scan
from bot.domain.edit.keypath import Key, KeyPath
from bot.domain.edit.text import decoded
from bot.domain.errors import NotFound, Permanent, Refused
from bot.domain.image import ImageRef
from bot.domain.place import JsonPaths
from tests.domain.edit.text_kinds import NEW, WEB, read, written

_TAG = JsonPaths(tag="image.tag", creates=True)
_BOTH = JsonPaths(tag="image.tag", digest="image.digest", creates=True)
_APP = JsonPaths(tag="apps[name=web].tag", creates=True)
_NEW_FILE = '{\n  "image": {\n    "tag": "1.10"\n  }\n}'


@pytest.mark.parametrize(
    ("place", "before", "after"),
    [
        pytest.param(_TAG, "", f"{_NEW_FILE}\n", id="new file"),
        pytest.param(_TAG, "{}\n", f"{_NEW_FILE}\n", id="empty object"),
        pytest.param(_TAG, '{"a":1}', '{"a":1,"image":{"tag":"1.10"}}', id="short"),
        pytest.param(_TAG, '{"a": 1}', '{"a": 1, "image": {"tag": "1.10"}}', id="in one line"),
        pytest.param(_TAG, '{"image":null}', '{"image":{"tag":"1.10"}}', id="null gives way"),
        pytest.param(_TAG, '{"image": { }}', '{"image": { "tag": "1.10" }}', id="blanks in brackets"),
        pytest.param(
            _TAG,
            '{\n    "image": {\n        "repository": "x"\n    }\n}\n',
            '{\n    "image": {\n        "repository": "x",\n        "tag": "1.10"\n    }\n}\n',
            id="behind the last one",
        ),
        pytest.param(
            _TAG, '{\n\t"image": {}\n}', '{\n\t"image": {\n\t\t"tag": "1.10"\n\t}\n}', id="tabs, first one"
        ),
        pytest.param(
            _TAG,
            '\ufeff{\r\n  "a": 1 // why\r\n  // end\r\n}\r\n',
            '\ufeff{\r\n  "a": 1, // why\r\n  "image": {\r\n    "tag": "1.10"\r\n  }\r\n  // end\r\n}\r\n',
            id="comments, carriage returns, byte order mark",
        ),
        pytest.param(
            _TAG,
            '{\n  "image": { // none\n  }\n}\n',
            '{\n  "image": { // none\n    "tag": "1.10"\n  }\n}\n',
            id="behind a comment",
        ),
        pytest.param(
            _TAG,
            '{\n  "a": 1 }\n',
            '{\n  "a": 1, "image": {"tag": "1.10"} }\n',
            id="bracket in the last line",
        ),
        pytest.param(
            _BOTH,
            '{\n  "a": [\n    1\n  ]\n}',
            f'{{\n  "a": [\n    1\n  ],\n  "image": {{\n    "tag": "1.10",\n    "digest": "{NEW}"\n  }}\n}}',
            id="two keys in one new object",
        ),
        pytest.param(
            _BOTH, '{"image":{"tag":"1"}}', f'{{"image":{{"tag":"1.10","digest":"{NEW}"}}}}', id="one of two"
        ),
        pytest.param(
            _APP,
            '{\n  "apps": [\n    {\n      "name": "b"\n    }\n  ]\n}',
            '{\n  "apps": [\n    {\n      "name": "b"\n    },\n    {\n      "name": "web",\n'
            '      "tag": "1.10"\n    }\n  ]\n}',
            id="element",
        ),
        pytest.param(
            _APP,
            '{\n  "apps": [ {"name": "b"} ]\n}',
            '{\n  "apps": [ {"name": "b"}, {"name": "web", "tag": "1.10"} ]\n}',
            id="element in a line",
        ),
        pytest.param(
            _APP,
            '{"apps":[{"name":"web"}]}',
            '{"apps":[{"name":"web","tag":"1.10"}]}',
            id="element that is there",
        ),
    ],
)
def test_what_is_missing_is_added_in_the_layout_of_the_file(
    place: JsonPaths, before: str, after: str
) -> None:
    assert written(place, before) == after


@pytest.mark.parametrize(
    ("place", "content", "error", "says"),
    [
        (JsonPaths(tag="image.tag"), "{}", NotFound, "`image.tag` is not in the file"),
        (_TAG, '{"image": 3}', Refused, "`image.tag` is not added: there is no room for a table"),
        (_APP, "[]", Refused, "there is no room for a table"),
        (_TAG, '{"image": ""}', Refused, "there is no room for a table"),
        (_APP, '{"apps": {}}', Refused, "there is no room for a list"),
        (JsonPaths(tag="apps[0].tag", creates=True), '{"apps": []}', Refused, "not by a number"),
        (JsonPaths(reference="apps[name=web]", creates=True), '{"apps": []}', Refused, "a key below"),
    ],
)
def test_what_has_no_sound_place_is_refused_with_a_reason(
    place: JsonPaths, content: str, error: type[Permanent], says: str
) -> None:
    with pytest.raises(error) as caught:
        written(place, content)
    assert says in str(caught.value)


def test_one_missing_value_cannot_become_two_texts() -> None:
    tree = replace(scan(decoded(b'{"a": []}')), creates=True)
    named, same = KeyPath.parse("a[name=b].tag"), KeyPath.parse("a[name=b].name")
    assert set_values(tree, [(named, "1"), (same, "b")]) == b'{"a": [{"name": "b", "tag": "1"}]}'
    with pytest.raises(Refused, match="another text at once"):
        set_values(tree, [(named, "1"), (same, "c")])


@pytest.mark.parametrize("content", ["", "{}", '{"image": null}', '{"image": {}}'])
def test_what_is_not_there_yet_has_no_tag(content: str) -> None:
    assert read(_TAG, content) == ImageRef(WEB)


_keys = st.text(st.sampled_from("ab/ é"), min_size=1, max_size=2)
_leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=4)
_trees: st.SearchStrategy[Any] = st.dictionaries(
    _keys,
    st.recursive(
        _leaves,
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_keys, inner, max_size=2),
        max_leaves=6,
    ),
    max_size=3,
)


def _added(inner: Any, keys: list[str]) -> Any:
    """The values with one more; a null gives way."""
    key, *below = keys
    return {**(inner or {}), key: _added((inner or {}).get(key), below) if below else "1.10"}


@settings(deadline=None, max_examples=40)
@given(_trees, st.lists(_keys, min_size=1, max_size=3), st.sampled_from([None, 1, "\t"]))
def test_parsed_the_file_differs_in_what_was_added_alone(tree: Any, keys: list[str], indent: Any) -> None:
    content = json.dumps(tree, indent=indent, ensure_ascii=False).encode("utf-8", "surrogatepass")
    path, text = KeyPath(tuple(map(Key, keys))), decoded(content)
    try:
        after = set_values(replace(scan(text), creates=True), [(path, "1.10")])
    except Refused as error:
        why = error.why
    else:
        assert json.loads(after) == _added(json.loads(content), keys)
        return
    assert "after the edit" not in why
