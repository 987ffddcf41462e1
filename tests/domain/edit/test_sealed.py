"""Files that SOPS has sealed, in every form, are left alone; partial seals let clear values go."""

from __future__ import annotations

import pytest

from bot.domain.edit.targets import read_target, write_target
from bot.domain.errors import Malformed, Refused
from bot.domain.image import ImageRef, parse_image_name
from bot.domain.pipeline import Target
from bot.domain.place import HelmValues, JsonPaths, Marker, Pattern, Place, Setter, TomlPaths

_WEB = parse_image_name("ghcr.io/acme/web")
_MAC = "ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]"
_MARK = '# {"$imagepolicy": "a:web:tag"}'

_FORMS: dict[str, tuple[Place, str, str, str]] = {
    "YAML": (HelmValues(tag="tag"), "tag: a\nsops:\n  mac: @\n", "  mac_only_encrypted: true\n", ""),
    "YAML in braces": (HelmValues(tag="tag"), "{tag: a, sops: {mac: '@'", ", mac_only_encrypted: true", "}}"),
    "YAML with a setter": (
        Setter("a:web"),
        f"tag: a {_MARK}\nsops:\n  mac: @\n",
        "  mac_only_encrypted: true\n",
        "",
    ),
    "JSON": (JsonPaths(tag="tag"), '{"tag": "a", "sops": {"mac": "@"', ', "mac_only_encrypted": true', "}}"),
    "TOML": (TomlPaths(tag="tag"), 'tag = "a"\n[sops]\nmac = "@"\n', "mac_only_encrypted = true\n", ""),
    "dotenv": (Pattern("^TAG=(.*)$"), "TAG=a\nsops_mac=@\n", "sops_mac_only_encrypted=true\n", ""),
    "INI": (Marker("web"), "; tagboat: web\ntag = a\n[sops]\nmac = @\n", "mac_only_encrypted = true\n", ""),
    "JSON in one line": (
        Pattern('"tag":"([^"]*)"'),
        '{"tag":"a","sops":{"mac":"@"',
        ',"mac_only_encrypted":true',
        "}}",
    ),
    "binary": (
        Pattern('"data": "(.*)"'),
        '{\n\t"data": "a",\n\t"sops": {\n\t\t"mac": "@"\n',
        '"mac_only_encrypted": true',
        "}}",
    ),
}


def _target(place: Place) -> Target:
    return Target("web", "secrets", place)


@pytest.mark.parametrize(("place", "start", "partial", "end"), _FORMS.values(), ids=_FORMS)
def test_a_sealed_file_is_left_alone(place: Place, start: str, partial: str, end: str) -> None:
    content = (start + end).replace("@", _MAC).encode()
    for act in (
        lambda: read_target(content, _target(place), _WEB),
        lambda: write_target(content, _target(place), ImageRef(_WEB, "b"), pin_digest=False),
    ):
        with pytest.raises(Refused, match="SOPS has sealed it"):
            act()


@pytest.mark.parametrize(("place", "start", "partial", "end"), _FORMS.values(), ids=_FORMS)
def test_a_clear_value_may_change_where_the_mac_covers_encrypted_ones_alone(
    place: Place, start: str, partial: str, end: str
) -> None:
    content = (start + partial + end).replace("@", _MAC).encode()
    assert read_target(content, _target(place), _WEB) == ImageRef(_WEB, "a")
    written = write_target(content, _target(place), ImageRef(_WEB, "b2"), pin_digest=False)
    assert read_target(written, _target(place), _WEB) == ImageRef(_WEB, "b2")
    assert len(written) == len(content) + 1


def test_an_encrypted_value_is_no_tag() -> None:
    content = f"tag: {_MAC}\nsops: {{mac: '{_MAC}', mac_only_encrypted: true}}\n".encode()
    with pytest.raises(Malformed, match="ENC"):
        write_target(content, _target(HelmValues(tag="tag")), ImageRef(_WEB, "b"), pin_digest=False)


@pytest.mark.parametrize(
    ("place", "content"),
    [
        (HelmValues(tag="tag"), "tag: a\nsops: none\n"),
        (HelmValues(tag="tag"), "tag: a\nsops: {version: 3}\n"),
        (JsonPaths(tag="tag"), '{"tag": "a", "sops": [], "mac": "aa:bb"}'),
        (Pattern("^TAG=(.*)$"), "TAG=a\nmac=aa:bb\n"),
        (Pattern("^TAG=(.*)$"), f"TAG=a\nmy_mac={_MAC}\n"),
        (Pattern("^TAG=(.*)$"), "TAG=a\n# ENC[AES256_GCM, is how SOPS writes\n"),
    ],
)
def test_what_only_looks_like_a_seal_is_none(place: Place, content: str) -> None:
    assert read_target(content.encode(), _target(place), _WEB) == ImageRef(_WEB, "a")
