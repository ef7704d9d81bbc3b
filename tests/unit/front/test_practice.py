"""The page of practitioners' answers: fields are the figures of the release, withheld groups have none."""

from __future__ import annotations

import re
from math import exp, sqrt
from typing import Any

import pytest

from dashboards.public.page_parts import read_table as read_released_table
from pipelines.front.build import _Writer, list_languages
from pipelines.front.pages.practice import compose_practice, compose_theme, list_themes
from pipelines.front.reader import Reader
from pipelines.words.language import read_in
from tests.support.editions import MEMBERS, make_edition

LABELS = [
    ("theme", "formal", "Formal requests"), ("form", "pulse", "Quarterly questionnaire"), ("role", "judge", "Judge"),
    ("question", "FR01.1", "How easy is it?"), ("answer", "FR01.1.easy", "Easy"), ("answer", "FR01.1.hard", "Hard"),
]  # fmt: skip


RELEASE = {
    "release": "2026-Q3", "demonstration": True, "reference_period": "2026-Q3", "drafted_at": "2026-11-20T09:00:00Z",
}  # fmt: skip


def make_rows(dimension: str, group: str, counts: dict[str, int], **changes: Any) -> list[dict[str, Any]]:
    """Return the rows of one group of the question FR01; `counts` by answer, `favourable` last."""
    n = counts["easy"] + counts["hard"]
    return [
        {
            "round_id": "2026-Q3-pulse", "form": "pulse", "period": "2026-Q3", "position": 0, "theme": "formal",
            "question": "FR01", "question_position": 0, "series": "FR01.1", "dimension": dimension, "group": group,
            "code": code, "code_position": place, "is_withheld": False, "count": count, "n": n, "share": count / n,
            "low": 0.2, "high": 0.7, "invited": 2 * n, "answered": n, "changed": None, "before_count": None,
            "before_n": None, "before_period": None, **changes,
        }
        for place, (code, count) in enumerate(counts.items())
    ]  # fmt: skip


def read_table(rows: list[dict[str, Any]], language: str = "en") -> tuple[list[str], dict[str, list[str]], str]:
    labels = [
        {"kind": kind, "code": code, "language": language, "label": f"{label} {language}"}
        for kind, code, label in LABELS
    ]
    edition = make_edition(practice_result=rows, practice_label=labels)
    with read_in(language):
        reader = Reader(edition, language)
        (link,) = compose_practice(reader).values["themes"]
        (theme,) = list_themes(reader)
        page = compose_theme(reader, theme)
        assert link == (f"Formal requests {language}", page.file)
        (figures,) = page.values["tables"]
        table = figures.table
        lines = {str(row.heading): [re.sub("<[^>]+>", "", str(field)) for field in row.fields] for row in table.rows}
        return (
            [str(column) for column in table.columns],
            lines,
            " ".join(f"{mark} {note}".strip() for mark, note in figures.visible_notes),
        )


def test_fields_are_the_shares_of_the_release() -> None:
    rows = make_rows("region", "region", {"easy": 27, "hard": 33, "favourable": 27}, changed="rise")
    rows += make_rows("territory", "AA", {"easy": 4, "hard": 4, "favourable": 4})
    columns, lines, _ = read_table(rows)
    assert columns[:2] == ["Easy en (%)", "Hard en (%)"]
    assert lines["Western Balkans"] == ["45", "55", "45 (20–70)", "60", "50", "higher than before"]
    others = [fields[0] for name, fields in lines.items() if name != "Western Balkans"]
    assert [field for field in others if field != "withheld"] == ["few50, few"]


def test_every_figure_of_few_people_has_the_word_also_in_files() -> None:
    """Require it of single answers: "60% very easy" of five people can be quoted like the favourable share."""
    rows = make_rows("region", "region", {"easy": 27, "hard": 33, "favourable": 27})
    rows += make_rows("territory", "AA", {"easy": 3, "hard": 2, "favourable": 3})
    rows += make_rows("territory", "CC", {"easy": 1, "hard": 39, "favourable": 1})
    _, lines, notes = read_table(rows)
    assert lines["Western Balkans"][:4] == ["45", "55", "45 (20–70)", "60"], "nothing is of few"
    assert lines["Aland"][:4] == ["few60, few", "few40, few", "few60 (20–70), few", "few5, few"]
    assert lines["Cland"][:4] == ["few3, few", "few98, few", "few3 (20–70), few", "40"], "one and the 39 others"
    assert "fewer than 20 people gave this answer" in notes and "Numbers of respondents with it are below 20." in notes
    labels = [{"kind": kind, "code": code, "language": "en", "label": label} for kind, code, label in LABELS]
    edition = make_edition(practice_result=rows, practice_label=labels, release=[RELEASE])
    page = _Writer(edition, "style.css", "script.js", list_languages()).render_page(
        compose_theme(Reader(edition, "en"), "formal"), Reader(edition, "en")
    )
    table = read_released_table(page, "practice-fr01-1")
    assert table is not None
    assert [cell.kind for cell in table[0].lines[1].cells[:4]] == ["few"] * 4, "files have it in a column of its own"


def test_note_on_few_is_not_folded() -> None:
    rows = make_rows("region", "region", {"easy": 88, "hard": 93, "favourable": 88},
                     before_count=56, before_n=178, changed="no_clear_change")  # fmt: skip
    few = make_rows("territory", "AA", {"easy": 30, "hard": 9, "favourable": 30})
    rows += [row | {"before_count": 30, "before_n": 60, "changed": "rise"} for row in few]
    rows += make_rows("role", "judge", {"easy": 8, "hard": 9, "favourable": 8}, is_withheld=True)
    edition = make_edition(practice_result=rows)
    (figures,) = compose_theme(Reader(edition, "en"), "formal").values["tables"]
    notes = " ".join(str(text) for _, text in figures.visible_notes)
    assert "Too few to compare" in notes and "Not clear" in notes and "Results by role are withheld" in notes
    assert "Shares with the word “few”" in notes and not figures.folded_notes


def test_response_rate_is_named_as_that_of_the_round() -> None:
    """107 of the 181 people who sent answers may have answered a question: its own rate is another one."""
    columns, _, notes = read_table(make_rows("region", "region", {"easy": 27, "hard": 33, "favourable": 27}))
    assert "Response rate of the round (%)" in columns
    assert "The response rate is that of the whole round" in notes and "Fewer people may have answered" in notes


def test_page_names_both_crimes_and_the_rounding_of_shares() -> None:
    reader = Reader(make_edition(practice_result=make_rows("region", "region", {"easy": 27, "hard": 33})), "en")
    for page in (compose_practice(reader), compose_theme(reader, "formal")):
        how = " ".join(page.values["how"])
        assert "cover both crimes" in how and "may add up to a little less or more than 100" in how


@pytest.mark.parametrize(("favourable", "other", "is_few"), [(20, 20, False), (19, 60, True), (60, 19, True)])
def test_share_of_few_people_has_the_word_and_a_note(favourable: int, other: int, is_few: bool) -> None:
    rows = make_rows("region", "region", {"easy": favourable, "hard": other, "favourable": favourable})
    _, lines, notes = read_table(rows)
    assert ("few" in lines["Western Balkans"][2], "Chance alone can change these figures a lot." in notes) == (
        is_few,
        is_few,
    )


def test_answers_that_are_numbers_of_days_have_their_unit() -> None:
    counts = {"easy": 30, "hard": 30, "favourable": 30}
    codes = {"easy": "d0_7", "hard": "d8_30", "favourable": "favourable"}
    rows = [row | {"code": codes[row["code"]]} for row in make_rows("region", "region", counts)]
    labels = [("answer", "FR01.1.d0_7", "Up to 7"), ("answer", "FR01.1.d8_30", "8 to 30")]
    edition = make_edition(
        practice_result=rows,
        practice_label=[{"kind": kind, "code": code, "language": "en", "label": label} for kind, code, label in labels],
    )
    (figures,) = compose_theme(Reader(edition, "en"), "formal").values["tables"]
    assert list(figures.columns[:2]) == ["Up to 7 days (%)", "8 to 30 days (%)"]


def test_change_since_the_round_before_has_its_ratio_where_counts_are_enough() -> None:
    before = {"before_count": 56, "before_n": 178, "changed": "rise"}
    rows = make_rows("region", "region", {"easy": 88, "hard": 93, "favourable": 88}, **before)
    _, lines, notes = read_table(rows)
    verdict, _, numbers = lines["Western Balkans"][-1].partition(": ")
    ratio, low, high = map(float, re.findall(r"[0-9.]+", numbers))
    assert verdict == "higher than before" and ratio == pytest.approx((88 / 181) / (56 / 178), abs=0.005)
    # Katz's interval, by the logarithm of the ratio, is close to Koopman's in samples of this size.
    error = 1.96 * sqrt(1 / 88 - 1 / 181 + 1 / 56 - 1 / 178)
    assert (low, high) == pytest.approx((ratio * exp(-error), ratio * exp(error)), abs=0.02)
    assert "Not clear" not in notes


@pytest.mark.parametrize(
    ("before", "now"),
    [((30, 60), (19, 60)), ((30, 60), (41, 60)), ((19, 60), (30, 60)), ((41, 60), (30, 60)), ((None, None), (19, 60))],
    ids=["few now", "few others now", "few before", "few others before", "few now, the round before is not known"],
)
def test_groups_below_the_limit_are_not_compared_and_do_not_count_as_tested(
    before: tuple[int | None, int | None], now: tuple[int, int]
) -> None:
    counts = {"easy": now[0], "hard": now[1] - now[0], "favourable": now[0]}
    rows = make_rows("region", "region", {"easy": 30, "hard": 30, "favourable": 30})
    rows += make_rows("territory", "AA", counts, before_count=before[0], before_n=before[1], changed="rise")
    _, lines, notes = read_table(rows)
    (change,) = [f[-1] for name, f in lines.items() if name != "Western Balkans" and f[0] != "withheld"]
    assert change == "too few to compare1"
    assert (
        "1 Too few to compare: at least one of the two figures has fewer than 20 in the part or in the rest." in notes
    )
    how = compose_theme(Reader(make_edition(practice_result=rows), "en"), "formal").values["how"]
    assert not [text for text in how if "tested here" in text]


def test_change_that_is_unclear_although_its_interval_excludes_1_says_why() -> None:
    rows = make_rows(
        "region", "region", {"easy": 88, "hard": 93, "favourable": 88},
        before_count=56, before_n=178, changed="no_clear_change",
    )  # fmt: skip
    rows += make_rows(
        "territory", "AA", {"easy": 60, "hard": 60, "favourable": 60},
        before_count=58, before_n=120, changed="no_clear_change",
    )  # fmt: skip
    _, lines, notes = read_table(rows)
    assert re.fullmatch(r"no clear change: 1\.55 \(1\.1\d–2\.\d\d\)1", lines["Western Balkans"][-1])
    (around_1,) = [f[-1] for name, f in lines.items() if name != "Western Balkans" and f[0] != "withheld"]
    assert around_1.endswith(")"), "an interval around 1 needs no reason"
    assert "1 Not clear: the test allows for the number of questions, and the interval does not." in notes


def test_role_is_named_as_one_and_favourable_answers_are_listed() -> None:
    rows = make_rows("region", "region", {"easy": 9, "hard": 11, "favourable": 9})
    rows += make_rows("role", "judge", {"easy": 8, "hard": 9, "favourable": 8})
    _, lines, remarks = read_table(rows)
    assert lines["Role: judge en"][0] == "few47, few", "8 of 17"
    # The question bank calls the answers 4 and 5 of FR01 favourable; this release has no labels for them.
    assert "Favourable answers: 4 and 5." in remarks


def test_page_says_how_many_changes_were_tested() -> None:
    rows = make_rows("region", "region", {"easy": 29, "hard": 31, "favourable": 29})
    rows += [row | {"group": "AA", "dimension": "territory"} for row in rows]
    for row in rows:
        row |= {"changed": "fall" if row["code"] == "favourable" else None, "before_period": "2026-Q2"}
    reader = Reader(make_edition(practice_result=rows), "en")
    assert "Changes since 2026 Q2 that were tested here: 2." in compose_theme(reader, "formal").values["how"]


def test_page_says_why_territories_that_are_all_shown_have_fewer_respondents_than_the_region() -> None:
    rows = make_rows("region", "region", {"easy": 59, "hard": 64, "favourable": 59})
    for code, easy in zip(MEMBERS, (20, 15, 10, 5), strict=True):
        rows += make_rows("territory", code, {"easy": easy, "hard": easy, "favourable": easy})
    how = compose_theme(Reader(make_edition(practice_result=rows), "en"), "formal").values["how"]
    assert [text for text in how if "kept without their territory or role. They count for the region only" in text]


def test_withheld_group_has_no_figure_and_roles_that_are_all_withheld_have_a_note() -> None:
    figures = dict.fromkeys(("count", "n", "share", "low", "high", "invited", "answered"))
    rows = make_rows("region", "region", {"easy": 9, "hard": 11, "favourable": 9})
    rows += make_rows("territory", "AA", {"easy": 1, "hard": 2, "favourable": 1}, is_withheld=True, **figures)
    rows += make_rows("role", "judge", {"easy": 8, "hard": 9, "favourable": 8}, is_withheld=True, **figures)
    _, lines, remarks = read_table(rows)
    assert "Role: judge en" not in lines, "all roles are withheld"
    assert len(lines) > 2, "territories without answers have a row too"
    assert {field for name, fields in lines.items() if name != "Western Balkans" for field in fields} == {"withheld"}
    assert "Results by role are withheld" in remarks


def test_release_without_answers_has_an_empty_page() -> None:
    page = compose_practice(Reader(make_edition(), "en"))
    assert (page.values["themes"], page.values["round_name"]) == ([], "")


def test_labels_are_in_the_language_of_the_reader() -> None:
    columns, _, _ = read_table(make_rows("region", "region", {"easy": 9, "hard": 11, "favourable": 9}), "mk")
    assert columns[0] == "Easy mk (%)"


def test_question_without_favourable_answers_has_no_column_of_changes_and_others_say_why_none_is_shown() -> None:
    columns, lines, notes = read_table(make_rows("region", "region", {"easy": 27, "hard": 33}))
    assert columns[-1] == "Response rate of the round (%)" and lines["Western Balkans"][-1] == "50"
    assert all(len(fields) == len(columns) for fields in lines.values()) and "No change is shown" not in notes
    columns, lines, notes = read_table(make_rows("region", "region", {"easy": 27, "hard": 33, "favourable": 27}))
    assert columns[-1] == "Response rate of the round (%)" and len(lines["Western Balkans"]) == len(columns), (
        "there is no round before"
    )
    assert "no earlier round has published answers to this question with the same wording" in notes


def test_ratio_of_a_change_is_one_line_with_its_interval() -> None:
    before = {"changed": "rise", "before_count": 60, "before_n": 180, "before_period": "2026-Q2"}
    rows = make_rows("region", "region", {"easy": 88, "hard": 93, "favourable": 88}, **before)
    edition = make_edition(practice_result=rows)
    (figures,) = compose_theme(Reader(edition, "en"), "formal").values["tables"]
    assert figures.table.columns[-1] == "Change since 2026 Q2", "the heading names the round before"
    change = str(figures.table.rows[0].fields[-1])
    assert re.search(r': <span class="front-phrase">[0-9.]+ \([0-9.]+–[0-9.]+\)</span>$', change), change
