"""Files of thousands of entries are edited by one pass over their events."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import yaml

from bot.domain.edit.stream import parse
from bot.domain.edit.targets import write_target
from bot.domain.image import ImageRef, parse_image_name
from bot.domain.pipeline import Target
from bot.domain.place import (
    Container,
    HelmValues,
    JsonPaths,
    Kustomization,
    Marker,
    Pattern,
    Place,
    Setter,
    SourceField,
    SourceKeys,
    TomlPaths,
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

    pass_takes = _one_pass()
    monkeypatch.setattr(yaml, "parse", counted)
    begun = time.process_time()
    written = write_target(content.encode(), target, _REF, pin_digest=False)
    taken = time.process_time() - begun
    assert written.decode() == before + new + after
    assert content.count("\n") >= 20_000
    assert passes == 2, "one to read, one to prove"
    assert taken < 10 * pass_takes, "a search that grows with its square takes 100 times as long"


@cache
def _one_pass() -> float:
    """What one pass over such a file takes, in seconds of the processor."""
    head, entry, *_ = _FILES["list"]
    content = (head + "".join(entry(number) for number in range(_COUNT))).encode()
    begun = time.process_time()
    parse(content)
    return time.process_time() - begun


_LEAST = 0.005
"""Seconds below which a machine that has other work too measures nothing."""

_TEXTS: dict[str, tuple[str, Callable[[int], str], Place, str]] = {
    "JSON": (
        "[\n",
        lambda at: f'  {{"name": "app{at}",\n   "tag": "v1"}},\n',
        JsonPaths(tag="[name=app9].new", creates=True),
        "  {}\n]\n",
    ),
    "TOML": (
        "",
        lambda at: f'[[apps]]\nname = "app{at}"\ntag = "v1"\n',
        TomlPaths(tag="apps[name=app9].image.tag", creates=True),
        "",
    ),
    "marker": ("", lambda at: f"tag: v1 # app{at}\n", Marker("web"), "tag: v1 # tagboat: web\n"),
    "pattern": ("", lambda at: f"tag: v1 # é{at}\n", Pattern("last: (.*)"), "last: v1\n"),
    "mark of Flux": (
        "",
        lambda at: f'k{at}: v1 # {{"$imagepolicy": "a:app:tag"}}\n',
        Setter("a:web"),
        'last: v1 # {"$imagepolicy": "a:web:tag"}\n',
    ),
    "values as a text": (
        "kind: Application\nspec:\n  source:\n    helm:\n      values: |\n",
        lambda at: f"        app{at}:\n          tag: v1\n",
        SourceKeys(tag="app9.tag", field=SourceField.VALUES),
        "",
    ),
}


@pytest.mark.parametrize("name", _TEXTS)
def test_ten_times_the_lines_take_about_ten_times_as_long(name: str) -> None:
    head, entry, place, tail = _TEXTS[name]
    target, took = Target("web", "file", place), {}
    for count in (400, 4_000):
        content = (head + "".join(map(entry, range(count))) + tail).encode()
        begun = time.process_time()
        assert write_target(content, target, _REF, pin_digest=False) != content
        took[count] = time.process_time() - begun
    assert took[4_000] < 40 * max(took[400], _LEAST), "what grows with its square takes 100 times as long"
