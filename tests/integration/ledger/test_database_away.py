"""Tests with a PostgreSQL that is stopped under a working service, and started again."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.cli import main
from pipelines.core.home import initialise_home, open_home
from pipelines.core.storage_faults import StorageFault, find_fault
from pipelines.ledger import queries
from pipelines.ledger.opening import open_ledger
from pipelines.ledger.verification import verify_ledger
from pipelines.runs import remedies, transient
from pipelines.submissions import receipts
from pipelines.submissions import service as door
from pipelines.web import office_health
from pipelines.web.api.problems import problem_of
from tests.support import postgres
from tests.support.fakes import desk_fakes
from tests.support.fakes.desk_fakes import SENDER, get_identity, make_file

AWAY_SECONDS = 60.0


def find_fault_of(act: object) -> StorageFault:
    """Return the fault that an act meets while the server is away."""
    with pytest.raises((sa.exc.SQLAlchemyError, Exception)) as failed:
        act()  # type: ignore[operator]
    fault = find_fault(failed.value)
    assert fault is not None, failed.value
    assert transient.is_transient(failed.value)
    return fault


@pytest.mark.postgres
@pytest.mark.slow
def test_service_survives_a_database_that_is_away_for_a_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    desk_fakes.install_fakes(monkeypatch)
    monkeypatch.setenv("RTI_NOW", "2026-03-01T09:00:00Z")
    with postgres.run_stoppable_server() as server:
        monkeypatch.setenv("RTI_LEDGER_URL", postgres.Databases(server.address).create_empty())
        desk = desk_fakes.open_desk(tmp_path)
        monkeypatch.setenv("RTI_HOME", str(desk.home.root))
        sender, approver = get_identity(desk, SENDER), get_identity(desk, "qq-approver")
        upload = door.upload_file(desk, sender, make_file(), "a.csv")
        assert upload.submission_id is not None
        receipt = door.send_submission(desk, sender, upload.submission_id)

        server.stop_server()
        stopped_at = time.monotonic()
        for act in (
            lambda: door.approve_submission(desk, approver, str(upload.submission_id)),
            lambda: door.upload_file(desk, sender, make_file(value=4), "b.csv"),
            lambda: open_ledger(open_home(desk.home.root)),
        ):
            fault = find_fault_of(act)
            assert fault.kind == "away" and "Start PostgreSQL" in fault.message
            assert "127.0.0.1" not in fault.localize_message("en")[1] and fault.is_passing
        (check, *_) = office_health.portal_health(desk.home, desk.engine).checks
        assert check.problem == "the ledger cannot be read (its server does not answer)"
        assert main.main(["status"]) == 3
        printed = capsys.readouterr().err
        assert "does not answer" in printed and "Traceback" not in printed and "psycopg" not in printed
        time.sleep(max(0.0, AWAY_SECONDS - (time.monotonic() - stopped_at)))

        server.start_server()
        assert office_health.portal_health(desk.home, desk.engine).is_good
        door.approve_submission(desk, approver, upload.submission_id)
        second = door.upload_file(desk, sender, make_file(value=4), "b.csv")
        assert second.state == "checked"
        assert sorted(row.state for row in queries.list_submissions(desk.engine)) == ["approved", "checked"]
        receipt_after = receipts.find_newest_receipt(desk.engine, upload.submission_id)
        assert receipt_after is not None and receipt_after.document == receipt.document
        assert verify_ledger(desk.engine).faults == ()
        assert main.main(["status"]) == 0
        desk.engine.dispose()


def test_api_answers_503_and_notices_name_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_LEDGER_URL", "postgresql+psycopg://postgres@127.0.0.1:1/ledger")
    with pytest.raises(Exception, match="refused") as failed:
        open_ledger(initialise_home(tmp_path / "home", "real"))
    assert isinstance(find_fault(failed.value), StorageFault)
    answer = problem_of(failed.value, "en").make_response()
    assert answer.status_code == 503 and answer.headers["retry-after"] == "300"
    assert remedies.choose_remedy("OperationalError", str(failed.value.__cause__)) == "database"
    assert b"127.0.0.1" not in answer.body and b"database" in answer.body
