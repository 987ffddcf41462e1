"""Where an image says that it was built from, and links to what changed there. Pure: no I/O here.

The labels are those of https://github.com/opencontainers/image-spec/blob/main/annotations.md. Whoever may
push an image writes them, so that they are claims: a link is built from parts that passed a grammar, and only
to hosts whose addresses are known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from urllib.parse import quote, urlsplit

from bot.domain.image import ImageRef
from bot.domain.repository_url import is_same_repository

MOST_COMMITS = 10
"""Commits that are kept and shown of one image's step."""

LONGEST_NOTES = 4_000
"""Characters of release notes that are kept."""

_PREFIX = "org.opencontainers.image."
_LONGEST = 500
_LONGEST_SUBJECT = 200
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_PART = re.compile(r"[A-Za-z0-9_~][A-Za-z0-9_.~-]{0,99}")
_MOST_PARTS = 22
_DATA_CENTER_PAGE = re.compile(r"(?P<place>projects|users)/(?P<owner>[^/]+)/repos/(?P<slug>[^/]+)")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,127}")
_SCP = re.compile(r"[\w.-]+@(?P<host>[\w.-]+):(?P<path>(?!/)[^\s]+)", re.ASCII)
_SCHEMES = {"https": 443, "http": 80, "ssh": 22, "git+https": 443, "git+ssh": 22, "git": 9418}


class HostKind(StrEnum):
    """What software a Git host runs: it decides what its pages are called."""

    GITHUB = "github"
    GITLAB = "gitlab"
    GITEA = "gitea"
    BITBUCKET = "bitbucket"
    BITBUCKET_DATA_CENTER = "bitbucket-data-center"
    GIT = "git"
    """No pages at all: its one repository, by its address."""


@dataclass(frozen=True, slots=True)
class CodeHost:
    """A Git host by the address of its pages, without a slash at the end; plain Git by its repository's.

    `forge` is its name in the configuration; empty: links may lead there, and nothing is asked there.
    """

    kind: HostKind
    address: str
    forge: str = ""


PUBLIC_HOSTS = (
    CodeHost(HostKind.GITHUB, "https://github.com"),
    CodeHost(HostKind.GITLAB, "https://gitlab.com"),
    CodeHost(HostKind.GITEA, "https://codeberg.org"),
    CodeHost(HostKind.GITEA, "https://gitea.com"),
    CodeHost(HostKind.BITBUCKET, "https://bitbucket.org"),
)
"""Hosts whose links are known without any configuration."""


@dataclass(frozen=True, slots=True)
class Source:
    """What the labels of one image claim: address of the repository, commit id, version; empty: nothing."""

    repository: str = ""
    revision: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class SourceRepository:
    """A repository on a known host; `path` is what the host calls it (`acme/web`)."""

    host: CodeHost
    path: str

    @property
    def url(self) -> str:
        """Its page; empty where it has none."""
        if self.host.kind is HostKind.BITBUCKET_DATA_CENTER:
            project, _, slug = self.path.partition("/")
            return f"{self.host.address}/projects/{quote(project)}/repos/{quote(slug)}"
        return "" if self.host.kind is HostKind.GIT else f"{self.host.address}/{quote(self.path)}"

    @property
    def name(self) -> str:
        """What people call it: `github.com/acme/web`."""
        if self.host.kind is HostKind.GIT:
            return self.path
        return f"{urlsplit(self.host.address).netloc}/{self.path}"

    def compare_url(self, old: str, new: str) -> str:
        """The page of what `new` has and `old` has not; both are commit ids."""
        match self.host.kind:
            case HostKind.GITLAB:
                return f"{self.url}/-/compare/{old}...{new}"
            case HostKind.BITBUCKET:
                # https://support.atlassian.com/bitbucket-cloud/docs/compare-branches-tags-or-commits/
                return f"{self.url}/branches/compare/{new}..{old}"
            case HostKind.BITBUCKET_DATA_CENTER:
                return f"{self.url}/compare/commits?sourceBranch={new}&targetBranch={old}"
            case HostKind.GITHUB | HostKind.GITEA:
                return f"{self.url}/compare/{old}...{new}"
            case HostKind.GIT:
                return ""

    def commit_url(self, commit: str) -> str:
        """The page of a commit."""
        match self.host.kind:
            case HostKind.GITLAB:
                return f"{self.url}/-/commit/{commit}"
            case HostKind.BITBUCKET | HostKind.BITBUCKET_DATA_CENTER:
                return f"{self.url}/commits/{commit}"
            case HostKind.GITHUB | HostKind.GITEA:
                return f"{self.url}/commit/{commit}"
            case HostKind.GIT:
                return ""

    def release_url(self, tag: str) -> str:
        """The page of the release of a tag."""
        name = quote(tag, safe="")
        match self.host.kind:
            case HostKind.GITLAB:
                return f"{self.url}/-/releases/{name}"
            case HostKind.BITBUCKET:
                return f"{self.url}/src/{name}"
            case HostKind.BITBUCKET_DATA_CENTER:
                return f"{self.url}/browse?at=refs/tags/{name}"
            case HostKind.GITHUB | HostKind.GITEA:
                return f"{self.url}/releases/tag/{name}"
            case HostKind.GIT:
                return ""


@dataclass(frozen=True, slots=True)
class SourceCommit:
    """A commit by its id and the first line of its message, as it was written."""

    id: str
    subject: str

    @classmethod
    def of(cls, commit: str, message: str) -> SourceCommit:
        """The commit with this message, of which a bounded part is kept."""
        return cls(commit, message.strip().partition("\n")[0][:_LONGEST_SUBJECT].strip())


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one commit has and another has not: the newest commits first, of `total` in all."""

    commits: tuple[SourceCommit, ...] = ()
    total: int = 0

    @classmethod
    def of(cls, commits: Iterable[SourceCommit], total: int) -> Comparison:
        """A comparison that keeps as many of the newest commits as are shown."""
        return cls(tuple(islice(commits, MOST_COMMITS)), total)


@dataclass(frozen=True, slots=True)
class ReleaseNotes:
    """What a host says of a release of the source, as it was written there (Markdown)."""

    tag: str
    text: str

    @classmethod
    def of(cls, tag: str, text: str) -> ReleaseNotes:
        """The notes, of which a bounded part is kept."""
        return cls(tag, text[:LONGEST_NOTES])


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known of the source behind one image's step from `before` to `after`. Texts are as they came.

    `lacks` says what could not be read, empty where nothing is missing.
    """

    before: ImageRef
    after: ImageRef
    repository: SourceRepository | None = None
    old_revision: str = ""
    revision: str = ""
    comparison: Comparison | None = None
    notes: ReleaseNotes | None = None
    lacks: str = ""

    def is_of(self, before: ImageRef, after: ImageRef) -> bool:
        """Whether it is about this very step. A digest counts where both sides name one."""
        return _is_same(self.before, before) and _is_same(self.after, after)

    @property
    def compare_url(self) -> str:
        """The page of the whole range; empty where there is none."""
        if self.repository is None or not (self.old_revision and self.revision):
            return ""
        return self.repository.compare_url(self.old_revision, self.revision)


def source_of(labels: Mapping[str, str]) -> Source:
    """What an image's labels claim. A revision counts only as a full commit id, in lower case."""
    source, url, revision, version = (
        labels.get(f"{_PREFIX}{key}", "").strip()[:_LONGEST]
        for key in ("source", "url", "revision", "version")
    )
    commit = revision if _COMMIT.fullmatch(revision) else ""
    return Source(source or url, commit, version)


def located(text: str, hosts: Iterable[CodeHost]) -> SourceRepository | None:
    """The repository that an address names, on the first of the hosts that it is on; None elsewhere.

    Pages below the repository (`/tree/main/web`) name it too.
    """
    netloc, path = _address(text)
    for host in hosts:
        if host.kind is HostKind.GIT:
            if is_same_repository(text, host.address):
                return SourceRepository(host, host.address)
            continue
        known = urlsplit(host.address)
        own = f"{known.path.strip('/')}/" if known.path.strip("/") else ""
        if _netloc(known.hostname or "", known.port, known.scheme) == netloc != "" and path.startswith(own):
            name = _repository_path(host.kind, path.removeprefix(own))
            return SourceRepository(host, name) if name else None
    return None


def release_tags(source: Source, image_tag: str | None) -> tuple[str, ...]:
    """The tags by which the source's host may know the release of an image, the likeliest first.

    Images are mostly tagged `1.2.3` where the source is `v1.2.3`.
    """
    versions = dict.fromkeys(each for each in (source.version, image_tag or "") if each)
    tags = dict.fromkeys(
        tag
        for version in versions
        for tag in (f"v{version}" if version[:1].isdigit() else "", version)
        if tag
    )
    return tuple(tag for tag in tags if _TAG.fullmatch(tag))


def _address(text: str) -> tuple[str, str]:
    """Host (with a port that is not the scheme's own) and path; empty where it is no address."""
    text = text.strip()
    scp = _SCP.fullmatch(text)
    if scp:
        return scp["host"].lower(), scp["path"].strip("/")
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host, port = (parts.hostname or "").lower().rstrip("."), parts.port
    except ValueError:
        return "", ""
    if parts.scheme not in _SCHEMES or not host:
        return "", ""
    return _netloc(host, None if "ssh" in parts.scheme else port, parts.scheme), parts.path.strip("/")


def _netloc(host: str, port: int | None, scheme: str) -> str:
    return host if port is None or port == _SCHEMES.get(scheme) else f"{host}:{port}"


def _repository_path(kind: HostKind, path: str) -> str:
    """The repository's own part of a path; empty where it cannot be one."""
    if kind is HostKind.BITBUCKET_DATA_CENTER:
        path = _data_center_path(path)
    # Only GitLab nests groups (https://docs.gitlab.com/user/group/subgroups/); `-` begins its pages.
    parts = path.partition("/-/")[0].split("/") if kind is HostKind.GITLAB else path.split("/")[:2]
    if not 2 <= len(parts) <= _MOST_PARTS:
        return ""
    parts[-1] = parts[-1].removesuffix(".git")
    return "/".join(parts) if all(_PART.fullmatch(each) for each in parts) else ""


def _data_center_path(path: str) -> str:
    """`PROJECT/slug` of a page, or of an address that is cloned; empty for others. Keys are upper-case."""
    page = _DATA_CENTER_PAGE.match(path)
    if page:
        return f"{'~' if page['place'] == 'users' else ''}{page['owner']}/{page['slug']}"
    if path.startswith(("projects/", "users/")):
        return ""
    project, _, slug = path.removeprefix("scm/").partition("/")
    return f"{project if project.startswith('~') else project.upper()}/{slug}"


def _is_same(one: ImageRef, other: ImageRef) -> bool:
    is_same_digest = one.digest == other.digest or not (one.digest and other.digest)
    return (one.name, one.tag) == (other.name, other.tag) and is_same_digest
