"""The texts of days, by month."""

from __future__ import annotations

from datetime import date
from typing import Final

from pipelines.core.i18n.marking import mark

_DAYS: Final = (
    mark("{day} January {year}"), mark("{day} February {year}"), mark("{day} March {year}"),
    mark("{day} April {year}"), mark("{day} May {year}"), mark("{day} June {year}"), mark("{day} July {year}"),
    mark("{day} August {year}"), mark("{day} September {year}"), mark("{day} October {year}"),
    mark("{day} November {year}"), mark("{day} December {year}"),
)  # fmt: skip
"""Dates by month, whole, because the name of a month has another form after a day in some languages."""


def find_day_text(day: date) -> str:
    """Return the English source of a day's text, with `{day}` and `{year}` to fill in."""
    return _DAYS[day.month - 1]
