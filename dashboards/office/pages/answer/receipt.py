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


_HASH = "SHA-256"


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
        (_keep_name_whole(context.tell("Fingerprint of the file (SHA-256)")), code.format(content["file"]["sha256"])),
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


def _keep_name_whole(text: str) -> ui.Markup:
    """Return a text in which no line ends within the name of the hash function."""
    return ui.Markup.escape(text).replace(_HASH, ui.render_whole(_HASH))


def _totals_table(context: PageContext, totals: Sequence[Mapping[str, Any]]) -> ui.PageTable | None:
    """Return the control totals from the check, a row for each measure, unit, crime and period; None without any."""
    if not totals:
        return None
    has_parts = len({line["jurisdiction"] for line in totals}) > 1
    rows = [
        ui.PageRow(
            _describe_total(context, line, has_parts=has_parts),
            (
                words.format_period(line["period"], context.language),
                *(_format_number(line[name]) for name in ("total", "sum", "cells", "missing")),
            ),
        )
        for line in sort_totals(totals)
    ]
    columns = [
        context.tell("Period"),
        context.tell("Total"),
        context.tell("Check sum: total and breakdowns together"),
        context.tell("Figures"),
        context.tell("Missing"),
    ]
    caption = context.tell("Control totals, to compare with your own")
    return ui.PageTable(caption, context.tell("What"), columns, rows, numbers=frozenset({1, 2, 3, 4}))


def sort_totals(totals: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the totals by part of the territory and crime, in the order of the proceedings, oldest period first."""
    from pipelines.core import codes

    stages = {code: int(row["stage_order"]) for code, row in codes.read_codelist("measure").items()}
    groups = codes.list_codes("offence_group")
    statistics = codes.list_codes("statistic")
    return sorted(
        totals,
        key=lambda line: (
            line["jurisdiction"],
            groups.index(line["offence_group"]) if line["offence_group"] in groups else len(groups),
            stages.get(line["measure"], len(stages)),
            line["measure"],
            line["level"],
            statistics.index(line["statistic"]) if line["statistic"] in statistics else len(statistics),
            line["count_unit"],
            line["period"],
        ),
    )


def _describe_total(context: PageContext, line: Mapping[str, Any], *, has_parts: bool) -> ui.Part:
    """Describe what is summed, in the words of the other tables of a return, and where if there are several parts."""
    from pipelines.office import answers

    keys = ("measure", "level", "statistic", "count_unit", "offence_group")
    description = answers.describe_total({name: line[name] for name in keys}, context.language)
    return f"{context.area_name(line['jurisdiction'])}: {description}" if has_parts else description


def _format_number(value: float | None) -> str:
    return "\N{EN DASH}" if value is None else f"{value:.15g}"
