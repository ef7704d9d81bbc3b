"""How soon 20,250 numbers are answered in each format, and a register of 2 MB with short pseudonyms.

For XLS, PX and HTML, reading alone is also compared with the bare library, and has a limit. 20,250 numbers are more
than any return of counts has; only registers, which are CSV or XLSX, have more. The small files, in which the fixed
costs of a reader show, are those of the demonstration.

The register is sent as the workbook of its form too. In most formats no return of 2 MB exists: the counts of a form
are bounded by its tables. So 20,000 numbers are measured, and the note gives their bytes. PDF is left
out: no page holds 47 columns, and `reading.py` says how many of its cells are read in a second.
"""

from __future__ import annotations

import itertools
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import measuring, register, workbook
from benchmarks.answering import ANSWERED, FIRST, percentile_95
from benchmarks.registry import Figure, Setting, register_benchmark
from tests.samples.writers import docx, html, jsonstat, ods, px, sdmx, xls
from tests.samples.writers.cube import Cube, Dimension
from tests.samples.writers.layout import Row, Sheet, head_cell

_DIMENSIONS = ("CLANAK", "DOB", "STADIJ", "DRZAVLJANSTVO", "SPOL", "TIME_PERIOD")
_PX_TEXTS = ("TITLE", "CONTENTS", "UNITS", "SUBJECT-AREA")
_TITLE = "Osobe po stadiju, {}. tromjesečje {}"
_ROMAN = ("I", "II", "III", "IV")
_CUBE = """
  - id: ZX-JUSTICE-2
    same_as: ZX-JUSTICE-1
    title: The same as a cube
    formats: [px, jsonstat, sdmx-ml, sdmx-csv]
    encodings: [windows-1250]
    recognise: {all: [STADIJ, DRZAVLJANSTVO]}
    tables: null
    cube:
      dims:
        CLANAK: {dim: article}
        DOB: {dim: age}
        STADIJ: {dim: stage}
        DRZAVLJANSTVO: {dim: citizenship}
        SPOL: {dim: sex}
        TIME_PERIOD: {template: '{year}-Q{quarter}'}
"""

Numbers = dict[tuple[str, ...], int]


def declare_territory(folder: Path) -> Path:
    """Declare the invented territory, its form in all formats that hold tables, and the same as a cube."""
    workbook.declare_territory(folder)
    path = folder / "ZX" / "justice.yml"
    form = path.read_text(encoding="utf-8").replace("formats: [xlsx]", "formats: [xlsx, xls, ods, html, docx]")
    path.write_text(form + _CUBE, encoding="utf-8")
    return folder


def draw_numbers(seed: int = 20) -> Numbers:
    """Draw one number for each (article, age, stage, citizenship, sex, period); men and women add up."""
    draw = random.Random(seed)
    numbers_by_key: Numbers = {}
    quarters = [f"{year}-Q{quarter}" for year, quarter in workbook.QUARTERS]
    for key in itertools.product(workbook.ARTICLES, workbook.AGES, workbook.STAGES, workbook.CITIZENSHIPS, quarters):
        men, women = draw.choices((0, 1, 2, 3, 5, 8), weights=(50, 20, 12, 8, 6, 4), k=2)
        for sex, value in zip(workbook.SEXES, (men, women, men + women), strict=True):
            numbers_by_key[(*key[:4], sex, key[4])] = value
    return numbers_by_key


def _lay_out_sheets(data: Numbers, *, titled: bool) -> list[Sheet]:
    """Return a table for each quarter as in the workbook, its title in the first row or as its name."""
    threes = list(itertools.product(workbook.STAGES, workbook.CITIZENSHIPS))
    sheets = []
    for year, quarter in workbook.QUARTERS:
        title, period = _TITLE.format(_ROMAN[quarter - 1], year), f"{year}-Q{quarter}"
        rows: list[Row] = [[title]] if titled else []
        wide = len(workbook.CITIZENSHIPS) * len(workbook.SEXES)
        rows.append(
            [
                head_cell("Članak", down=3),
                head_cell("Dob", down=3),
                *(head_cell(s, across=wide) for s in workbook.STAGES),
            ]
        )
        rows.append([head_cell(c, across=len(workbook.SEXES)) for _, c in threes])
        rows.append([head_cell(sex) for _ in threes for sex in workbook.SEXES])
        for article, age in itertools.product(workbook.ARTICLES, workbook.AGES):
            body = [
                data[article, age, stage, citizenship, sex, period]
                for stage, citizenship in threes
                for sex in workbook.SEXES
            ]
            rows.append([article, age, *body])
        sheets.append(Sheet(period if titled else title, tuple(rows)))
    return sheets


def _build_cube(data: Numbers) -> Cube:
    members = [list(dict.fromkeys(key[place] for key in data)) for place in range(len(_DIMENSIONS))]
    dimensions = [
        Dimension(name, {"hr": name}, {code: {"hr": code} for code in codes})
        for name, codes in zip(_DIMENSIONS, members, strict=True)
    ]
    return Cube(dimensions, lambda where: data[tuple(where[name] for name in _DIMENSIONS)])


def _list_observations(data: Numbers) -> list[sdmx.Observation]:
    return [
        sdmx.Observation(dict(zip(_DIMENSIONS, key[:-1], strict=False)), key[-1], value, {})
        for key, value in data.items()
    ]


def _list_parts(sheets: list[Sheet]) -> list[str | Sheet]:
    return [part for sheet in sheets for part in (sheet.name, sheet)]


WRITERS: dict[str, Callable[[Numbers], bytes]] = {
    "xls": lambda data: xls.write_workbook(_lay_out_sheets(data, titled=True)),
    "ods": lambda data: ods.write_spreadsheet(_lay_out_sheets(data, titled=True)),
    "html": lambda data: html.write_page(
        _list_parts(_lay_out_sheets(data, titled=False)), title="Zavod", language="hr"
    ),
    "docx": lambda data: docx.write_document(_list_parts(_lay_out_sheets(data, titled=False)), title="Zavod"),
    "px": lambda data: px.write_px(
        _build_cube(data), heading=["TIME_PERIOD"], languages=["hr"],
        texts={name: {"hr": "Osobe"} for name in _PX_TEXTS},
        properties={"MATRIX": '"ZX1"', "SUBJECT-CODE": '"ZX"', "DECIMALS": "0"},
        signs={}, codepage="windows-1250", last_updated="20260424 10:00",
    ),
    "jsonstat": lambda data: jsonstat.write_dataset(
        _build_cube(data), language="hr", label="Osobe", source="Zavod", updated="2026-04-24", notes=[]
    ),
    "sdmx-ml": lambda data: sdmx.write_generic(
        _list_observations(data), agency="ZX", flow="OSOBE", prepared="2026-04-24T10:00:00", comment="Osobe"
    ),
    "sdmx-csv": lambda data: sdmx.csv_1_0(_list_observations(data), flow="OSOBE"),
}  # fmt: skip
_LIMITED = ("xls", "px", "html")
"""Formats whose reader may take no more than twice the processor time of the bare library."""
_ENDINGS = {"jsonstat": "json", "sdmx-ml": "xml", "sdmx-csv": "csv"}


@register_benchmark(
    "formats", f"answers to {workbook.CELLS:,} numbers in every format, and to a register of short pseudonyms"
)
def measure_formats(setting: Setting) -> Iterator[Figure]:
    """Measure a warm process, as a service is after `warm_up`."""
    folder = declare_territory(setting.scratch / "formats")
    runs = str(max(3, setting.repetitions))
    results = measuring.run_module(__name__, runs, environment={"RTI_TERRITORIES": str(folder)}).last_json()
    floor = results.pop("floor")["judged"]
    for name, result in results.items():
        about = ("openpyxl, formulas and values, of the workbook", "≤ 5 s", result["judged"] <= ANSWERED)
        size = f"{result['bytes'] / 1e6:.2f} MB"
        yield Figure(f"{name}: answer, p95", result["judged"], "s", floor, *about, note=size)
        reached = result["first"] <= FIRST
        yield Figure(f"{name}: first findings, p95", result["first"], "s", target="≤ 1 s", reached=reached)
    yield from _compare_readers(setting)


def _compare_readers(setting: Setting) -> Iterator[Figure]:
    """Compare reading with the bare library, for 20,250 numbers and for the demonstration's files."""
    from benchmarks.floors import FLOORS
    from benchmarks.reading import compare_with_floor, group_by_format

    small_files = group_by_format()
    for name in _LIMITED:
        floor_name, floor = FLOORS[name]
        large_file = WRITERS[name](draw_numbers())
        for size, files in (("one large file", [large_file]), ("small files", small_files[name])):
            cells, reader_seconds, floor_seconds = compare_with_floor(files, floor, max(5, setting.repetitions))
            yield Figure(
                f"{name}: reading, {size}, least processor time",
                1000 * reader_seconds,
                "ms",
                1000 * floor_seconds,
                floor_name,
                "≤ 2 ×",
                reader_seconds <= 2 * floor_seconds,
                f"{len(files)} files, {cells:,} cells",
            )


def main(runs: int, *, only: tuple[str, ...] = ()) -> dict[str, dict[str, float]]:
    """Return seconds until the first findings and the answer (p95), and bytes, of each format; floors run in turn."""
    from benchmarks.floors import openpyxl_twice
    from pipelines.declarations.registry import load
    from pipelines.submissions.checking.check import warm_up

    warm_up(load())
    data = draw_numbers()
    with tempfile.TemporaryDirectory() as folder:
        book = workbook.write_workbook(Path(folder) / "osobe.xlsx").read_bytes()
    files = {"xlsx": ("osobe.xlsx", book)}
    files |= {name: (f"osobe.{_ENDINGS.get(name, name)}", write(data)) for name, write in WRITERS.items()}
    files["csv register"] = ("registar.csv", register.build_register(short=True)[0])
    files["xlsx register"] = ("registar.xlsx", register.build_workbook()[0])
    figures: dict[str, dict[str, float]] = {}
    floors: list[float] = []
    for name, (filename, content) in files.items():
        if only and name not in only:
            continue
        times = []
        for _ in range(runs):
            times.append(_time_answer(content, filename))
            floors.append(measuring.median_seconds(lambda: openpyxl_twice(book), 1))
        first, judged = (percentile_95(list(seconds)) for seconds in zip(*times, strict=True))
        figures[name] = {"first": first, "judged": judged, "bytes": len(content)}
    return figures | {"floor": {"judged": percentile_95(floors)}}


def _time_answer(content: bytes, filename: str) -> tuple[float, float]:
    """Return seconds until the first findings and the answer of one file; all of it must have been read."""
    from pipelines.declarations.registry import load
    from pipelines.submissions.checking.check import CheckProgress, check_file

    steps: dict[str, float] = {}
    began = time.perf_counter()

    def record_step(now: CheckProgress) -> None:
        steps[now.name] = time.perf_counter() - began

    report = check_file(content, filename, registry=load(), on_progress=record_step)
    if report.observations != workbook.CELLS and not report.events:
        raise SystemExit(f"{filename} was not read whole: {report.observations}, {report.findings[:3]}")
    return steps.get("begun", steps["read"]), steps["judged"]


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), only=tuple(sys.argv[2:]))))
