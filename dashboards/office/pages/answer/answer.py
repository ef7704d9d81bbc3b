"""Load what an answer consists of, each part once per request and only if it is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dashboards.office.context import PageContext

if TYPE_CHECKING:
    from pipelines.office.answers import Group, LocalizedFinding
    from pipelines.submissions.checking.report import Report
    from pipelines.submissions.service import Entry


@dataclass(frozen=True)
class Answer:
    """The answer to one submission for one reader."""

    context: PageContext
    entry: Entry
    report: Report

    @property
    def submission_id(self) -> str:
        return self.entry.submission_id

    @cached_property
    def groups(self) -> Sequence[Group]:
        """Return the findings by cause, the most severe first."""
        from pipelines.office import answers

        return answers.group_findings(self.report, self.context.language)

    @cached_property
    def events(self) -> Sequence[Mapping[str, Any]]:
        """Return the events of the submission, oldest first."""
        from pipelines.submissions import service

        return service.list_events(self.context.desk, self.context.who, self.submission_id)

    @cached_property
    def open_findings(self) -> Mapping[str, Sequence[LocalizedFinding]]:
        """Return the warnings that this person can still explain, by group in the order of the page."""
        if not self.entry.may_justify:
            return {}
        open_keys = {key for key, _ in self.entry.open_warnings}
        by_group = {
            group.id: [finding for finding in group.all_findings if finding.key in open_keys]
            for group in self.groups
            if group.severity == "warning"
        }
        return {group_id: findings for group_id, findings in by_group.items() if findings}


def load_answer(context: PageContext, submission_id: str) -> Answer:
    """Return the answer to a submission. Raises NotAllowedError, DamagedFileError."""
    from pipelines.submissions import service

    entry = service.get_submission(context.desk, context.who, submission_id)
    return Answer(context, entry, service.make_report(context.desk, context.who, submission_id))
