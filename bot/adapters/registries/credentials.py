"""Where the login for a registry comes from: the configuration, or Docker's own store and its helpers.

Logins that clouds and clusters give are in `logins/`.

The `docker` package reads Docker's configuration and says which helper is in charge; it needs no engine for
that. The helper is run here, because the package's own runner waits for ever.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import msgspec
from docker import auth
from docker import errors as docker_errors
from docker.utils import config as docker_config

from bot.domain.errors import Denied, Malformed, Unreachable
from bot.domain.image import DOCKER_HUB

_HELPER_PREFIX = "docker-credential-"
# A helper is named by a file that others may write: only a plain program name is ever looked up.
_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_HELPER_SECONDS = 20.0
_LARGEST_FILE = 1024 * 1024
_TOKEN_USER = "<token>"  # noqa: S105 - the user name by which helpers mark an identity token
_NOT_FOUND = "credentials not found in native keychain"


@dataclass(frozen=True, slots=True)
class Login:
    """A user name and its secret: a password, or an identity token (OAuth 2 refresh token).

    `is_for_path`: it counts for the repository that it was asked for, and another may have another one.
    """

    username: str
    secret: str = field(repr=False)
    is_identity_token: bool = False
    is_for_path: bool = False


class Credentials(Protocol):
    """Gives the login for one registry each time that one is needed, so that it may change meanwhile."""

    @property
    def source(self) -> str:
        """Where the login comes from, in words for a human; never the login itself."""
        ...

    @property
    def advice(self) -> str:
        """What a human can do where the login is not accepted; empty when only the registry could tell."""
        ...

    def login(self, path: str = "", *, refused: Login | None = None) -> Login | None:
        """The login now for this repository, or None for anonymous access.

        `refused` is one that was just not accepted: what is kept is then looked up anew, and the answer is
        the login to try next, or `refused` itself when there is no other.

        Raises:
            Malformed, Denied, NotFound, Limited, Unreachable: the place that holds it cannot be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class Anonymous:
    """No login at all."""

    source: str = "no login"
    advice: str = ""

    def login(self, path: str = "", *, refused: Login | None = None) -> Login | None:
        """None, always."""
        del path, refused
        return None


@dataclass(frozen=True, slots=True)
class Configured:
    """A user name and password from Tagboat's own configuration."""

    username: str
    password: str = field(repr=False)
    source: str = "the user name and password of the configuration"
    advice: str = ""

    def login(self, path: str = "", *, refused: Login | None = None) -> Login | None:
        """What was configured."""
        del path, refused
        return Login(self.username, self.password)


@dataclass(frozen=True, slots=True)
class DockerCredentials:
    """Docker's configuration file and the helper programs that it names, for one registry host.

    `path` is the file; None looks where Docker does (`$DOCKER_CONFIG`, `~/.docker/config.json`).
    """

    host: str
    path: Path | None = None
    advice: str = ""

    @property
    def source(self) -> str:
        """The file that is read."""
        return f"Docker's configuration {self._file() or '(no file found)'}"

    def login(self, path: str = "", *, refused: Login | None = None) -> Login | None:
        """The login that Docker would use for this host, read each time; None when it knows none."""
        del path, refused
        content = self._content()
        if not content:
            return None
        try:
            config = auth.load_config(config_dict=content)
            helper = config.get_credential_store(self.host)
            found = _ask_helper(helper, self.host) if helper else None
            return found or _login(auth.resolve_authconfig({"auths": config.auths}, self.host))
        except (docker_errors.DockerException, ValueError, TypeError, AttributeError) as error:
            # The package answers a file of another shape with whatever its own code stumbles over. Such
            # an error can quote the file, so it is named by its type and not chained.
            raise self._malformed(f"an entry has a wrong shape ({type(error).__name__})") from None

    def _file(self) -> Path | None:
        if self.path is not None:
            return self.path
        found = docker_config.find_config_file()
        return Path(str(found)) if found else None

    def _content(self) -> dict[str, Any]:
        path = self._file()
        if path is None:
            return {}
        try:
            with path.open("rb") as file:
                raw = file.read(_LARGEST_FILE + 1)
        except OSError as error:
            raise self._malformed(error.strerror or type(error).__name__) from error
        if len(raw) > _LARGEST_FILE:
            raise self._malformed("it is larger than 1 MiB")
        try:
            content = json.loads(raw or b"{}")
        except (ValueError, RecursionError):
            raise self._malformed("it is no JSON") from None
        if not isinstance(content, dict):
            raise self._malformed("it is no JSON object")
        return {key: content[key] for key in ("auths", "credsStore", "credHelpers") if content.get(key)}

    def _malformed(self, why: str) -> Malformed:
        return Malformed(
            f"{self.source} cannot be used for {self.host}", why=why, fix="run `docker login` again"
        )


class _HelperAnswer(msgspec.Struct, frozen=True, rename="pascal"):
    username: str
    secret: str


def _login(entry: Any) -> Login | None:
    if not entry:
        return None
    if token := entry.get("IdentityToken"):
        return Login(_TOKEN_USER, token, is_identity_token=True)
    return Login(entry["username"], entry["password"]) if entry.get("password") else None


def _ask_helper(name: str, host: str) -> Login | None:
    """Ask `docker-credential-NAME get`; None when it knows no login for the host.

    Protocol: https://github.com/docker/docker-credential-helpers#development
    """
    program = shutil.which(_HELPER_PREFIX + name) if _HELPER.fullmatch(name) else None
    if program is None:
        raise Denied(
            f"there is no login for {host}",
            why=f"Docker's configuration names the helper {name[:64]!a}, which is not installed",
            fix="install the helper, or give username and password in the configuration",
        )
    server = auth.INDEX_URL if host == DOCKER_HUB else host
    try:
        answer = subprocess.run(  # noqa: S603 - a plain program name found in PATH, and no shell
            [program, "get"], input=server.encode(), capture_output=True, timeout=_HELPER_SECONDS, check=False
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        # Both errors carry the program's name; a timeout would carry its output too.
        why = f"{program} gave no answer in {_HELPER_SECONDS:.0f} s"
        why = why if isinstance(error, subprocess.TimeoutExpired) else f"{program} could not be started"
        raise Unreachable(f"the login for {host} could not be read", why=why) from None
    return _helper_login(answer, program, host)


def _helper_login(answer: subprocess.CompletedProcess[bytes], program: str, host: str) -> Login | None:
    if answer.returncode != 0:
        if _NOT_FOUND.encode() in answer.stdout + answer.stderr:
            return None
        raise Denied(
            f"there is no login for {host}",
            why=f"{program} ended with code {answer.returncode}",
            fix=f"try `echo {host} | {program} get` by hand",
        )
    try:
        found = msgspec.json.decode(answer.stdout, type=_HelperAnswer)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # Not chained: the error could quote what the helper said.
        raise Malformed(f"{program} gave an answer for {host} that is no login") from None
    # docker-credential-pass answers an unknown server with empty values and success.
    if not found.secret:
        return None
    return Login(found.username, found.secret, is_identity_token=found.username == _TOKEN_USER)
