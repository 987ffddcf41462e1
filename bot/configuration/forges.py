"""Forge sections to settings: where repositories lie, how their names look, and at which address."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import assert_never
from urllib.parse import urlsplit

from bot.configuration.addresses import Addresses
from bot.configuration.forge_sections import (
    BitbucketDataCenterSection,
    BitbucketSection,
    ForgejoSection,
    ForgeSection,
    GiteaSection,
    GitHubSection,
    GitLabSection,
    GitSection,
    SigningSection,
)
from bot.configuration.protection_sections import PeopleKeys, protection
from bot.configuration.report import Report
from bot.configuration.settings import (
    BitbucketDataCenterSettings,
    BitbucketSettings,
    ForgeSettings,
    GiteaSettings,
    GitHubSettings,
    GitLabSettings,
    GitSettings,
    HostSettings,
    PeopleSettings,
    SigningSettings,
)
from bot.configuration.trail import Trail

_OWNER_AND_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}/(?!\.{1,2}$)[A-Za-z0-9_.-]{1,100}(?<!\.git)")
_GROUPS_AND_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*){1,21}(?<!\.git)")
_PRIVATE_KEY = {"ssh": " PRIVATE KEY-----", "gpg": "BEGIN PGP PRIVATE KEY BLOCK-----"}
_PROJECT_ID = re.compile(r"[1-9][0-9]{0,17}")


class Forges:
    """Builds settings of forges; relative files are relative to `base`."""

    def __init__(self, base: Path, report: Report) -> None:
        self._addresses = Addresses(base, report)
        self._report = report

    def forge(self, name: str, section: ForgeSection) -> ForgeSettings:
        """A forge."""
        match section:
            case GitHubSection():
                return self._github(name, section)
            case GitLabSection():
                return self._gitlab(name, section)
            case GiteaSection() | ForgejoSection():
                return self._gitea(name, section)
            case BitbucketSection():
                return self._bitbucket(name, section)
            case BitbucketDataCenterSection():
                return self._bitbucket_data_center(name, section)
            case GitSection():
                return self._git(name, section)
            case _:
                assert_never(section)

    def _github(self, name: str, section: GitHubSection) -> GitHubSettings:
        trail = ("forges", name)
        self._addresses.check_url((*trail, "url"), section.url)
        self._check_login(trail, section)
        app = section.app
        return GitHubSettings(
            name=name,
            url=section.url,
            token=section.token,
            app_id=app.id if app else None,
            private_key=app.private_key if app else None,
            installation_id=app.installation_id if app else None,
            webhook_secrets=section.webhook_secret or (),
            merge_method=section.merge_method,
            ca_file=self._addresses.file((*trail, "ca_file"), section.ca_file),
            people=_people(section),
        )

    def _gitlab(self, name: str, section: GitLabSection) -> GitLabSettings:
        trail = ("forges", name)
        self._addresses.check_url((*trail, "url"), section.url)
        return GitLabSettings(
            name=name,
            url=section.url.rstrip("/"),
            token=section.token,
            webhook_secrets=section.webhook_secret or (),
            squash=section.squash,
            ca_file=self._addresses.file((*trail, "ca_file"), section.ca_file),
            people=_people(section),
        )

    def _gitea(self, name: str, section: GiteaSection | ForgejoSection) -> GiteaSettings:
        trail = ("forges", name)
        self._addresses.check_url((*trail, "url"), section.url)
        return GiteaSettings(
            name=name,
            kind=section.kind,
            url=section.url.rstrip("/"),
            token=section.token,
            webhook_secrets=section.webhook_secret or (),
            merge_method=section.merge_method,
            ca_file=self._addresses.file((*trail, "ca_file"), section.ca_file),
            people=_people(section),
        )

    def _bitbucket(self, name: str, section: BitbucketSection) -> BitbucketSettings:
        return BitbucketSettings(
            name=name,
            token=section.token,
            email=section.email or "",
            webhook_secrets=section.webhook_secret or (),
            merge_method=section.merge_method,
            people=self._people_without_labels(("forges", name), section),
        )

    def _bitbucket_data_center(
        self, name: str, section: BitbucketDataCenterSection
    ) -> BitbucketDataCenterSettings:
        trail = ("forges", name)
        self._addresses.check_url((*trail, "url"), section.url)
        return BitbucketDataCenterSettings(
            name=name,
            url=section.url.rstrip("/"),
            token=section.token,
            username=section.username or "",
            webhook_secrets=section.webhook_secret or (),
            merge_method=section.merge_method,
            ca_file=self._addresses.file((*trail, "ca_file"), section.ca_file),
            people=self._people_without_labels(trail, section),
        )

    def _people_without_labels(self, trail: Trail, section: PeopleKeys) -> PeopleSettings:
        """The same on a host whose pull requests have no labels: nothing overrides the check there."""
        protect = section.protect
        if protect and protect.override_label and "override_label" in protect.model_fields_set:
            place = (*trail, "protect", "override_label")
            self._report.add(place, "pull requests have no labels there", "leave it out")
        found = protection(protect)
        return PeopleSettings(section.commands, replace(found, override_label="") if found else None)

    def _git(self, name: str, section: GitSection) -> GitSettings:
        return GitSettings(
            name=name,
            username=section.username or "",
            token=section.token,
            allow_http=section.allow_http,
            signing=self._signing(("forges", name, "signing", "key"), section.signing),
        )

    def _signing(self, trail: Trail, section: SigningSection | None) -> SigningSettings | None:
        if section is None:
            return None
        if _PRIVATE_KEY[section.kind] not in section.key.get_secret_value():
            fix = "give the whole file: ${file:/run/secrets/signing-key}"
            self._report.add(trail, f"this is not a private key for {section.kind}", fix)
        return SigningSettings(section.kind, section.key)

    def _check_login(self, trail: Trail, section: GitHubSection) -> None:
        if section.token is not None and section.app is not None:
            self._report.add((*trail, "app"), "there is a token as well", "keep the token or the app")
        elif section.token is None and section.app is None:
            self._report.add(trail, "there is no login", 'add token: "${GITHUB_TOKEN}", or an app')
        elif section.app and "PRIVATE KEY-----" not in section.app.private_key.get_secret_value():
            fix = "give the whole PEM file: ${file:/run/secrets/app.pem}"
            self._report.add((*trail, "app", "private_key"), "this is not a private key", fix)


def _people(section: PeopleKeys) -> PeopleSettings:
    return PeopleSettings(section.commands, protection(section.protect))


def fault_in_path(forge: HostSettings, path: str) -> tuple[str, str]:
    """What is wrong with the name of a repository on a host, and the fix; both empty when it is right."""
    if isinstance(forge, GitLabSettings):
        is_right = _GROUPS_AND_NAME.fullmatch(path) or _PROJECT_ID.fullmatch(path)
        form, example = "group/project, nor a project's number", "acme/platform/infra"
    elif isinstance(forge, BitbucketDataCenterSettings):
        is_right = _OWNER_AND_NAME.fullmatch(path.removeprefix("~"))
        form, example = "PROJECT/repository", "OPS/infra"
    else:
        is_right = _OWNER_AND_NAME.fullmatch(path)
        form, example = "owner/name", "acme/infra"
    if is_right:
        return "", ""
    return f"{path[:80]!r} is not {form}", f"write {forge.name}:{example}, without .git"


def clone_urls(forge: ForgeSettings, path: str) -> tuple[str, ...]:
    """Where the repository is cloned from; a project's number does not say it."""
    match forge:
        case GitSettings():
            return (path,)
        case GitHubSettings():
            return (f"{web_address(forge.url)}/{path}.git",)
        case GiteaSettings():
            return (f"{forge.url}/{path}.git",)
        case BitbucketSettings():
            return (f"https://bitbucket.org/{path}.git",)
        case BitbucketDataCenterSettings():
            return (f"{forge.url}/scm/{path.lower()}.git",)
        case GitLabSettings():
            return () if _PROJECT_ID.fullmatch(path) else (f"{forge.url}/{path}.git",)
        case _:
            assert_never(forge)


def web_address(api: str) -> str:
    """Where a GitHub serves its repositories, by the address of its API.

    https://docs.github.com/enterprise-server/rest/using-the-rest-api/getting-started-with-the-rest-api has
    the API at HOST/api/v3; github.com and GHE.com have it at api.HOST.
    """
    parts = urlsplit(api)
    is_cloud = parts.netloc == "api.github.com" or parts.netloc.endswith(".ghe.com")
    host = parts.netloc.removeprefix("api.") if is_cloud else parts.netloc
    return f"{parts.scheme}://{host}{parts.path.removesuffix('/api/v3')}"
