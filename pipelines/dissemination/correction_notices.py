"""Keep notices on corrected figures with the data: find those on a release, and the observations that they are about.

A release has the notices that were issued before it was drafted in its table `note`. Notices on its own figures are
issued later. They are in the public file next to the folder of releases, which is read again when it has changed.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import polars as pl

from pipelines import words
from pipelines.core import codes, durable
from pipelines.core.home import NOTICES
from pipelines.dissemination.dataflows import DATAFLOWS
from pipelines.dissemination.notes import find_language
from pipelines.dissemination.periods import parse_period
from pipelines.dissemination.structures import TIME_PERIOD, Dataflow, FigureCorrection, Structures
from pipelines.words.language import read_in, tell

AREAS = ("REF_AREA", "COUNTERPART_AREA")
"""Components that name an area."""


def find_notices_time(release: Path) -> int:
    """Return when the notices on figures of published releases were written, in nanoseconds; 0 if there are none."""
    path = _find_notices(release)
    return path.stat().st_mtime_ns if path is not None and path.is_file() else 0


def _find_notices(release: Path) -> Path | None:
    """Return the path of the notices; None for a draft, whose table of notes has all of them."""
    folder = release.parent
    return folder.parent / NOTICES if folder.name == "releases" else None


def read_newer_notices(release: Path, noted: Collection[str]) -> list[FigureCorrection]:
    """Return the notices on figures of a release that are not among those in its table of notes, oldest first.

    There are none if the file is damaged: the figures are served without it, and the log and `/health` name it.
    """
    path = _find_notices(release)
    entries = durable.read_computed_json(path) if path is not None else None
    return [
        FigureCorrection(
            entry["notice_id"],
            entry["area"],
            entry["area"].partition("_")[0],
            entry["period"],
            entry["text"],
            entry["issued_at"],
        )
        for entry in entries or ()
        if entry["release"] == release.name and entry["notice_id"] not in noted
    ]


def describe_corrections(structures: Structures, flow: Dataflow, frame: pl.DataFrame, language: str) -> pl.Series:
    """Return the notices about each observation as one text, empty if there are none. `language` is a tag."""
    texts = pl.repeat("", frame.height, eager=True)
    for notice in structures.edition.corrections:
        concerned = _find_concerned(notice, flow, frame)
        if concerned.any():
            longer = texts + f" {describe_correction(structures, notice, language)}"
            texts = pl.select(pl.when(concerned).then(longer).otherwise(texts)).to_series()
    return texts.str.strip_chars()


def list_corrections(structures: Structures, flow: Dataflow, frame: pl.DataFrame, language: str) -> list[str]:
    """Return the notices about any of some observations. `language` is a tag."""
    return [
        describe_correction(structures, notice, language)
        for notice in structures.edition.corrections
        if _find_concerned(notice, flow, frame).any()
    ]


def describe_correction(structures: Structures, notice: FigureCorrection, language: str) -> str:
    """Return a notice with its area and period. Its text is as the secretariat wrote it."""
    with read_in(find_language(language)):
        period = words.period_short(notice.period) if notice.period else tell("all periods")
        area = structures.find_label("CL_AREA", notice.area, language)
        return f"{tell('Correction, {area}, {period}:', area=area, period=period)} {notice.text}"


def _find_concerned(notice: FigureCorrection, flow: Dataflow, frame: pl.DataFrame) -> pl.Series:
    """Return which observations a notice is about: those from returns of its area, in a period that overlaps its own.

    Figures of the parts of its area are among them, and those of the territory and the region that it is a part of.
    """
    source = DATAFLOWS.get(flow.id)
    names = [name for name in AREAS if name in frame.columns]
    if not names or frame.is_empty() or (source is not None and not source.instruments):
        return pl.repeat(False, frame.height, eager=True)
    above = (notice.area, notice.territory, codes.REGION)
    is_concerned = pl.any_horizontal(
        pl.col(name).cast(pl.String).is_in(above) | pl.col(name).cast(pl.String).str.starts_with(f"{notice.area}_")
        for name in names
    )
    if notice.period:
        span = parse_period(notice.period)
        periods = {text: parse_period(text) for text in frame[TIME_PERIOD].unique().to_list()}
        common = [text for text, days in periods.items() if days.start <= span.end and days.end >= span.start]
        is_concerned &= pl.col(TIME_PERIOD).is_in(common)
    return frame.select(is_concerned.alias("concerned"))["concerned"]
