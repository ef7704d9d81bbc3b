"""Compute the figures from case records, between the two phases of the dbt project: case events in, Parquet out.

restricted/records/<digest>/{restricted,public}/record_*.parquet   one folder for each set of inputs
restricted/records/<digest>/members.parquet                        the persons behind the public figures
restricted/records/released/                                       public tables of the newest published release

A folder has `inputs.json`: the digest of its inputs without that release, and its own name.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.core import codes, durable
from pipelines.core.duckdb_files import open_duckdb
from pipelines.core.home import Home
from pipelines.declarations.law import Law, LawArticle
from pipelines.model.periods import Period
from pipelines.statistics.sentences import find_statutory_range
from pipelines.warehouse import build_cache
from pipelines.warehouse.records import carry_over, declared_programme, tabulation, wide_frames
from pipelines.warehouse.records.schema import TABLES, empty_folder, shape_table

if TYPE_CHECKING:
    import polars as pl

_CODE = ("statistics", "warehouse/records")
_INPUTS = "inputs.json"
_MEMBER = ("table", "cell", *wide_frames.MEMBER)
_BLOCKS = """
    select distinct submission_id, jurisdiction, source, form, freq, period from int_block
    where is_current and instrument = 'register' order by all
"""
_EVENTS = """
    select events.* from fct_case_event as events
    inner join int_block as blocks using (submission_id, jurisdiction, form, freq, period)
    where blocks.is_current and blocks.instrument = 'register' order by all
"""


def records_folder(home: Home) -> Path:
    """Return the folder of all figures from records."""
    return home.restricted / "records"


def build_records(home: Home, counts: Path, tables: Path) -> tuple[Path, bool]:
    """Compute the tables for one build of the counts. Return their folder and True if they were computed now.

    `counts` is the DuckDB file of a build for any moment, from which the current blocks are read; `tables` is its
    folder of Parquet files.  If blocks, law, rules and the previous release are unchanged, the existing folder is
    returned.
    """
    target = locate_records(home, counts, tables)
    if target.exists():
        return target, False
    blocks = _read(counts, _BLOCKS)
    law, areas = home.gathered / "law_article.parquet", tables / "dim_area.parquet"
    released = records_folder(home) / "released"
    aside = records_folder(home) / f".{target.name}.new"
    shutil.rmtree(aside, ignore_errors=True)
    for side in ("restricted", "public"):
        empty_folder(aside / side)
    if not blocks.is_empty():
        _write_tables(aside, counts, blocks, _read_law(law), areas, released)
    else:
        _no_members().write_parquet(aside / "members.parquet")
    note = {"inputs": _digest_inputs(home, counts, tables), "folder": target.name}
    (aside / _INPUTS).write_text(json.dumps(note) + "\n", encoding="utf-8")
    aside.rename(target)
    return target, True


def locate_records(home: Home, counts: Path, tables: Path) -> Path:
    """Return the folder of the tables for one build of the counts; it exists if they were computed before.

    The newest release is an input, because too small a change of its figures is not shown. If that release was made
    from the same inputs, no figure can have changed: then it is the folder of that release, as long as it is there.
    Without this, a publication alone would make every figure from records due again.
    """
    released = records_folder(home) / "released"
    inputs = _digest_inputs(home, counts, tables)
    if (note := durable.read_computed_json(released / _INPUTS)) is not None:
        made_of = records_folder(home) / str(note["folder"])
        if note["inputs"] == inputs and made_of.exists():
            return made_of
    key = build_cache.digest_parts(inputs, *([released] if released.exists() else []))
    return records_folder(home) / key[:16]


def _digest_inputs(home: Home, counts: Path, tables: Path) -> str:
    """Return the digest of the inputs of the tables, apart from the newest release."""
    return build_cache.digest_parts(
        build_cache.code_digest(*_CODE),
        str(codes.measure_parts()),
        _read(counts, _BLOCKS).write_csv(),
        home.gathered / "law_article.parquet",
        tables / "dim_area.parquet",
    )


def remove_other_builds(home: Home, wanted: Iterable[str]) -> None:
    """Remove all folders except those of these names (newest build, unpublished draft) and the released baseline."""
    retained_names = {*wanted, "released"}
    for path in records_folder(home).iterdir():
        if path.name not in retained_names:
            shutil.rmtree(path)


def keep_baseline(home: Home, made_of: Path) -> None:
    """Keep the public tables behind a published release as the baseline, with which the next release is compared."""
    prepare_baseline(home, made_of)
    renew_baseline(home)


def prepare_baseline(home: Home, made_of: Path) -> None:
    """Copy the tables of a release to a temporary folder and flush them; renewing the baseline then needs no space."""
    aside = _next_baseline(home)
    shutil.rmtree(aside, ignore_errors=True)
    shutil.copytree(made_of / "public", aside / "public")
    for name in ("members.parquet", _INPUTS):
        # Folders that earlier software made have no note of their inputs.
        if (made_of / name).exists():
            shutil.copyfile(made_of / name, aside / name)
    durable.sync_tree(aside)


def renew_baseline(home: Home) -> None:
    """Replace the baseline with the prepared one. Do nothing if none is prepared, since it was replaced before."""
    aside, target = _next_baseline(home), records_folder(home) / "released"
    old = records_folder(home) / ".released.old"
    if aside.exists():
        shutil.rmtree(old, ignore_errors=True)
        if target.exists():
            target.rename(old)
        aside.rename(target)
        durable.sync_folder(records_folder(home))
    shutil.rmtree(old, ignore_errors=True)


def discard_baseline(home: Home) -> None:
    """Remove a prepared baseline whose release was not published."""
    shutil.rmtree(_next_baseline(home), ignore_errors=True)


def _next_baseline(home: Home) -> Path:
    return records_folder(home) / ".released.new"


def _write_tables(
    aside: Path, counts: Path, blocks: pl.DataFrame, law: dict[str, Law], areas: Path, released: Path
) -> None:
    import polars as pl

    programme = declared_programme.load()
    group = {code: row["offence_group"] for code, row in codes.read_codelist("offence").items()}
    events = _read(counts, _EVENTS).with_columns(offence_group=pl.col("offence").replace_strict(group))
    places = pl.read_parquet(areas).filter(pl.col("area_kind") != "region").select("area", "area_kind", "kind")
    figures = wide_frames.compute_figures(events, blocks.select("jurisdiction", "source", "period"), law, programme)
    sizes = _persons_by_register(figures.wide["record_duration"], places)
    restricted_tables = _with_area_columns(tabulation.tabulate_restricted(figures), places, law)
    public_tables = _with_area_columns(
        tabulation.tabulate_public(figures, programme), places.filter(pl.col("kind") == "national"), law
    )
    members = carry_over.select_public_members(public_tables, figures.members)
    if released.exists():
        earlier = {name: pl.read_parquet(released / "public" / f"{name}.parquet") for name in TABLES}
        public_tables, members = carry_over.carry_over_cells(
            public_tables, members, earlier, pl.read_parquet(released / "members.parquet")
        )
    restricted_tables["record_lag"], public_tables["record_lag"] = carry_over.find_lags(
        restricted_tables["record_duration"],
        public_tables["record_duration"],
        sizes,
        programme,
        public_tables.get("record_lag"),
    )
    for side, tables in (("restricted", restricted_tables), ("public", public_tables)):
        for name, table in tables.items():
            shape_table(name, table).write_parquet(aside / side / f"{name}.parquet")
    figures.set_aside.sort(pl.all()).write_parquet(aside / "set_aside.parquet")
    members.select(_MEMBER).unique().sort(_MEMBER).write_parquet(aside / "members.parquet")


def _with_area_columns(
    tables: dict[str, pl.DataFrame], places: pl.DataFrame, law: dict[str, Law]
) -> dict[str, pl.DataFrame]:
    """Return the tables in the columns of the schema, with the rows of these areas only."""
    tables_by_name = {}
    for name, table in tables.items():
        rows = table.rename({"jurisdiction": "area"}).join(places, on="area", how="inner")
        tables_by_name[name] = shape_table(name, _with_law(rows, law) if name == "record_sentence" else rows)
    return tables_by_name


def _with_law(rows: pl.DataFrame, law: dict[str, Law]) -> pl.DataFrame:
    """Add the minimum and maximum prison sentence in the law of the area during the period."""
    import polars as pl

    by = ["area", "offence_group", "period"]
    offences_by_group: dict[str, list[str]] = {}
    for code, row in codes.read_codelist("offence").items():
        offences_by_group.setdefault(row["offence_group"], []).append(code)
    ranges: list[tuple[Any, ...]] = []
    for area, group, code in rows.select(by).unique().rows():
        period = Period.from_code(code)
        ranges.append(
            (
                area,
                group,
                code,
                *find_statutory_range(law.get(area, Law([])), offences_by_group[group], period.start, period.end),
            )
        )
    types: dict[str, Any] = dict.fromkeys(by, pl.String()) | dict.fromkeys(
        ("statutory_min", "statutory_max"), pl.Float64()
    )
    return rows.join(pl.DataFrame(ranges, schema=types, orient="row"), on=by, how="left")


def _persons_by_register(wide: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    return wide.filter(pl.col("freq") == "_T").rename({"jurisdiction": "area"}).join(places, on="area")


def _read_law(path: Path) -> dict[str, Law]:
    import polars as pl

    articles: dict[str, list[LawArticle]] = {}
    for row in pl.read_parquet(path).fill_null("").iter_rows(named=True):
        articles.setdefault(row["jurisdiction"], []).append(LawArticle(row))
    return {jurisdiction: Law(rows) for jurisdiction, rows in articles.items()}


def _no_members() -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(schema=dict.fromkeys(_MEMBER, pl.String()))


def _read(counts: Path, query: str) -> pl.DataFrame:
    with open_duckdb(counts, read_only=True) as connection:
        return connection.sql(query).pl()
