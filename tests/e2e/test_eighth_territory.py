"""Tests that an eighth, invented territory needs only its folder, its samples and its golden file.

The territory is in `tests/support/eighth_territory/`. The real command takes it from file to release in a separate
home. Other tests read the shared code: it names no territory, and domain code needs neither orchestration nor screens.
"""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from pipelines.core import codes
from pipelines.core.home import open_home
from pipelines.model.long_tables import OBSERVATION_KEY
from pipelines.publication.releases.publish import find_current_release
from tests.support import small
from tests.support.eighth_home import build_published_home
from tests.support.kept_builds import build_kept
from tests.support.module_imports import find_modules_needing, imports_of_modules
from tests.support.paths import EIGHTH

SHARED_CODE = (
    "pipelines",
    "expectations",
    "dashboards",
    "dbt_project/models",
    "dbt_project/macros",
    "dbt_project/tests",
)


@dataclass(frozen=True)
class PublishedHome:
    """A refreshed and published home, and the standard output of each command that made it."""

    root: Path
    outputs: tuple[str, ...]


@pytest.fixture(scope="module")
def published_home(request: pytest.FixtureRequest) -> PublishedHome:
    """The published home of the eighth territory, to be read."""
    root = build_kept(request, "eighth-territory", build_published_home)
    return PublishedHome(root / "home", tuple(json.loads((root / "outputs.json").read_text(encoding="utf-8"))))


@pytest.fixture(scope="module")
def home(published_home: PublishedHome) -> Path:
    return published_home.root


def _golden(name: str = "ZZ.csv") -> list[dict[str, str]]:
    with (EIGHTH / "golden" / name).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def _released(home: Path) -> pl.DataFrame:
    folder = find_current_release(open_home(home))
    assert folder is not None
    return pl.read_parquet(folder / "data" / "cell.parquet").filter(pl.col("area") == "ZZ")


@pytest.mark.sampled(turn=0)
def test_commands_with_json_print_only_json(published_home: PublishedHome) -> None:
    initialised, refreshed = (json.loads(output) for output in published_home.outputs)
    assert initialised["kind"] == "demonstration"
    assert refreshed["release"] == "2026-Q1"


def test_observations_of_the_eighth_territory_match_its_golden_file(home: Path) -> None:
    observations = _read_observations(home).filter(pl.col("instrument") == "justice")
    actual = {
        tuple(str(v) for v in row) for row in observations.select(*OBSERVATION_KEY, "value", "obs_status").iter_rows()
    }
    neutral = dict.fromkeys(codes.COOPERATION_DIMENSIONS, "_Z")
    expected = {
        (*((row | neutral)[name] for name in OBSERVATION_KEY), str(float(row["value"])), row["obs_status"])
        for row in _golden()
    }
    assert actual == expected


def _read_observations(home: Path) -> pl.DataFrame:
    return pl.read_parquet(open_home(home).facts / "observation" / "*.parquet")


def test_requests_of_the_eighth_territory_match_their_golden_file(home: Path) -> None:
    golden = _golden("ZZ_cooperation.csv")
    columns = [name for name in golden[0] if name != "value"]
    observations = _read_observations(home).filter(pl.col("instrument") == "cooperation")
    actual = {(*map(str, row[:-1]), row[-1]) for row in observations.select(*columns, "value").iter_rows()}
    assert actual == {(*(row[name] for name in columns), float(row["value"])) for row in golden}


def test_release_has_the_requests_of_the_eighth_territory(home: Path) -> None:
    """Compare published totals, closed requests and the share with the golden file."""
    folder = find_current_release(open_home(home))
    assert folder is not None
    totals = {
        (row["direction"], row["measure"], row["statistic"]): float(row["value"])
        for row in _golden("ZZ_cooperation.csv")
        if row["partner"] == "_T"
    }
    (incoming,) = (
        pl.read_parquet(folder / "data" / "cooperation_outcome.parquet")
        .filter(pl.col("territory") == "ZZ", pl.col("direction") == "incoming")
        .iter_rows(named=True)
    )
    assert (incoming["registered"], incoming["opening"]) == (
        totals["incoming", "requests_registered", "count"], totals["incoming", "pending_requests", "start"],
    )  # fmt: skip
    assert (incoming["closed"], round(incoming["share"], 1)) == (52.0, 69.2)
    cells = pl.read_parquet(folder / "data" / "cooperation.parquet").filter(pl.col("partner") == "_T")
    published = {
        (row["direction"], row["measure"], row["statistic"]): row["value"]
        for row in cells.filter(pl.col("value").is_not_null()).iter_rows(named=True)
        if row["measure"] != "requests_closed"
    }
    assert len(published) >= 10 and published.items() <= totals.items()
    treaties = pl.read_parquet(folder / "data" / "treaty_event.parquet").filter(pl.col("territory") == "ZZ")
    assert set(treaties.select("treaty", "is_verified").iter_rows()) == {("UNTOC", False), ("PCC_SEE", False)}
    assert (folder / "pages" / "en" / "cooperation-som.html").read_text(encoding="utf-8").count("Merania") > 3


def test_release_has_the_figures_of_the_eighth_territory(home: Path) -> None:
    values: dict[tuple[str, str, str, str], float] = defaultdict(float)
    for row in _golden():
        group = codes.get_code_attribute("offence", row["offence"], "offence_group")
        for period in (row["period"], row["period"][:4]):
            for sex in ("_T", row["sex"]):
                values[row["measure"], group, period, sex] += float(row["value"])
    cells = _released(home).filter(pl.col("freq").is_in(["Q", "A"]) & (pl.col("offence") == "_T"))
    actual = {
        (row["measure"], row["offence_group"], row["period"], row["sex"]): row["value"]
        for row in cells.filter(pl.col("value").is_not_null()).iter_rows(named=True)
    }
    # One quarter does not make a year, and quarters are not released by sex.
    expected = {
        key: value for key, value in values.items() if key[2] != "2026" and ("-Q" not in key[2] or key[3] == "_T")
    }
    assert actual == expected


def test_eighth_territory_is_part_of_the_region(home: Path) -> None:
    folder = find_current_release(open_home(home))
    assert folder is not None
    region = pl.read_parquet(folder / "data" / "cell.parquet").filter(
        (pl.col("area_kind") == "region") & (pl.col("period") == "2025-Q1") & (pl.col("measure") == "indicted")
        & (pl.col("offence_group") == "SOM")
    )  # fmt: skip
    assert region.select("value", "reporters", "n_reported", "n_expected").rows() == [(51.0, "ZZ", 1, 8)]
    names = pl.read_parquet(folder / "data" / "area_name.parquet").filter(pl.col("area") == "ZZ")
    assert set(names["name"]) == {"Merania", "Meranija"}


def test_rates_of_the_eighth_territory_use_its_population(home: Path) -> None:
    folder = find_current_release(open_home(home))
    assert folder is not None
    rates = pl.read_parquet(folder / "data" / "indicator.parquet").filter(
        (pl.col("area") == "ZZ") & (pl.col("period") == "2025") & pl.col("denominator").is_not_null()
    )
    assert rates.filter(pl.col("denominator") == 1_000_000).height > 0


# ----- shared code


def _shared_files() -> list[Path]:
    paths = [
        path for folder in SHARED_CODE for path in (small.ROOT / folder).rglob("*") if path.suffix in (".py", ".sql")
    ]
    territories = small.ROOT / "pipelines" / "territories"
    return [path for path in paths if territories not in path.parents and "target" not in path.parts]


def test_shared_code_names_no_territory() -> None:
    """Search shared code for quoted codes of territories and jurisdictions."""
    from pipelines.declarations.registry import load

    territory_codes = {*load().territories, *(j.code for t in load().territories.values() for j in t.jurisdictions)}
    quoted = re.compile(rf"""(?<![\w/])["']({"|".join(sorted(territory_codes))})["']""")
    files = _shared_files()
    assert len(files) > 100
    hits = [
        f"{path.relative_to(small.ROOT)}:{number}: {line.strip()}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if quoted.search(line)
    ]
    assert not hits, "\n".join(hits)


def test_domain_code_needs_neither_dagster_nor_streamlit() -> None:
    """Follow what each module imports when it is itself imported; imports within functions come later."""
    folders = [small.ROOT / name for name in ("pipelines", "expectations")]
    imports = imports_of_modules(small.ROOT, folders)
    assert len(imports) > 400
    needing = find_modules_needing(imports, {"dagster", "dagster_dbt", "streamlit"})
    # The classes in these two of `runs` are parts of Dagster, which loads them by their names or within functions.
    allowed = re.compile(r"pipelines\.(defs(\..*)?|definitions|runs\.(event_log|printed_output))")
    assert {"pipelines.definitions", "pipelines.defs.jobs", "pipelines.runs.event_log"} <= needing
    assert [module for module in sorted(needing) if not allowed.fullmatch(module)] == []


def test_eighth_territory_has_only_declarations_samples_and_golden_file() -> None:
    suffixes = {path.suffix for path in EIGHTH.rglob("*") if path.is_file()}
    assert suffixes <= {".yml", ".csv", ".md"}
    assert not list((EIGHTH / "territories").rglob("*.py"))
