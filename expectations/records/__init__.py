"""Rules on the records of a register: persons, orders of events, sanctions, whole periods, and earlier returns.

What a record must satisfy by itself is a contract (`register.py`).  `event_tables.py` and `event_comparisons.py`
compute the tables, the modules here decide, and the lists below say which finding each rule reports.  Rules on the
return alone come first; those that need earlier returns have the scope `history`.
"""

from __future__ import annotations

from expectations.figures import PlausibilityRule
from expectations.records import events, periods, persons, sanctions
from expectations.reporting import FindingTemplate

_PERSON = {"dim": "dim", "category": "category", "other": "other", "records": "records"}
_PAIR = {"event": "event", "earlier": "event_first", "records": "records"}
FILE_RULES = (
    PlausibilityRule(
        persons.find_contradicting_persons, FindingTemplate("record.person", "category", "other", params=_PERSON)
    ),
    PlausibilityRule(
        events.find_exclusive_events,
        FindingTemplate("record.exclusive", "event_date", "event_date_first", params=_PAIR),
    ),
    PlausibilityRule(
        events.find_repeated_events, FindingTemplate("record.twice", "event_date", "event_date_first", params=_PAIR)
    ),
    PlausibilityRule(
        events.find_missing_stages,
        FindingTemplate(
            "record.stage_missing",
            "event_date",
            params={"event": "event", "earlier": "earlier", "records": "records"},
        ),
    ),
    PlausibilityRule(
        events.find_missing_outcomes,
        FindingTemplate("record.outcome_missing", "event_date", params={"event": "event", "records": "records"}),
    ),
    PlausibilityRule(
        sanctions.find_differing_sanctions,
        FindingTemplate(
            "record.sanctions",
            "given",
            "expected",
            params={"category": "category", "other": "other", "records": "records"},
            constants={"dim": "sentence_type"},
        ),
    ),
    PlausibilityRule(
        sanctions.find_missing_lengths,
        FindingTemplate("record.length_missing", params={"sentence_type": "sentence_type", "records": "records"}),
    ),
    PlausibilityRule(
        sanctions.find_sanctions_of_other_ages,
        FindingTemplate(
            "record.sanction_of_age",
            "age",
            params={"sentence_type": "sentence_type", "category": "age", "records": "records"},
            constants={"dim": "age"},
        ),
    ),
    PlausibilityRule(
        persons.find_unknown_columns, FindingTemplate("record.unknown", "unknown", params={"dim": "dim", "n": "n"})
    ),
    PlausibilityRule(
        periods.find_gaps,
        FindingTemplate(
            "record.gap", "gap_start", "gap_end", params={"period": "period", "measure": "event", "p": "p"}
        ),
    ),
    PlausibilityRule(
        periods.find_far_dates,
        FindingTemplate("record.far", "event_date", "newest", params={"records": "records"}),
    ),
)
"""Rules on a return by itself, in the order of their findings."""
HISTORY_RULES = (
    PlausibilityRule(
        persons.find_changed_persons, FindingTemplate("record.changed_person", "category", "other", params=_PERSON)
    ),
    PlausibilityRule(
        events.find_events_reported_before,
        FindingTemplate("record.reported_before", "event_date", "event_date_first", params=_PAIR),
    ),
    PlausibilityRule(
        events.find_events_of_ended_cases,
        FindingTemplate("record.ended", "event_date", "event_date_first", params=_PAIR),
    ),
    PlausibilityRule(
        periods.find_copied_periods,
        FindingTemplate("record.copied", "copied", params={"n": "n", "period": "period", "previous": "previous"}),
    ),
    PlausibilityRule(
        periods.find_surprising_numbers,
        FindingTemplate(
            "record.number",
            "value",
            params={"measure": "event", "period": "period", "n": "n", "mean": "mean", "p": "p"},
        ),
    ),
    PlausibilityRule(
        periods.find_shifted_shares,
        FindingTemplate(
            "record.share",
            "value",
            params={
                "dim": "dim",
                "category": "category",
                "period": "period",
                "n": "n",
                "share": "share",
                "periods": "periods",
                "p": "p",
            },
        ),
    ),
    PlausibilityRule(
        sanctions.find_unusual_lengths,
        FindingTemplate(
            "record.unusual_length",
            "sentence_months",
            "longest",
            params={"sentence_type": "sentence_type", "n": "known", "records": "records"},
        ),
    ),
    PlausibilityRule(
        sanctions.find_shifted_lengths,
        FindingTemplate(
            "record.lengths_shifted",
            "sentence_months",
            "expected",
            params={"sentence_type": "sentence_type", "period": "period", "n": "n", "p": "p"},
        ),
    ),
)
"""Rules that compare a return with earlier ones."""
RULES = (*FILE_RULES, *HISTORY_RULES)
