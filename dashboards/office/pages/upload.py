"""Take uploads, show the check step by step, and let the person confirm what was recognised.

Uploading does not send anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboards.office import access, html, layout, words
from dashboards.office.layout import PageContext
from dashboards.office.uploads import LARGEST, release_unclaimed
from pipelines.findings.texts import describe_finding
from pipelines.ledger.permissions import has_role_for
from pipelines.submissions.service.underway import Uploads

if TYPE_CHECKING:
    from pipelines.submissions.checking.check import Step
    from pipelines.submissions.checking.report import Report
    from pipelines.submissions.service import UploadResult

LARGEST_MB = LARGEST // 1024 // 1024
_FILES = "held"
_SHOWN = 3
_PARTS = {"reading": 0.1, "begun": 0.2, "judging": 0.6}
"""Position of the progress bar at each step; the end is not a step, the bar is removed then."""


@dataclass(frozen=True)
class _Outcome:
    """Result of one file of this session: the draft and its report, or why no draft was made."""

    filename: str
    uploaded: UploadResult | None = None
    error: str = ""


@dataclass
class _Files:
    """Files of one drop area in this session, by widget id: the result of each, and which are being checked."""

    done: dict[str, _Outcome] = field(default_factory=dict)
    underway: Uploads = field(default_factory=Uploads)

    def keep_only(self, present: list[str]) -> None:
        """Forget all files except these."""
        self.underway.keep_only(present)
        self.done = {identity: outcome for identity, outcome in self.done.items() if identity in present}


def render_page() -> None:
    """Render the page "Upload"."""
    context = access.enter_page()
    layout.show_title(
        context.tell("Upload a return"),
        context.tell(
            "Upload the file as your office makes it. It is checked at once and saved as a draft. Nothing is sent "
            "until you choose to send it."
        ),
    )
    show_uploader(context, "upload", lambda page, **query: layout.go_to_page(page, **query))
    layout.end_page(context)


def show_uploader(context: PageContext, key: str, go: Callable[..., Any]) -> None:
    """Show the drop area of a desk and the result of each file; the practice page has its own."""
    translate_drop_area(context)
    generation = st.session_state.setdefault(f"{key}.generation", 0)
    with st.container(key=f"drop-{key}" if key != "upload" else "drop"):
        files = st.file_uploader(
            context.tell("Your files (any format, at most {n} MB each)", n=LARGEST_MB),
            accept_multiple_files=True,
            max_upload_size=LARGEST_MB,
            key=f"{key}.files.{generation}",
        )
    tracked_files: _Files = st.session_state.setdefault(f"{key}.{_FILES}", _Files())
    present = [file.file_id for file in files or ()]
    tracked_files.keep_only(present)
    release_unclaimed(present, st.session_state.setdefault(f"{key}.unclaimed", {}))
    for file in files or ():
        if file.file_id not in tracked_files.done:
            tracked_files.done[file.file_id] = _check_file(
                context, tracked_files, file.name, file.getvalue(), file.file_id
            )
            tracked_files.underway.forget_file(file.file_id)
    for number, identity in enumerate(present):
        with st.container(key=f"outcome-{key}-{number}", gap="small"):
            _show_outcome(context, tracked_files, identity, files[number].getvalue(), go)
    if present:
        # Files are forgotten before the page runs, not by a second run: a file dropped between the two went to a drop
        # area that was about to be replaced, and was lost (seen in about one of forty uploads).
        st.button(
            context.tell("Clear the list and choose other files"),
            key=f"{key}.clear",
            on_click=forget_files,
            kwargs={"key": key},
        )


def forget_files(key: str) -> None:
    """Forget the files of a drop area, so that it is empty again."""
    st.session_state[f"{key}.generation"] = st.session_state.get(f"{key}.generation", 0) + 1
    files: _Files | None = st.session_state.pop(f"{key}.{_FILES}", None)
    if files is not None:
        files.keep_only([])


def translate_drop_area(context: PageContext) -> None:
    """Replace, by CSS, Streamlit's own words in the drop area, which are always in English."""
    replacements = {
        "instructions": context.tell("Drop your files here, or choose them from your computer."),
        "button": context.tell("Choose files"),
    }
    clean = {name: text.replace("\\", "").replace('"', "'").replace("<", "") for name, text in replacements.items()}
    button = "[data-testid=stFileUploaderDropzone] [data-testid=stBaseButton-secondary] p"
    st.html(
        "<style>[data-testid=stFileUploaderDropzoneInstructions] > * { display: none !important; }"
        f'[data-testid=stFileUploaderDropzoneInstructions]::before {{ content: "{clean["instructions"]}"; }}'
        f'{button} {{ font-size: 0; }} {button}::after {{ content: "{clean["button"]}"; font-size: .875rem; }}'
        "</style>"
    )


def _check_file(context: PageContext, files: _Files, filename: str, data: bytes, identity: str) -> _Outcome:
    """Check and store one file, showing each step as it completes, so that the first findings appear early.

    Any `st` call may end this run of the page in favour of the next one, which joins the same check here.
    """
    from pipelines.submissions import service
    from pipelines.submissions.checking.check import UnknownFormError

    escaped_name = words.escape_markdown(filename)
    with st.container(key=f"live-{identity}"):
        status = st.status(escaped_name, expanded=True)
    layout.announce_changes(identity)
    # Not within `with status`, at whose end Streamlit would show the check as complete while it is still running.
    bar = status.progress(_PARTS["reading"], text=context.tell("Reading the file"))
    first = status.empty()

    def on_step(step: Step) -> None:
        # Each `st` call is a message for which the browser redraws the page, so send none that the next one replaces.
        if step.name == "begun":
            bar.progress(
                _PARTS["begun"], text=context.tell("Only the beginning of the file has been read; the check continues")
            )
        elif step.name == "judging":
            doing = context.tell("Comparing with the rules and with your earlier returns")
            read = (
                context.tell("Read: {form}", form=context.form_name(step.form)) if step.form else context.tell("Read")
            )
            bar.progress(_PARTS["judging"], text=f"{words.escape_markdown(read)}. {doing}")
        if step.name in ("begun", "read"):
            _show_first_findings(context, first, step)

    try:
        uploaded = files.underway.begin_upload(context.desk, context.who, data, filename, identity).follow_steps(
            on_step
        )
    except (
        service.NotAllowedError,
        service.SubmissionRefusedError,
        service.TransitionError,
        UnknownFormError,
    ) as error:
        status.update(label=context.tell("{file}: not accepted", file=escaped_name), state="error")
        return _Outcome(filename, error=layout.error_text(error, context.language))
    except Exception:
        files.underway.forget_file(identity)
        raise
    status.update(label=context.tell("{file}: checked", file=escaped_name), state="complete", expanded=False)
    return _Outcome(filename, uploaded)


def _show_first_findings(context: PageContext, place: Any, step: Step) -> None:
    from pipelines.findings.finding import worst_first

    findings = worst_first(step.findings)
    if not findings:
        place.html(html.render_note(context.tell("The file itself has no errors so far.")))
        return
    lines = [
        html.Markup("{} {}: {}").format(
            html.render_badge(*words.describe_severity(finding.severity, context.language)),
            str(finding.where) or context.tell("the whole file"),
            describe_finding(finding, context.language).message,
        )
        for finding in findings[:_SHOWN]
    ]
    more = context.many("{n} finding so far", "{n} findings so far", len(findings))
    place.html(html.Markup("<p>{}</p>{}").format(more, html.render_list(lines)))


# ------------------------------------------------------------------------------------------------- what was recognised


def _show_outcome(context: PageContext, files: _Files, identity: str, data: bytes, go: Callable[..., Any]) -> None:
    outcome = files.done[identity]
    layout.show_heading(outcome.filename)
    if outcome.uploaded is None:
        layout.put_html(
            html.render_box("error", context.tell("Nothing was saved"), html.Markup("<p>{}</p>").format(outcome.error))
        )
        return
    uploaded, report = outcome.uploaded, outcome.uploaded.report
    layout.put_html(_describe_outcome(context, uploaded))
    layout.move_focus(f"outcome-{identity}", f"upload-{identity}-{uploaded.submission_id}")
    layout.put_html(
        html.Markup('<section class="rti-box rti-box-note" id="{}" tabindex="-1"><h3>{}</h3>{}</section>').format(
            f"outcome-{identity}", context.tell("This is what we read"), _describe_recognised(context, uploaded)
        )
    )
    if uploaded.submission_id is None:
        _explain_refusal(context, report)
    else:
        with st.container(horizontal=True):
            if st.button(
                context.tell("Yes, this is right: show the validation report"),
                type="primary",
                key=f"confirm.{identity}",
            ):
                go("answer", id=uploaded.submission_id)
    with st.expander(context.tell("No, it is something else")):
        _offer_other_form(context, files, identity, data, uploaded)


def _describe_outcome(context: PageContext, uploaded: UploadResult) -> html.Markup:
    report = uploaded.report
    if uploaded.submission_id is None:
        return html.render_badge("error", "✖", context.tell("Not saved: see below what to do"))
    if not uploaded.new:
        _, _, state = words.describe_state(uploaded.state or "received", context.language)
        return html.Markup("<p>{}</p>").format(
            context.tell("You have already uploaded this exact file. Its state: {state}.", state=state)
        )
    errors, warnings = report.count_findings("error"), report.count_findings("warning")
    if errors:
        return html.render_badge("error", "✖", context.many("{n} error to correct", "{n} errors to correct", errors))
    if warnings:
        return html.render_badge(
            "warning", "▲", context.many("{n} warning to explain", "{n} warnings to explain", warnings)
        )
    return html.render_badge("good", "✔", context.tell("No problems found"))


def _describe_recognised(context: PageContext, uploaded: UploadResult) -> html.Markup:
    report = uploaded.report
    if report.form is None:
        return html.Markup("<p>{}</p>").format(
            context.tell("No form was recognised in this file. Say below which form it is, or look at what is wrong.")
        )
    draft = (
        context.tell("A draft, number {id}. Nothing has been sent.", id=uploaded.submission_id)
        if uploaded.submission_id
        else ""
    )
    return html.render_facts(
        [
            (context.tell("Territory"), context.area_name(report.jurisdiction or "")),
            (context.tell("What"), context.code_label("instrument", report.instrument or "")),
            (context.tell("Form"), context.form_name(report.form)),
            (context.tell("Period"), words.format_periods((b.period for b in report.blocks), context.language)),
            (context.tell("Kind"), words.describe_code(words.KINDS, report.kind or "full", context.language)),
            (context.tell("Figures read"), f"{report.observations or report.events}"),
            (context.tell("Now"), draft),
        ]
    )


def _explain_refusal(context: PageContext, report: Report) -> None:
    from pipelines.office import answers

    parts = [
        html.Markup("<p><b>{}</b></p><p>{}</p>").format(group.title, group.remedy)
        for group in answers.group_findings(report, context.language)
        if group.severity == "error"
    ]
    layout.put_html(html.render_box("error", context.tell("Why it was not saved"), html.join_parts(parts), level=3))


def _offer_other_form(context: PageContext, files: _Files, identity: str, data: bytes, uploaded: UploadResult) -> None:
    """Withdraw the draft and check the file again as another form, or as corrections only."""
    own_forms = forms_to_submit(context)
    likely = [form for form in uploaded.report.candidates if form in own_forms]
    options = [*likely, *(form for form in own_forms if form not in likely)]
    if not options:
        layout.put_html(html.Markup("<p>{}</p>").format(context.tell("There is no form that you can submit.")))
        return
    layout.put_html(
        html.Markup("<p>{}</p>").format(
            context.tell(
                "The period is read from the file. If it is wrong, correct the title in the file and upload it again."
            )
        )
    )
    with st.form(key=f"other.{identity}", border=False):
        form = st.selectbox(
            context.tell("It is this form"), options, format_func=context.form_name, key=f"form.{identity}"
        )
        patch = st.checkbox(
            context.tell("It holds corrections only: all other figures stay as they were"), key=f"patch.{identity}"
        )
        is_submitted = st.form_submit_button(context.tell("Check again"))
    if is_submitted and form is not None:
        _offer_upload_again(context, uploaded)
        kind = "patch" if patch else None
        files.underway.begin_upload(
            context.desk, context.who, data, uploaded.filename, identity, form=str(form), kind=kind
        )
        del files.done[identity]
        st.rerun()


def _offer_upload_again(context: PageContext, uploaded: UploadResult) -> None:
    """Withdraw the draft that this upload made, so that the same bytes can be uploaded again; never anything sent."""
    from pipelines.submissions import service

    if uploaded.submission_id is not None and uploaded.state in ("received", "checked", "refused"):
        service.withdraw_submission(
            context.desk,
            context.who,
            uploaded.submission_id,
            "wrong_return",
            context.tell("Checked again as another form"),
        )


def forms_to_submit(context: PageContext) -> list[str]:
    """Return the forms that this person may submit, for the desk's kind of territories."""
    return [
        form.id
        for form in context.desk.registry.forms.values()
        if has_role_for(context.who, "receive", form.jurisdiction, form.instrument)
        and context.desk.registry.territory_of(form.jurisdiction).kind == context.desk.kind
    ]
