"""Secrets are covered in whatever text they turn up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.cli.masking import COVER, Mask, spellings

KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEAcanary\nAB=\n-----END RSA PRIVATE KEY-----\n"


@dataclass(frozen=True)
class _Inner:
    token: SecretStr | None
    name: str = "plainly visible"


@dataclass(frozen=True)
class _Outer:
    store: SecretStr
    forges: dict[str, _Inner]
    secrets: tuple[SecretStr, ...]


def _outer(store: str, *secrets: str, token: str | None = None) -> _Outer:
    inner = _Inner(SecretStr(token) if token else None)
    return _Outer(SecretStr(store), {"github": inner}, tuple(map(SecretStr, secrets)))


@pytest.mark.parametrize(
    ("settings", "text", "covered"),
    [
        (_outer("sqlite:///x.db", token="ghp_canary"), "token ghp_canary!", "token ***!"),
        (_outer("sqlite:///x.db", "hook-canary"), "got hook-canary", "got ***"),
        (_outer("sqlite:///x.db"), "opened sqlite:///x.db", "opened sqlite:///x.db"),
        (
            _outer("postgresql://bot:pass%2Fword@db/x"),
            "bot:pass%2Fword and pass/word at db",
            "bot:*** and *** at db",
        ),
        (_outer("redis://db/?password=canary1"), "to redis://db/?password=canary1", "to ***"),
        (_outer("sqlite:///x.db", "Bearer canary2"), "header canary2 sent", "header *** sent"),
        (_outer("sqlite:///x.db", "ca na/ry"), "?secret=ca%20na%2Fry", "?secret=***"),
        (_outer("sqlite:///x.db", "quo'te\"d"), repr(["quo'te\"d"]), "['***']"),
        (_outer("sqlite:///x.db", KEY), "MIIEpAIBAAKCAQEAcanary", "***"),
        (_outer("sqlite:///x.db", "ab"), "about", "about"),
        (_outer("sqlite:///x.db", "long-secret", "long"), "long-secret", "***"),
    ],
    ids=[
        "nested",
        "in a tuple",
        "an address is none",
        "password of an address",
        "query of an address",
        "word of a header",
        "quoted in an address",
        "within a repr",
        "line of a key",
        "too short",
        "longest first",
    ],
)
def test_a_secret_is_covered(settings: _Outer, text: str, covered: str) -> None:
    assert Mask(spellings(settings)).text(text) == covered


class _Opaque:
    def __repr__(self) -> str:
        return "<Client token=canary>"


def test_nested_values_are_covered_and_plain_ones_stay() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    value = {"canary": ("a canary", [1, None, True, moment]), "client": _Opaque()}
    assert Mask({"canary"}).value(value) == {
        COVER: [f"a {COVER}", [1, None, True, moment]],
        "client": f"<Client token={COVER}>",
    }


def test_without_secrets_nothing_is_covered() -> None:
    assert Mask(()).text("***") == "***"


_SECRET = st.text(min_size=4).filter(
    lambda text: COVER not in text and text not in COVER and "://" not in text
)


@given(secret=_SECRET, before=st.text("xyz "), after=st.text("xyz "))
def test_no_spelling_of_a_secret_survives(secret: str, before: str, after: str) -> None:
    mask = Mask(spellings((SecretStr(secret),)))
    for form in (secret, quote(secret, safe=""), repr(secret)[1:-1]):
        assert form not in mask.text(f"{before}{form}{after}").replace(COVER, "\0")
