"""JSON files: one value changes, comments and layout stay, and nothing that is not JSON is edited."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.edit import tree as tree_of_values
from bot.domain.edit.json_file import set_values
from bot.domain.edit.json_scan import scan
from bot.domain.edit.keypath import Index, Key, KeyPath, Step
from bot.domain.edit.text import decoded
from bot.domain.errors import Malformed, NotFound, Permanent, Refused, TagboatError
from bot.domain.image import ImageRef
from bot.domain.place import JsonPaths
from tests.domain.edit.text_kinds import NEW, OLD, WEB, read, written

_TAG = JsonPaths(tag="image.tag")


@pytest.mark.parametrize(
    ("place", "before", "after"),
    [
        pytest.param(_TAG, '{"image":{"tag":"1.4"}}', '{"image":{"tag":"1.10"}}', id="short"),
        pytest.param(
            _TAG,
            '{\r\n  // why\r\n  "image" : { "tag" :\t"1.4" /* é */, "x": [1, 2e5, -0.0] }\r\n}\r\n',
            '{\r\n  // why\r\n  "image" : { "tag" :\t"1.10" /* é */, "x": [1, 2e5, -0.0] }\r\n}\r\n',
            id="comments and carriage returns",
        ),
        pytest.param(
            _TAG, '\ufeff{"image":{"tag":"1"}}\n', '\ufeff{"image":{"tag":"1.10"}}\n', id="byte order mark"
        ),
        pytest.param(
            _TAG,
            '{"im\\u0061ge":{"t\\u0061g":"\\u0031"}}',
            '{"im\\u0061ge":{"t\\u0061g":"1.10"}}',
            id="escapes",
        ),
        pytest.param(_TAG, '{"image":{"tag":null}}', '{"image":{"tag":"1.10"}}', id="null"),
        pytest.param(
            _TAG, '{"image":{"tag":1.10}}', '{"image":{"tag":1.10}}', id="a number that says it stays"
        ),
        pytest.param(_TAG, '{"image":{"tag":1.9}}', '{"image":{"tag":"1.10"}}', id="a number becomes a text"),
        pytest.param(
            _TAG, '{"a":"// no","image":{"tag":"1"}}', '{"a":"// no","image":{"tag":"1.10"}}', id="no comment"
        ),
        pytest.param(
            JsonPaths(tag="apps[name=web].tag", digest="apps[name=web].sha"),
            f'{{"apps":[{{"name":"api","tag":"1"}},{{"name":"web","tag":"1","sha":"{OLD}"}}]}}',
            f'{{"apps":[{{"name":"api","tag":"1"}},{{"name":"web","tag":"1.10","sha":"{NEW}"}}]}}',
            id="the element of a list",
        ),
        pytest.param(
            JsonPaths(reference="[1]"),
            '["a","ghcr.io/acme/web:1"]',
            '["a","ghcr.io/acme/web:1.10"]',
            id="a list",
        ),
        pytest.param(
            JsonPaths(reference='"a.b"'),
            '{"a.b":"web","a":{"b":1}}',
            '{"a.b":"ghcr.io/acme/web:1.10","a":{"b":1}}',
            id="a dotted key",
        ),
    ],
)
def test_one_value_changes_and_every_other_byte_stays(place: JsonPaths, before: str, after: str) -> None:
    assert written(place, before) == after


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        ('{"image":{"tag":"1","tag":"2"}}', Malformed, "line 1: the key 'tag' stands there twice"),
        ('{\n"a":1,\r\n"a":2}', Malformed, "line 3: the key 'a' stands there twice"),
        ('{"image":{"tag":"1",}}', Malformed, "expected a key in double quotes"),
        ("{'image':{'tag':'1'}}", Malformed, "expected a key in double quotes"),
        ('{"image":{"tag":"1"}} x', Malformed, "something follows the end"),
        ('{"image":{"tag":"1"', Malformed, "expected a comma or }"),
        ('{"image":{"tag":01}}', Malformed, "expected a value"),
        ('{"image":{"tag":NaN}}', Malformed, "expected a value"),
        ('{"image":{"tag":"a\nb"}}', Malformed, "line 1: expected a value"),
        ('{"image": /* ', Malformed, "expected a value"),
        ('{"image" "x"}', Malformed, "expected a colon"),
        ("", Malformed, "expected a value"),
        ('{"image":{"tag":"{{ .x }}"}}', Malformed, "`image.tag` in line 1 says '{{ .x }}'"),
        ('{"image":{"tags":"1"}}', NotFound, "`image` has the keys tags (did you mean `image.tags`?)"),
        ('{"image":"1"}', NotFound, "`image` is a single value"),
        ('{"image":[]}', NotFound, "`image` is a list of 0"),
        ("{}", NotFound, "the file is empty"),
        ('{"image":{"tag":{}}}', Refused, "a table stands there"),
        ('{"image":{"tag":[]}}', Refused, "a list stands there"),
        ('{"image":{"tag":true}}', Refused, "line 1 holds true"),
        ("[" * 200, Refused, "too deep"),
    ],
)
def test_what_cannot_be_edited_is_refused_with_a_reason(
    content: str, error: type[Permanent], says: str
) -> None:
    for act in (lambda: read(_TAG, content), lambda: written(_TAG, content)):
        with pytest.raises(error) as caught:
            act()
        assert says in str(caught.value)


def test_two_elements_that_match_are_no_one_place() -> None:
    with pytest.raises(Refused, match="2 elements of the list match it"):
        read(JsonPaths(tag="[name=a].tag"), '[{"name":"a","tag":"1"},{"name":"a","tag":"1"}]')


def test_a_file_with_too_many_values_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_of_values, "_MOST_NODES", 100)
    assert scan(decoded(("[" + "0," * 98 + "0]").encode())).root
    with pytest.raises(Refused, match="too many values"):
        read(_TAG, "[" + "0," * 99 + "0]")


def test_one_value_cannot_become_two_texts() -> None:
    tree = scan(decoded(b'{"a":"1"}'))
    with pytest.raises(Refused, match="another text at once"):
        set_values(tree, [(KeyPath.parse("a"), "2"), (KeyPath.parse("a"), "3")])


@pytest.mark.parametrize("text", ["x" * 1_001, "a\nb", "a\u202eb"])
def test_a_text_that_people_could_not_see_is_not_written(text: str) -> None:
    with pytest.raises(Refused, match="cannot be seen"):
        set_values(scan(decoded(b'{"a":"1"}')), [(KeyPath.parse("a"), text)])


def test_the_digest_goes_behind_the_tag_where_it_is_pinned() -> None:
    assert written(_TAG, '{"image":{"tag":"1"}}', pin_digest=True) == f'{{"image":{{"tag":"1.10@{NEW}"}}}}'
    assert read(_TAG, f'{{"image":{{"tag":"1@{OLD}"}}}}') == ImageRef(WEB, "1", OLD)


_texts = st.text(max_size=8)
_leaves = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _texts
)
_trees: st.SearchStrategy[Any] = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=12,
)


def _ways(value: Any, way: tuple[Step, ...] = ()) -> list[tuple[Step, ...]]:
    """The ways to the texts of a value."""
    if isinstance(value, dict):
        return [each for key, inner in value.items() for each in _ways(inner, (*way, Key(key)))]
    if isinstance(value, list):
        return [each for number, inner in enumerate(value) for each in _ways(inner, (*way, Index(number)))]
    return [way] if isinstance(value, str) else []


def _with(value: Any, way: tuple[Step, ...], text: str) -> Any:
    if not way:
        return text
    at = way[0].name if isinstance(way[0], Key) else way[0].number  # type: ignore[union-attr]
    items = value.items() if isinstance(value, dict) else enumerate(value)
    changed = {key: _with(inner, way[1:], text) if key == at else inner for key, inner in items}
    return changed if isinstance(value, dict) else list(changed.values())


@settings(deadline=None, max_examples=30)
@given(_trees, st.data(), st.sampled_from([None, 1, "\t"]), st.booleans())
def test_parsed_the_file_differs_in_that_value_alone(
    tree: Any, data: st.DataObject, indent: Any, ascii: bool
) -> None:
    document = {"": "x", "tree": tree}
    source = json.dumps(document, indent=indent, ensure_ascii=ascii).encode("utf-8", "surrogatepass")
    way = data.draw(st.sampled_from(_ways(document)))
    try:
        text = decoded(source)
    except Malformed:
        assert b"\xed" in source  # Half of a surrogate pair is no UTF-8.
        return
    after = set_values(scan(text), [(KeyPath(way), "1.10")])
    assert json.loads(after) == _with(json.loads(source), way, "1.10")
    assert set_values(scan(decoded(after)), [(KeyPath(way), "1.10")]) == after
    span = scan(text).leaf(KeyPath(way)).span
    head, tail = text.text[: span.start].encode(), text.text[span.end :].encode()
    assert after in {source, head + b'"1.10"' + tail}


@settings(deadline=None)
@given(st.text(st.sampled_from('{}[]",:\\ \n\tu01aeE+-.true\ufeff'), max_size=30) | st.binary(max_size=20))
def test_what_is_read_is_what_python_reads(content: str | bytes) -> None:
    data = content.encode() if isinstance(content, str) else content
    try:
        tree = scan(decoded(data))
    except TagboatError as error:
        refused = str(error)
    else:
        loaded = json.loads(data.removeprefix(b"\xef\xbb\xbf"))
        assert [leaf.text for _, leaf in tree.leaves() if leaf.kind == "string"] == list(_strings(loaded))
        return
    assert refused.endswith(")")


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)
