"""What a configuration says, as values for `bot.wiring`, the entry points and the page.

Pipelines are the domain's own values; the rest names what to connect to and with which secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from bot.domain.people.protection import Protection
from bot.domain.pipeline import Pipeline
from bot.domain.proof import Proof
from bot.ports import Rate


@dataclass(frozen=True, slots=True)
class EcrLoginSettings:
    """Amazon ECR by the AWS identity of the machine, or of `profile`; `role` is assumed first where given.

    `region` is where the registry is, or for the public one where its logins are given.
    """

    region: str
    is_public: bool = False
    profile: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class GarLoginSettings:
    """Google's registries by application default credentials, or by the key file of a service account."""

    key_file: Path | None = None


@dataclass(frozen=True, slots=True)
class AcrLoginSettings:
    """Azure Container Registry by the Azure identity of the machine; `client_id` picks one of several."""

    client_id: str = ""
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class PullSecretSettings:
    """A Kubernetes secret that kubelets pull with. No `kubeconfig`: the cluster that Tagboat runs in."""

    namespace: str
    name: str
    kubeconfig: Path | None = None
    context: str = ""


CloudLoginSettings = EcrLoginSettings | GarLoginSettings | AcrLoginSettings


@dataclass(frozen=True, slots=True)
class RegistrySettings:
    """A registry of the OCI distribution API. `host` is how image names begin; `url` where it answers.

    `token_hosts` are other hosts that may be given the credentials for a token. At most one of `password`,
    `login`, `pull_secret` and `docker_config` is there; without any of them and with `docker_credentials`
    they come from Docker's own store and helpers.

    `mirrors` are asked first; `proxy` is an address, or "environment" for what that says. `poll` is how long
    lists of tags may go unasked, where that is not `Settings.poll`; `rate` is None for what fits the host;
    `connections` are those of one process.
    """

    host: str
    url: str
    username: str = ""
    password: SecretStr | None = None
    docker_credentials: bool = True
    plain_http: bool = False
    ca_file: Path | None = None
    token_hosts: tuple[str, ...] = ()
    login: CloudLoginSettings | None = None
    pull_secret: PullSecretSettings | None = None
    docker_config: Path | None = None
    mirrors: tuple[str, ...] = ()
    proxy: SecretStr | Literal["environment"] | None = None
    poll: timedelta | None = None
    rate: Rate | None = None
    connections: int = 16
    hub_api: bool = False


@dataclass(frozen=True, slots=True)
class LayoutSettings:
    """A folder of OCI image layouts that stands in for a registry: `<path>/<repository>/index.json`."""

    host: str
    path: Path


@dataclass(frozen=True, slots=True)
class PeopleSettings:
    """What other people may do on a forge: give commands, and which files are not theirs."""

    commands: bool = False
    protection: Protection | None = None


@dataclass(frozen=True, slots=True)
class GitHubSettings:
    """GitHub, or GitHub Enterprise by its API's URL. Either `token`, or the three values of an App."""

    name: str
    url: str = "https://api.github.com"
    token: SecretStr | None = None
    app_id: int | None = None
    private_key: SecretStr | None = None
    installation_id: int | None = None
    webhook_secrets: tuple[SecretStr, ...] = ()
    merge_method: Literal["merge", "squash", "rebase"] = "merge"
    ca_file: Path | None = None
    people: PeopleSettings = PeopleSettings()


@dataclass(frozen=True, slots=True)
class SigningSettings:
    """The private key, as the text of its file, that signs the commits of plain Git."""

    kind: Literal["ssh", "gpg"]
    key: SecretStr


@dataclass(frozen=True, slots=True)
class GitSettings:
    """Plain Git by path or URL, with no API: Tagboat keeps the pull requests itself."""

    name: str
    username: str = ""
    token: SecretStr | None = None
    allow_http: bool = False
    signing: SigningSettings | None = None


@dataclass(frozen=True, slots=True)
class GitLabSettings:
    """GitLab, on gitlab.com or self-managed; `url` is where people see it, without a slash at its end."""

    name: str
    token: SecretStr
    url: str = "https://gitlab.com"
    webhook_secrets: tuple[SecretStr, ...] = ()
    squash: bool = False
    ca_file: Path | None = None
    people: PeopleSettings = PeopleSettings()


@dataclass(frozen=True, slots=True)
class GiteaSettings:
    """Gitea or Forgejo; `url` is where people see it, without a slash at its end."""

    name: str
    kind: Literal["gitea", "forgejo"]
    url: str
    token: SecretStr
    webhook_secrets: tuple[SecretStr, ...] = ()
    merge_method: Literal["merge", "squash", "rebase"] = "merge"
    ca_file: Path | None = None
    people: PeopleSettings = PeopleSettings()


@dataclass(frozen=True, slots=True)
class BitbucketSettings:
    """Bitbucket Cloud. With `email` the token is that person's, otherwise nobody's own."""

    name: str
    token: SecretStr
    email: str = ""
    webhook_secrets: tuple[SecretStr, ...] = ()
    merge_method: Literal["merge", "squash"] = "merge"
    people: PeopleSettings = PeopleSettings()


@dataclass(frozen=True, slots=True)
class BitbucketDataCenterSettings:
    """Bitbucket Data Center; `url` is where people see it, without a slash at its end.

    With `username` the token is that person's, otherwise nobody's own.
    """

    name: str
    url: str
    token: SecretStr
    username: str = ""
    webhook_secrets: tuple[SecretStr, ...] = ()
    merge_method: Literal["merge", "squash", "rebase"] = "merge"
    ca_file: Path | None = None
    people: PeopleSettings = PeopleSettings()


HostSettings = (
    GitHubSettings | GitLabSettings | GiteaSettings | BitbucketSettings | BitbucketDataCenterSettings
)
"""Forges with an API, webhooks and people of their own."""

ForgeSettings = HostSettings | GitSettings


@dataclass(frozen=True, slots=True)
class ArgoCDSettings:
    """An Argo CD instance; `url` has the root path, if any."""

    name: str
    url: str
    token: SecretStr
    ca_file: Path | None = None
    plain_http: bool = False


@dataclass(frozen=True, slots=True)
class SimulatedArgoCDSettings:
    """No Argo CD at all: rollouts are simulated, and say so. For trying Tagboat without a cluster."""

    name: str
    rollout: timedelta = timedelta(seconds=4)


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """A Slack channel; `url` is the API's base, for proxies and emulators. No `pipelines`: all of them."""

    name: str
    token: SecretStr
    channel: str
    url: str = "https://slack.com/api/"


@dataclass(frozen=True, slots=True)
class LogNotifierSettings:
    """Notices as lines of the log, where there is no chat."""

    name: str


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """A webhook endpoint, at `/webhooks/<name>`: who sends there, and what proves it.

    `secrets` are what `proof` is checked with: keys, or values as they are sent (several, for rotation);
    `audience` and `email` are what an identity must say. `registry` and `prefixes` are what image names begin
    with where the sender does not say it: for all, and by the registry's own repositories.
    """

    name: str
    sender: str
    secrets: tuple[SecretStr, ...]
    registry: str = ""
    prefixes: Mapping[str, str] = field(default_factory=dict)
    proof: Proof = Proof.SIGNATURE
    header: str = "Authorization"
    audience: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Where the page and the webhooks are served; `public_url` is how people and senders reach them."""

    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str = ""


@dataclass(frozen=True, slots=True)
class AuthorSettings:
    """Whose name the commits carry."""

    name: str = "Tagboat"
    email: str = "tagboat@localhost"


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration. `poll` is how long a pipeline may go unlooked at where no webhook comes."""

    store: SecretStr
    broker: SecretStr
    cache: Path
    poll: timedelta
    web: WebSettings
    registries: Mapping[str, RegistrySettings | LayoutSettings]
    forges: Mapping[str, ForgeSettings]
    argocd: Mapping[str, ArgoCDSettings | SimulatedArgoCDSettings]
    notifiers: Mapping[str, SlackSettings | LogNotifierSettings]
    endpoints: Mapping[str, EndpointSettings]
    pipelines: Mapping[str, Pipeline] = field(default_factory=dict)
    author: AuthorSettings = AuthorSettings()
