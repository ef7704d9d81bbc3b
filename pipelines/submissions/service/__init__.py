"""The desk: the only interface through which people, and programs on their behalf, reach submissions.

All functions raise NotAllowedError (with the same message whether a submission belongs to others or does not exist),
TransitionError (its state does not allow the act) or SubmissionRefusedError (this home does not accept such a file).
"""

from pipelines.ledger.identity import NotAllowedError
from pipelines.ledger.queries import Position
from pipelines.ledger.transitions import TransitionError
from pipelines.submissions.admission import RULES, SubmissionRefusedError
from pipelines.submissions.checking.control_totals import ControlTotal
from pipelines.submissions.receipts import SignedReceipt
from pipelines.submissions.service.acts import (
    approve_many,
    approve_submission,
    ask_withdrawal,
    get_receipt,
    give_back,
    send_submission,
    withdraw_submission,
)
from pipelines.submissions.service.desk import Desk, open_desk
from pipelines.submissions.service.entries import (
    SubmissionEntry,
    SubmissionFilter,
    SubmissionPage,
    get_submission,
    list_events,
    list_requested_withdrawals,
    list_submissions,
    read_original,
    reported_periods,
    submission_page,
)
from pipelines.submissions.service.handing_in import declare_nil, hand_in
from pipelines.submissions.service.memory import EarlierJustification, find_earlier_justifications, justify_warnings
from pipelines.submissions.service.reports import (
    compare_control_totals,
    find_replaced_returns,
    make_report,
    previous_events,
    read_accepted_figures,
    read_history,
    read_last_totals,
    read_previous_figures,
)
from pipelines.submissions.service.stored import DamagedFileError
from pipelines.submissions.service.uploading import UploadResult, check_file, upload_file, upload_nil

__all__ = [
    "RULES",
    "ControlTotal",
    "DamagedFileError",
    "Desk",
    "EarlierJustification",
    "NotAllowedError",
    "Position",
    "SignedReceipt",
    "SubmissionEntry",
    "SubmissionFilter",
    "SubmissionPage",
    "SubmissionRefusedError",
    "TransitionError",
    "UploadResult",
    "approve_many",
    "approve_submission",
    "ask_withdrawal",
    "check_file",
    "compare_control_totals",
    "declare_nil",
    "find_earlier_justifications",
    "find_replaced_returns",
    "get_receipt",
    "get_submission",
    "give_back",
    "hand_in",
    "justify_warnings",
    "list_events",
    "list_requested_withdrawals",
    "list_submissions",
    "make_report",
    "open_desk",
    "previous_events",
    "read_accepted_figures",
    "read_history",
    "read_last_totals",
    "read_original",
    "read_previous_figures",
    "reported_periods",
    "send_submission",
    "submission_page",
    "upload_file",
    "upload_nil",
    "withdraw_submission",
]
