"""The desk: the one door through which people, and machines on their behalf, reach the intake.

All raise NotAllowedError (the same words whether a submission is foreign or not there), TransitionError (its state does
not allow it) or SubmissionRefusedError (this home takes such a file from nobody).
"""

from pipelines.desk.acts import approve, approve_many, ask_withdrawal, give_back, receipt, send, withdraw
from pipelines.desk.desk import Desk, open_desk
from pipelines.desk.entries import (
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
from pipelines.desk.handing_in import declare_nil, hand_in
from pipelines.desk.memory import Remembered, justify, remembered
from pipelines.desk.reports import accepted, history, previous, previous_events, report
from pipelines.desk.stored import DamagedFileError
from pipelines.desk.uploading import Uploaded, check, nil, upload
from pipelines.intake.admission import RULES, SubmissionRefusedError
from pipelines.intake.queries import Position
from pipelines.intake.receipts import SignedReceipt
from pipelines.intake.transitions import TransitionError
from pipelines.people.identity import NotAllowedError

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
