"""The page of a figure's source: its sentence names everything that the figure is not a total of.

`test_every_sentence.py` checks the sentence of every cell and indicator of the demonstration release.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlparse

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.public import queries
from pipelines import words
from pipelines.core import codes, home
from pipelines.words import figures
from tests.support.public_pages import read_html, run_page
from tests.support.releases import release_ratios


def read_vocabulary(path: str) -> figures.Vocabulary:
    areas = queries.area_names(path)
    return figures.Vocabulary(
        {name: queries.read_labels(path, name) for name in figures.CODELISTS},
        {code: str(row["name_en"]) for code, row in areas.items()},
        [code for code, row in areas.items() if row["area_kind"] == "territory"],
    )


def list_missing_parts(cell: queries.Row, vocabulary: figures.Vocabulary) -> list[str]:
    """Return what the sentence of a cell must name and does not."""
    expected = [
        vocabulary.find_label(name, str(cell[name]))
        for name in codes.BREAKDOWNS
        if cell[name] is not None and cell[name] not in codes.TOTAL_CODES
    ]
    expected += [vocabulary.areas[cell["area"]], words.period_words(cell["period"])]
    expected += [vocabulary.find_label(name, str(cell[name])) for name in ("measure", "offence_group")]
    if cell["statistic"] != "count":
        expected.append(vocabulary.find_label("statistic", cell["statistic"]))
    reporters = [code for code in str(cell["reporters"] or "").split(",") if code]
    if cell["area_kind"] == "region" and 0 < len(reporters) < len(vocabulary.territories):
        expected.append(f"{len(reporters)} of {len(vocabulary.territories)} territories")
        expected += [vocabulary.areas[code] for code in reporters]
    if cell["area_kind"] == "territory" and 0 < cell["n_reported"] < cell["n_expected"]:
        expected.append(f"{len(reporters)} of {cell['n_expected']} jurisdictions")
    if cell["value"] is None:
        expected.append("withheld" if cell["conf_status"] != "F" or cell["obs_status"] == "Q" else "not ")
    else:
        # "Detected victims: 335" has its unit in the name of the measure.
        has_unit = cell["count_unit"] == "victim" and "victims" in vocabulary.find_label("measure", cell["measure"])
        expected.append(
            words.format_number(cell["value"]) if has_unit else words.count_units(cell["value"], cell["count_unit"])
        )
        expected += ["Fewer than 20"] if cell["value"] < 20 else []
    expected += ["Provisional"] if "provisional" in str(cell["flags"] or "") else []
    sentence = figures.describe_count(cell, vocabulary).lower()
    return [part for part in expected if part.lower() not in sentence]


def test_sentence_names_every_dimension_of_the_handmade_cells(handmade: str) -> None:
    vocabulary = read_vocabulary(handmade)
    cells = queries.run_statement(handmade, "select * from cell", [])
    assert not [missing for cell in cells if (missing := list_missing_parts(cell, vocabulary))]


def test_two_cells_of_one_table_never_have_the_same_sentence_start(demonstration: home.Home) -> None:
    """Check that a sentence identifies its cell, since it is quoted without its table."""
    path = queries.current_release()
    vocabulary = read_vocabulary(path)
    cells = queries.run_statement(path, "select * from cell", [])
    subjects: dict[str, str] = {}
    for cell in cells:
        subject = figures.describe_count({**cell, "value": None, "obs_status": "O", "flags": ""}, vocabulary)
        subject = f"{cell['count_unit']} {subject}"
        assert subjects.setdefault(subject, cell["cell_id"]) == cell["cell_id"], subject


def test_revised_figure_names_the_earlier_one(handmade: str) -> None:
    cell = next(row for row in queries.run_statement(handmade, "select * from cell where value > 20", []))
    sentence = figures.describe_count(cell, read_vocabulary(handmade), {"value": 1234.0, "release": "2026-Q2"})
    assert sentence.endswith("Revised: 1,234 in release 2026-Q2.")


def read_sentence(test: AppTest) -> str:
    sentence = re.search(r"<blockquote[^>]*>(.*?)<cite>", read_html(test), re.S)
    assert sentence is not None
    return sentence[1]


def test_part_of_a_total_is_never_quoted_as_the_total(handmade: str) -> None:
    test = run_page("source", cell="area=AL;period=2025;measure=reported;offence_group=TIP;count_unit=person;sex=M")
    assert read_sentence(test).startswith("Albania, 2025: trafficking in persons, reported (sex: Male): ")
    assert "rti explain" not in read_html(test) and not re.search(r"\bS[0-9a-f]{14}\b", read_html(test))


def follow_link(test: AppTest, table: str) -> AppTest:
    """Open the first link to the source of an indicator on a page."""
    link = next(link for link in re.findall(r'href="(source\?[^"]+)"', read_html(test)) if table in link)
    query = {name: values[0] for name, values in parse_qs(urlparse(link).query).items()}
    return run_page("source", **query)


@pytest.mark.parametrize(
    ("page", "selection", "table", "expected"),
    [
        (
            "compare",
            {"kind": "ratio", "indicator": release_ratios.METRIC, "freq": "A", "period": release_ratios.PERIOD},
            "stage_ratio", "The counts behind it",
        ),
        ("durations", {"crime": "TIP"}, "clearance", "The counts behind it"),
        ("durations", {"crime": "TIP"}, "duration", "The data behind it"),
        ("territory", {"territory": "AL", "section": "outcomes"}, "exit%2F", "The counts behind it"),
        ("territory", {"territory": "AL", "by": "sex", "year": "2025"}, "made=sex", "How it is calculated"),
        ("region", {"freq": "Q", "period": "2026-Q2", "show": "rate"}, "made=rate", "How it is calculated"),
    ],
)  # fmt: skip
def test_indicators_lead_back_to_what_they_are_made_of(
    handmade: str, page: str, selection: dict[str, str], table: str, expected: str
) -> None:
    test = follow_link(run_page(page, **selection), table)
    assert not test.warning, [warning.value for warning in test.warning]
    assert expected in [header.value.replace("\u00a0", " ") for header in test.header]


def test_ratio_of_the_region_lists_the_counts_of_its_territories(demonstration: home.Home) -> None:
    key = "stage_ratio/metric=convicted_first_per_indicted;area=WB;period=2025;offence_group=TIP;count_unit=person"
    test = run_page("source", indicator=f"{key};version=same_period")
    assert read_sentence(test) == (
        "Western Balkans (all 7 territories), 2025: trafficking in persons, convicted at first instance per 100 "
        "indicted, same year: 85 per cent (95% confidence interval 68 to 106)."
    )
    text = read_html(test)
    assert "Convicted at first instance, 2025" in text and "Indicted, 2025" in text
    assert "<dt>Numerator</dt><dd>198</dd>" in text and "<dt>Denominator</dt><dd>233</dd>" in text
    counts = [int(value) for value in re.findall(r"source\?cell=[^>]*convicted_first[^>]*>(\d+)</a>", text)]
    assert sum(counts) == 198, "the counts shown are those of the ratio"


def test_unknown_indicator_gets_a_message(handmade: str) -> None:
    for text in ("cell/area=AL", "stage_ratio/area=AL", "nothing"):
        assert any("no such figure" in warning.value for warning in run_page("source", indicator=text).warning)


@pytest.mark.parametrize("table", list(queries.INDICATOR_KEYS))
def test_key_of_an_indicator_identifies_one_row(table: str, demonstration: home.Home) -> None:
    names = ", ".join(queries.INDICATOR_KEYS[table])
    statement = f"select {names} from {table} group by {names} having count(*) > 1"
    assert not queries.run_statement(queries.current_release(), statement, [])
