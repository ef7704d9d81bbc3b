"""Handing in by a program, in one call: upload, and send where nothing is open.

The portal uploads and lets the person send.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pipelines.ledger.identity import NotAllowedError
from pipelines.ledger.transitions import TransitionError
from pipelines.submissions.service import acts, entries, uploading
from pipelines.submissions.service.desk import Desk
from pipelines.submissions.service.uploading import Uploaded

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
) -> Uploaded:
    """Hand in one file; with `send`, it is sent for approval where it can be, and else `not_sent` says why not.

    `reason` is a code of `revision_reason`, asked for where it replaces an accepted return. Raises as
    `uploading.upload`.
    """
    done = uploading.upload(desk, who, data, filename, form=form, kind=kind, corrects=corrects)
    return _sent(desk, who, done, reason) if send else done


def declare_nil(
    desk: Desk,
    who: Identity,
    form: str,
    periods: Sequence[str],
    comment: str | None = None,
    *,
    send: bool = True,
    reason: str | None = None,
) -> Uploaded:
    """Declare that there was nothing to count, as `hand_in` does with a file. Raises as `uploading.nil`."""
    done = uploading.nil(desk, who, form, list(periods), comment)
    return _sent(desk, who, done, reason) if send else done


def _sent(desk: Desk, who: Identity, done: Uploaded, reason: str | None) -> Uploaded:
    if done.submission_id is None or done.state != "checked":
        return done
    try:
        signed = acts.send(desk, who, done.submission_id, reason=reason)
    except (TransitionError, NotAllowedError) as error:
        return replace(done, not_sent=error.told(who.language))
    state = entries.submission(desk, who, done.submission_id).state
    return replace(done, state=state, signed=signed, open_warnings=(), replaces=())
