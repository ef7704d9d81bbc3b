"""Commands `rti audit`: verify the audit log and what it protects, and maintain it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pipelines.cli.common import (
    ERRORS,
    GOOD,
    Actor,
    AsJson,
    CommandError,
    actor_or,
    ledger_to_read,
    print_line,
    print_table,
    say_json,
    the_home,
    the_ledger,
)

if TYPE_CHECKING:
    from pipelines.core.home import Home
    from pipelines.refresh.integrity import Damage
    from pipelines.refresh.reader_audit import ReaderResults

audit = typer.Typer(help="Verify and maintain the audit log.", no_args_is_help=True, rich_markup_mode=None)


@audit.command()
def verify(
    head: Annotated[
        str | None,
        typer.Option(
            "--head", help="A head of the audit log kept elsewhere, for example in a receipt.", metavar="SEQ:HASH"
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check that the audit log, ledger, facts, stored files, receipts and published releases are unchanged.

    Exit code 0: intact; 1: something was changed or is missing, and is named.
    """
    from pipelines.ledger import audit_log as log
    from pipelines.refresh import integrity

    home = the_home()
    engine = ledger_to_read(home)
    damage = integrity.check_ledger(home, engine)
    if damage:
        _report_damage(damage, as_json)
        raise typer.Exit(ERRORS)
    try:
        verification = integrity.verify_records(home, engine, head=head)
    except ValueError as error:
        raise CommandError(str(error)) from None
    damage = integrity.verify_home(home, engine)
    is_good = verification.good and not damage
    if as_json:
        faults = [{"seq": f.seq, "message": f.localize_message()} for f in verification.faults]
        entries = {"entries": verification.entries, "head": log.format_head(verification.head)}
        say_json({**entries, "good": is_good, "faults": faults, "damage": [_damage_as_json(d) for d in damage]})
    else:
        for fault in verification.faults:
            print_line(f"{fault.seq}: {fault.localize_message()}")
        for item in damage:
            print_line(item.message)
        print_line(
            f"{verification.entries} entries, {'whole' if is_good else 'NOT whole'}; "
            f"head {log.format_head(verification.head)}"
        )
    raise typer.Exit(GOOD if is_good else ERRORS)


def _report_damage(damage: list[Damage], as_json: bool) -> None:
    """Report a ledger that cannot be read: there is then no log to compare with."""
    if as_json:
        nothing: dict[str, Any] = {"entries": None, "head": None, "good": False, "faults": []}
        say_json({**nothing, "damage": [_damage_as_json(item) for item in damage]})
        return
    for item in damage:
        print_line(item.message)
    print_line("the ledger is NOT whole")


def _damage_as_json(damage: Damage) -> dict[str, Any]:
    file = str(damage.file) if damage.file is not None else None
    return {"kind": damage.kind, "submission_id": damage.submission_id, "file": file, "message": damage.message}


EVERYONE = "everyone"
"""Name under which all readers of a release are audited, one after another."""


@audit.command("release")
def audit_release(
    release: Annotated[
        str | None, typer.Argument(help="A draft or release; default: the draft, or the newest.", metavar="[RELEASE]")
    ] = None,
    reader: Annotated[
        str,
        typer.Option(
            "--as",
            help="Who reads it: public, a territory, jurisdictions or partners joined by +, or everyone.",
            metavar="READER",
        ),
    ] = "public",
    by_table: Annotated[bool, typer.Option("--by-table", help="Count the cells by table, not by year.")] = False,
    as_json: AsJson = False,
) -> None:
    """Audit a draft or release together with all releases before it, as one of their readers.

    A reader other than the public subtracts its own figures; `printed` is the public that also knows the annual totals
    that offices print, `elsewhere` the public that also knows what other publishers state, and `everyone` means all
    readers. The result is printed by year, for counts, cooperation, and answers of practitioners. Exit code 0: nothing;
    1: some cells of others can be worked out, narrowed to fewer than three values, or could not be decided. With
    `everyone`, 1 means that the public found a cell, or an insider a count of 1 to 4.
    """
    from pipelines.publication.disclosure.readers import UnknownReaderError
    from pipelines.refresh import reader_audit

    home = the_home()
    name = reader_audit.find_release(home, release)
    if reader == EVERYONE:
        raise typer.Exit(_audit_everyone(home, name, as_json))
    try:
        sets = reader_audit.assess_release_as(home, reader, name)
    except UnknownReaderError as error:
        raise CommandError(str(error)) from None
    raise typer.Exit(_report_reader(name, reader, sets, "table" if by_table else "year", as_json))


def _report_reader(
    release: str, reader: str, sets: list[ReaderResults], by: Literal["year", "table"], as_json: bool
) -> int:
    """Print what one reader finds; return the exit code."""
    from pipelines.publication.disclosure.reader_risk import RESULTS, count_results

    counted = {of_set.figures: count_results(of_set.results, by) for of_set in sets}
    if as_json:
        tables = {figures: {f"{by}s": rows.to_dicts()} for figures, rows in counted.items()}
        say_json({"release": release, "reader": reader, **tables})
    else:
        for figures, rows in counted.items():
            print_line(f"{release} as {reader}: {_TITLES[figures]} by {by}")
            print_table(rows.rows(), rows.columns)
    is_safe = not any(rows.select(RESULTS).sum_horizontal().sum() for rows in counted.values())
    return GOOD if is_safe else ERRORS


_TITLES = {
    "counts": "withheld cells of others", "cooperation": "withheld figures of cooperation of others",
    "answers": "groups of practitioners",
}  # fmt: skip


def _audit_everyone(home: Home, release: str, as_json: bool) -> int:
    """Print a row for each reader and set of figures as soon as it is known; return the exit code."""
    from pipelines.publication.disclosure.reader_risk import RESULTS, count_results
    from pipelines.publication.disclosure.readers import ELSEWHERE, PRINTED, PUBLIC
    from pipelines.refresh import reader_audit

    head = ("reader", "figures", "hidden", *RESULTS, "small")
    readers = reader_audit.list_readers(home, release)
    # The widest name decides, because rows are printed one by one.
    widths = (max(len(name) for name in readers), len("cooperation"), *(9 for _ in head[2:]))
    rows: list[dict[str, object]] = []
    is_safe = True
    audited = reader_audit.ReleaseAudit(home, release)
    if not as_json:
        print_line(f"{release}: withheld figures of others that each reader can find")
        print_line(_align(head, widths))
    for reader in readers:
        for of_set in audited.assess_reader(reader):
            sums = count_results(of_set.results).select(head[2:]).sum().row(0)
            rows.append(dict(zip(head, (reader, of_set.figures, *sums), strict=True)))
            *_, small = sums
            if reader not in (PRINTED, ELSEWHERE):
                is_safe &= not (sum(sums[1:-1]) if reader == PUBLIC else small)
            if not as_json:
                print_line(_align((reader, of_set.figures, *sums), widths))
    if as_json:
        say_json({"release": release, "readers": rows, "safe": is_safe})
    return GOOD if is_safe else ERRORS


def _align(row: Sequence[object], widths: Sequence[int]) -> str:
    return "  ".join(str(value).ljust(width) for value, width in zip(row, widths, strict=True)).rstrip()


@audit.command()
def checkpoint(as_json: AsJson = False) -> None:
    """Write the head of the audit log next to the database and print it, so that it can be kept elsewhere."""
    from pipelines.ledger import audit_log as log

    home = the_home()
    head = log.format_head(log.write_checkpoint(home, the_ledger(home)))
    if as_json:
        say_json({"head": head})
    else:
        print_line(head)


@audit.command("accept-clock")
def accept_clock(
    reason: Annotated[str, typer.Option("--reason", help="Why the clock was ahead.")],
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Accept the present clock after it was ahead, as a steward; later times are then known to be wrong."""
    from pipelines.cli.intake import STEWARD
    from pipelines.publication.releases.publications import read_publications
    from pipelines.submissions.clock_acceptance import accept_clock as accept

    home = the_home()
    if not reason.strip():
        raise CommandError("say with --reason why the clock was ahead")
    dates = [publication.published_at for publication in read_publications(home)]
    newest = accept(the_ledger(home), actor=actor_or(actor, STEWARD), reason=reason, dates=dates)
    if as_json:
        say_json({"declared_wrong_until": newest})
    else:
        print_line(f"the clock is declared right; times up to {newest} are declared wrong")
