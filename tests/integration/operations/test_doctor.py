"""Tests of `rti doctor`: an intact home has no symptom, and each planted fault is named with its remedy."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pipelines.cli import main
from pipelines.core import clock, durable, rights
from pipelines.core.home import Home, HomeKind, initialise_home
from pipelines.core.home_lock import hold_home_lock
from pipelines.ledger import migrations
from pipelines.operations.doctor import machine, stored
from pipelines.operations.doctor.diagnosis import CHECKS, diagnose_home
from pipelines.operations.doctor.model import Subject
from pipelines.reading.sandbox import isolation
from pipelines.submissions import store
from tests.support import disks
from tests.support.damaged_ledger import overwrite_audit_page
from tests.support.intact_home import make_intact_home
from tests.support.releases import publication_fixture as fixture


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return make_intact_home(tmp_path_factory.mktemp("doctor"))


@pytest.fixture
def home(template: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.delenv("RTI_LEDGER_URL", raising=False)
    return fixture.use_copy(template, tmp_path / "home", monkeypatch)


def _examine(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = main.main(["doctor", "--json", *options])
    return code, json.loads(capsys.readouterr().out)


def _symptoms(content: dict[str, Any], name: str) -> list[dict[str, str]]:
    (check,) = [check for check in content["checks"] if check["name"] == name]
    symptoms: list[dict[str, str]] = check["symptoms"]
    return symptoms


def _outcomes(content: dict[str, Any]) -> dict[str, str]:
    return {check["name"]: check["outcome"] for check in content["checks"]}


def test_doctor_of_an_intact_home_finds_nothing(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    code, content = _examine(capsys)
    assert code == 0, content
    assert _outcomes(content) == {name: "ok" for name, _ in CHECKS}, content
    assert main.main(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert f"{len(CHECKS)} checks: 0 with problems, 0 with warnings" in printed
    assert [line.split()[0] for line in printed.splitlines()[:-1]] == ["ok"] * len(CHECKS)


@pytest.mark.parametrize(
    ("kind", "measured", "accepted", "warned_of"),
    [
        ("real", "python", "", ["network namespace", "Landlock"]),
        ("real", "python", "full", ["network namespace", "Landlock"]),
        ("real", "python", "files", ["Landlock"]),
        ("real", "python", "python", []),
        ("real", "network", "", ["Landlock"]),
        ("real", "network", "network", []),
        ("real", "files", "", ["network namespace"]),
        ("real", "full", "", []),
        ("demonstration", "python", "", []),
    ],
)
def test_doctor_warns_of_the_weaker_isolation_in_a_real_home(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: HomeKind,
    measured: isolation.Isolation,
    accepted: str,
    warned_of: list[str],
) -> None:
    monkeypatch.setattr(isolation, "measure_isolation", lambda: measured)
    monkeypatch.setenv("RTI_READING_ISOLATION", accepted)
    examination = machine.check_reading(Subject(initialise_home(tmp_path / "home", kind), is_quick=True))
    assert examination.outcome == ("warning" if warned_of else "ok")
    assert isolation.DESCRIPTIONS[measured] in examination.summary
    assert len(examination.symptoms) == len(warned_of)
    for words in warned_of:
        (symptom,) = [symptom for symptom in examination.symptoms if words in symptom.message]
        assert f"RTI_READING_ISOLATION={measured}" in symptom.remedy


def test_doctor_names_the_isolation_of_reading_processes(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    _, content = _examine(capsys)
    (check,) = [check for check in content["checks"] if check["name"] == "reading"]
    assert isolation.DESCRIPTIONS[isolation.measure_isolation()] in check["summary"]


def test_doctor_changes_nothing(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    def read_content() -> dict[str, object]:
        files = [path for path in home.root.rglob("*") if path.is_file()]
        others = [path for path in files if not path.name.startswith(("ledger.sqlite", "refresh."))]
        with closing(sqlite3.connect(home.restricted / "ledger.sqlite")) as connection:
            rows = list(connection.iterdump())
        return {"ledger": rows, **{str(path): store.compute_digest(path.read_bytes()) for path in others}}

    before = read_content()
    _examine(capsys)
    assert read_content() == before


def _delete_stored_file(home: Home) -> None:
    store.path_of(home, store.compute_digest(b"1")).unlink()


def _change_stored_file(home: Home) -> None:
    store.path_of(home, store.compute_digest(b"2")).write_bytes(b"3")


def _change_facts(home: Home) -> None:
    path = sorted((home.facts / "observation").glob("S*.parquet"))[0]
    path.write_bytes(path.read_bytes()[:-1] + b"X")


def _lose_ledger(home: Home) -> None:
    for path in home.restricted.glob("ledger.sqlite*"):
        path.unlink()


def _change_audit_entry(home: Home) -> None:
    with closing(sqlite3.connect(home.restricted / "ledger.sqlite")) as connection:
        connection.execute("drop trigger audit_no_update")
        connection.execute("update audit set actor = 'somebody' where seq = 2")
        connection.commit()


def _truncate_release(home: Home) -> None:
    path = home.releases / fixture.FIRST / "data" / "cell.parquet"
    path.write_bytes(path.read_bytes()[:-9])


def _forge_signature(home: Home) -> None:
    path = home.releases / fixture.FIRST / "manifest.sig"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["signature"] = "A" * len(content["signature"])
    path.write_text(json.dumps(content), encoding="utf-8")


def _cut_warehouse(home: Home) -> None:
    (home.warehouse / "indicators-restricted.duckdb").write_bytes(b"no database")


def _cut_true_counts(home: Home) -> None:
    home.released.mkdir(exist_ok=True)
    (home.released / "2026-Q2.parquet").write_bytes(b"PAR1 cut")


def _begin_publication(home: Home) -> None:
    durable.write_file(home.restricted / "publication.json", b"{")


def _cut_approval(home: Home) -> None:
    durable.write_file(home.restricted / "approval.json", b"")


def _cut_calendar(home: Home) -> None:
    durable.write_file(home.public / "calendar.json", b'[{"release": "2026-Q')


def _open_restricted(home: Home) -> None:
    home.restricted.chmod(0o755)


def _open_key(home: Home) -> None:
    key = next((home.restricted / "keys").glob("release-*.pem"))
    key.chmod(0o644)


FILE_FAULTS: tuple[tuple[Callable[[Home], None], str, str, str], ...] = (
    (_delete_stored_file, "stored files", "is missing", "Restore"),
    (_change_stored_file, "stored files", "was changed on the disk", "Restore"),
    (_change_facts, "facts", "not those that were approved", "Restore"),
    (_truncate_release, "releases", "cell.parquet was changed after it was published", "Restore"),
    (_forge_signature, "releases", "manifest.sig", "Restore"),
    (_cut_warehouse, "computed tables", "indicators-restricted.duckdb is damaged", "makes it again"),
    (_cut_true_counts, "computed tables", "2026-Q2.parquet is damaged", "Restore"),
    (_begin_publication, "publication", "publication.json is damaged", "Restore"),
    (_cut_approval, "records", "approval.json is damaged", "Restore"),
    (_cut_calendar, "records", "calendar.json is damaged", "Restore"),
    (_open_restricted, "rights", "other users of this machine can enter", "chmod 700"),
    (_open_key, "rights", "may read the secret", "chmod 600"),
)
LEDGER_FAULTS: tuple[tuple[Callable[[Home], None], str, str, str], ...] = (
    (overwrite_audit_page, "ledger", "damaged", "Restore"),
    (_lose_ledger, "ledger", "is missing or empty", "Restore"),
    (_change_audit_entry, "audit log", "Entry 2 of the audit log was changed", "restore the ledger"),
)


def test_doctor_names_every_damaged_file_at_once(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    for plant, *_ in FILE_FAULTS:
        plant(home)
    code, content = _examine(capsys)
    assert code == 1
    for _, check, words, remedy in FILE_FAULTS:
        matches = [s for s in _symptoms(content, check) if words in s["message"]]
        assert matches, (check, words, _symptoms(content, check))
        assert remedy in matches[0]["remedy"]
    problems = {name for name, outcome in _outcomes(content).items() if outcome == "problem"}
    assert problems == {check for _, check, *_ in FILE_FAULTS}
    assert "could not be examined" not in json.dumps(content)


@pytest.fixture
def shared_home(home: Home) -> Iterator[Home]:
    """The home, shared with its group; commands in this process set the umask for it."""
    before = os.umask(0o022)
    rights.share_home(home)
    yield home
    os.umask(before)


def test_doctor_finds_nothing_wrong_with_a_shared_home(shared_home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    code, content = _examine(capsys, "--quick")
    assert (code, _symptoms(content, "rights")) == (0, [])
    assert os.umask(0o022) == 0o002, "what the command writes is for the group"


@pytest.mark.parametrize(
    ("name", "mode", "words", "remedy"),
    [
        ("restricted", 0o775, "other users of this machine can enter", "chmod 770"),
        ("restricted/keys", None, "may read the secret", "chmod 660"),
        ("public", 0o777, "Others than the service can write", "chmod o-w"),
        ("restricted/ledger.sqlite", 0o644, "Not every user of the group can use these files: ", "--shared` as root"),
    ],
)
def test_doctor_names_wrong_rights_in_a_shared_home(
    shared_home: Home, capsys: pytest.CaptureFixture[str], name: str, mode: int | None, words: str, remedy: str
) -> None:
    if mode is None:
        _open_key(shared_home)
    else:
        (shared_home.root / name).chmod(mode)
    symptoms = _symptoms(_examine(capsys, "--quick")[1], "rights")
    matches = [symptom for symptom in symptoms if words in symptom["message"]]
    assert len(matches) == 1 and remedy in matches[0]["remedy"], symptoms
    assert len(symptoms) == (2 if mode is None else 1)


def test_doctor_counts_damaged_files_beyond_the_first_twenty(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(1234):
        (home.releases / fixture.FIRST / "data" / f"extra-{number}.csv").write_bytes(b"")
    symptoms = _symptoms(_examine(capsys)[1], "releases")
    assert len(symptoms) == stored.LONGEST_LIST + 1
    assert symptoms[-1]["message"] == "There are 1,214 more of this kind."
    assert "rti audit verify" in symptoms[-1]["remedy"]
    assert main.main(["audit", "verify"]) == 1
    assert capsys.readouterr().out.count("extra-") == 1234


@pytest.mark.parametrize(("plant", "check", "words", "remedy"), LEDGER_FAULTS)
def test_doctor_names_damaged_ledger(
    home: Home,
    plant: Callable[[Home], None],
    check: str,
    words: str,
    remedy: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    plant(home)
    code, content = _examine(capsys, "--quick")
    (symptom, *_) = _symptoms(content, check)
    assert (code, _outcomes(content)[check]) == (1, "problem")
    assert words in symptom["message"] and remedy in symptom["remedy"]
    problems = {name for name, outcome in _outcomes(content).items() if outcome == "problem"}
    assert problems == {check}
    assert _outcomes(content)["audit log"] == ("problem" if check == "audit log" else "skipped")


@pytest.mark.parametrize(
    ("now", "words"),
    [("2026-11-01T00:00:00Z", "the audit log has an entry of 2026-11-"), ("2026-11-25T09:00:00Z", None)],
)
def test_doctor_compares_clock_with_newest_entry(
    home: Home, now: str, words: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RTI_NOW", now)
    code, content = _examine(capsys, "--quick")
    messages = [symptom["message"] for symptom in _symptoms(content, "clock")]
    assert code == (1 if words else 0)
    assert [words in message for message in messages if words] == ([True] if words else [])


def test_doctor_announces_pending_migration_and_leaves_it(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    path = home.restricted / "ledger.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("update alembic_version set version_num = '0004'")
        connection.commit()
    code, content = _examine(capsys)
    assert code == 0
    assert _outcomes(content)["ledger"] == "warning"
    assert f"brought to {migrations.HEAD}" in _symptoms(content, "ledger")[0]["message"]
    assert _outcomes(content)["audit log"] == "skipped"
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("select version_num from alembic_version").fetchone() == ("0004",)


def test_doctor_refuses_ledger_of_a_newer_version(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(sqlite3.connect(home.restricted / "ledger.sqlite")) as connection:
        connection.execute("update alembic_version set version_num = '9999'")
        connection.commit()
    code, content = _examine(capsys)
    assert (code, _outcomes(content)["ledger"]) == (1, "problem")
    assert "newer version" in _symptoms(content, "ledger")[0]["remedy"]


def test_doctor_names_holder_of_the_lock(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with hold_home_lock(home, purpose="refresh"):
        code, content = _examine(capsys, "--quick")
        assert code == 0
        assert "`refresh` is running" in json.dumps(content)
        monkeypatch.setenv("RTI_NOW", "2026-11-25T13:00:00Z")
        code, content = _examine(capsys, "--quick")
        assert (code, _outcomes(content)["locks"]) == (0, "warning")
        assert "4 hours" in _symptoms(content, "locks")[0]["message"]


def test_doctor_reports_disk_that_is_too_small_for_a_refresh(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "estimate_refresh_bytes", lambda _home: 1 << 60)
    (check,) = [e for e in diagnose_home(home, is_quick=True).examinations if e.name == "disk"]
    assert check.outcome == "problem"
    assert "the next refresh needs about" in check.symptoms[0].message


def test_space_for_a_refresh_is_that_of_the_last_builds_and_release(home: Home) -> None:
    files = [path for path in home.current.resolve().rglob("*") if path.is_file()]
    needed = machine.estimate_refresh_bytes(home)
    assert needed >= sum(path.stat().st_size for path in files) > 0
    added = home.current.resolve() / "data" / "added.parquet"
    added.write_bytes(bytes(1_000_000))
    assert machine.estimate_refresh_bytes(home) == needed + 1_000_000
    build = home.warehouse / "indicators-restricted.duckdb"
    size = build.stat().st_size if build.exists() else 0
    build.write_bytes(bytes(size + 3_000_000))
    assert machine.estimate_refresh_bytes(home) == needed + 4_000_000


@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_doctor_works_on_a_disk_that_cannot_be_written(
    template: Home, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("RTI_LEDGER_URL", raising=False)
    with disks.small_disk(tmp_path, 24 * 1024) as disk:
        fixture.use_copy(template, disk / "home", monkeypatch)
        if fault == "full":
            disks.fill_disk(disk, leave=0)
        else:
            disks.remount_disk(disk, "ro")
        code, content = _examine(capsys)
        assert code == 1
        assert _outcomes(content)["disk"] == "problem"
        assert ("is full" if fault == "full" else "read-only") in json.dumps(_symptoms(content, "disk"))
        assert _outcomes(content)["audit log"] == "ok", content


def test_doctor_writes_metrics_without_words(home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _delete_stored_file(home)
    file = tmp_path / "rti.prom"
    assert _examine(capsys, "--metrics", str(file))[0] == 1
    samples = {
        (sample.name, sample.labels.get("check")): sample.value
        for family in text_string_to_metric_families(file.read_text(encoding="utf-8"))
        for sample in family.samples
    }
    assert {check for name, check in samples if name == "rti_check"} == {name for name, _ in CHECKS}
    assert (samples["rti_check", "stored files"], samples["rti_check", "facts"]) == (3, 0)
    assert samples["rti_doctor_timestamp_seconds", None] == clock.now().timestamp()
    assert "S" not in {word[0] for line in file.read_text().splitlines() if line[0] != "#" for word in line.split()}


def test_doctor_without_home_says_how_to_make_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "none"))
    code, content = _examine(capsys)
    assert code == 3
    assert "rti init" in content["error"]["message"]


def test_doctor_reports_a_failing_check_and_goes_on(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    (home.public / "publications.jsonl").write_bytes(b"\xff\n")
    outcomes = {e.name: e.outcome for e in diagnose_home(home).examinations}
    assert outcomes["publication"] == "problem"
    assert outcomes["computed tables"] == "ok"


def test_doctor_names_a_missing_extension_of_duckdb(
    home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "DUCKDB_EXTENSIONS", (*machine.DUCKDB_EXTENSIONS, "spatial"))
    code, content = _examine(capsys, "--quick")
    (symptom,) = _symptoms(content, "versions")
    assert code == 1 and "lacks its extension spatial" in symptom["message"] and "make install" in symptom["remedy"]


def test_doctor_only_warns_of_a_damaged_record_that_is_replaced(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    durable.write_file(home.restricted / "steps.json", b"{")
    code, content = _examine(capsys, "--quick")
    (symptom,) = _symptoms(content, "records")
    assert (code, symptom["severity"]) == (0, "warning")
    assert "steps.json" in symptom["message"] and "Nothing to do" in symptom["remedy"]


@pytest.mark.parametrize(
    ("package", "version", "words"),
    [
        ("polars", "0.1", "polars is version 0.1; =="),
        ("dagster", "0.1", "dagster is version 0.1; =="),
        ("streamlit", None, "The package streamlit is missing."),
    ],
)
def test_doctor_names_a_wrong_package_of_the_service_too(
    home: Home,
    package: str,
    version: str | None,
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed = metadata.version

    def find_version(name: str) -> str:
        if name != package:
            return installed(name)
        if version is None:
            raise metadata.PackageNotFoundError(name)
        return version

    monkeypatch.setattr(metadata, "version", find_version)
    code, content = _examine(capsys, "--quick")
    (symptom,) = _symptoms(content, "versions")
    assert (code, symptom["message"].startswith(words)) == (1, True), symptom
    assert "make install" in symptom["remedy"]


def test_builds_use_only_extensions_inside_the_package_of_duckdb() -> None:
    """Do with DuckDB what builds do, where it may fetch nothing, and read which extensions it has loaded."""
    import duckdb

    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as connection:
        connection.execute("set TimeZone = 'UTC'; select current_timestamp, json_extract('{}', '$')")
        connection.execute("copy (select 1 as one) to '/dev/null' (format parquet)")
        loaded = connection.execute(
            "select extension_name, install_mode from duckdb_extensions() where loaded order by 1"
        ).fetchall()
    assert {mode for _, mode in loaded} == {"STATICALLY_LINKED"}
    assert set(machine.DUCKDB_EXTENSIONS) <= {name for name, _ in loaded}
