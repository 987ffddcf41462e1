"""The forges that the contract suite runs over, each with a repository and the hands of a human beside it.

A forge joins the suite by one more entry in `WORLDS`. A host whose repositories are Git's own on disk takes
its hands from `GitWorld`, and adds only what people do on its web pages: `merge` and `close`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.adapters.forges.bitbucket.cloud.forge import BitbucketCloudForge, BitbucketCloudSettings
from bot.adapters.forges.bitbucket.data_center.forge import (
    BitbucketDataCenterForge,
    BitbucketDataCenterSettings,
)
from bot.adapters.forges.bitbucket.texts import shown
from bot.adapters.forges.git.forge import GitForge
from bot.adapters.forges.gitea.forge import GiteaForge, GiteaSettings
from bot.adapters.forges.github.forge import GitHubForge, GitHubSettings
from bot.adapters.forges.github.login import TokenLogin
from bot.adapters.forges.gitlab.forge import GitLabForge, GitLabSettings
from bot.adapters.forges.memory.forge import File, MemoryForge
from bot.adapters.stores.memory import MemoryLedger
from bot.domain.pull_request.proposal import Metadata
from bot.ports import Forge
from tests.fakes.bitbucket_cloud import FakeBitbucketCloud
from tests.fakes.bitbucket_data_center import FakeBitbucketDataCenter
from tests.fakes.bitbucket_state import TOKEN as BITBUCKET_TOKEN
from tests.fakes.git_host import HostedRepository
from tests.fakes.git_repository import NOTHING, GitRepository, Person
from tests.fakes.gitea import TOKEN as GITEA_TOKEN
from tests.fakes.gitea import FakeGitea
from tests.fakes.github import TOKEN, FakeGitHub
from tests.fakes.gitlab import TOKEN as GITLAB_TOKEN
from tests.fakes.gitlab import FakeGitLab

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
DEV = "envs/dev/values.yaml"
PROD = "envs/prod/values.yaml"
SCRIPT = "bin/deploy.sh"
START: Mapping[str, bytes] = {
    "README.md": b"# Infra\n",
    DEV: b"image:\r\n  tag: 1.0.0\r\nreplicas: 1\r\n",
    PROD: b"image:\n  tag: 1.0.0\n",
}
HUMAN = Person("Ada Human", "ada@example.com")


class FixedClock:
    """Port `Clock`: always the same moment."""

    def now(self) -> datetime:
        """`NOW`."""
        return NOW


@dataclass
class ForgeWorld(ABC):
    """One forge, one repository (default branch `main`, files `START` and an executable `SCRIPT`)."""

    forge: Forge
    repository: str

    def known(self, metadata: Metadata) -> Metadata:
        """What the host knows of what may stand beside a pull request."""
        return metadata

    @abstractmethod
    def commit(self, branch: str, files: Mapping[str, bytes], *, mode: str = "100644") -> str:
        """A human commits files onto a branch, made from `main` when it is new; returns the commit."""

    @abstractmethod
    def head(self, branch: str) -> str | None:
        """Where the branch really stands."""

    @abstractmethod
    def contents(self, commit: str) -> Mapping[str, bytes]:
        """Every file of a commit."""

    @abstractmethod
    def mode(self, commit: str, path: str) -> str:
        """The file mode of a path, as Git writes it."""

    @abstractmethod
    def parents(self, commit: str) -> tuple[str, ...]:
        """The parents of a commit."""

    @abstractmethod
    def message(self, commit: str) -> str:
        """The message of a commit."""

    @abstractmethod
    def delete(self, branch: str) -> None:
        """A human deletes a branch."""

    @abstractmethod
    def reset(self, branch: str, commit: str) -> None:
        """A human forces a branch to another commit."""

    @abstractmethod
    def merge(self, number: int) -> str:
        """A human merges a pull request with a merge commit; returns that commit."""

    @abstractmethod
    def close(self, number: int) -> None:
        """A human says no to a pull request, the way it is done there."""

    @abstractmethod
    def comments(self, number: int) -> Sequence[str]:
        """What people read below a pull request."""

    @abstractmethod
    def described(self, number: int) -> Metadata:
        """What people see beside a pull request."""


class GitWorld(ForgeWorld):
    """The hands of a human on a bare repository."""

    def __init__(self, forge: Forge, repository: str, git: GitRepository) -> None:
        super().__init__(forge, repository)
        self.git = git

    def commit(self, branch: str, files: Mapping[str, bytes], *, mode: str = "100644") -> str:
        """Write blobs, a tree and a commit, and move the branch."""
        old = self.git.branch(branch)
        parent = old or self.git.branch("main")
        changes = [(path, mode, self.git.write_blob(data)) for path, data in files.items()]
        tree = self.git.write_tree(parent, changes)
        commit = self.git.write_commit(tree, [parent] if parent else [], "By hand", author=HUMAN)
        self.git.move(branch, commit, old=old or NOTHING)
        return commit

    def head(self, branch: str) -> str | None:
        """Ask the repository itself."""
        return self.git.branch(branch)

    def contents(self, commit: str) -> Mapping[str, bytes]:
        """Read every blob."""
        blobs = [entry for entry in self.git.entries(commit, recursive=True) if entry.kind == "blob"]
        return {entry.path: self.git.blob(entry.sha) or b"" for entry in blobs}

    def mode(self, commit: str, path: str) -> str:
        """Ask the tree."""
        entry = self.git.entry(commit, path)
        assert entry is not None, path
        return entry.mode

    def parents(self, commit: str) -> tuple[str, ...]:
        """Ask the commit."""
        return self.git.commit(commit).parents

    def message(self, commit: str) -> str:
        """Ask the commit."""
        return self.git.commit(commit).message

    def delete(self, branch: str) -> None:
        """Delete the ref."""
        self.git.delete(branch)

    def reset(self, branch: str, commit: str) -> None:
        """Move the ref, wherever it stands."""
        self.git.move(branch, commit, old=self.git.branch(branch) or NOTHING)


class _LedgerWorld(ForgeWorld):
    """A forge that keeps pull requests itself shows what it keeps."""

    def comments(self, number: int) -> Sequence[str]:
        """Ask the forge: nobody else knows."""
        return self.forge.pull_request(self.repository, number).comments

    def described(self, number: int) -> Metadata:
        """Ask the forge: nobody else knows."""
        return self.forge.pull_request(self.repository, number).metadata or Metadata()


class PlainGitWorld(_LedgerWorld, GitWorld):
    """The plain `git` forge: people merge and say no with Git alone."""

    def merge(self, number: int) -> str:
        """Merge the branch into its base with Git."""
        pull = self.forge.pull_request(self.repository, number)
        base, head = self.git.branch(pull.base), self.git.branch(pull.branch)
        assert base is not None
        assert head is not None
        tree = self.git.merged_tree(base, head)
        assert tree is not None
        commit = self.git.write_commit(tree, [base, head], "Merge by hand", author=HUMAN)
        self.git.move(pull.base, commit, old=base)
        return commit

    def close(self, number: int) -> None:
        """Delete the branch: a bare repository has no other way to say no."""
        self.git.delete(self.forge.pull_request(self.repository, number).branch)


class MemoryWorld(_LedgerWorld):
    """The memory twin, whose human's hands are its own methods."""

    def __init__(self, forge: MemoryForge, repository: str) -> None:
        super().__init__(forge, repository)
        self._memory = forge

    def commit(self, branch: str, files: Mapping[str, bytes], *, mode: str = "100644") -> str:
        """Commit by its method."""
        made = {path: File(data, mode) for path, data in files.items()}
        return self._memory.commit_by_human(self.repository, branch, made)

    def head(self, branch: str) -> str | None:
        """Nobody but the twin itself knows."""
        return self._memory.head(self.repository, branch)

    def contents(self, commit: str) -> Mapping[str, bytes]:
        """The bytes of its files."""
        return {path: file.data for path, file in self._memory.files(self.repository, commit).items()}

    def mode(self, commit: str, path: str) -> str:
        """The mode of its file."""
        return self._memory.files(self.repository, commit)[path].mode

    def parents(self, commit: str) -> tuple[str, ...]:
        """The parents that it keeps."""
        return self._memory.parents(self.repository, commit)

    def message(self, commit: str) -> str:
        """The message that it keeps."""
        return self._memory.message(self.repository, commit)

    def delete(self, branch: str) -> None:
        """Delete by its method."""
        self._memory.delete_by_human(self.repository, branch)

    def reset(self, branch: str, commit: str) -> None:
        """Reset by its method."""
        self._memory.reset_by_human(self.repository, branch, commit)

    def merge(self, number: int) -> str:
        """Merge by its method."""
        return self._memory.merge_by_human(self.repository, number)

    def close(self, number: int) -> None:
        """Close by its method."""
        self._memory.close_by_human(self.repository, number)


class HostedWorld(GitWorld):
    """A host with pull requests of its own, which follow what people push."""

    def __init__(self, forge: Forge, hosted: HostedRepository) -> None:
        super().__init__(forge, hosted.path, hosted.git)
        self.hosted = hosted

    def commit(self, branch: str, files: Mapping[str, bytes], *, mode: str = "100644") -> str:
        """Push a commit."""
        return self.hosted.commit(branch, files, message="By hand", mode=mode, author=HUMAN)

    def delete(self, branch: str) -> None:
        """Press the button, or push nothing."""
        self.hosted.delete_branch(branch)

    def reset(self, branch: str, commit: str) -> None:
        """Push with force."""
        if self.git.branch(branch) is None:
            self.hosted.make_branch(branch, commit)
        else:
            self.hosted.move_branch(branch, commit, force=True)

    def merge(self, number: int) -> str:
        """Press the button."""
        return self.hosted.merge_pull(number)

    def close(self, number: int) -> None:
        """Press the button."""
        self.hosted.close_pull(number)

    def comments(self, number: int) -> Sequence[str]:
        """Look at the page."""
        return [each.body for each in self.hosted.pull(number).comments]

    def described(self, number: int) -> Metadata:
        """Look at the page."""
        pull = self.hosted.pull(number)
        reviewers, assignees = tuple(sorted(pull.reviewers)), tuple(sorted(pull.assignees))
        return Metadata(tuple(pull.labels), reviewers, (), assignees, pull.milestone)


class BitbucketWorld(HostedWorld):
    """A Bitbucket: it hides marks in a way of its own, and knows neither labels nor assignees."""

    def known(self, metadata: Metadata) -> Metadata:
        """Reviewers alone."""
        return Metadata(reviewers=metadata.reviewers)

    def comments(self, number: int) -> Sequence[str]:
        """Look at the page, which shows what Markdown hides nowhere."""
        return [shown(each) for each in super().comments(number)]


def git_repository(folder: Path) -> GitRepository:
    """A bare repository that holds what every world begins with."""
    git = GitRepository(folder)
    changes = [(path, "100644", git.write_blob(data)) for path, data in START.items()]
    tree = git.write_tree(None, [*changes, (SCRIPT, "100755", git.write_blob(b"#!/bin/sh\n"))])
    git.move("main", git.write_commit(tree, [], "Begin", author=HUMAN), old=NOTHING)
    return git


def plain_git_world(folder: Path) -> PlainGitWorld:
    """The plain `git` forge over a bare repository in `folder`."""
    git = git_repository(folder / "infra.git")
    forge = GitForge(folder / "cache", ledger=MemoryLedger(), clock=FixedClock())
    return PlainGitWorld(forge, str(git.folder), git)


@contextmanager
def _plain_git(folder: Path) -> Iterator[ForgeWorld]:
    yield plain_git_world(folder)


@contextmanager
def _memory(folder: Path) -> Iterator[ForgeWorld]:
    forge = MemoryForge(clock=FixedClock())
    forge.create("acme/infra", START)
    forge.commit_by_human("acme/infra", "main", {SCRIPT: File(b"#!/bin/sh\n", "100755")})
    yield MemoryWorld(forge, "acme/infra")


@contextmanager
def _github(folder: Path) -> Iterator[ForgeWorld]:
    with FakeGitHub(folder) as github:
        hosted = github.host.create("acme/infra", START)
        hosted.commit("main", {SCRIPT: b"#!/bin/sh\n"}, mode="100755")
        login = TokenLogin(TOKEN)
        forge = GitHubForge(GitHubSettings(login, api_url=github.url, seconds_between_writes=0))
        yield HostedWorld(forge, hosted)
        forge.disconnect()


@contextmanager
def _gitlab(folder: Path) -> Iterator[ForgeWorld]:
    with FakeGitLab(folder) as gitlab:
        hosted = gitlab.host.create("acme/platform/infra", START)
        hosted.commit("main", {SCRIPT: b"#!/bin/sh\n"}, mode="100755")
        forge = GitLabForge(GitLabSettings(GITLAB_TOKEN, url=gitlab.url))
        yield HostedWorld(forge, hosted)
        forge.disconnect()


@contextmanager
def _gitea(folder: Path) -> Iterator[ForgeWorld]:
    with FakeGitea(folder) as gitea:
        hosted = gitea.host.create("acme/infra", START)
        hosted.commit("main", {SCRIPT: b"#!/bin/sh\n"}, mode="100755")
        forge = GiteaForge(GiteaSettings(gitea.url, GITEA_TOKEN), folder / "cache", clock=FixedClock())
        yield HostedWorld(forge, hosted)
        forge.disconnect()


@contextmanager
def _bitbucket_cloud(folder: Path) -> Iterator[ForgeWorld]:
    with FakeBitbucketCloud(folder) as cloud:
        hosted = cloud.host.create("acme/infra", START)
        hosted.commit("main", {SCRIPT: b"#!/bin/sh\n"}, mode="100755")
        settings = BitbucketCloudSettings(BITBUCKET_TOKEN, api_url=cloud.api_url, web_url=cloud.url)
        forge = BitbucketCloudForge(settings, folder / "cache", clock=FixedClock())
        yield BitbucketWorld(forge, hosted)
        forge.disconnect()


@contextmanager
def _bitbucket_data_center(folder: Path) -> Iterator[ForgeWorld]:
    with FakeBitbucketDataCenter(folder) as server:
        hosted = server.host.create("OPS/infra", START)
        hosted.commit("main", {SCRIPT: b"#!/bin/sh\n"}, mode="100755")
        settings = BitbucketDataCenterSettings(server.url, BITBUCKET_TOKEN)
        forge = BitbucketDataCenterForge(settings, folder / "cache", clock=FixedClock())
        yield BitbucketWorld(forge, hosted)
        forge.disconnect()


WORLDS: Mapping[str, Callable[[Path], AbstractContextManager[ForgeWorld]]] = {
    "memory": _memory,
    "git": _plain_git,
    "github": _github,
    "gitlab": _gitlab,
    "gitea": _gitea,
    "bitbucket": _bitbucket_cloud,
    "bitbucket-data-center": _bitbucket_data_center,
}

GIT_AS_ANOTHER = frozenset({"bitbucket", "bitbucket-data-center"})
"""Worlds whose branches and files are read and written by the very code of another one (`gitea`)."""
