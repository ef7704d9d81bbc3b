"""Show the controls below tables and pictures: to copy, download, save or cite them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from unicodedata import normalize
from urllib.parse import urlencode

import streamlit as st

from dashboards.public import charts, embedding, exports, tables
from dashboards.public.edition_notes import list_remarks
from dashboards.public.frame import Frame
from dashboards.public.selection import LANGUAGE, open_language
from pipelines import words
from pipelines.core import clock
from pipelines.core.i18n import html_lang, mark
from pipelines.core.text.script import transliterate_serbian
from pipelines.front.charts import files
from pipelines.words.language import current_language, read_in, tell

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LONGEST_NAME = 80
"""Letters of a table's title in the name of its file."""
_CODE_HEIGHT = 100
_EMBED = mark(
    "**Embed**: copy this code into a page of another site. It contains the figures, the notes and the source."
)


@st.fragment
def offer_table(frame: Frame, title: str, table: tables.Table, key: str) -> None:
    """Show the control to copy, download or cite a table. It is filled when it is opened, and only it runs again."""
    open_language()
    popover = st.popover(tell("Copy, download or cite"), type="tertiary", key=f"take.{key}", on_change="rerun")
    if not popover.open:
        return
    address = _find_address(frame)
    citation = words.cite_table(frame.release, title, table.coverage, address, clock.now().date())
    name = _name_download(frame, title)
    # A file has the same remarks on its release as the notice on the page.
    table = replace(table, notes=replace(table.notes, remarks=[*list_remarks(frame), *table.notes.remarks]))
    with popover:
        st.markdown(tell("**Copy table**: press the button in the corner, then paste into a spreadsheet."))
        st.code(exports.write_text(table), language=None, height=160)
        with st.container(horizontal=True):
            # Passed as functions, so that a file is made only when somebody downloads it.
            _download(
                "XLSX",
                partial(_write_in, current_language(), exports.write_xlsx, table, citation),
                f"{name}.xlsx",
                _XLSX,
                key,
            )
            _download(
                "CSV",
                partial(_write_in, current_language(), exports.write_csv, table, citation),
                f"{name}.csv",
                "text/csv",
                key,
            )
        st.markdown(tell("XLSX opens in every spreadsheet program. CSV has a decimal point and suits programs."))
        st.markdown(tell("**Cite**"))
        st.code(citation, language=None, wrap_lines=True)
        st.markdown(tell(_EMBED))  # marked above
        code = embedding.write_table_code(table, citation, address, html_lang(current_language()))
        st.code(code, language=None, height=_CODE_HEIGHT)


def _find_address(frame: Frame) -> str:
    """Return the address of the open page with its choices, its language and its release, which never changes."""
    query = urlencode({**st.query_params, "release": frame.id, LANGUAGE: current_language()})
    return f"{(st.context.url or '').partition('?')[0]}?{query}"


def _write_in(language: str, write: Callable[[tables.Table, str], bytes], table: tables.Table, citation: str) -> bytes:
    """Write a file in the language of its page: it is made later, in another thread."""
    with read_in(language):
        return write(table, citation)


def _download(label: str, write: Callable[[], bytes], file_name: str, mime: str, key: str) -> None:
    st.download_button(label, write, file_name=file_name, mime=mime, key=f"{label}.{key}", on_click="ignore")


def _file_name(title: str) -> str:
    """Return a title as the name of a file: lower case, words joined by hyphens."""
    plain = normalize("NFKD", transliterate_serbian(title)).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", plain))[:_LONGEST_NAME].strip("-")


@st.fragment
def offer_pictures(frame: Frame, pictures: Sequence[charts.Picture], about: str, key: str) -> None:
    """Show the control to save pictures. It is filled when it is opened, and only it runs again.

    `about` completes the titles of pictures that need their page to be understood.
    """
    open_language()
    popover = st.popover(tell("Save as a picture"), type="tertiary", key=f"pictures.{key}", on_change="rerun")
    if not popover.open:
        return
    with popover:
        st.markdown(tell("The file contains the title, the source, the release and all notes."))
        for number, picture in enumerate(pictures):
            source = frame.cite_source()
            notes = [line for line in picture.under if line not in source]
            caption = files.Caption(". ".join(filter(None, (picture.title, about))), source, notes)
            name = _name_download(frame, caption.title)
            title = picture.title.replace("*", chr(92) + "*")
            with st.container(horizontal=True):
                for kind, write in exports.PICTURE_FORMATS.items():
                    _download(
                        f"{kind}: {title}",
                        partial(write, picture.for_file, caption, html_lang(current_language())),
                        f"{name}.{kind.lower()}",
                        exports.PICTURE_TYPES[kind],
                        f"{key}.{number}",
                    )
                # The code is as long as the picture, so that it is sent when somebody asks for it.
                is_requested = st.button(tell("Code to embed: {title}", title=title), key=f"embed.{key}.{number}")
            if is_requested:
                st.markdown(tell(_EMBED))  # marked above
                code = embedding.write_picture_code(
                    picture, caption.title, source, _find_address(frame), html_lang(current_language())
                )
                st.code(code, language=None, height=_CODE_HEIGHT)


def _name_download(frame: Frame, title: str) -> str:
    """Return the name of a file without its ending: the release and the title."""
    return f"{'demonstration-' if frame.is_demonstration else ''}{frame.id}-{_file_name(title)}"
