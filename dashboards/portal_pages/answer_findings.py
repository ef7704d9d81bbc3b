"""Show the findings of an answer by cause, each with its place, the value found, the value expected, and how to
correct it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from dashboards import portal_html as html
from dashboards import portal_layout as layout
from dashboards import portal_words as words
from dashboards.portal_layout import Here

if TYPE_CHECKING:
    from pipelines.office.answers import Group, Told
    from pipelines.submissions.checking.report import Report
    from pipelines.submissions.service import Entry, Remembered


def anchor(told: Told) -> str:
    """Return the anchor of a finding on the page."""
    return f"f-{told.key}"


def show(here: Here, entry: Entry, report: Report, groups: Sequence[Group]) -> None:
    """Show every group, the worst first; warnings of a draft with the form that explains them."""
    from pipelines.submissions import service

    if not groups:
        layout.put(html.Markup("<p>{}</p>").format(here.tell("Nothing was found.")))
        return
    _mended(here, entry, report, groups)
    known: Mapping[str, Remembered] = {}
    if entry.may_justify and entry.open_warnings:
        known = service.remembered(here.desk, here.who, entry.submission_id)
    told = _explained(here, entry)
    still_open = {key for key, _ in entry.open_warnings}
    asked = {
        group.id: wanted
        for group in groups
        if entry.may_justify
        and group.severity == "warning"
        and (wanted := [told for told in group.all_findings if told.key in still_open])
    }
    for group in groups:
        layout.put(_group(here, group, told))
        if group.id in asked:
            _explain(here, entry, group, asked[group.id], known, [one for one in asked if one != group.id])
    if report.not_run:
        layout.put(
            html.note(
                here.tell("Nothing of this series was accepted before, so that it was compared with no earlier return.")
            )
        )


def _explained(here: Here, entry: Entry) -> dict[str, html.Part]:
    """Return the explanation of each warning, by finding; "open" if one is required and missing."""
    from pipelines.submissions import service

    out: dict[str, html.Part] = {
        key: html.badge("warning", "▲", here.tell("not explained")) for key, _ in entry.open_warnings
    }
    for event in service.events(here.desk, here.who, entry.submission_id):
        if event["action"] == "justify" and event["payload"]:
            reason = here.label("justification_reason", event["payload"]["reason"])
            out.update(dict.fromkeys(event["payload"]["findings"], f"{reason}: {event['payload']['text']}"))
    return out


def _group(here: Here, group: Group, told: Mapping[str, html.Part]) -> html.Markup:
    head = html.Markup("<h3>{} {}</h3><p>{}</p>").format(
        html.badge(*words.severity(group.severity, here.language)),
        group.title,
        html.Markup("<b>{}</b> {}").format(here.tell("What to do:"), group.remedy) if group.remedy else "",
    )
    first, rest = group.first, group.findings[len(group.first) :]
    parts = [head, _table(here, group, first, told)]
    if rest:
        more = here.many("{n} more place", "{n} more places", len(rest))
        parts.append(
            html.Markup("<details><summary>{}</summary>{}</details>").format(more, _table(here, group, rest, told))
        )
    if group.unlisted:
        parts.append(
            html.note(
                here.many(
                    "{n} more of this kind was counted and is not listed.",
                    "{n} more of this kind were counted and are not listed.",
                    group.unlisted,
                )
            )
        )
    if group.consequences:
        caused = html.join(_group(here, one, told) for one in group.consequences)
        parts.append(
            html.Markup("<details><summary>{}</summary>{}</details>").format(
                here.many(
                    "{n} further cause that most likely vanishes with this one",
                    "{n} further causes that most likely vanish with this one",
                    len(group.consequences),
                ),
                caused,
            )
        )
    return html.Markup('<section class="rti-group" id="{}" tabindex="-1">{}</section>').format(
        group.id, html.join(parts)
    )


def _table(here: Here, group: Group, findings: Sequence[Told], told: Mapping[str, html.Part]) -> html.Markup:
    rows = [
        html.Row(
            one.place or here.tell("the whole file"),
            (one.message, one.seen or "", one.expected or "", _suggested(here, one), told.get(one.key, "")),
            anchor=anchor(one),
            kind=group.severity,
        )
        for one in findings
    ]
    columns = [
        here.tell("What was found"),
        here.tell("What is there"),
        here.tell("Expected"),
        here.tell("Suggestion"),
        here.tell("Explained"),
    ]
    return html.table(html.without_empty(html.Table(group.title, here.tell("Place"), columns, rows, quiet=True)))


def _suggested(here: Here, told: Told) -> html.Part:
    if told.suggestion is None:
        return ""
    if told.suggestion.certain:
        return html.Markup("<b>{}</b>").format(told.suggestion.value)
    options = (told.suggestion.value, *told.suggestion.others)
    return here.tell("perhaps {options}", options=", ".join(options[:3]))


# ----------------------------------------------------------------------------------------------------- a corrected copy


def _mended(here: Here, entry: Entry, report: Report, groups: Sequence[Group]) -> None:
    """Offer to apply all unambiguous corrections in a copy of the file, to review and upload."""
    from pipelines.office import answers
    from pipelines.submissions import service

    certain = [
        told.finding
        for group in groups
        for told in group.all_findings
        if told.suggestion is not None and told.suggestion.certain
    ]
    if not certain or report.format != "xlsx" or not entry.mine:
        return
    filename, data = service.original(here.desk, here.who, entry.submission_id)
    st.download_button(
        here.many(
            "Download a copy with the {n} certain suggestion put in",
            "Download a copy with the {n} certain suggestions put in",
            len(certain),
        ),
        lambda: answers.mended(data, certain, report),
        file_name=here.tell("mended-{file}", file=filename),
        on_click="ignore",
        key="answer.mended",
    )


# --------------------------------------------------------------------------------------------- explanation of a warning


def _explain(
    here: Here,
    entry: Entry,
    group: Group,
    wanted: Sequence[Told],
    known: Mapping[str, Remembered],
    others: Sequence[str],
) -> None:
    """Show the form of one group: a coded reason and a comment, stored for each of its places.

    `others` are the other open groups: once this one is explained, the first of them comes next.
    """
    from pipelines.core import codes
    from pipelines.submissions.ledger import MINIMUM_TEXT

    before = next((known[told.key] for told in wanted if told.key in known), None)
    if before is not None:
        _offer(here, entry, group, wanted, before, others)
    with st.form(key=f"explain.{group.id}", border=True):
        reason = st.selectbox(
            here.tell("Reason: {cause}", cause=words.plain(group.title)),
            codes.codes("justification_reason"),
            index=None,
            placeholder=here.tell("Choose a reason"),
            format_func=lambda code: here.label("justification_reason", code),
            key=f"reason.{group.id}",
        )
        text = st.text_area(
            here.tell("Explanation in words (at least {n} characters)", n=MINIMUM_TEXT), key=f"text.{group.id}"
        )
        asked = st.form_submit_button(
            here.many("Keep this explanation for {n} place", "Keep this explanation for {n} places", len(wanted))
        )
    if not asked:
        return
    if reason is None:
        st.error(here.tell("Choose a reason first."), icon=None)
    else:
        _keep(here, entry, wanted, str(reason), text or "", others)


def _offer(
    here: Here, entry: Entry, group: Group, wanted: Sequence[Told], before: Remembered, others: Sequence[str]
) -> None:
    layout.put(
        html.box(
            "note",
            here.tell("You explained this before"),
            html.Markup("<p>&ldquo;{}&rdquo;</p><p>{}</p>").format(
                before.text,
                here.tell(
                    "{reason}; written on {day}, offered until {end}.",
                    reason=here.label("justification_reason", before.reason),
                    day=words.day(before.at),
                    end=words.day(before.expires_at),
                ),
            ),
            level=4,
        )
    )
    if st.button(here.tell("It is still true: use it again"), key=f"again.{group.id}"):
        _keep(here, entry, wanted, before.reason, before.text, others)


def _keep(here: Here, entry: Entry, wanted: Sequence[Told], reason: str, text: str, others: Sequence[str]) -> None:
    from dashboards.portal_pages.answer_forms import say
    from pipelines.submissions import service

    try:
        for told in wanted:
            still = service.justify(here.desk, here.who, entry.submission_id, told.key, reason, text)
    except (service.NotAllowedError, service.TransitionError) as error:
        layout.refused(here, error)
        return
    say(here.many("Kept. {n} warning is still open.", "Kept. {n} warnings are still open.", still), *others[:1])
    st.rerun()
