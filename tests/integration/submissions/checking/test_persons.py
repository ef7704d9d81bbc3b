"""A file that names persons leaves nothing: not in the store, the ledger, facts, logs or temporary files."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from pipelines.core import clock
from pipelines.core.home import Home, initialise_home
from pipelines.declarations.registry import load
from pipelines.ledger import facts, queries
from pipelines.ledger.acts import Arrival
from pipelines.ledger.opening import open_ledger
from pipelines.submissions import arrivals, intake, store, waiting_checks
from pipelines.submissions import service as door
from pipelines.submissions.accounts import accounts
from pipelines.submissions.checking.check import OFFLINE_ID, check_file
from pipelines.submissions.checking.read_task import Task, take_with
from tests.support.fakes import check_fakes
from tests.support.fakes.arrivals_fakes import write_arrivals
from tests.support.fakes.check_fakes import REGISTRY
from tests.support.fakes.ledger_fakes import create_people, time_at
from tests.support.ledger_template import open_prepared_ledger
from tests.support.paths import ROOT

REGISTER = ROOT / "raw_samples/HR/register/registar_2024_1tr.csv"
JMBG = "0101006500006"
NAME = "Ivan Horvat"
SECRET = "person 2025-Q4;reported;77"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    created = initialise_home(tmp_path / "home", "demonstration")
    facts.prepare_fact_folders(created)
    open_prepared_ledger(created, create_people).dispose()
    return created


def _find_files_with(folder: Path, *secrets: str) -> list[str]:
    """Return the files below a folder that contain one of the texts in UTF-8."""
    return [
        str(path)
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and any(secret.encode() in path.read_bytes() for secret in secrets)
    ]


def _make_register_with_person(secret: str) -> bytes:
    """Return a register in which one pseudonym is the number or name of a person."""
    text = REGISTER.read_text(encoding="cp1250")
    lines = text.splitlines()
    at_row = next(n for n, line in enumerate(lines) if line.startswith("Sud;")) + 1
    cells = lines[at_row].split(";")
    cells[2] = secret
    lines[at_row] = ";".join(cells)
    return "\r\n".join(lines).encode("cp1250")


@pytest.mark.parametrize(("secret", "rule"), [(JMBG, "person.number"), (NAME, "person.name")])
def test_reading_process_returns_rule_and_place_without_the_person(secret: str, rule: str) -> None:
    registry = load()
    good = take_with(Task(REGISTER.read_bytes(), REGISTER.name, OFFLINE_ID, registry.digest), registry)
    assert good.reading is not None and good.reading.events.height
    result = take_with(Task(_make_register_with_person(secret), "r.csv", OFFLINE_ID, registry.digest), registry)
    assert [f.rule for f in result.findings] == [rule]
    assert result.form == good.form and result.reading is None
    assert secret not in repr(result)


@pytest.mark.parametrize("pseudonym", ["IME", "OIB", "JMBG-7", "Pasoš", "Ime i prezime 12", "IME-0231", "OIB12"])
def test_pseudonym_like_a_heading_is_accepted(pseudonym: str) -> None:
    registry = load()
    good = take_with(Task(REGISTER.read_bytes(), REGISTER.name, OFFLINE_ID, registry.digest), registry)
    result = take_with(Task(_make_register_with_person(pseudonym), "r.csv", OFFLINE_ID, registry.digest), registry)
    assert result.findings == () and result.reading is not None and good.reading is not None
    assert result.reading.events.height == good.reading.events.height
    assert pseudonym in result.reading.events["person"].to_list()


@pytest.mark.parametrize("line", [";;Prezime", "Sud;Ime;Prezime", ";K 1;Ime i prezime", "Sud;JMBG;Osoba"])
def test_second_heading_inside_register_is_reported(line: str) -> None:
    """Read a second table below the first, whose line of headings is not a record."""
    registry, text = load(), REGISTER.read_text(encoding="cp1250")
    first, *following = (line for line in text.splitlines() if line)
    data = "\r\n".join([first, *following, line + ";" * (following[1].count(";") - line.count(";")), following[-1]])
    result = take_with(Task(data.encode("cp1250"), REGISTER.name, OFFLINE_ID, registry.digest), registry)
    assert {f.rule for f in result.findings} == {"person.column"} and result.reading is None


def test_refused_register_leaves_nothing_in_home(home: Home, capfd: pytest.CaptureFixture[str]) -> None:
    before = set(Path(tempfile.gettempdir()).glob("rti-read-*/*/*"))
    desk = door.Desk(home, open_ledger(home), load())
    receipt = door.hand_in(
        desk, accounts.get_identity(desk.engine, "office"), _make_register_with_person(JMBG), "r.csv"
    )
    assert receipt.submission_id is None and receipt.report is not None
    assert receipt.report.verdict == "error" and receipt.report.reading is None
    assert JMBG not in str(receipt.as_json()) and JMBG not in repr(receipt)
    assert _find_files_with(home.root, JMBG) == []
    assert not [p for p in home.store.rglob("*") if p.is_file()]
    assert queries.list_submissions(open_ledger(home)) == []
    assert set(Path(tempfile.gettempdir()).glob("rti-read-*/*/*")) <= before
    captured = capfd.readouterr()
    assert JMBG not in captured.out + captured.err


def test_unknown_file_is_reported_for_persons_but_not_for_contact() -> None:
    registry = load()
    with_name = take_with(Task(f"a;b\n{NAME};2\n".encode(), "x.csv", OFFLINE_ID, registry.digest), registry)
    assert [f.rule for f in with_name.findings] == ["person.name"]
    with_contact = take_with(Task(f"Kontakt: {NAME};\na;2\n".encode(), "x.csv", OFFLINE_ID, registry.digest), registry)
    assert [f.rule for f in with_contact.findings] == ["return.not_recognised"]


# ------------------------------------------------------------------------------------------------------ batch arrivals


def _list_rows() -> list[dict[str, str]]:
    return [
        {
            "file": "1.csv",
            "text": "2025-Q3;reported;3",
            "received_at": clock.format_timestamp(time_at(0)),
            "kind": "full",
        },
        {"file": "2.csv", "text": SECRET, "received_at": clock.format_timestamp(time_at(1)), "kind": "full"},
    ]


@pytest.fixture
def arrived(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Home in which a good return and one that names persons have arrived and wait for their check."""
    check_fakes.install_fakes(monkeypatch)
    with clock.freeze_time(time_at(50)):
        assert arrivals.record_arrivals(home, open_ledger(home), write_arrivals(tmp_path, _list_rows())) == 2
    return home


def _check_waiting(home: Home) -> dict[str, str]:
    engine = open_ledger(home)
    with clock.freeze_time(time_at(50)):
        waiting_checks.check_waiting(home, engine, REGISTRY, after=arrivals.CHECKED_AFTER)
    return {s.filename: s.state for s in queries.list_submissions(engine)}


def _read_stored(home: Home) -> list[str]:
    return [p.read_text() for p in home.store.rglob("*") if p.is_file() and not p.is_symlink() and p.stat().st_size]


def test_arrival_is_stored_by_its_check_and_not_before(arrived: Home) -> None:
    assert _read_stored(arrived) == []
    assert _check_waiting(arrived) == {"1.csv": "checked", "2.csv": "refused"}
    assert _read_stored(arrived) == ["2025-Q3;reported;3"]
    assert _find_files_with(arrived.root, SECRET, "reported;77") == []
    assert not [p for p in arrived.store.rglob("*") if p.is_symlink()]
    assert len(store.list_marked(arrived)) == 1
    # Nothing is waiting now, not even under other rules: the bytes are deleted.
    assert _check_waiting(arrived) == {"1.csv": "checked", "2.csv": "refused"}
    with pytest.raises(store.StoreError, match="names persons"):
        store.get_bytes(arrived, store.list_marked(arrived)[0])


@pytest.mark.parametrize("step", ["mark_not_kept", "keep_pointed", "drop_not_kept"])
def test_crash_at_any_step_leaves_no_bytes(arrived: Home, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    with monkeypatch.context() as crash:
        crash.setattr(store, step, _raise_interrupt)
        with pytest.raises(KeyboardInterrupt):
            _check_waiting(arrived)
        assert _find_files_with(arrived.root, SECRET, "reported;77") == []
    assert _check_waiting(arrived) == {"1.csv": "checked", "2.csv": "refused"}
    assert _read_stored(arrived) == ["2025-Q3;reported;3"]
    assert not [p for p in arrived.store.rglob("*") if p.is_symlink()]


def test_crash_of_ledger_leaves_no_bytes(arrived: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as crash:
        crash.setattr(intake, "record_check_many", _raise_interrupt)
        with pytest.raises(KeyboardInterrupt):
            _check_waiting(arrived)
    assert _find_files_with(arrived.root, SECRET, "reported;77") == []
    assert _check_waiting(arrived) == {"1.csv": "checked", "2.csv": "refused"}


def test_stored_draft_refused_by_newer_rules_is_removed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    check_fakes.install_fakes(monkeypatch)
    engine = open_ledger(home)
    sha256 = store.put_bytes(home, SECRET.encode())
    intake.record_arrival(engine, Arrival(sha256, len(SECRET), "old.csv", "office", time_at(0), demonstration=True))
    assert _check_waiting(home) == {"old.csv": "refused"}
    assert _read_stored(home) == []
    assert store.put_bytes(home, SECRET.encode()) == sha256  # taken in again under rules that find nothing
    assert store.list_marked(home) == []


def _raise_interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_report_of_file_with_person_does_not_quote_it() -> None:
    report = check_file(_make_register_with_person(JMBG), "r.csv", registry=load())
    assert (report.verdict, report.blocks, report.totals) == ("error", (), ())
    assert JMBG not in repr(report.as_json())
