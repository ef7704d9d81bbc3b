"""Read unprotected figures, which are in no release, for the people of the offices that reported them.

The figures of an area combine all offices that report a part of it, so only people who may read the returns of all of
them see these figures. The total of a territory is visible only to those who may read all its jurisdictions. Nobody
sees the unprotected sums of the region.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from pipelines.core.duckdb_files import open_duckdb
from pipelines.core.errors import UserFacingError
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
"""Counts of proceedings, or of victims. They come from different instruments, and so from different offices."""
RecordAccess = Literal["not_sent", "no_access", "visible"]
"""Access of a person to the case records of an area, or that its offices send none."""
_INSTRUMENTS: Final[Mapping[Family, tuple[str, ...]]] = {"justice": ("justice", "register"), "victims": ("victims",)}
_UNITS_OF_VICTIMS: Final = ["victim", "migrant"]
Row = Mapping[str, Any]
Pair = tuple[str, str]


class FiguresBusyError(UserFacingError):
    """The file of the figures is missing, is being written, or was written by an earlier version of the program."""


@dataclass(frozen=True, slots=True)
class OfficeFigures:
    """The figures of one area in its newest year and quarter, as rows of the restricted marts. Never publish them.

    `periods` maps each frequency to the period shown. `adults` are counts of adults only, for offices that do not
    report all ages together. Durations and ages of pending cases are for all periods that the
    records cover.
    """

    area: str
    periods: Mapping[str, str]
    counts: Sequence[Row]
    adults: Sequence[Row]
    rates: Sequence[Row]
    ratios: Sequence[Row]
    breaks: Sequence[Row]
    flow: Sequence[Row]
    durations: Sequence[Row]
    pending: Sequence[Row]


def list_areas(desk: Desk, who: Identity) -> tuple[str, ...]:
    """Return the jurisdictions and territories whose unprotected figures an identity may see."""
    return tuple(
        area
        for area in _declared_areas(desk)
        if _visible_families(desk, who, area) or _visible_sources(desk, who, area)
    )


def read_figures(desk: Desk, who: Identity, area: str) -> OfficeFigures:
    """Return the unprotected figures of an area.

    Raises FiguresBusyError, and NotAllowedError, with the same message for an area that may not be seen and for one
    that does not exist.
    """
    families, sources = _visible_families(desk, who, area), _visible_sources(desk, who, area)
    if not families and not sources:
        raise not_yours()
    with _open_figures(desk.home.warehouse / FILE) as connection:
        periods = dict(_period_by_freq(_select_rows(connection, _PERIODS, [area])))
        parameters = [area, sorted(periods.values()), "victims" in families, "justice" in families]
        by_records = [area, sources]
        return OfficeFigures(
            area=area,
            periods=periods,
            counts=_select_rows(connection, _INDICATOR, [*parameters, "count"]),
            adults=_select_rows(connection, _ADULTS, parameters),
            rates=_select_rows(connection, _INDICATOR, [*parameters, "rate"]),
            ratios=_select_rows(connection, _RATIO, parameters),
            breaks=_select_rows(connection, _BALANCE, parameters),
            flow=_select_rows(connection, _CLEARANCE, parameters),
            durations=_select_rows(connection, _DURATION, by_records),
            pending=_select_rows(connection, _PENDING, by_records),
        )


def find_records(desk: Desk, who: Identity, area: str) -> RecordAccess:
    """Return whether offices of an area send case records, and whether an identity may read those of any of them."""
    if _visible_sources(desk, who, area):
        return "visible"
    places = _jurisdictions_of(desk, area)
    forms = desk.registry.forms.values()
    are_sent = any(form.jurisdiction in places and form.instrument == "register" for form in forms)
    return "no_access" if are_sent else "not_sent"


def not_yours() -> rights.NotThereError:
    """Return the error for an area that does not exist or whose figures may not be seen."""
    return rights.NotThereError(
        mark(
            "These figures do not exist, or you do not have access to them. Look at the areas of your returns, or "
            "ask the steward of the secretariat."
        )
    )


# ----------------------------------------------------------------------------------------------------------- visibility


def _declared_areas(desk: Desk) -> tuple[str, ...]:
    """Return all territories of the desk's kind, each followed by its jurisdictions."""
    codes: dict[str, None] = {}
    for territory in desk.registry.territories.values():
        if territory.kind == desk.kind:
            codes |= dict.fromkeys([territory.code, *(part.code for part in territory.jurisdictions)])
    return tuple(codes)


def _jurisdictions_of(desk: Desk, area: str) -> tuple[str, ...]:
    """Return the jurisdictions that report an area's figures; empty if the code is not an area."""
    for territory in desk.registry.territories.values():
        if territory.kind != desk.kind:
            continue
        parts = tuple(part.code for part in territory.jurisdictions)
        if area == territory.code:
            return tuple(dict.fromkeys((*parts, area)))
        if area in parts:
            return (area,)
    return ()


def _visible_families(desk: Desk, who: Identity, area: str) -> tuple[Family, ...]:
    """Return the families for which an identity may read every office that reports a part of the area's figures."""
    places = _jurisdictions_of(desk, area)
    families: list[Family] = []
    for family, instruments in _INSTRUMENTS.items():
        needed = {
            (form.jurisdiction, form.instrument)
            for form in desk.registry.forms.values()
            if form.jurisdiction in places and form.instrument in instruments
        }
        if _can_read_all(who, needed):
            families.append(family)
    return tuple(families)


def _visible_sources(desk: Desk, who: Identity, area: str) -> list[str]:
    """Return the offices of an area whose case records an identity may read."""
    places = _jurisdictions_of(desk, area)
    needed: dict[str, set[Pair]] = {}
    for form in desk.registry.forms.values():
        if form.jurisdiction in places and form.instrument == "register":
            needed.setdefault(form.source, set()).add((form.jurisdiction, form.instrument))
    return sorted(source for source, pairs in needed.items() if _can_read_all(who, pairs))


def _can_read_all(who: Identity, pairs: set[Pair]) -> bool:
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
_ADULTS: Final = f"""
    select freq, period, measure, level, count_unit, offence_group, victim_status, value, low, high, interval_basis,
        state, unit_measure, obs_status, conf_status, flags
    from mart_indicator
    where {_OWN} and metric = 'count' and dimension = '_Z' and statistic = 'count' and offence = '_T'
        and age = 'Y_GE18'
        and not exists (
            select 1 from (values (person_type), (sex), (exploitation), (citizenship), (sentence_type),
                (sentence_band)) as other(code) where other.code not in ('_T', '_Z'))
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
def _open_figures(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the restricted indicators read-only. Raises FiguresBusyError."""
    import duckdb

    if not path.is_file():
        raise FiguresBusyError(
            mark("No figures have been made in this home yet. They are made at the next refresh; look again then.")
        )
    try:
        with open_duckdb(path, read_only=True) as connection:
            yield connection
    except duckdb.BinderException as error:
        # The program that wrote the file did not have a column that this one selects.
        raise FiguresBusyError(
            mark(
                "These figures were made by an earlier version of the program. They will be updated at the next "
                "refresh; look again then."
            )
        ) from error
    except (duckdb.IOException, duckdb.CatalogException) as error:
        raise FiguresBusyError(mark("The figures are being updated. Look again in a few minutes.")) from error


def _select_rows(connection: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[Any]) -> list[Row]:
    result = connection.execute(query, parameters)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _period_by_freq(rows: Sequence[Row]) -> list[tuple[str, str]]:
    return [(str(row["freq"]), str(row["period"])) for row in rows]
