"""Where the source of images is looked for, by the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.adapters.forges.memory.forge import MemoryForge
from bot.configuration.settings import Settings
from bot.domain.pull_request.source import CodeHost, HostKind, located
from bot.wiring import world
from bot.wiring.sources import code_hosts, sources
from tests.configuration.files import changed, load_text
from tests.flow.worlds import SetClock

GITHUB = "kind: github, token: t, url: 'https://git.example/api/v3'"


def _settings(folder: Path, forge: str, repository: str) -> Settings:
    return load_text(folder, changed(("{kind: git}", f"{{{forge}}}"), ("git:/srv/git/infra.git", repository)))


@pytest.mark.parametrize(
    ("forge", "repository", "host"),
    [
        ("kind: git", "git:/srv/git/infra.git", CodeHost(HostKind.GIT, "/srv/git/infra.git", "git")),
        (GITHUB, "git:acme/infra", CodeHost(HostKind.GITHUB, "https://git.example", "git")),
        (
            "kind: gitlab, token: t, url: 'https://h/gitlab'",
            "git:a/b",
            CodeHost(HostKind.GITLAB, "https://h/gitlab", "git"),
        ),
        (
            "kind: forgejo, token: t, url: 'https://git.example/forge'",
            "git:a/b",
            CodeHost(HostKind.GITEA, "https://git.example/forge", "git"),
        ),
        (
            "kind: bitbucket, token: t",
            "git:a/b",
            CodeHost(HostKind.BITBUCKET, "https://bitbucket.org", "git"),
        ),
        (
            "kind: bitbucket-data-center, token: t, url: 'https://git.example/bitbucket'",
            "git:OPS/b",
            CodeHost(HostKind.BITBUCKET_DATA_CENTER, "https://git.example/bitbucket", "git"),
        ),
    ],
    ids=["git", "github", "gitlab", "gitea", "bitbucket", "bitbucket-data-center"],
)
def test_every_forge_is_where_its_pages_are(
    tmp_path: Path, forge: str, repository: str, host: CodeHost
) -> None:
    settings = _settings(tmp_path, forge, repository)
    assert host in code_hosts(settings)
    built = world(settings)
    assert host in built.code_hosts
    assert built.sources.keys() == built.forges.keys()


def test_a_configured_forge_comes_before_the_public_host_of_its_address(tmp_path: Path) -> None:
    hosts = code_hosts(_settings(tmp_path, "kind: github, token: t", "git:acme/infra"))
    found = located("https://github.com/acme/web", hosts)
    assert found is not None
    assert found.host.forge == "git"
    assert located("https://codeberg.org/acme/web", hosts) is not None


def test_a_forge_that_cannot_tell_of_source_is_left_out() -> None:
    memory = MemoryForge(clock=SetClock())
    assert sources({"memory": memory, "other": _Other()}).keys() == {"memory"}  # type: ignore[dict-item]


class _Other:
    """A forge of another kind."""
