"""The stored bytes of a submission, with damage named for whoever asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.core.errors import ToldError
from pipelines.core.i18n import mark
from pipelines.submissions import store

if TYPE_CHECKING:
    from pipelines.core.home import Home
    from pipelines.ledger.queries import Submission


class DamagedFileError(ToldError):
    """The stored file of a submission is missing or is not the one that came in. The text names no path."""


def read_stored(home: Home, found: Submission) -> bytes:
    """Return the bytes of a submission as they came in.

    Raises DamagedFileError where they are missing or changed, StoreError where they were never kept.
    """
    try:
        return store.get(home, found.sha256)
    except store.StoreError as error:
        if store.is_not_kept(home, found.sha256):
            raise
        raise DamagedFileError(
            mark(
                "The stored file {file} of the return {submission} is missing or damaged on the disk of the service. "
                "Its record in the ledger and its receipt are kept apart from it."
            ),
            file=found.filename,
            submission=found.submission_id,
        ) from error
