"""Show what the symbols mean, how persons are protected, how to cite, and the release's files to download.

The project's documentation explains the methods in full.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboards import words
from dashboards.public import layout, queries, tables
from pipelines.statistics.thresholds import LARGEST_HIDDEN_COUNT

_MIME = {
    ".csv": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
    ".json": "application/json",
    ".txt": "text/plain",
}
_KINDS = {"csv": "CSV tables", "parquet": "Parquet tables", "other": "Manifest and text"}

READING = """
**Four things that are not one.** A zero is a figure: the office reported that there was none. *Not available* means
that a figure was expected and is not there. *Not collected* means that the office does not count this, or not for this
kind of period. *Withheld* means that the figure is known and hidden. None of them is ever filled in.

**Trafficking in persons and smuggling of migrants** are different crimes. They are shown separately on every page and
are never added. Decisions at first instance and final decisions are shown separately for the same reason: one person
may have both.

**Periods.** A figure counts what happened in the period. A year is the office's own annual figure where it sent one,
and else the sum of its four quarters. A year is never divided into quarters.

**The region** is the sum of the territories that reported, and lists them. Where some are missing it is marked as
partial, and nothing is assumed about them.

**Rates** are per 100,000 inhabitants for the period itself; a quarter's rate is not multiplied by four. Where the
population of a year is not yet known, the last known one is used, and the figure is marked.
"""
PROTECTION = f"""
Counts of 1 to {LARGEST_HIDDEN_COUNT} persons are never shown. So that none of them can be worked out from
totals, further figures are withheld with them; all are marked **withheld**, and a withheld figure may be a zero.
Shares, rates and differences are made of published figures only.
"""


def render_page() -> None:
    """Render the page "About and downloads"."""
    frame = layout.begin_page("About and downloads")
    st.header("How to read the figures", anchor=False)
    layout.put_html(tables.render_legend())
    st.markdown(READING)
    st.header("How persons are protected", anchor=False)
    st.markdown(PROTECTION)
    st.header("Who is in it", anchor=False)
    codes = [code for code, _ in frame.territories]
    names = [frame.marked_name(code) for code in codes]
    st.markdown(f"The territories of this release: {words.join_words(names)}.".replace("*", "\\*"))
    layout.put_html(tables.render_notes(words.Notes(), frame.name_notes(codes)))
    _programme(frame)
    st.header("How to cite", anchor=False)
    st.markdown(
        "Quote the figure with its release and its coverage. The address of a page contains your whole selection "
        "and the release."
    )
    st.code(words.cite_release(frame.release), language=None, wrap_lines=True)
    _downloads(frame)
    layout.end_page(frame)


def _programme(frame: layout.Frame) -> None:
    st.header("What is published", anchor=False)
    freqs, areas = (
        queries.read_labels(frame.path, "freq"),
        {"territory": "territories", "region": "the region", "jurisdiction": "jurisdictions"},
    )
    lines = [
        tables.Line(
            tables.Cell(row["title"]),
            (
                tables.Cell(words.join_words(areas.get(kind, kind) for kind in row["areas"].split(","))),
                tables.Cell(words.join_words(freqs.get(freq, freq).lower() for freq in row["freqs"].split(","))),
                tables.Cell(
                    words.join_words(d.replace("_", " ") for d in row["dimensions"].split(",") if d) or "totals"
                ),
                tables.Cell(row["note"] or ""),
            ),
        )
        for row in queries.read_rows(frame.path, "programme")
    ]
    layout.show_table(
        frame,
        "Published tables; a table that is not listed here is not published",
        ["For", "By", "Broken down by", "Note"],
        lines,
        corner="Table",
        text=True,
    )


def _downloads(frame: layout.Frame) -> None:
    st.header("Downloads", anchor=False)
    st.markdown(
        f"The files of release {frame.id}, with all codes and statuses. The manifest lists every file with its SHA-256."
        + (
            " Every figure in them is invented, but for those of the table of other publishers."
            if frame.is_demonstration
            else ""
        )
    )
    grouped: dict[str, list[Path]] = {kind: [] for kind in _KINDS}
    for path in queries.downloadable_files(frame.path):
        grouped.get(path.suffix[1:], grouped["other"]).append(path)
    for kind, paths in grouped.items():
        with st.expander(f"{_KINDS[kind]} ({len(paths)})", expanded=kind == "other"), st.container(horizontal=True):
            for path in paths:
                _button(frame, path)


def _button(frame: layout.Frame, path: Path) -> None:
    # Passed as a function, so that a file is read only when somebody downloads it.
    st.download_button(
        path.name,
        path.read_bytes,
        file_name=f"{'demonstration-' if frame.is_demonstration else ''}{frame.id}-{path.name}",
        mime=_MIME[path.suffix],
        key=f"file.{path.parent.name}.{path.name}",
        on_click="ignore",
    )
