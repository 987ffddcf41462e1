"""Files of thousands of entries are edited by one pass over their events, and proved by another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from bot.domain.edit.targets import write_target
from bot.domain.image import ImageRef, parse_image_name
from bot.domain.pipeline import Target
from bot.domain.place import (
    Container,
    HelmValues,
    Kustomization,
    Place,
)

_COUNT = 5_000
_WEB = parse_image_name("ghcr.io/acme/web")
_REF = ImageRef(_WEB, "1.5.0")


def _list(number: int) -> str:
    return f"  - name: app{number}\n    image:\n      repository: acme/app{number}\n      tag: v1\n"


def _entry(number: int) -> str:
    return f"  - name: acme/app{number}\n    newName: ghcr.io/acme/app{number}\n    # c\n    newTag: v1\n"


def _container(number: int) -> str:
    return f"  - name: app{number}\n    image: ghcr.io/acme/app{number}:v1\n    # c\n    args: []\n"


_LAST = f"app{_COUNT - 1}"
_FILES: dict[str, tuple[str, Callable[[int], str], Place, str, str]] = {
    "list": (
        "applications:\n",
        _list,
        HelmValues(tag=f"applications[name={_LAST}].image.tag"),
        "tag: v1",
        "tag: 1.5.0",
    ),
    "new key": (
        "applications:\n",
        _list,
        HelmValues(tag=f"applications[name={_LAST}].image.digest", creates=True),
        "tag: v1",
        "tag: v1\n      digest: 1.5.0",
    ),
    "kustomization": (
        "images:\n",
        _entry,
        Kustomization(f"acme/{_LAST}"),
        f"ghcr.io/acme/{_LAST}\n    # c\n    newTag: v1",
        "ghcr.io/acme/web\n    # c\n    newTag: 1.5.0",
    ),
    "manifest": (
        "kind: Pod\ncontainers:\n",
        _container,
        Container(_LAST),
        f"ghcr.io/acme/{_LAST}:v1",
        "ghcr.io/acme/web:1.5.0",
    ),
}


@pytest.mark.parametrize("name", _FILES)
def test_twenty_thousand_lines_are_edited_by_two_passes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    head, entry, place, old, new = _FILES[name]
    content = head + "".join(entry(number) for number in range(_COUNT))
    before, _, after = content.rpartition(old)
    target = Target("web", "values.yaml", place)
    passes = 0
    honest = yaml.parse

    def counted(*args: Any, **words: Any) -> Any:
        nonlocal passes
        passes += 1
        return honest(*args, **words)

    monkeypatch.setattr(yaml, "parse", counted)
    written = write_target(content.encode(), target, _REF, pin_digest=False)
    assert written.decode() == before + new + after
    assert content.count("\n") >= 20_000
    assert passes == 2, "one to read, one to prove"
