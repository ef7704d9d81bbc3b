"""The page that explains how to add a territory has a complete example, which must load as written."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

from pipelines.declarations import registry
from pipelines.reading.formats.read import read_content
from pipelines.reading.standardise.recognise import recognise_forms
from pipelines.reading.standardise.standardise import standardise_content
from pipelines.warehouse.reference.areas import areas_of
from tests.support.paths import ROOT

PAGE = ROOT / "docs" / "adding-a-territory.md"
_FILE = re.compile(r"```(?:yaml|csv)\n# (?P<path>[\w/.]+)\n(?P<body>.*?)```", re.DOTALL)


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> registry.Registry:
    for match in _FILE.finditer(PAGE.read_text(encoding="utf-8")):
        path = tmp_path / match["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(match["body"], encoding="utf-8")
    monkeypatch.setenv("RTI_TERRITORIES", str(tmp_path))
    return registry.load()


def test_example_of_the_page_is_a_territory(added: registry.Registry) -> None:
    assert added.territories["ZZ"].kind == "training"
    assert "ZZ-JUSTICE-1" in added.forms
    assert added.territory_of("ZZ").code == "ZZ"


def test_training_territory_is_not_an_area_of_references(added: registry.Registry) -> None:
    areas = areas_of(added.territories.values())
    assert "ZZ" not in areas.english and areas.find_code("Exampleland") is None


def test_a_return_on_its_form_is_read(added: registry.Registry) -> None:
    text = "Tromjesečje;Članak;Spol;Osuđeni\n2/2025;106;Muškarci;3\n2/2025;106;Žene;0\n2/2025;326 st. 2;Muškarci;7\n"
    content = read_content(text.encode(), "osudeni.csv")
    match = recognise_forms(content, "osudeni.csv", added)[0]
    assert match.form.id == "ZZ-JUSTICE-1"
    reading = standardise_content(content, match.form, added, submission_id="S000000000000001")
    assert [f.rule for f in reading.findings if f.severity == "error"] == []
    rows = reading.observations.select("period", "law_article", "offence", "sex", "person_type", "value").rows()
    assert sorted(rows) == [
        ("2025-Q2", "106", "ICCS0204", "F", "natural", 0.0),
        ("2025-Q2", "106", "ICCS0204", "M", "natural", 3.0),
        ("2025-Q2", "326(2)", "ICCS08051", "M", "natural", 7.0),
    ]
    assert set(reading.observations["measure"]) == {"convicted_first"}
    assert isinstance(reading.observations, pl.DataFrame)
