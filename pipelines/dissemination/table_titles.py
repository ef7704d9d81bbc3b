"""Name the tables of a release for readers: as their dataflow is named, or by a title of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pipelines.core.i18n import mark
from pipelines.dissemination.dataflows import DATAFLOWS
from pipelines.words.language import tell

OF_DATAFLOWS: Final[Mapping[str, str]] = {
    "balance": "BALANCES",
    "clearance": "CLEARANCE",
    "coherence": "COHERENCE",
    "cohort": "COHORTS",
    "cooperation": "COOPERATION",
    "cooperation_basis": "COOPERATION_BASES",
    "cooperation_channel": "COOPERATION_CHANNELS",
    "cooperation_outcome": "COOPERATION_SHARES",
    "cooperation_quarter": "COOPERATION_QUARTERS",
    "cooperation_type": "COOPERATION_TYPES",
    "coverage": "COVERAGE",
    "decomposition": "CHANGES",
    "duration": "DURATIONS",
    "exit": "EXITS",
    "informal_exchange": "INFORMAL_EXCHANGE",
    "joint_team": "JOINT_TEAMS",
    "mirror": "MIRROR",
    "pair": "COMPARISONS",
    "pending": "PENDING_AGES",
    "population": "POPULATION",
    "quality": "QUALITY",
    "reference_figure": "REFERENCE_FIGURES",
    "region": "REGION",
    "revision": "REVISIONS",
    "sentence": "SENTENCE_LENGTHS",
    "stage_ratio": "RATIOS",
}
"""Tables whose figures are all in one dataflow."""
TITLES: Final[Mapping[str, str]] = {
    "area": mark("Territories and their parts"),
    "area_map": mark("Outlines of territories for maps"),
    "area_name": mark("Names of territories in each language"),
    "break": mark("Breaks in the series"),
    "card_pair": mark("Counts that may be divided by each other"),
    "cell": mark("Published counts"),
    "cell_submission": mark("Returns behind each count"),
    "change": mark("Figures that changed since the release before"),
    "codelist": mark("Codes and their meanings"),
    "codelist_label": mark("Labels of codes in each language"),
    "cooperation_return": mark("Returns on cooperation"),
    "cooperation_submission": mark("Returns behind the figures on cooperation"),
    "corrective_measure": mark("Measures against gaps"),
    "counting_card": mark("Ways of counting"),
    "counting_card_of": mark("Way of counting of each area and period"),
    "counting_rule": mark("Counting rules"),
    "indicator": mark("Counts, rates and shares with their intervals"),
    "legal_assessment": mark("Law on joint investigation teams"),
    "metadata": mark("Reference metadata"),
    "metric": mark("Definitions of indicators"),
    "metric_operand": mark("Counts behind each indicator"),
    "mirror_year": mark("Mirror statistics of requests by year"),
    "monitoring": mark("Monitoring of the Guidelines"),
    "note": mark("Notes on figures"),
    "pipeline": mark("Stages of proceedings next to each other"),
    "practice_label": mark("Texts of the questionnaire"),
    "practice_result": mark("Answers of practitioners"),
    "programme": mark("Published tables"),
    "release": mark("About this release"),
    "revision_summary": mark("Size of revisions"),
    "schema_change": mark("Changes of tables and definitions"),
    "submission": mark("Accepted returns"),
    "treaty_element": mark("What each treaty provides for"),
    "treaty_event": mark("Treaties that bind each territory"),
    "window": mark("Periods in which comparisons open"),
}
"""Titles of the other tables."""


def name_table(table: str) -> str:
    """Return the title of a table of a release in the reader's language; its name if a newer software wrote it."""
    if table in OF_DATAFLOWS:
        return tell(DATAFLOWS[OF_DATAFLOWS[table]].name)  # marked where declared
    return tell(TITLES[table]) if table in TITLES else table
