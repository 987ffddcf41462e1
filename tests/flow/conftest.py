"""Fixtures that tests of the flow share."""

from __future__ import annotations

import pytest

from tests.flow.people import People


@pytest.fixture
def people() -> People:
    """dev and staging merge by themselves, prod by a human; 1.0.0 is everywhere.

    Everything below envs/ is Tagboat's.
    """
    return People()
