"""What is added to a file: laws over random layouts, and proofs that catch a broken addition."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bot.domain.edit import splice
from bot.domain.edit.keypath import Key, KeyPath, Match
from bot.domain.edit.lookup import Scope
from bot.domain.edit.splice import Edit
from bot.domain.edit.stream import Stream
from bot.domain.edit.values import Changes, Values
from bot.domain.errors import Refused, TagboatError

# How long an example takes says something of the machine only.
_calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
_CREATES = Scope(creates=True)

_keys = st.sampled_from(["a", "b", "é", "c d", "on", "1.0", "e: f"])
_texts = st.sampled_from(["v1", "1.10", "no", "~", "2024-01-01", "a: b", "", "x#y", "é"])
_trees: st.SearchStrategy[Any] = st.recursive(
    st.none() | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3),
    max_leaves=8,
)
_files = st.dictionaries(_keys, _trees, max_size=3)
_paths = st.lists(_keys, min_size=1, max_size=3).map(lambda names: KeyPath(tuple(map(Key, names))))


@st.composite
def _contents(draw: st.DrawFn) -> bytes:
    """A file as PyYAML writes it, with comments, blank lines and line ends of several kinds put in."""
    tree = draw(_files)
    text: str = yaml.safe_dump(
        tree,
        allow_unicode=True,
        indent=draw(st.sampled_from([2, 4])),
        default_flow_style=draw(st.sampled_from([False, None, True])),
        sort_keys=False,
        width=10_000,
    )
    lines = text.splitlines()
    noise = draw(st.lists(st.sampled_from(["", "# é {", "   # [\t", "  "]), max_size=3))
    lines += noise if not text.startswith(("{", "[")) else []
    end = draw(st.sampled_from(["\n", "\r\n"]))
    content = end.join(lines) + draw(st.sampled_from(["", end]))
    return (draw(st.sampled_from(["", "\ufeff"])) + content).encode()


def _loaded(content: bytes) -> Any:
    """The file as PyYAML sees it, with every scalar as text."""
    return yaml.load(content.decode("utf-8-sig"), Loader=yaml.CBaseLoader) or {}


def _with(tree: Any, names: Sequence[str], text: str) -> Any:
    inner = tree if isinstance(tree, dict) else {}
    first, *rest = names
    return {**inner, first: _with(inner.get(first), rest, text) if rest else text}


def _has_way(tree: Any, names: Sequence[str]) -> bool:
    """Whether the keys lead through mappings and nulls only, to a key that is missing."""
    for name in names:
        if not isinstance(tree, dict):
            return bool(tree == "null")
        if name not in tree:
            return True
        tree = tree[name]
    return False


@_calm
@given(_contents(), _paths, _texts.filter(bool))
def test_what_is_added_stands_there_and_every_other_byte_stays(
    content: bytes, path: KeyPath, text: str
) -> None:
    names = [step.name for step in path.steps if isinstance(step, Key)]
    before = _loaded(content)
    assume(_has_way(before, names))
    after = Values.parse(content, _CREATES).changed(Changes([(path, text)]))
    assert _loaded(after) == _with(before, names, text)
    assert Values.parse(after).get(path) == text
    assert Values.parse(after, _CREATES).changed(Changes([(path, text)])) == after
    assert _is_only_put_in(content, after)


def _is_only_put_in(before: bytes, after: bytes) -> bool:
    """Whether all bytes are still there in their order, but for one word that said "nothing"."""
    nulls = [found.start() for found in re.finditer(b"null", before)]
    kept = [before, *(before[:at] + before[at + 4 :] for at in nulls)]
    return any(_is_inside(each, after) for each in kept)


def _is_inside(inner: bytes, outer: bytes) -> bool:
    rest = iter(outer)
    return all(byte in rest for byte in inner)


@_calm
@given(st.lists(st.sampled_from("abcdef"), unique=True, min_size=1, max_size=5), st.booleans())
def test_elements_are_added_in_the_order_in_which_they_are_wished_for(
    names: list[str], is_indented: bool
) -> None:
    dash = "  - " if is_indented else "- "
    content = f"apps:\n{dash}name: z\nend: 1\n".encode()
    paths = [KeyPath((Key("apps"), Match("name", name), Key("tag"))) for name in names]
    after = Values.parse(content, _CREATES).changed(Changes([(path, "v1") for path in paths]))
    added = "".join(f"{dash}name: {name}\n{' ' * len(dash)}tag: v1\n" for name in names)
    assert after == content.replace(b"end", added.encode() + b"end")


_BEFORE = b"image:\n  a: 1 # c\nlist:\n- a\n"
_SABOTAGE: dict[str, Callable[[bytes], bytes]] = {
    "comment lost": lambda edited: edited.replace(b" # c", b""),
    "other value changed": lambda edited: edited.replace(b"a: 1", b"a: 2"),
    "key misspelled": lambda edited: edited.replace(b"tag:", b"tga:"),
    "put into another mapping": lambda edited: edited.replace(b"  tag: 1.5.0\n", b"tag: 1.5.0\n"),
    "text became a number": lambda edited: edited.replace(b"1.5.0", b"1.5"),
    "text became nothing": lambda edited: edited.replace(b"1.5.0", b"~"),
    "another key added": lambda edited: edited + b"x: 1\n",
    "element added": lambda edited: edited + b"- b\n",
    "blank added": lambda edited: edited.replace(b"tag: 1", b"tag:  1"),
    "line ends changed": lambda edited: edited.replace(b"\n", b"\r\n"),
    "nothing done": lambda _: _BEFORE,
}


@pytest.mark.parametrize("sabotage", _SABOTAGE.values(), ids=_SABOTAGE)
def test_an_addition_that_does_anything_else_is_refused(
    sabotage: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = splice._spliced
    changes = Changes([(KeyPath.parse("image.tag"), "1.5.0")])

    def broken(stream: Stream, edits: Sequence[Edit]) -> bytes:
        edited = honest(stream, edits)
        assert sabotage(edited) != edited
        return sabotage(edited)

    monkeypatch.setattr(splice, "_spliced", broken)
    with pytest.raises(Refused, match="the value is not changed: after the edit"):
        Values.parse(_BEFORE, _CREATES).changed(changes)


_yamlish = st.lists(
    st.sampled_from([*"ab:-?[]{}#&*!|>'\", \n\r\t", "a: ", "b:\n  ", "- ", "&x ", "*x", "<<: ", "---\n"]),
    max_size=16,
).map("".join)


@_calm
@given(_yamlish, st.sampled_from(["a", "a.b", "a.b.c", "a[b=c].d", "a[0]"]))
def test_any_text_is_added_to_exactly_or_refused(text: str, path: str) -> None:
    where = KeyPath.parse(path)
    try:
        after = Values.parse(text.encode(), _CREATES).changed(Changes([(where, "v1")]))
    except TagboatError as error:
        sentences = (error.what, error.why, error.fix)
    else:
        assert Values.parse(after).get(where) == "v1"
        return
    assert all(sentences)
