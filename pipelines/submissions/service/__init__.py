"""The desk: the only interface through which people, and programs on their behalf, reach submissions.

All functions raise NotAllowedError (with the same message whether a submission belongs to others or does not exist),
TransitionError (its state does not allow the act) or SubmissionRefusedError (this home does not accept such a file).
"""

from pipelines.ledger.identity import NotAllowedError
from pipelines.ledger.queries import Position
from pipelines.ledger.transitions import TransitionError
from pipelines.submissions.admission import RULES, SubmissionRefusedError
from pipelines.submissions.receipts import SignedReceipt
from pipelines.submissions.service.acts import approve, approve_many, ask_withdrawal, give_back, receipt, send, withdraw
from pipelines.submissions.service.desk import Desk, open_desk
from pipelines.submissions.service.entries import (
    Entry,
    Filter,
    Page,
    events,
    original,
    reported_periods,
    submission,
    submission_page,
    submissions,
)
from pipelines.submissions.service.handing_in import declare_nil, hand_in
from pipelines.submissions.service.memory import Remembered, justify, remembered
from pipelines.submissions.service.reports import accepted, history, previous, previous_events, report
from pipelines.submissions.service.stored import DamagedFileError
from pipelines.submissions.service.uploading import Uploaded, check, nil, upload

__all__ = [
    "RULES",
    "DamagedFileError",
    "Desk",
    "Entry",
    "Filter",
    "NotAllowedError",
    "Page",
    "Position",
    "Remembered",
    "SignedReceipt",
    "SubmissionRefusedError",
    "TransitionError",
    "Uploaded",
    "accepted",
    "approve",
    "approve_many",
    "ask_withdrawal",
    "check",
    "declare_nil",
    "events",
    "give_back",
    "hand_in",
    "history",
    "justify",
    "nil",
    "open_desk",
    "original",
    "previous",
    "previous_events",
    "receipt",
    "remembered",
    "report",
    "reported_periods",
    "send",
    "submission",
    "submission_page",
    "submissions",
    "upload",
    "withdraw",
]
