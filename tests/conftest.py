"""Fixtures that many tests share: the real servers, one of each per test process."""

from __future__ import annotations

import hypothesis
import pytest

from tests.kit.postgres import postgres_server, postgres_url
from tests.kit.redis import redis_url
from tests.kit.stores import _postgres_tables, postgres_tables_url

__all__ = ["_postgres_tables", "postgres_server", "postgres_tables_url", "postgres_url", "redis_url"]

# A machine that others use too may stop for a quarter of a second at any example.
# Half of the usual examples keep the whole suite in bounds; who changes a law asks for more of them.
hypothesis.settings.register_profile("unhurried", deadline=None, max_examples=50)
hypothesis.settings.load_profile("unhurried")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the long tests, which mostly wait, evenly among the others: no process ends with all of them."""
    long = [item for item in items if "e2e" in item.path.parts]
    short = [item for item in items if "e2e" not in item.path.parts]
    pace = len(short) // (len(long) or 1)
    for number, item in enumerate(long):
        short.insert(number * (pace + 1), item)
    items[:] = short
