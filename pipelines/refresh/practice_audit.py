"""Audit the results of the questionnaire that a release publishes, against the answers that the home has stored."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.core.home import Home
from pipelines.publication.releases.errors import ReleaseError

if TYPE_CHECKING:
    import polars as pl


def assess_practice(home: Home, path: Path) -> pl.DataFrame | None:
    """Return what readers can find in the results at `path` (`publication.practice_risk`); None without any results.

    Answers of a round that the home does not have, as where a release is built again elsewhere, are not compared; the
    results are then examined by themselves.
    """
    import polars as pl

    from pipelines.publication import practice_risk
    from pipelines.survey import results
    from pipelines.survey.bank import load_bank
    from pipelines.survey.databases import has_survey
    from pipelines.survey.surveys import open_surveys

    table = pl.read_parquet(path) if path.exists() else None
    if table is None or table.is_empty():
        return None
    columns = ("answer_id", "round_id", "territory", "role", "series", "code")
    answers = pl.DataFrame(schema=dict.fromkeys(columns, pl.String()))
    institutions: dict[tuple[str, str], int] = {}
    if has_survey(home):
        surveys = open_surveys(home)
        stored = results.read_answers(surveys)
        answers = stored.filter(~pl.col("code").is_in(list(load_bank().lists.standing_answers)))
        _, responses = results.read_rounds(surveys)
        of_territory = responses.group_by("round_id", "territory").agg(pl.col("institutions").max())
        institutions = {(round_id, place): n for round_id, place, n in of_territory.iter_rows()}
    return practice_risk.assess_results(table, answers, institutions, load_bank().favourable_by_series)


def refuse_exposed_answers(home: Home, path: Path) -> None:
    """Raise ReleaseError if the results at `path` expose answers: they are not fit for a release."""
    import polars as pl

    results = assess_practice(home, path)
    exposed = results.filter(pl.col("result") != "protected") if results is not None else None
    if exposed is None or exposed.is_empty():
        return
    first = ", ".join(exposed.select("round_id", "series", "group").row(0))
    raise ReleaseError(
        f"{exposed.height} groups of the questionnaire's results expose answers of few people (the first: {first}); "
        "no draft is made. Report this: `rti audit release` shows what a published release has"
    )
