"""Results of closed rounds, compared with a plain recount, and what is withheld in them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from pipelines.core import clock, file_states
from pipelines.statistics.thresholds import FEWEST_RESPONDENTS
from pipelines.survey import letters, results, service
from pipelines.survey.service import SurveyDesk
from tests.support import surveys as fakes
from tests.support.surveys import TableOfAnswers, make_tables

STANDING = ("not_applicable", "no_experience")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SurveyDesk]:
    """A closed round with 60 answers in three territories."""
    with clock.freeze_time(clock.parse_time(fakes.MONDAY)):
        new_desk = fakes.make_desk(tmp_path_factory.mktemp("results"))
        cells = (("AL", "police", 20), ("ME", "prosecutor", 20), ("RS", "police", 14), ("RS", "judge", 3))
        round_id = fakes.open_round(new_desk, fakes.make_invitees(cells))
        letters.send_letters(new_desk.surveys)
    rng = random.Random(8)
    with clock.freeze_time(clock.parse_time(fakes.DURING)):
        for address, sent in fakes.read_outbox(new_desk.surveys.home).items():
            if not address.startswith("police19"):
                fakes.fill_in(new_desk.surveys, round_id, sent[0], rng)
    with clock.freeze_time(clock.parse_time(fakes.AFTER)):
        service.run_daily_work(new_desk)
    yield new_desk
    new_desk.engine.dispose()


def test_results_are_read_again_when_their_file_is_written(desk: SurveyDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_states, "SETTLED_SECONDS", -1.0)
    path = desk.surveys.answers.folder / results.FILE
    content, table = path.read_bytes(), results.read_results(desk.surveys)
    assert table is not None and results.read_results(desk.surveys) is table
    before = results.read_newest_results(desk.surveys)
    assert before["region", "FR01.1", "favourable"]["round_id"] == table["round_id"][0]
    later = table.with_columns(pl.col("position") + 1, round_id=pl.lit("later"))
    pl.concat([later, table]).write_parquet(path)
    try:
        newest = results.read_newest_results(desk.surveys)
        assert newest.keys() == before.keys() and {row["round_id"] for row in newest.values()} == {"later"}
    finally:
        path.write_bytes(content)
    assert results.read_newest_results(desk.surveys) == before


def test_results_agree_with_a_plain_recount(desk: SurveyDesk) -> None:
    table = results.read_results(desk.surveys)
    assert table is not None
    proper: dict[tuple[str, str], set[str]] = {}
    counts: Counter[tuple[str, str, str]] = Counter()
    for answer_id, _, territory, role, series, code in results.read_answers(desk.surveys).iter_rows():
        if code not in STANDING:
            for group in {"region", territory, role}:
                proper.setdefault((group, series), set()).add(answer_id)
                counts[group, series, code] += 1
    published = table.filter(~pl.col("is_withheld") & (pl.col("code") != "favourable"))
    assert published.height > 100
    for row in published.iter_rows(named=True):
        key = (row["group"], row["series"])
        assert (row["n"], row["count"]) == (len(proper[key]), counts[*key, row["code"]]), row
        assert row["n"] >= FEWEST_RESPONDENTS
        assert row["low"] <= row["share"] <= row["high"]
    single = published.filter(pl.col("series").is_in(["FR01.1", "JT01.1"])).group_by(results._KEY)
    assert single.agg(pl.col("share").sum())["share"].to_list() == pytest.approx([1.0] * single.len().height)


def test_response_rate_is_beside_every_figure(desk: SurveyDesk) -> None:
    table = results.read_results(desk.surveys)
    assert table is not None
    people = {row[0]: row[1:] for row in table.select("group", "invited", "answered").unique().iter_rows()}
    assert people["region"] == (57, 56)
    assert people["AL"] == (20, 19)
    assert people["ME"] == (20, 20)
    assert table["invited"].null_count() == 0


def test_withheld_groups_have_no_figures(desk: SurveyDesk) -> None:
    table = results.read_results(desk.surveys)
    assert table is not None
    hidden = table.filter("is_withheld")
    for name in ("count", "n", "share", "low", "high", "before", "p", "changed"):
        assert hidden[name].null_count() == hidden.height


def test_stale_results_are_written_by_the_daily_work(desk: SurveyDesk) -> None:
    path = desk.surveys.answers.folder / results.FILE
    content = path.read_bytes()
    path.unlink()
    with clock.freeze_time(clock.parse_time(fakes.AFTER)):
        service.run_daily_work(desk)
    assert path.read_bytes() == content


def compute_table(desk: SurveyDesk, answers: TableOfAnswers) -> pl.DataFrame:
    return results.compute_results(desk.surveys, *make_tables(answers))


def make_varied(series: str, code: str, second: str, n: int) -> list[tuple[str, str]]:
    """Return `n` answers of two kinds: a group in which all gave the same answer is withheld."""
    return [(series, second if i % 3 == 0 else code) for i in range(n)]


def find_favourable(table: pl.DataFrame, round_id: str, group: str, series: str = "FR01.1") -> dict[str, object]:
    (row,) = table.filter(
        (pl.col("round_id") == round_id) & (pl.col("group") == group) & (pl.col("series") == series)
        & (pl.col("code") == "favourable")
    ).iter_rows(named=True)  # fmt: skip
    return row


def test_change_is_tested_against_the_last_round_with_the_same_wording(desk: SurveyDesk) -> None:
    few, many = [("FR01.1", "4")] * 8 + [("FR01.1", "1")] * 32, [("FR01.1", "5")] * 32 + [("FR01.1", "2")] * 8
    table = compute_table(desk, [("r1", "AL", few), ("r1", "ME", few), ("r2", "AL", many), ("r2", "ME", few)])
    assert find_favourable(table, "r1", "AL")["changed"] is None
    rise = find_favourable(table, "r2", "AL")
    assert (rise["before"], rise["share"], rise["changed"]) == (0.2, 0.8, "rise")
    assert find_favourable(table, "r2", "ME")["changed"] == "no_clear_change"


def test_round_without_the_question_is_passed_over(desk: SurveyDesk) -> None:
    low, high = make_varied("FR01.1", "1", "2", 30), make_varied("FR01.1", "5", "4", 30)
    table = compute_table(desk, [("r1", "AL", low), ("r2", "AL", [("JT01.1", "yes")] * 9), ("r3", "AL", high)])
    assert (find_favourable(table, "r3", "AL")["before"], find_favourable(table, "r3", "AL")["changed"]) == (
        0.0,
        "rise",
    )


def test_changed_wording_begins_a_new_series(desk: SurveyDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    question = desk.surveys.bank.find_question("FR01")
    newer = question.wording.model_copy(update={"version": 2})
    changed = question.model_copy(update={"wordings": (question.wording, newer)})
    questions = tuple(changed if q.id == "FR01" else q for q in desk.surveys.bank.questions)
    low, high = make_varied("FR01.1", "1", "2", 30), make_varied("FR01.2", "5", "4", 30)
    bank = type(desk.surveys.bank)(desk.surveys.bank.lists, questions, desk.surveys.bank.theme_by_question)
    surveys = type(desk.surveys)(desk.surveys.home, bank, desk.surveys.invitations, desk.surveys.answers)
    tables = make_tables([("r1", "AL", low), ("r2", "AL", high)])
    table = results.compute_results(surveys, *tables)
    assert find_favourable(table, "r1", "AL")["share"] == 0.0
    assert find_favourable(table, "r2", "AL", "FR01.2")["before"] is None


def test_small_and_single_institution_groups_are_withheld_with_company(desk: SurveyDesk) -> None:
    answers: TableOfAnswers = [
        ("r1", "AL", make_varied("FR01.1", "4", "5", 20)), ("r1", "ME", make_varied("FR01.1", "4", "5", 4)),
        ("r1", "RS", make_varied("FR01.1", "4", "5", 9)),
    ]  # fmt: skip
    table = compute_table(desk, answers)
    withheld = set(table.filter("is_withheld")["group"])
    assert withheld == {"ME", "RS"}
    tables = make_tables(answers[::2], institutions={"AL": 1})
    table = results.compute_results(desk.surveys, *tables)
    assert set(table.filter("is_withheld")["group"]) == {"AL", "RS"}


def test_group_in_which_all_gave_one_answer_is_withheld_with_company(desk: SurveyDesk) -> None:
    table = compute_table(
        desk,
        [("r1", "AL", [("FR01.1", "1")] * 8), ("r1", "ME", make_varied("FR01.1", "4", "5", 9)),
         ("r1", "RS", make_varied("FR01.1", "2", "3", 12))],
    )  # fmt: skip
    assert set(table.filter("is_withheld")["group"]) == {"AL", "ME"}
    all_alike = compute_table(desk, [("r1", "AL", [("FR01.1", "1")] * 8)])
    assert all_alike["is_withheld"].all(), "the region would tell the answer of everybody"


def test_answers_without_experience_do_not_count(desk: SurveyDesk) -> None:
    codes = [("FR01.1", "no_experience")] * 20 + [("FR01.1", "not_applicable")] * 9 + [("FR01.1", "5")] * 4
    table = compute_table(desk, [("r1", "AL", codes)])
    assert table.filter(~pl.col("is_withheld")).height == 0


def test_text_never_reaches_the_results(desk: SurveyDesk) -> None:
    content = (desk.surveys.answers.folder / results.FILE).read_bytes()
    texts = [text for _, text in desk.surveys.answers.list_texts("2026-Q4-pulse")]
    assert all(text.encode() not in content for text in texts)
    assert "TR10.1" not in set(results.read_answers(desk.surveys)["series"])


def test_results_file_is_restricted(desk: SurveyDesk) -> None:
    path: Path = desk.surveys.answers.folder / results.FILE
    assert desk.surveys.home.restricted in path.parents
