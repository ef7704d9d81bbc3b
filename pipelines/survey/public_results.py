"""Build the public results of closed rounds from the protected ones, after one more audit.

Free texts are never part of them. Every territory, and every role, is next to the region. If the two together would
expose a group of both (`audit.py`), the roles of that question are withheld. Respondents see these results by a link,
and they become tables of a release.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipelines.core import i18n
from pipelines.core.durable import write_aside
from pipelines.statistics.thresholds import FEWEST_RESPONDENTS
from pipelines.survey import results
from pipelines.survey.audit import find_exposed_groups
from pipelines.survey.bank import Bank, load_bank, text_in
from pipelines.survey.databases import has_survey, survey_folder

if TYPE_CHECKING:
    import polars as pl

    from pipelines.core.home import Home
    from pipelines.survey.surveys import Surveys

RESULTS: Final = "practice_result"
LABELS: Final = "practice_label"
ORDER: Final = ["position", "question_position", "series", "dimension", "group", "code_position"]
_SCHEMA: Final = {
    "round_id": "String", "form": "String", "period": "String", "position": "Int64", "theme": "String",
    "question": "String", "question_position": "Int64", "series": "String", "dimension": "String", "group": "String",
    "code": "String", "code_position": "Int64", "is_withheld": "Boolean", "count": "Int64", "n": "Int64",
    "share": "Float64", "low": "Float64", "high": "Float64", "invited": "Int64", "answered": "Int64",
    "changed": "String",
}  # fmt: skip
_LABEL_SCHEMA: Final = {"kind": "String", "code": "String", "language": "String", "label": "String"}
_FIGURES: Final = ("count", "n", "share", "low", "high", "changed")


def write_public_results(surveys: Surveys) -> None:
    """Write the public results of all closed rounds next to the protected ones."""
    table = results.read_results(surveys)
    if table is not None:
        _write(build_public_results(surveys, table, results.read_answers(surveys)), surveys.answers.folder / _FILE)


_FILE = f"{RESULTS}.parquet"


def are_public_results_missing(surveys: Surveys) -> bool:
    """Return True if rounds were closed by earlier software, or closing one was interrupted."""
    folder = surveys.answers.folder
    return (folder / results.FILE).is_file() and not (folder / _FILE).is_file()


def read_public_results(surveys: Surveys) -> pl.DataFrame | None:
    """Return the public results; None before the first round is closed."""
    import polars as pl

    path = surveys.answers.folder / _FILE
    return pl.read_parquet(path) if path.is_file() else None


def build_public_results(surveys: Surveys, table: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """Return the public results from protected results and the answers of their rounds.

    One row for each round, question, group and answer. Withheld groups have no figures, and the number of people who
    were invited and answered is left out where the groups that are shown would give a small rest.
    """
    import polars as pl

    exposed = _find_exposed_roles(surveys.bank, table, answers)
    audited = table.join(exposed, on=["round_id", "series", "dimension"], how="left").with_columns(
        is_withheld=pl.col("is_withheld") | pl.col("is_exposed").fill_null(False)
    )
    # A change since a round whose figure is withheld would narrow that figure down.
    before = pl.col("is_withheld").shift(1).over("series", "dimension", "group", "code", order_by="position")
    audited = audited.with_columns(changed=pl.when(before.fill_null(True)).then(None).otherwise(pl.col("changed")))
    hidden = [pl.when("is_withheld").then(None).otherwise(pl.col(name)).alias(name) for name in _FIGURES]
    counted = _drop_small_rests(audited.with_columns(hidden))
    return _shape(counted.join(_list_questions(surveys.bank), on=["series", "code"]))


def _find_exposed_roles(bank: Bank, table: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """Return the round and series in which the roles next to the territories would expose a group."""
    import polars as pl

    proper = answers.filter(~pl.col("code").is_in(list(bank.lists.standing_answers)))
    keys = ["round_id", "series"]
    published: dict[tuple[str, str, str], set[str]] = {}
    for round_id, series, dimension, group in (
        table.filter(~pl.col("is_withheld")).select(*keys, "dimension", "group").unique().iter_rows()
    ):
        published.setdefault((round_id, series, dimension), set()).add(group)
    respondents: dict[tuple[str, str], dict[tuple[str, str], int]] = {}
    people = proper.group_by(*keys, "territory", "role").agg(n=pl.col("answer_id").n_unique())
    for round_id, series, territory, role, n in people.iter_rows():
        respondents.setdefault((round_id, series), {})[territory, role] = n
    counts: dict[tuple[str, str], dict[tuple[str, str], dict[str, int]]] = {}
    for round_id, series, territory, role, code, n in (
        proper.group_by(*keys, "territory", "role", "code").agg(n=pl.len()).iter_rows()
    ):
        counts.setdefault((round_id, series), {}).setdefault((territory, role), {})[code] = n
    rows = [
        (*key, "role", True)
        for key in sorted(counts)
        if find_exposed_groups(
            counts[key],
            respondents[key],
            published.get((*key, "territory"), set()),
            published.get((*key, "role"), set()),
        )
    ]
    types: dict[str, Any] = {**dict.fromkeys([*keys, "dimension"], pl.String()), "is_exposed": pl.Boolean()}
    return pl.DataFrame(rows, schema=types, orient="row")


def _drop_small_rests(table: pl.DataFrame) -> pl.DataFrame:
    """Remove invited and answered of withheld groups, and of all groups of a question if the rest is 1 to 4 people."""
    import polars as pl

    line = ["round_id", "series", "dimension"]
    groups = table.unique([*line, "group"])
    region = groups.filter(pl.col("dimension") == results.REGION).select("round_id", "series", whole="answered")
    remainder = (
        groups.filter(~pl.col("is_withheld"))
        .group_by(line)
        .agg(shown=pl.col("answered").sum())
        .join(region, on=["round_id", "series"])
        .select(*line, is_small=(pl.col("whole") - pl.col("shown")).is_between(1, FEWEST_RESPONDENTS - 1))
    )
    is_left_out = pl.col("is_withheld") | pl.col("is_small").fill_null(True)
    return table.join(remainder, on=line, how="left").with_columns(
        pl.when(is_left_out).then(None).otherwise(pl.col(name)).alias(name) for name in ("invited", "answered")
    )


def _list_questions(bank: Bank) -> pl.DataFrame:
    """Return theme and place of every series and answer; the sum of favourable answers comes last."""
    import polars as pl

    rows = []
    for position, question in enumerate(bank.questions):
        answers = bank.answer_list(question)
        codes = (*answers.answers, "favourable") if answers is not None else ()
        rows += [
            (
                f"{question.id}.{wording.version}",
                code,
                bank.theme_by_question[question.id],
                question.id,
                position,
                place,
            )
            for wording in question.wordings
            for place, code in enumerate(codes)
        ]
    names = ("series", "code", "theme", "question", "question_position", "code_position")
    types: dict[str, Any] = {name: pl.Int64() if name.endswith("position") else pl.String() for name in names}
    return pl.DataFrame(rows, schema=types, orient="row")


def export_results(home: Home, folder: Path) -> dict[str, int]:
    """Write the public results of a home and their labels as tables for a release; return their numbers of rows."""
    import polars as pl

    path = survey_folder(home) / _FILE if has_survey(home) else None
    table = pl.read_parquet(path) if path is not None and path.is_file() else _make_empty(_SCHEMA)
    labels = _list_labels(load_bank(), table)
    _write(table, folder / _FILE)
    _write(labels, folder / f"{LABELS}.parquet")
    return {RESULTS: table.height, LABELS: labels.height}


def copy_results(home: Home, target: Home, released: Path) -> None:
    """Give another home the public results of the rounds that the table `released` has; later rounds are left out."""
    import polars as pl

    if not has_survey(home) or not (path := survey_folder(home) / _FILE).is_file() or not released.is_file():
        return
    rounds = pl.read_parquet(released)["round_id"].unique()
    _write(pl.read_parquet(path).filter(pl.col("round_id").is_in(rounds.implode())), survey_folder(target) / _FILE)


def read_exported(folder: Path) -> dict[str, pl.DataFrame]:
    """Return the exported tables; empty ones if earlier software has gathered the tables of a home."""
    import polars as pl

    return {
        name: pl.read_parquet(folder / f"{name}.parquet") if (folder / f"{name}.parquet").is_file()
        else _make_empty(schema)
        for name, schema in ((RESULTS, _SCHEMA), (LABELS, _LABEL_SCHEMA))
    }  # fmt: skip


def _list_labels(bank: Bank, table: pl.DataFrame) -> pl.DataFrame:
    """Return the texts of what the results name, in each language: themes, forms, roles, questions and answers."""
    texts: dict[tuple[str, str], Any] = {}
    used = set(table["series"]) if table.height else set()
    texts |= {("theme", code): labels for code, labels in bank.lists.themes.items()}  # the monitoring names all
    if used:
        for kind, entries in (("form", bank.lists.forms), ("role", bank.lists.roles)):
            texts |= {(kind, code): labels for code, labels in entries.items()}
    for question in bank.questions:
        answers = bank.answer_list(question)
        for wording in question.wordings:
            series = f"{question.id}.{wording.version}"
            if series in used and answers is not None:
                texts["question", series] = wording.text
                texts |= {("answer", f"{series}.{code}"): labels for code, labels in answers.answers.items()}
    import polars as pl

    rows = [
        (kind, code, i18n.html_lang(language), text_in(labels, language))
        for (kind, code), labels in texts.items()
        for language in i18n.list_languages()
    ]
    types: dict[str, Any] = dict.fromkeys(_LABEL_SCHEMA, pl.String())
    return pl.DataFrame(rows, schema=types, orient="row")


def _shape(table: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    return table.select(pl.col(name).cast(getattr(pl, kind)) for name, kind in _SCHEMA.items()).sort(ORDER)


def _make_empty(schema: dict[str, str]) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(schema={name: getattr(pl, kind) for name, kind in schema.items()})


def _write(table: pl.DataFrame, path: Path) -> None:
    content = io.BytesIO()
    table.write_parquet(content)
    write_aside(path, content.getvalue()).replace(path)
