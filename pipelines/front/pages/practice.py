"""Compose the pages of what practitioners answered in the newest closed round: an overview, and one of each theme."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final

from pipelines import words
from pipelines.core.i18n import mark, periods
from pipelines.core.rounding import round_half_up
from pipelines.design.components import Markup, Part
from pipelines.front import pages, sentences
from pipelines.front.pages import Page
from pipelines.front.reader import Reader
from pipelines.front.tables import BRACKETS, FigureTable, attach_numbers, format_figure, keep_phrases, mark_few
from pipelines.statistics.change import Operands, compute_figure_change
from pipelines.statistics.thresholds import ENOUGH_EVENTS, FEWEST_ON_ONE_SIDE, FEWEST_RESPONDENTS, is_few_part
from pipelines.survey.bank import load_bank
from pipelines.words import Row, trends
from pipelines.words.language import Texts, current_language, lower_first, tell

FAVOURABLE: Final = "favourable"
_DAYS: Final = re.compile(r"d\d")
"""Beginning of the codes of answers that are numbers of days."""
_CHANGES: Final = Texts(
    {
        "rise": mark("higher than before"),
        "fall": mark("lower than before"),
        "no_clear_change": mark("no clear change"),
    }
)
_ADJUSTED: Final = mark("Not clear: the test allows for the number of questions, and the interval does not.")
_FEW: Final = mark(
    "Shares with the word “few”: fewer than {enough} people gave this answer, or fewer than {enough} another one. "
    "Numbers of respondents with it are below {enough}. Chance alone can change these figures a lot."
)
Labels = Mapping[tuple[str, str], str]


def compose_practice(reader: Reader) -> Page:
    """Return the page on the newest round, with a link to each theme.

    A release of earlier software, or before the first round, has no answers, and the page says so.
    """
    title = tell("Answers from practitioners")
    rows = reader.edition.tables["practice_result"]
    labels = read_labels(reader)
    return Page(
        pages.name_file(pages.PRACTICE),
        "practice.html",
        pages.METHODOLOGY,
        title,
        title,
        lead=tell(
            "Police, prosecutors, judges, central authorities and liaison officers rate how international cooperation "
            "works. Their answers are anonymous."
        ),
        values={
            "how": [pages.name_crimes(reader), *_explain_shares()],
            "round_name": _name_round(rows, labels),
            "themes": [(labels.get(("theme", theme), theme), name_theme_file(theme)) for theme in list_themes(reader)],
        },
    )


def list_themes(reader: Reader) -> list[str]:
    """Return the themes with questions in the newest round, in the order of the questionnaire."""
    return list(dict.fromkeys(str(row["theme"]) for row in reader.edition.tables["practice_result"]))


def compose_theme(reader: Reader, theme: str) -> Page:
    """Return the page of one theme, with a table for each question: all of them would make too large a page."""
    labels = read_labels(reader)
    rows = [row for row in reader.edition.tables["practice_result"] if row["theme"] == theme]
    title = tell("Answers from practitioners: {theme}", theme=lower_first(labels.get(("theme", theme), theme)))
    return Page(
        name_theme_file(theme),
        "practice_theme.html",
        pages.METHODOLOGY,
        title,
        title,
        values={
            "practice": pages.name_file(pages.PRACTICE),
            "how": [pages.name_crimes(reader), *_explain_shares(), _explain_sums(), *_explain_changes(rows)],
            "round_name": _name_round(rows, labels),
            "tables": [
                _compose_question(reader, labels, series, list(question))
                for series, question in groupby(rows, lambda row: str(row["series"]))
            ],
        },
    )


def _explain_shares() -> list[str]:
    return [
        tell(
            "The people asked are not a random sample: each institution names them. The shares describe those "
            "who answered."
        ),
        tell(
            "Shares are in per cent of the people who answered the question. People for whom it does not apply "
            "and people without experience are left out."
        ),
        explain_withheld(),
        tell(sentences.PRACTITIONERS, respondents=FEWEST_RESPONDENTS, people=FEWEST_ON_ONE_SIDE),  # marked there
        tell(
            "Shares are rounded, so those of one row may add up to a little less or more than 100, and the share of "
            "favourable answers may differ by one from the sum of its parts."
        ),
    ]


def _explain_sums() -> str:
    """Return why territories or roles of which none is withheld have fewer respondents than the region."""
    return tell(
        "To protect small groups, some answers are kept without their territory or role. They count for the region "
        "only. So the respondents of all territories, or of all roles, can add up to fewer than those of the region."
    )


def _explain_changes(rows: Sequence[Row]) -> list[str]:
    """Return how changes since the round before were tested, and how many; nothing if none was."""
    tested = sum(row["changed"] is not None and not _is_change_of_few(row) for row in rows)
    if not tested:
        return []
    before = _find_period_before(rows)
    counted = tell(
        "Changes since {period} that were tested here: {n}.",
        n=tested,
        period=words.period_short(before) if before else "",
    )
    return [
        tell(
            "A share is called higher or lower than before only if the change is clear, also after allowing for the "
            "number of questions. Answers are anonymous, so the test takes the respondents of both rounds as different "
            "people."
        ),
        tell(
            "The number next to a change is the new share divided by the one before, with its 95% confidence interval. "
            "It is shown only if, in both rounds, {enough} people or more gave a favourable answer and {enough} or "
            "more another one.",
            enough=ENOUGH_EVENTS,
        ),
        *([counted] if before else []),
    ]


def explain_withheld() -> str:
    """Return the note on groups that are withheld."""
    return tell(
        "A group is withheld if fewer than {respondents} people or only one institution answered, if all, or all but "
        "one, gave the same answer, or if it would show the answers of such a group.",
        respondents=FEWEST_RESPONDENTS,
    )


def name_theme_file(theme: str) -> str:
    """Return the file of the page of a theme."""
    return pages.name_file(f"{pages.PRACTICE}-{theme}")


def read_labels(reader: Reader) -> Labels:
    """Return the texts of the release in the reader's language, by kind and code."""
    rows = reader.edition.tables["practice_label"]
    return {(row["kind"], row["code"]): row["label"] for row in rows if row["language"] == reader.lang}


def _name_round(rows: Sequence[Row], labels: Labels) -> str:
    if not rows:
        return ""
    form = labels.get(("form", rows[0]["form"]), rows[0]["form"])
    return f"{form}, {periods.format_period(rows[0]['period'], current_language())}"


def _compose_question(reader: Reader, labels: Labels, series: str, rows: Sequence[Row]) -> FigureTable:
    """Return a question with the region, the territories and the roles as rows, and its answers as columns."""
    codes = list(dict.fromkeys(row["code"] for row in sorted(rows, key=lambda row: row["code_position"])))
    cells = {(row["dimension"], row["group"], row["code"]): row for row in rows}
    # Only favourable answers are compared with the round before: a question without them, or of a first round, has no
    # such column.
    has_favourable = FAVOURABLE in codes
    has_changes = has_favourable and bool(_find_period_before(rows) or any(row["changed"] for row in rows))
    table = FigureTable(
        reader,
        labels.get(("question", series), series),
        tell("Group"),
        [
            *(_name_answer(labels, series, code) for code in codes),
            tell("Respondents"),
            name_rate(),
            *([_name_change(rows)] if has_changes else []),
        ],
        word_columns=(len(codes) + 2,),
        name=f"practice-{series.lower().replace('.', '-')}",
        few=tell(_FEW, enough=ENOUGH_EVENTS),
    )
    # One remark, since more than six notes are folded, and the last one explains the word "few".
    explained = []
    if has_favourable:
        names = [lower_first(_find_answer(labels, series, code)) for code in _list_favourable(series)]
        if names:
            explained.append(tell("Favourable answers: {answers}.", answers=words.join_words(names)))
        explained.append(tell(BRACKETS))  # marked in tables
    explained.append(explain_rate())
    if all(row["is_withheld"] for row in rows if row["dimension"] == "role"):
        rows = [row for row in rows if row["dimension"] != "role"]
        explained.append(
            tell(
                "Results by role are withheld: together with the results by territory they would show the answers of a "
                "small group."
            )
        )
    table.notes.add_remark(" ".join(explained))
    if has_favourable and not any(row["changed"] for row in rows):
        table.notes.add_remark(
            tell("No change is shown: no earlier round has published answers to this question with the same wording.")
        )
    withheld, unavailable = (format_figure(words.format_status(status)) for status in ("withheld", "unavailable"))
    rates = _find_rates(reader, rows)
    for dimension, group in _list_groups(reader, rows):
        first = cells.get((dimension, group, codes[0]))
        heading = _name_group(table, labels, dimension, group)
        if first is None or first["is_withheld"]:
            # The response rate is of the round, and other questions show it.
            fields = [withheld] * len(table.columns)
            fields[len(codes) + 1] = rates.get((dimension, group), withheld)
            table.add_row(heading, fields)
            continue
        favourable = cells.get((dimension, group, FAVOURABLE))
        changes: list[Part] = []
        if favourable is not None and has_changes:
            changes = [_format_change(table, favourable) if favourable["changed"] else unavailable]
        shares = [_format_share(cells[dimension, group, code]) for code in codes]
        table.add_row(
            heading,
            (
                *shares,
                format_respondents(first["n"]),
                rates.get((dimension, group), unavailable),
                *changes,
            ),
            is_total=dimension == "region",
        )
    return table


def _find_rates(reader: Reader, rows: Sequence[Row]) -> dict[tuple[str, str], Part]:
    """Return the response rate of each group in the round of some answers, if a question of the round shows it."""
    rounds = {(row["form"], row["period"]) for row in rows}
    rates: dict[tuple[str, str], Part] = {}
    for row in reader.edition.tables["practice_result"]:
        if (row["form"], row["period"]) in rounds and not row["is_withheld"] and row["invited"]:
            rate = 100 * row["answered"] / row["invited"]
            rates[row["dimension"], row["group"]] = attach_numbers(words.format_number(rate), round_half_up(rate))
    return rates


def name_rate() -> str:
    """Return the heading of the response rates: a question has none of its own."""
    return tell("Response rate of the round (%)")


def explain_rate() -> str:
    """Return the note on the response rate, which is the same for all questions of a round."""
    return tell(
        "The response rate is that of the whole round: people who sent answers, in per cent of those invited. Fewer "
        "people may have answered this question."
    )


def format_respondents(n: float) -> Part:
    """Return a number of respondents, with the word "few" below the limit of a comparison."""
    text = words.format_number(n)
    return mark_few(text) if n < ENOUGH_EVENTS else text


def _name_change(rows: Sequence[Row]) -> str:
    """Return the heading of the changes, with the period of the round before if the release has it."""
    if before := _find_period_before(rows):
        return tell("Change since {period}", period=words.period_short(before))
    return tell("Change since last round")


def _find_period_before(rows: Sequence[Row]) -> str:
    """Return the period of the round before; empty text if there was none."""
    return max((str(row["before_period"]) for row in rows if row["before_period"]), default="")


def _list_favourable(series: str) -> Sequence[str]:
    """Return the codes of the favourable answers to a question; none if the question bank no longer has it."""
    bank = load_bank()
    question = next((question for question in bank.questions if question.id == series.rpartition(".")[0]), None)
    answers = bank.answer_list(question) if question is not None else None
    return answers.favourable if answers is not None else ()


def _format_change(table: FigureTable, row: Row) -> Part:
    """Return the verdict on a change of the favourable answers, with the ratio of both shares if it was tested."""
    if _is_change_of_few(row):
        return table.verdict_field(trends.VERDICTS["too_few"], trends.explain_few("part"))
    verdict, operands = _CHANGES[row["changed"]], [row[name] for name in ("before_count", "before_n", "count", "n")]
    if None in operands:
        return verdict
    change = compute_figure_change("part", Operands(*operands[:2]), Operands(*operands[2:]))
    ratio = keep_phrases([trends.format_times(trends.Trend(change.verdict, change))])
    text = Markup("{}: {}").format(verdict, ratio)
    # The verdict is that of the release; only the interval is computed here.
    is_adjusted = trends.is_unclear(change._replace(verdict=row["changed"]))
    return table.verdict_field(text, tell(_ADJUSTED) if is_adjusted else "")


def _is_change_of_few(row: Row) -> bool:
    """Return True if a change is not compared: the share is of few now or, as far as the release has it, was before."""
    ends = [(row["count"], row["n"]), (row["before_count"], row["before_n"])]
    return any(is_few_part(*end) for end in ends if None not in end)


def _list_groups(reader: Reader, rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Return the region, all territories in display order, and the roles with answers.

    A territory in which nobody answered the question has no rows; it is shown like one in which few people did.
    """
    roles = dict.fromkeys(("role", row["group"]) for row in rows if row["dimension"] == "role")
    return [("region", "region"), *(("territory", code) for code in reader.edition.territories), *roles]


def _name_group(table: FigureTable, labels: Labels, dimension: str, group: str) -> Part:
    if dimension == "territory":
        return table.name_area(group)
    if dimension == "region":
        return table.name_area(table.reader.edition.region)
    return tell("Role: {role}", role=lower_first(labels.get(("role", group), group)))


def _name_answer(labels: Labels, series: str, code: str) -> str:
    if code == FAVOURABLE:
        return f"{tell('Favourable answers')} (%)"
    return f"{_find_answer(labels, series, code)} (%)"


def _find_answer(labels: Labels, series: str, code: str) -> str:
    """Return the text of an answer; numbers of days have the unit, which the questionnaire has in the question."""
    text = labels.get(("answer", f"{series}.{code}"), code)
    return tell("{range} days", range=text) if _DAYS.match(code) else text


def _format_share(row: Row) -> Part:
    """Return a share in per cent; the sum of the favourable answers with its 95 % confidence interval.

    Every share of few has the word, because a single answer of five people can be quoted like any other.
    """
    share, low, high = (100 * row[name] for name in ("share", "low", "high"))
    is_few = is_few_part(row["count"], row["n"])
    if row["code"] != FAVOURABLE:
        number = attach_numbers(words.format_number(share), round_half_up(share))
        return mark_few(number) if is_few else number
    text = f"{words.format_number(share)} ({words.format_number(low)}–{words.format_number(high)})"
    figure = words.FormattedFigure(text, text, "value", *map(round_half_up, (share, low, high)))
    return format_figure(figure, is_few=is_few)
