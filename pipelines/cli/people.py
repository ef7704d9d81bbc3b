"""Commands `rti account`, `rti token`, `rti audit`: accounts and roles, API tokens, and verification of the log.

Any user of `rti` on this machine acts as the account that `--as` or `RTI_ACTOR` names, without a password, because
such a user can read and write the home's files anyway. The ledger still holds the account to its roles, and logs it.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

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
    the_registry,
)

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.ledger.identity import Grant
    from pipelines.refresh.integrity import Damage
    from pipelines.submissions.accounts.accounts import Account

account = typer.Typer(help="Manage accounts and their roles.", no_args_is_help=True, rich_markup_mode=None)
token = typer.Typer(help="Manage the tokens of programs.", no_args_is_help=True, rich_markup_mode=None)
audit = typer.Typer(help="Verify and maintain the audit log.", no_args_is_help=True, rich_markup_mode=None)

AccountId = Annotated[str, typer.Argument(help="The account.", metavar="ACCOUNT")]
OneGrant = Annotated[
    str, typer.Argument(help="ROLE, ROLE:JURISDICTION or ROLE:JURISDICTION:INSTRUMENT.", metavar="ROLE[:J[:I]]")
]
Grants = Annotated[
    list[str] | None,
    typer.Option("--grant", help="ROLE, ROLE:JURISDICTION or ROLE:JURISDICTION:INSTRUMENT; can be repeated."),
]


# ------------------------------------------------------------------------------------------------------------- accounts


@account.command()
def add(
    account_id: AccountId,
    name: Annotated[str, typer.Argument(help="The displayed name: the role in the office.", metavar="NAME")],
    grant: Grants = None,
    language: Annotated[str, typer.Option("--speaks", help="The account's language, such as en or sq.")] = "en",
    email: Annotated[str | None, typer.Option("--email", help="The address for notices.")] = None,
    issuer: Annotated[str | None, typer.Option("--issuer", help="The identity provider's address.")] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="The account's identifier at that provider.")] = None,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="Create no password; the account cannot sign in here.")
    ] = False,
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Create an account. A one-time password is printed once, unless an identity provider signs the account in."""
    from pipelines.submissions.accounts import accounts, passwords

    engine = the_ledger(the_home())
    secret = None if no_password or issuer else passwords.one_time()
    created = accounts.create_account(
        engine,
        account_id,
        name,
        language=language,
        email=email,
        grants=[_grant(text) for text in grant or ()],
        password=secret,
        issuer=issuer,
        subject=subject,
        by=_managing_account(engine, actor),
    )
    if as_json:
        say_json({**_account_as_json(created), "one_time_password": secret})
    else:
        print_line(f"{created.account_id}: {', '.join(_spell_grant(g) for g in created.grants) or 'no role yet'}")
        if secret:
            print_line(f"password for the first sign-in: {secret}")


@account.command("list")
def list_accounts(as_json: AsJson = False) -> None:
    """Show every account with its roles."""
    from pipelines.submissions.accounts import accounts

    all_accounts = accounts.all_accounts(ledger_to_read(the_home()))
    if as_json:
        say_json([_account_as_json(a) for a in all_accounts])
        return
    if not all_accounts:
        print_line("no account yet; make the first steward with `rti account add steward NAME --grant steward`")
        return
    rows = [
        (a.account_id, a.display_name, _account_state(a), a.signed_in_at, " ".join(_spell_grant(g) for g in a.grants))
        for a in all_accounts
    ]
    print_table(rows, ("account", "name", "", "signed in", "roles"))


@account.command()
def grant(account_id: AccountId, role: OneGrant, actor: Actor = None, as_json: AsJson = False) -> None:
    """Give an account a role."""
    from pipelines.submissions.accounts import accounts

    engine = the_ledger(the_home())
    new = accounts.grant_role(engine, account_id, _grant(role), by=_managing_account(engine, actor))
    _show(engine, account_id, as_json, "" if new else "it had it already")


@account.command()
def revoke(account_id: AccountId, role: OneGrant, actor: Actor = None, as_json: AsJson = False) -> None:
    """Take a role from an account."""
    from pipelines.submissions.accounts import accounts

    engine = the_ledger(the_home())
    n_revoked = accounts.revoke_role(
        engine, account_id, _grant(role, known_only=False), by=_managing_account(engine, actor)
    )
    _show(engine, account_id, as_json, "" if n_revoked else "it did not have it")


@account.command()
def disable(account_id: AccountId, actor: Actor = None, as_json: AsJson = False) -> None:
    """Disable an account and end its tokens; its past acts are kept."""
    from pipelines.submissions.accounts import accounts

    engine = the_ledger(the_home())
    accounts.disable_account(engine, account_id, by=_managing_account(engine, actor))
    _show(engine, account_id, as_json)


@account.command()
def enable(account_id: AccountId, actor: Actor = None, as_json: AsJson = False) -> None:
    """Enable a disabled account."""
    from pipelines.submissions.accounts import accounts

    engine = the_ledger(the_home())
    accounts.enable_account(engine, account_id, by=_managing_account(engine, actor))
    _show(engine, account_id, as_json)


@account.command("reset-password")
def reset_password(account_id: AccountId, actor: Actor = None, as_json: AsJson = False) -> None:
    """Print a one-time password, which must be changed at the first sign-in; any lock ends."""
    from pipelines.submissions.accounts import password_sign_in

    engine = the_ledger(the_home())
    secret = password_sign_in.reset_password(engine, account_id, by=_managing_account(engine, actor))
    if as_json:
        say_json({"account_id": account_id, "one_time_password": secret})
    else:
        print_line(f"{account_id}: password for the next sign-in: {secret}")


# --------------------------------------------------------------------------------------------------------------- tokens


@token.command()
def issue(
    label: Annotated[str, typer.Argument(help="What the token is for.", metavar="LABEL")],
    grant: Grants = None,
    days: Annotated[int, typer.Option("--days", help="The number of days that the token is valid.")] = 90,
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Issue a token for an account; its text is printed once. `--grant` restricts its rights."""
    from pipelines.submissions.accounts import accounts, tokens

    engine = the_ledger(the_home())
    who = accounts.get_identity(engine, actor_or(actor, "sender"))
    narrower = [_grant(text) for text in grant] if grant else None
    issued = tokens.issue_token(engine, who, label, grants=narrower, days=days)
    if as_json:
        say_json({"token": issued.text, "token_id": issued.token_id, "expires_at": issued.expires_at.isoformat()})
    else:
        print_line(issued.text)
        print_line(f"{issued.token_id}, good until {issued.expires_at:%Y-%m-%d}; it is not shown again")


@token.command("list")
def list_tokens(actor: Actor = None, as_json: AsJson = False) -> None:
    """List the tokens of the account named by `--as`, or of all accounts."""
    from pipelines.submissions.accounts import tokens

    issued_tokens = tokens.list_tokens(ledger_to_read(the_home()), actor or None)
    if as_json:
        say_json([asdict(t) for t in issued_tokens])
        return
    rows = [
        (t.token_id, t.account_id, t.label, t.expires_at[:10], t.used_at, "revoked" if t.revoked_at else "",
         " ".join(_spell_grant(g) for g in t.grants))
        for t in issued_tokens
    ]  # fmt: skip
    print_table(rows, ("token", "account", "for", "until", "last used", "", "roles"))


@token.command("revoke")
def revoke_token(
    token_id: Annotated[str, typer.Argument(help="The token's id, not its text.", metavar="TOKEN")],
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Revoke a token immediately, as its account or as a steward of that account."""
    from pipelines.submissions.accounts import accounts, tokens

    engine = the_ledger(the_home())
    tokens.revoke_token(engine, accounts.get_identity(engine, actor_or(actor, "steward")), token_id)
    if as_json:
        say_json({"token_id": token_id, "revoked": True})
    else:
        print_line(f"{token_id} is revoked")


# ---------------------------------------------------------------------------------------------------------------- audit


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


@audit.command("release")
def audit_release(
    release: Annotated[
        str | None, typer.Argument(help="A draft or release; default: the draft, or the newest.", metavar="[RELEASE]")
    ] = None,
    reader: Annotated[
        str,
        typer.Option("--as", help="Who reads it: public, a territory, or jurisdictions joined by +.", metavar="READER"),
    ] = "public",
    by_table: Annotated[bool, typer.Option("--by-table", help="Count the cells by table, not by year.")] = False,
    as_json: AsJson = False,
) -> None:
    """Work out what a reader of a release and of all before it can find about withheld cells.

    A reader other than the public subtracts its own figures; `printed` is the public that also knows the annual totals
    that offices print. The result is printed by year. Exit code 0: nothing; 1:
    some cells of others can be worked out, narrowed to fewer than three values, or could not be decided.
    """
    from pipelines.publication.disclosure.reader_audit import RESULTS, count_results
    from pipelines.publication.disclosure.readers import UnknownReaderError
    from pipelines.refresh.released_counts import audit_release_as

    try:
        name, results = audit_release_as(the_home(), reader, release)
    except UnknownReaderError as error:
        raise CommandError(str(error)) from None
    years = count_results(results, "table" if by_table else "year")
    by = years.columns[0]
    if as_json:
        say_json({"release": name, "reader": reader, f"{by}s": years.to_dicts()})
    else:
        print_line(f"{name} as {reader}: withheld cells of others by {by}")
        print_table(years.rows(), years.columns)
    is_safe = not years.select(RESULTS).sum_horizontal().sum()
    raise typer.Exit(GOOD if is_safe else ERRORS)


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


# ------------------------------------------------------------------------------------------------------------ the parts


def _managing_account(engine: sa.Engine, actor: str | None) -> str:
    """Return the account that manages accounts: the one passed, or the machine itself until somebody is steward of
    everything."""
    from pipelines.ledger.identity import SYSTEM
    from pipelines.submissions.accounts import accounts

    if actor == SYSTEM:
        raise CommandError(f"{SYSTEM} is nobody's name; say which steward acts with --as")
    return actor or ("steward" if accounts.has_head_steward(engine) else SYSTEM)


def _grant(text: str, *, known_only: bool = True) -> Grant:
    from pipelines.ledger.identity import EVERY, ROLES, Grant

    parts = text.split(":")
    if len(parts) > 3 or parts[0] not in ROLES:
        raise CommandError(
            f"{text!r} is not a role; write ROLE[:JURISDICTION[:INSTRUMENT]] with one of {', '.join(ROLES)}"
        )
    parsed = Grant(parts[0], *(p or EVERY for p in parts[1:]))
    if known_only and parsed.jurisdiction != EVERY:
        codes = [j.code for t in the_registry().territories.values() for j in t.jurisdictions]
        if parsed.jurisdiction not in codes:
            raise CommandError(f"no jurisdiction is named {parsed.jurisdiction}; there are {', '.join(sorted(codes))}")
    return parsed


def _spell_grant(grant: Grant) -> str:
    return f"{grant.role}:{grant.jurisdiction}:{grant.instrument}"


def _account_state(account: Account) -> str:
    from pipelines.submissions.accounts.password_sign_in import TOLD_AFTER

    if account.disabled:
        return "disabled"
    if account.failed >= TOLD_AFTER:
        return f"{account.failed} wrong passwords in a row"
    return "must change its password" if account.must_change else ""


def _account_as_json(account: Account) -> dict[str, Any]:
    return {**asdict(account), "grants": [_spell_grant(g) for g in account.grants]}


def _show(engine: sa.Engine, account_id: str, as_json: bool, remark: str = "") -> None:
    from pipelines.submissions.accounts import accounts

    account = accounts.find_account(engine, account_id)
    assert account is not None
    if as_json:
        say_json(_account_as_json(account))
        return
    words = [w for w in (_account_state(account), remark) if w]
    print_line(f"{account_id}: {', '.join([*(_spell_grant(g) for g in account.grants), *words]) or 'no role'}")
