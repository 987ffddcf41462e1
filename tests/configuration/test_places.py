"""What is written under `write` becomes a place of one kind; what CI runs is written only where allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain.place import HelmValues, JsonPaths, Marker, Pattern, Place, Setter, TomlPaths
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
        ("marker: web", "Dockerfile", Marker("web")),
        ("pattern: 'v=(.*)'", "a.sh", Pattern("v=(.*)")),
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
        ("{}", "it names no place for the tag (add tag, digest or reference; or marker, pattern or setter)"),
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


@pytest.mark.parametrize("write", ["marker: a", "pattern: 'v=(.*)'", "setter: 'a:b'", "tag: a, format: json"])
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
