"""Laws, over random files in random layouts: one value changes, the rest stays, nothing else is raised."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from bot.domain.edit.keypath import Index, Key, KeyPath, Step
from bot.domain.errors import NotFound, TagboatError
from tests.domain.edit.yaml_values import read_value, set_values

# How long an example takes says something of the machine only.
_calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
_CASES = Path(__file__).parent / "cases"
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
_SHOWN = st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")).filter(str.isprintable)

_tags = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,12}", fullmatch=True)
_texts = st.one_of(
    _tags,
    st.text(_SHOWN, max_size=12),
    st.sampled_from(
        ["", "1.10", "1e5", "no", "null", "~", "12:30", "2024-01-01", "0x1f", "a: b", "a #b", "{{x}}"]
    ),
)
_keys = st.text(st.sampled_from("abé.-_ '\"#:/8"), min_size=1, max_size=6)
_trees: st.SearchStrategy[Any] = st.recursive(
    st.none() | _texts,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3) | st.dictionaries(_keys, inner, min_size=1, max_size=3)
    ),
    max_leaves=10,
)


@dataclass(frozen=True)
class _Leaf:
    """The bytes at which one value stands, and the path to it."""

    path: tuple[Step, ...]
    token: str
    is_block: bool = False


class _Writer:
    """Writes a tree as YAML, in a layout that is drawn line by line."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.pieces: list[str | _Leaf] = []

    def mapping(self, tree: dict[str, Any], depth: int, path: tuple[Step, ...]) -> None:
        for key, value in tree.items():
            self._noise(depth)
            name = key if re.fullmatch("[abé]+", key) else json_quoted(key)
            self._put("  " * depth + name + self._pick("", "", " ") + ":")
            self._value(value, depth, (*path, Key(key)))

    def sequence(self, tree: list[Any], depth: int, path: tuple[Step, ...]) -> None:
        for number, value in enumerate(tree):
            self._noise(depth)
            self._put("  " * depth + "-")
            self._value(value, depth, (*path, Index(number)))

    def _value(self, value: Any, depth: int, path: tuple[Step, ...]) -> None:
        if isinstance(value, str) or value is None:
            self._block_leaf(value, depth, path)
        elif self._pick(True, False, False):
            self._put(self._pick(" ", "  ", "\n" + "  " * (depth + 1)))
            self._flow(value, path)
            self._line_end()
        else:
            self._line_end()
            (self.mapping if isinstance(value, dict) else self.sequence)(value, depth + 1, path)

    def _block_leaf(self, text: str | None, depth: int, path: tuple[Step, ...]) -> None:
        inner, anchor = "\n" + "  " * (depth + 1), f" &v{len(self.pieces)} "
        if text and text == text.strip() and self._pick(True, False, False):
            self._put(self._pick(" |-", " >-", " |- # why", anchor + "|-") + inner)
            self.pieces.append(_Leaf(path, text, is_block=True))
            self._put("\n")
            return
        token = self._pick("", "~", "null") if text is None else self._token(text)
        if token:
            # libyaml takes a tab after the colon of a key, but not after the dash of an element.
            tab = "\t" if isinstance(path[-1], Key) else " "
            self._put(self._pick(" ", "   ", tab, inner, anchor, " # why" + inner))
        self.pieces.append(_Leaf(path, token))
        self._line_end()

    def _flow(self, value: Any, path: tuple[Step, ...]) -> None:
        if isinstance(value, dict):
            self._put("{")
            for key, inner in value.items():
                self._put(json_quoted(key) + self._pick(": ", ":  "))
                self._flow(inner, (*path, Key(key)))
                self._put(self._pick(", ", " ,", ","))
            self._put("}")
        elif isinstance(value, list):
            self._put("[")
            for number, inner in enumerate(value):
                self._flow(inner, (*path, Index(number)))
                self._put(self._pick(", ", " ,", ","))
            self._put("]")
        else:
            self.pieces.append(_Leaf(path, "null" if value is None else self._token(value)))

    def _token(self, text: str) -> str:
        if _PLAIN.fullmatch(text) and self._pick(True, False):
            return text
        single = "'" + text.replace("'", "''") + "'"
        return single if self._pick(True, False) else json_quoted(text)

    def _noise(self, depth: int) -> None:
        self._put(self._pick("", "", "", "\n", "# {é: 'tag: 1\t\n", "  " * depth + "# - [\n", "   \n"))

    def _line_end(self) -> None:
        self._put(self._pick("", "", " # c: 'é' {\t", "  ") + "\n")

    def _put(self, text: str) -> None:
        self.pieces.append(text)

    def _pick(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))


def json_quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@dataclass(frozen=True)
class _File:
    """A YAML file with one value chosen: `head + token + tail`."""

    head: bytes
    leaf: _Leaf
    tail: bytes

    @property
    def content(self) -> bytes:
        return self.head + self.leaf.token.encode() + self.tail


@st.composite
def _files(draw: st.DrawFn) -> _File:
    writer = _Writer(draw)
    tree = draw(st.dictionaries(_keys, _trees, min_size=1, max_size=4))
    writer._put(draw(st.sampled_from(["", "\ufeff", "# first\n---\n", "other: 1\n---\n"])))
    writer.mapping(tree, 0, ())
    pieces = writer.pieces
    chosen = draw(st.sampled_from([at for at, piece in enumerate(pieces) if isinstance(piece, _Leaf)]))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    texts = [piece if isinstance(piece, str) else piece.token for piece in pieces]
    head = "".join(texts[:chosen]).replace("\n", end).encode()
    tail = "".join(texts[chosen + 1 :]).replace("\n", end).encode()
    if draw(st.booleans()):
        tail = tail.removesuffix(end.encode())
    leaf = pieces[chosen]
    assert isinstance(leaf, _Leaf)
    return _File(head, leaf, tail)


def _loaded(content: bytes) -> Any:
    """The file as PyYAML sees it, with every scalar as text; the last document is ours."""
    return list(yaml.load_all(content.decode(), Loader=yaml.CBaseLoader))[-1]


def _replaced(tree: Any, path: tuple[Step, ...], text: str) -> Any:
    if not path:
        return text
    step, rest = path[0], path[1:]
    at = step.name if isinstance(step, Key) else step.number  # type: ignore[union-attr]
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    changed = {key: _replaced(value, rest, text) if key == at else value for key, value in items}
    return changed if isinstance(tree, dict) else list(changed.values())


@_calm
@given(_files(), _texts)
def test_one_value_changes_and_every_other_byte_stays(file: _File, text: str) -> None:
    path = KeyPath(file.leaf.path)
    if file.leaf.is_block:
        # A blank line after a block may belong to it; then it has several lines, and its edit is refused.
        assume(text and text == text.strip() and read_value(file.content, path) == file.leaf.token)
    assume(read_value(file.content, path) != text)
    after = set_values(file.content, [(path, text)])
    assert after.startswith(file.head)
    assert after.endswith(file.tail)
    assert len(after) >= len(file.head) + len(file.tail)
    assert _loaded(after) == _replaced(_loaded(file.content), file.leaf.path, text)
    assert read_value(after, path) == text
    assert set_values(after, [(path, text)]) == after


@_calm
@given(_files())
def test_what_stands_in_the_file_is_read_and_writing_it_changes_nothing(file: _File) -> None:
    value, path = _loaded(file.content), KeyPath(file.leaf.path)
    for step in file.leaf.path:
        value = value[step.name if isinstance(step, Key) else step.number]  # type: ignore[union-attr]
    is_null = file.leaf.token in {"", "~", "null"} and not file.leaf.is_block
    text = "" if is_null else value
    assert read_value(file.content, path) == text
    assert set_values(file.content, [(path, text)]) == file.content


_paths = st.sampled_from(["image.tag", "tag", "a", "x[0]", "containers[name=c].image", "[0]", '"<<".tag'])
_MARKS = "abt:-?[]{}#&*!|>'\"%@`,~<=0.1 \n\r\t\\é\x85\u2028\ufeff\0"
_WORDS = [
    "tag: ",
    "image:\n  ",
    "<<: ",
    "---\n",
    "...\n",
    "&a ",
    "*a",
    "!!str ",
    "!!python/name:os.system ",
    "- ",
]
_yamlish = st.lists(st.sampled_from([*_MARKS, *_WORDS, "%TAG ! !\n"]), max_size=20).map("".join)
_real = st.sampled_from(sorted(path.read_bytes() for path in _CASES.glob("*/before.yaml")))


@st.composite
def _damaged(draw: st.DrawFn) -> bytes:
    content = draw(_real)
    begin = draw(st.integers(0, len(content)))
    end = draw(st.integers(begin, min(len(content), begin + 8)))
    return content[:begin] + draw(st.binary(max_size=3) | _yamlish.map(str.encode)) + content[end:]


@_calm
@given(st.binary() | _yamlish.map(str.encode) | _damaged(), _paths, st.text(max_size=8) | _tags)
@example(b"image:\n  tag: \xf0\x9f\x9a\xa2\xed\xa0\x80", "image.tag", "\ud800")
def test_any_bytes_are_edited_exactly_or_refused(content: bytes, path: str, text: str) -> None:
    where = KeyPath.parse(path)
    try:
        before = read_value(content, where)
        after = set_values(content, [(where, text)])
    except NotFound:
        assert before is None
        return
    except TagboatError as error:
        sentences = (error.what, error.why, error.fix)
    else:
        assert read_value(after, where) == text
        return
    assert all(sentences)
