"""Show how to read and cite the figures, how individuals are protected, and the release's files to download.

The project's documentation explains the methods in full.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import streamlit as st

from dashboards.public import layout, queries, tables
from dashboards.public.static_links import name_static_file
from pipelines import words
from pipelines.core.i18n import html_lang, mark
from pipelines.front.pages import DATA
from pipelines.statistics.thresholds import LARGEST_HIDDEN_COUNT
from pipelines.words import figures
from pipelines.words.language import Texts, current_language, lower_first, many, tell

_MIME = {
    ".csv": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
    ".json": "application/json",
    ".sig": "application/json",
    ".txt": "text/plain",
}
_SHORT_LIST = (
    "README.txt",
    "manifest.json",
    "cell.csv",
    "cell.parquet",
    "indicator.csv",
    "codelist.csv",
    "codelist_label.csv",
)
"""Files that are offered alone as well: the text, the list of files, all counts, all indicators, and the codes with
their labels in all languages."""

# Words for missing figures are explained in `words.LEGEND` alone, which the page shows above these texts.
READING = (
    mark(
        "**Zero, withheld, not received, not available, not collected, not applicable and in another category** are "
        "seven different things, and only zero is a figure. The list above explains each of them. Missing figures are "
        "never estimated."
    ),
    mark(
        "**Trafficking in persons and smuggling of migrants** are different crimes. Persons and cases of the two "
        "are never added. First-instance and final decisions are also shown separately, because one person may have "
        "both."
    ),
    mark(
        "**Stages.** The stages of one period count different people: a case often takes years from one stage to the "
        "next. A later stage can therefore be larger than an earlier one."
    ),
    mark("**Order.** Territories are in the order of their names. This is not a ranking."),
    mark(
        "**Periods.** A figure counts what happened in the period. A year is the office's own annual figure if it sent "
        "one. Otherwise it is the sum of the four quarters. A year is never divided into quarters."
    ),
    mark(
        "**The region** is the sum of the territories that reported, and the page lists them. If some are missing, the "
        "figure is marked as partial. Missing territories are not estimated."
    ),
    mark(
        "**Rates** are per 100,000 inhabitants in the period. A quarter's rate is not multiplied by four. If the "
        "population of a year is not known yet, the last known one is used and the figure is marked."
    ),
    mark(
        "**95% confidence intervals.** Even a full count varies by chance from year to year. The interval shows by how "
        "much the underlying level may differ from the figure."
    ),
)
PROTECTION = mark(
    "Counts of 1 to {most} people in our own figures are never shown. Other figures are withheld with them, so that "
    "nobody can calculate a hidden count from the totals shown here. All of them are marked **withheld**, and a "
    "withheld figure may be zero. Shares, rates and differences are calculated from published figures only."
)
PROTECTION_FROM_OFFICES = mark(
    "Small counts are also protected from the offices that report: an office could subtract its own figures from a "
    "total."
)
_PROGRAMME = mark(
    "Counts are published in these tables, and no other breakdown of counts is. Indicators, figures from case records, "
    "international cooperation, the law, answers to the questionnaire and data quality have tables of their own:"
)
_AREAS: Mapping[str, str] = Texts(
    {"territory": mark("territories"), "region": mark("the region"), "jurisdiction": mark("jurisdictions")}
)


def render_page() -> None:
    """Render the page "About and downloads"."""
    frame = layout.begin_page(mark("About and downloads"), banner=words.OWN_DEMONSTRATION)
    layout.put_heading(tell("How to read the figures"))
    layout.put_html(tables.render_legend())
    layout.put_text("\n\n".join(tell(text) for text in READING))
    layout.put_heading(tell("How individuals are protected"))
    protection = [tell(PROTECTION, most=LARGEST_HIDDEN_COUNT), tell(PROTECTION_FROM_OFFICES), tell(words.OF_OTHERS)]
    layout.put_text(" ".join(protection))  # the last one is marked in words.citations
    layout.put_heading(tell("Territories covered"))
    codes = [code for code, _ in frame.territories]
    names = [frame.marked_name(code) for code in codes]
    covered = tell("This release covers {names}.", names=words.join_words(names))
    layout.put_text(covered.replace("*", "\\*"))
    layout.put_html(tables.render_notes(words.Notes(), frame.name_notes(codes), title=tell("Notes")))
    _programme(frame)
    layout.put_heading(tell("How to cite"))
    layout.put_text(
        tell(
            "Quote the figure with its release and coverage. The address of a page contains all your choices and the "
            "release."
        )
    )
    st.code(words.cite_release(frame.release, is_ours=False), language=None, wrap_lines=True)
    _downloads(frame)
    layout.end_page(frame, is_linked=False, is_ours=False)


@layout.keep_part
def _programme(frame: layout.Frame) -> None:
    layout.put_heading(tell("What is published"))
    address = f"/releases/{frame.id}/{html_lang(current_language())}/{name_static_file(DATA)}"
    files = f"[{tell('Data files')}]({address})"
    layout.put_text(f"{tell(_PROGRAMME)} {files}")
    freqs = queries.read_labels(frame.path, "freq")
    lines = [
        tables.Line(
            tables.Cell(tell(row["title"])),  # marked where declared
            (
                tables.Cell(words.join_words(_AREAS.get(kind, kind) for kind in row["areas"].split(","))),
                tables.Cell(words.join_words(lower_first(freqs.get(freq, freq)) for freq in row["freqs"].split(","))),
                tables.Cell(
                    words.join_words(
                        lower_first(figures.DIMENSIONS.get(name, name)) for name in row["dimensions"].split(",") if name
                    )
                    or tell("not broken down")
                ),
                tables.Cell(tell(row["note"] or "")),  # marked where declared
            ),
        )
        for row in queries.read_rows(frame.path, "programme")
    ]
    layout.show_table(
        frame,
        tell("Published tables of counts"),
        [tell("Area"), tell("Period"), tell("Broken down by"), tell("Note")],
        lines,
        corner=tell("Table"),
        text=True,
    )


def _downloads(frame: layout.Frame) -> None:
    """Show one button for all files of the release in a ZIP file, and one for each file of a short list."""
    layout.put_heading(tell("Downloads"))
    paths = queries.downloadable_files(frame.path)
    sentences = [
        many(
            "One ZIP file has the {n} file of release {release}: every table as CSV and as Parquet, with codes and "
            "statuses, a description, and the list of files.",
            "One ZIP file has all {n} files of release {release}: every table as CSV and as Parquet, with codes and "
            "statuses, a description, and the list of files.",
            len(paths),
            release=frame.id,
        )
    ]
    if frame.is_demonstration:
        sentences.append(tell(words.OWN_DEMONSTRATION))  # marked in words.citations
    layout.put_text(" ".join(sentences))
    prefix = f"{'demonstration-' if frame.is_demonstration else ''}{frame.id}"
    # Data is passed as a function, so that files are read only when somebody downloads them.
    st.download_button(
        tell("All files (ZIP)"),
        lambda: pack_files(tuple(paths)),
        file_name=f"{prefix}.zip",
        mime="application/zip",
        key="file.all",
        on_click="ignore",
    )
    layout.put_text(tell("The most used files are also available on their own:"))
    by_name = {path.name: path for path in paths}
    with st.container(horizontal=True):
        for path in (by_name[name] for name in _SHORT_LIST if name in by_name):
            st.download_button(
                path.name,
                path.read_bytes,
                file_name=f"{prefix}-{path.name}",
                mime=_MIME[path.suffix],
                key=f"file.{path.name}",
                on_click="ignore",
            )


@lru_cache(maxsize=1)
def pack_files(paths: tuple[Path, ...]) -> bytes:
    """Return a ZIP file of a release's files in their folders, the same bytes for the same release."""
    folder = min((path.parent for path in paths), key=lambda parent: len(parent.parts))
    content = BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as archive:
        for path in paths:
            member = ZipInfo(path.relative_to(folder).as_posix())
            member.compress_type = ZIP_DEFLATED
            archive.writestr(member, path.read_bytes())
    return content.getvalue()
