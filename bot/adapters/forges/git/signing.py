"""Signatures on the commits that the plain Git forge makes: by an SSH key, or by an OpenPGP key.

Git has the commit signed by a program (https://git-scm.com/docs/git-config#Documentation/git-config.txt-gpgformat).
The key is on disk for as long as one commit takes, where nobody else may read it, and never in arguments,
environment or messages. A key with a passphrase is of no use: nobody is there to type it.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from bot.domain.errors import Denied, Refused

_SECONDS = 30
_FINGERPRINT = re.compile(r"^fpr:(?:[^:]*:){8}([0-9A-F]{40,64}):", re.MULTILINE)
_NOBODY_TO_ASK = "batch\nno-tty\npinentry-mode error\n"


class SigningKind(StrEnum):
    """What signs."""

    SSH = "ssh"
    GPG = "gpg"


@dataclass(frozen=True, slots=True)
class Signing:
    """A private key and what signs with it. `key` is the text of its file: OpenSSH's or PEM, or armoured."""

    kind: SigningKind
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What Git is given for one signature: options before its command, those of the command, environment."""

    settings: Sequence[str] = ()
    flags: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def prepared(signing: Signing | None) -> Iterator[Prepared]:
    """Lay the key out for one commit; without a key nothing is signed.

    Raises:
        Denied: the key cannot sign.
        Refused: the program that signs is not installed.
    """
    if signing is None:
        yield Prepared()
        return
    with tempfile.TemporaryDirectory(prefix="tagboat-", ignore_cleanup_errors=True) as scratch:
        lay_out = _with_ssh if signing.kind is SigningKind.SSH else _with_gpg
        with lay_out(Path(scratch), signing.key.replace("\r\n", "\n").strip() + "\n") as ready:
            yield ready


@contextmanager
def _with_ssh(scratch: Path, key: str) -> Iterator[Prepared]:
    file = scratch / "key"
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(key)
    # Its public part can be told without a passphrase only by a key that has none.
    told = _run(["ssh-keygen", "-y", "-P", "", "-f", str(file)])
    if told.returncode != 0:
        raise Denied(
            "the ssh key that signs commits cannot be used",
            why="it has a passphrase, or is no private key",
            fix="give the whole file of a private key without a passphrase",
        )
    settings = ("-c", "gpg.format=ssh", "-c", "gpg.ssh.program=ssh-keygen", "-c", f"user.signingKey={file}")
    yield Prepared(settings, ("-S",))


@contextmanager
def _with_gpg(scratch: Path, key: str) -> Iterator[Prepared]:
    environment = {"GNUPGHOME": str(scratch)}
    (scratch / "gpg.conf").write_text(_NOBODY_TO_ASK)
    try:
        _run(["gpg", "--import"], stdin=key, environment=environment)
        listed = _run(["gpg", "--with-colons", "--list-secret-keys"], environment=environment)
        found = _FINGERPRINT.search(listed.stdout)
        if found is None:
            raise Denied(
                "the gpg key that signs commits cannot be used",
                why="no secret key is in it",
                fix="give what `gpg --armor --export-secret-keys` prints",
            )
        settings = ("-c", "gpg.format=openpgp", "-c", "gpg.program=gpg")
        yield Prepared(settings, (f"-S{found[1]}",), environment)
    finally:
        # Whoever signs leaves an agent behind that holds the key.
        _run(["gpgconf", "--kill", "all"], environment=environment)


def _run(
    command: Sequence[str], *, stdin: str = "", environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603 - no shell; the arguments are ours
            command,
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", **(environment or {})},
        )
    except FileNotFoundError as error:
        program = {"ssh-keygen": "openssh-client"}.get(command[0], "gnupg")
        raise Refused(
            "commits cannot be signed", why=f"{command[0]} cannot be run", fix=f"install {program}"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise Denied(
            "commits cannot be signed",
            why=f"{command[0]} did not end within {_SECONDS} s",
            fix="check the key",
        ) from error
