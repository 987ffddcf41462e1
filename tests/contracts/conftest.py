"""The world that a forge's contract test names by its parameter; other ports have worlds of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.forge_worlds import WORLDS, ForgeWorld


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ForgeWorld]:
    with WORLDS[request.param](tmp_path) as built:
        yield built
