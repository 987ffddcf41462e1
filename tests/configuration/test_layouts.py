"""Repositories as people lay them out, each with the configuration that writes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain.edit.targets import write_target
from bot.domain.image import ImageRef, parse_image_name
from tests.configuration.files import load_text

_HEAD = """\
forges: {github: {kind: github, token: t}}
pipelines:
  web:
    repository: github:acme/infra
"""
_IMAGE = "    images: {web: acme/web}\n    environments:\n"

_LAYOUTS: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "a folder of values per environment": (
        _IMAGE
        + "      dev: {values: {file: envs/dev/values-images.yaml, write: {tag: web.tag, create: true}}}\n"
        + "      prod: {after: dev, values: {file: envs/prod/values-images.yaml, write: {tag: web.tag}}}\n",
        {
            "envs/dev/values-images.yaml": ("", "web:\n  tag: 1.5.0\n"),
            "envs/prod/values-images.yaml": ("web: {tag: v1} # c\n", "web: {tag: 1.5.0} # c\n"),
        },
    ),
    "a chart copied per environment": (
        _IMAGE
        + "      dev: {values: dev/charts/web/values.yaml}\n"
        + "      prod: {after: dev, values: prod/charts/web/values.yaml}\n",
        {
            "dev/charts/web/values.yaml": ("image:\n  tag: v1\n", "image:\n  tag: 1.5.0\n"),
            "prod/charts/web/values.yaml": ("image:\n  tag: v1\n", "image:\n  tag: 1.5.0\n"),
        },
    ),
    "one file that lists all applications": (
        "    images: {web: {image: acme/web, write: {tag: 'applications[name=web].image.tag'}}}\n"
        "    environments:\n"
        "      prod: {values: apps/values.yaml}\n",
        {
            "apps/values.yaml": (
                "applications:\n- {name: api, image: {tag: v1}}\n- {name: web, image: {tag: v1}}\n",
                "applications:\n- {name: api, image: {tag: v1}}\n- {name: web, image: {tag: 1.5.0}}\n",
            ),
        },
    ),
    "overlays of kustomize": (
        _IMAGE
        + "      dev: {values: overlays/dev/kustomization.yaml}\n"
        + "      prod: {after: dev, values: overlays/prod/kustomization.yaml}\n",
        {
            "overlays/dev/kustomization.yaml": (
                "resources: [../../base]\n",
                "resources: [../../base]\nimages:\n- name: acme/web\n  newTag: 1.5.0\n",
            ),
            "overlays/prod/kustomization.yaml": (
                "images:\n- name: acme/web\n  newTag: v1\n",
                "images:\n- name: acme/web\n  newTag: 1.5.0\n",
            ),
        },
    ),
    "plain manifests, and what Argo CD keeps beside them": (
        _IMAGE
        + "      dev: {values: {file: dev/all.yaml, write: {containers: true}}}\n"
        + "      prod:\n"
        + "        after: dev\n"
        + "        values: {file: prod/.argocd-source-web.yaml, write: {argocd: kustomize.images}}\n",
        {
            "dev/all.yaml": (
                "kind: Pod\nspec: {containers: [{name: a, image: 'acme/web:v1'}]}\n",
                "kind: Pod\nspec: {containers: [{name: a, image: 'acme/web:1.5.0'}]}\n",
            ),
            "prod/.argocd-source-web.yaml": ("", "kustomize:\n  images:\n  - acme/web:1.5.0\n"),
        },
    ),
    "an application set with a list of clusters": (
        _IMAGE
        + "      prod:\n"
        + "        values:\n"
        + "          file: apps/web.yaml\n"
        + "          write: {object: ApplicationSet/web,"
        + " tag: 'spec.generators[0].list.elements[cluster=prod].tag'}\n",
        {
            "apps/web.yaml": (
                "kind: ApplicationSet\nmetadata: {name: web}\nspec:\n  generators:\n  - list:\n"
                "      elements:\n      - cluster: dev\n        tag: v1\n      - cluster: prod\n"
                "        tag: v0\n",
                "kind: ApplicationSet\nmetadata: {name: web}\nspec:\n  generators:\n  - list:\n"
                "      elements:\n      - cluster: dev\n        tag: v1\n      - cluster: prod\n"
                "        tag: 1.5.0\n",
            ),
        },
    ),
}


@pytest.mark.parametrize("layout", _LAYOUTS)
def test_a_layout_is_written_by_a_few_lines(layout: str, tmp_path: Path) -> None:
    text, files = _LAYOUTS[layout]
    pipeline = load_text(tmp_path, _HEAD + text).pipelines["web"]
    targets = [target for environment in pipeline.environments for target in environment.targets]
    assert [target.file for target in targets] == list(files)
    for target in targets:
        before, after = files[target.file]
        assert before or target.creates_file
        ref = ImageRef(parse_image_name("acme/web"), "1.5.0")
        assert write_target(before.encode(), target, ref, pin_digest=False).decode() == after
