"""Find the register lines behind a figure: each person counts once in a proceeding, with line and file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipelines.core import codes
from pipelines.publication.provenance.return_places import Place, newest_blocks, periods_of

if TYPE_CHECKING:
    from pipelines.core.home import Home

SENTENCES = ("sentenced_first", "sentenced_final")


def find_recorded_places(home: Home, accepted: Mapping[str, str], cell: Mapping[str, Any]) -> tuple[Place, ...]:
    """Return one place per person and proceeding, with value 1, from the registers among the accepted submissions."""
    import polars as pl

    from pipelines.ledger import facts

    paths = [p for i in sorted(accepted) if (p := facts.path_of(home, "case_event", i)).exists()]
    if not paths or cell.get("count_unit") not in (None, "person"):
        return ()
    offence = codes.read_codelist("offence")
    group = [c for c, row in offence.items() if row["offence_group"] == cell["offence_group"]]
    wanted_periods = [cell["period"]] if cell["freq"] == "Q" else periods_of(cell)
    events = pl.read_parquet(paths).filter(
        pl.col("period").is_in(wanted_periods), pl.col("event") == cell["measure"], pl.col("offence").is_in(group)
    )
    if cell.get("level"):
        events = events.filter(pl.col("level") == cell["level"])
    # The register has a line for each offence; a person counts under the offence with the lowest code.
    person = ["jurisdiction", "source", "period", "event", "level", "proceeding", "person"]
    first = (
        newest_blocks(events, accepted)
        .sort("offence", "event_date", "law_article", maintain_order=True)
        .unique(person, keep="first", maintain_order=True)
    )
    return tuple(
        Place(
            submission_id=row["submission_id"],
            origin_submission_id=row["origin_submission_id"],
            jurisdiction=row["jurisdiction"],
            period=row["period"],
            value=1.0,
            factor=1,
            obs_status="A",
            place=row["place"],
            label=None,
            key={"offence": row["offence"], "law_article": row["law_article"], **_codes(row)},
        )
        for row in first.iter_rows(named=True)
        if _is_in(row, cell)
    )


def _is_in(row: Mapping[str, Any], cell: Mapping[str, Any]) -> bool:
    row_codes = {"offence": row["offence"], **_codes(row)}
    return all(cell.get(name) in (None, "_T", "_Z", code) for name, code in row_codes.items())


def _codes(row: Mapping[str, Any]) -> dict[str, str]:
    """Return the common codes of a line; only sentencing events have the codes of the sentence."""
    parent = codes.get_code_attribute("age", row["age"], "parent")
    common = {"sex": str(row["sex"]), "age": str(row["age"] if parent in ("", "_T") else parent)}
    if row["event"] in SENTENCES:
        kind = row["sentence_type"]
        common |= {
            "sentence_type": kind if kind and kind != "_Z" else "_U",
            "sentence_band": _band(row["sentence_months"]),
        }
    return common


def _band(months: float | None) -> str:
    if months is None:
        return "_T"
    for code, row in codes.read_codelist("sentence_band").items():
        is_common = bool(row["lower_months"]) and code == row["common_band"]
        if is_common and float(row["lower_months"]) <= months < float(row["upper_months"] or "inf"):
            return code
    return "_U"
