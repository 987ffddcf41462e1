"""The key that signs the commits of plain Git: what may be written, and what is told of a wrong one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.configuration.problems import ConfigurationError
from bot.configuration.settings import GitSettings, SigningSettings
from bot.domain.pull_request.proposal import Proposal
from bot.wiring import world
from tests.configuration.files import changed, load_text
from tests.contracts.forge_worlds import DEV, git_repository

SSH = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END OPENSSH PRIVATE KEY-----"
GPG = "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlFgEZ\n-----END PGP PRIVATE KEY BLOCK-----"


def _signed(kind: str) -> str:
    signing = f'{{kind: {kind}, key: "${{file:signing-key}}"}}'
    return changed(("{kind: git}", f"{{kind: git, signing: {signing}}}"))


@pytest.mark.parametrize(("kind", "key"), [("ssh", SSH), ("gpg", GPG)])
def test_a_key_is_read_from_its_file_and_shown_nowhere(tmp_path: Path, kind: str, key: str) -> None:
    (tmp_path / "signing-key").write_text(f"{key}\n")
    found = load_text(tmp_path, _signed(kind)).forges["git"]
    assert isinstance(found, GitSettings)
    assert found.signing == SigningSettings("ssh" if kind == "ssh" else "gpg", SecretStr(key))
    assert key not in repr(found)


@pytest.mark.parametrize(("kind", "key"), [("ssh", GPG), ("gpg", SSH), ("ssh", "ssh-ed25519 AAAA bot")])
def test_a_key_of_another_kind_is_told_before_anything_runs(tmp_path: Path, kind: str, key: str) -> None:
    (tmp_path / "signing-key").write_text(key)
    with pytest.raises(ConfigurationError) as caught:
        load_text(tmp_path, _signed(kind))
    (problem,) = caught.value.problems
    assert "forges.git.signing.key: " in str(caught.value)
    assert f"this is not a private key for {kind}" in str(problem)
    assert "BEGIN" not in str(caught.value)


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs openssh-client")
def test_what_is_built_signs_by_the_key(tmp_path: Path) -> None:
    key = tmp_path / "signing-key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    git = git_repository(tmp_path / "infra.git")
    forge = world(load_text(tmp_path, _signed("ssh"))).forges["git"]
    proposal = Proposal("tagboat/web/dev", ((DEV, b"tag: 2\n"),), "Move it", "Move it", "body")
    commit = forge.write(str(git.folder), proposal, base=git.branch("main") or "", expected=None)
    shown = subprocess.run(
        ["git", "cat-file", "commit", commit], cwd=git.folder, check=True, capture_output=True, text=True
    )
    assert "gpgsig -----BEGIN SSH SIGNATURE-----" in shown.stdout


def test_without_a_key_nothing_is_signed(tmp_path: Path) -> None:
    found = load_text(tmp_path, changed()).forges["git"]
    assert isinstance(found, GitSettings)
    assert found.signing is None
