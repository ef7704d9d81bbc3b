"""Alembic's environment: the connection is handed over by `pipelines.ledger.database`, which owns the transaction."""

from alembic import context

from pipelines.ledger.schema import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, transaction_per_migration=False)
with context.begin_transaction():
    context.run_migrations()
