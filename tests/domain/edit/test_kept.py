"""A file that takes the place of another keeps some of its values, and is the new one everywhere else."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.domain.edit.kept import keep_values
from bot.domain.edit.keypath import Key, KeyPath
from bot.domain.errors import Malformed, Refused


def keep(new: str, old: str, *paths: str) -> str:
    """The new file with what the old one has at the paths."""
    return keep_values(new.encode(), old.encode(), [KeyPath.parse(path) for path in paths]).decode()


@pytest.mark.parametrize(
    ("new", "old", "path", "kept"),
    [
        pytest.param(
            "a: 1\nreplicas: 2  # two\n",
            "replicas: 9\n",
            "replicas",
            "a: 1\nreplicas: 9  # two\n",
            id="number",
        ),
        pytest.param("a: 'x'\n", 'a: "y"\n', "a", 'a: "y"\n', id="the quotes are the value's own"),
        pytest.param("a: 3\n", "a: '3'\n", "a", "a: '3'\n", id="a number is no text"),
        pytest.param("a: 3\n", "a:\n", "a", "a:\n", id="null stays null"),
        pytest.param("a:\nb: 1\n", "a: 3\n", "a", "a: 3\nb: 1\n", id="null upstream"),
        pytest.param(
            "r:\n  cpu: 1\n\n# c\nb: 2\n",
            "r:\n    cpu: 5\n    mem:\n        max: 6\n",
            "r",
            "r:\n    cpu: 5\n    mem:\n        max: 6\n\n# c\nb: 2\n",
            id="a mapping as it is written",
        ),
        pytest.param("r: {}  # none\n", "r:\n  cpu: 5\n", "r", "r:\n  cpu: 5  # none\n", id="flow to block"),
        pytest.param("r:\n  - a\n  - b\nc: 1\n", "r: []\n", "r", "r: []\nc: 1\n", id="block to flow"),
        pytest.param(
            "o:\n  r:\n    - a\n",
            "o:\n      r:\n        - b\n        - c\n",
            "o.r",
            "o:\n  r:\n    - b\n    - c\n",
            id="moved to the new file's column",
        ),
        pytest.param(
            "s: |\n  one\nb: 1\n",
            "s: >-\n   two\n   three\n\nq: 1\n",
            "s",
            "s: >-\n   two\n   three\nb: 1\n",
            id="block text",
        ),
        pytest.param("a: 1\r\nb: 2\r\n", "a:\n  x: 1\n", "a", "a:\r\n  x: 1\r\nb: 2\r\n", id="line ends"),
        pytest.param("\ufeffa: 1\n", "a: 2\n", "a", "\ufeffa: 2\n", id="byte order mark"),
        pytest.param("---\na: 1\n---\nb: 1\n", "b: 5\n", "b", "---\na: 1\n---\nb: 5\n", id="second document"),
        pytest.param(
            "l:\n- name: x\n  v: 1\n",
            "l:\n  - name: x\n    v: 2\n",
            "l[name=x].v",
            "l:\n- name: x\n  v: 2\n",
            id="in a list",
        ),
        pytest.param("l: [1, 2]\n", "l: [5, 6]\n", "l[0]", "l: [5, 2]\n", id="an element"),
        pytest.param(
            '{\n  "a": 1,\n  "b": 2\n}\n',
            '{"b": {"x": [1]}}',
            "b",
            '{\n  "a": 1,\n  "b": {"x": [1]}\n}\n',
            id="JSON",
        ),
        pytest.param("a: 1", "a: 2\n", "a", "a: 2", id="no line end"),
        pytest.param("a: 1\n", "b: 2\n", "c", "a: 1\n", id="in neither"),
        pytest.param(
            "a: 1\nsops: {mac: x}\n", "a: 2\nsops: {mac: y}\n", "c", "a: 1\nsops: {mac: x}\n", id="sealed"
        ),
    ],
)
def test_a_value_stays_as_the_environment_wrote_it(new: str, old: str, path: str, kept: str) -> None:
    assert keep(new, old, path) == kept
    assert keep(new, kept, path) == kept


@pytest.mark.parametrize(
    ("new", "old", "path", "kept"),
    [
        pytest.param("a: 1\n# end\n", "b: 2\n", "b", "a: 1\nb: 2\n# end\n", id="behind the others"),
        pytest.param(
            "a: 1\n", "i:\n  host: x\n  no: 1\n", "i.host", "a: 1\ni:\n  host: x\n", id="with its mapping"
        ),
        pytest.param(
            "i:\n  c: n # c\nb: 1\n",
            "i:\n  host: x\n",
            "i.host",
            "i:\n  c: n # c\n  host: x\nb: 1\n",
            id="beside others",
        ),
        pytest.param(
            "i: {}\nb: 1\n", "i:\n  host: x\n", "i.host", "i:\n  host: x\nb: 1\n", id="into an empty mapping"
        ),
        pytest.param("i:\nb: 1\n", "i:\n  host: x\n", "i.host", "i:\n  host: x\nb: 1\n", id="into null"),
        pytest.param("a: 1", "b: 2", "b", "a: 1\nb: 2", id="no line end"),
        pytest.param(
            "a: 1\rb: 2\r", "c:\n  x: 1\n", "c", "a: 1\rb: 2\rc:\r  x: 1\r", id="carriage returns alone"
        ),
        pytest.param(
            "a:\n    b: 1\n",
            "a:\n  r:\n    x: 1\n",
            "a.r",
            "a:\n    b: 1\n    r:\n      x: 1\n",
            id="at its column",
        ),
    ],
)
def test_a_key_that_only_the_environment_has_is_added(new: str, old: str, path: str, kept: str) -> None:
    assert keep(new, old, path) == kept
    assert keep(new, kept, path) == kept


@pytest.mark.parametrize(
    ("new", "old", "path", "kept"),
    [
        pytest.param("a: 1\nb: 2 # gone\nc: 3\n", "a: 1\n", "b", "a: 1\nc: 3\n", id="its whole line"),
        pytest.param(
            "a: 1\nr:\n  x: 1\n  y:\n    - 2\nc: 3\n", "a: 1\n", "r", "a: 1\nc: 3\n", id="its lines"
        ),
        pytest.param("i:\n  host: s\nb: 1\n", "b: 2\n", "i.host", "i: {}\nb: 1\n", id="the only one"),
        pytest.param('{"a": 1, "b": 2, "c": 3}', "{}", "b", '{"a": 1, "c": 3}', id="in the middle of JSON"),
        pytest.param('{"a": 1, "b": 2}', "{}", "b", '{"a": 1}', id="at the end of JSON"),
        pytest.param('{"a": 1}', '{"c": 1}', "a", "{}", id="the only one of JSON"),
        pytest.param("a: 1\nb: 2", "a: 1\n", "b", "a: 1\n", id="the last line"),
        pytest.param("a: 1\rb: 2\rc: 3\r", "a: 1\r", "b", "a: 1\rc: 3\r", id="between carriage returns"),
    ],
)
def test_a_key_that_the_environment_never_had_does_not_come(new: str, old: str, path: str, kept: str) -> None:
    assert keep(new, old, path) == kept
    assert keep(new, kept, path) == kept


def test_several_keys_are_kept_and_one_inside_another_is_not_kept_twice() -> None:
    new = "a: 1\nb: {c: 2, d: 3}\ne: 4\n"
    assert keep(new, "a: 7\nb: {c: 8, d: 9}\ne: 5\n", "b.c", "a", "b", "a") == "a: 7\nb: {c: 8, d: 9}\ne: 4\n"


@pytest.mark.parametrize(
    ("new", "old", "path", "why"),
    [
        pytest.param("a: &x 1\nb: *x\n", "a: 2\n", "a", "anchor or alias x", id="an anchor upstream"),
        pytest.param("a: 1\n", "x: &x 1\na: [*x]\n", "a", "anchor or alias x", id="an alias here"),
        pytest.param(
            "a: 1\n", "l: [{n: x, v: 1}]\n", "l[n=x].v", "nothing in the copied file", id="no such element"
        ),
        pytest.param("l: [{n: x, v: 1}]\n", "a: 1\n", "l[0]", "no such element", id="an element too many"),
        pytest.param("a: 1\n", "a:\n  b: 2\n", "a.b", "one value above it", id="a value in the way"),
        pytest.param("a: {b: 1}\n", "a:\n  c: 2\n", "a.c", "in { }", id="a flow mapping in the way"),
        pytest.param("", "a: 2\n", "a", "nothing in the copied file", id="an empty file"),
        pytest.param("a: 1\n", "b: 1\n", "a", "nothing else", id="nothing would be left"),
        pytest.param("a: 1\n---\na: 2\n", "a: 3\n", "a", "not one place", id="two documents"),
        pytest.param("a: 1\n---\na: 2\n", "a: 3\n", "a", "(keep the whole file, or name", id="a way out"),
        pytest.param(
            "b: 1\n", "x: &x {a: 1}\nb: {<<: *x}\n", "b.a", "(keep the whole file", id="a merge key"
        ),
        pytest.param("sops: {mac: x}\na: 1\n", "a: 3\n", "a", "SOPS", id="a sealed file"),
        pytest.param("a: 1\n", "a: 3\nsops: {mac: x}\n", "a", "SOPS", id="a value of a sealed file"),
        pytest.param(
            "sops: {mac: x}\na: 1\n", "a: 3\n", "a", "(keep the whole file", id="a sealed one's way out"
        ),
        pytest.param("a: {{ .x }}b\n", "a: 3\n", "a", "(keep the whole file", id="a template"),
        pytest.param("[{a: 1}]\n", "[{a: |\n   x\n }]\n", "[0].a", "", id="a layout that does not fit"),
    ],
)
def test_what_cannot_be_kept_by_itself_is_refused(new: str, old: str, path: str, why: str) -> None:
    with pytest.raises((Refused, Malformed)) as error:
        keep(new, old, path)
    assert why in str(error.value)


def test_no_yaml_is_malformed() -> None:
    with pytest.raises(Malformed):
        keep("a: [\n", "a: 1\n", "a")


_NAMES = st.sampled_from(["a", "b", "c", "d"])
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 99) | st.sampled_from(["x", "1.10", "no", "", "two words"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=8,
)
_FILES = st.dictionaries(_NAMES, _VALUES, min_size=1, max_size=4)
_DUMPS = st.sampled_from([{"default_flow_style": False}, {"default_flow_style": None, "indent": 4}, {}])


@given(_FILES, _FILES, _DUMPS, _DUMPS, st.lists(_NAMES, min_size=1, max_size=3))
def test_the_old_value_stands_at_the_key_and_the_new_ones_everywhere_else(
    new: dict[str, object],
    old: dict[str, object],
    style: dict[str, Any],
    other: dict[str, Any],
    names: list[str],
) -> None:
    path = KeyPath(tuple(map(Key, names)))
    content = yaml.safe_dump(new, **style).encode()
    before = yaml.safe_dump(old, **other).encode()
    try:
        kept = keep_values(content, before, [path])
    except Refused:
        assume(False)
    assert _at(yaml.safe_load(kept), names) == _at(old, names)
    assert _without(yaml.safe_load(kept), names) == _without(new, names)
    assert keep_values(content, kept, [path]) == kept
    assert keep_values(content, content, [path]) == content


def _at(value: object, names: list[str]) -> object:
    for name in names:
        if not isinstance(value, dict) or name not in value:
            return "nothing"
        value = value[name]
    return value


def _without(value: object, names: list[str]) -> object:
    """The value without what stands at the path, and without mappings that only lead to it."""
    if not isinstance(value, dict):
        return {} if value is None else value
    inner = {key: each for key, each in value.items() if key != names[0]}
    rest = _without(value.get(names[0]), names[1:]) if len(names) > 1 else {}
    return inner | ({names[0]: rest} if rest != {} else {})
