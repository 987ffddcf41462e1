"""Commits of the plain Git forge are signed: Git itself verifies them, and the key stays where it was."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bot.adapters.forges.git.forge import GitForge
from bot.adapters.forges.git.signing import Prepared, Signing, SigningKind, prepared
from bot.adapters.stores.memory import MemoryLedger
from bot.domain.errors import Denied, Refused
from bot.domain.pull_request.merge_options import MergeOptions
from bot.domain.pull_request.proposal import Proposal
from tests.contracts.forge_worlds import DEV, HUMAN, FixedClock, git_repository
from tests.fakes.git_repository import GitRepository

PROPOSAL = Proposal(
    "tagboat/homepage/dev", ((DEV, b"image:\n  tag: 1.4.2\n"),), "homepage 1.4.2", "title", "body"
)
pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("gpg", "gpgconf", "ssh-keygen"))), reason="needs gnupg and openssh-client"
)


def _ssh_key(folder: Path, passphrase: str = "") -> tuple[str, str]:
    """A new private key and its public part."""
    file = folder / "key"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-C", "bot", "-N", passphrase, "-f", str(file)]
    subprocess.run(command, check=True)
    return file.read_text(), file.with_suffix(".pub").read_text()


def _gpg(home: Path, *arguments: str) -> str:
    command = ["gpg", "--homedir", str(home), "--batch", "--pinentry-mode", "loopback", "--quiet", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _gpg_key(passphrase: str = "") -> tuple[str, str]:
    """A new secret key, armoured, and its public part."""
    with tempfile.TemporaryDirectory(prefix="gpg-", ignore_cleanup_errors=True) as folder:
        home, secret = Path(folder), ("--passphrase", passphrase)
        _gpg(home, *secret, "--quick-generate-key", "Tagboat <tagboat@localhost>", "ed25519", "sign", "never")
        exported = _gpg(home, *secret, "--armor", "--export-secret-keys"), _gpg(home, "--armor", "--export")
        subprocess.run(["gpgconf", "--homedir", folder, "--kill", "all"], check=True)
        return exported


@pytest.fixture(scope="module")
def gpg_key() -> tuple[str, str]:
    """One key for all tests: making one takes a while."""
    return _gpg_key()


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where keys are laid out; it must be as empty after as before. Short, for the sockets of gpg's agent."""
    with tempfile.TemporaryDirectory(prefix="sign-") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        assert list(Path(folder).iterdir()) == []


def _forge(folder: Path, signing: Signing | None) -> tuple[GitForge, GitRepository]:
    git = git_repository(folder / "infra.git")
    forge = GitForge(folder / "cache", ledger=MemoryLedger(), clock=FixedClock(), signing=signing)
    return forge, git


def _proposed(forge: GitForge, git: GitRepository) -> str:
    return forge.write(str(git.folder), PROPOSAL, base=git.branch("main") or "", expected=None)


def _verified(
    git: GitRepository, commit: str, *settings: str, environment: Mapping[str, str] | None = None
) -> bool:
    options = [word for setting in settings for word in ("-c", setting)]
    command = ["git", *options, "verify-commit", commit]
    done = subprocess.run(
        command, cwd=git.folder, env={**os.environ, **(environment or {})}, check=False, capture_output=True
    )
    return done.returncode == 0


class TestSsh:
    @pytest.fixture
    def key(self, tmp_path: Path) -> tuple[str, str]:
        """Private and public part."""
        return _ssh_key(tmp_path)

    def _is_signed(self, git: GitRepository, commit: str, public: str) -> bool:
        signers = git.folder.parent / "signers"
        signers.write_text(f'tagboat@localhost namespaces="git" {public}')
        return _verified(git, commit, f"gpg.ssh.allowedSignersFile={signers}")

    def test_proposals_and_merges_are_signed(
        self, tmp_path: Path, scratch: Path, key: tuple[str, str]
    ) -> None:
        forge, git = _forge(tmp_path, Signing(SigningKind.SSH, key[0]))
        head = _proposed(forge, git)
        assert self._is_signed(git, head, key[1])
        base = git.branch("main") or ""
        git.move("main", git.write_commit(git.tree(base), [base], "Go on", author=HUMAN), old=base)
        pull = forge.open(str(git.folder), PROPOSAL, base_branch="main")
        merged = forge.merge(
            str(git.folder), pull.number, MergeOptions(expected_head=head, message="Merge it")
        )
        assert len(git.commit(merged).parents) == 2
        assert self._is_signed(git, merged, key[1])

    def test_another_key_is_not_taken_for_it(
        self, tmp_path: Path, scratch: Path, key: tuple[str, str]
    ) -> None:
        forge, git = _forge(tmp_path, Signing(SigningKind.SSH, key[0]))
        (tmp_path / "other").mkdir()
        assert not self._is_signed(git, _proposed(forge, git), _ssh_key(tmp_path / "other")[1])

    def test_a_key_without_its_last_line_end_and_with_those_of_windows_is_understood(
        self, tmp_path: Path, scratch: Path, key: tuple[str, str]
    ) -> None:
        text = key[0].strip().replace("\n", "\r\n")
        forge, git = _forge(tmp_path, Signing(SigningKind.SSH, text))
        assert self._is_signed(git, _proposed(forge, git), key[1])

    def test_the_key_lies_where_nobody_else_may_read_it_and_in_no_argument(
        self, scratch: Path, key: tuple[str, str]
    ) -> None:
        with prepared(Signing(SigningKind.SSH, key[0])) as ready:
            (folder,) = scratch.iterdir()
            assert folder.stat().st_mode & 0o077 == 0
            assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}
            _holds_no_key(ready, key[0])

    @pytest.mark.parametrize("which", ["passphrase", "public", "junk", "empty"])
    def test_a_key_that_cannot_sign_is_told_in_a_sentence_without_it(
        self, tmp_path: Path, scratch: Path, which: str
    ) -> None:
        (tmp_path / "made").mkdir()
        private, public = _ssh_key(tmp_path / "made", "hush-hush")
        key = {"passphrase": private, "public": public, "junk": "junk-junk", "empty": ""}[which]
        forge, git = _forge(tmp_path, Signing(SigningKind.SSH, key))
        with pytest.raises(Denied, match="ssh key that signs commits") as caught:
            _proposed(forge, git)
        assert git.branch(PROPOSAL.branch) is None
        assert not any(line and line in str(caught.value) for line in key.splitlines())


class TestGpg:
    def test_proposals_are_signed(self, tmp_path: Path, scratch: Path, gpg_key: tuple[str, str]) -> None:
        forge, git = _forge(tmp_path, Signing(SigningKind.GPG, gpg_key[0]))
        commit = _proposed(forge, git)
        with tempfile.TemporaryDirectory(prefix="gpg-", ignore_cleanup_errors=True) as home:
            assert not _verified(git, commit, environment={"GNUPGHOME": home})
            file = Path(home, "public.asc")
            file.write_text(gpg_key[1])
            _gpg(Path(home), "--import", str(file))
            assert _verified(git, commit, environment={"GNUPGHOME": home})

    @pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc to see processes")
    def test_no_agent_with_the_key_stays_behind(self, scratch: Path, gpg_key: tuple[str, str]) -> None:
        with prepared(Signing(SigningKind.GPG, gpg_key[0])) as ready:
            home = ready.environment["GNUPGHOME"]
            assert Path(home).stat().st_mode & 0o077 == 0
            assert _processes_with(home)
            _holds_no_key(ready, gpg_key[0])
        deadline = time.monotonic() + 10
        while _processes_with(home) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert _processes_with(home) == []

    @pytest.mark.parametrize("which", ["public", "junk", "empty"])
    def test_what_holds_no_secret_key_is_told(
        self, tmp_path: Path, scratch: Path, gpg_key: tuple[str, str], which: str
    ) -> None:
        key = {"public": gpg_key[1], "junk": "junk-junk", "empty": ""}[which]
        forge, git = _forge(tmp_path, Signing(SigningKind.GPG, key))
        with pytest.raises(Denied, match="no secret key is in it"):
            _proposed(forge, git)

    def test_a_key_with_a_passphrase_asks_nobody(self, tmp_path: Path, scratch: Path) -> None:
        forge, git = _forge(tmp_path, Signing(SigningKind.GPG, _gpg_key("hush-hush")[0]))
        with pytest.raises(Denied, match="cannot be signed"):
            _proposed(forge, git)
        assert git.branch(PROPOSAL.branch) is None


@pytest.mark.parametrize(
    ("kind", "program"), [(SigningKind.SSH, "openssh-client"), (SigningKind.GPG, "gnupg")]
)
def test_a_program_that_is_not_installed_is_named(
    scratch: Path, monkeypatch: pytest.MonkeyPatch, kind: SigningKind, program: str
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(Refused, match=f"install {program}"), prepared(Signing(kind, "key")):
        pass


def test_without_a_key_nothing_is_signed(tmp_path: Path, scratch: Path) -> None:
    forge, git = _forge(tmp_path, None)
    assert not _verified(git, _proposed(forge, git))


@pytest.mark.parametrize("kind", SigningKind)
def test_a_key_is_shown_nowhere(kind: SigningKind) -> None:
    assert "secret" not in repr(Signing(kind, "secret"))


def _holds_no_key(ready: Prepared, key: str) -> None:
    texts = [*ready.settings, *ready.flags, *ready.environment.values()]
    assert not any(line in text for line in key.splitlines() if line for text in texts)


def _processes_with(text: str) -> list[str]:
    """The commands that run now with this text in their arguments."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = file.read_bytes().decode(errors="replace")
        except OSError:  # it ended meanwhile
            continue
        if text in command:
            found.append(command)
    return found
