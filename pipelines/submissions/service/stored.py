"""Read the stored bytes of a submission and report damage in a message for its reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.core.errors import UserFacingError
from pipelines.core.i18n import mark
from pipelines.submissions import store

if TYPE_CHECKING:
    from pipelines.core.home import Home
    from pipelines.ledger.queries import Submission


class DamagedFileError(UserFacingError):
    """The stored file of a submission is missing or was changed. The message contains no path."""


def read_stored(home: Home, submission: Submission) -> bytes:
    """Return the bytes of a submission as they were uploaded.

    Raises DamagedFileError if they are missing or changed, StoreError if they were never stored.
    """
    try:
        return store.get_bytes(home, submission.sha256)
    except store.StoreError as error:
        if store.is_not_kept(home, submission.sha256):
            raise
        raise DamagedFileError(
            mark(
                "The stored file {file} of the return {submission} is missing or damaged on the disk of the service. "
                "Its record in the ledger and its receipt are kept apart from it."
            ),
            file=submission.filename,
            submission=submission.submission_id,
        ) from error
