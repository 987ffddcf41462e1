"""A configuration that was carried over changes files as the Image Updater did."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.domain.choosing.selection import Strategy
from bot.domain.edit.targets import write_target
from bot.domain.image import ImageRef
from tests.importing.samples import application, carry, only_pipeline

_DIGEST = f"sha256:{'a' * 64}"
_HELM = "{repoURL: 'https://github.com/acme/infra.git', path: apps/web, targetRevision: main, helm: {}}"
_KUSTOMIZE = _HELM.replace("helm", "kustomize")
_SET = "web=ghcr.io/acme/web:1.x"


@pytest.mark.parametrize(
    ("said", "source", "before", "after"),
    [
        pytest.param(
            {},
            _HELM,
            "helm:\n  parameters:\n  - name: image.name\n    value: ghcr.io/acme/web\n    forcestring: true\n"
            "  - name: image.tag\n    value: 1.0.0\n    forcestring: true\n",
            "helm:\n  parameters:\n  - name: image.name\n    value: ghcr.io/acme/web\n    forcestring: true\n"
            "  - name: image.tag\n    value: 1.1.0\n    forcestring: true\n",
            id="parameters",
        ),
        pytest.param(
            {},
            _HELM,
            "",
            "helm:\n  parameters:\n  - name: image.name\n    value: ghcr.io/acme/web\n    forceString: true\n"
            "  - name: image.tag\n    value: 1.1.0\n    forceString: true\n",
            id="parameters in a new file",
        ),
        pytest.param(
            {},
            _KUSTOMIZE,
            "kustomize:\n  images:\n  - ghcr.io/acme/web:1.0.0\n",
            "kustomize:\n  images:\n  - ghcr.io/acme/web:1.1.0\n",
            id="Kustomize's images",
        ),
        pytest.param(
            {"web.kustomize.image-name": "app"},
            _KUSTOMIZE,
            "kustomize:\n  images:\n  - other:2\n",
            "kustomize:\n  images:\n  - other:2\n  - app=ghcr.io/acme/web:1.1.0\n",
            id="Kustomize's images by another name",
        ),
        pytest.param(
            {"write-back-target": "kustomization"},
            _KUSTOMIZE,
            "resources:\n- ../base\nimages:\n- name: ghcr.io/acme/web\n  newTag: 1.0.0\n",
            "resources:\n- ../base\nimages:\n- name: ghcr.io/acme/web\n  newTag: 1.1.0\n",
            id="kustomization",
        ),
        pytest.param(
            {"write-back-target": "kustomization", "web.kustomize.image-name": "app"},
            _KUSTOMIZE,
            "resources:\n- ../base\n",
            "resources:\n- ../base\nimages:\n- name: app\n  newName: ghcr.io/acme/web\n  newTag: 1.1.0\n",
            id="kustomization without an entry",
        ),
        pytest.param(
            {
                "write-back-target": "kustomization",
                "web.update-strategy": "digest",
                "image-list": "web=ghcr.io/acme/web:1.1.0",
            },
            _KUSTOMIZE,
            "images:\n- name: ghcr.io/acme/web\n  newTag: 1.0.0\n",
            f"images:\n- name: ghcr.io/acme/web\n  digest: {_DIGEST}\n",
            id="kustomization by digest",
        ),
        pytest.param(
            {"write-back-target": "helmvalues", "web.helm.image-tag": "web.image.tag"},
            _HELM,
            "web:  # ours\n  image: {tag: '1.0.0'}\n",
            "web:  # ours\n  image: {tag: '1.1.0'}\n",
            id="values",
        ),
        pytest.param(
            {
                "write-back-target": "helmvalues",
                "web.helm.image-tag": "image.tag",
                "web.helm.image-name": "image.name",
            },
            _HELM,
            "image:\n  tag: 1.0.0\n",
            "image:\n  tag: 1.1.0\n  name: ghcr.io/acme/web\n",
            id="values without the name",
        ),
        pytest.param(
            {"write-back-target": "helmvalues", "web.helm.image-spec": "web.images[0]"},
            _HELM,
            "web:\n  images:\n  - ghcr.io/acme/web:1.0.0\n",
            "web:\n  images:\n  - ghcr.io/acme/web:1.1.0\n",
            id="one value in a list",
        ),
        pytest.param(
            {
                "write-back-target": "helmvalues",
                "web.update-strategy": "digest",
                "image-list": "web=ghcr.io/acme/web:1.1.0",
            },
            _HELM,
            "image:\n  tag: 1.0.0\n",
            f"image:\n  tag: 1.1.0@{_DIGEST}\n",
            id="values by digest",
        ),
    ],
)
def test_the_edit_is_the_one_that_was_made_before(
    said: Mapping[str, str], source: str, before: str, after: str, tmp_path: Path
) -> None:
    annotations = {"image-list": _SET, "write-back-method": "git", **said}
    pipeline = only_pipeline(carry(application("web", annotations, source=source)).draft, tmp_path)
    ((target,), (image,)) = (pipeline.environments[0].targets, pipeline.images)
    ref = ImageRef(image.name, "1.1.0", _DIGEST)
    pins = image.policy.strategy is Strategy.DIGEST
    assert write_target(before.encode(), target, ref, pin_digest=pins).decode() == after
