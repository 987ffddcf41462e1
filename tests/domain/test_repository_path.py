"""Paths in a repository: what may be written, what only where it is allowed, and what never."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import Refused
from bot.domain.repository_path import safe_path

_PLAIN = [
    *("values.yaml", "envs/dev/values.yaml", ".argocd/values.yaml", ".helm/x", "a.git/x", ".gitignored/x"),
    *(
        "größe/日本.yaml",
        "a b/ü ☕.yaml",
        "gitlab-ci.yml",
        "a..b/c",
        "a:b/c",
        ".argocd-source-web.yaml",
        "Dockerfile",
    ),
]
_OF_CI = [
    *(
        ".github/workflows/x.yml",
        ".GitHub/Workflows/x.yml",
        ".github/values.yaml",
        "a/.github/workflows/x.yaml",
    ),
    *(".forgejo/workflows/x.yml", ".gitea/workflows/x.yml", ".gitlab/ci.yml", ".circleci/config.yml"),
    *(".gitlab-ci.yml", "sub/.GitLab-CI.yml", ".gitlab-ci-web.yml", ".woodpecker/x.yml", ".tekton/push.yaml"),
    *(
        "Jenkinsfile",
        "a/azure-pipelines.yml",
        "bitbucket-pipelines.yml",
        ".drone.yml",
        ".github./x",
        ".GITHUB",
    ),
    *(".gitlab-ci.yml.", ".github::$DATA/x", "．github/workflows/x.yml"),
]
_NEVER = {
    "": "between 1 and 1,000 characters",
    "a" * 1_001: "between 1 and 1,000 characters",
    "/etc/passwd": "absolute",
    "//x": "absolute",
    "../x": "empty or only dots",
    "a/../../x": "empty or only dots",
    "a/./x": "empty or only dots",
    "a//x": "empty or only dots",
    "a/": "empty or only dots",
    "a/.. /x": "empty or only dots",
    "a/ ../x": "empty or only dots",
    "a/．．/x": "empty or only dots",
    "a\\..\\x": "backslash",
    "C:\\x": "backslash",
    "a\0b": "cannot be seen",
    "a\nb": "cannot be seen",
    "a\x1b[31m/b": "cannot be seen",
    "a\u202eb": "cannot be seen",
    "a\ud800b": "cannot be seen",
    ".g\u200cit/config": "cannot be seen",
    ".git/config": "Git's own folder",
    "sub/.GIT/hooks/x": "Git's own folder",
    ".git./config": "Git's own folder",
    ".git /config": "Git's own folder",
    ".git::$INDEX_ALLOCATION/config": "Git's own folder",
    "GIT~1/config": "Git's own folder",
    ".git": "Git's own folder",
    "．git/config": "Git's own folder",
    ".ｇｉｔ/config": "Git's own folder",
    ".gitmodules": "steers Git",
    "a/.GitAttributes": "steers Git",
    "CODEOWNERS": "who must review",
    ".github/CODEOWNERS": "who must review",
}


@pytest.mark.parametrize("path", _PLAIN)
def test_a_file_inside_the_repository_may_be_written(path: str) -> None:
    assert safe_path(path) == path


@pytest.mark.parametrize("path", _OF_CI)
def test_what_ci_runs_is_written_only_where_that_is_allowed(path: str) -> None:
    assert safe_path(path, allow_workflows=True) == path
    with pytest.raises(Refused, match="allow_workflows: true") as caught:
        safe_path(path)
    assert "CI would run it" in str(caught.value)


@pytest.mark.parametrize(("path", "says"), _NEVER.items())
@pytest.mark.parametrize("allow_workflows", [False, True])
def test_a_path_that_leads_elsewhere_is_never_written(path: str, says: str, allow_workflows: bool) -> None:
    with pytest.raises(Refused) as caught:
        safe_path(path, allow_workflows=allow_workflows)
    assert says in str(caught.value)
    assert str(caught.value).isprintable()


_BAD = st.sampled_from(["..", ".", "", ".git", ".GiT", "GIT~1", "b\\c", "\0", ".gitmodules", " . "])


@given(st.lists(st.sampled_from(["a", "b.yaml"]), max_size=3), _BAD, st.lists(st.just("c"), max_size=3))
def test_one_bad_part_anywhere_spoils_the_path(before: list[str], bad: str, after: list[str]) -> None:
    with pytest.raises(Refused):
        safe_path("/".join([*before, bad, *after]), allow_workflows=True)
