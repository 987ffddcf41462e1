"""Usual layouts of repositories become configurations that load and whose every place can be written."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.domain.edit.targets import write_target
from bot.domain.image import ImageRef
from bot.domain.pipeline import Environment, Pipeline
from bot.domain.place import (
    Container,
    HelmValues,
    Place,
    Setter,
    SourceField,
    SourceImages,
    SourceKeys,
    SourceName,
)
from bot.domain.place import Kustomization as Entry
from bot.importing.draft import rendered
from bot.importing.generated import Repository
from bot.importing.propose import proposed
from bot.importing.stage import is_region
from tests.importing.samples import loaded

_WEB = "image: {repository: ghcr.io/acme/web, tag: 1.0.0}\n"
_URL = "https://github.com/acme/infra.git"


def _app(name: str, source: str, more: str = "", annotations: str = "{}") -> str:
    head = "---\napiVersion: argoproj.io/v1alpha1\nkind: Application\n"
    metadata = f"metadata: {{name: {name}, namespace: argocd, annotations: {annotations}}}\n"
    return f"{head}{metadata}spec: {{source: {{repoURL: '{_URL}', {source}}}{more}}}\n"


def _deployment(name: str, *images: str) -> str:
    containers = "".join(f"      - {{name: c{at}, image: '{image}'}}\n" for at, image in enumerate(images))
    kind = f"---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\n"
    return f"{kind}spec:\n  template:\n    spec:\n      containers:\n{containers}"


def _proposed(files: Mapping[str, str], folder: Path) -> tuple[dict[str, Pipeline], str]:
    """The pipelines by name, each place tried out, and the text in one line, without marks of comments."""
    content = {path: textwrap.dedent(text).encode() for path, text in files.items()}
    draft = proposed(Repository(_URL, "main", content))
    pipelines = dict(loaded(draft, folder).pipelines)
    for pipeline in pipelines.values():
        for environment in pipeline.environments:
            for target in environment.targets:
                ref = ImageRef(pipeline.image(target.alias).name, "9.9.9", f"sha256:{'a' * 64}")
                assert b"9.9.9" in write_target(content[target.file], target, ref, pin_digest=False)
    lines = (line.strip() for line in rendered(draft).splitlines())
    return pipelines, " ".join(line.removeprefix("# ") for line in lines)


def _apps(environment: Environment) -> list[str]:
    return [each.name for each in environment.applications]


def _places(pipeline: Pipeline) -> list[tuple[str, Place]]:
    return [(target.file, target.place) for each in pipeline.environments for target in each.targets]


def test_tags_of_environments_find_their_image_in_the_charts_own_values(tmp_path: Path) -> None:
    files = {
        f"envs/{env}/{name}.yaml": "image: {tag: 1.0.0}\n"
        for env in ("dev", "prod")
        for name in ("web", "api")
    }
    for name in ("web", "api"):
        files[f"charts/{name}/Chart.yaml"] = f"name: {name}\n"
        files[f"charts/{name}/values.yaml"] = f"image: {{repository: ghcr.io/acme/{name}, tag: ''}}\n"
    files["argocd/all.yaml"] = "".join(
        _app(name, f"path: charts/{name[:3]}, helm: {{valueFiles: [../../envs/{env}/{name[:3]}.yaml]}}")
        for name, env in (("web-dev", "dev"), ("web-eu", "prod"), ("web-us", "prod"))
    )
    pipelines, text = _proposed(files, tmp_path)
    web = pipelines["web"]
    assert (str(web.images[0].name), str(pipelines["api"].images[0].name)) == (
        "ghcr.io/acme/web",
        "ghcr.io/acme/api",
    )
    assert [(each.name, each.after, _apps(each)) for each in web.environments] == [
        ("dev", (), ["web-dev"]),
        ("prod", ("dev",), ["web-eu", "web-us"]),
    ]
    assert "web-eu and web-us deploy the same files: one environment, live once all of them are." in text
    assert "left out: charts/api/values.yaml, charts/web/values.yaml" in text


def test_each_of_many_applications_finds_the_chart_that_is_called_like_it(tmp_path: Path) -> None:
    many = range(70)
    files = {f"charts/team/app{at}/values.yaml": f"image: {{repository: acme/app{at}}}\n" for at in many}
    files |= {f"envs/dev/team/app{at}.yaml": "image: {tag: 1.0.0}\n" for at in many}
    pipelines, _ = _proposed(files, tmp_path)
    assert {name: each.images[0].name.path for name, each in pipelines.items()} == {
        f"app{at}": f"acme/app{at}" for at in many
    }


def test_a_tag_whose_image_nobody_names_is_told(tmp_path: Path) -> None:
    files = {
        "dev/values.yaml": f"{_WEB}worker: {{image: {{tag: 1.0.0}}}}\n",
        "a/values.yaml": "worker: {image: {repository: ghcr.io/acme/a}}\n",
        "b/values.yaml": "worker: {image: {repository: ghcr.io/acme/b}}\n",
    }
    _, text = _proposed(files, tmp_path)
    assert "nothing says what the image is called, left out: dev/values.yaml (worker.image.tag)" in text


def test_overlays_are_written_in_their_kustomizations_also_where_nothing_stands_yet(tmp_path: Path) -> None:
    files = {
        "shop/base/kustomization.yaml": "resources: [web.yaml, ../../shared/kustomization.yaml]\n",
        "shop/base/web.yaml": _deployment("web", "ghcr.io/acme/web:1.0.0"),
        "shared/kustomization.yaml": "images: [{name: proxy, newName: ghcr.io/acme/proxy, newTag: 2.0.0}]\n",
        "shop/overlays/dev/kustomization.yaml": "resources: [../../base, own.yaml]\nimages:\n"
        "- {name: ghcr.io/acme/web, newTag: 1.1.0}\n"
        "- {name: proxy, newName: ghcr.io/acme/proxy, newTag: 2.0.0}\n",
        "shop/overlays/dev/own.yaml": _deployment("web", "ghcr.io/acme/web:1.0.0"),
        "shop/overlays/prod/kustomization.yaml": "resources: [../../base, ../../base/missing.yaml]\n",
        "argocd/dev.yaml": _app("shop-dev", "path: shop/overlays/dev"),
    }
    pipelines, text = _proposed(files, tmp_path)
    (shop,) = pipelines.values()
    assert shop.name == "shop"
    assert set(_places(shop)) == {
        ("shop/overlays/dev/kustomization.yaml", Entry()),
        ("shop/overlays/prod/kustomization.yaml", Entry()),
    }
    assert [_apps(each) for each in shop.environments] == [["shop-dev"], []]
    assert "prod/kustomization.yaml has no `images` yet" in text


def test_an_entry_of_an_image_that_stands_twice_is_named(tmp_path: Path) -> None:
    entries = "".join(
        f"- {{name: {name}, newName: ghcr.io/acme/web, newTag: 1.0.0}}\n" for name in ("a", "b")
    )
    pipelines, _ = _proposed({"dev/kustomization.yaml": f"images:\n{entries}"}, tmp_path)
    (pipeline,) = pipelines.values()
    assert [place for _, place in _places(pipeline)] == [Entry("a"), Entry("b")]


@pytest.mark.parametrize("root", ["applications", "apps"])
def test_each_application_of_an_app_of_apps_is_a_pipeline(root: str, tmp_path: Path) -> None:
    text = f"{root}:\n" + "".join(
        f"- name: {name}\n  image: {{repository: ghcr.io/acme/{name}, tag: 1.0.0}}\n"
        for name in ("cart", "pay")
    )
    files = {
        "values-dev.yaml": text,
        "values-prod.yaml": text,
        "templates/app.yaml": "kind: Application\nmetadata: {name: '{{ .name }}'}\n",
        "root.yaml": _app("root-dev", "path: ., helm: {valueFiles: [values-dev.yaml]}"),
    }
    pipelines, notes = _proposed(files, tmp_path)
    assert {name: _places(each) for name, each in pipelines.items()} == {
        name: [
            (f"values-{env}.yaml", HelmValues(f"{root}[name={name}].image.tag")) for env in ("dev", "prod")
        ]
        for name in ("cart", "pay")
    }
    assert not [app for each in pipelines.values() for env in each.environments for app in env.applications]
    assert "Deployed by Applications that root-dev makes" in notes


def test_elements_may_say_the_environment_that_their_file_does_not(tmp_path: Path) -> None:
    text = "apps:\n" + "".join(
        f"  web-{env}: {{image: {{repository: ghcr.io/acme/web, tag: 1.0.0}}}}\n" for env in ("prod", "dev")
    )
    pipelines, _ = _proposed({"values.yaml": text}, tmp_path)
    (web,) = pipelines.values()
    assert (web.name, [each.name for each in web.environments]) == ("web", ["dev", "prod"])


def test_applications_of_a_set_follow_the_folders_that_they_come_from(tmp_path: Path) -> None:
    files = {
        f"apps/{name}/{env}/values.yaml": f"{name}:\n  image: {{repository: acme/{name}, tag: 3.1.0}}\n"
        for name in ("blog", "forum")
        for env in ("test", "live")
    }
    files["set.yaml"] = f"""
        apiVersion: argoproj.io/v1alpha1
        kind: ApplicationSet
        metadata: {{name: all, namespace: argocd}}
        spec:
          goTemplate: true
          generators: [{{git: {{repoURL: '{_URL}', directories: [{{path: apps/*/*}}]}}}}]
          template:
            metadata: {{name: '{{{{ index .path.segments 1 }}}}-{{{{ .path.basename }}}}'}}
            spec: {{source: {{repoURL: '{_URL}', targetRevision: HEAD, path: '{{{{ .path.path }}}}'}}}}
        ---
        apiVersion: argoproj.io/v1alpha1
        kind: ApplicationSet
        metadata: {{name: clusters}}
        spec: {{generators: [{{clusters: {{}}}}], template: {{}}}}
    """
    pipelines, text = _proposed(files, tmp_path)
    assert {
        name: [_apps(each) for each in pipeline.environments] for name, pipeline in pipelines.items()
    } == {
        "blog": [["blog-test"], ["blog-live"]],
        "forum": [["forum-test"], ["forum-live"]],
    }
    assert "ApplicationSet clusters: its generator clusters asks the cluster" in text


def test_values_that_parameters_of_an_application_go_before_are_told(tmp_path: Path) -> None:
    web = "path: prod/web, helm: {parameters: [{name: image.tag, value: '1'}, {name: replicas, value: '2'}]}"
    files = {
        "prod/web/Chart.yaml": "name: web\n",
        "prod/web/values.yaml": _WEB,
        "apps.yaml": _app("web", web) + _app("other", "path: prod/web, helm: {parameters: [{name: x}]}"),
    }
    _, text = _proposed(files, tmp_path)
    assert "web sets image.tag by parameters, which go before prod/web/values.yaml." in text
    assert "other sets" not in text
    assert "before apps.yaml" not in text


def test_an_application_that_a_template_names_is_left_out_and_told(tmp_path: Path) -> None:
    files = {
        "apps/templates/web.yaml": _app('"{{ .Values.name }}-web"', "path: prod/web"),
        "prod/web/values.yaml": _WEB,
    }
    pipelines, text = _proposed(files, tmp_path)
    assert _apps(pipelines["web"].environments[0]) == []
    assert "Application {{ .Values.name }}-web: that is no name of one" in text


def test_manifests_are_written_by_the_image_that_their_containers_run(tmp_path: Path) -> None:
    text = _deployment("a", "ghcr.io/acme/crm:1.5.0", "ghcr.io/acme/crm:1.5.0") + _deployment(
        "b", "acme/other:1.0.0"
    )
    pipelines, _ = _proposed({f"{env}/crm.yaml": text for env in ("dev", "prod")}, tmp_path)
    assert {place for _, place in _places(pipelines["crm"])} == {Container()}
    assert [image.alias for image in pipelines["crm"].images] == ["other", "crm"]


def test_containers_that_run_different_tags_are_named(tmp_path: Path) -> None:
    text = _deployment("a", "acme/crm:1.5.0") + _deployment("b", "acme/crm:1.6.0")
    pipelines, _ = _proposed({"dev/crm.yaml": text}, tmp_path)
    assert [str(place.keys[0]) for _, place in _places(pipelines["crm"])] == [
        "container c0 of Deployment/a",
        "container c0 of Deployment/b",
    ]


def test_images_in_sources_of_applications_are_found(tmp_path: Path) -> None:
    def files(env: str) -> dict[str, str]:
        return {
            f"{env}/params.yaml": _app(
                "params",
                "path: x, helm: {parameters: [{name: image.tag, value: '1.0.0'},"
                " {name: image.repository, value: ghcr.io/acme/params}]}",
            ),
            f"{env}/object.yaml": _app(
                "object", "path: x, helm: {valuesObject: {image: {repository: acme/object, tag: 1.0.0}}}"
            ),
            f"{env}/text.yaml": f"""
                apiVersion: argoproj.io/v1alpha1
                kind: Application
                metadata: {{name: text}}
                spec:
                  sources:
                  - {{repoURL: '{_URL}', path: y}}
                  - repoURL: {_URL}
                    path: x
                    helm:
                      values: |
                        image: {{repository: ghcr.io/acme/text, tag: 1.0.0}}
            """,
            f"{env}/images.yaml": _app("images", "path: x, kustomize: {images: ['old=acme/images:1.0.0']}"),
            f"{env}/own/.argocd-source-own.yaml": "helm:\n  parameters:\n"
            "  - {name: image.tag, value: 1.0.0}\n  - {name: image.name, value: ghcr.io/acme/own}\n",
            f"{env}/bare.yaml": _app(
                "bare", "path: charts/bare, helm: {parameters: [{name: image.tag, value: 1.0.0}]}"
            ),
            "charts/bare/values.yaml": "image: {repository: ghcr.io/acme/bare}\n",
            "charts/else/values.yaml": "image: {repository: ghcr.io/acme/else}\n",
            f"{env}/own.yaml": _app("own", f"path: {env}/own, helm: {{}}"),
            f"{env}/other.yaml": _app("other", f"path: {env}/own, helm: {{}}"),
        }

    pipelines, _ = _proposed(files("dev") | files("prod"), tmp_path)
    found = {name: _places(each)[0][1] for name, each in pipelines.items()}
    assert found == {
        "params": SourceKeys("image.tag"),
        "object": SourceKeys("image.tag", field=SourceField.VALUES_OBJECT, creates=False),
        "text": SourceKeys("image.tag", field=SourceField.VALUES, of=SourceName(source=1), creates=False),
        "images": SourceImages(),
        "own": SourceKeys("image.tag"),
        "bare": SourceKeys("image.tag"),
    }
    assert {name: _apps(each.environments[0]) for name, each in pipelines.items()} == {
        name: [name] for name in ("params", "object", "text", "images", "own", "bare")
    }


_POLICY = """
    apiVersion: image.toolkit.fluxcd.io/v1beta2
    kind: ImageRepository
    metadata: {name: web, namespace: flux-system}
    spec: {image: ghcr.io/acme/web}
    ---
    apiVersion: image.toolkit.fluxcd.io/v1beta2
    kind: ImagePolicy
    metadata: {name: web, namespace: flux-system}
    spec: {imageRepositoryRef: {name: web}, %s}
"""


@pytest.mark.parametrize(
    ("said", "settings"),
    [
        ("policy: {semver: {range: '>=6.0 <7'}}", {"constraint": ">=6.0 <7"}),
        ("policy: {numerical: {order: desc}}", {"strategy": "numerical", "direction": "desc"}),
        ("policy: {alphabetical: {order: asc}}", {"strategy": "alphabetical"}),
        (
            "policy: {numerical: {}}, filterTags: {pattern: '^main-(?P<ts>[0-9]+)$', extract: $ts}",
            {"strategy": "numerical", "pattern": "^main-(?P<ts>[0-9]+)$", "template": "$ts"},
        ),
    ],
)
def test_what_flux_was_told_is_kept(said: str, settings: Mapping[str, str], tmp_path: Path) -> None:
    release = 'spec: {values: {image: {tag: 6.5.0 }}} # {"$imagepolicy": "flux-system:web:tag"}\n'
    flat = 'spec:\n  values:\n    image:\n      tag: 6.5.0 # {"$imagepolicy": "flux-system:web:tag"}\n'
    files = {f"apps/{env}/web-values.yaml": flat for env in ("staging", "production")}
    files |= {"infra/policies.yaml": _POLICY % said, "infra/odd.yaml": release}
    pipelines, text = _proposed(files, tmp_path)
    (web,) = pipelines.values()
    assert (web.name, _places(web)[0][1], str(web.images[0].name)) == (
        "web",
        Setter("flux-system:web"),
        "ghcr.io/acme/web",
    )
    shown = str(web.images[0].policy)
    assert all(repr(value) in shown for value in settings.values()), shown
    assert "suspend its ImageUpdateAutomation" in text


def test_what_the_image_updater_was_told_is_kept(tmp_path: Path) -> None:
    annotations = (
        "{argocd-image-updater.argoproj.io/image-list: 'web=ghcr.io/acme/web:1.x, bad=::',"
        " argocd-image-updater.argoproj.io/web.ignore-tags: latest}"
    )
    files = {
        f"{env}/values.yaml": "image: {repository: ghcr.io/acme/web, tag: latest}\n"
        for env in ("dev", "prod")
    }
    files["dev/app.yaml"] = _app("web-dev", "path: dev, helm: {}", annotations=annotations)
    pipelines, text = _proposed(files, tmp_path)
    (web,) = pipelines.values()
    policy = web.images[0].policy
    assert (policy.constraint, policy.ignore_tags) == ("1.x", ("latest",))
    assert "As Argo CD Image Updater is told for the Application web-dev." in text
    assert "take its annotations or custom resources away" in text


def test_where_applications_deploy_to_says_the_environment_that_no_path_does(tmp_path: Path) -> None:
    values = _WEB
    files = {
        "a/values.yaml": values,
        "b/values.yaml": values,
        "c/values.yaml": values,
        "apps.yaml": _app("one", "path: a, helm: {}", ", destination: {namespace: web-staging}")
        + _app("two", "path: b, helm: {}", ", destination: {name: production}")
        + _app("three", "path: c, helm: {}"),
    }
    pipelines, _ = _proposed(files, tmp_path)
    found = {(env.name, *_apps(env)) for each in pipelines.values() for env in each.environments}
    assert found == {("staging", "one"), ("production", "two"), ("prod", "three")}


def test_applications_of_another_branch_are_left_out_and_told(tmp_path: Path) -> None:
    files = {
        "dev/values.yaml": _WEB,
        "apps.yaml": _app("old", "path: dev, targetRevision: release, helm: {}")
        + _app("new", "path: dev, targetRevision: main, helm: {}"),
    }
    pipelines, text = _proposed(files, tmp_path)
    assert _apps(pipelines["web"].environments[0]) == ["new"]
    assert "Application old follows release and not main: it is left out." in text


@pytest.mark.parametrize(
    ("source", "path", "follows"),
    [
        ("path: dev, directory: {recurse: true}", "dev/x/values.yaml", True),
        ("path: dev", "dev/x/values.yaml", False),
        ("path: dev, helm: {}", "dev/values-dev.yaml", False),
        ("path: chart, helm: {valueFiles: [$values/dev/values.yaml]}", "dev/values.yaml", True),
        ("path: chart, helm: {valueFiles: [/dev/values.yaml]}", "dev/values.yaml", True),
        ("path: dev, helm: {valueFiles: [other.yaml]}", "dev/values-dev.yaml", False),
    ],
)
def test_an_application_reads_what_argo_cd_would(
    source: str, path: str, follows: bool, tmp_path: Path
) -> None:
    files = {path: _WEB, "apps.yaml": _app("web", source)}
    pipelines, _ = _proposed(files, tmp_path)
    (pipeline,) = pipelines.values()
    assert bool(pipeline.environments[0].applications) is follows


def test_regions_within_an_environment_are_environments_of_their_own(tmp_path: Path) -> None:
    files = {f"{way}/web/values.yaml": _WEB for way in ("dev/eu-west-1", "prod/eu-west-1", "prod/us_east_1")}
    pipelines, _ = _proposed(files, tmp_path)
    (web,) = pipelines.values()
    assert [(each.name, each.after) for each in web.environments] == [
        ("dev-eu-west-1", ()),
        ("prod-eu-west-1", ("dev-eu-west-1",)),
        ("prod-us-east-1", ("dev-eu-west-1",)),
    ]


def test_a_tag_beside_its_image_is_found(tmp_path: Path) -> None:
    files = {"dev/values.yaml": "image: acme/web\nimageTag: 1.0.0\napi: {image: acme/api, tag: v1}\n"}
    pipelines, _ = _proposed(files, tmp_path)
    (pipeline,) = pipelines.values()
    assert {target.alias: target.place for target in pipeline.environments[0].targets} == {
        "web": HelmValues("imageTag"),
        "api": HelmValues("api.tag"),
    }


@pytest.mark.parametrize(
    ("text", "region"),
    [
        *((text, True) for text in ("eu", "eu1", "us-east-1", "europe-west4", "westeurope", "us-gov-west-1")),
        *((text, False) for text in ("apps", "me-service", "web", "users", "")),
    ],
)
def test_a_region_is_known_by_its_name(text: str, region: bool) -> None:
    assert is_region(text) is region


def test_environments_of_one_rank_go_at_the_same_time_and_that_is_told(tmp_path: Path) -> None:
    files = {f"envs/{name}/values.yaml": _WEB for name in ("dev", "prod-eu", "prod-us")}
    _, text = _proposed(files, tmp_path)
    assert "prod-eu and prod-us have files of their own and go at the same time" in text
