"""What every host promises as the place where images are built from (port `Sources`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.adapters.forges.github.forge import GitHubForge
from bot.adapters.forges.gitlab.forge import GitLabForge
from bot.adapters.forges.history_forge import HistoryForge
from bot.adapters.forges.memory.forge import MemoryForge
from bot.domain.errors import NotFound
from bot.domain.pull_request.source import LONGEST_NOTES, MOST_COMMITS, ReleaseNotes
from bot.ports import Sources
from tests.contracts.forge_worlds import WORLDS, ForgeWorld, HostedWorld

NOBODYS_COMMIT = "0123456789abcdef0123456789abcdef01234567"
WITH_SOURCES = ("memory", "git", "github", "gitlab", "gitea", "bitbucket", "bitbucket-data-center")
WITH_RELEASES = ("memory", "github", "gitlab", "gitea")
WITH_VISIBILITY = (*WITH_RELEASES, "bitbucket", "bitbucket-data-center")


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ForgeWorld]:
    with WORLDS[request.param](tmp_path) as built:
        yield built


everywhere = pytest.mark.parametrize("world", WITH_SOURCES, indirect=True)
where_releases_are = pytest.mark.parametrize("world", WITH_RELEASES, indirect=True)
where_it_is_told = pytest.mark.parametrize("world", WITH_VISIBILITY, indirect=True)


def _sources(world: ForgeWorld) -> Sources:
    assert isinstance(world.forge, GitHubForge | GitLabForge | HistoryForge)
    return world.forge.sources()


def _release(world: ForgeWorld, tag: str, text: str) -> None:
    """A human publishes a release."""
    if isinstance(world.forge, MemoryForge):
        world.forge.sources().release_by_human(world.repository, tag, text)
    else:
        assert isinstance(world, HostedWorld)
        world.hosted.releases[tag] = text


def _publish(world: ForgeWorld) -> None:
    """A human lets everybody read the repository."""
    if isinstance(world.forge, MemoryForge):
        world.forge.sources().publish_by_human(world.repository)
    else:
        assert isinstance(world, HostedWorld)
        world.hosted.is_public = True


def _commits(world: ForgeWorld, count: int) -> list[str]:
    """What a human commits onto `main`, the oldest first."""
    return [world.commit("main", {"count.txt": b"%d" % number}) for number in range(count)]


class TestCompare:
    @everywhere
    def test_the_commits_since_then_are_told_newest_first(self, world: ForgeWorld) -> None:
        start = world.head("main") or ""
        made = _commits(world, 3)
        found = _sources(world).compare(world.repository, start, made[-1])
        assert found.total == 3
        assert [each.id for each in found.commits] == made[::-1]
        assert {each.subject for each in found.commits} == {"By hand"}

    @everywhere
    def test_of_many_commits_the_newest_are_told_and_all_are_counted(self, world: ForgeWorld) -> None:
        start = world.head("main") or ""
        made = _commits(world, 2 * MOST_COMMITS + 1)
        for count in (MOST_COMMITS, MOST_COMMITS + 1, 2 * MOST_COMMITS + 1):
            found = _sources(world).compare(world.repository, start, made[count - 1])
            assert found.total == count
            assert [each.id for each in found.commits] == made[:count][::-1][:MOST_COMMITS]

    @everywhere
    def test_only_what_the_new_commit_has_is_told_of_two_that_parted(self, world: ForgeWorld) -> None:
        side = world.commit("feature/side", {"side.txt": b"s"})
        main = world.commit("main", {"a.txt": b"2"})
        found = _sources(world).compare(world.repository, side, main)
        assert [each.id for each in found.commits] == [main]

    @everywhere
    def test_a_step_back_has_no_commits(self, world: ForgeWorld) -> None:
        start = world.head("main") or ""
        made = _commits(world, 2)
        found = _sources(world).compare(world.repository, made[-1], start)
        assert (found.total, found.commits) == (0, ())

    @everywhere
    @pytest.mark.parametrize("commit", [NOBODYS_COMMIT, "main", "--all", "", "a...b"])
    def test_what_is_no_commit_of_the_repository_is_not_found(self, world: ForgeWorld, commit: str) -> None:
        head = world.head("main") or ""
        for old, new in ((commit, head), (head, commit)):
            with pytest.raises(NotFound):
                _sources(world).compare(world.repository, old, new)


class TestReleaseNotes:
    @where_releases_are
    def test_the_notes_of_a_release_are_read_by_its_tag(self, world: ForgeWorld) -> None:
        _release(world, "web/v1.0+1", "Carts.\r\n")
        notes = _sources(world).release_notes(world.repository, "web/v1.0+1")
        assert notes == ReleaseNotes("web/v1.0+1", "Carts.\r\n")

    @where_releases_are
    def test_a_release_that_says_nothing_is_one_all_the_same(self, world: ForgeWorld) -> None:
        _release(world, "v1.0.0", "")
        assert _sources(world).release_notes(world.repository, "v1.0.0") == ReleaseNotes("v1.0.0", "")

    @where_releases_are
    def test_a_bounded_part_of_long_notes_is_read(self, world: ForgeWorld) -> None:
        _release(world, "v1.0.0", "x" * 50_000)
        notes = _sources(world).release_notes(world.repository, "v1.0.0")
        assert notes == ReleaseNotes("v1.0.0", "x" * LONGEST_NOTES)

    @everywhere
    def test_a_tag_without_a_release_has_no_notes(self, world: ForgeWorld) -> None:
        assert _sources(world).release_notes(world.repository, "v9.9.9") is None


class TestVisibility:
    @everywhere
    def test_a_repository_is_private_unless_its_host_says_otherwise(self, world: ForgeWorld) -> None:
        assert _sources(world).is_public(world.repository) is False

    @where_it_is_told
    def test_what_its_host_shows_to_everybody_is_public(self, world: ForgeWorld) -> None:
        assert _sources(world).is_public(world.repository) is False
        _publish(world)
        assert _sources(world).is_public(world.repository) is True
