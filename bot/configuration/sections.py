"""The configuration section by section, as it is written. Each text below a key is its help in editors.

The sections say what may be written; what follows from several of them together is checked in `build`,
`connections` and `pipelines`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from bot.configuration.endpoint_sections import EndpointSection
from bot.configuration.fields import (
    Duration,
    Flag,
    Listen,
    Name,
    Number,
    RegistryHost,
    Secret,
    Secrets,
    Text,
    Url,
)
from bot.configuration.pipeline_sections import PipelineSection, Section
from bot.configuration.registry_sections import DistributionSection, LayoutSection


class WebSection(Section):
    """The page, and the addresses that webhooks are sent to."""

    listen: Listen = "127.0.0.1:8080"
    """Address and port to listen on. The page has no login of its own, hence loopback by default."""
    url: Url | None = None
    """How people and senders of webhooks reach it, for links in Slack and pull requests."""


class AppSection(Section):
    """A GitHub App to log in as."""

    id: Number
    """The App's id, a number on its settings page."""
    private_key: Secret
    """The App's private key in PEM, best as `${file:/run/secrets/app.pem}`."""
    installation_id: Number | None = None
    """The installation to use. Default: the one that the repository belongs to."""


class GitHubSection(Section):
    """GitHub, or GitHub Enterprise. Needs `token` or `app`."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["token"]}, {"required": ["app"]}]})

    kind: Literal["github"]
    """GitHub and GitHub Enterprise."""
    url: Url = "https://api.github.com"
    """The API's address; for GitHub Enterprise Server https://HOST/api/v3."""
    token: Secret | None = None
    """A personal access token that may write contents and pull requests."""
    app: AppSection | None = None
    """A GitHub App, in place of a token: its rights are narrower, and its pull requests are its own."""
    webhook_secret: Secrets | None = None
    """The secret of GitHub's webhook to /webhooks/<name of this forge>; several, for rotation."""
    merge_method: Literal["merge", "squash", "rebase"] = "merge"
    """How pull requests are merged; the repository must allow it."""
    ca_file: Text | None = None
    """A PEM file with the authority that signed the server's certificate."""


class GitSection(Section):
    """Any Git repository by path or URL, with no API: Tagboat keeps the pull requests itself."""

    kind: Literal["git"]
    """Plain Git."""
    username: Text | None = None
    """The user that goes with the token. Default: tagboat."""
    token: Secret | None = None
    """The password or token for HTTPS. SSH asks its agent."""
    allow_http: Flag = False
    """Whether repositories may be read over HTTP without TLS. A token is never sent there."""


class ArgoCDSection(Section):
    """An Argo CD instance that is followed through its API."""

    kind: Literal["argocd"] = "argocd"
    """Argo CD's REST API."""
    url: Annotated[Url, Field(examples=["https://argocd.example.com"])]
    """Its address, with the root path where it has one."""
    token: Secret
    """A token of an account with apiKey that may get the Applications (`applications, get`)."""
    ca_file: Text | None = None
    """A PEM file with the authority that signed the server's certificate."""
    plain_http: Flag = False
    """Whether the token may travel in the clear to an address that begins with http://."""


class SimulatedSection(Section):
    """No Argo CD at all: rollouts are simulated and say so. For trying Tagboat without a cluster."""

    kind: Literal["simulated"]
    """A simulation."""
    rollout: Duration = timedelta(seconds=4)
    """How long a simulated rollout takes."""


class SlackSection(Section):
    """A channel in Slack: one thread per release."""

    kind: Literal["slack"]
    """Slack."""
    token: Secret
    """A bot token (xoxb-…) with the right chat:write."""
    channel: Text
    """The channel's name with #, or its id."""
    name: Name | None = None
    """How this notifier is called here. Default: slack."""
    url: Url = "https://slack.com/api"
    """The API's address, for proxies and emulators."""


class LogSection(Section):
    """Notices as lines of the log, where there is no chat."""

    kind: Literal["log"]
    """The log."""
    name: Name | None = None
    """How this notifier is called here. Default: log."""


def _kind(default: str | None = None) -> Discriminator:
    """Tell forms of a section apart by `kind`; the tag has a mark that no key has."""

    def tag(value: Any) -> str | None:
        if isinstance(value, BaseModel):
            return f"kind={getattr(value, 'kind', None)}"
        kind = value.get("kind", default) if isinstance(value, dict) else default
        return f"kind={kind}" if isinstance(kind, str) else None

    return Discriminator(tag)


Registry = Annotated[
    Annotated[DistributionSection, Tag("kind=distribution")]
    | Annotated[LayoutSection, Tag("kind=oci-layout")],
    _kind("distribution"),
]
Forge = Annotated[
    Annotated[GitHubSection, Tag("kind=github")] | Annotated[GitSection, Tag("kind=git")], _kind()
]
ArgoCD = Annotated[
    Annotated[ArgoCDSection, Tag("kind=argocd")] | Annotated[SimulatedSection, Tag("kind=simulated")],
    _kind("argocd"),
]
Notifier = Annotated[
    Annotated[SlackSection, Tag("kind=slack")] | Annotated[LogSection, Tag("kind=log")], _kind()
]


class ConfigurationSection(Section):
    """Tagboat's configuration. `${NAME}`, `${NAME:-default}` and `${file:/path}` work in every value."""

    model_config = ConfigDict(json_schema_extra={"patternProperties": {"^x-": {}}})

    store: Secret | None = None
    """The database that holds the truth: sqlite:///file or postgresql://user:password@host/database.
    Default: the file tagboat.db beside the configuration."""
    broker: Secret | None = None
    """The queue that wakes workers: redis://, rediss:// or sentinel://; it may be lost at any time.
    Default: memory://, which is for the one process of `tagboat up`."""
    cache: Text = ".tagboat-cache"
    """The folder for copies of Git repositories; it may be emptied at any time."""
    poll: Duration = timedelta(minutes=5)
    """How long a pipeline may go unlooked at where no webhook comes; between 1s and 1d."""
    web: WebSection = Field(default_factory=WebSection)
    """Where the page and the webhooks are served."""
    registries: dict[RegistryHost, Registry] = Field(default_factory=dict)
    """Registries that need more than an anonymous look, by the host that image names begin with."""
    forges: dict[Name, Forge]
    """Where the Git repositories are."""
    argocd: dict[Name, ArgoCD] = Field(default_factory=dict)
    """The Argo CD instances that deploy."""
    notify: tuple[Notifier, ...] = Field(default_factory=lambda: (LogSection(kind="log"),))
    """Who is told. Default: the log."""
    webhooks: dict[Name, EndpointSection] = Field(default_factory=dict)
    """Senders of webhooks that have no other place here; each is served at /webhooks/<name>."""
    pipelines: Annotated[dict[Name, PipelineSection], Field(min_length=1)]
    """What is carried where: images and an ordered graph of environments."""
