"""Every folder under `places/` is one file before and after an image is written, or one that is refused.

`write` in its `case.json` is what people write in the configuration.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.configuration.pipeline_sections import WriteSection
from bot.configuration.places import fault, place_of
from bot.domain import errors
from bot.domain.edit.targets import read_target, write_target
from bot.domain.image import ImageRef, parse_image_name
from bot.domain.pipeline import Target
from bot.domain.place import Container, HelmValues, Kustomization, Place, SourceImages, SourceKeys

_DIGEST = f"sha256:{'c' * 64}"
_PLACES = Path(__file__).parent / "places"
_CASES = sorted(path.parent for path in _PLACES.glob("*/*/case.json"))
_EDITED = [case for case in _CASES if (case / "after.yaml").exists()]
_REFUSED = [case for case in _CASES if case not in _EDITED]


def _spec(case: Path) -> dict[str, Any]:
    spec: dict[str, Any] = json.loads((case / "case.json").read_text())
    return spec


def _target(spec: dict[str, Any]) -> Target:
    section, file = WriteSection(**spec["write"]), spec.get("file", "file.yaml")
    assert fault(section, file) == ("", "")
    return Target("web", file, place_of(section, file))


def _ref(spec: dict[str, Any]) -> ImageRef:
    return ImageRef(parse_image_name(spec.get("image", "ghcr.io/acme/web")), spec["tag"], spec.get("digest"))


def _name(case: Path) -> str:
    return str(case.relative_to(_PLACES))


def test_the_cases_are_there() -> None:
    assert len(_EDITED) >= 140
    assert len(_REFUSED) >= 42


@pytest.mark.parametrize("case", _EDITED, ids=_name)
def test_only_the_image_changes(case: Path) -> None:
    spec = _spec(case)
    target, ref, pin = _target(spec), _ref(spec), spec.get("pin", False)
    after = write_target((case / "before.yaml").read_bytes(), target, ref, pin_digest=pin)
    assert after == (case / "after.yaml").read_bytes()
    assert write_target(after, target, ref, pin_digest=pin) == after


@pytest.mark.parametrize("case", _EDITED, ids=_name)
def test_what_was_written_is_read(case: Path) -> None:
    spec = _spec(case)
    ref = _ref(spec)
    found = read_target((case / "after.yaml").read_bytes(), _target(spec), ref.name)
    assert found.name == ref.name
    assert (found.tag, found.digest) in {(ref.tag, None), (None, ref.digest), (ref.tag, ref.digest)}


_tags = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,12}", fullmatch=True) | st.sampled_from(
    [
        "1.10",
        "1e3",
        "0x1F",
        "1_000",
        "0o17",
        "007",
        "on",
        "off",
        "Y",
        "null",
        "2024-01-01",
        "42",
        "NaN",
        "True",
    ]
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(_EDITED), _tags, st.booleans())
def test_any_tag_is_written_as_a_text_and_read_again(case: Path, tag: str, pin: bool) -> None:
    spec = _spec(case)
    target, ref = _target(spec), ImageRef(_ref(spec).name, tag, _DIGEST)
    before = (case / "before.yaml").read_bytes()
    after = write_target(before, target, ref, pin_digest=pin)
    found = read_target(after, target, ref.name)
    assert (found.tag, found.digest) in {(tag, None), (None, _DIGEST), (tag, _DIGEST)}
    assert write_target(after, target, ref, pin_digest=pin) == after


def test_containers_that_disagree_are_not_read() -> None:
    content = b"containers: [{name: a, image: 'nginx:1'}, {name: b, image: 'nginx:2'}]"
    target = Target("web", "pod.yaml", Container())
    with pytest.raises(errors.Malformed, match=r"the container b in line 1 contradicts the container a"):
        read_target(content, target, parse_image_name("nginx"))


@pytest.mark.parametrize(
    "place",
    [Kustomization(), SourceImages(), SourceKeys(tag="image.tag"), HelmValues(tag="image.tag", creates=True)],
    ids=["kustomize", "kustomize.images", "helm.parameters", "key path"],
)
def test_what_is_not_there_yet_has_no_tag(place: Place) -> None:
    name = parse_image_name("ghcr.io/acme/web")
    assert read_target(b"", Target("web", "file.yaml", place), name) == ImageRef(name)


@pytest.mark.parametrize("case", _REFUSED, ids=_name)
def test_what_is_not_the_one_place_is_refused_with_a_reason(case: Path) -> None:
    spec = _spec(case)
    with pytest.raises(getattr(errors, spec["error"])) as caught:
        write_target((case / "before.yaml").read_bytes(), _target(spec), _ref(spec), pin_digest=False)
    assert spec["says"] in str(caught.value)
    assert all((caught.value.what, caught.value.why, caught.value.fix))
