"""The world of the tests of the forge `git`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contracts.forge_worlds import PlainGitWorld, plain_git_world


@pytest.fixture
def world(tmp_path: Path) -> PlainGitWorld:
    """One bare repository on disk, and a forge over it."""
    return plain_git_world(tmp_path)
