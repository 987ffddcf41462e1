"""What is written under `write` becomes a place of one kind; what CI runs is written only where allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain.place import (
    Container,
    HelmValues,
    JsonPaths,
    Kustomization,
    Marker,
    ObjectName,
    Pattern,
    Place,
    Setter,
    SourceField,
    SourceImages,
    SourceKeys,
    SourceName,
    TomlPaths,
)
from tests.configuration.files import changed, load_text, told


def _with(write: str, file: str = "dev.yaml") -> str:
    return changed(
        ("web: acme/web", f"web: {{image: acme/web, write: {{{write}}}}}"),
        ("values: dev.yaml", f"values: {file}"),
    )


@pytest.mark.parametrize(
    ("write", "file", "place"),
    [
        ("tag: image.tag", "values.yaml", HelmValues(tag="image.tag")),
        ("tag: image.tag", "values", HelmValues(tag="image.tag")),
        ("tag: a, digest: b, repository: c", "a.JSON", JsonPaths(tag="a", digest="b", repository="c")),
        ("reference: a", "settings.jsonc", JsonPaths(reference="a")),
        ("tag: a", "app.toml", TomlPaths(tag="a")),
        ("tag: a, format: toml", "Pipfile", TomlPaths(tag="a")),
        ("tag: a, format: yaml", "a.json", HelmValues(tag="a")),
        (
            "tag: spec.tag, object: Shop/web, anchors: edit, create: true",
            "shop.yaml",
            HelmValues(tag="spec.tag", object=ObjectName("Shop", "web"), edits_anchors=True, creates=True),
        ),
        ("kustomize: true", "any.yaml", Kustomization()),
        ("kustomize: true, name: web, create: false", "a/kustomization.yml", Kustomization("web", False)),
        ("container: web", "pod.yaml", Container("web")),
        ("container: web, object: /web", "pod.yaml", Container("web", ObjectName("", "web"))),
        ("containers: true, object: Job", "pod.yaml", Container(None, ObjectName("Job"))),
        ("argocd: helm.parameters, tag: image.tag", "app.yaml", SourceKeys("image.tag")),
        (
            "argocd: helm.values, tag: a, digest: b, source: 0, object: Application/web",
            "app.yaml",
            SourceKeys(
                *("a", "b", None, None, SourceField.VALUES),
                SourceName(ObjectName("Application", "web"), 0),
                creates=False,
            ),
        ),
        (
            "argocd: helm.valuesObject, reference: a, create: true, source: chart",
            "app.yaml",
            SourceKeys(reference="a", field=SourceField.VALUES_OBJECT, of=SourceName(source="chart")),
        ),
        (
            "argocd: plugin.env, tag: TAG, create: false",
            "app.yaml",
            SourceKeys("TAG", field=SourceField.PLUGIN_ENV, creates=False),
        ),
        ("argocd: kustomize.images, name: web", ".argocd-source-web.yaml", SourceImages("web")),
        ("marker: web", "Dockerfile", Marker("web")),
        ("pattern: 'v=(.*)'", "a.sh", Pattern("v=(.*)")),
        ("pattern: 'v: (.*)'", "d/helmfile.yaml.gotmpl", Pattern("v: (.*)", is_yaml=True)),
        ("pattern: 'v=(.*)', part: digest, every: true", "a.sh", Pattern("v=(.*)", "digest", every=True)),
        ("setter: 'flux-system:web'", "a.yaml", Setter("flux-system:web")),
    ],
)
def test_each_kind_of_place_can_be_written(write: str, file: str, place: Place, tmp_path: Path) -> None:
    pipeline = load_text(tmp_path, _with(write, file)).pipelines["web"]
    (target,) = pipeline.environments[0].targets
    assert (target.file, target.place) == (file, place)


@pytest.mark.parametrize(
    ("write", "says"),
    [
        ("tag: a, marker: web", "key paths (tag) and a marker (marker) are two kinds of places"),
        ("marker: web, setter: 'a:b'", "a marker (marker) and a mark of Flux (setter) are two kinds"),
        ("marker: web, part: tag", "a marker (marker) and a pattern (part) are two kinds"),
        ("format: json", "it names no place for the tag (add tag, digest or reference)"),
        ("part: tag", "it names no expression"),
        (
            "{}",
            "it names no place for the tag (add tag, digest or reference; or kustomize, container, argocd,",
        ),
        ("kustomize: false", "it names no place for the tag"),
        ("tag: a, kustomize: true", "key paths (tag) and kustomize (kustomize) are two kinds of places"),
        ("argocd: helm.values, containers: true", "a source of Argo CD (argocd) and containers (containers)"),
        ("argocd: helm.values", "it names no place for the tag (add tag, digest or reference)"),
        ("argocd: kustomize.images, tag: a", "tag says nothing here (leave it out: it does not go with"),
        ("argocd: helm.parameter, tag: a", "did you mean helm.parameters?"),
        ("container: web, containers: true", "a container and all containers are two kinds of places"),
        ("container: web, create: true", "create says nothing here (leave it out: it does not go with"),
        ("tag: a, source: 0", "source says nothing here (leave it out: it does not go with key paths)"),
        ("tag: a, format: toml, anchors: edit", "anchors says nothing here"),
        ("marker: web, object: Deployment/web", "object says nothing here"),
        ("kustomize: true, anchors: edit", "anchors says nothing here"),
        ("container: web, object: a/b/c", "'a/b/c' does not name an object (write Deployment/web)"),
        ("marker: 'a b'", "'a b' is not the name of a marker"),
        ("setter: web", "'web' is not namespace:name of a policy"),
        ("pattern: v", "'v' has no group"),
        ("pattern: 'v=(.*)', part: image", "part"),
        ("tag: a, format: xml", "format"),
    ],
)
def test_what_is_no_place_is_named_with_its_fix(write: str, says: str, tmp_path: Path) -> None:
    text = _with(write).replace("write: {{}}", "write: {}")
    (line,) = told(tmp_path, text)
    assert "pipelines.web.images.web.write" in line
    assert says in line


@pytest.mark.parametrize("file", ["kustomization.yaml", "a/kustomization.yml", "b/Kustomization"])
def test_a_kustomization_is_known_by_its_name(file: str, tmp_path: Path) -> None:
    images = "{web: acme/web, api: acme/api}"
    text = changed(("{web: acme/web}", images), ("values: dev.yaml", f"values: {file}"))
    (environment,) = load_text(tmp_path, text).pipelines["web"].environments
    assert [(each.alias, each.place) for each in environment.targets] == [
        ("web", Kustomization()),
        ("api", Kustomization()),
    ]


def test_what_is_said_of_an_image_counts_in_a_kustomization_too(tmp_path: Path) -> None:
    text = _with('tag: "images[name=web].newTag"', "kustomization.yaml")
    (target,) = load_text(tmp_path, text).pipelines["web"].environments[0].targets
    assert target.place == HelmValues(tag="images[name=web].newTag")


def test_one_path_in_two_objects_is_two_places(tmp_path: Path) -> None:
    entry = "{{file: a.yaml, write: {{tag: spec.tag, object: Shop/{0}}}}}"
    both = f"[{entry.format('a')}, {entry.format('b')}]"
    text = changed(("values: dev.yaml", f"values: {both}"))
    (environment,) = load_text(tmp_path, text).pipelines["web"].environments
    assert len(environment.targets) == 2


@pytest.mark.parametrize(
    "write",
    [
        "marker: a",
        "kustomize: true",
        "container: a",
        "argocd: plugin.env, tag: T",
        "pattern: 'v=(.*)'",
        "setter: 'a:b'",
        "tag: a, format: json",
    ],
)
def test_two_environments_do_not_write_the_same_place(write: str, tmp_path: Path) -> None:
    text = _with(write).replace(
        "argocd: web-dev}}", "argocd: web-dev}, prod: {after: dev, values: dev.yaml}}"
    )
    (line,) = told(tmp_path, text)
    assert "the same key of the same file is written by environment dev" in line


def test_what_ci_runs_is_written_only_where_the_environment_allows_it(tmp_path: Path) -> None:
    text = _with("marker: web", ".gitlab-ci.yml")
    (line,) = told(tmp_path, text)
    assert "CI would run it" in line
    assert "allow_workflows: true" in line
    allowed = text.replace("argocd: web-dev", "argocd: web-dev, allow_workflows: true")
    (environment,) = load_text(tmp_path, allowed).pipelines["web"].environments
    assert environment.allow_workflows
