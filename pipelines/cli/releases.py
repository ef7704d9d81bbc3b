"""Commands `rti release …`: verify, list, compare, rebuild, announce and approve releases, and roll back to one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli import public_copies
from pipelines.cli import release as publishing
from pipelines.cli.common import (
    ERRORS,
    UNREADABLE,
    WRONG_USE,
    Actor,
    AsJson,
    CommandError,
    actor_or,
    bytes_of,
    print_line,
    print_note,
    print_table,
    rotate_signing_key,
    say_json,
    the_home,
    the_ledger,
    the_registry,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from pipelines.ledger.identity import Identity
    from pipelines.publication.releases.verification import ReleaseFault
    from pipelines.refresh.release_desk.desk import ReleaseDesk

app = typer.Typer(help="Verify, list, compare and rebuild releases, or roll back to one.", no_args_is_help=True)
app.command("rollback")(publishing.rollback)
app.command("send")(public_copies.send_releases)
app.command("receive")(public_copies.receive_releases)


@app.command("verify")
def verify_release(
    release: Annotated[
        str | None,
        typer.Argument(
            help="A release such as 2026-Q3, the folder of a copy, or a downloaded database with the signature next to "
            "it; default: all of this home.",
            metavar="[RELEASE]",
        ),
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", help="The public key that should have signed it.", metavar="PUBLIC.pem")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Verify every file of a release against its manifest, and manifest and database against their signature.

    A folder or a downloaded database needs no home. Exit code 0: good; 1: something was changed; 2: folder or key
    cannot be read.
    """
    from pipelines.publication.releases import signature
    from pipelines.publication.releases.verification import verify_database, verify_published, verify_signed

    keys = _read_key(key) if key is not None else None
    if release is not None and Path(release).is_file():
        faults, identity = verify_database(Path(release).resolve(), keys)
        signed_by: dict[str, str | None] = {Path(release).name: identity}
        _report_verification(faults, signed_by, is_known=keys is not None, as_json=as_json)
        return
    if release is not None and ("/" in release or Path(release).is_dir()):
        folder = Path(release).resolve()
        if not folder.is_dir():
            raise CommandError(f"there is no folder {release}; check the name", UNREADABLE)
        faults, folders = verify_signed(folder, keys), [folder]
    else:
        home = the_home()
        folders = [home.releases / release] if release is not None else sorted(home.releases.glob("[!.]*"))
        if release is not None and not folders[0].is_dir():
            raise CommandError(f"there is no release {release}; `rti release list` lists them")
        keys = keys or signature.RELEASE_KEYS.read_public_keys(home)
        faults = [fault for fault in verify_published(home, keys) if release in (None, fault.release)]
    signed_by = {folder.name: signature.verify_signature(folder, keys).key_id for folder in folders}
    _report_verification(faults, signed_by, is_known=keys is not None, as_json=as_json)


def _read_key(path: Path) -> dict[str, Ed25519PublicKey]:
    from pipelines.core.signing_keys import KeyFileError, key_id
    from pipelines.publication.releases.signature import RELEASE_KEYS

    try:
        key = RELEASE_KEYS.read_public(bytes_of(path))
    except KeyFileError as error:
        raise CommandError(f"{path}: {error}", UNREADABLE) from None
    return {key_id(key): key}


def _report_verification(
    faults: list[ReleaseFault], signed_by: dict[str, str | None], *, is_known: bool, as_json: bool
) -> None:
    """Print what was verified, with the key that signed each release or database. Exit with an error for faults."""
    if as_json:
        rows = [
            {"kind": fault.kind, "release": fault.release, "file": str(fault.path), "problem": fault.problem}
            for fault in faults
        ]
        say_json({"good": not faults, "known_key": is_known, "signed_by": signed_by, "faults": rows})
    elif not faults:
        for name, identity in signed_by.items():
            signed = f"signed with the key {identity}" if identity else "not signed: it is older than signatures"
            subject = f"{name} is" if name.endswith(".duckdb") else f"release {name}: all files are"
            print_line(f"{subject} as published, {signed}")
        if not is_known:
            print_line("This does not prove whose key that is: give it with --key, from the page of the secretariat.")
    else:
        for fault in faults:
            print_line(str(fault))
        print_line("NOT GOOD")
    if faults:
        raise typer.Exit(ERRORS)


@app.command("rotate-key")
def rotate_key(as_json: AsJson = False) -> None:
    """Create a new key that signs releases from now on. Earlier releases keep their key, and its public part."""
    from pipelines.publication.releases.signature import RELEASE_KEYS

    rotate_signing_key(RELEASE_KEYS, as_json)


@app.command("list")
def list_releases(as_json: AsJson = False) -> None:
    """List the releases that were published, oldest first, and the draft of the next."""
    from pipelines.publication.releases.listing import list_editions

    editions = list_editions(the_home())
    if as_json:
        say_json([edition.as_json() for edition in editions])
        return
    rows = [
        (e.release, e.version, e.state, e.published_at, e.n_shown, e.n_hidden, e.key_id or ("" if e.is_draft else "–"))
        for e in editions
    ]
    print_table(rows, ("release", "version", "state", "published", "shown", "withheld", "key"))


@app.command("show")
def show_release(
    release: Annotated[
        str | None, typer.Argument(help="A release or a draft; default: the current one.", metavar="[RELEASE]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the versions, counts, publications and written exceptions of a release or a draft."""
    from dataclasses import asdict

    from pipelines.ledger.opening import open_ledger
    from pipelines.publication.releases.listing import describe_edition
    from pipelines.refresh.release_desk.review import read_exceptions

    home = the_home()
    about = describe_edition(home, release)
    exceptions = read_exceptions(home, open_ledger(home), about["release"])
    about["exceptions"] = [asdict(exception) for exception in exceptions]
    if as_json:
        say_json(about)
        return
    for name, value in about.items():
        if name == "publications":
            for line in value:
                print_line(
                    f"{line.get('action', 'publish')}  {line['published_at']}  {line.get('reason', '')}".rstrip()
                )
        elif name == "exceptions":
            for line in value:
                print_line(f"exception  {line['at']}  {line['check']}  {line['actor']}: {line['text']}")
        elif isinstance(value, dict):
            print_line(f"{name}  " + ", ".join(f"{key} {part}" for key, part in value.items()))
        else:
            print_line(f"{name}  {value}")


@app.command("schedule")
def announce_release(
    release: Annotated[str, typer.Argument(help="The release, such as 2026-Q4.", metavar="RELEASE")],
    at: Annotated[
        str | None, typer.Option("--at", help="The minute, such as 2027-02-15T09:00 (UTC).", metavar="TIME")
    ] = None,
    cancel: Annotated[bool, typer.Option("--cancel", help="Cancel the announced release.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why the date changes; it is published.")] = "",
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Announce the minute of a release in the public calendar, as a steward. It is not published before."""
    from pipelines.cli.intake import STEWARD
    from pipelines.core.clock import format_timestamp, parse_time
    from pipelines.refresh.embargo import schedule_release

    if (at is None) != cancel:
        raise CommandError("give either --at TIME or --cancel")
    try:
        moment = parse_time(at) if at is not None else None
    except ValueError:
        raise CommandError(f"{at!r} is not a time; write 2027-02-15T09:00 or 2027-02-15T10:00+01:00") from None
    schedule_release(the_home(), release, moment, actor=actor_or(actor, STEWARD), reason=reason)
    time = format_timestamp(moment) if moment is not None else None
    if as_json:
        say_json({"release": release, "at": time})
    else:
        print_line(f"{release} is announced for {time}" if time else f"{release} is cancelled in the calendar")


@app.command("calendar")
def list_calendar(as_json: AsJson = False) -> None:
    """List the announced releases."""
    from dataclasses import asdict

    from pipelines.publication.releases.calendar import read_calendar

    planned = read_calendar(the_home())
    if as_json:
        say_json([asdict(entry) for entry in planned])
        return
    rows = [(e.release, e.at or "cancelled", e.announced_at, ", ".join(e.earlier), e.reason) for e in planned]
    print_table(rows, ("release", "minute", "announced", "announced before", "reason"))


@app.command("notice")
def issue_notice(
    release: Annotated[str, typer.Argument(help="The release with the wrong figures.", metavar="RELEASE")],
    area: Annotated[str, typer.Option("--area", help="The territory, or part of one.", metavar="CODE")],
    text: Annotated[str, typer.Option("--text", help="What was wrong; it is published.")],
    period: Annotated[str, typer.Option("--period", help="The period; default: all.", metavar="PERIOD")] = "",
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Publish a notice that figures of a release were wrong, as a steward. It stays with the figures of the area."""
    from dataclasses import asdict

    from pipelines.cli.intake import STEWARD
    from pipelines.refresh.embargo import publish_notice

    issued = publish_notice(the_home(), release, area=area, period=period, text=text, actor=actor_or(actor, STEWARD))
    if as_json:
        say_json(asdict(issued))
    else:
        print_line(f"the notice {issued.notice_id} is public; the next draft has it next to the figures")


@app.command("approve")
def approve_draft(
    draft: Annotated[str | None, typer.Argument(help="The draft; default: the only one.", metavar="[DRAFT]")] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Withdraw the approval that waits.")] = False,
    override: publishing.OverrideReason = None,
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Approve a draft for its announced minute, as a steward. The running service publishes it then.

    Until then the draft is not rebuilt. A draft that was changed after its approval is not published.
    """
    from pipelines.cli.intake import STEWARD
    from pipelines.refresh import embargo

    home, account = the_home(), actor_or(actor, STEWARD)
    if withdraw:
        release = embargo.withdraw_approval(home, actor=account)
        at = None
    else:
        approval = embargo.approve_draft(home, draft, actor=account, override_reason=override)
        release, at = approval.release, approval.at
    if as_json:
        say_json({"release": release, "at": at})
    else:
        print_line(f"{release} will be published at {at}" if at else f"the approval of {release} is withdrawn")


@app.command("diff")
def compare_releases(
    older: Annotated[str, typer.Argument(help="The earlier release.", metavar="OLDER")],
    newer: Annotated[
        str | None, typer.Argument(help="The later release or a draft; default: the current one.", metavar="[NEWER]")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Write the figures to this file.", metavar="OUT.csv")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the figures that were added, revised, withdrawn, hidden or shown between two releases.

    Only public files are compared. A figure that is withheld in one of the two releases is listed without its value.
    """
    from pipelines.publication.releases import formats
    from pipelines.publication.releases.changes import compare_folders
    from pipelines.publication.releases.listing import find_edition

    home = the_home()
    before, after = find_edition(home, older), find_edition(home, newer)
    comparison = compare_folders(before, after)
    if csv is not None:
        formats.write_csv(comparison.figures, csv)
    if as_json:
        say_json({"older": before.name, "newer": after.name, **comparison.as_json()})
        return
    print_line(f"{before.name} to {after.name}: a {comparison.step} change")
    for name, count in comparison.count_changes().items():
        print_line(f"{count:>7}  {name.replace('_', ' ')}")
    for row in comparison.schema.iter_rows(named=True):
        print_line(f"  {row['change'].replace('_', ' ')}: {row['table']} {row['name']}".rstrip())
    if csv is not None:
        print_line(f"{csv} lists the figures")


@app.command("rebuild")
def rebuild_release(
    release: Annotated[
        str | None, typer.Argument(help="A release or a draft; default: the current one.", metavar="[RELEASE]")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare the result with the release, file by file and row by row.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Keep the result in this new folder.", metavar="FOLDER")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Build a release again from the returns, earlier releases and clock of its draft, next to the home's own data.

    Exit code 0: nothing differs; 1: something differs; 3: it differs, but code, rules or declarations are others now.
    """
    from pipelines.refresh import rebuild

    if not verify and out is None:
        raise CommandError("give --verify to compare the result with the release, or --out to keep it")
    result = rebuild.rebuild_release(the_home(), release, out=out, log=print_note)
    if as_json:
        say_json(result.as_json())
    else:
        for difference in result.differences if verify else ():
            print_line(str(difference))
        if result.other_versions:
            print_line(f"{result.release} was made with another version of: {', '.join(result.other_versions)}")
        print_line(
            f"{result.release} was built again: {result.files} files and {result.briefs} briefs compared, "
            f"{len(result.differences)} differences"
        )
    if verify and result.differences:
        raise typer.Exit(WRONG_USE if result.other_versions else ERRORS)


@app.command("checklist")
def show_checklist(actor: Actor = None, as_json: AsJson = False) -> None:
    """Show the checklist of the draft, as a steward. Exit code 1 while a check is open."""
    from pipelines.refresh.release_desk import desk
    from pipelines.refresh.release_desk.problems import CommandReader

    release_desk, who = _open_release_desk(actor)
    review, reader = desk.review_draft(release_desk, who), CommandReader(release_desk.registry)
    if as_json:
        results = [result.as_json(reader) for result in review.checks]
        say_json({"release": review.release, "checks": results, "footnotes": reader.list_footnotes()})
    else:
        for result in review.checks:
            print_line(f"{result.state:<10}  {result.check.title}")
            for line in result.list_evidence(reader):
                print_line(f"{'':<10}    {line}")
            if result.problems:
                print_line(f"{'':<10}    {result.explanation or result.override or result.remedy}")
        for note in reader.list_footnotes():
            print_line(note)
    if not review.is_ready:
        raise typer.Exit(ERRORS)


@app.command("audit")
def audit_draft(actor: Actor = None, as_json: AsJson = False) -> None:
    """Audit the draft as each territory sees it, and keep the result for the checklist. Exit code 1 for bad cells."""
    from pipelines.refresh.release_desk import desk

    n_cells = desk.assess_draft(*_open_release_desk(actor))
    if as_json:
        say_json(n_cells)
    else:
        print_table(list(n_cells.items()), ("territory", "cells"))
    if any(n_cells.values()):
        raise typer.Exit(ERRORS)


def _open_release_desk(actor: str | None) -> tuple[ReleaseDesk, Identity]:
    from pipelines.cli.intake import STEWARD
    from pipelines.refresh.release_desk.desk import ReleaseDesk
    from pipelines.submissions.accounts import accounts

    home = the_home()
    engine = the_ledger(home)
    return ReleaseDesk(home, engine, the_registry()), accounts.get_identity(engine, actor_or(actor, STEWARD))
