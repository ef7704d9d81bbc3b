"""The demonstration in the repository is what the generator writes today, within its bounds, and says what it is."""

from __future__ import annotations

import csv
import io
import zipfile
from functools import cache
from pathlib import Path

import pytest

from tests.samples import arrivals, plan
from tests.samples.rows import SampleReturn
from tests.samples.truth import draw_truth
from tests.support.paths import ROOT

RAW = ROOT / "raw_samples"
WORDS = ("demonstra", "демонстра")


@cache
def _made() -> tuple[SampleReturn, ...]:
    return tuple(arrivals.order_returns(plan.make_returns(draw_truth())))


def test_every_file_and_list_is_byte_identical_on_regeneration() -> None:
    different = [one.path for one in _made() if (RAW / one.path).read_bytes() != one.data]
    assert not different, f"run `python -m tests.samples`: {different[:5]}"
    assert (RAW / "arrivals.csv").read_text(encoding="utf-8") == arrivals.arrivals_csv(_made())
    there = {path.relative_to(RAW).as_posix() for path in RAW.rglob("*") if path.is_file()}
    to_try = {path for path in there if path.startswith("try/")}  # see test_trying.py
    assert there - to_try == {one.path for one in _made()} | {"arrivals.csv", "SOURCE.md"}


@pytest.mark.parametrize("territory", plan.list_territories())
def test_golden_files_are_what_the_accepted_returns_meant(territory: str) -> None:
    text = arrivals.golden_csv(arrivals.golden_rows([one for one in _made() if one.territory == territory]))
    assert (ROOT / "tests" / "golden" / f"{territory}.csv").read_text(encoding="utf-8") == text


def test_the_demonstration_stays_within_400_files_and_20_megabytes() -> None:
    sizes = [path.stat().st_size for path in RAW.rglob("*") if path.is_file()]
    assert len(sizes) <= 400 and sum(sizes) <= 20_000_000


def test_every_measure_is_reported_by_somebody() -> None:
    with (ROOT / "dbt_project/seeds/codelists/measure.csv").open(encoding="utf-8", newline="") as handle:
        measures = {row["code"] for row in csv.DictReader(handle)}
    assert measures == {row.measure for one in _made() for row in one.meaning}


def test_each_territory_gives_the_stages_with_trafficking_smuggling_and_slavery_apart() -> None:
    for territory in plan.list_territories():
        rows = [row for one in _made() if one.territory == territory for row in one.meaning]
        measures = {row.measure for row in rows}
        assert {"reported", "investigated", "indicted"} <= measures, territory
        assert measures & {"convicted_first", "convicted_final"}, territory
        assert any(row.sentence_band not in ("_T", "_Z") for row in rows), territory
        offences = {row.offence[:8] for row in rows}
        assert {"ICCS0204", "ICCS0805"} <= offences, territory


def test_every_file_says_that_it_is_a_demonstration() -> None:
    silent = [one.path for one in _made() if not any(word in _text(one).casefold() for word in WORDS)]
    assert not silent


def _text(one: SampleReturn) -> str:
    """All text of a file, without any reader of the project."""
    suffix = Path(one.path).suffix
    if suffix in (".xlsx", ".ods", ".docx"):
        with zipfile.ZipFile(io.BytesIO(one.data)) as container:
            return "".join(container.read(name).decode("utf-8", "replace") for name in container.namelist())
    if suffix == ".xls":
        return one.data.decode("utf-16-le", "ignore") + one.data[1:].decode("utf-16-le", "ignore") + str(one.data)
    if suffix == ".pdf":
        import pdfplumber

        with pdfplumber.open(io.BytesIO(one.data)) as document:
            return document.pages[0].extract_text()
    return "".join(one.data.decode(encoding, "ignore") for encoding in ("utf-8", "cp1251", "utf-16-le"))
