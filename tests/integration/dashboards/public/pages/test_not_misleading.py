"""Nothing on a page misleads: sentences agree with tables, bases are not mixed, nobody is blamed, no internal words."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.public import comparison, layout, queries
from dashboards.public.pages.reporting import Coverage
from pipelines import words
from pipelines.core.home import Home
from pipelines.front.edition import Edition
from pipelines.front.pages import sentencing
from pipelines.front.queries import read_tables
from pipelines.front.reader import Reader
from pipelines.publication.releases.public_texts import find_internal_words
from pipelines.statistics.thresholds import FEWEST_TERRITORIES_IN_REGION
from pipelines.words import regions
from pipelines.words.coverage import STAGE_RETURNS
from tests.support.public_pages import read_html, read_paragraphs, run_page

pytestmark = pytest.mark.usefixtures("demonstration")
PAGES = ("region", "compare", "territory", "durations", "victims", "published", "quality", "source", "about")
CRIMES = ("TIP", "SOM")
TRACKS = ("first", "final")
SAME = ("table_id", "offence_group", "measure", "period", "sentence_type")


@pytest.fixture
def frame(demonstration: Home) -> layout.Frame:
    path = queries.current_release()
    return layout.Frame(path, queries.read_rows(path, "release")[0], queries.area_names(path))


def read_quotes(test: AppTest) -> list[str]:
    """Return the text of the sentences to quote, without their source."""
    quotes = re.findall(r"<blockquote[^>]*>(.*?)<cite", read_html(test), re.S)
    return [re.sub(r"<[^>]+>", "", quote) for quote in quotes]


def read_text(test: AppTest) -> str:
    """Return all that a reader sees of a page."""
    html = re.sub(r"<style.*?</style>", "", read_html(test), flags=re.S)
    markdown = re.sub(r"<[^>]+>", " ", read_paragraphs(test))
    others = [*test.title, *test.header, *test.subheader, *test.info, *test.warning, *test.caption]
    labels = [block.label for block in test.expander]
    return " ".join(
        [
            re.sub(r"<[^>]+>", " ", html),
            unescape(markdown),
            *(unescape(str(element.value)) for element in others),
            *labels,
        ]
    )


def count_region(frame: layout.Frame, period: str, crime: str, measure: str) -> Any:
    freq = "A" if len(period) == 4 else "Q"
    (row,) = queries.read_rows(frame.path, "stages", freq, period, crime, "person", (measure,), ("region",))
    return row


@pytest.mark.parametrize("crime", CRIMES)
def test_change_of_the_region_is_the_difference_of_its_published_totals(frame: layout.Frame, crime: str) -> None:
    rows = queries.read_rows(frame.path, "splits", frame.region, crime, "person")
    assert len(rows) == 5
    for row in rows:
        before = count_region(frame, row["previous_period"], crime, "convicted_first")
        after = count_region(frame, row["period"], crime, "convicted_first")
        assert (row["count_before"], row["count_after"]) == (before["value"], after["value"])
        assert row["change"] == after["value"] - before["value"]
        assert row["reporters"] == after["reporters"] == before["reporters"]


@pytest.mark.parametrize("crime", CRIMES)
def test_sentence_on_the_change_agrees_with_the_table_of_the_page(frame: layout.Frame, crime: str) -> None:
    test = run_page("region", crime=crime, freq="A", period="2025")
    sentence = next(text for text in read_quotes(test) if "convictions at first instance" in text)
    before, after = (count_region(frame, year, crime, "convicted_first")["value"] for year in ("2024", "2025"))
    assert f"from {before:.0f} to {after:.0f} ({after - before:+.0f})".replace("-", "\u2212") in sentence
    assert "of 7 territories" in sentence or "all 7 territories" in sentence


def test_every_headline_of_the_region_agrees_with_the_release(frame: layout.Frame) -> None:
    """Check each number of each headline, for every selection, and that the stages of a sentence have one base."""
    name, compared = frame.area_name(frame.region), 0
    for crime in CRIMES:
        for unit in ("person", "case"):
            coverage = Coverage(frame, STAGE_RETURNS, crime, unit)
            for freq, periods in queries.list_periods(frame.path, crime).items():
                for period in periods:
                    for track in TRACKS:
                        measures = queries.STAGES[track]
                        rows = queries.read_rows(frame.path, "stages", freq, period, crime, unit, measures, ("region",))
                        by_measure = {row["measure"]: row for row in rows}
                        text = regions.describe_stages(
                            name, period, crime, track, [(m, by_measure.get(m)) for m in measures], 7,
                            coverage.list_absences,
                        )  # fmt: skip
                        compared += check_headline(text, by_measure, measures)
    assert compared > 100


def check_headline(text: str, by_measure: dict[str, Any], measures: tuple[str, ...]) -> int:
    parts = re.split(r"(Figures cover (?:all 7|\d of 7) territories\.)", text)
    figure_by_stage: dict[str, tuple[str, str]] = {}
    for clause, cover in zip(parts[::2], parts[1::2], strict=False):
        for number, stage in re.findall(r"([0-9][0-9\u202f,]*) (?:persons?|cases?) (\w+)", clause):
            figure_by_stage[stage] = (number, cover)
    for measure in measures:
        row, stage = by_measure.get(measure), words.stage_name(measure).lower()
        if row is None or row["value"] is None or regions.count_reporters(row) < FEWEST_TERRITORIES_IN_REGION:
            assert stage not in figure_by_stage, text
            continue
        n = regions.count_reporters(row)
        cover = f"Figures cover {'all 7' if n == 7 else f'{n} of 7'} territories."
        assert figure_by_stage[stage] == (words.format_number(row["value"]), cover), text
    return len(figure_by_stage)


@pytest.mark.parametrize("freq", ["A", "P3"])
def test_note_on_a_ratio_without_lag_does_not_deny_durations_of_the_release(frame: layout.Frame, freq: str) -> None:
    """Require it because the first year of a series, and a pool of years, have no lag although records show one."""
    rows = queries.run_statement(
        frame.path,
        "select distinct area, period from stage_ratio where is_default and default_rule = 'no_lag' and freq = ?"
        " and metric = 'convicted_first_per_indicted' and offence_group = 'TIP' and value is not null and area in"
        " (select area from duration where stage = 'first' and offence_group = 'TIP' and value is not null)",
        [freq],
    )
    assert rows
    for row in rows:
        address = {"kind": "ratio", "indicator": "convicted_first_per_indicted", "areas": row["area"], "crime": "TIP"}
        text = read_text(run_page("compare", freq=freq, period=row["period"], **address))
        assert "cannot be calculated for it" in text and "no records show" not in text, row


def test_only_the_office_that_was_due_is_outstanding() -> None:
    quote = read_quotes(run_page("region", crime="TIP", freq="Q", period="2026-Q3"))[0]
    assert "Bosnia and Herzegovina (in part, 3 of 4: Brčko District outstanding)" in quote
    assert "Montenegro (not due: reports once a year)" in quote
    assert "missing" not in quote
    victims = read_quotes(run_page("victims", freq="Q", period="2026-Q3"))[0]
    assert "missing" not in victims and "late" not in victims
    assert victims.count("not due: reports once a year") == 3


def test_part_that_does_not_count_an_offence_is_not_called_missing() -> None:
    text = read_text(run_page("region", crime="SOM", freq="A", period="2025"))
    assert "Bosnia and Herzegovina (reported, but without this figure)" in text
    about_the_part = text.replace(words.LEGEND["unavailable"][1], "").replace("is a figure missing?", "")
    assert "Missing" not in about_the_part and "missing" not in about_the_part


def test_reporting_board_shows_each_territory_and_quarter() -> None:
    html = read_html(run_page("quality"))
    quarters = html.split("Returns by quarter", 1)[1].split("</table>", 1)[0]
    rows = {
        re.sub(r"<[^>]+>", "", heading).strip(): [re.sub(r"<sup>.*?</sup>|<[^>]+>", "", f).strip() for f in fields]
        for heading, fields in (
            (
                re.search(r"<th scope=\"row\">(.*?)(?:<sup>|</th>)", row, re.S)[1],
                re.findall(r"<td[^>]*>(.*?)</td>", row),
            )  # type: ignore[index]
            for row in quarters.split("<tr>")[2:]
        )
    }
    assert len(rows) == 7
    assert rows["Bosnia and Herzegovina"][-1] == "in part (3 of 4)", "the newest quarter is the last"
    years = html.split("Returns by year", 1)[1]
    assert all("By quarter: " in part for part in (html.split("Returns by year", 1)[0], years)), "below both tables"
    assert set(rows["Montenegro"]) == {"not due"}
    assert rows["Croatia"][-1] == "on time"
    assert "Bosnia and Herzegovina, 2026 Q3: Brčko District outstanding." in html
    assert "Reports once a year." in html and "Reports by quarter." in html
    assert "Bosnia and Herzegovina: Brčko District late." in html, "the part that was late is named, and no other"


def test_region_opens_where_most_territories_can_be_compared() -> None:
    test = run_page("region", crime="TIP")
    assert test.query_params["freq"] in ("A", ["A"]) and test.query_params["period"] in ("2025", ["2025"])


def test_no_figure_of_the_region_comes_from_fewer_than_four_territories(frame: layout.Frame) -> None:
    row = count_region(frame, "2025", "SOM", "sentenced_final")
    assert regions.count_reporters(row) < 4 and row["value"] is not None
    test = run_page("region", crime="SOM", freq="A", period="2025", decisions="final", stages="all")
    region_row = next(r for r in read_html(test).split("<tr") if "Western Balkans" in r and "rti-total" in r)
    assert "no regional figure" in region_row and f">{row['value']:.0f}<" not in region_row
    assert f"{row['value']:.0f} persons sentenced" not in read_quotes(test)[0]


def test_rows_of_the_region_by_sex_have_their_own_coverage() -> None:
    html = read_html(run_page("region", crime="SOM", freq="A", period="2025"))
    table = html.split("by sex. Release", 1)[1].split("</table>", 1)[0]
    assert "Territories</th>" in table and "The rows cover different territories" in html
    assert 'class="rti-total"' not in table, "no total line above rows of another base"


def test_coherence_compares_the_whole_offence_in_words(frame: layout.Frame) -> None:
    """Albania 2025: 38 persons convicted in all, of whom 8 are in the offence without a further breakdown."""
    pairs = [row for row in queries.read_rows(frame.path, "coherence") if row["left_source"] == "returns"]
    (albania,) = [r for r in pairs if (r["territory"], r["period"], r["measure"]) == ("AL", "2025", "convicted_first")]
    assert (albania["left_value"], albania["left_words"]) == (38, "Convicted at first instance")
    for row in pairs:
        assert row["left_words"] != row["measure"], "labels instead of codes"
        if row["measure"] == "victims_detected":
            continue
        freq, level = "A", {"indicted": "prosecution", "convicted_first": "first"}[row["measure"]]
        cells, _ = queries.find_cells(
            frame.path, "area_year",
            {
                "area": row["territory"], "freq": freq, "period": row["period"], "measure": row["measure"],
                "level": level, "count_unit": "person", "offence_group": "TIP", "offence": "_T",
            },
        ), None  # fmt: skip
        assert row["left_value"] in [cell["value"] for cell in cells]


def test_every_publisher_can_be_chosen_and_a_part_is_not_read_as_the_whole(frame: layout.Frame) -> None:
    test = run_page("published", view="figures", territory="BA", publisher="UNODC", published_year="2019")
    html = read_html(test)
    assert ">61<" in html and "UNODC" in html and "US Department of State" not in html
    html = read_html(run_page("published", view="figures", territory="BA", published_year="2020"))
    for part in ("Brčko District", "Republika Srpska", "State level"):
        assert f"2020: {part} only" in html
    (box,) = [b for b in run_page("published", view="figures", territory="all").selectbox if b.label == "Publisher"]
    publishers = {row["publisher"] for row in queries.run_statement(
        frame.path, "select distinct publisher from reference_figure where kind <> 'invented' "
        "and (offence_group = 'TIP' or offence_group is null)", []
    )}  # fmt: skip
    assert publishers <= set(box.options) and len(publishers) > 10


def test_unknown_original_is_said_and_not_replaced_by_a_copy() -> None:
    html = read_html(run_page("published", view="figures", territory="HR", publisher="US Department of State"))
    note = "Read in a copy or a quotation on another site, not in the original."
    assert [part.count(note) for part in html.split("<table")[1:]] == [1, 1], "one note below each table"
    assert "aassone" not in html and "reposted" not in html


def test_change_of_a_series_is_tested_and_never_across_a_break() -> None:
    html = read_html(run_page("region", crime="SOM", freq="A", period="2025", since="2023"))
    table = html.split("convicted at first instance (persons), 2023 and 2025.", 1)[1].split("</table>", 1)[0]
    macedonia = next(row for row in table.split("<tr") if "North Macedonia" in row)
    assert ">63<" in macedonia and ">71<" in macedonia
    assert "1.13 (0.79–1.61)" in macedonia and "no clear change" in macedonia
    html = read_html(run_page("region", crime="TIP", freq="A", period="2025", since="2022"))
    table = html.split("convicted at first instance (persons), 2022 and 2025.", 1)[1].split("</table>", 1)[0]
    for area in ("Western Balkans", "Croatia"):
        assert "not tested: break" in next(row for row in table.split("<tr") if area in row)
    assert "Not tested across a break in the series." in html


def test_reason_is_given_where_no_change_over_time_is_tested() -> None:
    """Check durations, followed cases and disposition times, which have figures and no test of a change."""
    of_records = read_paragraphs(run_page("durations"))
    assert "The records of all years are taken together, so no change over time is tested." in of_records
    assert "because the counts behind the shares of followed cases are not published." in of_records
    assert "so no change over time is tested." in read_paragraphs(run_page("compare", kind="duration"))
    for indicator in ("disposition_time_first", "disposition_time_prosecution"):
        of_stocks = read_paragraphs(run_page("compare", kind="clearance", indicator=indicator))
        assert "the same case can be pending in both periods." in of_stocks, indicator


@pytest.mark.sampled(of="crime")
@pytest.mark.parametrize("crime", CRIMES)
@pytest.mark.parametrize("kind", [kind for kind in comparison.KINDS if kind not in ("duration", "sentence")])
def test_compared_sentence_names_area_crime_period_indicator_and_coverage(kind: str, crime: str) -> None:
    """Check one crime of each kind in `make test`; `test_every_sentence.py` checks the figures of all sentences."""
    path = queries.current_release()
    for code in comparison.list_codes(path, kind, crime):
        test = run_page("compare", kind=kind, indicator=code, crime=crime)
        sentence, query = read_quotes(test)[0], test.query_params
        name = (
            comparison.name_measure(path, code)
            if kind in ("count", "rate", "share")
            else str(comparison.read_metrics(path)[code]["name"]).replace("'", "’")
        )
        crime_name = queries.read_labels(path, "offence_group")[crime]
        period = words.period_words(str(query["period"]))
        for part in ("Western Balkans", period, crime_name, name):
            assert part.lower() in sentence.lower(), (kind, code, part, sentence)
        first = sentence.partition(". ")[0]
        if re.search(r": [0-9][0-9,.]*(?: \(95%|$)", first.rstrip(".")):
            assert re.search(r"\((?:all 7|[4-6] of 7) territories\)", first), sentence


def test_provisional_figure_is_called_so_in_the_sentence() -> None:
    path = queries.current_release()
    statement = (
        "select measure, offence_group, period from cell where area_kind = 'region' and is_total and freq = 'Q'"
        " and count_unit = 'person' and flags like '%provisional%' and value is not null"
        " and len(string_split(reporters, ',')) > 3 limit 1"
    )
    for row in queries.run_statement(path, statement, []):
        address = {"crime": row["offence_group"], "freq": "Q", "period": row["period"]}
        test = run_page("compare", kind="count", indicator=row["measure"], **address)
        assert "Provisional: may be revised." in read_quotes(test)[0]


@pytest.mark.parametrize("page", PAGES)
def test_no_page_shows_internal_words(page: str) -> None:
    text = read_text(run_page(page))
    assert find_internal_words(text) == []


def test_no_sentence_of_a_released_table_has_internal_words(frame: layout.Frame) -> None:
    """Check every text column of every table: values of three words or more are sentences, others are codes."""
    columns = queries.run_statement(
        frame.path,
        "select table_name, column_name from information_schema.columns where data_type = 'VARCHAR' order by all",
        [],
    )
    assert len(columns) > 200
    for row in columns:
        table, column = row["table_name"], row["column_name"]
        values = queries.run_statement(
            frame.path, f"select distinct \"{column}\" as text from \"{table}\" "
            f"where regexp_matches(\"{column}\", '\\S+ \\S+ \\S+')", []
        )  # fmt: skip
        for value in values:
            assert find_internal_words(value["text"]) == [], (table, column, value["text"])


def test_newest_quarter_without_a_total_names_the_part_that_it_lacks() -> None:
    html = read_html(run_page("territory", territory="BA", crime="TIP", section="trend"))
    (row,) = (row for row in html.split("<tr")[1:] if "2026 Q3" in row.split("</th>")[0])
    heading, fields = row.split("</th>")[:2]
    assert "<sup>" in heading and "not available" in fields and "<sup>" not in fields, (
        "nothing to revise without a number"
    )
    assert "The total needs all 4 parts. Not included: Brčko District" in html


def test_sanction_that_the_data_do_not_name_has_one_word_in_explorer_and_static_pages(frame: layout.Frame) -> None:
    reader = Reader(Edition(read_tables(Path(frame.path).parent)), "en")
    parts = comparison.list_parts(frame.path, "TIP", "sentenced_first", "person")
    unnamed = [
        row
        for row in queries.find_unnamed(frame.path, "sentence_type", ("sentenced_first",), "TIP", "person")
        if row["period"] == "2025" and f"sentence_type.{row['sentence_type']}" in parts
    ]
    assert unnamed
    (track, *_) = sentencing.compose_sentences(reader, "TIP").values["tracks"]
    table = track["tables"][-1].table
    labels = queries.read_labels(frame.path, "sentence_type")
    for row in unnamed:
        place = table.columns.index(labels[row["sentence_type"]])
        (line,) = [line for line in table.rows if str(line.heading).startswith(frame.area_name(row["area"]))]
        assert "not in the data" in line.fields[place]
        test = run_page(
            "compare", kind="share", indicator="sentenced_first", part=f"sentence_type.{row['sentence_type']}",
            freq="A", period=row["period"], crime="TIP",
        )  # fmt: skip
        html = read_html(test)
        (field,) = re.findall(rf"<tr[^>]*><th[^>]*>(?:<a[^>]*>)?{frame.area_name(row['area'])}.*?</tr>", html, re.S)[:1]
        assert "not in the data" in field
        of_region = next(
            cell
            for cell in reader.edition.tables["sanction"]
            if cell["area"] == frame.region and all(cell[name] == row[name] for name in SAME)
        )
        absences = Coverage(frame, STAGE_RETURNS, "TIP", "person").list_absences(of_region)
        assert f"{frame.marked_name(row['area'])} (reported, but without this figure)" in absences
        assert absences == reader.list_absences(of_region)
        profile = read_html(run_page("territory", territory=row["area"], section="breakdown", by="sentence_type"))
        assert "not in the data" in profile and "its data for this crime and year do not name it" in profile
