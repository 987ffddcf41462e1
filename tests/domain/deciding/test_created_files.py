"""Files that are made where they are missing: only where that was asked for, and only of what may be new."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.deciding.situation import Situation, edited
from bot.domain.errors import NotFound
from bot.domain.image import ImageRef, Release
from bot.domain.pipeline import Environment, Merge, Target
from bot.domain.place import (
    Container,
    HelmValues,
    JsonPaths,
    Kustomization,
    Marker,
    ObjectName,
    Place,
    SourceField,
    SourceImages,
    SourceKeys,
    TomlPaths,
)
from bot.domain.rollout.deployment import written
from bot.domain.snapshot import EnvironmentView
from tests.domain.deciding import situations

_OVERRIDE = "apps/.argocd-source-web.yaml"


@pytest.mark.parametrize(
    ("place", "file", "creates"),
    [
        (HelmValues(tag="image.tag", creates=True), "envs/dev/values-images.yaml", True),
        (HelmValues(tag="image.tag"), "envs/dev/values-images.yaml", False),
        (HelmValues(tag="spec.tag", object=ObjectName("Shop"), creates=True), "shop.yaml", False),
        (SourceKeys(tag="image.tag"), _OVERRIDE, True),
        (SourceKeys(tag="image.tag"), "apps/.argocd-source.yaml", True),
        (SourceKeys(tag="image.tag", creates=False), _OVERRIDE, False),
        (SourceKeys(tag="image.tag"), "apps/web.yaml", False),
        (SourceImages(), _OVERRIDE, True),
        (SourceImages(), "apps/web.yaml", False),
        (JsonPaths(tag="image.tag", creates=True), "envs/dev/values.json", True),
        (TomlPaths(tag="image.tag", creates=True), "envs/dev/values.toml", True),
        (TomlPaths(tag="image.tag"), "envs/dev/values.toml", False),
        (Kustomization(), "kustomization.yaml", False),
        (Container("web"), "pod.yaml", False),
        (Marker("web"), "Dockerfile", False),
    ],
)
def test_a_file_is_made_only_where_nothing_else_belongs_into_it(
    place: Place, file: str, creates: bool
) -> None:
    assert Target("web", file, place).creates_file is creates


def _environment(place: Place, file: str) -> Environment:
    return replace(situations.environment("dev", merge=Merge.AUTO), targets=(Target("web", file, place),))


def _edited(environment: Environment) -> dict[str, bytes | None]:
    view = EnvironmentView(files={environment.files[0]: None})
    snapshot = situations.snapshot(environment, views={"dev": view})
    situation = Situation(snapshot, environment, {}, situations.NOW)
    return dict(edited(situation, view.files, situations.release("1.10")))


@pytest.mark.parametrize(
    ("place", "file", "content"),
    [
        (HelmValues(tag="image.tag", creates=True), "values-images.yaml", 'image:\n  tag: "1.10"\n'),
        (
            SourceKeys(tag="image.tag"),
            _OVERRIDE,
            'helm:\n  parameters:\n  - name: image.tag\n    value: "1.10"\n    forceString: true\n',
        ),
        (SourceImages(), _OVERRIDE, "kustomize:\n  images:\n  - ghcr.io/acme/web:1.10\n"),
    ],
    ids=["values", "helm.parameters", "kustomize.images"],
)
def test_a_missing_file_is_made_in_full(place: Place, file: str, content: str) -> None:
    assert _edited(_environment(place, file)) == {file: content.encode()}


def test_a_missing_file_holds_no_tag_yet() -> None:
    environment = _environment(SourceKeys(tag="image.tag"), _OVERRIDE)
    pipeline = situations.pipeline(environment)
    assert written(pipeline, environment, {_OVERRIDE: None}) == Release.of({"web": ImageRef(situations.WEB)})


def test_any_other_missing_file_stops_with_its_name() -> None:
    environment = _environment(SourceKeys(tag="image.tag", field=SourceField.VALUES_OBJECT), "apps/web.yaml")
    with pytest.raises(NotFound, match=r"apps/web\.yaml is not there"):
        _edited(environment)
    with pytest.raises(NotFound, match=r"apps/web\.yaml is not in acme/infra"):
        written(situations.pipeline(environment), environment, {"apps/web.yaml": None})
