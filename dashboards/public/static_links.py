"""Addresses of static pages, in the language and for the crime of a reader of the Streamlit pages."""

from __future__ import annotations

from pathlib import Path

from dashboards.public import queries
from dashboards.public.selection import read_selection
from pipelines.core.i18n import html_lang
from pipelines.front.build import FOLDER
from pipelines.front.pages import HOME, name_file
from pipelines.front.queries import CRIMES
from pipelines.words.language import current_language


def find_crime() -> str:
    """Return the crime of the reader: that of the page, of its address or of the page before it, else the first one."""
    selection = read_selection()
    control = selection.controls.get("crime")
    crime = control.read_widget() if control is not None else selection.carried.get("crime", "")
    return crime if crime in CRIMES else CRIMES[0]


def link_static_page(name: str) -> str:
    """Return the address of a static page of the reader's release, in the reader's language and with links for the
    reader's crime."""
    file = name_static_file(name)
    return f"{read_selection().front}/{html_lang(current_language())}/{'' if file == name_file(HOME) else file}"


def name_static_file(name: str) -> str:
    """Return the file of a static page whose links are for the reader's crime.

    If the release lacks it, as those of earlier software do, it is that of the first crime or of both.
    """
    crime = find_crime()
    if crime == CRIMES[0]:
        return name_file(name)
    try:
        release = Path(queries.open_release(read_selection().release).path).parent
    except (queries.UnknownReleaseError, queries.NoReleaseError, queries.DamagedReleaseError):
        return name_file(name)  # The page explains the problem.
    file = name_file(name, crime)
    return file if (release / FOLDER / html_lang(current_language()) / file).is_file() else name_file(name)
