"""What it costs to read the source of images, and that hosts are asked as they describe themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain.errors import Denied, Malformed
from bot.domain.pull_request.source import MOST_COMMITS, ReleaseNotes
from tests.adapters.forges.gitea.gitea_world import gitea_world
from tests.adapters.forges.github.github_world import REPOSITORY, github_world
from tests.adapters.forges.gitlab.gitlab_world import REPOSITORY as PROJECT
from tests.adapters.forges.gitlab.gitlab_world import gitlab_world
from tests.adapters.forges.host_world import DEV
from tests.fakes import gitlab_description
from tests.fakes.git_host import HostedRepository
from tests.fakes.github_description import departures
from tests.fakes.http_host import Answer


def _commits(hosted: HostedRepository, count: int) -> tuple[str, str]:
    """The first and the last commit, with so many between them and to the last."""
    old = hosted.git.branch("main") or ""
    made = [hosted.commit("main", {DEV: b"tag: %d\n" % number}) for number in range(count)]
    return old, made[-1]


class TestGitHub:
    @pytest.mark.parametrize(
        ("count", "requests"), [(1, 1), (MOST_COMMITS, 1), (2 * MOST_COMMITS, 2), (3 * MOST_COMMITS, 3)]
    )
    def test_a_range_of_any_length_costs_three_requests_at_most(
        self, tmp_path: Path, count: int, requests: int
    ) -> None:
        with github_world(tmp_path) as world:
            old, new = _commits(world.hosted, count)
            found = world.forge.sources().compare(REPOSITORY, old, new)
            assert (found.total, found.commits[0].id) == (count, new)
            assert len(world.github.asked("GET", "/compare/")) == requests

    def test_github_is_asked_as_it_describes_itself(self, tmp_path: Path) -> None:
        with github_world(tmp_path) as world:
            old, new = _commits(world.hosted, MOST_COMMITS + 1)
            world.hosted.releases["web/v1"] = "News"
            sources = world.forge.sources()
            sources.compare(REPOSITORY, old, new)
            assert sources.release_notes(REPOSITORY, "web/v1") == ReleaseNotes("web/v1", "News")
            assert sources.release_notes(REPOSITORY, "v2") is None
            sources.is_public(REPOSITORY)
            assert [text for exchange in world.github.exchanges for text in departures(exchange)] == []

    def test_an_answer_that_is_none_is_told(self, tmp_path: Path) -> None:
        with github_world(tmp_path) as world:
            world.github.faults.add("GET", "/repos/acme/infra$", Answer(200, {"name": "infra"}))
            with pytest.raises(Malformed):
                world.forge.sources().is_public(REPOSITORY)


class TestGitLab:
    def test_gitlab_is_asked_as_it_describes_itself(self, tmp_path: Path) -> None:
        if not gitlab_description.FILE.exists():
            pytest.skip(f"{gitlab_description.FILE} is not there")
        with gitlab_world(tmp_path) as world:
            old, new = _commits(world.hosted, 2)
            sources = world.forge.sources()
            sources.compare(PROJECT, old, new)
            sources.is_public(PROJECT)
            found = [
                text
                for exchange in world.gitlab.exchanges
                for text in gitlab_description.departures(exchange)
            ]
            assert found == []

    def test_releases_that_only_members_see_are_none(self, tmp_path: Path) -> None:
        with gitlab_world(tmp_path) as world:
            world.gitlab.faults.add("GET", "/releases/v1", Answer(403, {"message": "403 Forbidden"}))
            assert world.forge.sources().release_notes(PROJECT, "v1") is None

    def test_a_login_that_is_not_taken_is_told(self, tmp_path: Path) -> None:
        with gitlab_world(tmp_path) as world:
            world.gitlab.tokens.clear()
            with pytest.raises(Denied):
                world.forge.sources().release_notes(PROJECT, "v1")


class TestGitea:
    def test_the_source_is_read_by_the_api_and_never_fetched(self, tmp_path: Path) -> None:
        with gitea_world(tmp_path) as world:
            old, new = _commits(world.hosted, 2)
            assert world.forge.sources().compare(world.hosted.path, old, new).total == 2
            assert not (tmp_path / "cache").exists()
