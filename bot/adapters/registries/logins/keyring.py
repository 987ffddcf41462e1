"""The logins of a pull secret, and which of them a kubelet would use for an image.

The rules are Kubernetes' own (`pkg/credentialprovider/keyring.go` and `config.go`), explained at
https://kubernetes.io/docs/concepts/containers/images/#config-json. No I/O here.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from bot.adapters.registries.credentials import Login
from bot.domain.expression import compile_expression
from bot.domain.glob import translate
from bot.domain.image import DOCKER_HUB

_CONFIG_JSON = ".dockerconfigjson"
# Of the old type kubernetes.io/dockercfg, which has no `auths` around the logins.
_DOCKERCFG = ".dockercfg"
_MOST_ENTRIES = 1000
_DOCKER_HUB_KEY = "index.docker.io"
_SCHEMES = ("https://", "http://")
_VERSIONS = ("/v1/", "/v2/")


class _Entry(msgspec.Struct, frozen=True):
    username: str = ""
    password: str = ""
    auth: str = ""
    identitytoken: str = ""


class _Config(msgspec.Struct, frozen=True):
    auths: dict[str, _Entry] = {}


class NoKeyring(ValueError):
    """The data of a secret cannot be read as logins; the text quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class _Key:
    """What an entry counts for: `host[:port]`, whose labels may be globs, and the beginning of a path."""

    host: str
    port: str
    path: str

    def matches(self, target: _Key) -> bool:
        """Whether the entry counts for the image at `target`; every label is matched by itself."""
        globs, labels = self.host.split("."), target.host.split(".")
        if self.port != target.port or len(globs) != len(labels) or not target.path.startswith(self.path):
            return False
        return all(map(_label_matches, globs, labels))


@dataclass(frozen=True, slots=True)
class Keyring:
    """The logins of one pull secret, the more specific first."""

    entries: Sequence[tuple[_Key, Login]] = ()

    def logins(self, host: str, path: str) -> Sequence[Login]:
        """What a kubelet would try for the repository, in its order.

        Where a key of this host has a path, each login is marked to count for this repository only.
        """
        target = _target(host, path)
        found = [login for key, login in self.entries if key.matches(target)]
        if not found and host == DOCKER_HUB:
            found = [login for key, login in self.entries if key == _Key(_DOCKER_HUB_KEY, "", "")]
        everywhere = _target(host, "")
        hosts = [replace(key, path="") for key, _ in self.entries if key.path]
        is_for_path = any(key.matches(everywhere) for key in hosts)
        return [replace(login, is_for_path=is_for_path) for login in found]


def read_keyring(data: Mapping[str, str]) -> Keyring:
    """The logins in a secret's `data` (base64), of either type.

    Raises:
        NoKeyring: there are none of the form that kubelets read.
    """
    try:
        if _CONFIG_JSON in data:
            entries = msgspec.json.decode(base64.b64decode(data[_CONFIG_JSON]), type=_Config).auths
        elif _DOCKERCFG in data:
            entries = msgspec.json.decode(base64.b64decode(data[_DOCKERCFG]), type=dict[str, _Entry])
        else:
            raise NoKeyring(f"it has neither {_CONFIG_JSON} nor {_DOCKERCFG}")
        if len(entries) > _MOST_ENTRIES:
            raise NoKeyring(f"it holds more than {_MOST_ENTRIES} logins")
        logins = [(_key(name), login) for name, entry in entries.items() if (login := _login(entry))]
    except (msgspec.MsgspecError, binascii.Error, UnicodeDecodeError, RecursionError):
        # Not chained: the error could quote a login.
        raise NoKeyring("what it holds is not what Docker writes") from None
    return Keyring(tuple(sorted(logins, key=lambda entry: _order(entry[0]), reverse=True)))


def _key(name: str) -> _Key:
    """A key as it is matched: without a scheme and without the version that Docker's old keys end in."""
    scheme = next((each for each in _SCHEMES if name.startswith(each)), "")
    host, slash, rest = name.removeprefix(scheme).partition("/")
    path = f"{slash}{rest}"
    if path.startswith(_VERSIONS):
        path = path[3:]
    return _Key(*_split(host), "" if path == "/" else path)


def _target(host: str, path: str) -> _Key:
    return _Key(*_split(host), f"/{path}")


def _split(host: str) -> tuple[str, str]:
    name, colon, port = host.rpartition(":")
    return (name, port) if colon and port.isdecimal() else (host, "")


def _order(key: _Key) -> str:
    """Kubelets try keys in this order backwards, so that a path comes before its host."""
    return f"{key.host}{':' if key.port else ''}{key.port}{key.path}"


def _label_matches(glob: str, label: str) -> bool:
    try:
        expression = compile_expression(translate(glob), shown="a key")
    except ValueError:
        # As kubelets do: a key that breaks the grammar counts for nothing.
        return False
    return expression.fullmatch(label.encode()) is not None


def _login(entry: _Entry) -> Login | None:
    """`auth` wins over its two halves; an identity token, as `az acr login` leaves it, over all."""
    if entry.identitytoken:
        return Login("<token>", entry.identitytoken, is_identity_token=True)
    if not entry.auth:
        return Login(entry.username, entry.password) if entry.password else None
    text = entry.auth.strip()
    padded = text + "=" * (-len(text) % 4)
    username, _, password = base64.b64decode(padded, validate=True).decode().partition(":")
    return Login(username, password) if password else None
