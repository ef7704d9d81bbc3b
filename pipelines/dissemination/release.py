"""Read a release: its structures, its observations as one frame for each dataflow, and the tables of its programme.

A release never changes, so that they are read once and kept, for the few releases that were read last. Readers who come
at once wait for the one who reads: if all read, the process keeps the memory of them all. Only `release.duckdb` is
read, read-only, and the notices that its figures were wrong (`correction_notices.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from pipelines import words
from pipelines.core import codes, i18n
from pipelines.core.duckdb_files import open_duckdb
from pipelines.core.result_cache import ResultCache
from pipelines.dissemination import periods
from pipelines.dissemination.codelists import build_codelists, translate_text
from pipelines.dissemination.components import COMPONENTS, MEASURES
from pipelines.dissemination.correction_notices import find_notices_time, read_newer_notices
from pipelines.dissemination.dataflow_source import CATEGORIES, COUNTS, Source
from pipelines.dissemination.dataflows import COMPARISON, DATAFLOWS, PUBLISHED_FIGURE
from pipelines.dissemination.reference_metadata import METADATAFLOWS, build_metadataflow, list_metadata_concepts
from pipelines.dissemination.structures import (
    OBS_VALUE,
    TIME_PERIOD,
    Category,
    Concept,
    Dataflow,
    DataStructure,
    Dimension,
    FigureCorrection,
    ReleaseLabel,
    StructureError,
    Structures,
    Text,
)
from pipelines.words.language import read_in

if TYPE_CHECKING:
    import duckdb

DATABASE: Final = "release.duckdb"
KEPT_RELEASES: Final = 4
"""Releases whose observations and tables are kept in memory; all of one are dropped together for those of another."""
Written = tuple[int, int]
"""When the database of a release and the notices on corrected figures were written, in nanoseconds."""
START: Final = "_start"
END: Final = "_end"
"""Columns of a frame besides its components: first and last day of the period."""
_TABLES: Final[Mapping[str, str]] = {
    "release": "select * from release",
    "codelist": "select * from codelist order by codelist, position",
    "codelist_label": "select * from codelist_label",
    "area": "select * from area order by sort, area_kind, area",
    "area_name": "select * from area_name order by area, language",
    "source": """
        select distinct source from (
            select source from coverage union all select source from duration union all select source from pending
            union all select source from cohort union all select source from sentence
            union all select source from submission
        ) where source is not null order by source
    """,
    "whole": """
        select coalesce(min(period), any_value(reference_period)), coalesce(max(period), any_value(reference_period))
        from release left join quality on freq = 'Q'
    """,
}
_CORRECTIONS: Final = """
    select note_id, area, territory, period_from, text from note where kind = 'correction' order by note_id
"""
"""Notices on corrected figures that were issued before a release was drafted. Earlier software had no such notes."""
_BASES: Final = {"ratio": "ratio", "clearance": "ratio", "disposition": "ratio", "decomposition": "split"}
_TABLES_OF_CODES: Final[Mapping[str, str]] = {
    "metric": "select metric, kind, is_nested from metric",
    "revised_in": "select distinct release as code, release as label from revision order by code",
    "comparison": f"""
        select {COMPARISON} as code, any_value(concat(left_words, ' (', left_source, ') / ', right_words, ' (',
            right_source, ')')) as label
        from coherence group by code order by code
    """,
    "published_figure": f"""
        select {PUBLISHED_FIGURE} as code, any_value(concat_ws(', ', measure_words, nullif(breakdown, '')) || ' ('
            || source || ')') as label
        from reference_figure group by code order by code
    """,
}
"""Codes that figures name, with their names in English. A release of earlier software may lack their tables."""
_DECIMALS: Final = "case unit_measure when 'P_HTHAB' then '2' when 'P_HTHAB_Y' then '2' when 'RATIO' then '2' " \
    "when 'PC' then '1' when 'MO' then '1' else '0' end"  # fmt: skip
_NAME_OF_AGENCY: Final = "Regional trafficking indicators"


@contextmanager
def open_release(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the database of a release, read-only."""

    with open_duckdb(folder.resolve() / DATABASE, read_only=True) as connection:
        yield connection


def load_structures(folder: Path) -> Structures:
    """Return the structures of the release in a folder. `current` is followed to the release that it names."""
    path, written = identify_release(folder)
    return _structures.get_or_make((path, written), lambda: _read_structures(path))


def identify_release(folder: Path) -> tuple[Path, Written]:
    """Return the folder of a release, and when its database and the notices on its figures were written.

    A draft is written to the same place again, and a notice is issued after its release.
    """
    path = folder.resolve()
    try:
        return path, ((path / DATABASE).stat().st_mtime_ns, find_notices_time(path))
    except FileNotFoundError:
        raise StructureError(f"{folder.name} is not a release: it has no {DATABASE}") from None


_structures: Final = ResultCache[Structures](2 * KEPT_RELEASES)


def _read_structures(folder: Path) -> Structures:
    with open_release(folder) as connection:
        tables = {name: connection.execute(query).pl().to_dicts() for name, query in _TABLES.items()}
        tables |= {
            name: connection.execute(query).pl().to_dicts()
            for name, query in _TABLES_OF_CODES.items()
            if _can_execute(connection, query)
        }
        dataflows = [name for name, source in DATAFLOWS.items() if _has_columns(connection, source)]
        metadataflows = [name for name, source in METADATAFLOWS.items() if _can_execute(connection, source.query)]
        noted = connection.execute(_CORRECTIONS).fetchall() if _can_execute(connection, _CORRECTIONS) else []
    corrections = [FigureCorrection(*row) for row in noted]
    corrections += read_newer_notices(folder, {item.id for item in corrections})
    return build_structures(tables, dataflows, metadataflows, tuple(corrections))


def _has_columns(connection: duckdb.DuckDBPyConnection, source: Source) -> bool:
    """Return True if a release has the table and the columns of a dataflow; one of earlier software may lack them."""
    return _can_execute(connection, compose_statement(source))


def _can_execute(connection: duckdb.DuckDBPyConnection, statement: str) -> bool:
    import duckdb

    try:
        connection.execute(f"explain {statement}")
    except (duckdb.BinderException, duckdb.CatalogException):
        return False
    return True


def build_structures(
    tables: Mapping[str, list[dict[str, Any]]],
    dataflows: Iterable[str],
    metadataflows: Iterable[str] = (),
    corrections: tuple[FigureCorrection, ...] = (),
) -> Structures:
    """Return the structures of some dataflows and metadataflows.

    `tables` has `release`, `codelist`, `codelist_label`, `area`, `area_name` and `source`; `corrections` are the
    notices on corrected figures.
    """
    codelists = build_codelists(tables)
    concepts = {name: Concept(name, translate_text(item.name)) for name, item in COMPONENTS.items()}
    concepts |= {name: Concept(name, translate_text(text)) for name, text in MEASURES.items()}
    concepts |= list_metadata_concepts()
    bases = _find_bases(tables.get("metric", ()))
    flows = {name: _build_dataflow(name, DATAFLOWS[name], bases) for name in dataflows}
    return Structures(
        edition=replace(_build_edition(tables["release"][0], codelists["CL_AREA"].by_id), corrections=corrections),
        languages=tuple(i18n.html_lang(code) for code in i18n.list_languages()),
        codelists=codelists,
        concepts=concepts,
        categories=tuple(Category(name, translate_text(text)) for name, text in CATEGORIES.items()),
        dataflows=flows,
        hierarchies=tuple(name for name, item in codelists.items() if any(code.parent for code in item.codes)),
        agency_names=translate_text(_NAME_OF_AGENCY),
        metadataflows={name: build_metadataflow(name) for name in metadataflows},
    )


def _build_edition(release: Mapping[str, Any], areas: Mapping[str, Any]) -> ReleaseLabel:
    citations = {}
    for code in i18n.list_languages():
        with read_in(code):
            citations[i18n.html_lang(code)] = words.cite_release(release)
    return ReleaseLabel(
        id=str(release["release"]),
        is_demonstration=bool(release["demonstration"]),
        drafted_at=str(release["drafted_at"]),
        reference_period=str(release["reference_period"]),
        software_version=str(release["software_version"]),
        declarations=str(release["declarations"]),
        citations=citations,
        footnotes={name: area.descriptions for name, area in areas.items() if area.descriptions},
    )


def _find_bases(metrics: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return of what the figures of each indicator are made: parts of a whole, two counts, or the four of a split."""
    return {
        row["metric"]: basis
        for row in metrics
        if (basis := "share" if row["is_nested"] else _BASES.get(row["kind"])) is not None
    }


def _build_dataflow(name: str, source: Source, bases: Mapping[str, str]) -> Dataflow:
    titles = translate_text(source.name)
    structure = DataStructure(
        name,
        titles,
        tuple(Dimension(item, _need_codelist(item)) for item in source.dimensions),
        tuple(COMPONENTS[item].as_attribute(item) for item in source.attributes),
    )
    return Dataflow(name, titles, translate_text(source.description), structure, source.category, bases)


def _need_codelist(component: str) -> str:
    codelist = COMPONENTS[component].codelist
    if codelist is None:
        raise StructureError(f"{component} has no code list, so that it cannot be a dimension")
    return codelist


# ------------------------------------------------------------------------------------------------------- observations


def load_observations(folder: Path, dataflow: str) -> pl.DataFrame:
    """Return what `read_observations` reads, and keep it for later requests."""
    path, written = identify_release(folder)
    frames = _observations.get_or_make((path, written), lambda: ResultCache(kept=len(DATAFLOWS)))
    return frames.get_or_make(dataflow, lambda: read_observations(path, dataflow))


_observations: Final = ResultCache[ResultCache[pl.DataFrame]](KEPT_RELEASES)
"""Observations of a release that were read so far, by dataflow."""


def read_observations(folder: Path, dataflow: str) -> pl.DataFrame:
    """Return all observations of a dataflow, sorted by key and period.

    Columns are the dimensions (as categories in the order of their code lists), `TIME_PERIOD`, `OBS_VALUE`, the
    attributes, and the first and last day of the period. Raises StructureError if a release does not fit its structure.
    """
    structures = load_structures(folder)
    flow = structures.find_dataflow(dataflow)
    with open_release(folder) as connection:
        first, last = connection.execute(_TABLES["whole"]).fetchall()[0]
        statement = compose_statement(DATAFLOWS[dataflow], periods.join_quarters(first, last))
        frame = connection.execute(statement).pl()
    return copy_frame(arrange_observations(frame, structures, flow))


def copy_frame(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the same frame in memory of its own.

    DuckDB reserves room for a million rows in each column of what it hands to polars, and releases it only as a whole.
    A text that was sorted or joined still points there: the dataflows of a release, 13 MB, held 3 GB of addresses and
    60 MB of memory (DuckDB 1.5.5, polars 2, 30 November 2026).
    """
    buffer = BytesIO()
    frame.write_ipc(buffer, compression="lz4")
    buffer.seek(0)
    return pl.read_ipc(buffer)


def compose_statement(source: Source, whole: str = "") -> str:
    """Return the SQL that selects the observations of a dataflow under the names of its components."""
    fields = []
    for name in (*source.dimensions, *source.attributes):
        component = COMPONENTS[name]
        expression = source.columns.get(name, component.column)
        if name == "DECIMALS":
            expression = _DECIMALS.replace("unit_measure", source.columns.get("UNIT_MEASURE", "unit_measure"))
        kind = {"Double": "double", "Integer": "bigint"}.get(component.text_type, "varchar")
        fields.append(f"({expression})::{kind} as {name}")
    statement = (
        f"select {', '.join(fields)}, ({source.period})::varchar as {TIME_PERIOD}, "
        f"({source.value})::double as {OBS_VALUE} from ({source.query})"
    )
    return statement.replace("{region}", codes.REGION).replace("{whole}", whole)


def arrange_observations(frame: pl.DataFrame, structures: Structures, flow: Dataflow) -> pl.DataFrame:
    """Return observations with typed dimensions and the days of their periods, sorted by key and period."""
    types = {}
    for dimension in flow.structure.dimensions:
        listed = [code.id for code in structures.codelists[dimension.codelist].codes]
        unknown = set(frame[dimension.id].unique().to_list()) - set(listed)
        if unknown:
            raise StructureError(f"{flow.id}: {dimension.id} has codes without a label: {sorted(map(str, unknown))}")
        types[dimension.id] = pl.Enum(listed)
    days = [periods.parse_period(text) for text in frame[TIME_PERIOD].unique(maintain_order=True)]
    spans = pl.DataFrame(
        [(day.released, day.code, day.start, day.end) for day in days],
        schema={"_released": pl.String, TIME_PERIOD: pl.String, START: pl.Date, END: pl.Date},
        orient="row",
    )
    texts = [item.id for item in flow.structure.attributes if item.text_type == "String"]
    key = [*flow.structure.dimension_ids]
    arranged = (
        frame.rename({TIME_PERIOD: "_released"})
        .join(spans, on="_released", how="left", validate="m:1")
        .drop("_released")
        .with_columns(pl.col(name).replace("", None) for name in texts)
        .cast(types)  # type: ignore[arg-type]
        .sort([*key, START, END])
    )
    if arranged.select(pl.struct(*key, TIME_PERIOD).is_duplicated().any()).item():
        raise StructureError(f"{flow.id}: several observations have the same key and period")
    attributes = [item.id for item in flow.structure.attributes]
    return arranged.select(*key, TIME_PERIOD, OBS_VALUE, *attributes, START, END)


def list_count_dataflows(structures: Structures) -> tuple[str, ...]:
    """Return the dataflows of counts; each cell of the programme is in one of them."""
    return tuple(name for name, flow in structures.dataflows.items() if flow.category == COUNTS)


# ------------------------------------------------------------------------------------------ tables of the programme


@dataclass(frozen=True)
class ProgrammeTable:
    """A table of the published programme: a part of a dataflow of counts that fills a cube."""

    id: str
    titles: Text
    dataflow: str
    cells: frozenset[str]


def load_tables(folder: Path) -> Mapping[str, ProgrammeTable]:
    """Return the tables of the programme that a release has figures of, by id."""
    path, written = identify_release(folder)
    return _tables.get_or_make((path, written), lambda: _read_tables(path))


_tables: Final = ResultCache[Mapping[str, ProgrammeTable]](KEPT_RELEASES)


def _read_tables(folder: Path) -> Mapping[str, ProgrammeTable]:
    with open_release(folder) as connection:
        rows = connection.execute(
            """
            select table_id, title, list(cell_id) from programme join cell using (table_id)
            group by table_id, title, position order by position
            """
        ).fetchall()
    homes = {
        cell: name
        for name in list_count_dataflows(load_structures(folder))
        for cell in load_observations(folder, name)["CELL_ID"]
    }
    tables = {}
    for table, title, cells in rows:
        (dataflow,) = {homes[cell] for cell in cells}
        tables[table] = ProgrammeTable(table, translate_text(title), dataflow, frozenset(cells))
    return tables
