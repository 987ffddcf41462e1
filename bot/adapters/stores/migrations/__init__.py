"""The tables over time: each version brings them from one shape to the next (Alembic).

A migration only adds, or removes what the release before it no longer uses: workers of the release before
keep running while it happens.
"""

from __future__ import annotations

from pathlib import Path

import structlog
from sqlalchemy import Connection, inspect, text

from bot.adapters.stores.database import Database

_LOCK = 7_310_882_419_551_205_211
"""The number of PostgreSQL's advisory lock that migrations hold; any number that nobody else uses."""

_NEWEST = max(path.name[1:5] for path in Path(__file__).parent.glob("versions/v*.py"))
"""The revision that this release brings tables to."""

_log = structlog.get_logger(__name__)


def migrate(database: Database) -> None:
    """Bring the tables to the shape of this release, in one transaction.

    Several processes may do so at once: one works, the others wait for it and find nothing left to do.
    Tables of a newer release are left as they are. Where nothing is to be done nothing is locked, and Alembic
    is not even loaded: most starts are such.

    Raises:
        TagboatError: the database cannot be used; the error says why.
    """
    with database.reading() as connection:
        if _is_up_to_date(connection):
            return
    with database.writing() as connection:
        if not database.is_sqlite:
            connection.execute(text("SET LOCAL lock_timeout = '5min'"))
            connection.execute(text("SET LOCAL statement_timeout = '10min'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        _upgrade(connection)


def _is_up_to_date(connection: Connection) -> bool:
    if not inspect(connection).has_table("alembic_version"):
        return False
    found = connection.scalars(text("SELECT version_num FROM alembic_version"))
    return found.all() == [_NEWEST]


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    known = {revision.revision for revision in ScriptDirectory.from_config(config).walk_revisions()}
    current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in known:
        _log.warning("database_is_newer", revision=current)
        return
    command.upgrade(config, "head")
