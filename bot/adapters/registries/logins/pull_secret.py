"""A Kubernetes secret that kubelets pull with, read when it is needed and again after a while.

The least right that does: `get` on that one secret (config/README.md, Registries).
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec
import urllib3
from kubernetes import client
from kubernetes.client import exceptions as faults

from bot.adapters.cluster import cluster
from bot.adapters.registries.credentials import Login
from bot.adapters.registries.logins.kept import Issued, Kept
from bot.adapters.registries.logins.keyring import Keyring, NoKeyring, read_keyring
from bot.domain.errors import Denied, Limited, Malformed, NotFound, TagboatError, Unreachable

_EVERY_SECONDS = 300.0
_TIMEOUTS = (5, 15)
# Kubernetes takes secrets of up to 1 MiB, which base64 makes a third larger.
_LARGEST_ANSWER = 2 * 1024 * 1024


class _Secret(msgspec.Struct, frozen=True):
    data: dict[str, str] | None = None


class SecretReader:
    """Reads one pull secret each time that it is called.

    `kubeconfig` and `context` say how to reach the cluster; without the file it is the one that this process
    runs in, or else what kubectl uses (`$KUBECONFIG`, `~/.kube/config`).
    """

    def __init__(
        self, namespace: str, name: str, *, kubeconfig: Path | None = None, context: str = ""
    ) -> None:
        self._namespace = namespace
        self._name = name
        self._kubeconfig = kubeconfig
        self._context = context

    def __call__(self) -> Issued[Keyring]:
        """The logins of the secret as it is now.

        Raises:
            Denied: the cluster cannot be reached by this identity, or it may not read the secret.
            NotFound: there is no such secret.
            Limited, Unreachable: the cluster does not answer now.
            Malformed: the secret or the kubeconfig cannot be understood.
        """
        try:
            raw = self._read()
        except faults.ApiException as error:
            raise self._refusal(error) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unreachable(
                self._what, why=f"the cluster does not answer ({type(error).__name__})"
            ) from error
        try:
            return Issued(read_keyring(msgspec.json.decode(raw, type=_Secret).data or {}), _EVERY_SECONDS)
        except (msgspec.MsgspecError, NoKeyring, RecursionError) as error:
            why = str(error) if isinstance(error, NoKeyring) else "the answer is no secret"
            fix = "make it by `kubectl create secret docker-registry`"
            # Not chained: the error could quote a login.
            raise Malformed(self._what, why=why, fix=fix) from None

    @property
    def _what(self) -> str:
        return f"the pull secret {self._namespace}/{self._name} cannot be read"

    def _read(self) -> bytes:
        found = cluster(kubeconfig=self._kubeconfig, context=self._context, purpose=self._what)
        with client.ApiClient(found) as api:
            answer: Any = client.CoreV1Api(api).read_namespaced_secret(
                self._name, self._namespace, _preload_content=False, _request_timeout=_TIMEOUTS
            )
            body: bytes = answer.read(_LARGEST_ANSWER + 1)
        if len(body) > _LARGEST_ANSWER:
            raise Malformed(self._what, why=f"the answer is larger than {_LARGEST_ANSWER} bytes")
        return body

    def _refusal(self, error: faults.ApiException) -> TagboatError:
        why = f"HTTP {error.status}" if error.status else "its certificate is not trusted"
        if error.status == HTTPStatus.NOT_FOUND:
            return NotFound(f"there is no secret {self._name} in the namespace {self._namespace}")
        if error.status == HTTPStatus.TOO_MANY_REQUESTS:
            return Limited(self._what, why=why)
        if error.status and error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Unreachable(self._what, why=why)
        fix = f"allow get on the secret {self._name} to Tagboat's service account"
        if error.status != HTTPStatus.FORBIDDEN:
            fix = "check the kubeconfig's user and authority, or the token of Tagboat's service account"
        return Denied(self._what, why=why, fix=fix)


class PullSecretCredentials:
    """The login for one registry out of a pull secret, as a kubelet would choose it (port `Credentials`)."""

    def __init__(self, host: str, read: Callable[[], Issued[Keyring]], *, secret: str) -> None:
        self.source = f"the pull secret {secret}"
        self.advice = f"check what the secret {secret} holds for {host}"
        self._host = host
        self._kept = Kept(read)

    def login(self, path: str = "", *, refused: Login | None = None) -> Login | None:
        """The first login for the path, or the one after `refused`, for which the secret is read again."""
        if refused is None:
            return next(iter(self._logins(self._kept.value(), path)), None)
        keyring = self._kept.other_than(lambda held: refused in self._logins(held, path))
        found = self._logins(keyring, path)
        rest = found[found.index(refused) + 1 :] if refused in found else found
        return next(iter(rest), refused)

    def _logins(self, keyring: Keyring, path: str) -> list[Login]:
        return list(keyring.logins(self._host, path))
