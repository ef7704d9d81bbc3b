"""Explain a released figure by the returns behind it, down to sheet and cell.

The result names places in an office's files, so it is for the restricted side only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.core import codes
from pipelines.core.duckdb_files import open_duckdb
from pipelines.publication.provenance.figure_ids import CURRENT, ExplainError, figure_id, parse_id
from pipelines.publication.provenance.lineage import SourceFigure, read_places

if TYPE_CHECKING:
    import duckdb

    from pipelines.core.home import Home


@dataclass(frozen=True)
class ProvenanceTrail:
    """A figure with its submissions, blocks and places.

    `adds_up` is None if the figure is not a sum of places, because it has no value or no places.
    """

    id: str
    release: str
    table_id: str
    cell: Mapping[str, Any]
    withheld: bool
    submissions: tuple[Mapping[str, Any], ...]
    blocks: tuple[Mapping[str, Any], ...]
    places: tuple[SourceFigure, ...]
    sum: float | None
    adds_up: bool | None
    notes: tuple[str, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """Return the JSON object that `rti explain` prints."""
        return {
            "id": self.id,
            "release": self.release,
            "table": self.table_id,
            "cell": dict(self.cell),
            "withheld": self.withheld,
            "submissions": [dict(s) for s in self.submissions],
            "blocks": [dict(b) for b in self.blocks],
            "places": [{**p.__dict__, "key": dict(p.key)} for p in self.places],
            "sum": self.sum,
            "adds_up": self.adds_up,
            "notes": list(self.notes),
        }


def explain_figure(home: Home, text: str) -> ProvenanceTrail:
    """Return the returns and places behind a figure. Raises ExplainError."""
    release, table, terms = parse_id(text)
    folder = _release_folder(home, release)
    cell = _find_cell(folder / "release.duckdb", table, terms)
    inside, behind = _read_restricted(home, str(cell["cell_id"]))
    submissions, blocks = _submissions(home, _submission_ids(inside or cell), cell)
    value = (inside or cell).get("value")
    total = sum(p.factor * p.value for p in behind if p.value is not None) if behind else None
    withheld = cell.get("value") is None and cell.get("conf_status") not in (None, "F")
    plain_sum = value is not None and total is not None
    return ProvenanceTrail(
        id=figure_id(folder.name, cell),
        release=folder.name,
        table_id=str(cell["table_id"]),
        cell={k: v for k, v in cell.items() if k not in ("submission_ids", "cell_id")},
        withheld=withheld,
        submissions=submissions,
        blocks=blocks,
        places=behind,
        sum=total,
        adds_up=bool(abs(float(value or 0) - float(total or 0)) < 1e-9) if plain_sum else None,
        notes=tuple(_notes(cell, inside, behind, plain_sum)),
    )


def in_words(way: ProvenanceTrail) -> list[str]:
    """Return the explanation as lines of text."""
    value_text = (
        "withheld" if way.withheld else "missing" if way.cell.get("value") is None else f"{way.cell['value']:g}"
    )
    lines = [way.id, f"value {value_text}, from release {way.release}, table {way.table_id}"]
    if way.cell.get("reporters"):
        lines.append(f"in it: {way.cell['reporters']}")
    for submission in way.submissions:
        lines.append(
            f"{submission['submission_id']}  {submission['filename']}  ({submission['form']}), "
            f"received {submission['received_at']}, accepted {submission['accepted_at']}, {submission['state']}"
        )
        for p in (p for p in way.places if p.submission_id == submission["submission_id"]):
            number = "–" if p.value is None else f"{p.factor * p.value:g}"
            carried = (
                f", carried over from {p.origin_submission_id}" if p.origin_submission_id != p.submission_id else ""
            )
            terms = ", ".join(v for v in p.key.values() if v not in codes.TOTAL_CODES)
            lines.append(f"    {p.place or 'no place'}: {number}  [{p.label or terms}]{carried}")
    if way.sum is not None:
        agrees = {True: ", which is the figure", False: ", which is not the figure", None: ""}[way.adds_up]
        lines.append(f"the numbers above add up to {way.sum:g}{agrees}")
    return [*lines, *way.notes]


def _release_folder(home: Home, release: str) -> Path:
    folder = home.current if release == CURRENT else home.releases / release
    if release != CURRENT and (not release or release.startswith(".") or "/" in release):
        raise ExplainError(f"{release!r} is not the name of a release")
    if not (folder / "release.duckdb").is_file():
        release_names = (
            ", ".join(sorted(p.name for p in home.releases.iterdir() if not p.name.startswith("."))) or "none"
        )
        raise ExplainError(f"there is no release {release}; there are: {release_names}. Publish one with `rti publish`")
    return folder.resolve()


def _find_cell(path: Path, table: str | None, terms: Mapping[str, str]) -> dict[str, Any]:
    with _open(path) as connection:
        table_ids = {row[0] for row in connection.execute("select distinct table_id from cell").fetchall()}
        if table is not None and table not in table_ids:
            raise ExplainError(f"the release has no table {table}; it has {', '.join(sorted(table_ids))}")
        columns = [row[0] for row in connection.execute("describe cell").fetchall()]
        conditions, values = ["true"], []
        if table is not None:
            conditions.append("table_id = ?")
            values.append(table)
        for name in (*codes.CELL_KEY, "territory"):
            if name not in columns:
                continue
            if name in terms:
                conditions.append(f"{name} = ?")
                values.append(terms[name])
            elif name in codes.BREAKDOWNS:
                conditions.append(f"({name} is null or {name} in ('_T', '_Z'))")
        result = connection.execute(f"select * from cell where {' and '.join(conditions)} limit 21", values)
        rows = [dict(zip(columns, row, strict=True)) for row in result.fetchall()]
        # Rows that differ only in `_T` and `_Z` are the same figure; one of them has the value.
        rows.sort(key=lambda row: (row["value"] is None, *(str(row.get(n)) for n in codes.CELL_KEY)))
        if rows:
            rows[0]["submission_ids"] = _list_submissions_behind(connection, rows[0])
    if not rows:
        requested = ";".join(f"{k}={v}" for k, v in terms.items())
        raise ExplainError(f"the release has no figure {requested}; check the codes, or copy the id from the dashboard")
    unique = {figure_id("", row)[1:].partition("/")[2]: row for row in rows}
    if len(unique) > 1:
        examples = "; ".join(sorted(unique)[:4]).replace(";", " ")
        raise ExplainError(
            f"{len(unique)}{'+' if len(rows) > 20 else ''} figures fit; say more, for example: {examples}"
        )
    return rows[0]


def _list_submissions_behind(connection: duckdb.DuckDBPyConnection, cell: Mapping[str, Any]) -> str:
    """Return the submissions behind a cell, as listed in the release."""
    query = "select submission_id from cell_submission where cell_id = ? order by submission_id"
    return ",".join(row[0] for row in connection.execute(query, [cell["cell_id"]]).fetchall())


def _read_restricted(home: Home, cell_id: str) -> tuple[dict[str, Any] | None, tuple[SourceFigure, ...]]:
    """Return a figure's row in the newest restricted counts, or None, and the numbers of returns behind it.

    Its value is not protected. Raises ExplainError for counts without lineage.
    """
    import duckdb
    import polars as pl

    from pipelines.warehouse import count_builds

    newest = count_builds.latest_counts(home)
    if newest is None:
        return None, ()
    path = count_builds.tables_folder(newest) / "mart_count.parquet"
    matches = pl.scan_parquet(path).filter(pl.col("cell_id") == cell_id).collect().to_dicts()
    if not matches:
        return None, ()
    try:
        return matches[0], read_places(newest, cell_id)
    except duckdb.CatalogException as error:
        message = "the counts of this home were built by an earlier version of the program; run `rti refresh`"
        raise ExplainError(message) from error


def _submission_ids(cell: Mapping[str, Any]) -> list[str]:
    return sorted({part.strip() for part in str(cell.get("submission_ids") or "").split(",") if part.strip()})


def _submissions(
    home: Home, ids: Sequence[str], cell: Mapping[str, Any]
) -> tuple[tuple[Mapping[str, Any], ...], tuple[Mapping[str, Any], ...]]:
    from dataclasses import asdict

    from pipelines.ledger import queries
    from pipelines.ledger.opening import open_ledger_to_read

    if not ids:
        return (), ()
    engine = open_ledger_to_read(home)
    shown_fields = ("submission_id", "filename", "sha256", "form", "state", "received_at", "accepted_at", "sender")
    submissions = [
        {k: v for k, v in asdict(s).items() if k in shown_fields} for s in queries.list_submissions(engine, ids=ids)
    ]
    periods = _periods_behind(cell)
    blocks = [b for i in ids for b in queries.list_blocks(engine, i) if b["period"] in periods]
    engine.dispose()
    return tuple(submissions), tuple(blocks)


def _periods_behind(cell: Mapping[str, Any]) -> set[str]:
    """Return the periods of returns behind a figure: itself, a year's quarters, a pool's years, a quarter before."""
    period = str(cell["period"])
    if cell["freq"] == "Q":
        # In a return that counts from January, a quarter is the difference to the previous quarter.
        year, quarter = period[:4], int(period[-1])
        return {period, f"{year}-Q{quarter - 1}"}
    years = [int(part) for part in period.split("-")]
    return {p for year in range(years[0], years[-1] + 1) for p in (str(year), *(f"{year}-Q{q}" for q in range(1, 5)))}


def _notes(
    cell: Mapping[str, Any], inside: Mapping[str, Any] | None, places: Sequence[SourceFigure], plain_sum: bool
) -> list[str]:
    notes = []
    basis = str((inside or cell).get("basis") or "")
    if basis == "derived_ytd":
        notes.append("the office counts from January; what it had counted before the quarter is taken off")
    if basis == "records":
        notes.append("the figure counts records of a register: one line a person and proceeding")
    if inside is None:
        notes.append(
            "there are no restricted counts of this figure in this home, so the numbers behind it are not known"
        )
    elif plain_sum and inside.get("value") != cell.get("value") and cell.get("value") is not None:
        notes.append("the restricted counts have changed since this release; a new release will show it")
    if inside is not None and not places and basis != "records":
        notes.append("there is no number of a return behind this figure: nothing was reported, or a nil return")
    return notes


def _open(path: Path) -> duckdb.DuckDBPyConnection:

    return open_duckdb(path, read_only=True)
