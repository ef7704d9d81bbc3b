"""Publish the approved release at its minute, and notify the stewards of a failure."""

from __future__ import annotations

from pipelines.core.home import Home
from pipelines.refresh import embargo
from pipelines.refresh.results import Log
from pipelines.runs.reports import FailedRun, try_to_report

JOB = "publish"
NOT_PUBLISHED = "not_published"
"""Cause of a release whose approval was void: its draft had changed, or the audit log has no such approval."""


def publish_due_or_report(home: Home, *, log: Log) -> str | None:
    """Publish the approved draft if its minute has come; return the release, or None.

    A failure is reported once for each release and minute, then raised: the errors of `embargo.publish_due`.
    """
    approval = embargo.read_approval(home)
    if approval is None or not approval.is_due:
        return None
    try:
        release = embargo.publish_due(home, log=log)
    except Exception as error:
        _report(home, approval, type(error).__name__)
        raise
    is_void = release is None and embargo.read_approval(home) is None
    if is_void and not (home.releases / approval.release).exists():
        _report(home, approval, NOT_PUBLISHED)
    return release


def _report(home: Home, approval: embargo.Approval, cause: str) -> None:
    try_to_report(home, FailedRun(f"{approval.release} {approval.at}", JOB, approval.release, cause))
