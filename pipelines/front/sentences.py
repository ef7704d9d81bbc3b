"""Compose the sentences of the static pages that no other page has: the headlines of a year."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipelines import words
from pipelines.core.i18n import mark
from pipelines.front.edition import CONVICTED
from pipelines.front.reader import Reader
from pipelines.words import Row, figures, language, regions, trends
from pipelines.words.language import many, tell

PRACTITIONERS = mark(
    "Answers from practitioners have a rule of their own: a share needs at least {respondents} respondents, and one "
    "person alone may be behind it. It shows that somebody gave this answer, but not who: the answers are anonymous, "
    "and groups in which all, or all but one, gave the same answer are withheld. So are groups of fewer than {people} "
    "in which all, or none, gave a favourable answer."
)
"""How shares of practitioners differ from counts of people in returns (decision 26, points 11 and 12; decision 51)."""
WITHHELD_WITH = mark(
    "Some other figures are withheld too, so that nobody can calculate a hidden count from the totals shown here. A "
    "withheld figure may be zero."
)
"""Follows a sentence on which figures are withheld for their own size, which is not the reason of all."""
_SAME = mark("The figure is the same in both years (95% confidence interval of the ratio: {low} to {high}).")
_CHANGES: language.Texts[str] = language.Texts(
    {
        "rise": mark("This is a clear rise: {ratio} times as many (95% confidence interval {low} to {high})."),
        "fall": mark("This is a clear fall: {ratio} times as many (95% confidence interval {low} to {high})."),
        "no_clear_change": mark(
            "This is not a clear change: {ratio} times as many (95% confidence interval {low} to {high})."
        ),
        "depends": mark(
            "That is {ratio} times as many (95% confidence interval {low} to {high}). This is not called a clear "
            "change, because it may not hold if one case involves several people."
        ),
        "withheld": mark("The change is not shown, because at least one of the two figures is withheld."),
        "missing": mark("The change is not shown, because at least one of the two figures is not available."),
        "both_missing": mark("The change is not shown, because neither of the two figures is available."),
    }
)
_CHANGES_OF_FIGURES: language.Texts[str] = language.Texts(
    {
        "rise": mark("This is a clear rise: {ratio} times as high (95% confidence interval {low} to {high})."),
        "fall": mark("This is a clear fall: {ratio} times as high (95% confidence interval {low} to {high})."),
        "no_clear_change": mark(
            "This is not a clear change: {ratio} times as high (95% confidence interval {low} to {high})."
        ),
        "depends": mark(
            "That is {ratio} times as high (95% confidence interval {low} to {high}). This is not called a clear "
            "change, because it may not hold if one case involves several people."
        ),
    }
)
WHY_INTERVAL = mark(
    "Even a full count varies by chance from year to year. The interval shows by how much the underlying level may "
    "differ from the figure."
)
CLEAR = mark("A change or a difference is called clear only if it still holds when one case involves several people.")
NO_FUNNEL = mark(
    "The stages of one period count different people: a case often takes years from one stage to the next. A later "
    "stage can therefore be larger than an earlier one."
)
NO_RANKING = mark("The order of territories is not a ranking.")


_CONVICTIONS = mark("{area}: {crime}, people convicted at first instance: {after} in {last}, {before} in {first}.")
_CERTAINTY = mark("{area}: {crime}, people convicted at first instance in {period}: {figure}.")
_ENDS = mark("{area}: {crime}, {name}: {after} in {last}, {before} in {first}.")


def describe_convictions(reader: Reader, crime: str, area: str, first: str, last: str) -> str:
    """Return the convictions of an area in two years, and whether the change is real."""
    span = (first, last)
    texts = [_format_convictions(reader, crime, area, period) for period in span]
    rows = [reader.edition.find_total(crime, CONVICTED, area, period) for period in span]
    ends = name_ends(reader, area, span, texts, rows)
    numbers = tell(_CONVICTIONS, crime=reader.name_crime(crime), **ends)
    return f"{numbers} {describe_change(judge_convictions(reader, crime, area, first, last))}"


def _format_convictions(reader: Reader, crime: str, area: str, period: str) -> words.FormattedFigure:
    """Return the convictions of an area in a year, or words that explain a missing figure."""
    row = reader.edition.find_total(crime, CONVICTED, area, period)
    if row is None:
        return words.format_absent()
    is_refused = area == reader.edition.region and regions.is_refused(row)
    return regions.refuse_figure() if is_refused else words.format_count(row)


def judge_convictions(reader: Reader, crime: str, area: str, first: str, last: str) -> trends.Trend:
    """Judge whether the convictions of an area changed between two years."""
    before, after = (find_convictions(reader, crime, area, period) for period in (first, last))
    return trends.judge_trend(before, after, reader.edition.find_breaks(area, crime, first, last, before))


def find_convictions(reader: Reader, crime: str, area: str, period: str) -> Row | None:
    """Return the convictions of an area in a year; those of the region need enough territories."""
    return reader.edition.find_own_total(crime, CONVICTED, area, period)


def name_ends(
    reader: Reader,
    area: str,
    span: tuple[str, str],
    texts: Sequence[words.FormattedFigure],
    rows: Sequence[Row | None],
) -> dict[str, str]:
    """Return area, figures and periods of a change between two periods, for a sentence that is quoted alone.

    Figures have their states. How many territories are in them is behind the name of the area if both have the same,
    otherwise behind each.
    """
    name, covers = reader.marked_name(area), [figures.count_cover(row, reader.vocabulary) for row in rows]
    is_same = all(covers) and len({str(row["reporters"]) for row in rows if row is not None}) == 1
    spoken = [
        figures.add_states(
            text.spoken,
            [
                *(figures.list_short_states(row, reader.edition.find_earlier(row)) if text.kind == "value" else []),
                "" if is_same else cover,
            ],
        )
        for text, row, cover in zip(texts, rows, covers, strict=True)
    ]
    area_name = figures.add_states(name, covers[:1]) if is_same else name
    return {"area": area_name, "after": spoken[1], "last": span[1], "before": spoken[0], "first": span[0]}


def describe_ends(
    reader: Reader,
    crime: str,
    name: str,
    span: tuple[str, str],
    texts: Sequence[words.FormattedFigure],
    rows: Sequence[Row | None],
) -> str:
    """Return the figures of the region in the first and the last period of a change; `name` is what is measured."""
    ends = name_ends(reader, reader.edition.region, span, texts, rows)
    return tell(_ENDS, crime=reader.name_crime(crime), name=language.lower_first(name), **ends)


def describe_change(trend: trends.Trend, *, is_count: bool = True) -> str:
    """Return a sentence on whether a change is real: "times as many" for counts, "times as high" for other figures."""
    change = trend.change
    if change is None or change.ratio is None or change.low is None or change.high is None:
        missing = "both_missing" if trend.is_without_figures else "missing"
        return trend.note or _CHANGES["withheld" if trend.verdict == "withheld" else missing]
    # The interval is of a change of single persons; the verdict allows for several persons in one case, too.
    verdict = "depends" if trends.is_unclear(change) else trend.verdict
    ratio, low, high = (words.format_number(number, 2) for number in (change.ratio, change.low, change.high))
    if change.ratio == 1:
        return tell(_SAME, low=low, high=high)
    texts = _CHANGES if is_count else _CHANGES_OF_FIGURES
    return texts.fill_text(verdict, ratio=ratio, low=low, high=high)


def describe_certainty(reader: Reader, crime: str, row: Row | None, period: str) -> str:
    """Return the convictions of the region in a period with their interval."""
    text = tell(
        _CERTAINTY,
        area=figures.name_counted_area(reader.edition.region, row, reader.vocabulary),
        crime=reader.name_crime(crime),
        period=period,
        figure=regions.quote_figure(row),
    )
    return " ".join([text, *figures.list_regional_states(row, reader.edition.find_earlier(row))])


@dataclass(frozen=True)
class RegionSentences:
    """Sentences on a figure of the region: `headline` has the figure.

    `note` names the territories that are not in it, or says why it is missing.
    """

    headline: str
    note: str


def describe_region(reader: Reader, crime: str, period: str, row: Row | None, name: str) -> RegionSentences:
    """Return the sentences on a figure of the region.

    `name` says what is measured, and in which unit: 'indicted, persons'.
    """
    crime_name = reader.find_label("offence_group", crime)
    value = regions.quote_figure(row)
    text = figures.describe_figure(reader.edition.region, period, crime_name, name, value, row, reader.vocabulary)
    headline = " ".join([text, *figures.list_regional_states(row, reader.edition.find_earlier(row))])
    if row is None or not regions.is_covered(row):
        return RegionSentences(
            headline, tell(regions.MIXED_TERRITORIES) if regions.is_mixed(row) else ""
        )  # marked there
    # A headline with a figure has the number of territories; one without it needs the reason.
    has_figure = row["value"] is not None and not regions.is_refused(row)
    return RegionSentences(headline, reader.list_absences(row) if has_figure else reader.describe_cover(row))


def name_regional_years(row: Row | None, by_year: Mapping[str, Row | None]) -> str:
    """Return in which years of its table an indicator has a figure of the region, if its headline has none.

    `row` is the figure of the headline, and `by_year` those of the table: another period can have figures of more
    territories. Empty text if there are none.
    """
    years = [year for year, of_year in by_year.items() if _has_regional_figure(of_year)]
    if _has_regional_figure(row) or not years:
        return ""
    return tell("The table by year has a regional figure for {years}.", years=words.join_words(years))


def _has_regional_figure(row: Row | None) -> bool:
    return row is not None and row["value"] is not None and regions.is_regional(row)


def describe_source(reader: Reader, rows: Iterable[Row | None]) -> str:
    """Return from how many territories the counts of an indicator are: those with a figure of their own, or in any
    figure of the region."""
    reporters: set[str] = set()
    for row in rows:
        if row is not None and row["area"] == reader.edition.region and regions.has_members(row):
            reporters.update(code for code in str(row["reporters"] or "").split(",") if code)
        elif row is not None and row["area"] in reader.edition.territories and row["value"] is not None:
            reporters.add(row["area"])
    if not reporters:
        return tell("Returns of the offices, release {release}.", release=reader.edition.id)
    return many(
        "Returns of the offices of {n} territory, release {release}.",
        "Returns of the offices of {n} territories, release {release}.",
        len(reporters),
        release=reader.edition.id,
    )
