"""Compose all static pages and briefs of a release, recording the sentences with the page and figure they are about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest

from dashboards.public import layout, queries
from pipelines.front import board_pictures, build, pictures, sentences, team_pictures
from pipelines.front.briefs import compose as briefs
from pipelines.front.charts import bars, board, intervals, lengths, lines, outlines, series, stages, tiles
from pipelines.front.charts.canvas import WIDE, Drawing
from pipelines.front.edition import Edition
from pipelines.front.pages import (
    Section,
    clearance,
    cooperation,
    home,
    indicators,
    joint_teams,
    monitoring,
    sentencing,
    territories,
)
from pipelines.front.pages import victims as static_victims
from pipelines.front.queries import CRIMES
from pipelines.front.reader import Reader
from pipelines.front.tables import FigureTable
from pipelines.words import figures, language
from tests.oracles.sentences import Release
from tests.oracles.sentences_counts import RECORDS, WHOLE
from tests.support.sentences.recording import Recorder

_COMPOSERS = (
    (build, "compose_home", "home", ("crime",)),
    (build, "compose_comparison", "comparison", ("crime",)),
    (build, "compose_profile", "profile", ("crime", "area")),
    (build, "compose_index", "indicators", ("crime",)),
    (static_victims, "compose_victims", "static_victims", ("crime",)),
    (sentencing, "compose_sentences", "sentencing", ("crime",)),
    (cooperation, "compose_year", "cooperation", ("crime",)),
    (build, "compose_theme", "practice", ("theme",)),
    (monitoring, "compose_monitoring", "monitoring", ("area", "crime")),
    (build, "compose_quality", "quality", ()),
    (build, "compose_releases", "releases", ()),
    (build, "compose_methodology", "methodology", ()),
    (build, "compose_accessibility", "accessibility", ()),
    (briefs, "compose_home", "home", ("crime",)),
    (briefs, "compose_comparison", "comparison", ("crime",)),
    (briefs, "compose_profile", "profile", ("crime", "area")),
    (indicators, "_compose_count", "count", ("crime", "measure")),
    (indicators, "_compose_ratio", "ratio", ("crime", "metric")),
    (indicators, "compose_duration", "duration", ("crime", "metric")),
    (indicators, "compose_clearance", "clearance", ("crime", "metric")),
    (pictures, "draw_clearance", "clearance", ("crime", "metric")),
    (sentences, "describe_convictions", "", ("crime", "area", "first", "last")),
    (sentences, "judge_convictions", "", ("crime", "area", "first", "last")),
    (sentences, "describe_certainty", "", ("crime",)),
    (home, "compose_ratios", "", ("crime", "metric")),
    (home, "describe_pairs", "", ("crime", "metric")),
    (indicators, "compose_ratios", "", ("crime", "metric")),
    (indicators, "describe_pairs", "", ("crime", "metric")),
    (pictures, "draw_trend", "trend", ("crime", "measure", "area")),
    (pictures, "draw_ratios", "ratios", ("crime", "metric")),
    (pictures, "draw_stages", "stages", ("crime", "area", "track")),
    (pictures, "draw_victims", "victims_trend", ("crime", "area")),
    (team_pictures, "draw_teams", "teams", ("crime", "area")),
    (joint_teams, "compose_territory", "teams_of_area", ("crime", "area")),
    (pictures, "draw_sentences", "lengths", ("crime", "track")),
    (sentencing, "_compose_track", "lengths", ("crime", "track")),
    (sentencing, "compose_section", "lengths", ("crime", "area")),
    (static_victims, "_compose_changes", "victims_change", ("crime", "year")),
    (indicators, "_compose_count_changes", "count_changes", ("crime", "measure", "years", "year")),
    (indicators, "_compose_ratio_changes", "ratio_changes", ("crime", "metric")),
    (clearance, "_compose_changes", "clearance_changes", ("crime", "metric")),
    (sentencing, "_compose_changes", "median_changes", ("crime", "track")),
    (territories, "_compose_own_changes", "own_changes", ("crime", "area", "year")),
    (static_victims, "compose_section", "victims_of_area", ("crime", "area")),
    (pictures, "draw_territories", "territories", ("crime", "measure")),
    (pictures, "draw_durations", "durations", ("crime", "metric")),
    (board_pictures, "draw_board", "board", ()),
    (territories, "_compose_exits", "", ("crime", "area")),
    (territories, "_compose_breakdown", "", ("crime", "area")),
    (territories, "_compose_durations", "", ("crime", "area")),
    (territories, "_compose_changes", "", ("crime", "year")),
)
"""Functions whose arguments say what their sentences are about: module, name, part of the selection, arguments."""


def _describe_series(drawn: series.ChartSeries) -> str:
    """Return the description of a series; the sentences that are written below its picture are formed, too."""
    description = series.describe_series(drawn)
    if drawn.territories:
        series.list_coverage_changes(drawn)
    return description


_PICTURES = (
    (series, "draw_series", _describe_series),
    (series, "draw_multiples", series.describe_multiples),
    (lines, "draw_lines", series.describe_multiples),
    (intervals, "draw_comparison", intervals.describe_comparison),
    (intervals, "draw_durations", intervals.describe_durations),
    (lengths, "draw_lengths", lengths.describe_lengths),
    (stages, "draw_stages", stages.describe_stages),
    (board, "draw_board", board.describe_board),
    (bars, "draw_bars", bars.describe_bars),
)


def install_patches(patch: pytest.MonkeyPatch, recorder: Recorder) -> None:
    """Note what each sentence of the static pages is about, and describe pictures instead of drawing them."""
    for module, name, part, arguments in _COMPOSERS:
        patch.setattr(module, name, _name_subject(getattr(module, name), recorder, part, arguments))
    for module, name, describe in _PICTURES:
        patch.setattr(module, name, _describe_only(describe))
    for module, name in ((tiles, "draw_tiles"), (outlines, "draw_outlines")):
        patch.setattr(module, name, lambda *arguments, **options: Drawing("", "", "", 0, 0))
    list_absences = Reader.list_absences

    def list_absences_of_figure(reader: Reader, row: Mapping[str, Any]) -> str:
        measure = str(row.get("measure") or "convicted_first")
        is_of_victims = measure.startswith("victims")
        with recorder.open_selection(
            figure_period=row["period"], figure_reporters=row["reporters"] or "", figure_measure=measure,
            figure_instruments="victims" if is_of_victims else "justice,register",
            figure_crime=row["offence_group"], figure_unit="victim" if is_of_victims else "person",
            figure_cell=str(row.get("cell_id") or ""), figure_metric=str(row.get("metric") or ""), figure_version="",
            figure_left_out=str(row.get("left_out") or ""),
        ):  # fmt: skip
            return list_absences(reader, row)

    patch.setattr(Reader, "list_absences", list_absences_of_figure)


def _name_subject(
    function: Callable[..., Any], recorder: Recorder, part: str, names: tuple[str, ...]
) -> Callable[..., Any]:
    def compose_subject(reader: Reader, *arguments: Any, **options: Any) -> Any:
        subject = {name: value for name, value in zip(names, arguments, strict=False) if isinstance(value, str)}
        with recorder.open_selection(**({"part": part} if part else {}), **subject):
            result = function(reader, *arguments, **options)
            if isinstance(result, pictures.PictureFile):
                return pictures.PictureFile(result.name, result.caption, _in_selection(result.draw, recorder))
            return result

    return compose_subject


def _in_selection(draw: Callable[[int], Drawing], recorder: Recorder) -> Callable[[int], Drawing]:
    """Return a function that draws a picture later for the selection of now."""
    selection = dict(recorder.selection)

    def draw_later(width: int) -> Drawing:
        with recorder.open_selection(**selection):
            return draw(width)

    return draw_later


def _describe_only(describe: Callable[..., str]) -> Callable[..., Drawing]:
    n_arguments = 2 if describe is series.describe_multiples else 1

    def draw_description(*arguments: Any, description: str = "", **options: Any) -> Drawing:
        title = arguments[0].title if n_arguments == 1 else ""
        return Drawing("", title, description or describe(*arguments[:n_arguments]), 0, 0)

    return draw_description


def compose_all(edition: Edition, code: str, recorder: Recorder) -> list[str]:
    """Compose all static pages and briefs in one language; return the texts of pages that have some."""
    texts = []
    with language.read_in(code):
        reader = Reader(edition, code)
        with recorder.open_selection(page="static"):
            composed = [*build.compose_pages(reader)]
            for crime in CRIMES:
                if edition.has_crime(crime):
                    chapters = [briefs.compose_region(reader, crime)]
                    chapters += [briefs.compose_territory(reader, crime, area) for area in edition.territories]
                    composed += [brief.page for brief in chapters]
            for page in composed:
                texts += [page.title, page.description, page.coverage, build.cite_page(reader, page)]
                texts += _read_texts(page.values)
    return texts


def _read_texts(value: Any) -> list[str]:
    """Return the sentences among the values of a page, descriptions of pictures and notes of tables included."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, pictures.PictureFile):
        return [value.caption, value.draw(WIDE).description]
    if isinstance(value, FigureTable):
        return [value.caption, *value.notes.texts, *value.notes.remarks]
    if isinstance(value, Section):
        return [value.title, *_read_texts(value.texts), *_read_texts(value.tables), *_read_texts(value.pictures)]
    if isinstance(value, Mapping):
        return [text for item in value.values() for text in _read_texts(item)]
    if isinstance(value, list | tuple):
        return [text for item in value for text in _read_texts(item)]
    return []


def describe_figures(recorder: Recorder, frame: layout.Frame, release: Release) -> int:
    """Compose the sentence of the source of every count, rate, share and indicator; return how many there are.

    These are the sentences of the page "Where a number comes from", whose selection is the figure. Only whole sentences
    are kept, since what is within them is checked with them.
    """
    vocabulary = layout.read_vocabulary(frame)
    cells = {row["cell_id"]: row for row in queries.run_statement(frame.path, "select * from cell", [])}
    subjects: list[tuple[dict[str, str], Callable[[], str]]] = [
        ({"cell_id": cell_id}, partial(figures.describe_count, cell, vocabulary)) for cell_id, cell in cells.items()
    ]
    for row in queries.run_statement(frame.path, "select * from indicator where metric in ('rate', 'share')", []):
        describe = figures.describe_rate if row["metric"] == "rate" else figures.describe_share
        selection = {"cell_id": row["cell_id"], "dimension": row["dimension"]}
        subjects.append((selection, partial(describe, cells[row["cell_id"]], row, vocabulary)))
    for table in ("stage_ratio", "clearance", "exit"):
        for place, row in enumerate(release.read_rows(table)):
            name = str(release.metric[row["metric"]]["name"])
            subjects.append(
                ({"table": table, "row": str(place)}, partial(figures.describe_indicator, row, name, vocabulary))
            )
    for table in RECORDS:
        for place, row in enumerate(release.read_rows(table)):
            name = str(release.metric[row["metric"]]["name"])
            describe_row = partial(figures.describe_record, table, row, name, vocabulary)
            subjects.append(({"table": table, "row": str(place)}, describe_row))
    with recorder.keep_only(WHOLE):
        for selection, compose in subjects:
            recorder.selection = {"page": "source", **selection}
            compose()
    return len(subjects)
