"""Whether this process can do its work: the store must answer; a broker that does not is only told of.

Without the broker webhooks are still stored, and the sweep finds what is due once it is back.
"""

from __future__ import annotations

from collections.abc import Mapping

from celery.exceptions import OperationalError as CeleryOperationalError
from kombu.exceptions import OperationalError

from bot.adapters.queues.celery import celery_application
from bot.domain.errors import TagboatError
from bot.ports import Store

_OK = "ok"
_SECONDS = 2


class Readiness:
    """Asks what this process depends on. `broker` is its address; one in memory is always there."""

    def __init__(self, store: Store, broker: str) -> None:
        self._store = store
        self._broker = None if broker.startswith("memory:") else celery_application(broker)

    def check(self) -> tuple[bool, Mapping[str, str]]:
        """Whether all that must answer does, and what each dependency says: `ok`, or why not."""
        said = {"store": self._ask_store()}
        if self._broker is not None:
            said["broker"] = self._ask_broker()
        return said["store"] == _OK, said

    def _ask_store(self) -> str:
        try:
            self._store.revision()
        except TagboatError as error:
            return str(error)
        return _OK

    def _ask_broker(self) -> str:
        assert self._broker is not None
        try:
            with self._broker.connection_for_write() as connection:
                connection.ensure_connection(max_retries=1, timeout=_SECONDS)
        except (OperationalError, CeleryOperationalError, OSError) as error:
            return f"cannot be reached: {type(error).__name__} (webhooks are stored and wait for it)"
        return _OK
