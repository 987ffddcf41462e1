"""Fixtures that many tests share: the real servers, one of each per test process."""

from __future__ import annotations

from tests.kit.postgres import postgres_server, postgres_url
from tests.kit.redis import redis_url

__all__ = ["postgres_server", "postgres_url", "redis_url"]
