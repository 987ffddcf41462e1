"""Every setting of Argo CD Image Updater is carried over or named: none is lost in silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from bot.importing.draft import rendered
from tests.importing.samples import application, carry, loaded, updater

_BASE = {"image-list": "web=ghcr.io/acme/web", "write-back-method": "git", "write-back-target": "helmvalues"}
_KUSTOMIZE = (
    "{repoURL: 'https://github.com/acme/infra.git', path: apps/web, targetRevision: main, kustomize: {}}"
)

_ANNOTATIONS: list[tuple[Mapping[str, str], str, str]] = [
    ({"image-list": "web=ghcr.io/acme/web:~1.2"}, "constraint: ~1.2", ""),
    ({"image-list": "ghcr.io/acme/api"}, "image: ghcr.io/acme/api", ""),
    ({"web.update-strategy": "newest-build"}, "strategy: newest-build", ""),
    ({"web.update-strategy": "latest"}, "strategy: newest-build", ""),
    ({"web.update-strategy": "alphabetical"}, "strategy: alphabetical", ""),
    ({"web.update-strategy": "name"}, "strategy: alphabetical", ""),
    ({"web.update-strategy": "digest", "image-list": "web=acme/web:edge"}, "constraint: edge", ""),
    ({"update-strategy": "latest"}, "strategy: newest-build", ""),
    ({"web.allow-tags": "regexp:^v1"}, "allow_tags: regexp:^v1", ""),
    ({"allow-tags": "regexp:^v2"}, "allow_tags: regexp:^v2", ""),
    ({"web.tag-match": "regexp:^v3"}, "allow_tags: regexp:^v3", ""),
    ({"web.ignore-tags": "latest, *-rc"}, "ignore_tags: [latest, '*-rc']", ""),
    ({"ignore-tags": "dev"}, "ignore_tags: [dev]", ""),
    ({"web.platforms": "linux/arm64"}, "platforms: [linux/arm64]", ""),
    ({"web.pull-secret": "pullsecret:argocd/pull"}, "pull_secret: argocd/pull", ""),
    ({"pull-secret": "pullsecret:pull"}, "pull_secret: argocd/pull", ""),
    (
        {"web.pull-secret": "secret:argocd/s#f"},
        "${GHCR_IO_USERNAME}",
        "secret:argocd/s#f: set GHCR_IO_USERNAME",
    ),
    ({"web.pull-secret": "env:LOGIN"}, "${GHCR_IO_PASSWORD}", "env:LOGIN: set GHCR_IO_USERNAME"),
    (
        {
            "image-list": "web=123456789012.dkr.ecr.eu-west-1.amazonaws.com/web",
            "web.pull-secret": "ext:/scripts/ecr.sh",
        },
        "{login: ecr}",
        "ext:/scripts/ecr.sh: a script; to Amazon ECR Tagboat logs in by its own identity",
    ),
    ({"web.force-update": "true"}, "", "web.force-update: Tagboat reads Git and not what runs"),
    ({"force-update": "true"}, "", "force-update: Tagboat reads Git and not what runs"),
    ({"web.registry-prefix": "x"}, "", "web.registry-prefix: write the name with its registry"),
    ({"web.helm.image-tag": "a.tag"}, "write: {tag: a.tag, create: true}", ""),
    (
        {"web.helm.image-name": "a.name", "web.helm.image-tag": "a.tag"},
        "write: {tag: a.tag, repository: a.name, create: true}",
        "",
    ),
    ({"web.helm.image-spec": "a.image"}, "write: {reference: a.image, create: true}", ""),
    (
        {"web.kustomize.image-name": "app", "write-back-target": "kustomization:../base"},
        "write: {kustomize: true, name: app}",
        "",
    ),
    ({"write-back-target": "kustomization"}, "values: apps/web/kustomization.yaml", ""),
    ({"write-back-target": "kustomization:/k"}, "values: k/kustomization.yaml", ""),
    ({"write-back-target": "helmvalues:../v.yaml"}, "values: apps/v.yaml", ""),
    ({"write-back-target": ""}, "values: apps/web/.argocd-source-web.yaml", ""),
    ({"write-back-method": "argocd"}, "merge: direct", ""),
    (
        {"write-back-method": "argocd", "write-back-target": ""},
        "merge: direct",
        "its method argocd, which changes",
    ),
    ({"write-back-method": "git:repocreds"}, "merge: direct", ""),
    ({"write-back-method": "git:secret:argocd/git"}, "merge: direct", "the login to Git, secret:argocd/git"),
    ({"write-back-method": "svn"}, "merge: direct", "the write-back method 'svn' is not known"),
    ({"git-branch": "release"}, "branch: release", ""),
    ({"git-branch": "release:updates"}, "merge: manual", "the branch to write, updates"),
    ({"git-branch": ":updates"}, "branch: main", "the branch to write, updates"),
    ({"git-write-branch": "updates"}, "merge: manual", "the branch to write, updates"),
    ({"git-repository": "https://gitlab.com/acme/values.git"}, "repository: gitlab:acme/values", ""),
    ({"sync-with": "x"}, "", "sync-with: it is no setting that is known here"),
]
"""Annotation, what the configuration then says, and what is said of it; both empty for nothing."""


def _is_told(told: str, lost: Sequence[str]) -> bool:
    """Whether something says so; where nothing is to be said, that nothing is."""
    return any(told in line for line in lost) if told else not lost


def _id(said: Mapping[str, str]) -> str:
    return "; ".join(f"{key}={value}" for key, value in said.items())


@pytest.mark.parametrize(
    ("said", "carried", "told"), _ANNOTATIONS, ids=[_id(said) for said, _, _ in _ANNOTATIONS]
)
def test_every_annotation_is_carried_over_or_told(
    said: Mapping[str, str], carried: str, told: str, tmp_path: Path
) -> None:
    done = carry(application("web", {key: value for key, value in (_BASE | dict(said)).items() if value}))
    assert _is_told(told, done.lost), done.lost
    assert loaded(done.draft, tmp_path).pipelines
    assert done.draft is not None
    assert carried in rendered(done.draft)


_IMAGE = "{alias: web, imageName: 'ghcr.io/acme/web:1.x'"
_FIELDS: list[tuple[str, str, str]] = [
    ("namespace: argocd", "web", ""),
    ("commonUpdateSettings: {updateStrategy: digest}", "strategy: digest", ""),
    ("commonUpdateSettings: {allowTags: 'regexp:^v'}", "allow_tags: regexp:^v", ""),
    ("commonUpdateSettings: {ignoreTags: [dev]}", "ignore_tags: [dev]", ""),
    ("commonUpdateSettings: {platforms: [linux/amd64]}", "platforms: [linux/amd64]", ""),
    ("commonUpdateSettings: {pullSecret: 'pullsecret:pull'}", "pull_secret: tools/pull", ""),
    ("commonUpdateSettings: {forceUpdate: true}", "", "spec.commonUpdateSettings.forceUpdate: Tagboat reads"),
    ("commonUpdateSettings: {cosign: {}}", "", "spec.commonUpdateSettings.cosign: it is no setting"),
    ("writeBackConfig: {method: git}", "merge: direct", ""),
    ("writeBackConfig: {method: 'git:secret:s'}", "merge: direct", "the login to Git, secret:s"),
    ("writeBackConfig: {gitConfig: {branch: next}}", "branch: next", "its method argocd"),
    ("writeBackConfig: {method: git, gitConfig: {branch: next}}", "branch: next", ""),
    (
        "writeBackConfig: {method: git, gitConfig: {repository: 'https://github.com/a/b'}}",
        "repository: github:a/b",
        "",
    ),
    (
        "writeBackConfig: {method: git, gitConfig: {writeBackTarget: 'helmvalues:v.yaml'}}",
        "apps/web/v.yaml",
        "",
    ),
    ("writeBackConfig: {method: git, gitConfig: {pullRequest: {github: {}}}}", "merge: manual", ""),
    ("writeBackConfig: {method: git, gitConfig: {pullRequest: {gitlab: {}}}}", "merge: manual", ""),
    ("writeBackConfig: {method: git, gitConfig: {pullRequest: {gitea: {}}}}", "merge: manual", ""),
    (
        "writeBackConfig: {method: git, gitConfig: {pullRequest: {azureDevOps: {}}}}",
        "merge: manual",
        "pullRequest.azureDevOps: Tagboat opens no pull requests there",
    ),
    (
        "writeBackConfig: {method: git, gitConfig: {pullRequest: {github: {x: 1}}}}",
        "merge: manual",
        "pullRequest.github.x: it is no setting",
    ),
    (
        "writeBackConfig: {method: git, gitConfig: {depth: 1}}",
        "",
        "spec.writeBackConfig.gitConfig.depth: it is no",
    ),
    ("writeBackConfig: {method: git, other: 1}", "", "spec.writeBackConfig.other: it is no setting"),
    ("other: 1", "", "spec.other: it is no setting that is known here"),
    ("REF labelSelectors: {matchLabels: {team: web}}", "web", ""),
    ("REF labelSelectors: {matchExpressions: [{key: team, operator: Exists}]}", "web", ""),
    ("REF useAnnotations: false", "web", ""),
    ("REF commonUpdateSettings: {updateStrategy: name}", "strategy: alphabetical", "had no effect"),
    (
        "REF commonUpdateSettings: {other: 1}",
        "",
        "namePattern web*: commonUpdateSettings.other: it is no setting",
    ),
    ("REF writeBackConfig: {method: git, gitConfig: {branch: b}}", "branch: b", ""),
    ("REF other: 1", "", "namePattern web*: other: it is no setting that is known here"),
    ("IMAGE commonUpdateSettings: {updateStrategy: latest}", "strategy: newest-build", "takes no constraint"),
    (
        "IMAGE commonUpdateSettings: {forceUpdate: true}",
        "",
        "image web: commonUpdateSettings.forceUpdate: Tagboat",
    ),
    ("IMAGE platforms: [linux/arm64]", "platforms: [linux/arm64]", ""),
    ("IMAGE manifestTargets: {helm: {name: n, tag: t}}", "tag: t, repository: n", ""),
    ("IMAGE manifestTargets: {helm: {spec: s}}", "reference: s", ""),
    ("IMAGE manifestTargets: {helm: {x: s}}", "", "image web: manifestTargets.helm.x: it is no setting"),
    ("IMAGE manifestTargets: {kustomize: {name: n}}", "name: n", ""),
    (
        "IMAGE manifestTargets: {kustomize: {name: n, x: y}}",
        "",
        "manifestTargets.kustomize.x: it is no setting",
    ),
    ("IMAGE manifestTargets: {plain: {}}", "", "image web: manifestTargets.plain: it is no setting"),
    ("IMAGE other: 1", "", "image web: other: it is no setting that is known here"),
]
"""A field of an ImageUpdater (of its spec, a reference, an image), and the same as above."""


def _resource(field: str) -> str:
    """An ImageUpdater with this field; the rest is what it needs."""
    place, _, rest = field.partition(" ")
    image = _IMAGE + (f", {rest}" if place == "IMAGE" else "") + "}"
    ref = f"{{namePattern: 'web*', images: [{image}]{f', {rest}' if place == 'REF' else ''}}}"
    spec = [f"applicationRefs: [{ref}]"] + ([] if place in {"REF", "IMAGE"} else [field])
    spec += [] if "writeBackConfig" in field else ["writeBackConfig: {method: git}"]
    spec += [] if "namespace" in field else ["namespace: argocd"]
    return updater("\n".join(spec) + "\n", namespace="tools")


@pytest.mark.parametrize(("field", "carried", "told"), _FIELDS, ids=[field for field, _, _ in _FIELDS])
def test_every_field_is_carried_over_or_told(field: str, carried: str, told: str, tmp_path: Path) -> None:
    source = _KUSTOMIZE if "kustomize" in field else None
    watched = application("web", {}, labels="{team: web}", **({"source": source} if source else {}))
    done = carry(_resource(field), watched)
    assert _is_told(told, done.lost), done.lost
    assert loaded(done.draft, tmp_path).pipelines
    assert done.draft is not None
    assert carried in rendered(done.draft)


def test_use_annotations_reads_those_of_the_applications_it_names(tmp_path: Path) -> None:
    resource = updater("applicationRefs: [{namePattern: 'web*', useAnnotations: true}]\nnamespace: argocd\n")
    done = carry(resource, application("web-a", _BASE), application("web-b", {}))
    assert done.lost == (
        "ImageUpdater all: namePattern web*: useAnnotations: Application web-b has no annotation image-list",
    )
    assert [each.name for each in loaded(done.draft, tmp_path).pipelines["web-a"].environments] == ["web-a"]


def test_the_closest_reference_wins_within_a_resource(tmp_path: Path) -> None:
    def ref(pattern: str, alias: str) -> str:
        return f"{{namePattern: '{pattern}', images: [{{alias: {alias}, imageName: ghcr.io/acme/{alias}}}]}}"

    refs = ", ".join([ref("*", "any"), ref("web", "exact"), ref("web*", "glob")])
    done = carry(
        updater(f"applicationRefs: [{refs}]\nwriteBackConfig: {{method: git}}\n"), application("web", {})
    )
    (pipeline,) = loaded(done.draft, tmp_path).pipelines.values()
    assert ([image.alias for image in pipeline.images], done.lost) == (["exact"], ())


def test_two_logins_of_one_registry_are_told(tmp_path: Path) -> None:
    said = _BASE | {
        "image-list": "web=ghcr.io/acme/web, api=ghcr.io/acme/api",
        "web.pull-secret": "pullsecret:argocd/one",
        "api.pull-secret": "pullsecret:argocd/two",
        "api.helm.image-tag": "api.tag",
    }
    done = carry(application("web", said))
    assert "registries.ghcr.io has another login already" in done.lost[0]
    assert loaded(done.draft, tmp_path).registries


def test_two_images_without_keys_of_their_own_are_told(tmp_path: Path) -> None:
    done = carry(application("web", _BASE | {"image-list": "ghcr.io/acme/web, ghcr.io/acme/api"}))
    assert done.lost == (
        "Application web: image ghcr.io/acme/api: another image is written to the same place"
        " (name each image's own keys)",
    )
    (pipeline,) = loaded(done.draft, tmp_path).pipelines.values()
    assert [image.alias for image in pipeline.images] == ["web"]


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("helm: {parameters: [{name: image.tag, value: '1'}, {name: replicas, value: '3'}]}", "replicas"),
        ("kustomize: {images: ['ghcr.io/acme/web:1', 'proxy:2']}", "proxy:2"),
    ],
)
def test_what_the_file_would_hide_is_told(field: str, other: str) -> None:
    source = f"{{repoURL: 'https://github.com/acme/infra.git', path: apps/web, {field}}}"
    said = {"image-list": "ghcr.io/acme/web", "write-back-method": "git"}
    (line,) = carry(application("web", said, source=source)).lost
    assert f"sets beside the images, {other}: Argo CD takes the list" in line
    elsewhere = said | {"write-back-target": "helmvalues:/v.yaml"}
    assert carry(application("web", elsewhere, source=source)).lost == ()


def test_an_application_outside_the_namespace_of_argo_cd_is_named_with_its_own(tmp_path: Path) -> None:
    said = {"image-list": "web=ghcr.io/acme/web", "write-back-method": "git"}
    other = application("web-prod", said).replace("namespace: argocd", "namespace: team")
    done = carry(application("web-dev", said), other)
    dev, prod = loaded(done.draft, tmp_path).pipelines["web"].environments
    assert dev.files == ("apps/web/.argocd-source-web-dev.yaml",)
    assert prod.files == ("apps/web/.argocd-source-team_web-prod.yaml",)
    assert [(each.name, each.namespace) for each in prod.applications] == [("web-prod", "team")]
