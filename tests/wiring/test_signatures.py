"""The library for identities is built where an image asks for it, and missed with a sentence."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bot.adapters.identities.sigstore import SigstoreIdentities
from bot.domain.errors import Refused
from bot.wiring import world
from tests.configuration.files import changed, load_text

_IDENTITY = "{cosign: {identities: {issuer: https://issuer.example.com, subject: release@example.com}}}"
_ASKING = changed(("web: acme/web", f"web: {{image: acme/web, verify: {_IDENTITY}}}"))


def test_whoever_asks_for_identities_has_them_checked(tmp_path: Path) -> None:
    assert isinstance(world(load_text(tmp_path, _ASKING)).identities, SigstoreIdentities)


def test_whoever_asks_for_none_needs_no_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bot.adapters.identities.sigstore", None)
    assert world(load_text(tmp_path, changed())).identities is None


def test_without_the_library_it_is_said_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "bot.adapters.identities.sigstore", None)
    with pytest.raises(Refused, match=r"pip install 'tagboat\[sigstore\]'"):
        world(load_text(tmp_path, _ASKING))
