"""Describe an answer above its views: facts, replacements, overrides, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dashboards.office import words
from dashboards.office.pages.answer.answer import Answer
from dashboards.office.pages.answer.section import AnswerSection
from pipelines.design import components as ui
from pipelines.ledger.transitions import DRAFT


def list_facts(answer: Answer, section: AnswerSection) -> list[tuple[str, ui.Part]]:
    """Return what is known about a return, as terms and descriptions."""
    context, entry = answer.context, answer.entry
    row = entry.row
    return [
        (context.tell("Number"), ui.Markup('<span class="rti-code">{}</span>').format(row.submission_id)),
        (context.tell("File"), f"{row.filename} ({words.format_size(row.size, context.language)})"),
        (context.tell("Form"), context.describe_form(row.form)),
        (context.tell("Kind"), words.describe_kind(row.kind, context.language, replaces=entry.replaces)),
        (
            context.tell("Uploaded"),
            context.tell(
                "{time} by {who}", time=words.format_time(row.received_at), who=context.name_person(row.sender)
            ),
        ),
        (context.tell("Replaces"), link_replaced_returns(answer, section) if entry.replaces else ""),
        (
            context.tell("Reason"),
            context.code_label("revision_reason", row.revision_reason) if row.revision_reason else "",
        ),
    ]


def link_replaced_returns(answer: Answer, section: AnswerSection) -> ui.Markup:
    """Return links to the accepted returns that a return replaces, with the file, the state and the day of each."""
    from pipelines.submissions import service

    context = answer.context
    replaced_returns = service.find_replaced_returns(context.desk, context.who, answer.submission_id)
    links = []
    for replaced in replaced_returns:
        _, _, state = words.describe_state(words.state_to_show(replaced), context.language)
        link = ui.render_link(replaced.row.filename, section.make_address(replaced.submission_id))
        day = words.format_day(replaced.row.received_at)
        links.append(ui.join_parts((link, f" ({state}, {day})")))
    if not links:
        return ui.Markup.escape(context.tell("A return that was accepted before. Both are kept."))
    return ui.join_parts((ui.join_parts(links, ", "), context.tell("Both are kept.")), ". ")


def list_overrides(answer: Answer) -> list[tuple[str, list[str]]]:
    """Return what a steward approved or withdrew on behalf of the office: titles with times, names and comments."""
    context = answer.context
    if answer.entry.state not in ("approved", "published", "withdrawn"):
        return []
    titles = {
        "approve": context.tell("Approved by override of the steward"),
        "withdraw": context.tell("Withdrawn by override of the steward"),
    }
    overrides = []
    for action, title in titles.items():
        sentences = [
            context.tell(
                "{time} by {who}: {comment}",
                time=words.format_time(event["at"]),
                who=context.name_person(event["actor"]),
                comment=event["comment"] or "",
            )
            for event in answer.events
            if event["action"] == action and (event["payload"] or {}).get("override")
        ]
        if sentences:
            overrides.append((title, sentences))
    return overrides


@dataclass(frozen=True)
class Verdict:
    """The verdict on a return: the kind of box, the sentence, and how much was read."""

    kind: str
    text: str
    counts: str


def describe_verdict(answer: Answer) -> Verdict:
    """Return the verdict on a return in words."""
    context, entry, report = answer.context, answer.entry, answer.report
    errors, warnings = report.count_findings("error"), report.count_findings("warning")
    still_open = len(entry.open_warnings)
    if report.verdict == "unreadable":
        kind, text = "error", context.tell("This file cannot be read. It was not used.")
    elif errors:
        kind = "error"
        text = context.many(
            "You cannot send this return yet: correct {n} error in the file.",
            "You cannot send this return yet: correct {n} errors in the file.",
            errors,
        )
    elif entry.state == "checked" and still_open:
        kind = "warning"
        text = context.many(
            "No errors. {n} warning asks for an explanation before this return can be sent.",
            "No errors. {n} warnings ask for an explanation before this return can be sent.",
            still_open,
        )
    elif entry.state == "checked" and entry.may_send and not warnings:
        kind = "good"
        text = (
            context.tell("No errors and no warnings. You can send this return.")
            if answer.report.findings
            else context.tell("No problems found. You can send this return.")
        )
    elif entry.state == "checked" and entry.may_send:
        kind, text = "good", context.tell("No errors, and every warning is explained. You can send this return.")
    elif warnings:
        kind = "note"
        text = context.many(
            "No errors. {n} warning, which is explained.",
            "No errors. {n} warnings, all explained.",
            warnings,
        )
    else:
        kind, text = "good", context.tell("No errors and no warnings.")
    return Verdict(kind, text, " ".join(_list_counts(answer)))


def find_next_step(answer: Answer) -> Literal["", "explain", "correct"]:
    """Return what the sender has to do with a draft before it can be sent: explain warnings, or correct the file."""
    entry = answer.entry
    if not entry.mine or entry.state not in DRAFT:
        return ""
    if answer.report.verdict == "unreadable" or answer.report.count_findings("error"):
        return "correct"
    return "explain" if entry.open_warnings else ""


def list_sent_rivals(answer: Answer, section: AnswerSection) -> list[ui.Part]:
    """Return the other returns for some of the same periods that are sent and wait for approval, as links.

    Only for a return that is not accepted yet: of several, the one that is accepted last counts.
    """
    from pipelines.submissions import service

    context, entry = answer.context, answer.entry
    if entry.state not in (*DRAFT, "sent") or not entry.blocks:
        return []
    keys = {(block.form, block.freq, block.period) for block in entry.blocks}
    return [
        ui.join_parts(
            (
                ui.render_link(context.describe_submission(rival), section.make_address(rival.submission_id)),
                rival.row.filename,
            ),
            " ",
        )
        for rival in service.list_submissions(context.desk, context.who, states=["sent"])
        if rival.submission_id != entry.submission_id
        and keys & {(block.form, block.freq, block.period) for block in rival.blocks}
    ]


def _list_counts(answer: Answer) -> Sequence[str]:
    context, report = answer.context, answer.report
    sentences = []
    if report.observations or not report.events:
        sentences.append(context.many("{n} figure was read.", "{n} figures were read.", report.observations))
    if report.events:
        sentences.append(context.many("{n} event was read.", "{n} events were read.", report.events))
    if answer.entry.state in ("checked", "refused", "received"):
        was_returned = any(event["action"] == "give_back" for event in answer.events)
        sentences.append(
            context.tell("It was returned to its sender, and does not count until it is sent again and approved.")
            if was_returned
            else context.tell("It is a draft: nothing has been sent.")
        )
    return sentences
