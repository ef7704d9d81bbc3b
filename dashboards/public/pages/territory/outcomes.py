"""Show how the proceedings of one territory ended without a conviction."""

from __future__ import annotations

from dashboards.public import choices, layout, queries, tables
from dashboards.public.pages.territory.captions import describe_subject
from pipelines import words
from pipelines.words import changes, indicators
from pipelines.words.language import lower_first, tell, upper_first


def show_exits(frame: layout.Frame, area: str, crime: str, crime_name: str, unit: str) -> None:
    """Show who left without a conviction, by exit and level, in one year; reclassification is listed separately."""
    layout.put_heading(tell("How proceedings ended without a conviction"))
    has_exits = queries.has_table(frame.path, "exit")
    years = queries.read_rows(frame.path, "exit_years", area, crime, unit) if has_exits else ()
    if not years:
        layout.put_text(
            tell(
                "This release has no outcomes for {crime} in {area}.",
                crime=lower_first(crime_name),
                area=frame.area_name(area),
            )
        )
        return
    year = choices.choose_option(tell("Year"), "left_in", tuple(row["period"] for row in years), boxed=True, width=140)
    _show_exits_of_year(frame, area, crime, crime_name, unit, year)


@layout.keep_part
def _show_exits_of_year(frame: layout.Frame, area: str, crime: str, crime_name: str, unit: str, year: str) -> None:
    rows = queries.read_rows(frame.path, "exits", area, crime, unit, year)
    measures, levels = queries.read_labels(frame.path, "measure"), queries.read_labels(frame.path, "level")
    counts = [row for row in rows if row["metric"] == "exit"]
    layout.quote_sentence(changes.describe_exits(frame.marked_name(area), year, crime_name, counts, measures), frame)
    shares = {(row["measure"], row["level"]): row for row in rows if row["metric"] == "exit_share"}
    notes = words.Notes()
    lines = []
    for row in counts:
        share = shares.get((row["measure"], row["level"]))
        name = f"{measures.get(row['measure'], row['measure'])} ({lower_first(str(levels.get(row['level'])))})"
        marks = indicators.mark_notes(row, notes, of="count") if row["value"] is not None else ()
        if row["measure"] == changes.RECLASSIFIED:
            marks = (*marks, notes.number_note(tell(changes.RECLASSIFIED_READ)))
        number = indicators.format_figure(row)
        of_all = changes.format_exit_share(share)
        is_few = share is not None and share["state"] == "too_few" and of_all.kind == "value"
        lines.append(
            tables.Line(
                tables.Cell(name),
                (
                    tables.value_cell(
                        number,
                        name,
                        marks,
                        tables.indicator_address(frame.id, "exit", row),
                        is_few=number.kind == "value" and words.is_few(row),
                    ),
                    tables.value_cell(
                        of_all,
                        tell("{subject}, share", subject=name),
                        (),
                        tables.indicator_address(frame.id, "exit", share) if share else "",
                        is_few=is_few,
                    ),
                ),
            )
        )
    if not any(row["measure"] == changes.RECLASSIFIED for row in counts):
        notes.add_remark(tell(changes.RECLASSIFIED_NOT_COUNTED))
    caption = tell(
        "{subject}, {year}: {unit} whose case ended without a conviction, with 95% confidence intervals",
        subject=describe_subject(frame, area, crime_name),
        year=year,
        unit=words.unit_name(unit),
    )
    counted = tell("{scale} (95% confidence interval)", scale=upper_first(words.unit_name(unit)))
    columns = [counted, tell("Share of all at that level")]
    layout.show_table(
        frame, caption, columns, lines, corner=tell("Outcome"), notes=notes, coverage=frame.marked_name(area)
    )
