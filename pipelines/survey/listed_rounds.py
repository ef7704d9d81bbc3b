"""Replay the closed rounds of a demonstration, whose people and answers are invented (`raw_samples/questionnaire.csv`).

The answers take the same way as those of people: sealed, then opened, pooled and shuffled when the round is closed.
Nobody is written to, and the audit log has no entries, because nobody has kept these rounds.
"""

from __future__ import annotations

import csv
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from pipelines.statistics.thresholds import FEWEST_INSTITUTIONS
from pipelines.survey import public_results, results
from pipelines.survey.bank import Bank
from pipelines.survey.invitation_store import Invitee, Round
from pipelines.survey.surveys import SurveyError, Surveys, open_surveys, read_today

if TYPE_CHECKING:
    from pipelines.core.home import Home

FILE: Final = "questionnaire.csv"
HEAD: Final = ("form", "period", "opens", "closes", "territory", "role", "institution", "answered")
"""Columns before those of the questions; several answers to one question are joined with `+`."""


def record_rounds(home: Home, folder: Path) -> int:
    """Store the listed rounds whose last day is over; return the number of new ones. Raises SurveyError."""
    path = folder / FILE
    if not path.is_file():
        return 0
    if home.kind != "demonstration":
        raise SurveyError(f"{home.root} is a real home and takes no invented answers; make a demonstration home")
    with path.open(encoding="utf-8", newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if row["closes"] < read_today()]
    if not rows:
        return 0
    surveys, n_new = open_surveys(home), 0
    stored_rounds = {round_.round_id: round_ for round_ in surveys.invitations.list_rounds()}
    for (form, period, opens, closes), group in groupby(
        rows, lambda row: (row["form"], row["period"], row["opens"], row["closes"])
    ):
        round_ = Round(f"{period}-{form}", "full" if form == "full" else "pulse", period, opens, closes, "open")
        earlier = stored_rounds.get(round_.round_id)
        if earlier is None or (earlier.state != "closed" and earlier.closes == closes):
            _record_round(surveys, round_, list(group), is_new=earlier is None)
            n_new += 1
    if n_new or results.are_results_stale(surveys):
        results.write_results(surveys)
        public_results.write_public_results(surveys)
    surveys.invitations.database.engine.dispose()
    surveys.answers.database.engine.dispose()
    return n_new


def _record_round(surveys: Surveys, round_: Round, rows: list[dict[str, str]], *, is_new: bool) -> None:
    """Store a round with its answers and close it. An interrupted one is completed."""
    round_id = round_.round_id
    if is_new:
        invitees = [
            Invitee(
                row["role"], row["institution"], row["territory"], f"Invented person {number}",
                f"person{number}@demonstration.invalid", "en",
            )
            for number, row in enumerate(rows, start=1)
        ]  # fmt: skip
        surveys.invitations.add_round(round_, invitees)
    answered = [row["answered"] == "yes" for row in rows]
    surveys.answers.add_box(round_id)
    contents = [_read_content(surveys.bank, round_.form, row) for row, has in zip(rows, answered, strict=True) if has]
    surveys.answers.fill_box(round_id, contents)
    surveys.invitations.mark_all_answered(
        round_id, [f"person{n}@demonstration.invalid" for n, has in enumerate(answered, start=1) if has]
    )
    responses = surveys.invitations.count_responses(round_id)
    exposed = {(r.territory, r.role) for r in responses if r.institutions < FEWEST_INSTITUTIONS}
    surveys.answers.empty_box(round_id, round_.closes, exposed)
    surveys.invitations.forget_answered(round_id)


def _read_content(bank: Bank, form: Literal["pulse", "full"], row: dict[str, str]) -> dict[str, object]:
    codes = {
        question.series: row[question.id].split("+")
        for question in bank.questions
        if form in question.forms and row.get(question.id)
    }
    return {"form": form, "territory": row["territory"], "role": row["role"], "codes": codes, "texts": {}}
