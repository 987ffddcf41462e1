"""Forges beside GitHub and plain Git: what is written of them, and where their repositories are."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.configuration.settings import EndpointSettings, GiteaSettings, GitLabSettings
from bot.domain.proof import Proof
from tests.configuration.files import changed, load_text, problems

GIT = "{git: {kind: git}, github: {kind: github, token: t}}"
REPOSITORY = "git:/srv/git/infra.git"


def _gitlab(keys: str = "", repository: str = "lab:acme/platform/infra") -> str:
    return changed((GIT, f"{{lab: {{kind: gitlab, token: t{keys}}}}}"), (REPOSITORY, repository))


def test_a_gitlab_is_gitlab_com_where_nothing_else_is_said(tmp_path: Path) -> None:
    found = load_text(tmp_path, _gitlab())
    assert found.forges["lab"] == GitLabSettings("lab", SecretStr("t"))
    assert found.pipelines["web"].repository_urls == ("https://gitlab.com/acme/platform/infra.git",)
    assert found.endpoints == {}


def test_a_gitlab_of_ones_own_may_lie_below_a_path(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("-")
    keys = ", url: 'https://h.example.com/git/', squash: true, ca_file: ca.pem"
    found = load_text(tmp_path, _gitlab(keys))
    expected = GitLabSettings(
        "lab", SecretStr("t"), "https://h.example.com/git", squash=True, ca_file=tmp_path / "ca.pem"
    )
    assert found.forges["lab"] == expected
    assert found.pipelines["web"].repository_urls == ("https://h.example.com/git/acme/platform/infra.git",)


def test_its_webhook_has_a_place_of_its_own(tmp_path: Path) -> None:
    found = load_text(tmp_path, _gitlab(", webhook_secret: [new, old]"))
    secrets = (SecretStr("new"), SecretStr("old"))
    assert found.endpoints == {"lab": EndpointSettings("lab", "gitlab", secrets, proof=Proof.TOKEN)}


def test_a_project_may_be_named_by_its_number_beside_an_address(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, _gitlab(repository="lab:4711"))
    assert problem.key == "pipelines.web.repository"
    assert "argocd_urls" in problem.fix
    address = "https://gitlab.com/acme/infra.git"
    text = _gitlab(repository=f"lab:4711\n    argocd_urls: [{address}]")
    found = load_text(tmp_path, text).pipelines["web"]
    assert (found.repository.path, found.repository_urls) == ("4711", (address,))


@pytest.mark.parametrize(
    "path", ["infra", "acme//infra", "/acme/infra", "acme/..", "acme/infra.git", "0", "-1", "a b/c"]
)
def test_what_is_no_project_is_told(path: str, tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, _gitlab(repository=f"'lab:{path}'"))
    assert problem.key == "pipelines.web.repository"
    assert "is not group/project" in problem.what


@pytest.mark.parametrize(
    ("keys", "key"),
    [
        (", url: http://gitlab.example.com", "forges.lab.url"),
        (", ca_file: missing.pem", "forges.lab.ca_file"),
        (", merge_method: squash", "forges.lab.merge_method"),
        (", squash: often", "forges.lab.squash"),
    ],
)
def test_what_is_wrong_with_it_is_told_at_its_place(keys: str, key: str, tmp_path: Path) -> None:
    assert [each.key for each in problems(tmp_path, _gitlab(keys))] == [key]


def test_a_token_is_needed(tmp_path: Path) -> None:
    text = changed((GIT, "{lab: {kind: gitlab}}"), (REPOSITORY, "lab:acme/infra"))
    assert [each.key for each in problems(tmp_path, text)] == ["forges.lab.token"]


@pytest.mark.parametrize("kind", ["gitea", "forgejo"])
class TestGitea:
    def test_it_is_reached_at_one_address(self, kind: str, tmp_path: Path) -> None:
        (tmp_path / "ca.pem").write_text("-")
        keys = "url: 'https://h.example.com/git/', token: t, merge_method: squash, ca_file: ca.pem"
        found = load_text(tmp_path, _gitea(kind, keys))
        expected = GiteaSettings(
            "tea",
            "gitea" if kind == "gitea" else "forgejo",
            "https://h.example.com/git",
            SecretStr("t"),
            merge_method="squash",
            ca_file=tmp_path / "ca.pem",
        )
        assert found.forges["tea"] == expected
        assert found.pipelines["web"].repository_urls == ("https://h.example.com/git/acme/infra.git",)

    def test_its_webhook_has_a_place_of_its_own(self, kind: str, tmp_path: Path) -> None:
        found = load_text(tmp_path, _gitea(kind, "url: https://h.example.com, token: t, webhook_secret: s"))
        assert found.endpoints == {"tea": EndpointSettings("tea", kind, (SecretStr("s"),))}

    @pytest.mark.parametrize(
        ("keys", "key"),
        [
            ("token: t", "forges.tea.url"),
            ("url: https://h.example.com", "forges.tea.token"),
            ("url: http://h.example.com, token: t", "forges.tea.url"),
            ("url: https://h.example.com, token: t, squash: true", "forges.tea.squash"),
            ("url: https://h.example.com, token: t, merge_method: ff", "forges.tea.merge_method"),
        ],
    )
    def test_what_is_wrong_with_it_is_told_at_its_place(
        self, kind: str, keys: str, key: str, tmp_path: Path
    ) -> None:
        assert [each.key for each in problems(tmp_path, _gitea(kind, keys))] == [key]

    @pytest.mark.parametrize("path", ["infra", "acme/platform/infra", "acme/infra.git", "4711"])
    def test_what_is_no_repository_is_told(self, kind: str, path: str, tmp_path: Path) -> None:
        text = _gitea(kind, "url: https://h.example.com, token: t", repository=f"tea:{path}")
        (problem,) = problems(tmp_path, text)
        assert "is not owner/name" in problem.what


def _gitea(kind: str, keys: str, *, repository: str = "tea:acme/infra") -> str:
    return changed((GIT, f"{{tea: {{kind: {kind}, {keys}}}}}"), (REPOSITORY, repository))
