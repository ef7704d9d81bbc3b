"""Upload and send a file in one call, for programs. In the portal, people send a return after they see its report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pipelines.ledger.identity import NotAllowedError
from pipelines.ledger.transitions import TransitionError
from pipelines.submissions.service import acts, entries, reports, uploading
from pipelines.submissions.service.desk import Desk
from pipelines.submissions.service.uploading import UploadResult

if TYPE_CHECKING:
    from pipelines.ledger.identity import Identity


def hand_in(
    desk: Desk,
    who: Identity,
    data: bytes,
    filename: str,
    *,
    form: str | None = None,
    kind: str | None = None,
    corrects: str | None = None,
    send: bool = True,
    reason: str | None = None,
) -> UploadResult:
    """Upload a file and, with `send`, send it for approval if possible; otherwise `not_sent` gives the reason.

    `reason` is a code of `revision_reason`, required if the file replaces an accepted return. Raises like
    `uploading.upload_file`.
    """
    uploaded = uploading.upload_file(desk, who, data, filename, form=form, kind=kind, corrects=corrects)
    return _complete(desk, who, uploaded, reason, send=send)


def declare_nil(
    desk: Desk,
    who: Identity,
    form: str,
    periods: Sequence[str],
    comment: str | None = None,
    *,
    send: bool = True,
    reason: str | None = None,
) -> UploadResult:
    """Declare that there was nothing to count and, with `send`, send the nil return. Raises like `upload_nil`."""
    uploaded = uploading.upload_nil(desk, who, form, list(periods), comment)
    return _complete(desk, who, uploaded, reason, send=send)


def _complete(desk: Desk, who: Identity, uploaded: UploadResult, reason: str | None, *, send: bool) -> UploadResult:
    """Add the control totals of a return without errors, and send it if that was requested."""
    if uploaded.submission_id is None or uploaded.state != "checked":
        return uploaded
    submission_id = uploaded.submission_id
    uploaded = replace(uploaded, control_totals=reports.compare_control_totals(desk, who, submission_id))
    return _send_if_possible(desk, who, uploaded, submission_id, reason) if send else uploaded


def _send_if_possible(
    desk: Desk, who: Identity, uploaded: UploadResult, submission_id: str, reason: str | None
) -> UploadResult:
    try:
        signed = acts.send_submission(desk, who, submission_id, reason=reason)
    except (TransitionError, NotAllowedError) as error:
        return replace(uploaded, not_sent=error.localize_message(who.language))
    state = entries.get_submission(desk, who, submission_id).state
    return replace(uploaded, state=state, signed=signed, open_warnings=(), replaces=())
