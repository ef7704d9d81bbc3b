"""Aggregate the answers of closed rounds: by territory and by role, next to the region, with intervals and changes.

Only groups of one dimension are shown. A table of territories by roles would need a protection of its own, and most of
its cells would be withheld.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from pipelines.core import file_states
from pipelines.core.durable import write_aside
from pipelines.core.result_cache import ResultCache
from pipelines.statistics.thresholds import FEWEST_INSTITUTIONS, FEWEST_RESPONDENTS
from pipelines.survey.answer_store import ANSWER, ANSWER_CODE
from pipelines.survey.coarsening import NOT_STATED
from pipelines.survey.suppression import AnswerCounts, choose_withheld, is_uniform

if TYPE_CHECKING:
    import polars as pl

    from pipelines.survey.surveys import Surveys

REGION: Final = "region"
DIMENSIONS: Final = ("territory", "role")
FILE: Final = "results.parquet"
_RULES: Final = {"rti_rules_of_withholding": "2"}
"""Metadata of the file: results of earlier rules are computed again. Increase it with each change of the rules."""
SIGNIFICANT: Final = 0.05
"""Largest p-value, adjusted for the questions of one group and round, at which a change is called one."""
_TABLES: Final[ResultCache[pl.DataFrame]] = ResultCache(kept=2)
_NEWEST: Final[ResultCache[Mapping[tuple[str, str, str], Mapping[str, Any]]]] = ResultCache(kept=2)
_KEY: Final = ["round_id", "dimension", "group", "series"]


def read_answers(surveys: Surveys) -> pl.DataFrame:
    """Return the answers of all closed rounds: one row for each answer and code."""
    import polars as pl

    query = sa.select(
        ANSWER.c.answer_id, ANSWER.c.round_id, ANSWER.c.territory, ANSWER.c.role, ANSWER_CODE.c.series,
        ANSWER_CODE.c.code,
    ).join(ANSWER_CODE, ANSWER_CODE.c.answer_id == ANSWER.c.answer_id)  # fmt: skip
    names = ("answer_id", "round_id", "territory", "role", "series", "code")
    with surveys.answers.database.open_read() as connection:
        # The driver's own tuples: half a million rows of SQLAlchemy take seconds.
        cursor = connection.execute(query).cursor
        rows = cursor.fetchall() if cursor is not None else []
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String()), orient="row")


def read_rounds(surveys: Surveys) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the closed rounds in their order, and how many people were invited and answered by territory and role."""
    import polars as pl

    rounds = [round_ for round_ in surveys.invitations.list_rounds() if round_.state == "closed"]
    order = pl.DataFrame(
        [(round_.round_id, round_.form, round_.period, number) for number, round_ in enumerate(rounds)],
        schema={"round_id": pl.String(), "form": pl.String(), "period": pl.String(), "position": pl.Int64()},
        orient="row",
    )
    responses = pl.DataFrame(
        [
            (r.round_id, r.territory, r.role, r.invited, r.answered, r.institutions_of_territory)
            for round_ in rounds
            for r in surveys.invitations.count_responses(round_.round_id)
        ],
        schema={
            "round_id": pl.String(), "territory": pl.String(), "role": pl.String(), "invited": pl.Int64(),
            "answered": pl.Int64(), "institutions": pl.Int64(),
        },
        orient="row",
    )  # fmt: skip
    return order, responses


def aggregate_results(surveys: Surveys) -> pl.DataFrame:
    """Return the results of all closed rounds; withheld groups have no figures.

    One row for each round, group, series and code: `count` of `n` respondents who gave a proper answer, `share` with
    its exact 95 % limits, `invited` and `answered` of the group. The code `favourable` sums the favourable answers and
    has the test of a change from the last round with the same wording: `before`, `p` (Holm-adjusted) and `changed`.
    """
    order, responses = read_rounds(surveys)
    return compute_results(surveys, read_answers(surveys), order, responses)


def compute_results(
    surveys: Surveys, answers: pl.DataFrame, order: pl.DataFrame, responses: pl.DataFrame
) -> pl.DataFrame:
    """Return the results from tables of answers, rounds and responses (`read_answers`, `read_rounds`)."""
    import polars as pl

    proper = answers.filter(~pl.col("code").is_in(list(surveys.bank.lists.standing_answers)))
    grouped = pl.concat(
        [
            proper.with_columns(dimension=pl.lit(REGION), group=pl.lit(REGION)),
            *(
                proper.with_columns(dimension=pl.lit(name), group=pl.col(name)).filter(pl.col(name) != NOT_STATED)
                for name in DIMENSIONS
            ),
        ]
    )
    bases = grouped.group_by(_KEY).agg(n=pl.col("answer_id").n_unique())
    codes = _list_codes(surveys)
    counts = grouped.group_by([*_KEY, "code"]).agg(count=pl.len())
    bases = _withhold_groups(bases, responses, counts, surveys.bank.favourable_by_series)
    favourable = (
        grouped.join(codes.filter("is_favourable"), on=["series", "code"])
        .group_by(_KEY)
        .agg(count=pl.col("answer_id").n_unique())
        .with_columns(code=pl.lit("favourable"))
    )
    has_favourable = codes.filter("is_favourable").select("series").unique().with_columns(code=pl.lit("favourable"))
    every_code = pl.concat([codes.select("series", "code"), has_favourable])
    table = (
        bases.join(every_code, on="series")
        .join(pl.concat([counts, favourable.select(counts.columns)], how="vertical_relaxed"), on=[*_KEY, "code"],
              how="left")
        .with_columns(pl.col("count").fill_null(0).cast(pl.Int64))
        .join(order, on="round_id")
        .join(_count_people(responses), on=["round_id", "dimension", "group"], how="left")
    )  # fmt: skip
    table = _add_intervals(table)
    table = _add_changes(table)
    figures = ("count", "n", "share", "low", "high", "before", "p", "changed")
    hidden = [pl.when("is_withheld").then(None).otherwise(pl.col(name)).alias(name) for name in figures]
    return table.with_columns(hidden).sort("position", "dimension", "group", "series", "code")


def write_results(surveys: Surveys) -> Path:
    """Write the protected results of all closed rounds; pages read this file and never the answers."""
    import io

    content = io.BytesIO()
    aggregate_results(surveys).write_parquet(content, metadata=dict(_RULES))
    return write_aside(surveys.answers.folder / FILE, content.getvalue()).replace(surveys.answers.folder / FILE)


def read_results(surveys: Surveys) -> pl.DataFrame | None:
    """Return the protected results; None before the first round is closed. An unchanged file is not read again."""
    import polars as pl

    path = surveys.answers.folder / FILE
    if not path.is_file():
        return None
    return _TABLES.get_or_make_in_state(path, file_states.read_states(path).state, lambda: pl.read_parquet(path))


def read_newest_results(surveys: Surveys) -> Mapping[tuple[str, str, str], Mapping[str, Any]]:
    """Return the row of the newest round by group, series and code; nothing before the first round is closed."""
    path = surveys.answers.folder / FILE
    state = file_states.read_states(path).state
    return _NEWEST.get_or_make_in_state(path, state, lambda: _find_newest(read_results(surveys)))


def _find_newest(table: pl.DataFrame | None) -> dict[tuple[str, str, str], dict[str, Any]]:
    if table is None:
        return {}
    rows = table.sort("position", maintain_order=True).iter_rows(named=True)
    return {(row["group"], row["series"], row["code"]): row for row in rows}


def are_results_stale(surveys: Surveys) -> bool:
    """Return True if a closed round with answers is not in the results, as after an interrupted closing, or if earlier
    software with other rules of withholding has written them."""
    import polars as pl

    with surveys.answers.database.open_read() as connection:
        round_ids = set(connection.execute(sa.select(ANSWER.c.round_id).distinct()).scalars())
    results = read_results(surveys)
    if results is None:
        return bool(round_ids)
    written = pl.read_parquet_metadata(surveys.answers.folder / FILE)
    return bool(round_ids - set(results["round_id"])) or not _RULES.items() <= written.items()


def _list_codes(surveys: Surveys) -> pl.DataFrame:
    """Return the proper answers of each series of the bank, earlier wordings too, and whether each is favourable."""
    import polars as pl

    rows = []
    favourable = surveys.bank.favourable_by_series
    for question in surveys.bank.questions:
        answers = surveys.bank.answer_list(question)
        if answers is not None:
            rows += [
                (series := f"{question.id}.{wording.version}", code, code in favourable.get(series, ()))
                for wording in question.wordings
                for code in answers.answers
            ]
    schema = {"series": pl.String(), "code": pl.String(), "is_favourable": pl.Boolean()}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _withhold_groups(
    bases: pl.DataFrame,
    responses: pl.DataFrame,
    counts: pl.DataFrame,
    favourable: Mapping[str, Collection[str]],
) -> pl.DataFrame:
    """Add `is_withheld` to the respondents of each group and question.

    `counts` are those of each answer, and `favourable` the favourable answers of each series.
    """
    import polars as pl

    institutions = responses.group_by("round_id", "territory").agg(pl.col("institutions").max())
    few = institutions.filter(pl.col("institutions") < FEWEST_INSTITUTIONS)
    exposed = set(few.select("round_id", "territory").iter_rows())
    parts: dict[tuple[str, str, str], dict[str, int]] = {}
    wholes: dict[tuple[str, str], int] = {}
    for round_id, dimension, group, series, n in bases.select(*_KEY, "n").iter_rows():
        if dimension == REGION:
            wholes[round_id, series] = n
        else:
            parts.setdefault((round_id, dimension, series), {})[group] = n
    answers: dict[tuple[str, str, str], dict[str, dict[str, int]]] = {}
    for round_id, dimension, group, series, code, n in counts.select(*_KEY, "code", "count").iter_rows():
        answers.setdefault((round_id, dimension, series), {}).setdefault(group, {})[code] = n
    withheld = [
        (round_id, REGION, REGION, series)
        for (round_id, series), n in wholes.items()
        if n < FEWEST_RESPONDENTS
        or is_uniform(answers[round_id, REGION, series][REGION], n, favourable.get(series, ()))
    ]
    for (round_id, dimension, series), groups in parts.items():
        alone = {group for group in groups if dimension == "territory" and (round_id, group) in exposed}
        unstated = wholes[round_id, series] - sum(groups.values())
        whole = answers[round_id, REGION, series][REGION]
        by_answer = AnswerCounts(answers[round_id, dimension, series], whole, favourable.get(series, ()))
        chosen = choose_withheld(groups, alone, unstated, by_answer)
        withheld += [(round_id, dimension, group, series) for group in chosen]
    table = pl.DataFrame(withheld, schema=dict.fromkeys(_KEY, pl.String()), orient="row")
    return bases.join(table.with_columns(is_withheld=pl.lit(True)), on=_KEY, how="left").with_columns(
        pl.col("is_withheld").fill_null(False), pl.col("n").cast(pl.Int64)
    )


def _count_people(responses: pl.DataFrame) -> pl.DataFrame:
    """Return how many people of each group were invited and answered."""
    import polars as pl

    frames = [responses.with_columns(dimension=pl.lit(REGION), group=pl.lit(REGION))]
    frames += [responses.with_columns(dimension=pl.lit(name), group=pl.col(name)) for name in DIMENSIONS]
    people = pl.concat(frames).group_by("round_id", "dimension", "group")
    return people.agg(pl.col("invited").sum(), pl.col("answered").sum())


def _add_intervals(table: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    from pipelines.statistics.intervals import clopper_pearson

    limits = clopper_pearson(table["count"].to_numpy(), table["n"].to_numpy())
    return table.with_columns(
        share=pl.col("count") / pl.col("n"), low=pl.Series(limits.low), high=pl.Series(limits.high)
    )


def _add_changes(table: pl.DataFrame) -> pl.DataFrame:
    """Add the test of the favourable share against the round before in which the same wording was asked."""
    import polars as pl

    from pipelines.statistics.fisher import adjust_holm, compute_fisher_p

    line = ["dimension", "group", "series"]
    favourable = table.filter(pl.col("code") == "favourable").sort("position")
    earlier = favourable.with_columns(
        before_count=pl.col("count").shift(1).over(line),
        before_n=pl.col("n").shift(1).over(line),
        before_withheld=pl.col("is_withheld").shift(1).over(line),
    ).filter(pl.col("before_n").is_not_null() & ~pl.col("before_withheld") & ~pl.col("is_withheld"))
    p_values = compute_fisher_p(
        earlier["count"].to_numpy(), earlier["n"].to_numpy(), earlier["before_count"].to_numpy(),
        earlier["before_n"].to_numpy(),
    )  # fmt: skip
    tested = (
        earlier.with_columns(
            raw_p=pl.Series(p_values, dtype=pl.Float64), before=pl.col("before_count") / pl.col("before_n")
        )
        .with_columns(
            p=pl.col("raw_p")
            .map_batches(lambda column: pl.Series(adjust_holm(column.to_numpy())), return_dtype=pl.Float64)
            .over("round_id", "dimension", "group")
        )
        .with_columns(
            changed=pl.when(pl.col("p") > SIGNIFICANT)
            .then(pl.lit("no_clear_change"))
            .when(pl.col("share") > pl.col("before"))
            .then(pl.lit("rise"))
            .otherwise(pl.lit("fall"))
        )
    )
    return table.join(tested.select(*_KEY, "code", "before", "p", "changed"), on=[*_KEY, "code"], how="left")
