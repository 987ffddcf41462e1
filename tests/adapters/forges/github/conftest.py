"""The world of the tests of the GitHub forge."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.forges.github.github_world import GitHubWorld, github_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GitHubWorld]:
    """One repository on a fake GitHub, and a forge over it."""
    with github_world(tmp_path) as built:
        yield built
