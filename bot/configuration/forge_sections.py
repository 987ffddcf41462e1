"""The sections of forges, as they are written. Each text below a key is its help in editors."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from bot.configuration.fields import Flag, Number, Secret, Secrets, Text, Url
from bot.configuration.pipeline_sections import Section
from bot.configuration.protection_sections import PeopleKeys


class AppSection(Section):
    """A GitHub App to log in as."""

    id: Number
    """The App's id, a number on its settings page."""
    private_key: Secret
    """The App's private key in PEM, best as `${file:/run/secrets/app.pem}`."""
    installation_id: Number | None = None
    """The installation to use. Default: the one that the repository belongs to."""


class GitHubSection(PeopleKeys):
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


class GitLabSection(PeopleKeys):
    """GitLab, on gitlab.com or self-managed."""

    kind: Literal["gitlab"]
    """GitLab."""
    url: Annotated[Url, Field(examples=["https://gitlab.example.com"])] = "https://gitlab.com"
    """Where people see it, with its path if it has one."""
    token: Secret
    """An access token of the project, a group or a user, with the scope api and the role Developer."""
    webhook_secret: Secrets | None = None
    """The secret token of GitLab's webhook to /webhooks/<name of this forge>; several, for rotation."""
    squash: Flag = False
    """Whether a merge request is merged as one commit. The rest of how is the project's setting."""
    ca_file: Text | None = None
    """A PEM file with the authority that signed the server's certificate."""


class _GiteaKeys(PeopleKeys):
    """What Gitea and Forgejo share."""

    url: Annotated[Url, Field(examples=["https://git.example.com"])]
    """Where people see it, with its path if it has one."""
    token: Secret
    """An access token with the scopes write:repository and write:issue."""
    webhook_secret: Secrets | None = None
    """The secret of the webhook to /webhooks/<name of this forge>; several, for rotation."""
    merge_method: Literal["merge", "squash", "rebase"] = "merge"
    """How pull requests are merged; the repository must allow it."""
    ca_file: Text | None = None
    """A PEM file with the authority that signed the server's certificate."""


class GiteaSection(_GiteaKeys):
    """Gitea."""

    kind: Literal["gitea"]
    """Gitea."""


class ForgejoSection(_GiteaKeys):
    """Forgejo, such as Codeberg."""

    kind: Literal["forgejo"]
    """Forgejo, such as Codeberg."""


class BitbucketSection(PeopleKeys):
    """Bitbucket Cloud, bitbucket.org."""

    kind: Literal["bitbucket"]
    """Bitbucket Cloud."""
    token: Secret
    """An access token of the repository, a project or the workspace with the scopes repository:write and
    pullrequest:write; or, with `email`, an API token of that person."""
    email: Text | None = None
    """The Atlassian account's e-mail address, where the token is the API token of a person: it needs the
    scopes read and write of repository and pullrequest, and read:user."""
    webhook_secret: Secrets | None = None
    """The secret of the webhook to /webhooks/<name of this forge>; several, for rotation."""
    merge_method: Literal["merge", "squash"] = "merge"
    """How pull requests are merged, which Tagboat does by Git: it needs to write to the base branch."""


class BitbucketDataCenterSection(PeopleKeys):
    """Bitbucket Data Center, once called Server."""

    kind: Literal["bitbucket-data-center"]
    """Bitbucket Data Center."""
    url: Annotated[Url, Field(examples=["https://bitbucket.example.com"])]
    """Where people see it, with its path if it has one."""
    token: Secret
    """An HTTP access token that may write to the repositories: of a project or a repository; or, with
    `username`, of that person."""
    username: Text | None = None
    """The user whose token it is, where it is a person's."""
    webhook_secret: Secrets | None = None
    """The secret of the webhook to /webhooks/<name of this forge>; several, for rotation."""
    merge_method: Literal["merge", "squash", "rebase"] = "merge"
    """How pull requests are merged; the repository must allow it. rebase is a fast-forward of the rebased."""
    ca_file: Text | None = None
    """A PEM file with the authority that signed the server's certificate."""


class SigningSection(Section):
    """A key that signs commits."""

    kind: Literal["ssh", "gpg"]
    """What signs: an SSH key, or an OpenPGP key."""
    key: Secret
    """The whole private key without a passphrase, best as `${file:/run/secrets/signing-key}`; for gpg what
    `gpg --armor --export-secret-keys` prints."""


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
    signing: SigningSection | None = None
    """Signs every commit that Tagboat makes there. Default: none is signed."""


ForgeSection = (
    GitHubSection
    | GitLabSection
    | GiteaSection
    | ForgejoSection
    | BitbucketSection
    | BitbucketDataCenterSection
    | GitSection
)
