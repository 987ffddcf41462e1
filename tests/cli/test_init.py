"""`tagboat init`: a folder or an address becomes a configuration that `tagboat check` accepts."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.cli.verbs import Answer

_VALUES = "image: {repository: ghcr.io/acme/web, tag: 1.2.0}\n"
_GIT = ("git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=trunk")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A work tree with two environments, and what must not be read."""
    folder = tmp_path / "infra"
    for name in ("dev", "prod", "node_modules/staging"):
        (folder / name).mkdir(parents=True)
        (folder / name / "values.yaml").write_text(_VALUES)
    (folder / "staging.yaml").symlink_to(folder / "dev" / "values.yaml")
    return folder


def _git(folder: Path, *arguments: str) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run([*_GIT, "-C", str(folder), *arguments], check=True, capture_output=True, env=env)


def _committed(folder: Path) -> None:
    _git(folder, "init", "--quiet")
    _git(folder, "add", "dev", "prod")
    _git(folder, "commit", "--quiet", "--message", "x")


def test_a_work_tree_is_proposed_with_its_remote_and_branch(
    repository: Path, tagboat: Callable[..., Answer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _committed(repository)
    _git(repository, "remote", "add", "origin", "git@github.com:acme/infra.git")
    output = tmp_path / "tagboat.yaml"
    done = tagboat("init", str(repository), "--output", str(output))
    assert (done.code, done.out, done.err) == (0, "", "")
    monkeypatch.setenv("GITHUB_TOKEN", "dummy")
    checked = tagboat("check", str(output))
    assert (checked.code, "1 pipeline, 2 environments, 1 image" in checked.out) == (0, True)
    written = yaml.safe_load(output.read_text())
    assert written["pipelines"]["web"]["repository"] == "github:acme/infra"
    assert written["pipelines"]["web"]["branch"] == "trunk"


def test_an_address_is_cloned_and_thrown_away(
    repository: Path, tagboat: Callable[..., Answer], tmp_path: Path
) -> None:
    _committed(repository)
    done = tagboat("init", f"file://{repository}")
    assert done.code == 0
    pipeline = yaml.safe_load(done.out)["pipelines"]["web"]
    assert pipeline["repository"] == f"git:file://{repository}"
    assert list(pipeline["environments"]) == ["dev", "prod"]


def test_a_bare_repository_is_looked_into_as_any_other(
    repository: Path, tagboat: Callable[..., Answer], tmp_path: Path
) -> None:
    _committed(repository)
    bare = tmp_path / "infra.git"
    _git(tmp_path, "clone", "--quiet", "--bare", str(repository), str(bare))
    done = tagboat("init", str(bare))
    assert (done.code, yaml.safe_load(done.out)["pipelines"]["web"]["repository"]) == (0, f"git:{bare}")


def test_a_folder_without_git_is_proposed_too(repository: Path, tagboat: Callable[..., Answer]) -> None:
    done = tagboat("init", str(repository), "--argocd-url", "https://cd.example.com")
    pipeline = yaml.safe_load(done.out)["pipelines"]["web"]
    assert pipeline["repository"] == f"git:{repository}"
    assert "branch" not in pipeline


def test_a_file_that_is_there_is_never_overwritten(
    repository: Path, tagboat: Callable[..., Answer], tmp_path: Path
) -> None:
    output = tmp_path / "tagboat.yaml"
    output.write_text("mine")
    done = tagboat("init", str(repository), "--output", str(output))
    assert (done.code, output.read_text()) == (1, "mine")
    assert "is there already (name another file" in done.err
    nowhere = tagboat("init", str(repository), "--output", str(tmp_path / "no" / "x.yaml"))
    assert "cannot be written: No such file or directory" in nowhere.err


@pytest.mark.parametrize(
    ("repository", "says"),
    [
        ("no-such-folder", "there is no folder no-such-folder"),
        ("file:///no/such/repository", "file:///no/such/repository"),
        ("ext::sh -c evil", "is not the address of a repository"),
        ("https://user:secret-canary@example.com/x.git", "holds a credential"),
    ],
)
def test_what_is_no_repository_is_one_sentence(
    repository: str, says: str, tagboat: Callable[..., Answer]
) -> None:
    done = tagboat("init", repository)
    assert done.code == 1
    assert says in done.err
    assert "secret-canary" not in done.err


def test_a_repository_without_images_says_what_to_do(tmp_path: Path, tagboat: Callable[..., Answer]) -> None:
    done = tagboat("init", str(tmp_path))
    assert done.code == 1
    assert "mark a line by `# tagboat: NAME`" in done.err
