"""The communities that the contract suite runs over, each with the hands of other people beside it.

A host joins the suite by one more entry in `WORLDS`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.adapters.forges.bitbucket.cloud.forge import BitbucketCloudForge, BitbucketCloudSettings
from bot.adapters.forges.bitbucket.data_center.forge import (
    BitbucketDataCenterForge,
    BitbucketDataCenterSettings,
)
from bot.adapters.forges.gitea.forge import GiteaForge, GiteaSettings
from bot.adapters.forges.github.forge import GitHubForge, GitHubSettings
from bot.adapters.forges.github.login import AppLogin, TokenLogin
from bot.adapters.forges.gitlab.forge import GitLabForge, GitLabSettings
from bot.adapters.forges.memory.community import MemoryCommunity
from bot.domain.people.protection import Offer, Touched
from bot.ports import Community
from tests.fakes import gitlab_description
from tests.fakes.bitbucket_cloud import FakeBitbucketCloud
from tests.fakes.bitbucket_data_center import FakeBitbucketDataCenter
from tests.fakes.bitbucket_state import BOT as BITBUCKET_BOT
from tests.fakes.bitbucket_state import TOKEN as BITBUCKET_TOKEN
from tests.fakes.bitbucket_state import State, uuid_of
from tests.fakes.git_host import GitHost, HostedRepository
from tests.fakes.gitea import TOKEN as GITEA_TOKEN
from tests.fakes.gitea import FakeGitea
from tests.fakes.github import BOT, TOKEN, FakeGitHub
from tests.fakes.github_accounts import App
from tests.fakes.github_description import departures
from tests.fakes.gitlab import TOKEN as GITLAB_TOKEN
from tests.fakes.gitlab import FakeGitLab

REPOSITORY = "acme/infra"
_UNDESCRIBED = {"GET /repos/{owner}/{repo}/pulls/{pull_number}/files: GitHub never answers 404"}
"""What GitHub does though its description does not say so."""

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


class MovingClock:
    """Port `Clock`: a second goes by with every look, unless `is_stopped`."""

    def __init__(self) -> None:
        self.is_stopped = False
        self._time = START

    def now(self) -> datetime:
        """A second later than the last time."""
        self._time += timedelta(seconds=not self.is_stopped)
        return self._time


class CommunityWorld(ABC):
    """One host with one repository. Ada may write, mallory may not; a pull request of ada's is number 1."""

    community: Community
    limit = 10_000
    """How long the reason of a check may be."""
    has_labels = True

    def known_as(self, name: str) -> str:
        """The login of somebody, as the host tells it."""
        return name

    @abstractmethod
    def say(self, number: int, body: str, *, by: str = "ada") -> str:
        """Somebody comments; returns the comment's id."""

    @abstractmethod
    def edit(self, id_: str, body: str) -> None:
        """Somebody changes a comment."""

    @abstractmethod
    def stop_the_clock(self) -> None:
        """From now on everything happens at one moment."""

    @abstractmethod
    def label(self, number: int, name: str, *, by: str) -> None:
        """Somebody sets a label."""

    @abstractmethod
    def offer(self, branch: str, files: Mapping[str, bytes | None], *, by: str = "ada") -> int:
        """Somebody opens a pull request; returns its number."""

    @abstractmethod
    def head(self, number: int) -> str:
        """The commit that a pull request proposes."""

    @abstractmethod
    def answers(self, number: int) -> Sequence[str]:
        """What Tagboat said there."""


class _Memory(CommunityWorld):
    def __init__(self) -> None:
        self._clock = MovingClock()
        self._memory = MemoryCommunity(self._clock, writers=["ada"])
        self.community = self._memory
        self._count = 0

    def say(self, number: int, body: str, *, by: str = "ada") -> str:
        return self._memory.say(REPOSITORY, number, body, by=by, is_bot=by.endswith("[bot]"))

    def edit(self, id_: str, body: str) -> None:
        self._memory.edit(REPOSITORY, id_, body)

    def stop_the_clock(self) -> None:
        self._clock.is_stopped = True

    def label(self, number: int, name: str, *, by: str) -> None:
        self._memory.label(REPOSITORY, number, name, by=by)

    def offer(self, branch: str, files: Mapping[str, bytes | None], *, by: str = "ada") -> int:
        self._count += 1
        head = f"{self._count:040x}"
        offer = Offer(self._count, branch, "main", head, is_ours=by == BOT)
        self._memory.offer(REPOSITORY, offer, Touched(tuple(files)))
        return self._count

    def head(self, number: int) -> str:
        return f"{number:040x}"

    def answers(self, number: int) -> Sequence[str]:
        return self._memory.answers(REPOSITORY, number)


class _HostedWorld(CommunityWorld):
    """A fake host whose pull requests stand in its repository; `me` is Tagboat's account there."""

    hosted: HostedRepository
    me = BOT

    def stop_the_clock(self) -> None:
        moment = self.hosted.host.now()
        self.hosted.host.now = lambda: moment

    def offer(self, branch: str, files: Mapping[str, bytes | None], *, by: str = "ada") -> int:
        self.hosted.commit(branch, files)
        author = self.me if by == BOT else by
        return self.hosted.open_pull(self.hosted, branch, "main", title="Change", by=author).number

    def head(self, number: int) -> str:
        return self.hosted.pull(number).head

    def answers(self, number: int) -> Sequence[str]:
        return [each.body for each in self.hosted.pull(number).comments if each.author == self.me]


class GitHubCommunityWorld(_HostedWorld):
    """The fake GitHub, by token or as an App."""

    def __init__(self, github: FakeGitHub, hosted: HostedRepository, forge: GitHubForge, me: str) -> None:
        self.github = github
        self.hosted = hosted
        self.forge = forge
        self.community = forge.community()
        self.me = me
        self._clock = MovingClock()

    def say(self, number: int, body: str, *, by: str = "ada") -> str:
        return str(self.github.community.say(self.hosted, number, body, by=by))

    def edit(self, id_: str, body: str) -> None:
        at = self.github.host.now() + timedelta(seconds=5)
        self.github.community.edit(self.hosted, int(id_), body, at=at)

    def label(self, number: int, name: str, *, by: str) -> None:
        self.github.community.label(self.hosted, number, name, by=by)


@contextmanager
def _memory(folder: Path) -> Iterator[CommunityWorld]:
    yield _Memory()


@contextmanager
def github_community(folder: Path, *, is_app: bool) -> Iterator[GitHubCommunityWorld]:
    """A world on the fake GitHub."""
    clock = MovingClock()
    with FakeGitHub(folder, host=GitHost(folder / "github", clock=clock.now)) as github:
        hosted = github.host.create(REPOSITORY, {"README.md": b"# Infra\n", "envs/dev.yaml": b"tag: 1\n"})
        settings = GitHubSettings(TokenLogin(TOKEN), api_url=github.url, seconds_between_writes=0)
        if is_app:
            settings = replace(settings, login=_app(github))
        forge = GitHubForge(settings)
        world = GitHubCommunityWorld(github, hosted, forge, "tagboat-app[bot]" if is_app else BOT)
        world.limit = 10_000 if is_app else 140
        yield world
        forge.disconnect()
        assert {text for each in github.exchanges for text in departures(each)} <= _UNDESCRIBED


def _app(github: FakeGitHub) -> AppLogin:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.Encoding.PEM
    public = key.public_key().public_bytes(form, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    private = key.private_bytes(
        form, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    rights = {"contents": "write", "pull_requests": "write", "issues": "write", "checks": "write"}
    github.accounts.apps["7"] = App("7", "tagboat-app", public, {1: "acme"}, rights)
    return AppLogin("7", private)


@contextmanager
def _by_token(folder: Path) -> Iterator[CommunityWorld]:
    with github_community(folder, is_app=False) as world:
        yield world


@contextmanager
def _as_app(folder: Path) -> Iterator[CommunityWorld]:
    with github_community(folder, is_app=True) as world:
        yield world


class GitLabCommunityWorld(_HostedWorld):
    """The fake GitLab."""

    limit = 255

    def __init__(self, gitlab: FakeGitLab, hosted: HostedRepository, forge: GitLabForge) -> None:
        self.gitlab = gitlab
        self.hosted = hosted
        self.forge = forge
        self.community = forge.community()

    def say(self, number: int, body: str, *, by: str = "ada") -> str:
        name = "project_7_bot_abc" if by.endswith("[bot]") else by
        return str(self.gitlab.community.say(self.hosted, number, body, by=name))

    def edit(self, id_: str, body: str) -> None:
        at = self.gitlab.host.now() + timedelta(seconds=5)
        self.gitlab.community.edit(self.hosted, int(id_), body, at=at)

    def label(self, number: int, name: str, *, by: str) -> None:
        self.gitlab.community.label(self.hosted, number, name, by=by)


@contextmanager
def gitlab_community(folder: Path) -> Iterator[GitLabCommunityWorld]:
    """A world on the fake GitLab."""
    clock = MovingClock()
    with FakeGitLab(folder, host=GitHost(folder / "gitlab", clock=clock.now)) as gitlab:
        hosted = gitlab.host.create(REPOSITORY, {"README.md": b"# Infra\n", "envs/dev.yaml": b"tag: 1\n"})
        forge = GitLabForge(GitLabSettings(GITLAB_TOKEN, url=gitlab.url))
        yield GitLabCommunityWorld(gitlab, hosted, forge)
        forge.disconnect()
        if gitlab_description.FILE.exists():
            found = [text for each in gitlab.exchanges for text in gitlab_description.departures(each)]
            assert found == []


class GiteaCommunityWorld(_HostedWorld):
    """The fake Gitea."""

    limit = 1_000

    def __init__(self, gitea: FakeGitea, hosted: HostedRepository, forge: GiteaForge) -> None:
        self.gitea = gitea
        self.hosted = hosted
        self.forge = forge
        self.community = forge.community()

    def say(self, number: int, body: str, *, by: str = "ada") -> str:
        return str(self.gitea.community.say(self.hosted, number, body, by=by))

    def edit(self, id_: str, body: str) -> None:
        at = self.gitea.host.now() + timedelta(seconds=5)
        self.gitea.community.edit(self.hosted, int(id_), body, at=at)

    def label(self, number: int, name: str, *, by: str) -> None:
        self.gitea.label(self.hosted, number, name, by=by)


@contextmanager
def gitea_community(folder: Path) -> Iterator[GiteaCommunityWorld]:
    """A world on the fake Gitea."""
    clock = MovingClock()
    with FakeGitea(folder, host=GitHost(folder / "gitea", clock=clock.now)) as gitea:
        hosted = gitea.host.create(REPOSITORY, {"README.md": b"# Infra\n", "envs/dev.yaml": b"tag: 1\n"})
        forge = GiteaForge(GiteaSettings(gitea.url, GITEA_TOKEN), folder / "cache", clock=clock)
        yield GiteaCommunityWorld(gitea, hosted, forge)
        forge.disconnect()


class BitbucketCommunityWorld(_HostedWorld):
    """One of the fake Bitbuckets."""

    limit = 255
    has_labels = False
    me = BITBUCKET_BOT

    def __init__(
        self,
        state: State,
        hosted: HostedRepository,
        forge: BitbucketCloudForge | BitbucketDataCenterForge,
    ) -> None:
        self.state = state
        self.hosted = hosted
        self.community = forge.community()
        self._is_cloud = isinstance(forge, BitbucketCloudForge)

    def known_as(self, name: str) -> str:
        return f"{name} {uuid_of(name)}" if self._is_cloud else name

    def say(self, number: int, body: str, *, by: str = "ada") -> str:
        return str(self.state.say(self.hosted, number, body, by=by))

    def edit(self, id_: str, body: str) -> None:
        at = self.state.host.now() + timedelta(seconds=5)
        self.state.edit(self.hosted, int(id_), body, at=at)

    def label(self, number: int, name: str, *, by: str) -> None:
        self.hosted.pull(number).labels.append(name)  # which nobody is ever told


@contextmanager
def _bitbucket_cloud(folder: Path) -> Iterator[CommunityWorld]:
    clock = MovingClock()
    with FakeBitbucketCloud(folder, host=GitHost(folder / "bitbucket", clock=clock.now)) as cloud:
        hosted = cloud.host.create(REPOSITORY, {"README.md": b"# Infra\n", "envs/dev.yaml": b"tag: 1\n"})
        settings = BitbucketCloudSettings(BITBUCKET_TOKEN, api_url=cloud.api_url, web_url=cloud.url)
        forge = BitbucketCloudForge(settings, folder / "cache", clock=clock)
        yield BitbucketCommunityWorld(cloud.state, hosted, forge)
        forge.disconnect()


@contextmanager
def _bitbucket_data_center(folder: Path) -> Iterator[CommunityWorld]:
    clock = MovingClock()
    with FakeBitbucketDataCenter(folder, host=GitHost(folder / "bitbucket", clock=clock.now)) as server:
        hosted = server.host.create(REPOSITORY, {"README.md": b"# Infra\n", "envs/dev.yaml": b"tag: 1\n"})
        settings = BitbucketDataCenterSettings(server.url, BITBUCKET_TOKEN)
        forge = BitbucketDataCenterForge(settings, folder / "cache", clock=clock)
        yield BitbucketCommunityWorld(server.state, hosted, forge)
        forge.disconnect()


WORLDS: Mapping[str, Callable[[Path], AbstractContextManager[CommunityWorld]]] = {
    "memory": _memory,
    "github": _by_token,
    "github-app": _as_app,
    "gitlab": gitlab_community,
    "gitea": gitea_community,
    "bitbucket": _bitbucket_cloud,
    "bitbucket-data-center": _bitbucket_data_center,
}
