"""The page on sentences: each sentence can be quoted alone."""

from __future__ import annotations

from typing import Any

from pipelines.front.pages import sentencing
from pipelines.front.reader import Reader
from tests.support.editions import make_edition

CODELISTS: list[dict[str, Any]] = [
    {"codelist": "offence_group", "code": "TIP", "label": "Trafficking in persons"},
    {"codelist": "sentence_type", "code": "prison", "label": "Imprisonment"},
]


def make_median(area: str, year: str, value: float | None) -> dict[str, Any]:
    return {
        "area": area, "source": "Register", "offence_group": "TIP", "level": "first", "freq": "A", "period": year,
        "statistic": "median", "sentence_type": "prison", "sentence_band": "_T", "unit_measure": "M", "value": value,
        "low": None, "high": None, "state": "enough", "obs_status": "A" if value is not None else "Q",
        "conf_status": "F" if value is not None else "C", "statutory_min": None, "statutory_max": None,
        "n_band": "100-199", "flags": "", "interval_basis": "",
    }  # fmt: skip


def test_sentences_name_crime_year_and_instance() -> None:
    rows = [make_median("AA", "2024", 36.0), make_median("AA", "2025", 48.0), make_median("BB", "2025", None)]
    page = sentencing.compose_sentences(Reader(make_edition(sentence=rows, codelist=CODELISTS), "en"), "TIP")
    texts = page.values["tracks"][0]["texts"]
    about = "Trafficking in persons, 2025, first instance, "
    assert texts[0].startswith(
        f"{about}Aland: half of the sentences of imprisonment to be served were up to 48 months."
    )
    assert texts[1] == f"{about}Bland*: withheld."
    captions = [table.caption for table in page.values["tracks"][0]["tables"]]
    assert "Trafficking in persons, 2024–2025, first instance" in captions[2], "the table by year names its years"
    assert page.description.startswith(about), "a search engine shows it without the page"
