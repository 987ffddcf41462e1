"""Runs the `git` command so that neither a repository nor its host can make it do anything else.

No configuration but ours, no prompt, no credential helper, no hook of the mirror, no redirect, only named
transports (https://git-scm.com/docs/git-config), a deadline and a cap on output for every call.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bot.adapters.forges.git.address import Access, settings, ssh_command
from bot.adapters.forges.git.errors import failure
from bot.adapters.forges.rules import LARGEST_FILE
from bot.domain.errors import Malformed, Refused, Unreachable

_OLDEST = (2, 38)
_OUTPUT_CAP = LARGEST_FILE + 64 * 1024
_ERROR_CAP = 64 * 1024
_CHUNK = 64 * 1024

# The environment of this very process that Git's transports need; everything else stays out, because
# GIT_* and HOME would bring other people's configuration and tracing in.
_PASSED = (
    *("PATH", "TMPDIR", "SSH_AUTH_SOCK", "GIT_SSL_CAINFO", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("HTTPS_PROXY", "https_proxy", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"),
)
_SETTINGS = {
    "core.hooksPath": "/dev/null",
    "core.symlinks": "false",
    "core.protectHFS": "true",
    "core.protectNTFS": "true",
    "core.attributesFile": "/dev/null",
    "credential.helper": "",
    "gc.autoDetach": "false",
    "maintenance.autoDetach": "false",
    "http.followRedirects": "false",
    "protocol.allow": "never",
    "protocol.file.allow": "always",
    "protocol.https.allow": "always",
    "protocol.ssh.allow": "always",
}


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended: its exit code and what it printed."""

    code: int
    output: bytes
    errors: str

    @property
    def text(self) -> str:
        """The output as text, without the line's end."""
        return self.output.decode(errors="replace").rstrip("\n")


class GitCommand:
    """Git for one repository: its URL, its credential, and a home folder that holds no settings."""

    def __init__(self, url: str, *, home: Path, access: Access, timeout: timedelta) -> None:
        self.url = url
        self._home = home
        self._seconds = timeout.total_seconds()
        secret = settings(url, access)
        self._secrets = (access.token, *(value.rpartition(" ")[2] for value in secret.values()))
        self._environment = _environment(home, access, secret)

    def local(
        self,
        *arguments: str,
        stdin: bytes = b"",
        codes: Sequence[int] = (0,),
        extra: Mapping[str, str] | None = None,
    ) -> Finished:
        """Run a command that does not leave this machine; another exit code than `codes` is an error."""
        return self._run(arguments, stdin, codes, extra or {}, local=True)

    def remote(self, *arguments: str, codes: Sequence[int] = (0,)) -> Finished:
        """Run a command that talks to the repository; another exit code than `codes` is an error."""
        return self._run(arguments, b"", codes, {}, local=False)

    def require_version(self) -> None:
        """Raise `Refused` unless Git is new enough for merges without a work tree (2.38)."""
        version = self.local("version").text
        numbers = version.removeprefix("git version ").split(".")
        if tuple(int(part) for part in numbers[:2] if part.isdigit()) < _OLDEST:
            raise Refused(f"{version[:80]} is too old", fix="install Git 2.38 or newer")

    def failed(self, text: str) -> Exception:
        """The error for what a remote command printed on its output."""
        return failure(text, url=self.url, secrets=self._secrets, local=False)

    def _run(
        self,
        arguments: Sequence[str],
        stdin: bytes,
        codes: Sequence[int],
        extra: Mapping[str, str],
        *,
        local: bool,
    ) -> Finished:
        with tempfile.TemporaryFile() as source:
            source.write(stdin)
            source.seek(0)
            try:
                process = subprocess.Popen(  # noqa: S603 - no shell; addresses and names are checked before
                    ["git", *arguments],  # noqa: S607 - which Git is the owner's choice, by PATH
                    stdin=source,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    cwd=self._home,
                    env={**self._environment, **extra},
                    process_group=0,
                )
            except FileNotFoundError as error:
                raise Refused("the git command cannot be run", fix="install Git 2.38 or newer") from error
            with process:
                finished = self._finish(process)
        if finished.code not in codes:
            text = finished.errors or finished.text
            raise failure(text, url=self.url, secrets=self._secrets, local=local)
        return finished

    def _finish(self, process: subprocess.Popen[bytes]) -> Finished:
        deadline = time.monotonic() + self._seconds
        try:
            output, errors = _collect(process, deadline)
            code = process.wait(max(deadline - time.monotonic(), 0.1))
        except (TimeoutError, subprocess.TimeoutExpired) as error:
            _kill(process)
            raise Unreachable(f"{self.url} did not answer within {self._seconds:g} s") from error
        except BaseException:
            _kill(process)
            raise
        if len(output) > _OUTPUT_CAP:
            raise Malformed(f"{self.url} answers with more than {_OUTPUT_CAP} bytes")
        return Finished(code, output, errors.decode(errors="replace"))


def _environment(home: Path, access: Access, secret: Mapping[str, str]) -> Mapping[str, str]:
    pairs = {**_SETTINGS, "protocol.http.allow": "always" if access.allow_http else "never", **secret}
    numbered = {}
    for number, (key, value) in enumerate(pairs.items()):
        numbered[f"GIT_CONFIG_KEY_{number}"] = key
        numbered[f"GIT_CONFIG_VALUE_{number}"] = value
    return {
        **{name: os.environ[name] for name in _PASSED if name in os.environ},
        **numbered,
        "GIT_CONFIG_COUNT": str(len(pairs)),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_SSH_COMMAND": ssh_command(access),
        "GIT_SSH_VARIANT": "ssh",
        "HOME": str(home),
        "LC_ALL": "C",
    }


def _collect(process: subprocess.Popen[bytes], deadline: float) -> tuple[bytes, bytes]:
    """Read both outputs until they end; a flood of output is cut off, and the process killed."""
    output, errors = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        for stream, received in ((process.stdout, output), (process.stderr, errors)):
            assert stream is not None, "both were asked for as pipes"
            selector.register(stream, selectors.EVENT_READ, received)
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            for key, _ in selector.select(left):
                chunk = os.read(key.fd, _CHUNK)
                if not chunk:
                    selector.unregister(key.fileobj)
                key.data.extend(chunk)
            del errors[:-_ERROR_CAP]
            if len(output) > _OUTPUT_CAP:
                _kill(process)
                break
    return bytes(output), bytes(errors)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill Git and the transports that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
