"""The command as people use it: a process of its own, on the session's home, judged by its exit code and its output."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import polars as pl
import pytest

from pipelines.core.home import open_home
from pipelines.publication.provenance.explain import explain_figure
from pipelines.publication.releases.publish import find_current_release
from tests.support import small
from tests.support.demonstration import CLOCK
from tests.support.paths import SHARED

SCHEMAS = small.ROOT / "docs" / "schema"
REAL = SHARED / "real"
WORKBOOK, LIST = "AL/justice/PP_Trafikimi_2025_T4.xlsx", "BA/justice/JT_BD_2026_1.csv"


def _json(home: Path, *arguments: str, code: int = 0) -> Any:
    done = small.run_rti(home, CLOCK, *arguments, "--json")
    assert done.returncode == code, done.stderr + done.stdout[-2000:]
    return json.loads(done.stdout)


def _valid(content: Any, schema: str) -> None:
    jsonschema.validate(content, json.loads((SCHEMAS / schema).read_text(encoding="utf-8")))


# ----- rti check, rti read, rti preview


def test_a_good_file_is_good(built_home: Path) -> None:
    report = _json(built_home, "check", str(small.RAW / LIST))
    _valid(report, "check-report.json")
    assert report["verdict"] in ("good", "information", "warning")
    assert report["observations"] > 20
    assert report["territory"] == "BA"


def test_a_bad_file_fails_and_says_where_and_what_to_do(built_home: Path, tmp_path: Path) -> None:
    data = (small.RAW / LIST).read_bytes()
    bad = tmp_path / "JT_BD_2026_1.csv"
    lines = data.split(b"\n")
    number = next(i for i, line in enumerate(lines) if line.count(b";") == 6 and b";ukupno;" in line)
    fields = lines[number].split(b";")
    lines[number] = b";".join([*fields[:5], b"-7,00", *fields[6:]])
    bad.write_bytes(b"\n".join(lines))
    report = _json(built_home, "check", str(bad), code=1)
    _valid(report, "check-report.json")
    errors = [f for f in report["findings"] if f["severity"] == "error"]
    assert any(f["where"].get("line") == number + 1 for f in errors), errors
    assert all(f["message"] and f["remedy"] for f in errors)
    said = small.run_rti(built_home, CLOCK, "check", str(bad))
    assert said.returncode == 1
    assert str(number + 1) in said.stdout


def test_what_cannot_be_read_is_said_so(built_home: Path, tmp_path: Path) -> None:
    broken = tmp_path / "return.xlsx"
    broken.write_bytes((small.RAW / WORKBOOK).read_bytes()[:3000])
    report = _json(built_home, "check", str(broken), code=2)
    _valid(report, "check-report.json")
    assert report["verdict"] == "unreadable"
    assert small.run_rti(built_home, CLOCK, "check", str(tmp_path / "nowhere.csv")).returncode == 2


@pytest.mark.parametrize("arguments", [("check",), ("nonsense",), ("check", "--nonsense", "x"), ("explain",)])
def test_wrong_use_is_exit_code_three(built_home: Path, arguments: tuple[str, ...]) -> None:
    assert small.run_rti(built_home, CLOCK, *arguments).returncode == 3


def test_every_command_explains_itself(built_home: Path) -> None:
    done = small.run_rti(built_home, CLOCK, "--help")
    assert done.returncode == 0
    for command in ("check", "submit", "refresh", "publish", "init", "read", "explain", "territories", "preview"):
        assert command in done.stdout


@pytest.mark.parametrize("file", [WORKBOOK, LIST, "HR/justice/PSZ_TR_2020-2022.px"])
def test_any_file_is_shown_as_the_reader_sees_it(built_home: Path, file: str) -> None:
    content = _json(built_home, "read", str(small.RAW / file))
    _valid(content, "read.json")
    assert content.get("tables") or content.get("cube")


def test_a_picture_shows_what_each_cell_was_taken_for(built_home: Path, tmp_path: Path) -> None:
    page = tmp_path / "picture.html"
    done = small.run_rti(built_home, CLOCK, "preview", str(small.RAW / WORKBOOK), "--out", str(page))
    assert done.returncode == 0, done.stderr
    text = page.read_text(encoding="utf-8")
    assert "Tremujori I" in text
    assert "<script" not in text


# ----- rti territories, rti explain


def test_seven_territories_are_declared(built_home: Path) -> None:
    declared = _json(built_home, "territories")["territories"]
    territories = [one for one in declared if one["kind"] == "national"]
    assert len(territories) == 7
    assert sum(len(one["jurisdictions"]) for one in territories) == 11
    kosovo = next(one for one in territories if one["territory"] == "XK")
    assert "UNSCR 1244" in kosovo["name"]
    assert kosovo["footnote"]


def test_a_released_figure_is_walked_back_to_sheet_and_cell(built_home: Path) -> None:
    """What the walk says stands in a cell is read there again, by another library."""
    import openpyxl

    asked = ("area=AL", "period=2025", "measure=indicted", "offence_group=TIP", "count_unit=person", "sex=_T")
    way = _json(built_home, "explain", *asked)
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
    said = small.run_rti(built_home, CLOCK, "explain", *asked)
    assert said.returncode == 0
    assert way["places"][0]["place"] in said.stdout


def test_figures_of_every_kind_add_up_on_the_way_back(built_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells of every area, table and basis: quarters, years, pools, the region, records, differences and sums."""
    monkeypatch.setenv("RTI_NOW", CLOCK)
    home = open_home(built_home)
    folder = find_current_release(home)
    assert folder is not None
    cells = pl.read_parquet(folder / "data" / "cell.parquet").filter(pl.col("value") > 0)
    some = cells.filter(pl.int_range(pl.len()).over("table_id", "area", "basis") == 0)
    assert some.select("basis").n_unique() >= 5
    wrong = []
    for row in some.iter_rows(named=True):
        terms = [f"{name}={row[name]}" for name in _TERMS]
        way = explain_figure(home, f"{folder.name}/{row['table_id']}/{';'.join(terms)}").as_json()
        if not way["adds_up"] or way["sum"] != row["value"]:
            wrong.append(f"{row['table_id']} {' '.join(terms)}: {way['sum']} for {row['value']}")
    assert not wrong, f"{len(wrong)} of {some.height}:\n" + "\n".join(wrong[:20])


_TERMS = (
    "area", "period", "measure", "level", "count_unit", "statistic", "offence_group", "offence", "person_type",
    "victim_status", "sex", "age", "exploitation", "citizenship", "sentence_type", "sentence_band",
)  # fmt: skip


def test_a_withheld_figure_stays_withheld(built_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_NOW", CLOCK)
    home = open_home(built_home)
    folder = find_current_release(home)
    assert folder is not None
    hidden = pl.read_parquet(folder / "data" / "cell.parquet").filter(pl.col("conf_status") == "C").row(0, named=True)
    way = explain_figure(home, f"{folder.name}/{hidden['table_id']}/" + ";".join(f"{t}={hidden[t]}" for t in _TERMS))
    assert way.as_json()["withheld"] is True


# ----- rti import-reference


@pytest.mark.shared
@pytest.mark.skipif(not REAL.exists(), reason="the real files do not lie beside the project")
def test_a_real_workbook_is_imported_as_a_reference(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert small.run_rti(home, CLOCK, "init").returncode == 0
    content = _json(home, "import-reference", str(REAL / "unodc_data_glotip.xlsx"))
    assert content["rows_read"] == 46_556
    assert content["rows"] > 1_000
    assert content["findings"]
