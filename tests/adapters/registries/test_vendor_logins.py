"""How each vendor wants to be logged in to: its own challenge, word for word, and our answer to it."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import pytest
import urllib3

from bot.adapters.registries.authorization import Authorizer
from bot.adapters.registries.challenge import parse_challenges
from bot.adapters.registries.credentials import Anonymous, Configured, Credentials
from bot.adapters.registries.transport import Answer, Request, Transport
from bot.domain.errors import Denied, Refused


class _Recorder(Transport):
    """Remembers what is asked of token servers, and gives each a token."""

    def __init__(self, host: str, answer: object, status: int = 200) -> None:
        super().__init__(base=f"https://{host}")
        self.asked: list[tuple[Request, str | None]] = []
        self._body = json.dumps(answer).encode()
        self._status = status

    def ask_other(self, request: Request, *, authorization: str | None = None) -> Answer:
        self.asked.append((request, authorization))
        return Answer(request.url, self._status, urllib3.HTTPHeaderDict(), self._body)


@dataclass(frozen=True)
class Vendor:
    """One vendor's challenge for `path`, and the token request that answers it (empty `token_url`: none)."""

    host: str
    path: str
    challenges: tuple[str, ...]
    token_url: str = ""
    service: str = ""
    scope: str = ""
    username: str = "bot"
    answer: object = None
    api: str = ""
    """Where the API answers, when that is not the host."""


VENDORS = {
    # https://distribution.github.io/distribution/spec/auth/token/, as auth.docker.io has it.
    "Docker Hub": Vendor(
        "docker.io",
        "library/redis",
        (
            'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"'
            ',scope="repository:library/redis:pull"',
        ),
        "https://auth.docker.io/token",
        "registry.docker.io",
        "repository:library/redis:pull",
        answer={"token": "t", "access_token": "t", "expires_in": 300, "issued_at": "2026-11-20T00:00:00Z"},
        api="registry-1.docker.io",
    ),
    # https://docs.github.com/packages/working-with-a-github-packages-registry/working-with-the-container-registry
    "GHCR": Vendor(
        "ghcr.io",
        "acme/web",
        ('Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:acme/web:pull"',),
        "https://ghcr.io/token",
        "ghcr.io",
        "repository:acme/web:pull",
        answer={"token": "t"},
    ),
    # https://docs.gitlab.com/administration/packages/container_registry/: Rails gives the tokens.
    "GitLab.com": Vendor(
        "registry.gitlab.com",
        "group/project/web",
        (
            'Bearer realm="https://gitlab.com/jwt/auth",service="container_registry"'
            ',scope="repository:group/project/web:pull",error="invalid_token"',
        ),
        "https://gitlab.com/jwt/auth",
        "container_registry",
        "repository:group/project/web:pull",
        username="gitlab+deploy-token-1",
        answer={"token": "t"},
    ),
    "GitLab of one's own": Vendor(
        "registry.example.com:5050",
        "group/web",
        ('Bearer realm="https://gitlab.example.com/jwt/auth",service="container_registry"',),
        "https://gitlab.example.com/jwt/auth",
        "container_registry",
        "repository:group/web:pull",
        answer={"token": "t"},
    ),
    # https://docs.quay.io/glossary/robot-accounts.html
    "Quay": Vendor(
        "quay.io",
        "acme/web",
        ('Bearer realm="https://quay.io/v2/auth",service="quay.io",scope="repository:acme/web:pull"',),
        "https://quay.io/v2/auth",
        "quay.io",
        "repository:acme/web:pull",
        username="acme+robot",
        answer={"token": "t"},
    ),
    # https://goharbor.io/docs/2.13.0/working-with-projects/project-configuration/create-robot-accounts/
    "Harbor": Vendor(
        "harbor.example.com",
        "library/web",
        (
            'Bearer realm="https://harbor.example.com/service/token",service="harbor-registry"'
            ',scope="repository:library/web:pull"',
        ),
        "https://harbor.example.com/service/token",
        "harbor-registry",
        "repository:library/web:pull",
        username="robot$library+ci",
        answer={"token": "t", "access_token": "", "expires_in": 1800, "issued_at": "2026-11-20T00:00:00Z"},
    ),
    # Its scope is a star, which is not passed on: routers/api/packages/container/container.go.
    "Gitea": Vendor(
        "gitea.example.com",
        "acme/web",
        (
            'Bearer realm="https://gitea.example.com/v2/token",service="container_registry",scope="*"',
            'Basic realm="https://gitea.example.com/v2",service="container_registry",scope="*"',
        ),
        "https://gitea.example.com/v2/token",
        "container_registry",
        "repository:acme/web:pull",
        answer={"token": "t"},
    ),
    # https://help.sonatype.com/en/docker-authentication.html: without and with the bearer token realm.
    "Nexus": Vendor(
        "nexus.example.com:8082", "acme/web", ('BASIC realm="Sonatype Nexus Repository Manager"',)
    ),
    "Nexus with tokens": Vendor(
        "nexus.example.com:8082",
        "acme/web",
        (
            'Bearer realm="https://nexus.example.com:8082/v2/token",service="https://nexus.example.com:8082/v2/token"',
        ),
        "https://nexus.example.com:8082/v2/token",
        "https://nexus.example.com:8082/v2/token",
        "repository:acme/web:pull",
        answer={"token": "DockerToken.7b1c2f6e"},
    ),
    # https://jfrog.com/help/r/jfrog-artifactory-documentation/docker-registry: either, by its version.
    "Artifactory": Vendor(
        "artifactory.example.com", "docker-local/web", ('Basic realm="Artifactory Realm"',)
    ),
    "Artifactory with tokens": Vendor(
        "artifactory.example.com",
        "docker-local/web",
        (
            'Bearer realm="https://artifactory.example.com/artifactory/api/docker/null/v2/token"'
            ',service="artifactory.example.com",scope="repository:docker-local/web:pull"',
            'Basic realm="Artifactory Realm"',
        ),
        "https://artifactory.example.com/artifactory/api/docker/null/v2/token",
        "artifactory.example.com",
        "repository:docker-local/web:pull",
        answer={"token": "t", "expires_in": 3600},
    ),
    # https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
    "ECR": Vendor(
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com",
        "acme/web",
        (
            'Basic realm="https://123456789012.dkr.ecr.eu-central-1.amazonaws.com/",service="ecr.amazonaws.com"',
        ),
        username="AWS",
    ),
    "ECR Public": Vendor(
        "public.ecr.aws",
        "acme/web",
        ('Bearer realm="https://public.ecr.aws/token/",service="public.ecr.aws",scope="aws"',),
        "https://public.ecr.aws/token/",
        "public.ecr.aws",
        "aws",
        username="AWS",
        answer={"token": "t"},
    ),
    # https://cloud.google.com/artifact-registry/docs/docker/authentication
    "Artifact Registry": Vendor(
        "europe-docker.pkg.dev",
        "acme/images/web",
        (
            'Bearer realm="https://europe-docker.pkg.dev/v2/token",service="europe-docker.pkg.dev"'
            ',scope="repository:acme/images/web:pull"',
        ),
        "https://europe-docker.pkg.dev/v2/token",
        "europe-docker.pkg.dev",
        "repository:acme/images/web:pull",
        username="_json_key_base64",
        answer={"token": "t", "expires_in": 43200, "issued_at": "2026-11-20T00:00:00Z"},
    ),
    "gcr.io": Vendor(
        "eu.gcr.io",
        "acme/web",
        ('Bearer realm="https://eu.gcr.io/v2/token",service="eu.gcr.io",scope="repository:acme/web:pull"',),
        "https://eu.gcr.io/v2/token",
        "eu.gcr.io",
        "repository:acme/web:pull",
        username="oauth2accesstoken",
        answer={"token": "t", "expires_in": 3600},
    ),
    # https://azure.github.io/acr/AAD-OAuth.html; the login of a token or of a service principal.
    "ACR": Vendor(
        "acme.azurecr.io",
        "acme/web",
        (
            'Bearer realm="https://acme.azurecr.io/oauth2/token",service="acme.azurecr.io"'
            ',scope="repository:acme/web:metadata_read",error="invalid_token"',
        ),
        "https://acme.azurecr.io/oauth2/token",
        "acme.azurecr.io",
        "repository:acme/web:metadata_read",
        answer={"access_token": "t"},
    ),
    "DigitalOcean": Vendor(
        "registry.digitalocean.com",
        "acme/web",
        (
            'Bearer realm="https://api.digitalocean.com/v2/registry/auth",service="registry.digitalocean.com"'
            ',scope="repository:acme/web:pull"',
        ),
        "https://api.digitalocean.com/v2/registry/auth",
        "registry.digitalocean.com",
        "repository:acme/web:pull",
        answer={"token": "t", "expires_in": 300},
    ),
}


def _authorizer(
    vendor: Vendor, credentials: Credentials, *, token_hosts: Sequence[str] = (), status: int = 200
) -> tuple[Authorizer, _Recorder]:
    transport = _Recorder(vendor.api or vendor.host, vendor.answer, status)
    authorizer = Authorizer(
        host=vendor.host, transport=transport, credentials=credentials, token_hosts=token_hosts
    )
    return authorizer, transport


def _basic(vendor: Vendor) -> str:
    return "Basic " + base64.b64encode(f"{vendor.username}:secret".encode()).decode()


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS)
def test_a_user_name_and_password_are_enough(vendor: Vendor) -> None:
    authorizer, transport = _authorizer(vendor, Configured(vendor.username, "secret"))
    header = authorizer.renew(vendor.path, parse_challenges(vendor.challenges), rejected=None)
    if not vendor.token_url:
        assert (header, transport.asked) == (_basic(vendor), [])
        return
    assert isinstance(vendor.answer, dict)
    assert header == f"Bearer {vendor.answer.get('token') or vendor.answer.get('access_token')}"
    ((request, authorization),) = transport.asked
    parts = urlsplit(request.url)
    assert (request.method, authorization) == ("GET", _basic(vendor))
    assert parts._replace(query="").geturl() == vendor.token_url
    assert parse_qsl(parts.query) == [("service", vendor.service), ("scope", vendor.scope)]


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS)
def test_a_wrong_password_is_denied_after_one_try(vendor: Vendor) -> None:
    authorizer, transport = _authorizer(vendor, Configured(vendor.username, "secret"), status=401)
    with pytest.raises(Denied, match="user name and password of the configuration"):
        authorizer.renew(vendor.path, parse_challenges(vendor.challenges), rejected=_basic(vendor))
    assert len(transport.asked) == bool(vendor.token_url)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("ECR", "this is Amazon ECR: write login: ecr for it under registries"),
        ("ECR Public", "this is Amazon ECR Public: write login: ecr"),
        ("Artifact Registry", "this is Google Artifact Registry: write login: gar"),
        ("gcr.io", "write login: gar"),
        ("ACR", "this is Azure Container Registry: write login: acr"),
        ("GHCR", "give a login that may pull it"),
    ],
)
def test_without_a_login_a_clouds_registry_says_what_to_write(name: str, advice: str) -> None:
    vendor = VENDORS[name]
    authorizer, _ = _authorizer(vendor, Anonymous(), status=401)
    with pytest.raises(Denied, match=advice):
        authorizer.renew(vendor.path, parse_challenges(vendor.challenges), rejected=None)


_ELSEWHERE = Vendor(
    "rg.fr-par.scw.cloud",
    "acme/web",
    (
        'Bearer realm="https://api.scaleway.com/registry-internal/v1/regions/fr-par/tokens",service="registry"',
    ),
    answer={"token": "t"},
)


def test_a_token_server_of_another_domain_is_listed_before_it_sees_the_login() -> None:
    credentials, challenges = Configured("nologin", "secret"), parse_challenges(_ELSEWHERE.challenges)
    authorizer, transport = _authorizer(_ELSEWHERE, credentials)
    with pytest.raises(Refused, match=r"list api\.scaleway\.com in token_hosts"):
        authorizer.renew(_ELSEWHERE.path, challenges, rejected=None)
    assert transport.asked == []
    authorizer, _ = _authorizer(_ELSEWHERE, credentials, token_hosts=["api.scaleway.com"])
    assert authorizer.renew(_ELSEWHERE.path, challenges, rejected=None) == "Bearer t"
