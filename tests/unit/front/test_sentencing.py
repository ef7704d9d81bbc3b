"""The page on sentences: each sentence can be quoted alone."""

from __future__ import annotations

import re
from typing import Any

from pipelines.front.pages import sentencing
from pipelines.front.reader import Reader
from tests.support.editions import make_edition, make_total

CODELISTS: list[dict[str, Any]] = [
    {"codelist": "offence_group", "code": "TIP", "label": "Trafficking in persons"},
    {"codelist": "sentence_type", "code": "prison", "label": "Imprisonment"},
]


SANCTIONS: list[dict[str, Any]] = [
    {"codelist": "sentence_type", "code": code, "label": label}
    for code, label in (("_T", "Total"), ("prison", "Imprisonment"), ("community", "Community service"))
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
    assert page.coverage == (
        "Lengths of sentences from case records: 2025, first instance: Aland and Bland*. Each table gives the "
        "coverage of its regional figures."
    )
    tables = page.values["tracks"][0]["tables"]
    assert {table.coverage for table in tables[:2]} == {"Aland and Bland*"}
    remark = "From the case records of Aland and Bland* only."
    assert all(remark in table.notes.remarks for table in tables[:3])
    svg = page.values["tracks"][0]["picture"].draw(720).svg
    assert remark in " ".join(re.findall(r"<text[^>]*>([^<]*)", svg)), "a saved picture has it, too"


def make_sanction(area: str, sanction: str, value: float | None, **changes: Any) -> dict[str, Any]:
    total = make_total(area, "2025", value, measure="sentenced_first", sentence_type=sanction)
    return total | {"offence_group": "TIP", "reporters": "AA,BB,CC,DD"} | changes


def test_sanction_that_a_register_knows_and_does_not_have_is_not_called_not_collected() -> None:
    rows = [
        make_sanction(area, sanction, 30.0)
        for area in ("WB", "AA", "BB", "CC", "DD")
        for sanction in ("prison", "community")
        if (area, sanction) != ("AA", "community")
    ]
    rows = [row | {"reporters": "BB,CC,DD"} if row["sentence_type"] == "community" else row for row in rows]

    def read_field(*more: dict[str, Any]) -> tuple[str, str]:
        edition = make_edition(sanction=[*rows, *more], codelist=SANCTIONS)
        (table,) = sentencing.compose_sentences(Reader(edition, "en"), "TIP").values["tracks"][0]["tables"]
        line = next(row for row in table.table.rows if str(row.heading).startswith("Aland"))
        return str(line.fields[1]), " ".join(str(text) for _, text in table.visible_notes)

    field, notes = read_field()
    assert "not collected" in field and "records this sanction" not in notes
    assert "Aland (not collected)" in notes
    field, notes = read_field(make_sanction("AA", "community", None, flags="unnamed", reporters="AA"))
    assert "Aland (reported, but without this figure)" in notes
    assert "not in the data" in field and "but its data for this crime and year do not name it" in notes


def test_number_of_territories_that_is_too_small_for_a_figure_of_the_region_says_so() -> None:
    few = make_sanction("WB", "community", None, obs_status="O", reporters="AA,BB,CC")
    edition = make_edition(sanction=[make_sanction("WB", "_T", 30.0), few], codelist=SANCTIONS)
    (table,) = sentencing.compose_sentences(Reader(edition, "en"), "TIP").values["tracks"][0]["tables"]
    region, cover = table.table.rows[:2]
    assert "no regional figure" in region.fields[1] and str(cover.fields[1]).startswith("3 of 4<sup")
    assert "<sup" not in str(cover.fields[0]), "all four are in it"
    assert any("No regional figure is shown from fewer than 4" in str(text) for _, text in table.visible_notes)
