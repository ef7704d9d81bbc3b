"""Show unprotected indicators of the reader's own offices, newest year and quarter; they are never published."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboards import portal_entry
from dashboards import portal_figures as say
from dashboards import portal_html as html
from dashboards import portal_layout as layout
from dashboards import portal_words as words
from dashboards.indicator_words import VERSIONS
from dashboards.portal_figures import Row
from dashboards.portal_layout import Here

if TYPE_CHECKING:
    from pipelines.submissions.service.figures import Figures

_DIGITS = {"RATIO": 2, "PC": 0, "D": 0}


def show() -> None:
    """Render the page "Our figures"."""
    from pipelines.submissions.service import NotAllowedError, figures

    here = portal_entry.enter_page()
    own = figures.areas(here.desk, here.who)
    asked = st.query_params.get("area") or next(iter(own), None)
    try:
        found = figures.figures(here.desk, here.who, asked) if asked is not None else None
    except NotAllowedError as error:
        layout.title(here.tell("Not to be seen"))
        layout.refused(here, error)
        return layout.end(here)
    except figures.FiguresBusyError as error:
        layout.title(here.tell("Our figures"))
        layout.put(html.box("note", layout.told(error, here.language)))
        return layout.end(here)
    layout.title(
        here.tell("Our figures"),
        here.tell("What your offices reported, counted and compared before protection. Look whether it is right."),
    )
    if found is None or not found.periods:
        layout.put(
            html.box(
                "note",
                here.tell("There are no figures here for you yet"),
                here.tell("An area's figures are for those who see every office that reports a part of them."),
            )
        )
        return layout.end(here)
    layout.put(
        html.box(
            "warning",
            here.tell("Restricted: not for publication"),
            here.tell("Small numbers can point at single persons. Quote figures from the release, never from here."),
        )
    )
    period, offence = _choices(here, own, found)
    chosen = {"period": period, "offence_group": offence}
    _counts(here, _of(found.counts, **chosen), _of(found.rates, **chosen), _caption(here, found, period, offence))
    _ratios(here, _of(found.ratios, **chosen), _caption(here, found, period, offence))
    _balance(here, _of(found.breaks, **chosen))
    _flow(here, _of(found.flow, **chosen), _caption(here, found, period, offence))
    _records(here, found, offence)
    layout.end(here)


def _choices(here: Here, own: Sequence[str], found: Figures) -> tuple[str, str]:
    """Show the choice of the area (kept in the address), and return it with the period and the offences shown."""

    def change() -> None:
        st.query_params["area"] = str(st.session_state["figures.area"])

    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        names = {code: here.area(code) for code in own}
        st.session_state["figures.area"] = found.area
        st.selectbox(here.tell("Area"), own, key="figures.area", format_func=lambda code: names[code], on_change=change)
        periods = [found.periods[freq] for freq in ("Q", "A") if freq in found.periods]
        period = st.segmented_control(
            here.tell("Period"),
            periods,
            default=periods[0],
            required=True,
            format_func=lambda code: words.period(code, here.language),
            key=f"figures.period.{found.area}",
        )
        offences = _groups(found)
        offence = st.selectbox(
            here.tell("Offence"),
            offences,
            format_func=lambda code: here.label("offence_group", code),
            key=f"figures.offence.{found.area}",
        )
    return str(period or periods[0]), str(offence)


def _groups(found: Figures) -> list[str]:
    """Return the groups of offences with any figures, in the order of the code list."""
    from pipelines.core import codes

    there = {row["offence_group"] for rows in (found.counts, found.ratios, found.durations) for row in rows}
    return [code for code in codes.codes("offence_group") if code in there]


def _caption(here: Here, found: Figures, period: str, offence: str) -> str:
    return here.tell(
        "{area}, {period}, {offence}. Restricted: not for publication",
        area=here.area(found.area),
        period=words.period(period, here.language),
        offence=here.label("offence_group", offence),
    )


def _of(rows: Iterable[Row], **wanted: str) -> list[Row]:
    return [row for row in rows if all(row[name] == code for name, code in wanted.items())]


def _counts(here: Here, counts: Sequence[Row], rates: Sequence[Row], caption: str) -> None:
    from pipelines.core import codes

    keys = ("measure", "level", "count_unit", "victim_status")
    by_key = {tuple(row[key] for key in keys): row for row in rates}
    order = {code: place for place, code in enumerate(codes.codes("measure"))}
    lines = []
    for row in sorted(counts, key=lambda one: order[one["measure"]]):
        rate = by_key.get(tuple(row[key] for key in keys))
        few = here.tell("too few to compare") if row["state"] == "too_few" else ""
        lines.append(
            html.Row(
                _measured(here, row),
                (say.figure(here, row), say.figure(here, rate, 2), few, say.note(here, [row])),
            )
        )
    _table(
        here,
        here.tell("Numbers and rates"),
        caption,
        here.tell("What is counted"),
        [
            here.tell("Number (limits, 95 %)"),
            here.tell("Per 100,000 inhabitants (limits, 95 %)"),
            here.tell("State"),
            here.tell("Note"),
        ],
        lines,
    )


def _measured(here: Here, row: Row) -> str:
    name = f"{here.label('measure', row['measure'])}, {here.label('count_unit', row['count_unit']).lower()}"
    status = row["victim_status"]
    return name if status in ("_T", "_Z") else f"{name}, {here.label('victim_status', status).lower()}"


def _ratios(here: Here, rows: Sequence[Row], caption: str) -> None:
    names = _names(here)
    lines: dict[tuple[str, str], dict[str, Row]] = {}
    for row in rows:
        lines.setdefault((row["metric"], row["count_unit"]), {})[row["version"]] = row
    made = []
    for (metric, unit), those in lines.items():
        rule = next(iter(those.values()))["default_rule"]
        notes = (here.tell(say.RULES[rule]) if rule in say.RULES else "", say.note(here, list(those.values())))
        fields = [say.version(here, those.get(code)) for code in VERSIONS]
        heading = f"{names.get(metric, metric)}, {here.label('count_unit', unit).lower()}"
        made.append(html.Row(heading, (*fields, " ".join(filter(None, notes)))))
    _table(
        here,
        here.tell("From stage to stage, per 100"),
        caption,
        here.tell("Ratio"),
        [*(here.tell(text) for text in VERSIONS.values()), here.tell("Note")],
        made,
    )


def _balance(here: Here, rows: Sequence[Row]) -> None:
    layout.heading(here.tell("Balances that do not close"))
    if not rows:
        layout.put(html.box("good", here.tell("No balance of this period is broken"), level=3))
        return
    names = _names(here)
    for row in rows:
        title, account = say.broken(here, row)
        advice = here.tell(
            "Look for events placed in another period or left out, and hand in a corrected return; if the figures are "
            "right, say so to the secretariat."
        )
        body = html.items(filter(None, (account, say.uncounted(here, row), advice)))
        layout.put(html.box("warning", f"{names.get(row['metric'], row['metric'])}: {title}", body, level=3))


def _flow(here: Here, rows: Sequence[Row], caption: str) -> None:
    names = _names(here)
    lines = [
        html.Row(
            f"{names.get(row['metric'], row['metric'])}, {here.label('count_unit', row['count_unit']).lower()}",
            (
                say.figure(here, row, _DIGITS.get(row["unit_measure"], 1)),
                here.label("unit_measure", row["unit_measure"]),
                here.tell("too few to compare") if row["state"] == "too_few" else "",
                say.note(here, [row]),
            ),
        )
        for row in rows
    ]
    _table(
        here,
        here.tell("Clearance and disposition"),
        caption,
        here.tell("Indicator"),
        [here.tell("Value (limits, 95 %)"), here.tell("Unit"), here.tell("State"), here.tell("Note")],
        lines,
    )


def _records(here: Here, found: Figures, offence: str) -> None:
    """Show how long proceedings take and how old open ones are, if the reader may see case records."""
    durations, pending = (_of(rows, offence_group=offence) for rows in (found.durations, found.pending))
    layout.heading(here.tell("How long it takes, from case records"))
    if not durations and not pending:
        layout.put(html.note(here.tell("There are no case records of these offences for you to see.")))
        return
    restricted = here.tell("Restricted: not for publication")
    if durations:
        seen = here.tell(
            "Records from {first} to {last}",
            first=min(row["seen_from"] for row in durations).isoformat(),
            last=max(row["seen_until"] for row in durations).isoformat(),
        )
        layout.put(_of_records(here, durations, say.DURATIONS, f"{seen}. {restricted}"))
    if pending:
        day = here.tell("Pending on {day}", day=pending[0]["as_at"].isoformat())
        layout.put(_of_records(here, pending, say.AGES, f"{day}. {restricted}"))


def _of_records(here: Here, rows: Sequence[Row], statistics: Any, caption: str) -> html.Table:
    names = _names(here)
    lines: dict[tuple[str, str], dict[str, Row]] = {}
    for row in rows:
        lines.setdefault((row["metric"], row["source"]), {})[row["statistic"]] = row
    made = []
    for (metric, source), those in lines.items():
        fields = [_with_state(here, those.get(code)) for code in statistics]
        number = str(next(iter(those.values()))["n_band"])
        made.append(
            html.Row(f"{names.get(metric, metric)}, {here.office(source, _territory(source))}", (*fields, number))
        )
    columns = [*(here.tell(text) for text in statistics.values()), here.tell("Cases in the records")]
    return html.Table(caption, here.tell("Indicator"), columns, made)


def _with_state(here: Here, row: Row | None) -> str:
    """Format a figure from records, with a note if it is too few to compare."""
    text = say.figure(here, row)
    return f"{text}; {here.tell('too few to compare')}" if row is not None and row["state"] == "too_few" else text


def _territory(source: str) -> str:
    return source.partition("_")[0]


def _table(
    here: Here, title: str, caption: str, corner: str, columns: Sequence[str], lines: Sequence[html.Row]
) -> None:
    layout.heading(title)
    if not lines:
        layout.put(html.note(here.tell("Nothing of this is collected here.")))
        return
    layout.put(html.Table(f"{title}. {caption}", corner, columns, lines))


def _names(here: Here) -> dict[str, str]:
    """Return the everyday name of each indicator."""
    from pipelines.warehouse.metrics import metrics

    return {metric.id: here.tell(metric.name) for metric in metrics.load()}  # marked in warehouse.metrics
