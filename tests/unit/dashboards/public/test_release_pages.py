"""Files of the changes between two releases."""

from __future__ import annotations

import polars as pl

from dashboards.public.release_pages import _add_titles


def test_changes_have_the_titles_of_tables_next_to_their_names() -> None:
    frame = pl.DataFrame({"table": ["cell", "sentence", "cell"], "change": ["added"] * 3})
    titled = _add_titles(frame, "mk")
    assert (
        titled.columns == ["table", "change", "table_title"] and titled["table"].to_list() == frame["table"].to_list()
    )
    assert titled["table_title"].to_list()[::2] == ["Објавени броеви"] * 2
    assert _add_titles(frame.clear(), "en").columns == titled.columns
