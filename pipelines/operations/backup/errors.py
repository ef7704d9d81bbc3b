"""The error of backups."""

from __future__ import annotations


class BackupError(Exception):
    """A backup cannot be made, verified or restored. The message says what to do."""
