"""The world of the tests of the GitLab forge."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.forges.gitlab.gitlab_world import GitLabWorld, gitlab_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GitLabWorld]:
    """One project on a fake GitLab, and a forge over it."""
    with gitlab_world(tmp_path) as built:
        yield built
