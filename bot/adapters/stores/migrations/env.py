"""What Alembic runs to migrate: on the connection that `migrate` hands over, inside its transaction."""

from __future__ import annotations

from alembic import context

from bot.adapters.stores.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
