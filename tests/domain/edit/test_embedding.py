"""A text in a file, in whatever form PyYAML writes it, changes as a file of its own would."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.domain.edit.keypath import KeyPath
from bot.domain.edit.lookup import Scope
from bot.domain.edit.values import Changes, Values
from bot.domain.edit.values_text import opened
from bot.domain.errors import Refused

_TEXTS = st.sampled_from(["v1", "1.10", "it's", 'a "b"', "é: x", "# no", "a\tb", "x " * 12 + "y", ""])
_TAG, _VALUES = KeyPath.parse("image.tag"), KeyPath.parse("source.values")


@st.composite
def _inner(draw: st.DrawFn) -> str:
    """Values with an image, as PyYAML writes them, with comments and blank lines."""
    around = st.dictionaries(st.sampled_from(["a", "b", "z"]), _TEXTS, max_size=2)
    tree = {**draw(around), "image": {"name": draw(_TEXTS), "tag": draw(_TEXTS)}, "y": draw(around)}
    flow = draw(st.sampled_from([False, None, True]))
    text = yaml.safe_dump(tree, default_flow_style=flow, sort_keys=False, width=10_000, allow_unicode=True)
    head, tail = draw(st.sampled_from(["", "# é\n", "\n"])), draw(st.sampled_from(["", "\n", "# end"]))
    return head + text + tail


def _outer(inner: str, style: str, width: int, end: str) -> str:
    node = yaml.ScalarNode("tag:yaml.org,2002:str", inner, style=style)
    key = yaml.ScalarNode("tag:yaml.org,2002:str", "values")
    source = yaml.MappingNode("tag:yaml.org,2002:map", [(key, node)], flow_style=False)
    around: list[tuple[Any, Any]] = [(yaml.ScalarNode("tag:yaml.org,2002:str", "source"), source)]
    root = yaml.MappingNode("tag:yaml.org,2002:map", around, flow_style=False)
    text: str = yaml.serialize(root, Dumper=yaml.SafeDumper, width=width, allow_unicode=True)
    return text.replace("\n", end)


@settings(deadline=None, max_examples=20)
@given(_inner(), st.sampled_from("|>'\""), st.sampled_from([12, 40, 10_000]), st.sampled_from(["\n", "\r\n"]))
def test_a_text_changes_as_a_file_of_its_own_would(inner: str, style: str, width: int, end: str) -> None:
    outer = _outer(inner, style, width, end)
    assume(yaml.safe_load(outer)["source"]["values"] == inner)  # PyYAML breaks some folded blocks.
    written = opened(Values.parse(outer.encode()), _VALUES).replaced([(_TAG, "v2")])
    expected = Values.parse(inner.encode()).replaced([(_TAG, "v2")]).decode()
    assert yaml.safe_load(written)["source"]["values"] == expected


@settings(deadline=None, max_examples=40)
@given(_inner(), st.sampled_from('|"'), st.sampled_from([12, 40, 10_000]))
def test_a_text_grows_as_a_file_of_its_own_would(inner: str, style: str, width: int) -> None:
    outer, new = _outer(inner, style, width, "\n"), [(KeyPath.parse("new.digest"), "1.10")]
    values = Values.parse(outer.encode(), Scope(creates=True))
    written = opened(values, _VALUES).replaced(new)
    expected = Values.parse(inner.encode(), Scope(creates=True)).changed(Changes(new)).decode()
    assert yaml.safe_load(written)["source"]["values"] == expected


def test_single_quotes_cannot_hold_a_new_line() -> None:
    outer = Values.parse(b"source: {values: 'image: {tag: v1}'}", Scope(creates=True))
    with pytest.raises(Refused, match="lines in single quotes lose their indentation"):
        opened(outer, _VALUES).replaced([(KeyPath.parse("web.tag"), "v1")])
