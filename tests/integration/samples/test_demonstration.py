"""The demonstration in the repository is what the generator writes, within its limits, and marked as such."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from pipelines.submissions.experts import listed
from pipelines.submissions.listed_assessments import FILE
from pipelines.survey import listed_measures
from tests.samples import arrivals, assessments, plan, questionnaire
from tests.samples.rows import SampleReturn
from tests.support.generated_returns import GeneratedReturns
from tests.support.paths import ROOT

RAW = ROOT / "raw_samples"
WORDS = ("demonstra", "демонстра")


@pytest.fixture(scope="module")
def returns(generated_returns: GeneratedReturns) -> Sequence[SampleReturn]:
    """The returns as the generator makes them, by arrival."""
    generated = [
        sample for territory in plan.list_territories() for sample in generated_returns.list_returns(territory)
    ]
    return arrivals.order_returns(generated)


def test_every_file_and_list_is_byte_identical_on_regeneration(returns: Sequence[SampleReturn]) -> None:
    different = [sample.path for sample in returns if (RAW / sample.path).read_bytes() != sample.data]
    assert not different, f"run `python -m tests.samples`: {different[:5]}"
    assert (RAW / "arrivals.csv").read_text(encoding="utf-8") == arrivals.arrivals_csv(returns)
    assert (RAW / "SOURCE.md").read_text(encoding="utf-8") == arrivals.SOURCE
    files = {path.relative_to(RAW).as_posix() for path in RAW.rglob("*") if path.is_file()}
    to_try = {path for path in files if path.startswith("try/")}  # see test_trying.py
    assert files - to_try == {sample.path for sample in returns} | {
        "arrivals.csv",
        FILE,
        questionnaire.FILE,
        listed_measures.FILE,
        listed.FILE,
        "SOURCE.md",
    }
    assert (RAW / FILE).read_text(encoding="utf-8") == assessments.assessments_csv()
    assert (RAW / questionnaire.FILE).read_text(encoding="utf-8") == questionnaire.rounds_csv()


@pytest.mark.parametrize("territory", plan.list_territories())
def test_golden_files_are_the_meaning_of_the_accepted_returns(returns: Sequence[SampleReturn], territory: str) -> None:
    rows = arrivals.golden_rows([sample for sample in returns if sample.territory == territory])
    files = arrivals.list_golden_files(territory, rows)
    assert [path for path, _ in files] == [f"{territory}.csv", f"cooperation/{territory}.csv"]
    if events := arrivals.golden_events([sample for sample in returns if sample.territory == territory]):
        text = arrivals.events_csv(events)
        assert (ROOT / "tests" / "golden" / "requests" / f"{territory}.csv").read_text(encoding="utf-8") == text
    for path, instruments in files:
        text = arrivals.golden_csv(row for row in rows if row.instrument in instruments)
        assert (ROOT / "tests" / "golden" / path).read_text(encoding="utf-8") == text


def test_demonstration_has_at_most_400_files_and_20_megabytes() -> None:
    sizes = [path.stat().st_size for path in RAW.rglob("*") if path.is_file()]
    assert len(sizes) <= 400 and sum(sizes) <= 20_000_000


def test_every_measure_is_reported(returns: Sequence[SampleReturn]) -> None:
    with (ROOT / "dbt_project/seeds/codelists/measure.csv").open(encoding="utf-8", newline="") as handle:
        measures = {row["code"] for row in csv.DictReader(handle)}
    assert measures == {row.measure for sample in returns for row in sample.meaning}


def test_each_territory_gives_the_stages_with_trafficking_smuggling_and_slavery_apart(
    returns: Sequence[SampleReturn],
) -> None:
    for territory in plan.list_territories():
        rows = [row for sample in returns if sample.territory == territory for row in sample.meaning]
        measures = {row.measure for row in rows}
        assert {"reported", "investigated", "indicted"} <= measures, territory
        assert measures & {"convicted_first", "convicted_final"}, territory
        assert any(row.sentence_band not in ("_T", "_Z") for row in rows), territory
        offences = {row.offence[:8] for row in rows}
        assert {"ICCS0204", "ICCS0805"} <= offences, territory


def test_every_file_is_marked_as_a_demonstration(returns: Sequence[SampleReturn]) -> None:
    silent = [sample.path for sample in returns if not any(word in _extract_text(sample).casefold() for word in WORDS)]
    assert not silent


def _extract_text(sample: SampleReturn) -> str:
    """Return all text of a file, without any reader of the project."""
    suffix = Path(sample.path).suffix
    if suffix in (".xlsx", ".ods", ".docx"):
        with zipfile.ZipFile(io.BytesIO(sample.data)) as container:
            return "".join(container.read(name).decode("utf-8", "replace") for name in container.namelist())
    if suffix == ".xls":
        return (
            sample.data.decode("utf-16-le", "ignore") + sample.data[1:].decode("utf-16-le", "ignore") + str(sample.data)
        )
    if suffix == ".pdf":
        import pdfplumber

        with pdfplumber.open(io.BytesIO(sample.data)) as document:
            return document.pages[0].extract_text()
    return "".join(sample.data.decode(encoding, "ignore") for encoding in ("utf-8", "cp1251", "utf-16-le"))
