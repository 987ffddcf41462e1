"""A choice is held against what runs, and nothing older comes unless it is asked for."""

from __future__ import annotations

import pytest

from bot.domain.choosing.selection import SelectionPolicy, is_downgrade
from bot.domain.image import ImageRef
from tests.domain.choosing.selections import (
    ALPHABETICAL,
    DIGEST,
    NEWEST,
    SEMVER,
    built,
    chosen,
    reasons,
    running,
)

BUILDS = {"1.0": built(1), "2.0": built(2), "9.9": built(9)}


@pytest.mark.parametrize(
    ("policy", "current", "tag", "words"),
    [
        pytest.param(SEMVER, None, "2.0", "2.0 is the highest version in *", id="nothing runs"),
        pytest.param(SEMVER, running(None), "2.0", "2.0 is the highest version in *", id="nothing is named"),
        pytest.param(SEMVER, running("1.0"), "2.0", "; 1.0 runs", id="older"),
        pytest.param(SEMVER, running("2.0"), "2.0", ", and runs already", id="the same"),
        pytest.param(SEMVER, running("v2.0.0"), "2.0", "; v2.0.0 runs", id="the same by another name"),
        pytest.param(
            SEMVER, running("9.9"), None, "9.9 runs and is newer than 2.0, the best candidate", id="newer"
        ),
        pytest.param(SEMVER, running("9.9"), None, "it is not listed any more", id="newer and gone"),
        pytest.param(SEMVER, running("2.0.1-rc.1"), None, "2.0.1-rc.1 runs", id="newer pre-release"),
        pytest.param(SEMVER, running("main"), "2.0", "main runs and does not compare", id="no version"),
        pytest.param(
            SEMVER, running(None, "b"), "2.0", "bbbbbbbbbbbb runs and does not compare", id="a bare digest"
        ),
        pytest.param(SEMVER, running("a\x1b[0m"), "2.0", r"'a\x1b[0m' runs and does not", id="hostile text"),
        pytest.param(NEWEST, running("1.0"), "2.0", "; 1.0 runs", id="older build"),
        pytest.param(NEWEST, running("2.0", "a"), "2.0", ", and runs already", id="same build"),
        pytest.param(NEWEST, running("2.0", "b"), "2.0", ", and now names aaaaaaaaaaaa", id="pushed again"),
        pytest.param(NEWEST, running("9.9"), None, "9.9 runs and is newer than 2.0", id="newer build, gone"),
        pytest.param(ALPHABETICAL, running("3"), None, "3 runs and is newer than 2.0", id="later name"),
        pytest.param(ALPHABETICAL, running("0"), "2.0", "; 0 runs", id="earlier name"),
    ],
)
def test_a_choice_is_held_against_what_runs(
    policy: SelectionPolicy, current: ImageRef | None, tag: str | None, words: str
) -> None:
    choice = chosen(policy, ["1.0", "2.0"], BUILDS, current)
    assert (choice.tag, choice.is_waiting) == (tag, False)
    assert words in choice.reason


@pytest.mark.parametrize("policy", [SEMVER, NEWEST, ALPHABETICAL])
def test_going_back_is_done_when_asked(policy: SelectionPolicy) -> None:
    back = SelectionPolicy(policy.strategy, allow_downgrade=True)
    choice = chosen(back, ["1.0", "2.0"], BUILDS, running("9.9"))
    assert choice.tag == "2.0"
    assert reasons(chosen(policy, ["1.0", "2.0"], BUILDS, running("9.9")))["2.0"].endswith("9.9, which runs")


@pytest.mark.parametrize(
    ("policy", "current", "wanted", "expected"),
    [
        (SEMVER, "2.0", "1.9", True),
        (SEMVER, "1.9", "2.0", False),
        (SEMVER, "v2.0.0", "2.0", False),
        (SEMVER, "2.0", "2.0-rc.1", True),
        (SEMVER, "main", "1.0", False),
        (SEMVER, "1.0", "main", False),
        (SEMVER, None, "1.0", False),
        (SEMVER, "1.0", None, False),
        (SelectionPolicy(constraint="<1"), "2.0", "1.9", True),
        (SelectionPolicy(allow_downgrade=True), "2.0", "1.9", False),
        (ALPHABETICAL, "b", "a", True),
        (ALPHABETICAL, "a", "b", False),
        (NEWEST, "b", "a", False),
        (DIGEST, "latest", "latest", False),
        (DIGEST, "latest", "1.0", False),
    ],
)
def test_a_step_back_is_seen_where_names_compare(
    policy: SelectionPolicy, current: str | None, wanted: str | None, expected: bool
) -> None:
    assert is_downgrade(policy, current=running(current), wanted=running(wanted)) is expected
