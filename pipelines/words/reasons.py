"""Put reason codes into words for public and office pages: how two figures differ, and why a figure is missing."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.core.i18n import mark
from pipelines.words.language import Texts, many

ASPECTS: Mapping[str, str] = Texts(
    {
        "count_unit": mark("the count unit"),
        "stage": mark("the stage"),
        "level": mark("the level"),
        "moment": mark("the moment of counting"),
        "counted_at": mark("counting on entry or on leaving"),
        "offence_scope": mark("the scope of the offence"),
        "several_offences": mark("the counting of a person with several offences"),
        "attempts": mark("the inclusion of attempts"),
        "juveniles": mark("the inclusion of juveniles"),
        "legal_persons": mark("the inclusion of legal persons"),
        "unknown_perpetrators": mark("the inclusion of unknown perpetrators"),
        "period": mark("the period"),
        "breaks": mark("a break in the series"),
        "version": mark("the version of the ratio"),
        "reporters": mark("the reporters"),
        "jurisdiction": mark("the jurisdictions"),
    }
)
"""Aspects of two figures that are compared; the codes are `<aspect>_differs` and `<aspect>_not_stated`."""
DIFFER = mark("Differences between the two figures: {what}.")
UNSTATED = mark("Not known for at least one of the two figures: {what}.")
DIFFER_WITHIN = mark("The two counts behind this figure differ: {what}.")
UNSTATED_WITHIN = mark("Not known for at least one of the two counts: {what}.")
"""Of one figure that is made of two counts."""
OTHERS: Mapping[str, str] = Texts(
    {
        "card_missing": mark("How the office counts is not declared."),
        "cohort_open": mark("Too many of the followed cases are still open."),
        "counts_not_told": mark("The counts behind followed cases are not published."),
    }
)
UNDEFINED: Mapping[str, str] = Texts(
    {
        "resolved_missing": mark("Undefined: how many were resolved is not known."),
        "incoming_missing": mark("Undefined: how many came in is not known."),
        "stock_missing": mark("Undefined: how many were pending at the end is not known."),
        "no_incoming": mark("Undefined: nothing came in."),
        "no_resolved": mark("Undefined: nothing was resolved."),
        "nothing_pending": mark("Undefined: nothing was pending."),
        "reporters_differs": mark("Undefined: the two counts are not from the same reporters."),
        "count_unit_differs": mark("Undefined: the two counts are in different units."),
    }
)
"""Reasons why a CEPEJ clearance rate, turnover or disposition time is not defined."""
LEFT_OUT: Mapping[str, str] = Texts(
    {
        "withheld": mark("One of the four counts is withheld."),
        "not_both_periods": mark("One of the four counts is not available."),
        "reporters_differs": mark("The counts of the two years do not have the same reporters."),
        "few_territories": mark("Too few territories are included for a regional figure."),
    }
)
"""Reasons why a change from one year to the next is not shown. Used on public pages only."""
TOO_FEW_TO_SPLIT = mark("Too few to split: at least one of the four counts is under {enough}.")
VERDICTS = ("reconciles", "explained", "open")
"""Results of comparing two sources on the same figure. Used on public pages only."""


def count_verdict(verdict: str, n: int, *, is_one_source: bool = False) -> str:
    """Return how many pairs of figures have a verdict; two figures of one source are consistent, sources agree."""
    if verdict == "reconciles" and is_one_source:
        return many("{n} is consistent", "{n} are consistent", n)
    if verdict == "reconciles":
        return many("{n} agrees", "{n} agree", n)
    if verdict == "explained":
        return many("{n} differs for a declared reason", "{n} differ for declared reasons", n)
    return many("{n} differs with no reason given", "{n} differ with no reason given", n)


FINDINGS: Mapping[str, str] = Texts(
    {
        "reconciles": mark("The two agree."),
        "explained": mark("The two differ for a declared reason."),
        "open": mark("The two differ. No reason was given."),
    }
)
"""Verdict on one pair."""
FINDINGS_WITHIN: Mapping[str, str] = Texts(
    {
        "reconciles": mark("The two figures of this source are consistent."),
        "explained": mark("The two figures of this source differ for a declared reason."),
        "open": mark("The two figures of this source differ. No reason was given."),
    }
)
"""Verdict on two figures of one source: a check of that source."""
