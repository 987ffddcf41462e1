"""ApplicationSets are expanded where that can be told without a cluster, and else named with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.domain.errors import Refused
from bot.importing.carry import Carried, carried
from bot.importing.generated import Repository, generated
from bot.importing.objects import parsed
from bot.importing.template import normalized
from bot.importing.watching import found
from tests.importing.samples import application, loaded, updater

_URL = "https://github.com/acme/infra.git"
_PREFIX = "argocd-image-updater.argoproj.io/"
_FILES = {
    "apps/web/Chart.yaml": b"name: web\n",
    "apps/api/values.yaml": b"a: 1\n",
    "apps/api/templates/x.yaml": b"a: 1\n",
    "apps/.hidden/x.yaml": b"a: 1\n",
    "clusters/eu/config.json": b'{"cluster": {"name": "eu-1", "big": true}}',
    "clusters/us/config.yaml": b"- {cluster: {name: us-1, big: no}}\n- {cluster: {name: us-2, big: yes}}\n",
}
_REPOSITORY = Repository(_URL, "main", _FILES)


def _set(generators: str, template: str, more: str = "") -> dict[str, Any]:
    text = f"spec:\n  generators: {generators}\n  template: {template}\n  {more}\n"
    head = (
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: all, namespace: argocd}\n"
    )
    made: dict[str, Any] = yaml.safe_load(head + text)
    return made


def _names(each: Mapping[str, Any], repository: Repository | None = _REPOSITORY) -> list[str]:
    return [made["metadata"]["name"] for made in generated(each, repository)]


_PLAIN = "{metadata: {name: '%s'}, spec: {}}"
_GO = "goTemplate: true"


@pytest.mark.parametrize(
    ("generators", "name", "more", "names"),
    [
        pytest.param(
            "[{list: {elements: [{env: dev}, {env: prod}]}}]",
            "web-{{env}}",
            "",
            ["web-dev", "web-prod"],
            id="list",
        ),
        pytest.param("[{list: {elements: [{v: {a: 1}}]}}]", "x{{ v.a }}", "", ["x1"], id="nested"),
        pytest.param(
            "[{list: {elements: [{v: {a: [Ab]}}]}}]", "{{ index .v.a 0 | lower }}", _GO, ["ab"], id="Go"
        ),
        pytest.param(
            "[{list: {elements: [{v: {a-b: 1}}]}}]", '{{ index .v "a-b" }}', _GO, ["1"], id="Go's map"
        ),
        pytest.param(
            f"[{{git: {{repoURL: '{_URL}', directories: [{{path: apps/*}}]}}}}]",
            "{{path.basename}}-{{path[0]}}",
            "",
            ["api-apps", "web-apps"],
            id="directories",
        ),
        pytest.param(
            f"[{{git: {{repoURL: '{_URL}',"
            " directories: [{path: apps/*}, {path: apps/api, exclude: true}]}}]",
            "{{.path.basenameNormalized}}-{{index .path.segments 0}}",
            _GO,
            ["web-apps"],
            id="directories but one",
        ),
        pytest.param(
            f"[{{git: {{repoURL: '{_URL}', pathParamPrefix: app, directories: [{{path: apps/web}}]}}}}]",
            "{{.app.path.path}}",
            _GO,
            ["apps/web"],
            id="a prefix",
        ),
        pytest.param(
            f"[{{git: {{repoURL: '{_URL}', values: {{b: '{{{{path.basename}}}}'}},"
            " directories: [{path: apps/web}]}}]",
            "{{values.b}}",
            "",
            ["web"],
            id="values",
        ),
        pytest.param(
            f"[{{git: {{repoURL: '{_URL}', files: [{{path: 'clusters/**/config.*'}}]}}}}]",
            "{{cluster.name}}-{{path.basename}}-{{cluster.big}}-{{path.filename}}",
            "",
            ["eu-1-eu-true-config.json", "us-1-us-false-config.yaml", "us-2-us-true-config.yaml"],
            id="files",
        ),
        pytest.param(
            f"[{{matrix: {{generators: [{{list: {{elements: [{{app: api}}, {{app: web}}]}}}},"
            f" {{git: {{repoURL: '{_URL}', directories: [{{path: 'apps/{{{{app}}}}'}}]}}}}]}}}}]",
            "{{app}}-{{path}}",
            "",
            ["api-apps/api", "web-apps/web"],
            id="matrix",
        ),
    ],
)
def test_what_is_at_hand_is_expanded(generators: str, name: str, more: str, names: list[str]) -> None:
    assert _names(_set(generators, _PLAIN % name, more)) == names


@pytest.mark.parametrize(
    ("generators", "name", "more", "says"),
    [
        ("[{clusters: {}}]", "x", "", "its generator clusters asks the cluster"),
        ("[{scmProvider: {}}]", "x", "", "its generator scmProvider asks the Git host"),
        ("[{plugin: {}}]", "x", "", "its generator plugin asks a plugin"),
        ("[{merge: {}}]", "x", "", "its generator merge is not evaluated here"),
        ("[{list: {elementsYaml: '[]'}}]", "x", "", "its generator list has elementsYaml"),
        ("[{list: {elements: [{a: b}], template: {spec: {}}}}]", "x", "", "has its own template"),
        ("[{list: {elements: [{a: b}]}, selector: {matchLabels: {a: b}}}]", "x", "", "has a selector"),
        ("[{matrix: {generators: [{list: {}}]}}]", "x", "", "has not two generators"),
        (
            "[{list: {elements: [{a: b}]}}]",
            "{{ c }}",
            "",
            "its template says {{ c }}: which Argo CD alone can",
        ),
        ("[{list: {elements: [{a: [b]}]}}]", "{{ a }}", "", "its template says {{ a }}"),
        ("[{list: {elements: [{a: b}]}}]", '{{ printf "%s" .a }}', _GO, "its template says {{ printf"),
        (
            "[{list: {elements: [{a: b}]}}]",
            "{{ .a | sha256sum }}",
            _GO,
            "its template says {{ .a | sha256sum",
        ),
        (
            "[{list: {elements: [{a: b}]}}]",
            "x",
            f"{_GO}\n  templatePatch: '{{{{ if .a }}}}metadata: {{}}{{{{ end }}}}'",
            "its templatePatch says {{ if .a }}",
        ),
        (
            "[{list: {elements: [{a: b}]}}]",
            "x",
            f"{_GO}\n  templatePatch: '[{{{{ .a }}}}'",
            "its templatePatch is no YAML once",
        ),
        (
            "[{git: {repoURL: 'https://github.com/acme/other', directories: [{path: '*'}]}}]",
            "x",
            "",
            "its generator git reads https://github.com/acme/other (name a clone of it by --repository)",
        ),
        (f"[{{list: {{elements: [{'{a: b}, ' * 2001}]}}}}]", "x", "", "it makes too many Applications"),
    ],
)
def test_what_cannot_be_told_is_refused_with_the_reason(
    generators: str, name: str, more: str, says: str
) -> None:
    with pytest.raises(Refused) as refused:
        generated(_set(generators, _PLAIN.replace("'%s'", "%s") % repr(name), more), _REPOSITORY)
    assert says in str(refused.value)


@pytest.mark.parametrize("content", [b"[", b"a: &a {x: *a}", b"&a [*a]"])
def test_a_file_that_a_generator_cannot_read_is_told(content: bytes) -> None:
    generators = f"[{{git: {{repoURL: '{_URL}', files: [{{path: x.yaml}}]}}}}]"
    with pytest.raises(Refused, match=r"its generator git reads x\.yaml: which is neither YAML nor JSON"):
        generated(_set(generators, _PLAIN % "x"), Repository(_URL, "main", {"x.yaml": content}))


def test_a_patch_is_merged_into_the_template() -> None:
    patch = f"{_GO}\n  templatePatch: '{{metadata: {{labels: {{env: \"{{{{ .env }}}}\"}}}}}}'"
    template = "{metadata: {name: web, labels: {team: a}}, spec: {project: x}}"
    (made,) = generated(_set("[{list: {elements: [{env: dev}]}}]", template, patch), None)
    assert made["metadata"] == {"namespace": "argocd", "name": "web", "labels": {"team": "a", "env": "dev"}}
    assert made["spec"] == {"project": "x"}


def _watched_set(generators: str) -> str:
    annotations = (
        f"{{'{_PREFIX}image-list': 'web=ghcr.io/acme/web', '{_PREFIX}write-back-method': git,"
        f" '{_PREFIX}write-back-target': 'helmvalues:/envs/{{{{env}}}}.yaml'}}"
    )
    template = (
        f"{{metadata: {{name: 'web-{{{{env}}}}', annotations: {annotations}}},"
        f" spec: {{source: {{repoURL: '{_URL}', path: chart, helm: {{}}}}}}}}"
    )
    return "---\n" + yaml.safe_dump(_set(generators, template))


def _carried(*documents: str, repository: Repository | None = None) -> Carried:
    return carried(found(parsed("".join(documents).encode(), name="sample"), repository))


def test_annotations_of_a_template_are_carried_over_for_each_application(tmp_path: Path) -> None:
    done = _carried(_watched_set("[{list: {elements: [{env: prod}, {env: dev}]}}]"))
    assert done.lost == ()
    (pipeline,) = loaded(done.draft, tmp_path).pipelines.values()
    assert [(each.name, each.files) for each in pipeline.environments] == [
        ("dev", ("envs/dev.yaml",)),
        ("prod", ("envs/prod.yaml",)),
    ]


def test_a_set_that_has_made_its_applications_is_not_expanded_again(tmp_path: Path) -> None:
    said = {"image-list": "web=ghcr.io/acme/web", "write-back-method": "git"}
    made = application("web-made", said).replace(
        "  namespace: argocd\n",
        "  namespace: argocd\n  ownerReferences: [{kind: ApplicationSet, name: all}]\n",
    )
    done = _carried(made, _watched_set("[{clusters: {}}]"))
    assert done.lost == ()
    assert [app.name for app in _followed(done, tmp_path)] == ["web-made"]


def _followed(done: Carried, folder: Path) -> list[Any]:
    (pipeline,) = loaded(done.draft, folder).pipelines.values()
    return [app for each in pipeline.environments for app in each.applications]


def test_a_set_that_cannot_be_expanded_is_told_where_it_matters() -> None:
    done = _carried(_watched_set("[{clusters: {}}]"))
    assert done.draft is None
    assert done.lost == (
        "ApplicationSet all: its generator clusters asks the cluster"
        " (import its Applications by --cluster or --api)",
    )
    silent = "---\n" + yaml.safe_dump(_set("[{clusters: {}}]", _PLAIN % "x"))
    assert _carried(silent).lost == ()
    named = updater("applicationRefs: [{namePattern: 'x', images: [{alias: a, imageName: a}]}]\n")
    assert "asks the cluster" in _carried(silent, named).lost[0]


@pytest.mark.parametrize(("name", "fit"), [("Web_App", "web-app"), ("-a.b-", "a.b"), ("x" * 300, "x" * 253)])
def test_a_name_is_made_fit_as_argo_cd_does(name: str, fit: str) -> None:
    assert normalized(name) == fit
