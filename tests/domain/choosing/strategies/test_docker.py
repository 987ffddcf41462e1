"""Renovate's docker versioning: the same suffix and as many numbers as what runs, and the highest of them."""

from __future__ import annotations

import pytest

from bot.domain.choosing.strategies.docker import DockerOrder, parse_docker_version
from bot.domain.choosing.strategies.order import Running
from bot.domain.choosing.strategies.reach import Jump, Reach
from tests.domain.choosing.strategies.orders import best_first, refusals, running


@pytest.mark.parametrize(
    ("now", "values", "tiers"),
    [
        pytest.param(
            "3.9-alpine",
            ["3.9-alpine", "3.11-alpine", "3.11.2-alpine", "3.11-slim", "3.11", "4-alpine"],
            [["3.11-alpine"], ["3.9-alpine"]],
            id="the same suffix and precision",
        ),
        pytest.param("3.9", ["v3.10", "3.10", "3.10-rc.1"], [["3.10", "v3.10"]], id="v is no part of it"),
        pytest.param("3.9.0", ["3.10.0b1", "3.9.1", "3.9.0b1"], [["3.9.1"]], id="stable stays stable"),
        pytest.param(
            "3.9.0b9",
            ["3.9.0b10", "3.9.0b9", "3.9.0", "3.10.0b1", "3.9.0rc1", "3.10.0"],
            [["3.10.0"], ["3.9.0"], ["3.9.0rc1"], ["3.9.0b10"], ["3.9.0b9"]],
            id="an unstable one may become the next",
        ),
        pytest.param(
            "18.04-20240101", ["20.04-20240101", "18.04-20240202"], [["20.04-20240101"]], id="dates"
        ),
        pytest.param("1.2.3.4", ["1.2.3.5", "1.2.3.40"], [["1.2.3.40"], ["1.2.3.5"]], id="four numbers"),
        pytest.param(
            "20240101", ["20240202", "abcdef1", "1234567"], [["20240202"], ["1234567"]], id="builds"
        ),
        pytest.param("1.2", ["1." + "9" * 300, "1.3"], [["1.3"]], id="endless"),
    ],
)
def test_the_highest_of_the_same_shape_is_the_best(
    now: str, values: list[str], tiers: list[list[str]]
) -> None:
    assert best_first(DockerOrder(running(now)), values) == tiers


@pytest.mark.parametrize("text", ["latest", "abcdef1", "a1b2c3d4", "-1", "", "v", "1..2", "deadbeef" * 5])
def test_what_is_no_version(text: str) -> None:
    assert parse_docker_version(text) is None


@pytest.mark.parametrize("text", ["1234567", "1.2.3", "v1", "3.8.0b1", "1-", "12ab", "1.2.3-a_b.c"])
def test_what_is_a_version(text: str) -> None:
    assert parse_docker_version(text) is not None


def test_every_other_tag_has_its_reason() -> None:
    order = DockerOrder(running("3.9-alpine"))
    assert refusals(order, ["3.11", "latest", "3.10b1-alpine", "3.8-alpine"]) == {
        "3.11": "not of the shape of 3.9-alpine, which runs",
        "latest": "does not begin with a version",
        "3.10b1-alpine": "pre-release, and a release runs",
    }
    assert refusals(DockerOrder(running("3.9b1")), ["3.10b1"]) == {
        "3.10b1": "pre-release of another version than the one that runs"
    }


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (None, "nothing runs whose shape it could have: write the first tag by hand"),
        (Running("latest", "latest"), "has a shape that cannot be compared with latest, which runs"),
        (Running("a1b2c3", None), "has a shape that cannot be compared with a1b2c3, which runs"),
    ],
)
def test_nothing_is_taken_while_there_is_no_shape(now: Running | None, reason: str) -> None:
    assert best_first(DockerOrder(now), ["1.0"]) == []
    assert refusals(DockerOrder(now), ["1.0"]) == {"1.0": reason}


def test_a_jump_is_limited() -> None:
    reach = Reach(Jump.MINOR, running("3.9-alpine"), (3, 9))
    order = DockerOrder(running("3.9-alpine"), reach)
    assert best_first(order, ["3.11-alpine", "4.0-alpine"]) == [["3.11-alpine"]]
    assert refusals(order, ["4.0-alpine"]) == {
        "4.0-alpine": "further than a minor jump from 3.9-alpine, which runs"
    }


def test_shapes_do_not_compare() -> None:
    order = DockerOrder(running("3.9-alpine"))
    assert order.is_newer("3.9-alpine", than="3.8-alpine")
    assert not order.is_newer("3.9-alpine", than="3.8-slim")
    assert not order.is_newer("3.9-alpine", than="3.8.1-alpine")
