"""`tagboat import argocd-image-updater`: files, a cluster or Argo CD's API become a configuration."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from bot.cli.app import app
from tests.adapters.argocd.raw_server import answer, raw_server
from tests.adapters.registries.logins.cluster import cluster
from tests.cli.verbs import Answer
from tests.importing.samples import application

_VERB = ("import", "argocd-image-updater")
_SAID = {
    "image-list": "web=ghcr.io/acme/web:1.x",
    "write-back-method": "git",
    "write-back-target": "helmvalues",
}
_SAMPLE = application("web-dev", _SAID)


def _pipeline(done: Answer) -> Any:
    assert done.code == 0, done.err
    (pipeline,) = yaml.safe_load(done.out)["pipelines"].values()
    return pipeline


def _without_kind() -> dict[str, Any]:
    """The Application as Argo CD's API lists it."""
    (document,) = yaml.safe_load_all(_SAMPLE)
    return {key: value for key, value in document.items() if key not in {"kind", "apiVersion"}}


def test_a_folder_becomes_a_configuration_that_is_accepted(
    tmp_path: Path, tagboat: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "apps" / "team").mkdir(parents=True)
    (tmp_path / "apps" / "team" / "a.yaml").write_text(_SAMPLE)
    (tmp_path / "apps" / "notes.txt").write_text("[")
    output = tmp_path / "tagboat.yaml"
    done = tagboat(
        *_VERB, str(tmp_path / "apps"), "--argocd-url", "https://cd.example.com", "--output", str(output)
    )
    assert (done.code, done.out, done.err) == (0, "", "")
    for name in ("GITHUB_TOKEN", "ARGOCD_TOKEN"):
        monkeypatch.setenv(name, "dummy")
    assert tagboat("check", str(output)).code == 0
    assert yaml.safe_load(output.read_text())["argocd"]["main"]["url"] == "https://cd.example.com"


def test_the_standard_input_is_read_as_a_file() -> None:
    listed = {"kind": "List", "items": list(yaml.safe_load_all(_SAMPLE))}
    done = CliRunner().invoke(app, [*_VERB, "-"], input=json.dumps(listed))
    assert (
        _pipeline(Answer(done.exit_code, done.stdout, done.stderr))["environments"]["dev"]["argocd"]
        == "web-dev"
    )


def test_a_cluster_is_read(tmp_path: Path, tagboat: Callable[..., Answer]) -> None:
    with cluster(tmp_path) as here:
        here.lists = {"applications": list(yaml.safe_load_all(_SAMPLE))}
        done = tagboat(*_VERB, "--cluster", "--kubeconfig", str(here.kubeconfig()), "--context", "here")
    assert _pipeline(done)["images"]["web"]["constraint"] == "1.x"


def test_argo_cd_is_asked(tagboat: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARGOCD_TOKEN", "token-canary")
    body = json.dumps({"items": [_without_kind()]}).encode()
    with raw_server(answer("200 OK", body)) as server:
        done = tagboat(*_VERB, "--api", "--argocd-url", server.url)
    assert "authorization: bearer token-canary" in server.requests[0].lower()
    assert _pipeline(done)["environments"]["dev"]["values"] == "apps/web/values.yaml"
    assert "token-canary" not in done.out


def test_what_is_lost_is_told_beside_the_configuration(
    tmp_path: Path, tagboat: Callable[..., Answer]
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(application("web-dev", _SAID | {"frobnicate": "1"}))
    done = tagboat(*_VERB, str(file))
    assert "not carried over: Application web-dev: frobnicate" in done.err
    assert "# not carried over: Application web-dev: frobnicate" in done.out


_SET = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: all, namespace: argocd}
spec:
  generators: [{git: {repoURL: 'https://github.com/acme/infra.git', directories: [{path: apps/*}]}}]
  template:
    metadata:
      name: 'shop-{{path.basename}}'
      annotations:
        argocd-image-updater.argoproj.io/image-list: web=ghcr.io/acme/web
        argocd-image-updater.argoproj.io/write-back-method: git
        argocd-image-updater.argoproj.io/write-back-target: kustomization
    spec: {source: {repoURL: 'https://github.com/acme/infra.git', path: '{{path}}', kustomize: {}}}
"""


def test_a_set_that_reads_git_is_expanded_from_a_clone(
    tmp_path: Path, tagboat: Callable[..., Answer]
) -> None:
    file, clone = tmp_path / "set.yaml", tmp_path / "clone"
    file.write_text(_SET)
    for name in ("dev", "prod"):
        (clone / "apps" / name).mkdir(parents=True)
        (clone / "apps" / name / "kustomization.yaml").write_text("resources: [../../base]\n")
    environments = _pipeline(tagboat(*_VERB, str(file), "--repository", str(clone)))["environments"]
    assert {name: each["values"] for name, each in environments.items()} == {
        "dev": "apps/dev/kustomization.yaml",
        "prod": "apps/prod/kustomization.yaml",
    }
    alone = tagboat(*_VERB, str(file))
    assert alone.code == 1
    assert "its generator git reads https://github.com/acme/infra.git (name a clone of it" in alone.err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ((), 2, "name files, or --cluster, or --api"),
        (("--api",), 2, "say where Argo CD answers"),
        (("no-such-file.yaml",), 1, "no-such-file.yaml cannot be read: No such file or directory"),
    ],
)
def test_a_command_line_that_cannot_be_meant_is_told(
    arguments: tuple[str, ...], code: int, says: str, tagboat: Callable[..., Answer]
) -> None:
    done = tagboat(*_VERB, *arguments)
    assert done.code == code
    assert says in " ".join(done.err.split())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("a: [", "is neither YAML nor JSON"),
        ("a: 1", "nothing was found that could be carried over: 1 objects were read"),
        ("&a {items: [*a]}", "holds too many objects"),
        ("!!python/object/apply:os.system [x]", "is neither YAML nor JSON"),
    ],
)
def test_a_file_that_holds_nothing_is_one_sentence(
    content: str, says: str, tmp_path: Path, tagboat: Callable[..., Answer]
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(content)
    done = tagboat(*_VERB, str(file))
    assert done.code == 1
    assert says in done.err
