"""Azure Container Registry: an Entra token is exchanged for a refresh token of the registry.

https://azure.github.io/acr/AAD-OAuth.html: what `/oauth2/exchange` gives serves the ordinary token flow as an
identity token, for three hours. Needs the extra `azure`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Protocol

import jwt
import msgspec
from azure.core.exceptions import AzureError, ClientAuthenticationError, ServiceRequestError
from azure.identity import AzureAuthorityHosts, DefaultAzureCredential

from bot.adapters.registries.credentials import Login
from bot.adapters.registries.logins.kept import Issued
from bot.adapters.registries.transport import Request, Transport
from bot.domain.errors import Denied, Malformed, TagboatError, Unreachable

# Registries take tokens of this audience in every one of Azure's clouds, and always, while those of the
# Resource Manager may be switched off: https://learn.microsoft.com/azure/container-registry/container-registry-disable-authentication-as-arm
_SCOPE = "https://containerregistry.azure.net/.default"
_AUTHORITIES = {
    "cn": AzureAuthorityHosts.AZURE_CHINA,
    "us": AzureAuthorityHosts.AZURE_GOVERNMENT,
}
# The user name that Azure documents for such a token.
_USER = "00000000-0000-0000-0000-000000000000"
_TOKEN = re.compile(r"[\x21-\x7e]{1,65536}")
_LARGEST_ANSWER = 256 * 1024
_SHORT_LIFE = 600.0
_CODE = re.compile(r"AADSTS[0-9]{4,9}")


class _Token(Protocol):
    @property
    def token(self) -> str: ...


class Identity(Protocol):
    """What gives Entra tokens: any credential of `azure.identity`."""

    def get_token(self, *scopes: str) -> _Token:
        """A token for these scopes."""
        ...


class _Exchanged(msgspec.Struct, frozen=True):
    refresh_token: str = ""


def identity(host: str, client_id: str = "", tenant: str = "") -> DefaultAzureCredential:
    """The identity that Azure's own programs would use here, never one that asks a human.

    Environment, workload identity, managed identity, then what `az login` left behind.
    """
    authority = _AUTHORITIES.get(host.rpartition(".")[2])
    options = {
        "authority": authority,
        "managed_identity_client_id": client_id,
        "workload_identity_client_id": client_id,
        "workload_identity_tenant_id": tenant,
    }
    return DefaultAzureCredential(
        **{name: value for name, value in options.items() if value},
        exclude_interactive_browser_credential=True,
        connection_timeout=5,
        read_timeout=15,
        retry_total=2,
    )


class AcrTokens:
    """Exchanges a token of `identity` for a login to one registry each time that it is called."""

    def __init__(
        self,
        host: str,
        *,
        transport: Transport,
        identity: Identity,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._host = host
        self._transport = transport
        self._identity = identity
        self._now = now

    def __call__(self) -> Issued[Login]:
        """A login and how long it lasts.

        Raises:
            Denied: Azure knows no identity here, or the registry does not let it in.
            Limited, Unreachable: Azure or the registry does not answer now.
            Malformed: the answer holds no login.
        """
        try:
            token = self._identity.get_token(_SCOPE).token
        except AzureError as error:
            raise self._error(error) from error
        refresh_token = self._exchange(token)
        return Issued(Login(_USER, refresh_token, is_identity_token=True), self._life(refresh_token))

    def _exchange(self, token: str) -> str:
        form = {"grant_type": "access_token", "service": self._host, "access_token": token}
        url = f"{self._transport.base}/oauth2/exchange"
        answer = self._transport.ask_other(Request(url, _LARGEST_ANSWER, "POST", form=form))
        if answer.status != HTTPStatus.OK:
            raise Denied(
                f"{self._host} exchanges no token for this identity",
                why=f"HTTP {answer.status}",
                fix="give the identity the role AcrPull on the registry, and check the tenant",
            )
        try:
            found = msgspec.json.decode(answer.body, type=_Exchanged).refresh_token
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            # Not chained: the error could quote a part of the token.
            found = ""
        if not _TOKEN.fullmatch(found):
            raise Malformed(f"{self._host} exchanges a token for something that is none")
        return found

    def _life(self, token: str) -> float:
        """Seconds until the token ends, as it says itself; it is not for us to check its signature."""
        try:
            end = jwt.decode(token, options={"verify_signature": False, "verify_exp": False}).get("exp")
        except jwt.InvalidTokenError:
            end = None
        if not isinstance(end, int | float) or isinstance(end, bool):
            return _SHORT_LIFE
        return max(end - self._now().timestamp(), 1.0)

    def _error(self, error: AzureError) -> TagboatError:
        what = f"Azure gives no login for {self._host}"
        if not isinstance(error, ClientAuthenticationError) or isinstance(error, ServiceRequestError):
            return Unreachable(what, why=f"its token server does not answer ({type(error).__name__})")
        code = _CODE.search(str(error))
        return Denied(
            what,
            why=f"it refuses the identity ({code[0]})" if code else "its libraries find no identity here",
            fix="use a managed or workload identity, or set AZURE_CLIENT_ID, AZURE_TENANT_ID and a secret",
        )
