"""The step between the two phases of the model: from case events of the warehouse to tables of figures, as Parquet.

restricted/records/<digest>/{restricted,public}/record_*.parquet   one folder a set of blocks, rules and release
restricted/records/<digest>/members.parquet                        who stands behind what the public sees
restricted/records/released/                                       the same of the newest published release
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.core import codes, durable
from pipelines.core.home import Home
from pipelines.declarations.law import Law, LawArticle
from pipelines.model.periods import Period
from pipelines.statistics.sentences import statutory
from pipelines.warehouse import build_cache
from pipelines.warehouse.records import carry_over, declared_programme, tabulation, wide_frames
from pipelines.warehouse.records.schema import COLUMNS, empty_folder, shaped

if TYPE_CHECKING:
    import polars as pl

_CODE = ("statistics", "warehouse/records")
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


def folder(home: Home) -> Path:
    """Where figures from records lie."""
    return home.restricted / "records"


def build(home: Home, counts: Path, tables: Path) -> tuple[Path, bool]:
    """The folder of the tables of one build of the counts, and whether it was made now.

    `counts` is the DuckDB file, of any moment: which blocks are current is read in it; `tables` its folder of Parquet
    files.  Where blocks, law, rules and the release before are as they were nothing is made.
    """
    blocks = _read(counts, _BLOCKS)
    law, areas = home.gathered / "law_article.parquet", tables / "dim_area.parquet"
    released = folder(home) / "released"
    before = [released] if released.exists() else []
    key = build_cache.digest(
        build_cache.code(*_CODE), str(codes.measure_parts()), blocks.write_csv(), law, areas, *before
    )
    target = folder(home) / key[:16]
    if target.exists():
        return target, False
    aside = folder(home) / f".{key[:16]}.new"
    shutil.rmtree(aside, ignore_errors=True)
    for side in ("restricted", "public"):
        empty_folder(aside / side)
    if not blocks.is_empty():
        _fill(aside, counts, blocks, _law(law), areas, released)
    else:
        _no_members().write_parquet(aside / "members.parquet")
    aside.rename(target)
    return target, True


def keep(home: Home, wanted: Iterable[str]) -> None:
    """Remove all folders but those of these names: of the newest build and of a draft that may yet be published."""
    kept = {*wanted, "released"}
    for path in folder(home).iterdir():
        if path.name not in kept:
            shutil.rmtree(path)


def release(home: Home, made_of: Path) -> None:
    """Remember the public tables that a published release was made of, for the comparison with the next."""
    prepare_baseline(home, made_of)
    renew_baseline(home)


def prepare_baseline(home: Home, made_of: Path) -> None:
    """Copy the tables of a release aside and flush them, so that renewing the baseline later needs no space."""
    aside = _next_baseline(home)
    shutil.rmtree(aside, ignore_errors=True)
    shutil.copytree(made_of / "public", aside / "public")
    shutil.copyfile(made_of / "members.parquet", aside / "members.parquet")
    durable.sync_tree(aside)


def renew_baseline(home: Home) -> None:
    """Replace the baseline by the prepared one. Does nothing where none is prepared: it was replaced before."""
    aside, target = _next_baseline(home), folder(home) / "released"
    old = folder(home) / ".released.old"
    if aside.exists():
        shutil.rmtree(old, ignore_errors=True)
        if target.exists():
            target.rename(old)
        aside.rename(target)
        durable.sync_folder(folder(home))
    shutil.rmtree(old, ignore_errors=True)


def discard_baseline(home: Home) -> None:
    """Remove a prepared baseline whose release was not published."""
    shutil.rmtree(_next_baseline(home), ignore_errors=True)


def _next_baseline(home: Home) -> Path:
    return folder(home) / ".released.new"


def _fill(aside: Path, counts: Path, blocks: pl.DataFrame, law: dict[str, Law], areas: Path, released: Path) -> None:
    import polars as pl

    programme = declared_programme.load()
    group = {code: row["offence_group"] for code, row in codes.codelist("offence").items()}
    events = _read(counts, _EVENTS).with_columns(offence_group=pl.col("offence").replace_strict(group))
    places = pl.read_parquet(areas).filter(pl.col("area_kind") != "region").select("area", "area_kind", "kind")
    found = wide_frames.figures(events, blocks.select("jurisdiction", "source", "period"), law, programme)
    sizes = _sizes(found.wide["record_duration"], places)
    inside = _placed(tabulation.restricted(found), places, law)
    outside = _placed(tabulation.public(found, programme), places.filter(pl.col("kind") == "national"), law)
    members = carry_over.shown(outside, found.members)
    if released.exists():
        earlier = {name: pl.read_parquet(released / "public" / f"{name}.parquet") for name in COLUMNS}
        outside, members = carry_over.hold(outside, members, earlier, pl.read_parquet(released / "members.parquet"))
    outside["record_lag"] = carry_over.lags(outside["record_duration"], sizes, programme)
    inside["record_lag"] = _with_public(
        carry_over.lags(inside["record_duration"], sizes, programme), outside["record_lag"]
    )
    for side, tables in (("restricted", inside), ("public", outside)):
        for name, table in tables.items():
            shaped(name, table).write_parquet(aside / side / f"{name}.parquet")
    found.set_aside.sort(pl.all()).write_parquet(aside / "set_aside.parquet")
    members.select(_MEMBER).unique().sort(_MEMBER).write_parquet(aside / "members.parquet")


def _placed(tables: dict[str, pl.DataFrame], places: pl.DataFrame, law: dict[str, Law]) -> dict[str, pl.DataFrame]:
    """The tables in the columns of the schema, of these areas only."""
    out = {}
    for name, table in tables.items():
        rows = table.rename({"jurisdiction": "area"}).join(places, on="area", how="inner")
        out[name] = shaped(name, _with_law(rows, law) if name == "record_sentence" else rows)
    return out


def _with_law(rows: pl.DataFrame, law: dict[str, Law]) -> pl.DataFrame:
    """With the least and the greatest imprisonment that the law of the area threatened in the period."""
    import polars as pl

    by = ["area", "offence_group", "period"]
    of_group: dict[str, list[str]] = {}
    for code, row in codes.codelist("offence").items():
        of_group.setdefault(row["offence_group"], []).append(code)
    found: list[tuple[Any, ...]] = []
    for area, group, code in rows.select(by).unique().rows():
        period = Period.of(code)
        found.append((area, group, code, *statutory(law.get(area, Law([])), of_group[group], period.start, period.end)))
    types: dict[str, Any] = dict.fromkeys(by, pl.String()) | dict.fromkeys(
        ("statutory_min", "statutory_max"), pl.Float64()
    )
    return rows.join(pl.DataFrame(found, schema=types, orient="row"), on=by, how="left")


def _sizes(wide: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    return wide.filter(pl.col("freq") == "_T").rename({"jurisdiction": "area"}).join(places, on="area")


def _with_public(inside: pl.DataFrame, outside: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    key = ["area", "offence_group", "denominator", "numerator", "freq"]
    told = outside.select(key).with_columns(told=pl.lit(True))
    return inside.join(told, on=key, how="left").with_columns(is_public=pl.col("told").fill_null(False)).drop("told")


def _law(path: Path) -> dict[str, Law]:
    import polars as pl

    articles: dict[str, list[LawArticle]] = {}
    for row in pl.read_parquet(path).fill_null("").iter_rows(named=True):
        articles.setdefault(row["jurisdiction"], []).append(LawArticle(row))
    return {jurisdiction: Law(found) for jurisdiction, found in articles.items()}


def _no_members() -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(schema=dict.fromkeys(_MEMBER, pl.String()))


def _read(counts: Path, query: str) -> pl.DataFrame:
    import duckdb

    with duckdb.connect(str(counts), read_only=True) as connection:
        return connection.sql(query).pl()
