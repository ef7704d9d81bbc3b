"""Tables of the law in a release: what applies, what was before, and nothing that was approved later."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.declarations.registry import load
from pipelines.publication.releases import law
from pipelines.publication.releases.errors import ReleaseError
from pipelines.submissions import provision_statements, treaty_statements
from pipelines.submissions.assessments import EXPORTED

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def _build_provisions(*rows: dict[str, Any]) -> pl.DataFrame:
    return law.build_provisions(pl.DataFrame(list(rows), schema=provision_statements.EXPORTED))


def _make_row(identity: str, since: str, result: str, sequence: int, **changes: Any) -> dict[str, Any]:
    row = dict.fromkeys(EXPORTED, "") | {
        "assessment_id": identity, "jurisdiction": "RS", "element": "COSTS", "treaty": "EU_MLA", "result": result,
        "applies_from": since, "first_day": date.fromisoformat(since), "approved_at": "2026-05-01T09:00:00Z",
        "sequence": sequence,
    }  # fmt: skip
    return row | changes


def _build(tmp_path: Path, *rows: dict[str, Any], now: datetime = NOW) -> list[tuple[str, str, bool]]:
    pl.DataFrame(list(rows), schema=EXPORTED).write_parquet(tmp_path / "a.parquet")
    built = law.build_assessments(tmp_path / "a.parquet", load().without_training(), now, _build_provisions())
    return list(built.select("assessment_id", "result_before", "is_current").iter_rows())


def test_newest_law_is_current_whenever_it_was_assessed(tmp_path: Path) -> None:
    rows = (_make_row("new", "2024-01-01", "met", 1), _make_row("old", "2012-01-01", "not_met", 2))
    assert _build(tmp_path, *rows) == [("old", "", False), ("new", "not_met", True)]


def test_law_of_the_future_is_not_current(tmp_path: Path) -> None:
    rows = (_make_row("now", "2012-01-01", "partly", 1), _make_row("next", "2027-01-01", "met", 2))
    assert _build(tmp_path, *rows) == [("now", "", True), ("next", "partly", False)]


def test_second_reading_of_the_same_law_replaces_the_first(tmp_path: Path) -> None:
    rows = (_make_row("second", "2012-01-01", "met", 7), _make_row("first", "2012-01-01", "partly", 3))
    assert _build(tmp_path, *rows) == [("first", "", False), ("second", "partly", True)]


def test_later_approvals_and_training_territories_are_left_out(tmp_path: Path) -> None:
    rows = (
        _make_row("late", "2012-01-01", "met", 1, approved_at="2026-11-20T09:00:01Z"),
        _make_row("training", "2012-01-01", "met", 2, jurisdiction="QP"),
    )
    assert _build(tmp_path, *rows) == []


def test_missing_export_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="rti refresh"):
        law.build_assessments(tmp_path / "none.parquet", load(), NOW, _build_provisions())


def test_unverified_events_and_provisions_keep_their_mark() -> None:
    events = law.build_treaty_events(load().without_training(), pl.DataFrame(schema=treaty_statements.EXPORTED))
    assert set(events.filter(pl.col("territory") == "XK")["event"]) == {"not_party"}
    signed = events.filter((pl.col("territory") == "AL") & (pl.col("event") == "signed"))
    assert signed.select("date", "is_verified").row(0) == ("2000-12-12", True)
    assert not events.filter(pl.col("treaty") == "ETS182")["is_verified"].any()
    assert not _build_provisions().filter(pl.col("treaty") == "PCC_SEE")["is_verified"].any()


def _make_statement(event: str, date: str, sequence: int, **changes: Any) -> dict[str, Any]:
    return {
        "territory": "XK", "treaty": "ETS182", "event": event, "date": date, "source": f"Gazette {sequence}",
        "approved_at": "2026-05-01T09:00:00Z", "sequence": sequence,
    } | changes  # fmt: skip


def _build_events(tmp_path: Path, *rows: dict[str, Any], now: datetime = NOW) -> list[tuple[Any, ...]]:
    pl.DataFrame(list(rows), schema=treaty_statements.EXPORTED).write_parquet(tmp_path / "t.parquet")
    events = law.build_treaty_events(load().without_training(), law.read_statements(tmp_path / "t.parquet", now))
    of_treaty = events.filter(pl.col("treaty") == "ETS182", pl.col("territory").is_in(["XK", "ME"]))
    return sorted(of_treaty.select("territory", "event", "date", "is_verified").iter_rows())


def test_approved_statement_confirms_the_declared_event_or_replaces_its_date(tmp_path: Path) -> None:
    declared = ("XK", "not_party", "", False)
    assert declared in _build_events(tmp_path)
    confirmed = _build_events(tmp_path, _make_statement("not_party", "", 1))
    assert ("XK", "not_party", "", True) in confirmed and declared not in confirmed
    of_me = _make_statement("ratified", "2008-10-21", 1, territory="ME")
    assert ("ME", "ratified", "2008-10-21", True) in _build_events(tmp_path, of_me)
    assert not [row for row in _build_events(tmp_path, of_me) if row[2] == "2008-10-20"]


def test_territory_that_is_bound_is_no_longer_outside_the_treaty(tmp_path: Path) -> None:
    rows = (_make_statement("ratified", "2026-03-01", 1), _make_statement("in_force", "2026-06", 2))
    of_xk = [row[1:] for row in _build_events(tmp_path, *rows) if row[0] == "XK"]
    assert of_xk == [("in_force", "2026-06", True), ("ratified", "2026-03-01", True)]
    back = _build_events(tmp_path, *rows, _make_statement("not_party", "", 3))
    assert [row[1:] for row in back if row[0] == "XK"] == [("not_party", "", True)]


def test_statement_that_was_approved_later_is_left_out(tmp_path: Path) -> None:
    late = _make_statement("ratified", "2026-03-01", 1, approved_at="2026-11-20T09:00:01Z")
    assert _build_events(tmp_path, late) == _build_events(tmp_path)
    with pytest.raises(ReleaseError, match="rti refresh"):
        law.read_statements(tmp_path / "none.parquet", NOW)


def _read(element: str, sequence: int, *, is_provided: bool = True) -> dict[str, Any]:
    return {
        "treaty": "PCC_SEE", "element": element, "is_provided": is_provided, "source": f"Text {sequence}",
        "approved_at": "2026-05-01T09:00:00Z", "sequence": sequence,
    }  # fmt: skip


def test_approved_reading_of_a_treaty_confirms_adds_or_removes_a_provision() -> None:
    def find_rows(provisions: pl.DataFrame, element: str) -> list[tuple[Any, ...]]:
        rows = provisions.filter(pl.col("treaty") == "PCC_SEE", pl.col("element") == element)
        return list(rows.select("provision", "is_verified", "source").iter_rows())

    declared = _build_provisions()
    assert find_rows(declared, "PURPOSE") == [("27", False, "")] and find_rows(declared, "COSTS") == []
    read = _build_provisions(_read("PURPOSE", 1), _read("COSTS", 2), _read("DURATION", 3, is_provided=False))
    assert find_rows(read, "PURPOSE") == [("27", True, "Text 1")] and find_rows(read, "COSTS") == [
        ("27", True, "Text 2")
    ]
    assert find_rows(read, "DURATION") == [] and read.height == declared.height, "one more and one less"
    again = _build_provisions(_read("DURATION", 3, is_provided=False), _read("DURATION", 4))
    assert find_rows(again, "DURATION") == [("27", True, "Text 4")]


def test_result_of_a_provision_that_the_treaty_does_not_have_is_left_out(tmp_path: Path) -> None:
    rows = [_make_row("a", "2012-01-01", "met", 1, element="DURATION", treaty=name) for name in ("EU_MLA", "PCC_SEE")]
    pl.DataFrame(rows, schema=EXPORTED).write_parquet(tmp_path / "a.parquet")
    removed = _build_provisions(_read("DURATION", 3, is_provided=False))
    for provisions, treaties in ((_build_provisions(), ["EU_MLA", "PCC_SEE"]), (removed, ["EU_MLA"])):
        built = law.build_assessments(tmp_path / "a.parquet", load().without_training(), NOW, provisions)
        assert built["treaty"].to_list() == treaties
