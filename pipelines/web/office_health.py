"""Check what every page of the offices needs, and name what the kernel keeps from the processes that read files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.core.file_store import FileStoreError, StoreAwayError
from pipelines.web.health import Health, HealthCheck

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.core.home import Home


def portal_health(home: Home, engine: sa.Engine) -> Health:
    """Try what every page of the offices needs: the ledger, the store, and a disk that takes writes.

    The isolation of reading processes is named and is never a failure: `rti doctor` warns if it is weaker.
    """
    return Health((_check_ledger(home, engine), _check_store(home), _check_disk(home), _name_isolation()))


def _name_isolation() -> HealthCheck:
    from pipelines.reading.sandbox.isolation import measure_isolation

    return HealthCheck("reading", state=measure_isolation())


def _check_ledger(home: Home, engine: sa.Engine) -> HealthCheck:
    import sqlalchemy as sa

    from pipelines.ledger.database import open_read_transaction, sqlite_path
    from pipelines.ledger.schema import AUDIT, SUBMISSION

    path = sqlite_path(home.ledger_url)
    if path is not None and not path.is_file():
        # An open connection would still read from the deleted file.
        return HealthCheck("ledger", "the ledger is missing")
    try:
        with open_read_transaction(engine) as connection:
            connection.execute(sa.select(sa.func.max(AUDIT.c.seq))).scalar()
            connection.execute(sa.select(SUBMISSION.c.state, sa.func.count()).group_by(SUBMISSION.c.state)).all()
    except sa.exc.SQLAlchemyError as error:
        return HealthCheck("ledger", f"the ledger cannot be read ({_kind(error)})")
    return HealthCheck("ledger")


def _check_store(home: Home) -> HealthCheck:
    missing = [folder.name for folder in (home.store, home.facts) if not folder.is_dir()]
    if missing:
        return HealthCheck("store", f"missing folder: {', '.join(missing)}")
    try:
        home.landing_files.try_out()
    except StoreAwayError:
        return HealthCheck("store", "its storage does not answer")
    except FileStoreError:
        return HealthCheck("store", "its storage refuses requests, or there is no bucket")
    return HealthCheck("store")


def _check_disk(home: Home) -> HealthCheck:
    from pipelines.core.storage_faults import disk_fault

    fault = disk_fault(home.restricted)
    return HealthCheck("disk", {"full": "the disk is full"}.get(fault.kind, "the disk is read-only") if fault else "")


def _kind(error: BaseException) -> str:
    from pipelines.core.storage_faults import find_fault

    fault = find_fault(error)
    if fault is not None and fault.is_away:
        return "its server does not answer"
    return fault.kind.replace("_", " ") if fault is not None else type(error).__name__
