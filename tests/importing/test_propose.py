"""A repository becomes a configuration that loads, with what stands there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.domain.choosing.selection import Strategy
from bot.domain.edit.targets import write_target
from bot.domain.errors import Refused
from bot.domain.image import ImageRef
from bot.domain.pipeline import Pipeline
from bot.domain.place import HelmValues, Kustomization, Marker, Setter
from bot.importing.draft import rendered
from bot.importing.generated import Repository
from bot.importing.propose import proposed
from bot.importing.stage import stage_of
from tests.importing.samples import loaded

_WEB = "image:\n  repository: ghcr.io/acme/web\n  tag: {tag}\n"
_URL = "https://github.com/acme/infra.git"


def _values(tag: str = "1.2.0") -> str:
    return _WEB.replace("{tag}", tag)


def _pipelines(files: Mapping[str, str], folder: Path, url: str = _URL) -> Mapping[str, Pipeline]:
    """What is proposed for the files, loaded; every target must be one that can be written."""
    content = {path: text.encode() for path, text in files.items()}
    pipelines = loaded(proposed(Repository(url, "main", content)), folder).pipelines
    for pipeline in pipelines.values():
        for environment in pipeline.environments:
            for target in environment.targets:
                ref = ImageRef(pipeline.image(target.alias).name, "9.9.9", f"sha256:{'a' * 64}")
                assert write_target(content[target.file], target, ref, pin_digest=False)
    return pipelines


def _shape(pipeline: Pipeline) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    return [(each.name, each.after, each.files) for each in pipeline.environments]


def test_a_folder_per_environment_is_one_pipeline_in_the_usual_order(tmp_path: Path) -> None:
    files = {f"envs/{name}/values.yaml": _values() for name in ("prod-us", "dev", "staging", "prod-eu")}
    (pipeline,) = _pipelines(files, tmp_path).values()
    assert (pipeline.name, str(pipeline.repository), pipeline.branch) == ("web", "github:acme/infra", "main")
    assert _shape(pipeline) == [
        ("dev", (), ("envs/dev/values.yaml",)),
        ("staging", ("dev",), ("envs/staging/values.yaml",)),
        ("prod-eu", ("staging",), ("envs/prod-eu/values.yaml",)),
        ("prod-us", ("staging",), ("envs/prod-us/values.yaml",)),
    ]
    assert [each.place for each in pipeline.environments[0].targets] == [HelmValues(tag="image.tag")]


def test_a_file_per_environment_is_one_pipeline_named_by_its_folder(tmp_path: Path) -> None:
    files = {f"apps/shop/values-{name}.yaml": _values() for name in ("production", "qa")}
    (pipeline,) = _pipelines(files, tmp_path).values()
    assert pipeline.name == "shop"
    assert [(name, after) for name, after, _ in _shape(pipeline)] == [("qa", ()), ("production", ("qa",))]


def test_several_images_and_shapes_are_each_found_at_their_place(tmp_path: Path) -> None:
    text = (
        _values()
        + "worker: {image: {registry: quay.io, repository: acme/worker, tag: 1.0.0, digest: 'sha256:"
        + "a" * 64
        + "'}}\nsidecars:\n- {name: proxy, image: 'envoyproxy/envoy:v1.30.1'}\n"
        + "- name: other\n  image: 'acme/other:1.0'\n"
        + 'template: {repository: "{{ .x }}", tag: x}\ntext: "image: no"\nbaseImage: "not an image"\n'
    )
    (pipeline,) = _pipelines({f"{name}/values.yaml": text for name in ("dev", "prod")}, tmp_path).values()
    places = {target.alias: target.place for target in pipeline.environments[1].targets}
    assert places == {
        "web": HelmValues(tag="image.tag"),
        "worker": HelmValues(tag="worker.image.tag", digest="worker.image.digest"),
        "envoy": HelmValues(reference="sidecars[name=proxy].image"),
        "other": HelmValues(reference="sidecars[name=other].image"),
    }


@pytest.mark.parametrize(
    ("image", "name", "place"),
    [
        ("{registry: ghcr.io, name: 'acme/api:1.0'}", "ghcr.io/acme/api", HelmValues(reference="image.name")),
        (
            "{repository: 'ghcr.io/acme/api:1.0'}",
            "ghcr.io/acme/api",
            HelmValues(reference="image.repository"),
        ),
        (
            "{registry: quay.io, repository: ghcr.io/acme/api, tag: '1.0'}",
            "ghcr.io/acme/api",
            HelmValues(tag="image.tag"),
        ),
        (
            "{registry: ghcr.io, image: 'acme/api:1.0'}",
            "ghcr.io/acme/api",
            HelmValues(reference="image.image"),
        ),
    ],
)
def test_a_registry_is_put_before_a_name_that_has_none(
    image: str, name: str, place: HelmValues, tmp_path: Path
) -> None:
    (pipeline,) = _pipelines({"dev/values.yaml": f"image: {image}\n"}, tmp_path).values()
    assert [str(each.name) for each in pipeline.images] == [name]
    assert [each.place for each in pipeline.environments[0].targets] == [place]


@pytest.mark.parametrize(
    "value", ["!!int", "!!bool x", "!!timestamp x", "!!float x", "!!binary ä", "? {} : 1"]
)
def test_a_file_whose_values_cannot_be_made_is_told(value: str, tmp_path: Path) -> None:
    files = {"dev/a.yaml": _values().encode(), "prod/b.yaml": f"image:\n  x: {value}\n".encode()}
    draft = proposed(Repository(_URL, "", files))
    assert loaded(draft, tmp_path).pipelines
    assert "# Files that speak of images and could not be read, left out: prod/b.yaml" in rendered(draft)


def test_a_registry_that_is_none_makes_no_image(tmp_path: Path) -> None:
    more = f"{_values()}other: {{image: {{registry: ~x., name: acme/web:1.2.0}}}}\n"
    (pipeline,) = _pipelines({"dev/values.yaml": more}, tmp_path).values()
    assert [each.place for each in pipeline.environments[0].targets] == [HelmValues(tag="image.tag")]


def test_keys_that_hold_dots_are_written_as_they_stand(tmp_path: Path) -> None:
    text = (
        '"image.repository": ghcr.io/acme/web\n"image.tag": "1.0.0"\n'
        f'"api.image.registry": ghcr.io\n"api.image.name": acme/api\n"api.image.tag": "1.0.0"\n'
        f'"api.image.digest": sha256:{"a" * 64}\nproxy: {{"app.image": "envoyproxy/envoy:v1.30.1"}}\n'
        '"other.tag": "1.0.0"\n"more.name": acme/more\n"more.tag": "1.0.0"\n'
    )
    (pipeline,) = _pipelines({"dev/values.yaml": text}, tmp_path).values()
    assert {target.alias: target.place for target in pipeline.environments[0].targets} == {
        "web": HelmValues(tag='"image.tag"'),
        "api": HelmValues(tag='"api.image.tag"', digest='"api.image.digest"'),
        "envoy": HelmValues(reference='proxy."app.image"'),
    }


def test_an_image_that_stands_twice_has_two_targets(tmp_path: Path) -> None:
    text = _values() + "job: {image: {repository: ghcr.io/acme/web, tag: 1.2.0}}\n"
    (pipeline,) = _pipelines({"dev/values.yaml": text}, tmp_path).values()
    assert [each.place for each in pipeline.environments[0].targets] == [
        HelmValues(tag="image.tag"),
        HelmValues(tag="job.image.tag"),
    ]


def test_an_image_that_is_missing_before_does_not_come_after(tmp_path: Path) -> None:
    more = _values() + "api: {image: {repository: ghcr.io/acme/api, tag: 1.0.0}}\n"
    draft = proposed(Repository(_URL, "", {"dev/v.yaml": _values().encode(), "prod/v.yaml": more.encode()}))
    (pipeline,) = loaded(draft, tmp_path).pipelines.values()
    assert [each.after for each in pipeline.environments] == [(), ()]
    assert "It has images that dev has not" in rendered(draft)


def test_kustomizations_markers_and_setters_are_found(tmp_path: Path) -> None:
    files = {
        "overlays/dev/kustomization.yaml": "images:\n- name: x\n"
        "- {name: api, newName: ghcr.io/acme/api, newTag: 1.0.0}\n",
        "helmfile/dev.gotmpl": "# tagboat: web\nimage: ghcr.io/acme/web:1.0.0\n",
        "flux/dev/app.yaml": 'image: ghcr.io/acme/flux:1.0.0 # {"$imagepolicy": "flux-system:app"}\n',
    }
    places = [
        target.place
        for pipeline in _pipelines(files, tmp_path).values()
        for environment in pipeline.environments
        for target in environment.targets
    ]
    assert places == [Setter("flux-system:app"), Marker("web"), Kustomization()]


def test_applications_are_followed_by_what_they_deploy(tmp_path: Path) -> None:
    def app(name: str, source: str) -> str:
        head = f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}}}\n"
        return f"{head}spec: {{source: {{repoURL: 'git@github.com:acme/infra.git', {source}}}}}\n"

    files = {
        "envs/dev/values.yaml": _values(),
        "envs/prod/values.yaml": _values(),
        "argocd/a.yaml": app("web-dev", "path: chart, helm: {valueFiles: [../envs/dev/values.yaml]}")
        + "---\n"
        + app("web-prod", "path: envs/prod"),
        "argocd/b.yaml": app("elsewhere", "path: envs/prod").replace("acme/infra", "acme/other"),
        "argocd/c.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\n{{ template }}\n",
        "argocd/d.yaml": app("by-ref", "path: chart, helm: {valueFiles: [$values/envs/prod/values.yaml]}"),
    }
    (pipeline,) = _pipelines(files, tmp_path).values()
    found = {each.name: [app.name for app in each.applications] for each in pipeline.environments}
    assert found == {"dev": ["web-dev"], "prod": ["web-prod", "by-ref"]}


@pytest.mark.parametrize(
    ("tag", "policy"),
    [
        ("1.2.3", (Strategy.SEMVER, "")),
        ("v2", (Strategy.SEMVER, "")),
        ("1.27.1-alpine", (Strategy.DOCKER, "")),
        ("latest", (Strategy.DIGEST, "latest")),
        ("main-1a2b3c4", (Strategy.NEWEST_BUILD, "")),
    ],
)
def test_the_strategy_is_guessed_from_the_tags_that_run(
    tag: str, policy: tuple[Strategy, str], tmp_path: Path
) -> None:
    (pipeline,) = _pipelines({"dev/values.yaml": _values(tag)}, tmp_path).values()
    found = pipeline.images[0].policy
    assert (found.strategy, found.constraint) == policy


@pytest.mark.parametrize("tag", ["2026-01-15", "1.10", "20260115", "0x1f", "1_000", "010", "1e3"])
def test_a_tag_without_quotes_is_found_as_it_stands(tag: str, tmp_path: Path) -> None:
    files = {
        "envs/dev/values.yaml": f"image: ghcr.io/acme/web\ntag: {tag}\n",
        "web/values.yaml": "image: {repository: ghcr.io/acme/api}\n",
        "web/dev/values.yaml": f"image: {{tag: {tag}}}\n",
        "shop/base/kustomization.yaml": f"images: [{{name: ghcr.io/acme/shop, newTag: {tag}}}]\n",
        "shop/dev/kustomization.yaml": "resources: [../base]\n",
    }
    draft = proposed(Repository(_URL, "main", {path: text.encode() for path, text in files.items()}))
    names = {each.images[0].name.path for each in loaded(draft, tmp_path).pipelines.values()}
    assert names == {"acme/web", "acme/api", "acme/shop"}


def test_what_is_left_out_is_said() -> None:
    files = {
        "dev/values.yaml": _values(),
        "chart/values.yaml": _values(),
        "chart/templates/prod.yaml": _values(),
        ".github/prod.yaml": _values(),
        "dev/secrets.yaml": _values() + "sops: {mac: x}\n",
        "dev/broken.yaml": "image: [",
        "dev/template.yaml": "image: {{ .x }}: [",
        "dev/other.yaml": "a: [",
        "dev/notes.txt": _values(),
    }
    text = rendered(proposed(Repository(_URL, "", {path: each.encode() for path, each in files.items()})))
    assert "belong to no one environment, left out: chart/values.yaml\n" in text
    assert "speak of images and could not be read, left out: dev/broken.yaml\n" in text
    assert [name for name in files if f"values: {name}" in text] == ["dev/values.yaml"]


def test_without_any_environment_each_file_is_taken_for_prod(tmp_path: Path) -> None:
    (pipeline,) = _pipelines({"values.yaml": _values()}, tmp_path, url="/srv/git/infra.git").values()
    assert _shape(pipeline) == [("prod", (), ("values.yaml",))]
    assert str(pipeline.repository) == "git:/srv/git/infra.git"


def test_a_repository_without_images_is_refused() -> None:
    with pytest.raises(Refused, match="no image was found"):
        proposed(Repository(_URL, "", {"a.yaml": b"a: 1\n"}))


def test_names_from_a_repository_cannot_write_the_configuration(tmp_path: Path) -> None:
    hostile = "dev/a\n  evil: {}\n# ${HOME}.yaml"
    files = {"dev/values.yaml": _values(), "x\nforges: {}.yaml": _values()}
    (pipeline,) = _pipelines(files, tmp_path).values()
    assert pipeline.environments[0].files == ("dev/values.yaml",)
    with pytest.raises(Refused):
        proposed(Repository(_URL, "", {hostile: _values().encode()}))


_BOMB = "a0: &a0 [x]\n" + "".join(f"a{at}: &a{at} [{f'*a{at - 1}, ' * 9}]\n" for at in range(1, 12))


@pytest.mark.parametrize("hostile", [_BOMB, "kind: ApplicationSet\nspec: &a {x: *a}\n", "a: &a [*a]\n"])
def test_anchors_that_stand_for_too_much_are_left_out(hostile: str, tmp_path: Path) -> None:
    files = {"dev/values.yaml": _values(), "dev/bomb.yaml": f"# argoproj.io image\n{hostile}"}
    (pipeline,) = _pipelines(files, tmp_path).values()
    assert pipeline.environments[0].files == ("dev/values.yaml",)


def test_a_file_of_many_applications_is_read_in_one_pass(tmp_path: Path) -> None:
    text = "applications:\n" + "".join(
        f"- name: app{number}\n  image: {{repository: ghcr.io/acme/app{number}, tag: 1.0.{number}}}\n"
        for number in range(400)
    )
    draft = proposed(Repository(_URL, "", {"dev/values.yaml": text.encode()}))
    pipelines = loaded(draft, tmp_path).pipelines
    assert len(pipelines) == 400
    (target,) = pipelines["app104"].environments[0].targets
    assert target.place == HelmValues(tag="applications[name=app104].image.tag")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("prod", ("prod", 5, "")),
        ("values-prod-eu", ("prod-eu", 5, "values")),
        ("web_staging", ("staging", 4, "web")),
        ("pre-prod", ("preprod", 4, "")),
        ("Dev2", ("dev2", 0, "")),
        ("product", None),
        ("liveness", None),
        ("values", None),
        ("", None),
    ],
)
def test_an_environment_is_a_word_of_its_own(text: str, expected: Any) -> None:
    found = stage_of(text)
    assert (tuple(found) if found else None) == expected
