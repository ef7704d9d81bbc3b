"""Export of corrective measures for a release, and the invented measures of a demonstration."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipelines.core import clock
from pipelines.core.home import initialise_home
from pipelines.ledger.opening import open_ledger
from pipelines.survey import listed_measures, public_measures
from pipelines.survey.bank import load_bank
from pipelines.survey.measures import STATUSES, add_measure, read_measures, update_measure
from pipelines.survey.monitored_themes import list_outcomes, load_themes
from pipelines.survey.surveys import SurveyError
from tests.support import surveys as fakes
from tests.support.paths import ROOT

TEXT, EVIDENCE = "Name one contact for urgent requests.", "Instruction 12 of the ministry."
RAW = ROOT / "raw_samples"


def test_export_has_theme_status_and_dates_and_no_words(tmp_path: Path) -> None:
    with clock.freeze_time(clock.parse_time(fakes.DURING)):
        desk = fakes.make_desk(tmp_path)
        add_measure(desk, fakes.STEWARD, "AL", "FR01", TEXT, "liaison_officer", date(2027, 3, 31), "days")
    with clock.freeze_time(clock.parse_time("2026-11-12T23:00:00Z")):
        (measure,) = read_measures(desk.engine)
        update_measure(desk, fakes.STEWARD, measure.measure_id, "done", evidence=EVIDENCE, deadline=date(2027, 4, 1))
    assert public_measures.export_measures(desk.engine, tmp_path / "corrective_measure.parquet") == 1
    exported = public_measures.read_exported(tmp_path)
    assert exported.rows(named=True) == [
        {
            "area": "AL",
            "theme": "formal_requests",
            "status": "done",
            "deadline": "2027-04-01",
            "changed_on": "2026-11-12",
        }
    ]
    content = json.dumps(exported.rows())
    for secret in (TEXT, EVIDENCE, measure.measure_id, "liaison_officer", "FR01", "head"):
        assert secret not in content
    desk.engine.dispose()


def test_gathered_tables_of_earlier_software_have_no_measures(tmp_path: Path) -> None:
    table = public_measures.read_exported(tmp_path)
    assert table.is_empty() and table.columns == list(public_measures.SCHEMA)


def test_listed_measures_are_recorded_once_up_to_now(tmp_path: Path) -> None:
    home = initialise_home(tmp_path / "home", "demonstration")
    engine = open_ledger(home)
    counts = {}
    for now in ("2026-07-31T00:00:00Z", "2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z"):
        with clock.freeze_time(clock.parse_time(now)):
            counts[now[:10]] = listed_measures.record_measures(home, engine, RAW)
    assert list(counts.values()) == [5, 3, 0]
    statuses = {measure.measure_id: measure.status for measure in read_measures(engine)}
    assert sorted(statuses.values()) == ["done", "planned", "planned", "under_way", "under_way"]
    engine.dispose()


def test_real_home_takes_no_invented_measures(tmp_path: Path) -> None:
    home = initialise_home(tmp_path / "home", "real")
    engine = open_ledger(home)
    with pytest.raises(SurveyError, match="real home"):
        listed_measures.record_measures(home, engine, RAW)
    engine.dispose()


def test_listed_measures_name_what_is_declared() -> None:
    bank, outcomes = load_bank(), list_outcomes(load_themes())
    with (RAW / listed_measures.FILE).open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert all(row["question"] in bank.theme_by_question and row["owner"] in bank.lists.roles for row in rows)
    assert all(row["status"] in STATUSES and row["text"].startswith("Invented") for row in rows)
    assert {row["indicator"] for row in rows} - {""} <= set(outcomes)
    frame = pl.DataFrame(rows)
    assert frame["at"].to_list() == sorted(frame["at"]), "acts are in the order of their times"
