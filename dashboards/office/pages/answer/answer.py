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
    from pipelines.submissions.service import SubmissionEntry


@dataclass(frozen=True)
class Explanation:
    """Why a warning is right: a code of `justification_reason`, and the sender's words."""

    reason: str
    text: str


@dataclass(frozen=True)
class Answer:
    """The answer to one submission for one reader."""

    context: PageContext
    entry: SubmissionEntry
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

    @cached_property
    def explanations(self) -> Mapping[str, Explanation]:
        """Return the newest explanation of each explained warning, by the key of the finding."""
        explanations: dict[str, Explanation] = {}
        for event in self.events:
            if event["action"] == "justify" and (payload := event["payload"]):
                explanation = Explanation(payload["reason"], payload["text"])
                explanations.update(dict.fromkeys(payload["findings"], explanation))
        return explanations

    @cached_property
    def changeable_findings(self) -> Mapping[str, Sequence[LocalizedFinding]]:
        """Return the explained warnings whose explanation this person can still change, by group.

        A group that has open warnings too is left out: its form explains those.
        """
        if not self.entry.may_justify:
            return {}
        by_group = {
            group.id: [finding for finding in group.all_findings if finding.key in self.explanations]
            for group in self.groups
            if group.severity == "warning" and group.id not in self.open_findings
        }
        return {group_id: findings for group_id, findings in by_group.items() if findings}

    def has_open_warnings(self, group: Group) -> bool:
        """Return True if a warning of a group needs an explanation that is missing."""
        open_keys = {key for key, _ in self.entry.open_warnings}
        return any(finding.key in open_keys for finding in group.all_findings)

    def is_explained(self, group: Group) -> bool:
        """Return True if the warnings of a group are explained, all of them."""
        keys = {finding.key for finding in group.all_findings if finding.severity == "warning"}
        return bool(keys & self.explanations.keys()) and not self.has_open_warnings(group)


def load_answer(context: PageContext, submission_id: str) -> Answer:
    """Return the answer to a submission. Raises NotAllowedError, DamagedFileError."""
    from pipelines.submissions import service

    entry = service.get_submission(context.desk, context.who, submission_id)
    return Answer(context, entry, service.make_report(context.desk, context.who, submission_id))
