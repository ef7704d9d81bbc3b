"""Show the receipt of a return that was sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dashboards.office import words
from dashboards.office.context import PageContext
from dashboards.office.pages.answer.answer import Answer
from pipelines.design import components as ui
from pipelines.submissions.receipt_keys import public_path

if TYPE_CHECKING:
    from pipelines.submissions.service import SignedReceipt


@dataclass(frozen=True)
class ReceiptView:
    """A receipt: its name in one line, its facts, and the control totals. It is open for a sender who waits."""

    heading: str
    facts: Sequence[tuple[str, ui.Part]]
    totals: ui.PageTable | None
    filename: str
    key_filename: str
    is_open: bool


def view_receipt(answer: Answer) -> ReceiptView | None:
    """Return the newest receipt of a submission; None if it was never sent."""
    from pipelines.submissions import service

    context, entry = answer.context, answer.entry
    receipt = service.get_receipt(context.desk, context.who, entry.submission_id)
    if receipt is None:
        return None
    content = receipt.as_json()
    return ReceiptView(
        context.tell("{receipt}, {time}", receipt=receipt.receipt_id, time=words.format_time(receipt.at)),
        _list_facts(context, receipt, content),
        _totals_table(context, content["totals"]),
        receipt.filename,
        public_path(context.desk.home, content["key"]["id"]).name,
        entry.state == "sent" and entry.mine,
    )


def _list_facts(context: PageContext, receipt: SignedReceipt, content: Mapping[str, Any]) -> list[tuple[str, ui.Part]]:
    counts = content["counts"]
    code = ui.Markup('<span class="rti-code">{}</span>')
    return [
        (context.tell("Receipt"), code.format(receipt.receipt_id)),
        (context.tell("Return"), code.format(receipt.submission_id)),
        (context.tell("Sent"), words.format_time(content["sent_at"])),
        (context.tell("File"), content["file"]["name"]),
        (context.tell("Fingerprint of the file (SHA-256)"), code.format(content["file"]["sha256"])),
        (
            context.tell("Read"),
            context.tell(
                "{figures} figures ({missing} missing), {events} events, {explained} warnings explained",
                figures=counts["observations"],
                missing=counts["missing"],
                events=counts["events"],
                explained=counts["justified"],
            ),
        ),
        (context.tell("Version of the rules"), code.format(content["rules_version"])),
        (context.tell("Signature (Ed25519)"), code.format(content["signature"])),
    ]


def _totals_table(context: PageContext, totals: Sequence[Mapping[str, Any]]) -> ui.PageTable | None:
    """Return the control totals from the check; every part of the key except the figure describes what is summed."""
    if not totals:
        return None
    figures = [name for name in ("observations", "missing", "sum", "total", "value") if name in totals[0]]
    names = [name for name in totals[0] if name not in figures]
    rows = [
        ui.PageRow(
            " · ".join(context.code_label(name, str(line[name])) for name in names if line.get(name) not in (None, "")),
            tuple("" if line[name] is None else f"{line[name]:g}" for name in figures),
        )
        for line in totals
    ]
    titles = {
        "observations": context.tell("Figures"),
        "missing": context.tell("Missing"),
        "sum": context.tell("Sum"),
        "total": context.tell("Sum"),
        "value": context.tell("Sum"),
    }
    return ui.PageTable(
        context.tell("Control totals, to compare with your own"),
        context.tell("What"),
        [titles[name] for name in figures],
        rows,
        numbers=frozenset(range(len(figures))),
    )
