"""Editing: how its time grows from a file of 400 entries to one of 4,000; ten times is the floor.

What searched the whole file again for every entry would take a hundred times as long.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import median

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

_SIZES = (400, 4_000)
_ROUNDS = 5
_LIMIT = 20.0
_REF = ImageRef(parse_image_name("ghcr.io/acme/web"), "1.5.0")

_KINDS: dict[str, tuple[str, Callable[[int], str], Place, str]] = {
    "list": (
        "applications:\n",
        lambda at: f"  - name: app{at}\n    image:\n      tag: v1\n",
        HelmValues(tag="applications[name=app9].image.tag"),
        "",
    ),
    "kustomization": (
        "images:\n",
        lambda at: f"  - name: acme/app{at}\n    newTag: v1\n",
        Kustomization("acme/app9"),
        "",
    ),
    "manifest": (
        "kind: Pod\ncontainers:\n",
        lambda at: f"  - name: app{at}\n    image: ghcr.io/acme/app{at}:v1\n",
        Container("app9"),
        "",
    ),
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


def run() -> None:
    """Print how many times as long ten times the entries take."""
    for kind, (head, entry, place, tail) in _KINDS.items():
        target = Target("web", "file", place)
        contents = [(head + "".join(map(entry, range(size))) + tail).encode() for size in _SIZES]
        small, large = (median(_seconds(content, target) for _ in range(_ROUNDS)) for content in contents)
        verdict = "within" if large / small < _LIMIT else "ABOVE"
        sys.stdout.write(
            f"  {kind}: {small * 1000:.1f} ms, {large * 1000:.1f} ms for ten times the entries,"
            f" {large / small:.1f} times: {verdict} the limit of {_LIMIT:.0f}\n"
        )


def _seconds(content: bytes, target: Target) -> float:
    begun = time.process_time()
    if write_target(content, target, _REF, pin_digest=False) == content:
        raise RuntimeError(f"{target.place} was not edited")
    return time.process_time() - begun
