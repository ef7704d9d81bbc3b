"""Choose the period in which a comparison opens."""

from __future__ import annotations

from pipelines.front.reader import Reader
from pipelines.words import regions


def choose_ratio_period(reader: Reader, crime: str, metric: str) -> str:
    """Return the period in which a ratio opens: the default of its windows, else its newest year."""
    edition = reader.edition
    window = regions.default_window(edition.list_windows(metric, crime))
    if window is not None and window["freq"] != "Q":
        return str(window["period"])
    years = edition.list_ratio_years(metric, crime)
    return years[-1] if years else edition.choose_year(crime)


def explain_period(
    reader: Reader, metric: str, crime: str, period: str, measure: str = "", *, is_covered: bool = False
) -> str:
    """Explain why a page shows a period; empty if its windows have another one, since pages show no quarters.

    `is_covered` is true if the sentence before says how many territories have the figure.
    """
    windows = reader.edition.list_windows(metric, crime, measure)
    window = regions.default_window(windows)
    if window is None or window["period"] != period:
        return ""
    return regions.explain_window(
        windows, is_share=bool(reader.edition.metrics[metric]["is_nested"]), is_covered=is_covered
    )
