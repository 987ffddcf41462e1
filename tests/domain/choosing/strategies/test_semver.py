"""The highest version in the constraint and within reach, read no further than needed."""

from __future__ import annotations

import pytest

from bot.domain.choosing.strategies.order import Running
from bot.domain.choosing.strategies.reach import Jump, Reach
from bot.domain.choosing.strategies.semver import SemverOrder
from bot.domain.choosing.version import parse_constraint, parse_version
from tests.domain.choosing.strategies.orders import best_first, refusals, running


def order(constraint: str = "*", reach: Reach | None = None) -> SemverOrder:
    return SemverOrder(parse_constraint(constraint), reach)


def reach(jump: Jump, *origin: int) -> Reach:
    return Reach(jump, running(".".join(map(str, origin))), origin or None)


@pytest.mark.parametrize(
    ("constraint", "values", "tiers"),
    [
        pytest.param("*", ["1.2.0", "1.10.0", "1.9.0"], [["1.10.0"], ["1.9.0"], ["1.2.0"]], id="numbers"),
        pytest.param("*", ["1", "v1.0", "1.0.0", "01.0"], [["01.0", "1", "1.0.0", "v1.0"]], id="equal"),
        pytest.param("*", ["1.0.0-rc.1", "latest", "1.2.3.4", "v", "2abc"], [], id="none"),
        pytest.param("*", ["3\n9", "\n8", "7\n", "1.0"], [["1.0"]], id="more than one line"),
        pytest.param("*", ["9" * 5000, "9" * 257, "1." + "9" * 300, "1"], [["1"]], id="too long"),
        pytest.param("*", ["10", "9", "0", ""], [["10"], ["9"], ["0"]], id="majors alone"),
        pytest.param("*", ["1.0.9", "v1.0.10", "1.0.x"], [["v1.0.10"], ["1.0.9"]], id="one minor version"),
        pytest.param("<1", ["1.0.9", "1.0.10"], [], id="one minor version outside"),
        pytest.param("*", ["1.9.0", "1.10", "1.10.1-a"], [["1.10"], ["1.9.0"]], id="one major version"),
        pytest.param("*", ["1.1", "10.1", "1.1.1"], [["10.1"], ["1.1.1"], ["1.1"]], id="no common beginning"),
        pytest.param(
            "*-0",
            ["2.0.0-rc.1", "2.0.0-rc.10", "2.0.0-rc.2", "1.0.0", "2.0.0-01"],
            [["2.0.0-rc.10"], ["2.0.0-rc.2"], ["2.0.0-rc.1"], ["1.0.0"]],
            id="pre-releases",
        ),
        pytest.param(">=1.2 <2", ["1.1.9", "1.2", "1.9.9", "2.0.0"], [["1.9.9"], ["1.2"]], id="a range"),
        pytest.param("<1 || ^3", ["0.9", "1.0", "2", "3.1", "4"], [["3.1"], ["0.9"]], id="two ranges"),
        pytest.param("!=1.2.3", ["1.2.3", "1.2.2"], [["1.2.2"]], id="an exclusion"),
        pytest.param("1.2.3", ["1.2.4", "1.2.3", "v1.2.3"], [["1.2.3", "v1.2.3"]], id="one version"),
        pytest.param(">=2.0.0-0 <2.0.0", ["2.0.0", "2.0.0-rc.1"], [["2.0.0-rc.1"]], id="a bound inside"),
        pytest.param(
            "*", ["1.0.0+7", "1.0.0+a-b", "1.0.0"], [["1.0.0", "1.0.0+7", "1.0.0+a-b"]], id="build metadata"
        ),
    ],
)
def test_the_highest_version_is_the_best(constraint: str, values: list[str], tiers: list[list[str]]) -> None:
    assert best_first(order(constraint), values) == tiers


@pytest.mark.parametrize(
    ("within", "values", "tiers"),
    [
        pytest.param(
            reach(Jump.PATCH, 1, 4, 2),
            ["1.4.9", "1.5.0", "2.0.0", "1.4.1"],
            [["1.4.9"], ["1.4.1"]],
            id="patch",
        ),
        pytest.param(
            reach(Jump.MINOR, 1, 4, 2), ["1.4.9", "1.5.0", "2.0.0", "0.9"], [["1.5.0"], ["1.4.9"]], id="minor"
        ),
        pytest.param(reach(Jump.MAJOR, 1, 4, 2), ["2.0.0", "9.0"], [["9.0"], ["2.0.0"]], id="major"),
        pytest.param(reach(Jump.MINOR), ["1.0", "2.0"], [], id="from no version"),
    ],
)
def test_no_jump_is_longer_than_asked(within: Reach, values: list[str], tiers: list[list[str]]) -> None:
    assert best_first(order("*", within), values) == tiers


def test_every_other_version_has_its_reason() -> None:
    within = reach(Jump.MINOR, 1, 4, 2)
    assert refusals(order("<3", within), ["1.5.0", "2.0.0", "3.0.0", "1.5.0-rc.1", "main"]) == {
        "2.0.0": "further than a minor jump from 1.4.2, which runs",
        "3.0.0": "outside <3",
        "1.5.0-rc.1": "pre-release; the constraint names none",
        "main": "not a semantic version",
    }


def test_a_jump_from_no_version_says_so() -> None:
    within = Reach(Jump.MINOR, Running("latest", None), None)
    assert refusals(order("*", within), ["1.0"]) == {
        "1.0": "max_jump cannot be measured from latest, which runs"
    }


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([f"{n % 40}.{n % 61}.{n}" for n in range(50_000)], id="forty majors"),
        pytest.param([f"1.{n % 200}.{n}" for n in range(50_000)], id="one major"),
        pytest.param([f"1.0.{n}" for n in range(50_000)], id="one minor"),
        pytest.param([str(n) for n in range(50_000)], id="build numbers"),
    ],
)
def test_few_of_many_tags_become_versions(values: list[str]) -> None:
    before = parse_version.cache_info().misses
    (best,) = next(order().tiers(values))
    assert parse_version.cache_info().misses - before < 50
    assert best == max(values, key=lambda value: [int(part) for part in value.split(".")])
