"""Commands `rti survey statements …`: facts that an institution states in its own name, cleared by its focal point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.common import (
    Actor,
    AsJson,
    CommandError,
    actor_or,
    print_line,
    print_table,
    say_json,
    the_home,
    the_ledger,
    the_registry,
)

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.survey.statements import StatementView

app = typer.Typer(help="Keep statements of institutions.", no_args_is_help=True, rich_markup_mode=None)
StatementId = Annotated[str, typer.Argument(help="A statement of `rti survey statements list`.", metavar="STATEMENT")]


@app.command("list")
def list_statements(
    place: Annotated[str, typer.Argument(help="A territory, or a jurisdiction of one.", metavar="PLACE")],
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """List the statements for a place, newest first. Drafts are only for those who work on them."""
    from pipelines.submissions.accounts import accounts
    from pipelines.survey import statements

    engine, account = _open_ledger(actor)
    views = statements.list_statements(engine, the_registry(), accounts.get_identity(engine, account), place)
    if as_json:
        say_json([_describe(view) for view in views])
        return
    head = ("statement", "institution", "year", "answers", "state", "drafted by", "comment")
    rows = [
        (
            view.filed.statement_id,
            view.filed.statement.institution,
            view.filed.statement.year,
            " ".join(f"{series}={code}" for series, code in view.filed.statement.answers.items()),
            view.filed.state,
            view.filed.drafted_by,
            view.filed.comment,
        )
        for view in views
    ]
    print_table(rows, head)


@app.command("draft")
def draft_statement(
    place: Annotated[str, typer.Argument(help="A territory, or a jurisdiction of one.", metavar="PLACE")],
    institution: Annotated[str, typer.Argument(help="The institution. Name no person.")],
    year: Annotated[str, typer.Argument(help="The year that the statement is about.")],
    answers: Annotated[
        list[str], typer.Argument(help="Answers, such as FR03=some; see `rti survey statements questions`.")
    ],
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Draft a statement, which waits for another account of the institution, its focal point."""
    from pipelines.survey import statements
    from pipelines.survey.bank import load_bank

    bank = load_bank()
    series = {question: bank.find_question(question).series for question in statements.list_questions(bank)}
    codes: dict[str, str] = {}
    for answer in answers:
        question, sign, code = answer.partition("=")
        if not sign or question not in series:
            raise CommandError(f"{answer!r} is not an answer; write it as {next(iter(series))}=CODE")
        codes[series[question]] = code
    engine, account = _open_ledger(actor)
    statement = statements.Statement(place, institution, year, codes)
    statement_id = statements.draft_statement(engine, the_registry(), bank, statement, actor=account)
    _report(statement_id, "waiting", as_json)


@app.command("questions")
def list_questions(as_json: AsJson = False) -> None:
    """List the questions that an institution may answer in its own name, with the codes of their answers."""
    from pipelines.survey import statements
    from pipelines.survey.bank import load_bank, text_in

    bank = load_bank()
    questions = [bank.find_question(question) for question in statements.list_questions(bank)]
    if as_json:
        say_json(
            [
                {"question": q.id, "text": text_in(q.wording.text, "en"), "answers": bank.list_codes(q)}
                for q in questions
            ]
        )
        return
    rows = [
        (question.id, " ".join(bank.list_codes(question)), text_in(question.wording.text, "en"))
        for question in questions
    ]
    print_table(rows, ("question", "answers", "text"))


@app.command("clear")
def clear_statement(statement_id: StatementId, actor: Actor = None, as_json: AsJson = False) -> None:
    """Clear the draft of another account: people with a role in the territory can read it from then on."""
    from pipelines.survey import statements

    engine, account = _open_ledger(actor)
    statements.clear_statement(engine, statement_id, actor=account)
    _report(statement_id, "cleared", as_json)


@app.command("return")
def return_statement(
    statement_id: StatementId,
    comment: Annotated[str, typer.Option("--comment", help="What should be changed.")],
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Return the draft of another account with a reason."""
    from pipelines.survey import statements

    engine, account = _open_ledger(actor)
    statements.return_statement(engine, statement_id, actor=account, comment=comment)
    _report(statement_id, "returned", as_json)


@app.command("withdraw")
def withdraw_statement(statement_id: StatementId, actor: Actor = None, as_json: AsJson = False) -> None:
    """Withdraw your own draft."""
    from pipelines.survey import statements

    engine, account = _open_ledger(actor)
    statements.withdraw_statement(engine, statement_id, actor=account)
    _report(statement_id, "withdrawn", as_json)


def _open_ledger(actor: str | None) -> tuple[sa.Engine, str]:
    """Return the ledger and the account that acts; each act asks the table of rights in its transaction."""
    from pipelines.cli.intake import STEWARD

    return the_ledger(the_home()), actor_or(actor, STEWARD)


def _report(statement_id: str, state: str, as_json: bool) -> None:
    if as_json:
        say_json({"statement_id": statement_id, "state": state})
    else:
        print_line(f"{statement_id} is {state}")


def _describe(view: StatementView) -> dict[str, object]:
    filed = view.filed
    return {
        "statement_id": filed.statement_id,
        "jurisdiction": filed.statement.jurisdiction,
        "institution": filed.statement.institution,
        "year": filed.statement.year,
        "answers": dict(filed.statement.answers),
        "state": filed.state,
        "drafted_by": filed.drafted_by,
        "decided_by": filed.decided_by,
        "comment": filed.comment,
        "may_clear": view.may_clear,
        "may_withdraw": view.may_withdraw,
    }
