"""Examine what is stored: ledger, audit log, files of returns, facts, receipts, releases, and computed tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines.core import clock, durable
from pipelines.core.duckdb_files import open_duckdb
from pipelines.operations.doctor.model import Examination, Subject, Symptom, make_problem, make_warning, skip_check

if TYPE_CHECKING:
    from pipelines.core.home import Home
    from pipelines.refresh.integrity import Damage

OLD_BACKUP_DAYS: Final = 3
"""Days after which the last backup is old. One missed night gives no warning."""
_BACKUP = "Restore it from a backup (docs/backup.md)."
_REBUILT = "It is computed from the returns: delete it, and the next `rti refresh` makes it again."
LONGEST_LIST: Final = 20
"""Damaged files that the doctor names for each check; `rti audit verify` names all."""
_EXAMINED_ELSEWHERE: Final = ("publication.json",)
_REPLACED: Final = ("steps.json", "failing_triggers.json", "backup.json")
_AUDITS: Final = ".audits.json"
"""Records without which the program does its work again: what each step was made of, audits of a draft by territory."""
_NO_LEDGER = "not examined, because the ledger cannot be read"


def check_ledger(subject: Subject) -> Examination:
    """Open the ledger without changing it: find a lost, damaged or newer one, and pending migrations."""
    from pipelines.ledger import migrations
    from pipelines.ledger.database import LedgerError
    from pipelines.ledger.opening import open_ledger_to_read, read_ledger_revision
    from pipelines.refresh import integrity

    home = subject.home
    try:
        revision = read_ledger_revision(home)
    except LedgerError as error:
        return Examination("ledger", "the ledger cannot be read", (make_problem(str(error), _BACKUP),))
    if revision is None:
        return Examination("ledger", "no ledger yet; the first command that needs one makes it")
    if revision > migrations.HEAD:
        text = f"The ledger has revision {revision}, and this version of rti knows revisions up to {migrations.HEAD}."
        return Examination("ledger", text, (make_problem(text, "Use the newer version of rti that wrote it."),))
    if revision < migrations.HEAD:
        text = f"The ledger has revision {revision} and is brought to {migrations.HEAD} when a command next opens it."
        remedy = "Make a backup first (`rti backup run`); an earlier version of rti cannot read the ledger afterwards."
        return Examination("ledger", "a migration is pending", (make_warning(text, remedy),))
    try:
        engine = open_ledger_to_read(home)
    except LedgerError as error:
        return Examination("ledger", "the ledger cannot be read", (make_problem(str(error), _BACKUP),))
    damage = integrity.check_ledger(home, engine)
    if damage:
        engine.dispose()
        return Examination("ledger", "the ledger is damaged", tuple(_from_damage(damage)))
    subject.engine = engine
    return Examination("ledger", f"intact, revision {revision}")


def check_audit_log(subject: Subject) -> Examination:
    """Recompute the chain of the audit log, and compare ledger and checkpoints with it."""
    from pipelines.ledger.verification import verify_ledger

    if subject.engine is None:
        return skip_check("audit log", _NO_LEDGER)
    try:
        verified = verify_ledger(subject.engine, home=subject.home)
    except ValueError as error:
        return Examination("audit log", "a checkpoint cannot be read", (make_problem(f"{error}.", _BACKUP),))
    remedy = "Find out who changed it, and restore the ledger from a backup; do not publish before."
    symptoms = [make_problem(fault.localize_message(), remedy) for fault in verified.faults]
    return Examination("audit log", f"{verified.entries:,} entries", tuple(symptoms))


def check_publication(subject: Subject) -> Examination:
    """Find a publication that was interrupted, or a public folder that disagrees with the journal."""
    from pipelines.publication.releases.errors import ReleaseError
    from pipelines.publication.releases.publications import find_unfinished, read_publications

    home = subject.home
    try:
        unfinished = find_unfinished(home)
        publications = read_publications(home)
    except (ReleaseError, ValueError, TypeError) as error:
        text = f"The record of publications cannot be read: {error}."
        return Examination("publication", "it cannot be read", (make_problem(text, _BACKUP),))
    remedy = "See `rti release list`."
    symptoms = [make_problem(item.to_sentence(), remedy) for item in unfinished]
    newest = f"the newest act concerns {publications[-1].release}" if publications else "nothing was published yet"
    return Examination("publication", newest, tuple(symptoms))


def check_records(subject: Subject) -> Examination:
    """Read every file in JSON that the program keeps in a home: approval, calendar, notices, manifests of drafts."""
    home = subject.home
    symptoms = []
    paths = [path for folder, pattern in _list_records(home) for path in sorted(folder.glob(pattern))]
    for path in (path for path in paths if path.name not in _EXAMINED_ELSEWHERE):
        try:
            durable.read_json(path)
        except durable.DamagedJsonError:
            text = f"{path} is damaged."
            if path.name in _REPLACED or path.name.endswith(_AUDITS):
                symptoms.append(make_warning(text, "Nothing to do: the program replaces it when it next needs it."))
            else:
                symptoms.append(make_problem(text, _BACKUP))
    return Examination("records", f"{len(paths)} files", tuple(symptoms))


def _list_records(home: Home) -> tuple[tuple[Path, str], ...]:
    """Return the folders of files in JSON, each with the pattern of their names."""
    return (
        (home.public, "*.json"),
        (home.restricted, "*.json"),
        (home.restricted / "keys", "*.json"),
        (home.released, "*.json"),
        (home.drafts, "*/manifest.json"),
    )


def check_stored_files(subject: Subject) -> Examination:
    """Compare every stored file of a return with its SHA-256, and the signature of every receipt."""
    from pipelines.refresh import integrity

    if subject.engine is None:
        return skip_check("stored files", _NO_LEDGER)
    if subject.is_quick:
        return skip_check("stored files", "left out by --quick")
    damage = [
        *integrity.check_store(subject.home, subject.engine),
        *integrity.check_receipts(subject.home, subject.engine),
    ]
    return Examination("stored files", "files of returns, receipts", _shorten_list(_from_damage(damage)))


def check_facts(subject: Subject) -> Examination:
    """Compare the facts of every accepted return with the digests recorded at approval."""
    from pipelines.refresh import integrity

    if subject.engine is None:
        return skip_check("facts", _NO_LEDGER)
    if subject.is_quick:
        return skip_check("facts", "left out by --quick")
    damage = integrity.check_facts(subject.home, subject.engine)
    return Examination("facts", "what was read from the returns", _shorten_list(_from_damage(damage)))


def check_releases(subject: Subject) -> Examination:
    """Compare every release with its manifest, its signature and the journal."""
    from pipelines.publication.releases.verification import verify_published

    home = subject.home
    releases = [path.name for path in home.releases.iterdir() if path.is_dir()] if home.releases.is_dir() else []
    if subject.is_quick:
        return skip_check("releases", "left out by --quick")
    symptoms = [make_problem(f"{fault}.", "Restore the release from a backup.") for fault in verify_published(home)]
    return Examination("releases", f"{len(releases)} release(s), with their signatures", _shorten_list(symptoms))


def check_computed(subject: Subject) -> Examination:
    """Read the warehouse and every computed Parquet file whole, so that a damaged page is found before a refresh."""
    home = subject.home
    if subject.is_quick:
        return skip_check("computed tables", "left out by --quick")
    symptoms = [*_find_damaged_builds(home), *_find_unreadable_parquet(home)]
    return Examination("computed tables", "warehouse, protected cells, true counts of releases", tuple(symptoms))


def check_survey(subject: Subject) -> Examination:
    """Check the pages of the two databases of the questionnaire."""
    from pipelines.core.storage_faults import is_whole_sqlite
    from pipelines.survey.databases import FOLDER, has_survey

    home = subject.home
    if not has_survey(home):
        return Examination("questionnaire", "no round was planned")
    paths = sorted((home.restricted / FOLDER).glob("*.sqlite"))
    symptoms = [make_problem(f"{path} is damaged.", _BACKUP) for path in paths if not is_whole_sqlite(path)]
    return Examination("questionnaire", f"{len(paths)} database(s)", tuple(symptoms))


def check_backup(subject: Subject) -> Examination:
    """Find a home of real returns without a backup, and a last backup that is too old."""
    from pipelines.operations.backup.saving import read_last_backup

    last = read_last_backup(subject.home)
    if last is None:
        remedy = "Run `rti backup init` and then `rti backup run` every night (docs/backup.md)."
        symptoms = (make_warning("No backup of this home was ever made.", remedy),) if _is_real(subject) else ()
        return Examination("backup", "none yet", symptoms)
    days = (clock.now() - clock.parse_time(str(last["created_at"]))).days
    summary = f"the last one was made at {last['created_at']}"
    if days < OLD_BACKUP_DAYS:
        return Examination("backup", summary)
    remedy = "Run `rti backup run`, and find out why its timer does not."
    return Examination("backup", summary, (make_warning(f"The last backup is {days} days old.", remedy),))


def _shorten_list(symptoms: Iterable[Symptom]) -> tuple[Symptom, ...]:
    """Keep the first symptoms and count the others: a broken disk can damage each of a release's two thousand files."""
    listed = list(symptoms)
    if len(listed) <= LONGEST_LIST:
        return tuple(listed)
    further = f"There are {len(listed) - LONGEST_LIST:,} more of this kind."
    return (*listed[:LONGEST_LIST], make_problem(further, "`rti audit verify` lists all of them."))


def _is_real(subject: Subject) -> bool:
    return subject.home.kind == "real"


def _from_damage(damage: Iterable[Damage]) -> Iterator[Symptom]:
    for item in damage:
        message, _, remedy = item.message.replace("; restore", ": restore").rpartition(": ")
        if message:
            yield make_problem(f"{message[0].upper()}{message[1:]}.", f"{remedy[0].upper()}{remedy[1:]}.")
        else:
            yield make_problem(item.message, _BACKUP)


def _find_damaged_builds(home: Home) -> Iterator[Symptom]:
    from pipelines.warehouse import count_builds

    counts = count_builds.latest_counts(home)
    if counts is not None and not count_builds.is_whole(counts):
        text = f"{counts} is damaged."
        yield make_warning(text, "Nothing to do: the next `rti refresh` sets it aside and computes it again.")
    for path in sorted(home.warehouse.glob("indicators-*.duckdb")):
        if (reason := _read_database(path)) is not None:
            yield make_problem(f"{path} is damaged ({reason}).", _REBUILT)


def _read_database(path: Path) -> str | None:
    """Read every row of a DuckDB file; return what DuckDB reports, or None."""
    import duckdb

    try:
        with open_duckdb(path, read_only=True) as connection:
            query = "select schema_name, table_name from duckdb_tables() where not internal"
            for schema, table in connection.execute(query).fetchall():
                connection.execute(f'select sum(hash(t)::hugeint) from "{schema}"."{table}" t').fetchone()
    except duckdb.Error as error:
        return str(error).splitlines()[0]
    return None


def _find_unreadable_parquet(home: Home) -> Iterator[Symptom]:
    import duckdb

    is_source = {home.released, home.restricted / "records" / "released"}
    folders = (home.released, home.restricted / "records", home.protected, home.gathered, home.restricted / "quality")
    with open_duckdb() as connection:
        for path in (path for folder in folders if folder.is_dir() for path in sorted(folder.rglob("*.parquet"))):
            try:
                connection.execute("select sum(hash(t)::hugeint) from read_parquet(?) t", [str(path)]).fetchone()
            except duckdb.Error as error:
                is_kept = any(path.is_relative_to(folder) for folder in is_source)
                reason = str(error).splitlines()[0]
                yield make_problem(f"{path} is damaged ({reason}).", _BACKUP if is_kept else _REBUILT)
