"""The ledger of returns: database, schema, migrations, queries, state transitions and the audit chain.

Writes happen through `submissions`. Imports the layers below, never `submissions`.
"""
