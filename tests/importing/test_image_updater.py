"""What Argo CD Image Updater was told becomes a configuration that loads and does the same."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.configuration.settings import RegistrySettings
from bot.domain.choosing.selection import Strategy
from bot.domain.image import parse_image_name
from bot.domain.pipeline import Merge, Repository
from bot.domain.place import HelmValues, Kustomization, Place, SourceImages, SourceKeys
from bot.importing.carry import carried
from bot.importing.draft import rendered
from bot.importing.generated import Repository as Clone
from bot.importing.objects import parsed
from bot.importing.watching import found
from tests.importing.samples import application, carry, loaded, only_pipeline, updater

_GIT = {"write-back-method": "git", "git-branch": "main"}
_URL = "https://github.com/acme/infra.git"
_KUSTOMIZE = (
    "{repoURL: 'https://github.com/acme/infra.git', path: apps/web, targetRevision: main, kustomize: {}}"
)


def test_the_example_of_a_chart_is_carried_over_whole(tmp_path: Path) -> None:
    annotations = _GIT | {
        "image-list": "web=ghcr.io/acme/web:~1.2, api=ghcr.io/acme/api",
        "write-back-target": "helmvalues:../values/dev.yaml",
        "web.allow-tags": "regexp:^[0-9.]+$",
        "web.helm.image-name": "web.repository",
        "web.helm.image-tag": "web.tag",
        "web.platforms": "linux/amd64,linux/arm64",
        "api.update-strategy": "latest",
        "api.ignore-tags": "latest, *-debug",
        "api.helm.image-spec": "api.image",
        "api.pull-secret": "pullsecret:argocd/regcred",
    }
    done = carry(application("shop-dev", annotations))
    assert done.lost == ()
    settings = loaded(done.draft, tmp_path)
    pipeline = settings.pipelines["shop"]
    assert (pipeline.repository, pipeline.branch) == (Repository("github", "acme/infra"), "main")
    (environment,) = pipeline.environments
    assert (environment.name, environment.merge) == ("dev", Merge.DIRECT)
    assert [each.name for each in environment.applications] == ["shop-dev"]
    assert [(each.alias, each.file, each.place) for each in environment.targets] == [
        ("web", "apps/values/dev.yaml", HelmValues("web.tag", repository="web.repository", creates=True)),
        ("api", "apps/values/dev.yaml", HelmValues(reference="api.image", creates=True)),
    ]
    web, api = pipeline.image("web").policy, pipeline.image("api").policy
    assert (web.strategy, web.constraint, web.allow_tags) == (Strategy.SEMVER, "~1.2", "regexp:^[0-9.]+$")
    assert web.platforms == ("linux/amd64", "linux/arm64")
    assert (api.strategy, api.ignore_tags) == (Strategy.NEWEST_BUILD, ("latest", "*-debug"))
    registry = settings.registries["ghcr.io"]
    assert isinstance(registry, RegistrySettings)
    assert registry.pull_secret is not None
    assert (registry.pull_secret.namespace, registry.pull_secret.name) == ("argocd", "regcred")


@pytest.mark.parametrize(
    ("annotations", "source", "file", "place"),
    [
        pytest.param(
            {},
            "",
            "apps/web/.argocd-source-web.yaml",
            SourceKeys("image.tag", repository="image.name"),
            id="parameters",
        ),
        pytest.param(
            {"web.helm.image-spec": "web"},
            "",
            "apps/web/.argocd-source-web.yaml",
            SourceKeys(reference="web"),
            id="one parameter",
        ),
        pytest.param(
            {"write-back-target": "helmvalues"},
            "",
            "apps/web/values.yaml",
            HelmValues("image.tag", creates=True),
            id="values",
        ),
        pytest.param(
            {"write-back-target": "helmvalues:/prod/values.yaml"},
            "",
            "prod/values.yaml",
            HelmValues("image.tag", creates=True),
            id="from the root",
        ),
        pytest.param(
            {"write-back-target": "kustomization"},
            _KUSTOMIZE,
            "apps/web/kustomization.yaml",
            Kustomization(),
            id="kustomization",
        ),
        pytest.param(
            {"write-back-target": "kustomization:../../base", "web.kustomize.image-name": "app"},
            _KUSTOMIZE,
            "base/kustomization.yaml",
            Kustomization("app"),
            id="another name in the kustomization",
        ),
        pytest.param(
            {"write-back-target": "kustomization:/base", "web.update-strategy": "digest"},
            _KUSTOMIZE,
            "base/kustomization.yaml",
            Kustomization(),
            id="digest in the kustomization",
        ),
        pytest.param(
            {},
            _KUSTOMIZE,
            "apps/web/.argocd-source-web.yaml",
            SourceImages(),
            id="Kustomize's images",
        ),
        pytest.param(
            {"web.kustomize.image-name": "app"},
            _KUSTOMIZE,
            "apps/web/.argocd-source-web.yaml",
            SourceImages("app"),
            id="another name in Kustomize's images",
        ),
    ],
)
def test_each_target_becomes_the_place_that_it_wrote(
    annotations: Mapping[str, str], source: str, file: str, place: Place, tmp_path: Path
) -> None:
    said = {"image-list": "web=ghcr.io/acme/web", **_GIT, **annotations}
    done = carry(application("web", said, **({"source": source} if source else {})))
    (target,) = only_pipeline(done.draft, tmp_path).environments[0].targets
    assert (target.file, target.place) == (file, place)


def test_applications_of_one_kind_become_environments_in_their_usual_order(tmp_path: Path) -> None:
    def of(name: str) -> str:
        said = _GIT | {
            "image-list": "web=ghcr.io/acme/web:1.x",
            "write-back-target": f"helmvalues:/envs/{name}.yaml",
        }
        return application(name, said)

    done = carry(*map(of, ("web-prod-us", "web-staging", "web-prod-eu", "web-dev")))
    pipeline = only_pipeline(done.draft, tmp_path)
    assert pipeline.name == "web"
    assert [each.name for each in pipeline.environments] == ["dev", "staging", "prod-us", "prod-eu"]
    assert all(each.after == () for each in pipeline.environments)
    assert done.draft is not None
    assert "with `after` a release goes on" in rendered(done.draft)


def test_applications_that_deploy_one_file_are_one_environment(tmp_path: Path) -> None:
    said = _GIT | {"image-list": "web=ghcr.io/acme/web", "write-back-target": "helmvalues:/v.yaml"}
    done = carry(application("web-eu", said), application("web-us", said))
    (environment,) = only_pipeline(done.draft, tmp_path).environments
    assert [each.name for each in environment.applications] == ["web-eu", "web-us"]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("envs/prod/values.yaml", "prod"),
        ("envs/prod/eu-west-1/web.yaml", "prod-eu-west-1"),
        ("web/values-staging.yaml", "staging"),
        ("web/values.yaml", "web"),
    ],
)
def test_an_environment_that_the_application_does_not_name_is_named_by_the_file(
    file: str, name: str, tmp_path: Path
) -> None:
    said = _GIT | {"image-list": "web=ghcr.io/acme/web", "write-back-target": f"helmvalues:/{file}"}
    (environment,) = only_pipeline(carry(application("web", said)).draft, tmp_path).environments
    assert environment.name == name


def test_two_rules_for_one_value_are_not_carried_over(tmp_path: Path) -> None:
    said = _GIT | {"image-list": "web=ghcr.io/acme/web:1.x", "write-back-target": "helmvalues:/v.yaml"}
    done = carry(application("a", said), application("b", said | {"image-list": "web=ghcr.io/acme/web:2.x"}))
    assert done.lost == ("Application b: another one writes the same values of v.yaml by other rules",)
    assert loaded(done.draft, tmp_path).pipelines.keys() == {"a"}


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"image-list": " , "}, "Application web: no image is named for it"),
        ({"frobnicate": "1"}, "Application web: frobnicate: it is no setting that is known here"),
        ({"api.allow-tags": "any"}, "Application web: api.allow-tags: it is no setting"),
        ({"web.update-strategy": "newest"}, "image ghcr.io/acme/web: "),
        ({"image-list": "web=ghcr.io/acme/web:stable"}, "'stable' is not a version constraint"),
        (
            {"image-list": "web=ghcr.io/acme/web:a b", "web.update-strategy": "digest"},
            "image ghcr.io/acme/web: ",
        ),
        ({"web.helm.image-spec": "web.image["}, "image ghcr.io/acme/web: 'web.image[' is not a key path"),
        ({"git-branch": "{{.branch}}"}, "the revision {{.branch}}, which is the name of no branch"),
        ({"git-branch": "a b"}, "the revision a b, which is the name of no branch"),
        ({"git-repository": "{{ .Values.repo }}"}, "{{ .Values.repo }} is no address of a repository"),
        ({"git-repository": "https://{{ .Values.host }}/acme/infra"}, "is no address of a repository"),
        (
            {"web.platforms": "linux/amd64, linux/x86_64"},
            "image ghcr.io/acme/web: 'linux/x86_64' is not a platform",
        ),
        ({"web.allow-tags": "func:x"}, "image ghcr.io/acme/web: allow_tags 'func:x' is not a tag pattern"),
        ({"write-back-target": "helm:x"}, "the write-back target 'helm:x' is not known"),
        ({"write-back-target": "helmvalues:../../../x.yaml"}, "is never written"),
        ({"write-back-target": "helmvalues:/.github/x.yaml"}, "CI would run it"),
        (
            {"write-back-target": "helmvalues", "web.helm.image-name": "a.b"},
            "no Helm key for the tag is named",
        ),
        ({"git-branch": "main:image-updater-{{.SHA256}}"}, "Tagboat names its branches itself"),
        ({"write-back-method": "git:secret:argocd/creds"}, "the login to Git, secret:argocd/creds"),
        ({"write-back-method": "argocd"}, "changes the Application in the cluster and no file"),
        (
            {"web.pull-secret": "ext:/scripts/login.sh"},
            "the pull secret ext:/scripts/login.sh: set GHCR_IO_USERNAME and",
        ),
        (
            {"web.update-strategy": "latest", "image-list": "web=ghcr.io/acme/web:1.x"},
            "newest-build takes no constraint",
        ),
    ],
)
def test_what_is_not_carried_over_is_told_with_its_reason(
    said: Mapping[str, str], says: str, tmp_path: Path
) -> None:
    done = carry(application("web", {"image-list": "web=ghcr.io/acme/web", **_GIT, **said}))
    (line,) = done.lost
    assert says in line
    if done.draft:
        assert loaded(done.draft, tmp_path).pipelines
        assert f"# not carried over: {line[:40]}" in rendered(done.draft)


def test_an_application_that_a_template_names_is_told(tmp_path: Path) -> None:
    said = _GIT | {"image-list": "web=ghcr.io/acme/web"}
    done = carry(
        application("web", said), application('"{{ .Values.name }}-web"', said), application("x", {})
    )
    assert done.lost == (
        "Application {{ .Values.name }}-web: that is no name of one (import what its template makes, by"
        " --cluster or --api)",
    )
    (environment,) = only_pipeline(done.draft, tmp_path).environments
    assert [each.name for each in environment.applications] == ["web"]


def test_a_branch_of_its_own_meant_that_people_merge(tmp_path: Path) -> None:
    said = _GIT | {"image-list": "web=ghcr.io/acme/web", "git-branch": "release:updates"}
    pipeline = only_pipeline(carry(application("web", said)).draft, tmp_path)
    assert (pipeline.branch, pipeline.environments[0].merge) == ("release", Merge.MANUAL)


@pytest.mark.parametrize(
    ("revision", "branch", "lost"),
    [("HEAD", None, 0), ("", None, 0), ("stable", "stable", 0), ("v1.2.3", None, 1)],
)
def test_the_branch_is_what_the_application_follows(
    revision: str, branch: str | None, lost: int, tmp_path: Path
) -> None:
    source = (
        f"{{repoURL: 'git@github.com:acme/infra.git', path: web, targetRevision: '{revision}', helm: {{}}}}"
    )
    done = carry(
        application("web", {"image-list": "ghcr.io/acme/web", "write-back-method": "git"}, source=source)
    )
    assert only_pipeline(done.draft, tmp_path).branch == branch
    revisions = [each for each in done.lost if "looks like a tag" in each]
    assert len(revisions) == lost


@pytest.mark.parametrize(
    ("url", "repository"),
    [
        ("https://github.com/acme/infra", "github:acme/infra"),
        ("ssh://git@github.com/acme/infra.git", "github:acme/infra"),
        ("git@gitlab.com:group/sub/infra.git", "gitlab:group/sub/infra"),
        ("https://gitlab.example.com/group/infra.git", "gitlab-example-com:group/infra"),
        ("https://github.example.com/acme/infra.git", "github-example-com:acme/infra"),
        ("https://bitbucket.org/acme/infra.git", "bitbucket:acme/infra"),
        ("git@bitbucket.org:acme/infra.git", "bitbucket:acme/infra"),
        ("https://bitbucket.example.com/scm/OPS/infra.git", "bitbucket-example-com:OPS/infra"),
        ("https://bitbucket.example.com/bb/scm/~ada/infra.git", "bitbucket-example-com:~ada/infra"),
        ("ssh://git@bitbucket.example.com:7999/OPS/infra.git", "bitbucket-example-com:OPS/infra"),
        (
            "https://bitbucket.example.com/a/b/c/infra.git",
            "git:https://bitbucket.example.com/a/b/c/infra.git",
        ),
        ("https://git.example.com/infra.git", "git:https://git.example.com/infra.git"),
        ("https://user:pass@git.example.com/infra.git", "git:https://git.example.com/infra.git"),
        ("git@git.example.com:infra.git", "git:git@git.example.com:infra.git"),
    ],
)
def test_the_repository_belongs_to_the_forge_of_its_host(url: str, repository: str, tmp_path: Path) -> None:
    source = "{repoURL: 'https://charts.example.com', chart: web, targetRevision: 1.0.0}"
    said = {
        "image-list": "ghcr.io/acme/web",
        **_GIT,
        "git-repository": url,
        "write-back-target": "helmvalues:/v.yaml",
    }
    done = carry(application("web", said, source=source))
    assert str(only_pipeline(done.draft, tmp_path).repository) == repository
    assert done.draft is not None
    assert "pass@" not in rendered(done.draft)


@pytest.mark.parametrize(
    ("url", "content", "key"),
    [
        pytest.param(_URL, '"image.tag": "1.0.0"\n', '"image.tag"', id="as it stands"),
        pytest.param(_URL, "image: {tag: 1.0.0}\n", "image.tag", id="key in key"),
        pytest.param(_URL, "other: 1\n", "image.tag", id="not there yet"),
        pytest.param("https://github.com/acme/else", '"image.tag": "1.0.0"\n', "image.tag", id="elsewhere"),
    ],
)
def test_a_key_that_holds_dots_is_found_in_the_file_that_is_at_hand(
    url: str, content: str, key: str, tmp_path: Path
) -> None:
    said = {
        "image-list": "web=ghcr.io/acme/web",
        **_GIT,
        "write-back-target": "helmvalues:/v.yaml",
        "web.helm.image-tag": "image.tag",
    }
    objects = parsed(application("web", said).encode(), name="sample")
    done = carried(found(objects), repository=Clone(url, "", {"v.yaml": content.encode()}))
    (target,) = only_pipeline(done.draft, tmp_path).environments[0].targets
    assert target.place == HelmValues(tag=key, creates=True)


def test_several_sources_are_written_where_the_values_are(tmp_path: Path) -> None:
    text = application(
        "web", {"image-list": "ghcr.io/acme/web", **_GIT, "write-back-target": "helmvalues:/envs/v.yaml"}
    )
    sources = (
        "  sources:\n  - {repoURL: 'https://charts.example.com', chart: web, targetRevision: 1.0.0}\n"
        "  - {repoURL: 'https://github.com/acme/values.git', targetRevision: main, ref: values}\n"
    )
    done = carry(text.partition("  source: ")[0] + sources)
    pipeline = only_pipeline(done.draft, tmp_path)
    assert str(pipeline.repository) == "github:acme/values"
    assert pipeline.environments[0].files == ("envs/v.yaml",)


def test_an_application_without_git_is_told() -> None:
    source = "{repoURL: 'https://charts.example.com', chart: web}"
    done = carry(application("web", {"image-list": "ghcr.io/acme/web"}, source=source))
    assert done.draft is None
    assert "it has no source in Git" in done.lost[0]


def test_what_stands_closer_to_the_image_wins_in_a_custom_resource(tmp_path: Path) -> None:
    resource = updater(
        """\
        namespace: argocd
        commonUpdateSettings: {updateStrategy: newest-build, allowTags: "regexp:^v", platforms: [linux/amd64]}
        writeBackConfig: {method: git, gitConfig: {branch: main, writeBackTarget: "helmvalues:./values.yaml"}}
        applicationRefs:
        - namePattern: web-*
          labelSelectors:
            {matchLabels: {team: web}, matchExpressions: [{key: tier, operator: NotIn, values: [x]}]}
          commonUpdateSettings: {updateStrategy: alphabetical}
          writeBackConfig: {gitConfig: {branch: release}}
          images:
          - alias: web
            imageName: ghcr.io/acme/web:1.x
            commonUpdateSettings: {updateStrategy: semver, ignoreTags: [latest]}
            manifestTargets: {helm: {name: a.repository, tag: a.tag}}
          - {alias: API, imageName: "ghcr.io/acme/api:main", manifestTargets: {helm: {spec: api}}}
        - {namePattern: nobody-*, images: [{alias: a, imageName: a}]}
        """
    )
    done = carry(resource, application("web-prod", {}, labels="{team: web}"), application("web-dev", {}))
    pipeline = only_pipeline(done.draft, tmp_path)
    assert [each.name for each in pipeline.environments] == ["prod"]
    assert pipeline.branch == "release"
    web, api = pipeline.image("web").policy, pipeline.image("api").policy
    assert (web.strategy, web.constraint, web.allow_tags) == (Strategy.SEMVER, "1.x", "regexp:^v")
    assert (web.ignore_tags, web.platforms) == (("latest",), ("linux/amd64",))
    assert api.strategy is Strategy.ALPHABETICAL
    assert pipeline.environments[0].targets[0].place == HelmValues(
        "a.tag", repository="a.repository", creates=True
    )
    assert [each for each in done.lost if "nobody-*" in each and "has such a name" in each]
    assert len(done.lost) == 2


def test_an_application_is_carried_over_once(tmp_path: Path) -> None:
    images = "[{alias: a, imageName: ghcr.io/acme/x}]"
    spec = f"namespace: argocd\napplicationRefs: [{{namePattern: '*', images: {images}}}]\n"
    said = {"image-list": "ghcr.io/acme/web", **_GIT}
    done = carry(application("web", said), updater(spec))
    (image,) = only_pipeline(done.draft, tmp_path).images
    assert image.name == parse_image_name("ghcr.io/acme/x")
    assert done.lost[0] == "Application web: it is watched twice; the first is carried over"


def test_what_a_configuration_would_substitute_is_carried_over_as_it_is(tmp_path: Path) -> None:
    expression = "regexp:^v[0-9]+(${HOME})?$"
    done = carry(
        application("web", {"image-list": "web=ghcr.io/acme/web", **_GIT, "web.allow-tags": expression})
    )
    assert only_pipeline(done.draft, tmp_path).images[0].policy.allow_tags == expression
