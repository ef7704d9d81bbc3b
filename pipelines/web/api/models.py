"""Define the API's request and response models, for its description (OpenAPI) and its readers.

The report is that of `rti check --json`, whose full schema is `docs/schema/check-report.json`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipelines.core import codes
from pipelines.model.periods import Period
from pipelines.submissions.changes import LONGEST_TEXT
from pipelines.submissions.decisions import MINIMUM_TEXT


def _listed(codelist: str) -> dict[str, Any]:
    """Name the codes of a list in the description; the ledger refuses others, with words."""
    return {"enum": list(codes.list_codes(codelist))}


Comment = Annotated[str, Field(max_length=LONGEST_TEXT)]
Reason = Annotated[
    str, Field(description="A code of the list revision_reason.", json_schema_extra=_listed("revision_reason"))
]


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow")


class Problem(_Open):
    """Why a request was not carried out (RFC 9457)."""

    type: str = "about:blank"
    title: str = Field(examples=["Not there"])
    status: int = Field(examples=[404])
    detail: str = Field(description="What happened.")
    remedy: str = Field(description="What to do.")
    reference: str | None = Field(None, description="For a fault of the service: its reference in the service log.")


class NotKept(Problem):
    """A file that was not kept, with all that was found in it."""

    result: UploadBody


class FileBody(_Open):
    """A file as it came."""

    name: str = Field(examples=["Pravosudstvo_2026_K3.xlsx"])
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(description="Bytes.", ge=0)
    format: str | None = Field(None, examples=["xlsx"])


class BlockBody(_Open):
    """One block: the unit that supersedes an earlier one."""

    jurisdiction: str = Field(description="A code, as `rti territories` lists them.")
    instrument: str = Field(examples=["justice"])
    form: str = Field(description="The series.")
    freq: str = Field(examples=["Q"])
    period: str = Field(examples=["2026-Q3"])
    rows: int
    nil: bool


class FindingBody(_Open):
    """One finding, in the reader's language."""

    key: str = Field(description="Names the finding when it is justified.", examples=["c81be67d163a1cac"])
    rule: str = Field(examples=["plausible.jump"])
    severity: Literal["error", "warning", "information"]
    scope: Literal["file", "history"]
    params: dict[str, Any]
    where: dict[str, Any] = Field(description="File, sheet, cell, page, line ... and `words`.")
    seen: Any = None
    expected: Any = None
    message: str
    remedy: str


class ReportBody(_Open):
    """The report of a check, as `rti check --json` prints it (docs/schema/check-report.json)."""

    verdict: Literal["good", "information", "warning", "error", "unreadable"]
    file: FileBody
    territory: str | None
    jurisdiction: str | None
    instrument: str | None
    form: str | None
    candidates: list[str]
    kind: Literal["full", "patch", "nil"] | None
    blocks: list[BlockBody]
    observations: int
    events: int
    totals: list[dict[str, Any]] = Field(description="Control totals by period and measure.")
    rules_version: str
    declaration_hash: str
    hash: str = Field(description="The same offline and here, for the same file, declarations and rules.")
    history_hash: str | None
    language: str
    findings: list[FindingBody] = Field(description="Worst first.")
    history_rules: list[dict[str, Any]]
    not_run: list[str]


class SameFile(_Open):
    """An earlier arrival of the same bytes."""

    submission_id: str
    state: str


class ToJustify(_Open):
    """A warning that asks for a written justification before the return can be sent."""

    finding: str
    rule: str


class ReceiptBody(_Open):
    """A signed receipt (docs/schema/receipt.json). Keep the bytes of `/receipt` as they are."""

    version: str = Field(examples=["rti-receipt-1"])
    receipt_id: str = Field(examples=["R0123456789abcde"])
    submission_id: str = Field(examples=["S4105b7433556dd9"])
    sent_at: str = Field(examples=["2026-11-09T09:00:00Z"])
    sender: str
    file: FileBody
    signature: str = Field(description="Ed25519, hexadecimal, over the line without this member.")


class ControlTotalBody(_Open):
    """A total of the newest period next to the same total of an earlier period."""

    measure: str = Field(examples=["indicted"])
    offence_group: str = Field(examples=["TIP"])
    accumulation: str = Field(description="`ytd` for a total from January on.", examples=["discrete"])
    age: str = Field(description="`Y_GE18` where the return counts adults only.", examples=["_T"])
    period: str = Field(examples=["2026-Q3"])
    value: float | None
    earlier_period: str | None = Field(examples=["2026-Q2"])
    earlier_value: float | None
    difference: float | None


class UploadBody(_Open):
    """The state of a file, as `rti submit --json` prints it, with the receipt where it was sent."""

    file: FileBody
    submission_id: str | None = Field(examples=["S4105b7433556dd9"])
    state: str | None = Field(examples=["checked"])
    received_at: str | None
    new: bool = Field(description="False where the same bytes came before; the file is not stored a second time.")
    same_file: list[SameFile]
    to_justify: list[ToJustify]
    replaces: list[str] = Field(description="Periods accepted before that it replaces, while a reason is lacking.")
    report: ReportBody
    receipt: ReceiptBody | None = None
    not_sent: str | None = Field(None, description="Why it was not sent although it was asked for.")
    control_totals: list[ControlTotalBody] = Field(
        description="The largest totals and those that changed most, to compare with the office's records."
    )


class ReplacedBody(_Open):
    """A later return that counts instead of this one."""

    submission_id: str = Field(examples=["S4105b7433556dd9"])
    since: str = Field(examples=["2026-11-20T09:00:00Z"])
    periods: list[str] = Field(examples=[["2026-Q3"]])


class SubmissionBody(_Open):
    """A submission as this account sees it."""

    submission_id: str = Field(examples=["S4105b7433556dd9"])
    state: str = Field(examples=["sent"])
    file: FileBody
    territory: str | None
    form: str | None
    kind: str | None
    blocks: list[BlockBody]
    received_at: str
    sender: str
    accepted_at: str | None
    corrects: str | None
    revision_reason: str | None
    errors: int | None
    warnings: int | None
    informations: int | None
    to_justify: list[ToJustify]
    replaces: bool = Field(description="Whether a block has an accepted predecessor: sending asks for a reason.")
    replaced_by: list[ReplacedBody] = Field(description="Accepted later, and counting in its place for these periods.")
    last_comment: str | None
    last_at: str | None
    may: list[str] = Field(description="What this account may do with it now.", examples=[["justify", "send"]])


class StateBody(_Open):
    """The state of a submission after an act."""

    submission_id: str
    state: str
    to_justify: int = Field(0, description="Warnings that still lack their justification.")


class JustifyRequest(BaseModel):
    """Why a warning is right."""

    model_config = ConfigDict(extra="forbid")
    finding: str | None = Field(None, description="The finding's key; without it, every open warning.")
    reason: str = Field(
        description="A code of the list justification_reason.",
        examples=["large_case"],
        json_schema_extra=_listed("justification_reason"),
    )
    text: str = Field(
        min_length=MINIMUM_TEXT,
        max_length=LONGEST_TEXT,
        description="Why, in words.",
        examples=["One case with eleven defendants"],
    )


class SendRequest(BaseModel):
    """Sending for approval."""

    model_config = ConfigDict(extra="forbid")
    reason: Reason | None = Field(None, description="A code of the list revision_reason, where it replaces a return.")
    comment: Comment | None = None


class ApproveRequest(BaseModel):
    """Accepting a return."""

    model_config = ConfigDict(extra="forbid")
    comment: Comment | None = None
    override: bool = Field(False, description="A steward accepts in the office's stead; asks for a comment.")


class ReturnRequest(BaseModel):
    """Giving a return back to its sender."""

    model_config = ConfigDict(extra="forbid")
    comment: str = Field(min_length=1, max_length=LONGEST_TEXT, description="What the sender has to correct.")


class WithdrawRequest(BaseModel):
    """Taking a return back."""

    model_config = ConfigDict(extra="forbid")
    reason: Reason = Field(examples=["wrong_return"])
    comment: str = Field(min_length=1, max_length=LONGEST_TEXT)
    override: bool = Field(False, description="As a steward, of what counts, in the stead of the office's approver.")


class AskWithdrawalRequest(BaseModel):
    """Asking a second person to take an accepted return back."""

    model_config = ConfigDict(extra="forbid")
    reason: Reason = Field(examples=["wrong_return"])
    comment: str = Field(min_length=1, max_length=LONGEST_TEXT)


class NilRequest(BaseModel):
    """Nothing to count in some periods."""

    model_config = ConfigDict(extra="forbid")
    form: str = Field(examples=["MK-JUSTICE-2"])
    periods: list[Annotated[str, Field(json_schema_extra={"pattern": Period.PATTERN})]] = Field(
        min_length=1, examples=[["2026-Q3"]]
    )
    comment: Comment | None = None
    send: bool = Field(False, description="Send it for approval at once.")
    reason: Reason | None = Field(None, description="A code of the list revision_reason, where it replaces a return.")


NotKept.model_rebuild()
