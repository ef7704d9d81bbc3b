"""Command `rti template`: write empty workbooks of the forms, to fill in and send."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.common import AsJson, CommandError, print_line, say_json, show_progress, the_registry

if TYPE_CHECKING:
    import polars as pl

    from pipelines.core.home import Home
    from pipelines.declarations.form import Form
    from pipelines.declarations.registry import Registry


def template(
    form: Annotated[str | None, typer.Argument(help="A form's id, as listed by `rti territories`.")] = None,
    period: Annotated[str | None, typer.Argument(help="The period to report, such as 2026-Q3 or 2026.")] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="The workbook to write.", metavar="FILE")] = None,
    every: Annotated[
        Path | None, typer.Option("--all", help="Write the workbooks of all forms into a folder.", metavar="FOLDER")
    ] = None,
    of: Annotated[str | None, typer.Option("--period", help="The period, with --all.", metavar="PERIOD")] = None,
    language: Annotated[
        str | None, typer.Option("--language", help="Language of the instructions; default: the form's language.")
    ] = None,
    contact: Annotated[
        str | None,
        typer.Option("--contact", envvar="RTI_CONTACT", help="The secretariat's contact, printed in the workbook."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the empty workbook of a form for a period, in the office's own words and layout.

    A form in another format gets its second form, a workbook with the same words. If there is a home, the last
    accepted figures are shown in grey next to the cells.
    """
    registry, home = the_registry(), _home()
    if every is not None:
        if form is not None or out is not None or of is None:
            raise CommandError("--all takes a folder and --period, and neither a form nor --out")
        written = _all(registry, home, every, of, language, contact)
    else:
        if form is None or period is None or of is not None:
            raise CommandError("name a form and a period, as `rti territories` lists them, or give --all FOLDER")
        written = [_one(registry, home, form, period, out, language, contact)]
    if as_json:
        say_json(written if every is not None else written[0])
        return
    for path in written:
        due = f", to be sent by {path['deadline']}" if path["deadline"] else ""
        print_line(f"{path['file']}: {path['form']} for {path['period']}{due}")


def _all(
    registry: Registry, home: Home | None, folder: Path, period: str, language: str | None, contact: str | None
) -> list[dict[str, Any]]:
    from pipelines.office import templates

    try:
        every = {(f.jurisdiction, f.instrument) for f in registry.forms.values()}
        forms = [f for pair in sorted(every) for f in templates.list_forms(registry, *pair, period)]
    except ValueError as error:
        raise CommandError(str(error)) from None
    if not forms:
        raise CommandError(f"no form is valid in {period}; `rti territories` lists the forms with their periods")
    folder.mkdir(parents=True, exist_ok=True)
    workbooks = []
    with show_progress(len(forms), "Writing") as tick:
        for form in forms:
            target = folder / f"{form.id}_{period}.xlsx"
            workbooks.append(_one(registry, home, form.id, period, target, language, contact))
            tick(form.id)
    return workbooks


def _one(
    registry: Registry,
    home: Home | None,
    form_id: str,
    period: str,
    out: Path | None,
    language: str | None,
    contact: str | None,
) -> dict[str, Any]:
    from pipelines.office import templates

    form = templates.workbook_form(registry, form_id)
    due = templates.deadline_of(registry, form, period) if _is_period(period) else None
    name, data = templates.write_template(
        registry,
        form_id,
        period,
        language=language,
        deadline=due,
        previous=_accepted(home, form),
        demonstration=home is not None and home.kind == "demonstration",
        contact=contact,
    )
    target = out or Path(name)
    try:
        target.write_bytes(data)
    except OSError as error:
        raise CommandError(f"{target} cannot be written: {error.strerror}; name another file with --out") from None
    return {"form": form.id, "period": period, "file": str(target), "deadline": due.isoformat() if due else None}


def _is_period(text: str) -> bool:
    from pipelines.model.periods import Period

    try:
        Period.from_code(text)
    except ValueError:
        return False  # `write_template` reports what is wrong with it
    return True


def _home() -> Home | None:
    from pipelines.core.home import HomeError, open_home

    try:
        return open_home()
    except HomeError:
        return None  # a workbook does not require a home


def _accepted(home: Home | None, form: Form) -> pl.DataFrame | None:
    """Return the newest accepted observations of the form's series, if there is a home with any."""
    if home is None:
        return None
    from pipelines.ledger.opening import open_ledger
    from pipelines.submissions.checking import history

    accepted_history = history.gather_history(home, open_ledger(home), [form.jurisdiction])
    if accepted_history is None:
        return None
    return accepted_history.observations.filter(accepted_history.observations["form"] == form.series)
