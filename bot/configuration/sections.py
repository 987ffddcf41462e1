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
    RegistryHost,
    Secret,
    Text,
    Url,
)
from bot.configuration.forge_sections import (
    BitbucketDataCenterSection,
    BitbucketSection,
    ForgejoSection,
    GiteaSection,
    GitHubSection,
    GitLabSection,
    GitSection,
)
from bot.configuration.pipeline_sections import PipelineSection, Section
from bot.configuration.registry_sections import DistributionSection, LayoutSection


class WebSection(Section):
    """The page, and the addresses that webhooks are sent to."""

    listen: Listen = "127.0.0.1:8080"
    """Address and port to listen on. The page has no login of its own, hence loopback by default."""
    url: Url | None = None
    """How people and senders of webhooks reach it, for links in Slack and pull requests."""


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
    Annotated[GitHubSection, Tag("kind=github")]
    | Annotated[GitLabSection, Tag("kind=gitlab")]
    | Annotated[GiteaSection, Tag("kind=gitea")]
    | Annotated[ForgejoSection, Tag("kind=forgejo")]
    | Annotated[BitbucketSection, Tag("kind=bitbucket")]
    | Annotated[BitbucketDataCenterSection, Tag("kind=bitbucket-data-center")]
    | Annotated[GitSection, Tag("kind=git")],
    _kind(),
]
ArgoCD = Annotated[
    Annotated[ArgoCDSection, Tag("kind=argocd")] | Annotated[SimulatedSection, Tag("kind=simulated")],
    _kind("argocd"),
]
Notifier = Annotated[
    Annotated[SlackSection, Tag("kind=slack")] | Annotated[LogSection, Tag("kind=log")], _kind()
]


class AuthorSection(Section):
    """Whose name the commits carry. Those of a GitHub App are its own."""

    name: Text = "Tagboat"
    """The name."""
    email: Annotated[Text, Field(examples=["tagboat@example.com"])] = "tagboat@localhost"
    """The address; a host shows the account that it belongs to."""


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
    author: AuthorSection = Field(default_factory=AuthorSection)
    """Whose name the commits carry. Let open pull requests be merged or closed before it is changed: commits
    of another name are taken for somebody else's."""
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
