"""Tests of `rti` on the session's home: exit codes and output.

A separate process checks a file, and another one explains a figure; further calls run in the test's process.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import duckdb
import jsonschema
import polars as pl
import pytest

from pipelines.core.home import open_home
from pipelines.publication.provenance.explain import explain_figure
from pipelines.publication.releases.publish import find_current_release
from pipelines.warehouse import count_builds
from tests.support import small
from tests.support.demonstration import CLOCK
from tests.support.paths import SHARED

SCHEMAS = small.ROOT / "docs" / "schema"
REAL = SHARED / "real"
WORKBOOK, LIST = "AL/justice/PP_Trafikimi_2025_T4.xlsx", "BA/justice/JT_BD_2026_1.csv"


def _json(home: Path, *arguments: str, code: int = 0, separate: bool = False) -> Any:
    process = (small.run_rti if separate else small.run_rti_here)(home, CLOCK, *arguments, "--json")
    assert process.returncode == code, process.stderr + process.stdout[-2000:]
    return json.loads(process.stdout)


def _validate_schema(content: Any, schema: str) -> None:
    jsonschema.validate(content, json.loads((SCHEMAS / schema).read_text(encoding="utf-8")))


# ----- rti check, rti read, rti preview


def test_check_accepts_a_good_file(built_home: Path) -> None:
    report = _json(built_home, "check", str(small.RAW / LIST), separate=True)
    _validate_schema(report, "check-report.json")
    assert report["verdict"] in ("good", "information", "warning")
    assert report["observations"] > 20
    assert report["territory"] == "BA"


def test_check_of_a_faulty_file_names_place_and_remedy(built_home: Path, tmp_path: Path) -> None:
    data = (small.RAW / LIST).read_bytes()
    bad = tmp_path / "JT_BD_2026_1.csv"
    lines = data.split(b"\n")
    number = next(i for i, line in enumerate(lines) if line.count(b";") == 6 and b";ukupno;" in line)
    fields = lines[number].split(b";")
    lines[number] = b";".join([*fields[:5], b"-7,00", *fields[6:]])
    bad.write_bytes(b"\n".join(lines))
    report = _json(built_home, "check", str(bad), code=1)
    _validate_schema(report, "check-report.json")
    errors = [f for f in report["findings"] if f["severity"] == "error"]
    assert any(f["where"].get("line") == number + 1 for f in errors), errors
    assert all(f["message"] and f["remedy"] for f in errors)
    process = small.run_rti_here(built_home, CLOCK, "check", str(bad))
    assert process.returncode == 1
    assert str(number + 1) in process.stdout


def test_check_reports_an_unreadable_file(built_home: Path, tmp_path: Path) -> None:
    broken = tmp_path / "return.xlsx"
    broken.write_bytes((small.RAW / WORKBOOK).read_bytes()[:3000])
    report = _json(built_home, "check", str(broken), code=2)
    _validate_schema(report, "check-report.json")
    assert report["verdict"] == "unreadable"
    assert small.run_rti_here(built_home, CLOCK, "check", str(tmp_path / "nowhere.csv")).returncode == 2


@pytest.mark.parametrize("arguments", [("check",), ("nonsense",), ("check", "--nonsense", "x"), ("explain",)])
def test_wrong_arguments_exit_with_3(built_home: Path, arguments: tuple[str, ...]) -> None:
    assert small.run_rti_here(built_home, CLOCK, *arguments).returncode == 3


def test_help_lists_the_commands(built_home: Path) -> None:
    process = small.run_rti_here(built_home, CLOCK, "--help")
    assert process.returncode == 0
    for command in ("check", "submit", "refresh", "publish", "init", "read", "explain", "territories", "preview"):
        assert command in process.stdout


@pytest.mark.sampled(turn=4)
@pytest.mark.parametrize("file", [WORKBOOK, LIST, "HR/justice/PSZ_TR_2020-2022.px"])
def test_read_shows_the_content_of_each_format(built_home: Path, file: str) -> None:
    content = _json(built_home, "read", str(small.RAW / file))
    _validate_schema(content, "read.json")
    assert content.get("tables") or content.get("cube")


def test_preview_writes_a_page_of_the_cells(built_home: Path, tmp_path: Path) -> None:
    page = tmp_path / "picture.html"
    process = small.run_rti_here(built_home, CLOCK, "preview", str(small.RAW / WORKBOOK), "--out", str(page))
    assert process.returncode == 0, process.stderr
    text = page.read_text(encoding="utf-8")
    assert "Tremujori I" in text
    assert "<script" not in text


# ----- rti territories, rti explain


def test_territories_lists_seven_territories(built_home: Path) -> None:
    declared = _json(built_home, "territories")["territories"]
    territories = [territory for territory in declared if territory["kind"] == "national"]
    assert len(territories) == 7
    assert sum(len(territory["jurisdictions"]) for territory in territories) == 11
    kosovo = next(territory for territory in territories if territory["territory"] == "XK")
    assert "UNSCR 1244" in kosovo["name"]
    assert kosovo["footnote"]


@pytest.mark.sampled(turn=7)
def test_explain_leads_from_a_released_figure_to_its_cells(built_home: Path) -> None:
    """Read each cell that the explanation names again with another library, and compare the values."""
    import openpyxl

    terms = ("area=AL", "period=2025", "measure=indicted", "offence_group=TIP", "count_unit=person", "sex=_T")
    way = _json(built_home, "explain", *terms, separate=True)
    assert way["adds_up"]
    assert way["sum"] == way["cell"]["value"]
    file = next(path for path in small.RAW.glob("*/*/*.xlsx") if path.name == way["submissions"][0]["filename"])
    book = openpyxl.load_workbook(io.BytesIO(file.read_bytes()), data_only=True)
    total = 0.0
    for place in way["places"]:
        sheet, _, cell = place["place"].rpartition("!")
        assert float(book[sheet][cell].value or 0) == place["value"]
        total += place["factor"] * place["value"]
    assert total == way["cell"]["value"]
    process = small.run_rti_here(built_home, CLOCK, "explain", *terms)
    assert process.returncode == 0
    assert way["places"][0]["place"] in process.stdout


@pytest.mark.sampled(turn=6)
def test_explained_figures_of_every_kind_add_up(built_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Explain cells of every area, table and basis: periods of each kind, the region, records and derived figures."""
    monkeypatch.setenv("RTI_NOW", CLOCK)
    home = open_home(built_home)
    folder = find_current_release(home)
    assert folder is not None
    cells = pl.read_parquet(folder / "data" / "cell.parquet").filter(pl.col("value") > 0)
    sample_cells = cells.filter(pl.int_range(pl.len()).over("table_id", "area", "basis") == 0)
    assert sample_cells.select("basis").n_unique() >= 5
    counts = count_builds.latest_counts(home)
    assert counts is not None
    mismatches = []
    # DuckDB reads the catalogue of a file again for each explanation, unless another connection has it open.
    with duckdb.connect(folder / "release.duckdb", read_only=True), duckdb.connect(counts, read_only=True):
        for row in sample_cells.iter_rows(named=True):
            terms = [f"{name}={row[name]}" for name in _TERMS]
            way = explain_figure(home, f"{folder.name}/{row['table_id']}/{';'.join(terms)}").as_json()
            if not way["adds_up"] or way["sum"] != row["value"]:
                mismatches.append(f"{row['table_id']} {' '.join(terms)}: {way['sum']} for {row['value']}")
    assert not mismatches, f"{len(mismatches)} of {sample_cells.height}:\n" + "\n".join(mismatches[:20])


_TERMS = (
    "area", "period", "measure", "level", "count_unit", "statistic", "offence_group", "offence", "person_type",
    "victim_status", "sex", "age", "exploitation", "citizenship", "sentence_type", "sentence_band",
)  # fmt: skip


def test_explain_keeps_a_withheld_figure_withheld(built_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_NOW", CLOCK)
    home = open_home(built_home)
    folder = find_current_release(home)
    assert folder is not None
    hidden = pl.read_parquet(folder / "data" / "cell.parquet").filter(pl.col("conf_status") == "C").row(0, named=True)
    way = explain_figure(home, f"{folder.name}/{hidden['table_id']}/" + ";".join(f"{t}={hidden[t]}" for t in _TERMS))
    assert way.as_json()["withheld"] is True


# ----- rti import-reference


@pytest.mark.sampled(turn=0)
@pytest.mark.shared
@pytest.mark.skipif(not REAL.exists(), reason="the real files are not installed next to the project")
def test_import_reference_reads_a_real_workbook(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert small.run_rti_here(home, CLOCK, "init").returncode == 0
    content = _json(home, "import-reference", str(REAL / "unodc_data_glotip.xlsx"))
    assert content["rows_read"] == 46_556
    assert content["rows"] > 1_000
    assert content["findings"]
