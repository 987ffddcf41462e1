"""What is written under an image becomes the policy by which its tag is chosen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.choosing.selection import (
    Direction,
    Hold,
    Jump,
    MovedTags,
    Pin,
    SelectionPolicy,
    Strategy,
)
from tests.configuration.files import changed, load_text

CHRISTMAS = datetime(2026, 12, 24, tzinfo=UTC)
PATTERN = "^main-(?P<time>[0-9]+)$"


@pytest.mark.parametrize(
    ("written", "policy"),
    [
        pytest.param("", SelectionPolicy(allow_tags="any"), id="nothing"),
        pytest.param(
            "constraint: '>=1', max_jump: minor, allow_downgrade: true",
            SelectionPolicy(constraint=">=1", allow_tags="any", max_jump=Jump.MINOR, allow_downgrade=True),
            id="semver",
        ),
        pytest.param(
            f"strategy: numerical, pattern: '{PATTERN}', extract: $time, order: desc",
            SelectionPolicy(
                Strategy.NUMERICAL,
                allow_tags="any",
                pattern=PATTERN,
                extract="$time",
                order=Direction.DESC,
            ),
            id="numerical",
        ),
        pytest.param(
            "strategy: calver, format: 'YYYY.0M[.MICRO]'",
            SelectionPolicy(Strategy.CALVER, allow_tags="any", format="YYYY.0M[.MICRO]"),
            id="calver",
        ),
        pytest.param(
            "strategy: minor, match_prerelease: false",
            SelectionPolicy(Strategy.MINOR, allow_tags="any", match_prerelease=False),
            id="level",
        ),
        pytest.param(
            "strategy: docker, ignore_tags: '*-rc*', platforms: linux/amd64",
            SelectionPolicy(
                Strategy.DOCKER, allow_tags="any", ignore_tags=("*-rc*",), platforms=("linux/amd64",)
            ),
            id="docker",
        ),
        pytest.param(
            "min_age: 3d, moved_tags: follow",
            SelectionPolicy(allow_tags="any", min_age=timedelta(days=3), moved_tags=MovedTags.FOLLOW),
            id="age",
        ),
        pytest.param(
            "strategy: digest, constraint: main, moved_tags: follow",
            SelectionPolicy(Strategy.DIGEST, "main", allow_tags="any", moved_tags=MovedTags.FOLLOW),
            id="digest follows anyhow",
        ),
        pytest.param(
            "hold: the migration runs",
            SelectionPolicy(allow_tags="any", hold=Hold("the migration runs")),
            id="a hold in short",
        ),
        pytest.param(
            "hold: {reason: r, until: 2026-12-24}",
            SelectionPolicy(allow_tags="any", hold=Hold("r", CHRISTMAS)),
            id="a hold until midnight in UTC",
        ),
        pytest.param(
            "pin: {tag: 1.10, reason: r, until: '2026-12-24T01:00:00+01:00'}",
            SelectionPolicy(allow_tags="any", pin=Pin("1.10", "r", CHRISTMAS)),
            id="a pin, with the tag as it is written",
        ),
        pytest.param(
            "pin: {tag: 1.10, reason: r, until: 2026-12-24 00:00Z}",
            SelectionPolicy(allow_tags="any", pin=Pin("1.10", "r", CHRISTMAS)),
            id="a moment with a space",
        ),
    ],
)
def test_a_policy_is_as_it_is_written(written: str, policy: SelectionPolicy, tmp_path: Path) -> None:
    text = changed(("{web: acme/web}", f"{{web: {{image: acme/web, {written}}}}}"))
    (image,) = load_text(tmp_path, text).pipelines["web"].images
    assert image.policy == policy
