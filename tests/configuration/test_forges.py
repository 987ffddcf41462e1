"""Forges beside GitHub and plain Git: what is written of them, and where their repositories are."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.configuration.settings import (
    BitbucketDataCenterSettings,
    BitbucketSettings,
    EndpointSettings,
    GiteaSettings,
    GitLabSettings,
    PeopleSettings,
)
from bot.domain.people.protection import Protection
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


class TestBitbucket:
    def test_cloud_needs_a_token_alone(self, tmp_path: Path) -> None:
        found = load_text(tmp_path, _forge("bitbucket", "token: t"))
        assert found.forges["bit"] == BitbucketSettings("bit", SecretStr("t"))
        assert found.pipelines["web"].repository_urls == ("https://bitbucket.org/acme/infra.git",)
        assert found.endpoints == {}

    def test_a_person_logs_in_to_cloud_with_an_address(self, tmp_path: Path) -> None:
        keys = "token: t, email: a@example.com, webhook_secret: s, merge_method: squash, commands: true"
        found = load_text(tmp_path, _forge("bitbucket", keys))
        secrets = (SecretStr("s"),)
        people = PeopleSettings(commands=True)
        expected = BitbucketSettings("bit", SecretStr("t"), "a@example.com", secrets, "squash", people)
        assert found.forges["bit"] == expected
        assert found.endpoints == {"bit": EndpointSettings("bit", "bitbucket", secrets)}

    def test_a_server_of_ones_own_clones_below_scm(self, tmp_path: Path) -> None:
        (tmp_path / "ca.pem").write_text("-")
        keys = (
            "url: 'https://h.example.com/bitbucket/', token: t, username: tagboat, ca_file: ca.pem, "
            "merge_method: rebase"
        )
        found = load_text(tmp_path, _forge("bitbucket-data-center", keys, repository="OPS/infra"))
        expected = BitbucketDataCenterSettings(
            "bit",
            "https://h.example.com/bitbucket",
            SecretStr("t"),
            "tagboat",
            merge_method="rebase",
            ca_file=tmp_path / "ca.pem",
        )
        assert found.forges["bit"] == expected
        urls = found.pipelines["web"].repository_urls
        assert urls == ("https://h.example.com/bitbucket/scm/ops/infra.git",)

    @pytest.mark.parametrize("path", ["OPS/infra", "~ada/infra"])
    def test_projects_and_people_have_repositories(self, path: str, tmp_path: Path) -> None:
        keys = "url: https://h.example.com, token: t"
        text = _forge("bitbucket-data-center", keys, repository=path)
        assert load_text(tmp_path, text).pipelines["web"].repository.path == path

    @pytest.mark.parametrize(
        ("kind", "keys", "key"),
        [
            ("bitbucket", "email: a@example.com", "forges.bit.token"),
            ("bitbucket", "token: t, url: https://h.example.com", "forges.bit.url"),
            ("bitbucket", "token: t, merge_method: rebase", "forges.bit.merge_method"),
            ("bitbucket-data-center", "token: t", "forges.bit.url"),
            ("bitbucket-data-center", "token: t, url: http://h.example.com", "forges.bit.url"),
            ("bitbucket-data-center", "token: t, url: https://h, ca_file: gone.pem", "forges.bit.ca_file"),
            (
                "bitbucket",
                "token: t, protect: {files: a, override_label: mine}",
                "forges.bit.protect.override_label",
            ),
        ],
    )
    def test_what_is_wrong_with_it_is_told_at_its_place(
        self, kind: str, keys: str, key: str, tmp_path: Path
    ) -> None:
        assert [each.key for each in problems(tmp_path, _forge(kind, keys))] == [key]

    def test_no_label_overrides_the_check_on_its_files(self, tmp_path: Path) -> None:
        found = load_text(tmp_path, _forge("bitbucket", "token: t, protect: envs/**")).forges["bit"]
        assert isinstance(found, BitbucketSettings)
        assert found.people.protection == Protection(("envs/**",))

    @pytest.mark.parametrize("path", ["infra", "a/b/c", "acme/infra.git", "acme/.."])
    @pytest.mark.parametrize("kind", ["bitbucket", "bitbucket-data-center"])
    def test_what_is_no_repository_is_told(self, kind: str, path: str, tmp_path: Path) -> None:
        keys = "token: t" if kind == "bitbucket" else "token: t, url: https://h.example.com"
        (problem,) = problems(tmp_path, _forge(kind, keys, repository=path))
        assert problem.key == "pipelines.web.repository"


def _forge(kind: str, keys: str, *, repository: str = "acme/infra") -> str:
    forges = f"{{bit: {{kind: {kind}, {keys}}}}}"
    return changed((GIT, forges), (REPOSITORY, f"'bit:{repository}'"))
