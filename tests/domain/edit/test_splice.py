"""The proof is proved: whatever a broken splice does to a file, the edit is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from bot.domain.edit import splice
from bot.domain.edit.keypath import KeyPath
from bot.domain.edit.splice import Edit
from bot.domain.edit.stream import Stream
from bot.domain.errors import Refused
from tests.domain.edit.yaml_values import set_values

_BEFORE = (
    "\ufeff# é comment\r\n"
    "image:\r\n"
    "  repository: 'ghcr.io/acme/web'\r\n"
    "  tag: &tag # why\r\n"
    "    1.4.1   # pinned\r\n"
    "  digest:\r\n"
    "  ref: |-\r\n"
    "    web:1.4.1\r\n"
    "port: 80\r\n"
    "copies: [1, 2]"
).encode()
_WANTED = [("image.tag", "1.4.2"), ("image.digest", "sha256:ab"), ("image.ref", "web:1.4.2")]
_AFTER = (
    _BEFORE.replace(b"    1.4.1", b"    1.4.2")
    .replace(b"digest:", b"digest: sha256:ab")
    .replace(b"web:1.4.1", b"web:1.4.2")
)

_SABOTAGE: dict[str, Callable[[bytes], bytes]] = {
    "comment lost": lambda edited: edited.replace(b"   # pinned", b""),
    "comment changed": lambda edited: edited.replace(b"# why", b"# who"),
    "first line lost": lambda edited: edited.replace("# é comment\r\n".encode(), b""),
    "blank lost": lambda edited: edited.replace(b"   # pinned", b"  # pinned"),
    "blank added at the end": lambda edited: edited + b" ",
    "line added at the end": lambda edited: edited + b"\r\n",
    "line ends changed": lambda edited: edited.replace(b"\r\n", b"\n"),
    "byte order mark lost": lambda edited: edited[3:],
    "second byte order mark": lambda edited: edited[:3] + edited,
    "anchor lost": lambda edited: edited.replace(b"&tag ", b""),
    "anchor renamed": lambda edited: edited.replace(b"&tag", b"&gat"),
    "tag added": lambda edited: edited.replace(b"&tag", b"&tag !!str"),
    "key renamed": lambda edited: edited.replace(b"port", b"porT"),
    "key added": lambda edited: edited + b"\r\nx: 1",
    "document added": lambda edited: edited + b"\r\n---\r\n",
    "document marker added": lambda edited: edited[:3] + b"---\r\n" + edited[3:],
    "other value changed": lambda edited: edited.replace(b"80", b"81"),
    "other quotes changed": lambda edited: edited.replace(b"'", b'"'),
    "list style changed": lambda edited: edited.replace(b"[1, 2]", b"\r\n- 1\r\n- 2"),
    "block header changed": lambda edited: edited.replace(b"|-", b">-"),
    "block moved": lambda edited: edited.replace(b"    web", b"     web"),
    "wrong text": lambda edited: edited.replace(b"    1.4.2", b"    1.4.3"),
    "old text": lambda edited: edited.replace(b"    1.4.2", b"    1.4.1"),
    "nothing done": lambda edited: _BEFORE,
    "text became a number": lambda edited: edited.replace(b"    1.4.2", b"    1.4"),
    "text became a list": lambda edited: edited.replace(b"    1.4.2", b"    [1.4.2]"),
    "text grew into its comment": lambda edited: edited.replace(b"    1.4.2   #", b"    1.4.2#"),
    "values exchanged": lambda edited: edited.replace(b"sha256:ab", b"1.4.2").replace(
        b"    1.4.2", b"    sha256:ab"
    ),
    "no blank before the value": lambda edited: edited.replace(b"digest: ", b"digest:"),
    "two blanks before the value": lambda edited: edited.replace(b"digest: ", b"digest:  "),
    "file emptied": lambda edited: b"",
    "file cut": lambda edited: edited[:-3],
    "no YAML any more": lambda edited: edited.replace(b"[1, 2]", b"[1, 2"),
    "no UTF-8 any more": lambda edited: edited.replace("é".encode(), b"\xe9"),
}


def _edit() -> bytes:
    return set_values(_BEFORE, [(KeyPath.parse(path), text) for path, text in _WANTED])


def test_the_honest_edit_is_proved() -> None:
    assert _edit() == _AFTER


@pytest.mark.parametrize("sabotage", _SABOTAGE.values(), ids=_SABOTAGE)
def test_a_splice_that_does_anything_else_is_refused(
    sabotage: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = splice._spliced
    assert sabotage(_AFTER) != _AFTER

    def broken(stream: Stream, edits: Sequence[Edit]) -> bytes:
        return sabotage(honest(stream, edits))

    monkeypatch.setattr(splice, "_spliced", broken)
    with pytest.raises(Refused, match="the value is not changed: after the edit"):
        _edit()


def test_a_text_that_is_written_as_a_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splice, "_written", lambda _stream, _place, text: text)
    with pytest.raises(Refused, match="would not be the one that is wanted"):
        set_values(b"tag: v1\n", [(KeyPath.parse("tag"), "1.10")])
