"""Show unprotected indicators of the reader's own offices, newest year and quarter; they are never published."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboards.office import access, figure_words, html, layout, words
from dashboards.office.figure_words import Row
from dashboards.office.layout import PageContext
from dashboards.words.indicators import VERSIONS

if TYPE_CHECKING:
    from pipelines.submissions.service.figures import Figures

_DIGITS = {"RATIO": 2, "PC": 0, "D": 0}


def render_page() -> None:
    """Render the page "Our figures"."""
    from pipelines.submissions.service import NotAllowedError, figures

    context = access.enter_page()
    own_areas = figures.list_areas(context.desk, context.who)
    area = st.query_params.get("area") or next(iter(own_areas), None)
    try:
        area_figures = figures.read_figures(context.desk, context.who, area) if area is not None else None
    except NotAllowedError as error:
        layout.show_title(context.tell("You do not have access to this page"))
        layout.show_refusal(context, error)
        return layout.end_page(context)
    except figures.FiguresBusyError as error:
        layout.show_title(context.tell("Our figures"))
        layout.put_html(html.render_box("note", layout.error_text(error, context.language)))
        return layout.end_page(context)
    layout.show_title(
        context.tell("Our figures"),
        context.tell("What your offices reported, counted and compared before protection. Check whether it is right."),
    )
    if area_figures is None or not area_figures.periods:
        layout.put_html(
            html.render_box(
                "note",
                context.tell("You have no figures here yet"),
                context.tell(
                    "You can see the figures of an area only if you can see every office that reports a part of them."
                ),
            )
        )
        return layout.end_page(context)
    layout.put_html(
        html.render_box(
            "warning",
            context.tell("Restricted: not for publication"),
            context.tell("Small numbers can identify single persons. Quote figures from the release, never from here."),
        )
    )
    period, offence = _choose_period_and_offence(context, own_areas, area_figures)
    chosen = {"period": period, "offence_group": offence}
    _show_counts(
        context,
        _select_rows(area_figures.counts, **chosen),
        _select_rows(area_figures.rates, **chosen),
        _caption(context, area_figures, period, offence),
    )
    _ratio_rows(context, _select_rows(area_figures.ratios, **chosen), _caption(context, area_figures, period, offence))
    _balance(context, _select_rows(area_figures.breaks, **chosen))
    _flow(context, _select_rows(area_figures.flow, **chosen), _caption(context, area_figures, period, offence))
    _show_records(context, area_figures, offence)
    layout.end_page(context)


def _choose_period_and_offence(
    context: PageContext, own_areas: Sequence[str], area_figures: Figures
) -> tuple[str, str]:
    """Show the choice of the area (kept in the address), and return it with the period and the offences shown."""

    def store_area() -> None:
        st.query_params["area"] = str(st.session_state["figures.area"])

    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        names = {code: context.area_name(code) for code in own_areas}
        st.session_state["figures.area"] = area_figures.area
        st.selectbox(
            context.tell("Area"),
            own_areas,
            key="figures.area",
            format_func=lambda code: names[code],
            on_change=store_area,
        )
        periods = [area_figures.periods[freq] for freq in ("Q", "A") if freq in area_figures.periods]
        period = st.segmented_control(
            context.tell("Period"),
            periods,
            default=periods[0],
            required=True,
            format_func=lambda code: words.format_period(code, context.language),
            key=f"figures.period.{area_figures.area}",
        )
        offences = _offence_groups(area_figures)
        offence = st.selectbox(
            context.tell("Offence"),
            offences,
            format_func=lambda code: context.code_label("offence_group", code),
            key=f"figures.offence.{area_figures.area}",
        )
    return str(period or periods[0]), str(offence)


def _offence_groups(area_figures: Figures) -> list[str]:
    """Return the groups of offences with any figures, in the order of the code list."""
    from pipelines.core import codes

    codes_present = {
        row["offence_group"]
        for rows in (area_figures.counts, area_figures.ratios, area_figures.durations)
        for row in rows
    }
    return [code for code in codes.list_codes("offence_group") if code in codes_present]


def _caption(context: PageContext, area_figures: Figures, period: str, offence: str) -> str:
    return context.tell(
        "{area}, {period}, {offence}. Restricted: not for publication",
        area=context.area_name(area_figures.area),
        period=words.format_period(period, context.language),
        offence=context.code_label("offence_group", offence),
    )


def _select_rows(rows: Iterable[Row], **criteria: str) -> list[Row]:
    return [row for row in rows if all(row[name] == code for name, code in criteria.items())]


def _show_counts(context: PageContext, counts: Sequence[Row], rates: Sequence[Row], caption: str) -> None:
    from pipelines.core import codes

    keys = ("measure", "level", "count_unit", "victim_status")
    by_key = {tuple(row[key] for key in keys): row for row in rates}
    order = {code: place for place, code in enumerate(codes.list_codes("measure"))}
    lines = []
    for row in sorted(counts, key=lambda row: order[row["measure"]]):
        rate = by_key.get(tuple(row[key] for key in keys))
        few = context.tell("too few to compare") if row["state"] == "too_few" else ""
        lines.append(
            html.Row(
                _measured(context, row),
                (
                    figure_words.format_figure(context, row),
                    figure_words.format_figure(context, rate, 2),
                    few,
                    figure_words.compose_note(context, [row]),
                ),
            )
        )
    _table(
        context,
        context.tell("Numbers and rates"),
        caption,
        context.tell("What is counted"),
        [
            context.tell("Number (limits, 95 %)"),
            context.tell("Per 100,000 inhabitants (limits, 95 %)"),
            context.tell("State"),
            context.tell("Note"),
        ],
        lines,
    )


def _measured(context: PageContext, row: Row) -> str:
    unit = context.code_label("count_unit", row["count_unit"]).lower()
    name = f"{context.code_label('measure', row['measure'])}, {unit}"
    status = row["victim_status"]
    return name if status in ("_T", "_Z") else f"{name}, {context.code_label('victim_status', status).lower()}"


def _ratio_rows(context: PageContext, rows: Sequence[Row], caption: str) -> None:
    names = _indicator_names(context)
    lines: dict[tuple[str, str], dict[str, Row]] = {}
    for row in rows:
        lines.setdefault((row["metric"], row["count_unit"]), {})[row["version"]] = row
    table_rows = []
    for (metric, unit), those in lines.items():
        rule = next(iter(those.values()))["default_rule"]
        notes = (
            context.tell(figure_words.RULES[rule]) if rule in figure_words.RULES else "",
            figure_words.compose_note(context, list(those.values())),
        )
        fields = [figure_words.describe_version(context, those.get(code)) for code in VERSIONS]
        heading = f"{names.get(metric, metric)}, {context.code_label('count_unit', unit).lower()}"
        table_rows.append(html.Row(heading, (*fields, " ".join(filter(None, notes)))))
    _table(
        context,
        context.tell("From stage to stage, per 100"),
        caption,
        context.tell("Ratio"),
        [*(context.tell(text) for text in VERSIONS.values()), context.tell("Note")],
        table_rows,
    )


def _balance(context: PageContext, rows: Sequence[Row]) -> None:
    layout.show_heading(context.tell("Balances that do not close"))
    if not rows:
        layout.put_html(html.render_box("good", context.tell("No balance of this period is broken"), level=3))
        return
    names = _indicator_names(context)
    for row in rows:
        title, account = figure_words.describe_broken_balance(context, row)
        advice = context.tell(
            "Look for events that are in the wrong period or missing, and upload a corrected return. If the figures "
            "are right, let the secretariat know."
        )
        body = html.render_list(filter(None, (account, figure_words.list_uncounted(context, row), advice)))
        layout.put_html(
            html.render_box("warning", f"{names.get(row['metric'], row['metric'])}: {title}", body, level=3)
        )


def _flow(context: PageContext, rows: Sequence[Row], caption: str) -> None:
    names = _indicator_names(context)
    lines = [
        html.Row(
            f"{names.get(row['metric'], row['metric'])}, {context.code_label('count_unit', row['count_unit']).lower()}",
            (
                figure_words.format_figure(context, row, _DIGITS.get(row["unit_measure"], 1)),
                context.code_label("unit_measure", row["unit_measure"]),
                context.tell("too few to compare") if row["state"] == "too_few" else "",
                figure_words.compose_note(context, [row]),
            ),
        )
        for row in rows
    ]
    _table(
        context,
        context.tell("Clearance and disposition"),
        caption,
        context.tell("Indicator"),
        [context.tell("Value (limits, 95 %)"), context.tell("Unit"), context.tell("State"), context.tell("Note")],
        lines,
    )


def _show_records(context: PageContext, area_figures: Figures, offence: str) -> None:
    """Show how long proceedings take and how old open ones are, if the reader may see case records."""
    durations, pending = (
        _select_rows(rows, offence_group=offence) for rows in (area_figures.durations, area_figures.pending)
    )
    layout.show_heading(context.tell("How long it takes, from case records"))
    if not durations and not pending:
        layout.put_html(html.render_note(context.tell("You do not have access to any case records of these offences.")))
        return
    restricted = context.tell("Restricted: not for publication")
    if durations:
        period_observed = context.tell(
            "Records from {first} to {last}",
            first=min(row["seen_from"] for row in durations).isoformat(),
            last=max(row["seen_until"] for row in durations).isoformat(),
        )
        layout.put_html(_record_rows(context, durations, figure_words.DURATIONS, f"{period_observed}. {restricted}"))
    if pending:
        day = context.tell("Pending on {day}", day=pending[0]["as_at"].isoformat())
        layout.put_html(_record_rows(context, pending, figure_words.AGES, f"{day}. {restricted}"))


def _record_rows(context: PageContext, rows: Sequence[Row], statistics: Any, caption: str) -> html.Table:
    names = _indicator_names(context)
    lines: dict[tuple[str, str], dict[str, Row]] = {}
    for row in rows:
        lines.setdefault((row["metric"], row["source"]), {})[row["statistic"]] = row
    table_rows = []
    for (metric, source), those in lines.items():
        fields = [_format_with_state(context, those.get(code)) for code in statistics]
        number = str(next(iter(those.values()))["n_band"])
        table_rows.append(
            html.Row(
                f"{names.get(metric, metric)}, {context.office_name(source, _territory(source))}", (*fields, number)
            )
        )
    columns = [*(context.tell(text) for text in statistics.values()), context.tell("Cases in the records")]
    return html.Table(caption, context.tell("Indicator"), columns, table_rows)


def _format_with_state(context: PageContext, row: Row | None) -> str:
    """Format a figure from records, with a note if it is too few to compare."""
    text = figure_words.format_figure(context, row)
    return f"{text}; {context.tell('too few to compare')}" if row is not None and row["state"] == "too_few" else text


def _territory(source: str) -> str:
    return source.partition("_")[0]


def _table(
    context: PageContext, title: str, caption: str, corner: str, columns: Sequence[str], lines: Sequence[html.Row]
) -> None:
    layout.show_heading(title)
    if not lines:
        layout.put_html(html.render_note(context.tell("These data are not collected here.")))
        return
    layout.put_html(html.Table(f"{title}. {caption}", corner, columns, lines))


def _indicator_names(context: PageContext) -> dict[str, str]:
    """Return the everyday name of each indicator."""
    from pipelines.warehouse.metrics import metrics

    return {metric.id: context.tell(metric.name) for metric in metrics.load()}  # marked in warehouse.metrics
