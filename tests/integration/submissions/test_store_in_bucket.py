"""Tests of returns whose files are in a bucket: from the upload to the removal, and while the storage is away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.core import clock
from pipelines.core.file_store import FolderStore
from pipelines.core.home import Home, initialise_home, open_home
from pipelines.core.storage_faults import find_fault
from pipelines.ledger import queries
from pipelines.ledger.opening import open_ledger
from pipelines.ledger.verification import verify_ledger
from pipelines.refresh import integrity
from pipelines.runs import transient
from pipelines.submissions import intake, store, unknown_bytes
from pipelines.submissions import service as door
from pipelines.submissions.service import Desk
from pipelines.web import office_health
from pipelines.web.api.problems import problem_of
from tests.support.fakes import desk_fakes
from tests.support.fakes.desk_fakes import SENDER, get_identity, make_file
from tests.support.fakes.desk_killed import DATA
from tests.support.object_store import BUCKET, ObjectStore, read_objects
from tests.support.paths import ROOT

pytestmark = [pytest.mark.storage, pytest.mark.usefixtures("object_store")]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk_fakes.install_fakes(monkeypatch)
    desk = desk_fakes.open_desk(tmp_path)
    monkeypatch.setenv("RTI_HOME", str(desk.home.root))
    return desk


def find_folder() -> str:
    """Return the folder of the bucket that the settings name."""
    return os.environ["RTI_STORE_BUCKET"].removeprefix(f"s3://{BUCKET}/")


def list_local_files(home: Home) -> list[Path]:
    return [path for path in home.store.rglob("*") if path.is_file()]


def test_uploaded_file_is_in_the_bucket_alone(desk: Desk, object_store: ObjectStore) -> None:
    upload = door.hand_in(desk, get_identity(desk, SENDER), make_file(), "a.csv")
    sha256 = store.compute_digest(make_file())
    objects = read_objects(object_store.address, find_folder())
    assert objects == {f"{find_folder()}/{sha256[:2]}/{sha256}": make_file()}
    assert (upload.state, list_local_files(desk.home)) == ("sent", [])
    assert store.get_bytes(desk.home, sha256) == make_file()
    again = door.upload_file(desk, get_identity(desk, SENDER), make_file(), "a.csv")
    assert again.submission_id == upload.submission_id
    assert integrity.check_store(desk.home, desk.engine) == []
    assert office_health.portal_health(desk.home, desk.engine).is_good


def test_changed_and_lost_objects_are_found(desk: Desk, object_store: ObjectStore) -> None:
    door.hand_in(desk, get_identity(desk, SENDER), make_file(), "a.csv")
    sha256 = store.compute_digest(make_file())
    object_store.damage_object(f"{find_folder()}/{store.name_of(sha256)}", b"other")
    with pytest.raises(store.StoreError, match=rf"s3://{BUCKET}/.*{sha256} .* changed in the bucket; restore it"):
        store.get_bytes(desk.home, sha256)
    (damage,) = integrity.check_store(desk.home, desk.engine)
    assert "was changed in the bucket: restore s3://" in damage.message
    desk.home.landing_files.remove_file(store.name_of(sha256))
    with pytest.raises(store.StoreError, match=r"the store lacks .*; restore s3://"):
        store.get_bytes(desk.home, sha256)
    (damage,) = integrity.check_store(desk.home, desk.engine)
    assert "is missing: restore s3://" in damage.message
    assert main.main(["store", "check"]) == 1


def test_file_that_must_not_be_kept_is_removed_from_bucket_and_home(desk: Desk) -> None:
    sha256 = store.put_bytes(desk.home, b"names")
    FolderStore(desk.home.store).put_file(store.name_of(sha256), b"names")
    store.mark_not_kept(desk.home, sha256)
    assert store.list_marked(desk.home) == [sha256] and store.get_bytes(desk.home, sha256) == b"names"
    store.drop_not_kept(desk.home, sha256)
    with pytest.raises(store.StoreError, match="was not kept"):
        store.get_bytes(desk.home, sha256)
    assert list_local_files(desk.home) == []
    assert store.put_bytes(desk.home, b"names") == sha256 and store.list_marked(desk.home) == []


def test_unknown_file_is_removed_and_never_one_that_arrives_meanwhile(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let a removal come between the storing of a file and its entry in the ledger, as only a bucket allows."""
    digests = [store.put_bytes(desk.home, make_file(value=value)) for value in (1, 2)]
    aged = clock.read_wall_clock() + 2 * 86_400
    monkeypatch.setattr(clock, "read_wall_clock", lambda: aged)
    record_arrival = intake.record_arrival
    removed: list[str] = []

    def remove_before(*arguments: object, **options: object) -> object:
        files = unknown_bytes.remove_unknown_files(desk.home, desk.engine, by="the-steward")
        removed.extend(file.sha256 for file in files)
        return record_arrival(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(intake, "record_arrival", remove_before)
    upload = door.upload_file(desk, get_identity(desk, SENDER), make_file(value=1), "a.csv")
    assert (sorted(removed), upload.state) == (sorted(digests), "checked")
    assert store.get_bytes(desk.home, digests[0]) == make_file(value=1)
    monkeypatch.setattr(store, "ensure_bytes", lambda _home, _data: None)
    with pytest.raises(store.StoreError, match="lacks"):
        door.upload_file(desk, get_identity(desk, SENDER), make_file(value=2), "b.csv")


def test_storage_away_refuses_upload_and_loses_nothing(
    desk: Desk, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RTI_STORE_WAIT", "1")
    sender = get_identity(desk, SENDER)
    receipt = door.hand_in(desk, sender, make_file(), "a.csv")
    with object_store.pause_server():
        with pytest.raises(Exception, match="does not answer") as failed:
            door.upload_file(desk, sender, make_file(value=4), "b.csv")
        fault = find_fault(failed.value)
        assert fault is not None and fault.is_away and fault.is_passing and transient.is_transient(failed.value)
        assert fault.localize_message("en")[0] == "The storage of files does not answer"
        assert "s3://" not in fault.localize_message("en")[1] and "RTI_STORE_ENDPOINT" in fault.message
        answer = problem_of(failed.value, "en").make_response()
        assert answer.status_code == 503 and b"s3://" not in answer.body and b"127.0.0.1" not in answer.body
        (_, check, *_) = office_health.portal_health(desk.home, desk.engine).checks
        assert check.problem == "its storage does not answer"
        assert main.main(["store", "check"]) == 3
        printed = capsys.readouterr().err
        assert "does not answer" in printed and "Traceback" not in printed
    assert [row.submission_id for row in queries.list_submissions(desk.engine)] == [receipt.submission_id]
    assert door.upload_file(desk, sender, make_file(value=4), "b.csv").state == "checked"
    assert verify_ledger(desk.engine).faults == () and integrity.check_store(desk.home, desk.engine) == []


@pytest.mark.parametrize(
    ("step", "when"),
    [("store.put_bytes", "before"), ("store.put_bytes", "after"), ("decisions.send_submission", "after")],
)
def test_killed_service_leaves_whole_files(desk: Desk, step: str, when: str) -> None:
    command = [sys.executable, "-m", "tests.support.fakes.desk_killed", str(desk.home.root), step, when]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120, check=False)
    assert process.returncode == -signal.SIGKILL, process.stderr.decode()
    home = open_home(desk.home.root)
    after = Desk(home, open_ledger(home), desk_fakes.REGISTRY)
    assert [file.size for file in store.list_stored(home)] == ([] if when == "before" else [len(DATA)])
    sender = get_identity(after, SENDER)
    upload = door.upload_file(after, sender, DATA, "a.csv")
    assert upload.submission_id is not None
    if upload.state == "checked":
        door.send_submission(after, sender, upload.submission_id)
    door.approve_submission(after, get_identity(after, "qq-approver"), upload.submission_id)
    assert [s.state for s in queries.list_submissions(after.engine)] == ["approved"]
    assert verify_ledger(after.engine).faults == () and integrity.check_store(home, after.engine) == []


def test_files_of_a_home_move_to_the_bucket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = initialise_home(tmp_path / "home", "real")
    monkeypatch.setenv("RTI_HOME", str(home.root))
    with monkeypatch.context() as patch:
        patch.delenv("RTI_STORE_BUCKET")
        names = [store.name_of(store.put_bytes(home, b"%d" % number)) for number in range(3)]
        store.mark_not_kept(home, "1" * 64)
        assert main.main(["store", "upload"]) != 0
        assert "set RTI_STORE_BUCKET" in capsys.readouterr().err
    (home.store / names[0]).write_bytes(b"damaged")
    assert main.main(["store", "upload"]) == 1
    assert f"{names[0]} is damaged and was not copied" in capsys.readouterr().out
    assert {file.name for file in store.list_stored(home)} == set(names[1:])
    assert store.list_marked(home) == ["1" * 64]
    (home.store / names[0]).write_bytes(b"0")
    assert main.main(["store", "upload", "--json"]) == 0
    assert len(list_local_files(home)) == 4
    assert [store.get_bytes(home, name[3:]) for name in names] == [b"0", b"1", b"2"]


def test_practice_is_never_in_the_bucket(desk: Desk, object_store: ObjectStore) -> None:
    from pipelines.submissions.service import practice

    rehearsal = practice.open(desk, get_identity(desk, SENDER))
    store.put_bytes(rehearsal.home, b"practice")
    assert len(list_local_files(rehearsal.home)) == 1
    assert read_objects(object_store.address, find_folder()) == {}
