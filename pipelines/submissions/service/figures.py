"""The unprotected figures of one's own offices, for the people of these offices: what no release says.

An area's figures are those of every office that reports a part of them: whoever lacks one of these offices sees none.
So the total of a territory is for those who see all its jurisdictions. The region's unprotected sums are for nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from pipelines.core.errors import ToldError
from pipelines.core.i18n import mark
from pipelines.ledger.permissions import can_read
from pipelines.submissions.service import rights
from pipelines.submissions.service.desk import Desk

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from pipelines.ledger.identity import Identity

FILE: Final = "indicators-restricted.duckdb"
Family = Literal["justice", "victims"]
"""Counts of proceedings, or of victims: they come of different instruments, and so of different offices."""
_INSTRUMENTS: Final[Mapping[Family, tuple[str, ...]]] = {"justice": ("justice", "register"), "victims": ("victims",)}
_UNITS_OF_VICTIMS: Final = ["victim", "migrant"]
Row = Mapping[str, Any]
Pair = tuple[str, str]


class FiguresBusyError(ToldError):
    """The file of the figures is not there, is being made, or is of an earlier version of the program."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one area in its newest year and quarter, as rows of the restricted marts. None may be published.

    `periods` maps each frequency to the period shown; durations and ages of what is pending stand for every period that
    the records cover.
    """

    area: str
    periods: Mapping[str, str]
    counts: Sequence[Row]
    rates: Sequence[Row]
    ratios: Sequence[Row]
    breaks: Sequence[Row]
    flow: Sequence[Row]
    durations: Sequence[Row]
    pending: Sequence[Row]


def areas(desk: Desk, who: Identity) -> tuple[str, ...]:
    """The areas of which somebody may see unprotected figures: jurisdictions, and territories he or she sees whole."""
    return tuple(area for area in _declared(desk) if _families(desk, who, area) or _sources(desk, who, area))


def figures(desk: Desk, who: Identity, area: str) -> Figures:
    """The unprotected figures of an area. Raises NotAllowedError (the same words for an area that is foreign and for
    one that is none), FiguresBusyError."""
    families, sources = _families(desk, who, area), _sources(desk, who, area)
    if not families and not sources:
        raise not_yours()
    with _opened(desk.home.warehouse / FILE) as connection:
        periods = dict(_pairs(_rows(connection, _PERIODS, [area])))
        own = [area, sorted(periods.values()), "victims" in families, "justice" in families]
        by_records = [area, sources]
        return Figures(
            area=area,
            periods=periods,
            counts=_rows(connection, _INDICATOR, [*own, "count"]),
            rates=_rows(connection, _INDICATOR, [*own, "rate"]),
            ratios=_rows(connection, _RATIO, own),
            breaks=_rows(connection, _BALANCE, own),
            flow=_rows(connection, _CLEARANCE, own),
            durations=_rows(connection, _DURATION, by_records),
            pending=_rows(connection, _PENDING, by_records),
        )


def not_yours() -> rights.NotThereError:
    """Says the same of an area that is none and of one whose figures are not to be seen."""
    return rights.NotThereError(
        mark(
            "These figures do not exist, or you do not have access to them. Look at the areas of your returns, or "
            "ask the steward of the secretariat."
        )
    )


# ---------------------------------------------------------------------------------------------------------------- whose


def _declared(desk: Desk) -> tuple[str, ...]:
    """Every territory of the desk's kind, each followed by its jurisdictions."""
    found: dict[str, None] = {}
    for territory in desk.registry.territories.values():
        if territory.kind == desk.kind:
            found |= dict.fromkeys([territory.code, *(part.code for part in territory.jurisdictions)])
    return tuple(found)


def _jurisdictions(desk: Desk, area: str) -> tuple[str, ...]:
    """The jurisdictions that report an area's figures; none for what is no area."""
    for territory in desk.registry.territories.values():
        if territory.kind != desk.kind:
            continue
        parts = tuple(part.code for part in territory.jurisdictions)
        if area == territory.code:
            return tuple(dict.fromkeys((*parts, area)))
        if area in parts:
            return (area,)
    return ()


def _families(desk: Desk, who: Identity, area: str) -> tuple[Family, ...]:
    """The families of which somebody sees every office that reports a part of the area's figures."""
    places = _jurisdictions(desk, area)
    out: list[Family] = []
    for family, instruments in _INSTRUMENTS.items():
        needed = {
            (form.jurisdiction, form.instrument)
            for form in desk.registry.forms.values()
            if form.jurisdiction in places and form.instrument in instruments
        }
        if _sees(who, needed):
            out.append(family)
    return tuple(out)


def _sources(desk: Desk, who: Identity, area: str) -> list[str]:
    """The offices whose case records somebody may see: those of the area for whose records he or she has a right."""
    places = _jurisdictions(desk, area)
    needed: dict[str, set[Pair]] = {}
    for form in desk.registry.forms.values():
        if form.jurisdiction in places and form.instrument == "register":
            needed.setdefault(form.source, set()).add((form.jurisdiction, form.instrument))
    return sorted(source for source, pairs in needed.items() if _sees(who, pairs))


def _sees(who: Identity, pairs: set[Pair]) -> bool:
    return bool(pairs) and all(can_read(who, *pair) for pair in pairs)


# -------------------------------------------------------------------------------------------------------------- reading

_OWN: Final = f"""area = $1 and area_kind <> 'region' and period in (select unnest($2))
    and case when count_unit in ({", ".join(f"'{unit}'" for unit in _UNITS_OF_VICTIMS)}) then $3 else $4 end"""
_PERIODS: Final = """
    select freq, max(period) as period from mart_indicator
    where area = $1 and area_kind <> 'region' and freq in ('Q', 'A') group by freq
"""
_INDICATOR: Final = f"""
    select freq, period, measure, level, count_unit, offence_group, victim_status, value, low, high, interval_basis,
        state, unit_measure, obs_status, conf_status, flags
    from mart_indicator
    where {_OWN} and metric = $5 and dimension = '_Z' and statistic = 'count' and offence = '_T'
        and not exists (
            select 1 from (values (person_type), (sex), (age), (exploitation), (citizenship), (sentence_type),
                (sentence_band)) as other(code) where other.code not in ('_T', '_Z'))
    order by freq, offence_group, measure, level, count_unit, victim_status
"""
_RATIO: Final = f"""
    select metric, freq, period, offence_group, count_unit, version, value, low, high, interval_basis, numerator,
        denominator, lag, denominator_period, state, is_default, default_rule, is_allowed, reasons, obs_status,
        conf_status, flags
    from mart_stage_ratio where {_OWN} order by freq, offence_group, metric, count_unit, version
"""
_BALANCE: Final = f"""
    select metric, freq, period, offence_group, count_unit, level, opening, entries, exits, closing, gap, not_counted,
        reasons, flags
    from mart_balance where {_OWN} and status = 'broken' order by freq, offence_group, metric, count_unit
"""
_CLEARANCE: Final = f"""
    select metric, freq, period, offence_group, count_unit, level, value, low, high, interval_basis, unit_measure,
        numerator, denominator, days, undefined, state, is_allowed, reasons, obs_status, conf_status, flags
    from mart_clearance where {_OWN} order by freq, offence_group, metric, count_unit
"""
_DURATION: Final = """
    select metric, source, offence_group, stage, statistic, unit_measure, value, low, high, n_band, state, seen_from,
        seen_until, obs_status, conf_status
    from mart_duration
    where area = $1 and area_kind <> 'region' and source in (select unnest($2)) and freq = '_T' and entered = '_T'
    order by offence_group, metric, source, statistic
"""
_PENDING: Final = """
    select metric, source, offence_group, stage, as_at, statistic, unit_measure, value, low, high, n_band, state,
        obs_status, conf_status
    from mart_pending
    where area = $1 and area_kind <> 'region' and source in (select unnest($2))
        and as_at = (select max(as_at) from mart_pending where area = $1)
    order by offence_group, metric, source, statistic
"""


@contextmanager
def _opened(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The restricted indicators, to be read and nothing else. Raises FiguresBusyError."""
    import duckdb

    if not path.is_file():
        raise FiguresBusyError(
            mark("No figures have been made in this home yet. They are made at the next refresh; look again then.")
        )
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            yield connection
    except duckdb.BinderException as error:
        # A column that this program asks for and the one that made the file did not know.
        raise FiguresBusyError(
            mark(
                "These figures were made by an earlier version of the program. They will be updated at the next "
                "refresh; look again then."
            )
        ) from error
    except (duckdb.IOException, duckdb.CatalogException) as error:
        raise FiguresBusyError(mark("The figures are being updated. Look again in a few minutes.")) from error


def _rows(connection: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[Any]) -> list[Row]:
    found = connection.execute(query, parameters)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _pairs(rows: Sequence[Row]) -> list[tuple[str, str]]:
    return [(str(row["freq"]), str(row["period"])) for row in rows]
