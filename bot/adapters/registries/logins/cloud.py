"""The logins that clouds give to whom they run, each behind an extra of the package.

The vendors' libraries are large, so they are loaded only for a registry that is logged in to by them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.adapters.registries.credentials import Login
from bot.adapters.registries.logins.kept import Kept
from bot.adapters.registries.transport import Transport
from bot.domain.errors import Denied


class CloudCredentials:
    """The login for one registry that a cloud gives for a while, kept and renewed (port `Credentials`)."""

    def __init__(self, kept: Kept[Login], *, source: str, advice: str) -> None:
        self.source = source
        self.advice = advice
        self._kept = kept

    def login(self, path: str = "", *, refused: Login | None = None) -> Login | None:
        """The login now; a refused one is replaced, if that was not done just now."""
        del path
        if refused is None:
            return self._kept.value()
        return self._kept.other_than(lambda login: login == refused)


def ecr_credentials(
    host: str, *, region: str, is_public: bool = False, profile: str = "", role: str = ""
) -> CloudCredentials:
    """Amazon ECR by the identity that AWS's programs find here, or that has `profile`; then as `role`.

    Raises:
        Denied: the extra is not installed.
    """
    with _extra("aws", host, "ecr"):
        from bot.adapters.registries.logins.ecr import EcrTokens
    tokens = EcrTokens(host, region=region, is_public=is_public, profile=profile, role=role)
    actions = "ecr:GetAuthorizationToken, ecr:BatchGetImage, ecr:GetDownloadUrlForLayer and ecr:ListImages"
    if is_public:
        actions = "ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken"
    return CloudCredentials(
        Kept(tokens), source=f"the login that AWS gave in {region}", advice=f"allow that identity {actions}"
    )


def gar_credentials(host: str, *, key_file: Path | None = None) -> CloudCredentials:
    """Google's registries by application default credentials, or by the key file of a service account.

    Raises:
        Denied: the extra is not installed.
    """
    with _extra("google", host, "gar"):
        from bot.adapters.registries.logins.gar import GarTokens
    whose = f"the service account of {key_file}" if key_file else "the application default credentials"
    return CloudCredentials(
        Kept(GarTokens(host, key_file=key_file)),
        source=f"the login that Google gave to {whose}",
        advice="give that account the role Artifact Registry Reader (roles/artifactregistry.reader)",
    )


def acr_credentials(
    host: str, *, transport: Transport, client_id: str = "", tenant: str = ""
) -> CloudCredentials:
    """Azure Container Registry by the identity that Azure's programs find here; `transport` leads to it.

    Raises:
        Denied: the extra is not installed.
    """
    with _extra("azure", host, "acr"):
        from bot.adapters.registries.logins.acr import AcrTokens, identity
    return CloudCredentials(
        Kept(AcrTokens(host, transport=transport, identity=identity(host, client_id, tenant))),
        source="the login that Azure gave",
        advice="give that identity the role AcrPull on the registry",
    )


@contextmanager
def _extra(extra: str, host: str, login: str) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise Denied(
            f"login: {login} for {host} cannot be used",
            why=f"{error.name or 'a library'} is not installed",
            fix=f"pip install 'tagboat[{extra}]'",
        ) from error
