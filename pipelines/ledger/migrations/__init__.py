"""Alembic's revisions of the ledger, shipped with the package and run when a ledger is opened.

A revision is never edited once it is part of a commit on main; a change of `schema.py` is a new revision. With a new
revision, dump a ledger of the one before into `tests/golden/ledgers/` (`sqlite3.Connection.iterdump`).
"""

HEAD = "0006"
"""The newest revision, so that opening an up-to-date ledger need not load Alembic. A test holds it to the files."""
