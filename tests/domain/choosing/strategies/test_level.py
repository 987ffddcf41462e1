"""Keel's levels: newer than what runs by so much at most, and never anything while that is no version."""

from __future__ import annotations

import pytest

from bot.domain.choosing.strategies.level import Level, LevelOrder
from bot.domain.choosing.strategies.order import Running
from tests.domain.choosing.strategies.orders import best_first, refusals, running

TAGS = ["1.4.1", "1.4.2", "1.4.3", "1.5.0", "2.0.0", "1.4.4-rc.1", "2.0.0-rc.1", "3", "latest"]


@pytest.mark.parametrize(
    ("level", "tiers"),
    [
        (Level.PATCH, [["1.4.3"], ["1.4.2"]]),
        (Level.MINOR, [["1.5.0"], ["1.4.3"], ["1.4.2"]]),
        (Level.MAJOR, [["2.0.0"], ["1.5.0"], ["1.4.3"], ["1.4.2"]]),
        (Level.ALL, [["2.0.0"], ["2.0.0-rc.1"], ["1.5.0"], ["1.4.4-rc.1"], ["1.4.3"], ["1.4.2"]]),
    ],
)
def test_a_level_admits_what_is_newer_by_so_much(level: Level, tiers: list[list[str]]) -> None:
    assert best_first(LevelOrder(level, running("1.4.2")), TAGS) == tiers


@pytest.mark.parametrize(
    ("level", "now", "values", "tiers"),
    [
        pytest.param(Level.PATCH, "1.4", ["1.4.6", "1.5"], [["1.4.6"]], id="a missing part is 0"),
        pytest.param(Level.MINOR, "1.4.0", ["v1.4.0", "1.4.0"], [["1.4.0"]], id="no other name for it"),
        pytest.param(Level.MAJOR, "1", ["1", "2", "2.0"], [["2.0"], ["1"]], id="build numbers are none"),
        pytest.param(
            Level.MINOR, "1.4.0-alpine", ["1.5.0-alpine", "1.6.0", "1.6.0-slim"], [["1.5.0-alpine"]],
            id="the very pre-release",
        ),
        pytest.param(Level.MAJOR, "1.4.0-rc.1", ["1.4.0", "1.4.0-rc.2"], [], id="that of a candidate too"),
        pytest.param(Level.ALL, "1.4.0-rc.1", ["1.4.0", "1.4.0-rc.2"], [["1.4.0"], ["1.4.0-rc.2"]], id="all"),
        pytest.param(Level.PATCH, "latest", ["1.0.0", "latest"], [], id="latest is no version"),
    ],
)  # fmt: skip
def test_what_runs_says_what_is_newer(
    level: Level, now: str, values: list[str], tiers: list[list[str]]
) -> None:
    assert best_first(LevelOrder(level, running(now)), values) == tiers


def test_prereleases_may_differ_when_asked() -> None:
    order = LevelOrder(Level.MINOR, running("1.4.0-rc.1"), match_prerelease=False)
    assert best_first(order, ["1.4.0-rc.2", "1.4.0", "1.5.0-a", "2.0.0"]) == [
        ["1.5.0-a"],
        ["1.4.0"],
        ["1.4.0-rc.2"],
    ]


@pytest.mark.parametrize(
    ("level", "tiers"),
    [(Level.PATCH, [["2.0.0"]]), (Level.ALL, [["3.0.0-rc.1"], ["2.0.0"]])],
)
def test_where_nothing_runs_every_release_is_newer(level: Level, tiers: list[list[str]]) -> None:
    assert best_first(LevelOrder(level, None), ["2.0.0", "3.0.0-rc.1", "7"]) == tiers


def test_every_other_tag_has_its_reason() -> None:
    assert refusals(LevelOrder(Level.PATCH, running("1.4.2")), TAGS) == {
        "1.4.1": "not newer than 1.4.2, which runs",
        "1.5.0": "another minor version than 1.4.2, which runs",
        "2.0.0": "another major version than 1.4.2, which runs",
        "1.4.4-rc.1": "its pre-release is not that of 1.4.2, which runs",
        "2.0.0-rc.1": "another major version than 1.4.2, which runs",
        "3": "has no dot, so it is not taken for a version",
        "latest": "not a semantic version",
    }


@pytest.mark.parametrize("now", [Running("latest", "latest"), Running("a1b2c3d4e5f6", None)])
def test_nothing_is_taken_while_what_runs_is_no_version(now: Running) -> None:
    reason = f"no level can be measured from {now.tag}, which runs and is no version"
    assert refusals(LevelOrder(Level.ALL, now), ["1.0.0"]) == {"1.0.0": reason}


def test_the_reason_is_fit_for_a_terminal() -> None:
    (reason,) = refusals(LevelOrder(Level.ALL, Running("a\x1b[0m", None)), ["1.0.0"]).values()
    assert reason.isprintable()
