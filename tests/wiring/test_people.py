"""Which repositories are attended to, and by whom, as the configuration says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import wiring
from bot.domain.people.protection import Protection
from tests.configuration.files import changed, load_text

_TWO = (
    (
        "github: {kind: github, token: t}",
        "github: {kind: github, token: t, commands: true, protect: envs/**}",
    ),
    ("repository: git:/srv/git/infra.git", "repository: github:acme/infra"),
)


def test_the_repositories_of_a_forge_with_people_are_attended_to(tmp_path: Path) -> None:
    world = wiring.world(load_text(tmp_path, changed(*_TWO)))
    (place,) = world.attended.values()
    assert place.name == "@github:acme/infra"
    assert place.commands
    assert place.protection == Protection(("envs/**",), "tagboat-override")
    assert set(world.communities) == {"github"}
    assert world.orders is not None


@pytest.mark.parametrize(
    "forge",
    ["kind: bitbucket, token: t", "kind: bitbucket-data-center, token: t, url: 'https://stash.example.com'"],
)
def test_people_on_bitbucket_are_listened_to(tmp_path: Path, forge: str) -> None:
    text = changed(
        ("github: {kind: github, token: t}", f"github: {{{forge}, commands: true}}"),
        ("repository: git:/srv/git/infra.git", "repository: github:acme/infra"),
    )
    world = wiring.world(load_text(tmp_path, text))
    assert set(world.communities) == {"github"}


def test_nothing_is_attended_to_where_nobody_asked(tmp_path: Path) -> None:
    world = wiring.world(load_text(tmp_path, changed()))
    assert (world.attended, world.communities) == ({}, {})


def test_pull_requests_list_the_commands_only_where_somebody_listens(tmp_path: Path) -> None:
    def listed(text: str) -> set[bool]:
        world = wiring.world(load_text(tmp_path, text))
        return {
            environment.pull_request.commands
            for pipeline in world.pipelines.values()
            for environment in pipeline.environments
        }

    assert listed(changed(*_TWO)) == {True}
    assert listed(changed()) == {False}
