"""Tests of the notes in files: each says what the figure is made of, as the pages do."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.dissemination.dataflows import DATAFLOWS
from pipelines.dissemination.notes import describe_notes
from pipelines.dissemination.release import _build_dataflow, _find_bases
from pipelines.warehouse.metrics import metrics

_RATIO = "Fewer than 20 in one of the two counts: chance alone can change this a lot."
_SHARE = "Fewer than 20 in the part or in the rest: chance alone can change this a lot."
_COUNT = "Fewer than 20: chance alone can change this a lot."


@pytest.mark.parametrize(
    ("indicator", "note"),
    [
        ("rate", _COUNT),
        ("exit", _COUNT),
        ("duration_first", _COUNT),
        ("share", _SHARE),
        ("exit_share", _SHARE),
        ("custodial_share_first", _SHARE),
        ("convicted_first_per_adjudicated_first", _SHARE),
        ("indicted_per_reported", _RATIO),
        ("clearance_rate_first", _RATIO),
        ("decomposition_convicted", "Too few to split: at least one of the four counts is under 20."),
    ],
)
def test_note_on_few_cases_names_the_counts_that_the_indicator_is_made_of(indicator: str, note: str) -> None:
    row = {"INDICATOR": indicator, "COMPARABILITY": "too_few", "OBS_VALUE": 12.0, "OBS_STATUS": "A", "CONF_STATUS": "F"}
    rows = [{"metric": item.id, "kind": item.kind, "is_nested": item.nested} for item in metrics.load()]
    flow = _build_dataflow("RATIOS", DATAFLOWS["RATIOS"], _find_bases(rows))
    assert describe_notes(pl.DataFrame([row]), flow, "en").to_list() == [note]
