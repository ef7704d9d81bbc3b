"""Verify the audit log from the page "People"."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.office.pages.people.audit_log import can_read_audit_log
from dashboards.office.pages.people.page import render_people_page
from dashboards.office.requests import Form

router = APIRouter()
_MOST_FAULTS = 50


@router.post("/people/verify")
def verify_audit_log(form: Form) -> Response:
    """Verify the whole audit log, and show the result. Raises NotAllowedError."""
    from pipelines.ledger import permissions
    from pipelines.refresh import integrity

    context = form.context
    if not can_read_audit_log(context):
        raise permissions.make_missing_role_error()
    verification = integrity.verify_records(context.desk.home, context.desk.engine)
    faults = [f"{fault.seq}: {fault.localize_message(context.language)}" for fault in verification.faults]
    if faults:
        verdict = ("error", context.many("{n} fault found", "{n} faults found", len(faults)))
    else:
        verdict = ("good", context.many("{n} entry, no fault", "{n} entries, no fault", verification.entries))
    return render_people_page(context, verdict=verdict, faults=faults[:_MOST_FAULTS])
