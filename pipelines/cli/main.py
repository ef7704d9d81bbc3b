"""Combine the commands of `rti`, and turn every failure into one sentence and an exit code.

Nothing heavy is imported until a command runs, so that `rti --help` answers at once.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from pipelines import __version__
from pipelines.cli import (
    accounts,
    as_of,
    audit,
    backup,
    doctor,
    experts,
    files,
    home,
    intake,
    metadata,
    notices,
    receipt,
    release,
    releases,
    store,
    submit,
    survey,
    templates,
)
from pipelines.cli.common import FAULT, GOOD, UNREADABLE, WRONG_USE, CommandError, print_note

app = typer.Typer(
    name="rti",
    help="Regional trafficking indicators: from an office's file to a public release.\n\n"
    "Exit codes: 0 success, 1 findings of severity error, 2 cannot be read, 3 wrong use. "
    "RTI_HOME names the home (data/).",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
_COMMANDS: tuple[Callable[..., None], ...] = (
    home.init,
    files.check,
    submit.submit,
    submit.nil,
    intake.justify,
    intake.send,
    intake.approve,
    intake.withdraw,
    home.status,
    release.refresh,
    release.publish,
    release.rollback,
    release.explain,
    release.serve,
    files.read,
    files.preview,
    home.territories,
    metadata.metadata,
    notices.timetable,
    templates.template,
)
for command in _COMMANDS:
    app.command()(command)
app.command("as-of")(as_of.as_of)
app.command("doctor")(doctor.examine_home)
app.command("restore")(backup.restore_backup)
app.command("step-worker")(release.step_worker)
app.command("give-back")(intake.give_back)
app.command("import-reference")(release.import_reference)
app.add_typer(receipt.app, name="receipt")
app.add_typer(releases.app, name="release")
app.add_typer(store.app, name="store")
app.add_typer(notices.app, name="notices")
app.add_typer(survey.app, name="survey")
app.add_typer(experts.app, name="experts")
app.add_typer(backup.backup, name="backup")
for name, commands in (("account", accounts.account), ("token", accounts.token), ("audit", audit.audit)):
    app.add_typer(commands, name=name)

_OUR_PACKAGES = ("pipelines", "expectations", "dashboards")
_COMPLETE = ("ReleaseError", "BucketError", "AlteredReleaseError", "ChecklistError")
_OUR_FAULT = ("RunFailedError", "ServeError", "WarehouseError", "StoreError", "FactsError")
"""Those of the errors that no use of the command can have caused."""
_WORDED = {
    # Errors whose text is already a sentence with a remedy, by the module that raises them.
    "pipelines.core.home": ("HomeError",),
    "pipelines.core.file_store": ("FileStoreError", "StoreAwayError"),
    "pipelines.core.settings": ("SettingsError",),
    "pipelines.ledger.database": ("LedgerError",),
    "pipelines.ledger.opening": ("LedgerMissingError",),
    "pipelines.ledger.clock_guard": ("ClockSetBackError",),
    "pipelines.ledger.transitions": ("TransitionError",),
    "pipelines.ledger.identity": ("NotAllowedError",),
    "pipelines.submissions.notices.settings": ("NoticeSettingsError",),
    "pipelines.submissions.accounts.model": ("AccountError",),
    "pipelines.submissions.accounts.passwords": ("PasswordError",),
    "pipelines.ledger.facts": ("FactsError",),
    "pipelines.submissions.store": ("StoreError",),
    "pipelines.submissions.unknown_bytes": ("LedgerNotWholeError",),
    "pipelines.submissions.checking.check": ("UnknownFormError",),
    "pipelines.submissions.checking.read_task": ("DeclarationsChangedError",),
    "pipelines.submissions.admission": ("SubmissionRefusedError",),
    "pipelines.submissions.experts.model": ("ExpertError",),
    "pipelines.survey.surveys": ("SurveyError",),
    "pipelines.survey.sealing": ("SealError",),
    "pipelines.survey.databases": ("SurveyDatabaseError",),
    "pipelines.core.signing_keys": ("KeyFileError",),
    "pipelines.submissions.arrivals": ("ArrivalsError",),
    "pipelines.declarations.yaml_file": ("DeclarationError",),
    "pipelines.office.templates": ("TemplateError",),
    "pipelines.publication.releases.errors": ("ReleaseError", "BucketError"),
    "pipelines.publication.provenance.figure_ids": ("ExplainError",),
    "pipelines.refresh.measuring": ("AsOfError",),
    "pipelines.warehouse.dbt_runner": ("WarehouseError",),
    "pipelines.warehouse.reference.gather": ("ReferenceConflictError",),
    "pipelines.refresh.publication": ("AlteredReleaseError",),
    "pipelines.refresh.release_desk.review": ("ChecklistError",),
    "pipelines.refresh.results": ("RefreshError",),
    "pipelines.core.home_lock": ("HomeBusyError",),
    "pipelines.refresh.integrity": ("IntegrityError",),
    "pipelines.operations.backup.errors": ("BackupError",),
    "pipelines.operations.run": ("DamagedFactsError", "RunFailedError"),
    "pipelines.operations.serve": ("ServeError",),
}


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    if version:
        typer.echo(f"rti {__version__}")
        raise typer.Exit


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; end the process with it if it is the process's own command."""
    code = _run(list(sys.argv[1:] if argv is None else argv))
    if argv is None:
        sys.exit(code)
    return code


def _run(arguments: list[str]) -> int:
    as_json = "--json" in arguments
    if arguments and "--help" not in arguments:
        _warn_of_unknown_variables()
    try:
        result = app(args=arguments or ["--help"], prog_name="rti", standalone_mode=False)
    except CommandError as error:
        return _tell(str(error), error.code, as_json)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output has closed it (`rti read FILE | head`): write no more, and avoid a second error at
        # exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return GOOD
    except Exception as error:
        if (missing := _missing_package(error)) is not None:
            return _tell(missing, WRONG_USE, as_json)
        if (usage := _usage_message(error)) is not None:
            return _tell(usage, WRONG_USE, as_json)
        if (read := _unreadable_message(error)) is not None:
            return _tell(read, UNREADABLE, as_json)
        is_worded = type(error).__name__ in _WORDED.get(type(error).__module__, ())
        # A publication says itself whether it is unfinished and how to finish it, which matters more than the disk.
        is_complete = is_worded and type(error).__name__ in _COMPLETE
        if not is_complete and (fault := _storage_fault(error)) is not None:
            return _tell(fault, WRONG_USE, as_json)
        if is_worded:
            return _tell(str(error), FAULT if type(error).__name__ in _OUR_FAULT else WRONG_USE, as_json)
        import traceback

        traceback.print_exc()
        return _tell(
            f"a fault of the program itself ({type(error).__name__}); please report the lines above", FAULT, as_json
        )
    return result if isinstance(result, int) else GOOD


def _warn_of_unknown_variables() -> None:
    """Report variables `RTI_*` that have no effect, such as a misspelt one. Loads the settings only if one is set."""
    if any(name.startswith("RTI_") for name in os.environ):
        from pipelines.core.settings import describe_unknown_variables

        for sentence in describe_unknown_variables(os.environ):
            print_note(f"rti: {sentence}")


def _tell(message: str, code: int, as_json: bool) -> int:
    typer.echo(f"rti: {message}", err=True)
    if as_json:
        typer.echo(json.dumps({"error": {"message": message, "exit_code": code}}, ensure_ascii=False, indent=2))
    return code


def _missing_package(error: Exception) -> str | None:
    """Return the words for a command whose packages are not installed, as on an office's own computer."""
    name = (error.name or "").partition(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    if not name or name in _OUR_PACKAGES:
        return None
    return (
        f"this command needs the package {name}, which is not installed. A wheel alone has what `rti check` needs; "
        "install the project by `make install` for commands that work on a home"
    )


def _usage_message(error: Exception) -> str | None:
    """Return the words of a usage error: the parser's own message, and where to find its help."""
    show = getattr(error, "format_message", None)
    if show is None or not hasattr(error, "exit_code"):
        return None
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "rti"
    return f"{str(show()).strip()} See `{path} --help`."


def _storage_fault(error: Exception) -> str | None:
    """Return the words of a full or read-only disk or of damaged data, for any exception that reports it."""
    from pipelines.core.storage_faults import find_fault

    fault = find_fault(error)
    return fault.message if fault is not None else None


def _unreadable_message(error: Exception) -> str | None:
    """Return the words of a file that cannot be read, wherever it was read."""
    if type(error).__name__ != "ReadError" or type(error).__module__ != "pipelines.model.content":
        return None
    from pipelines.findings.rules import describe_in_english, from_read_error
    from pipelines.model.content import ReadError

    assert isinstance(error, ReadError)
    return " ".join(part for part in (str(error.where), *describe_in_english(from_read_error(error))) if part)


if __name__ == "__main__":
    main()
