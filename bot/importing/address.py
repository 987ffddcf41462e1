"""The address of a Git repository, as a forge of the configuration and the path there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bot.configuration.fields import name_like

_SCP = re.compile(r"(?:[\w.-]+@)?(?P<host>[\w.-]+):(?!//)(?P<path>[^:]+)")
_HOST = re.compile(r"[\w.:-]+", re.ASCII)
_SCHEMES = frozenset({"https", "http", "ssh", "file"})
_GITHUB_PATH = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
_GITLAB_PATH = re.compile(r"[\w.-]+(?:/[\w.-]+)+", re.ASCII)
_DATA_CENTER_PATH = re.compile(r"(?:(?P<context>(?:[\w.-]+/)*)scm/)?(?P<name>~?[\w.-]+/[\w.-]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Located:
    """Where a repository is: the forge's name and section, and the repository as the configuration has it."""

    forge: str
    section: dict[str, Any]
    path: str
    note: str = ""

    @property
    def repository(self) -> str:
        """`github:acme/infra`."""
        return f"{self.forge}:{self.path}"


def located(url: str) -> Located:
    """The forge that an address belongs to: by its host, where that says it, and plain Git elsewhere."""
    host, path = _host_and_path(url)
    name = path.removesuffix(".git").strip("/")
    if host == "github.com" and _GITHUB_PATH.fullmatch(name):
        return Located("github", {"kind": "github", "token": "${GITHUB_TOKEN}"}, name)
    if host.startswith("github.") and _GITHUB_PATH.fullmatch(name):
        section = {"kind": "github", "url": f"https://{host}/api/v3", "token": "${GITHUB_TOKEN}"}
        return Located(name_like(host), section, name, f"{host} is taken for GitHub Enterprise by its name")
    if host == "gitlab.com" and _GITLAB_PATH.fullmatch(name):
        return Located("gitlab", {"kind": "gitlab", "token": "${GITLAB_TOKEN}"}, name)
    if host.startswith("gitlab.") and _GITLAB_PATH.fullmatch(name):
        section = {"kind": "gitlab", "url": f"https://{host}", "token": "${GITLAB_TOKEN}"}
        return Located(name_like(host), section, name, f"{host} is taken for GitLab by its name")
    if host == "bitbucket.org" and _GITHUB_PATH.fullmatch(name):
        return Located("bitbucket", {"kind": "bitbucket", "token": "${BITBUCKET_TOKEN}"}, name)
    data_center = _DATA_CENTER_PATH.fullmatch(name) if host.startswith("bitbucket.") else None
    if data_center:
        return _in_data_center(host, data_center)
    note = f"{host} is not known: as plain Git, Tagboat keeps the pull requests itself" if host else ""
    return Located("git", {"kind": "git"}, _without_login(url), note)


def is_address(url: str) -> bool:
    """Whether a repository can be found at an address at all; that of a template is none."""
    if "://" not in url:
        return _SCP.fullmatch(url) is not None
    try:
        parts = urlsplit(url)
        has_host = parts.port != 0 and _HOST.fullmatch(parts.hostname or "") is not None
    except ValueError:
        return False
    is_whole = (has_host or parts.scheme == "file") and bool(parts.path.strip("/"))
    return is_whole and parts.scheme in _SCHEMES and not (parts.query or parts.fragment or "{" in url)


def _in_data_center(host: str, path: re.Match[str]) -> Located:
    """A repository of Bitbucket Data Center, cloned by HTTPS from below `/scm/`, by SSH from the root.

    https://confluence.atlassian.com/bitbucketserver/clone-a-repository-790632786.html
    """
    context = (path["context"] or "").rstrip("/")
    url = f"https://{host}/{context}".rstrip("/")
    section = {"kind": "bitbucket-data-center", "url": url, "token": "${BITBUCKET_TOKEN}"}
    note = f"{host} is taken for Bitbucket Data Center by its name"
    return Located(name_like(host), section, path["name"], note)


def same(one: str, other: str) -> bool:
    """Whether two addresses lead to one repository, whatever their transport."""
    return _host_and_path(one)[0] == _host_and_path(other)[0] and _name(one) == _name(other)


def _name(url: str) -> str:
    host, path = _host_and_path(url)
    name = path.strip("/").removesuffix(".git").lower()
    data_center = _DATA_CENTER_PATH.fullmatch(name) if host.startswith("bitbucket.") else None
    return data_center["name"] if data_center else name


def _host_and_path(url: str) -> tuple[str, str]:
    """Host and path of an address; no host for a folder."""
    if "://" in url:
        try:
            parts = urlsplit(url)
            return (parts.hostname or "").lower().removeprefix("ssh."), parts.path.strip("/")
        except ValueError:
            return "", url
    scp = _SCP.fullmatch(url)
    return (scp["host"].lower(), scp["path"]) if scp else ("", url)


def _without_login(url: str) -> str:
    """The address without a user and password before the host, but for SSH, where the user is no secret."""
    if "://" not in url or url.startswith("ssh://"):
        return url
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
