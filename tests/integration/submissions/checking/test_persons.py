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
from pipelines.submissions import arrivals, intake, record, store
from pipelines.submissions import service as door
from pipelines.submissions.accounts import accounts
from pipelines.submissions.checking.check import OFFLINE_ID, check_file
from pipelines.submissions.checking.read_task import Task, take_with
from tests.support.fakes import check_fakes
from tests.support.fakes.arrivals_fakes import write_arrivals
from tests.support.fakes.check_fakes import REGISTRY
from tests.support.fakes.ledger_fakes import create_people, time_at
from tests.support.paths import ROOT

REGISTER = ROOT / "raw_samples/HR/register/registar_2024_1tr.csv"
JMBG = "0101006500006"
NAME = "Ivan Horvat"
SECRET = "person 2025-Q4;reported;77"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = initialise_home(tmp_path / "home", "demonstration")
    facts.prepare_fact_folders(made)
    create_people(open_ledger(made))
    return made


def _holding(folder: Path, *secrets: str) -> list[str]:
    """Files below a folder that hold one of some texts, in UTF-8."""
    return [
        str(path)
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and any(secret.encode() in path.read_bytes() for secret in secrets)
    ]


def _with_persons(secret: str) -> bytes:
    """A register of which one pseudonym is a person's own number or name."""
    text = REGISTER.read_text(encoding="cp1250")
    lines = text.splitlines()
    at_row = next(n for n, line in enumerate(lines) if line.startswith("Sud;")) + 1
    cells = lines[at_row].split(";")
    cells[2] = secret
    lines[at_row] = ";".join(cells)
    return "\r\n".join(lines).encode("cp1250")


@pytest.mark.parametrize(("secret", "rule"), [(JMBG, "person.number"), (NAME, "person.name")])
def test_nothing_but_place_and_kind_leaves_the_child(secret: str, rule: str) -> None:
    registry = load()
    good = take_with(Task(REGISTER.read_bytes(), REGISTER.name, OFFLINE_ID, registry.digest), registry)
    assert good.reading is not None and good.reading.events.height
    taken = take_with(Task(_with_persons(secret), "r.csv", OFFLINE_ID, registry.digest), registry)
    assert [f.rule for f in taken.findings] == [rule]
    assert taken.form == good.form and taken.reading is None
    assert secret not in repr(taken)


@pytest.mark.parametrize("pseudonym", ["IME", "OIB", "JMBG-7", "Pasoš", "Ime i prezime 12", "IME-0231", "OIB12"])
def test_a_pseudonym_that_spells_a_heading_asks_for_nothing(pseudonym: str) -> None:
    registry = load()
    good = take_with(Task(REGISTER.read_bytes(), REGISTER.name, OFFLINE_ID, registry.digest), registry)
    taken = take_with(Task(_with_persons(pseudonym), "r.csv", OFFLINE_ID, registry.digest), registry)
    assert taken.findings == () and taken.reading is not None and good.reading is not None
    assert taken.reading.events.height == good.reading.events.height
    assert pseudonym in taken.reading.events["person"].to_list()


@pytest.mark.parametrize("line", [";;Prezime", "Sud;Ime;Prezime", ";K 1;Ime i prezime", "Sud;JMBG;Osoba"])
def test_a_heading_inside_a_register_is_no_pseudonym(line: str) -> None:
    """A second table below the first: no record stands in the line of its headings."""
    registry, text = load(), REGISTER.read_text(encoding="cp1250")
    first, *rest = (line for line in text.splitlines() if line)
    data = "\r\n".join([first, *rest, line + ";" * (rest[1].count(";") - line.count(";")), rest[-1]])
    taken = take_with(Task(data.encode("cp1250"), REGISTER.name, OFFLINE_ID, registry.digest), registry)
    assert {f.rule for f in taken.findings} == {"person.column"} and taken.reading is None


def test_a_refused_register_leaves_nothing_in_a_home(home: Home, capfd: pytest.CaptureFixture[str]) -> None:
    before = set(Path(tempfile.gettempdir()).glob("rti-read-*/*/*"))
    desk = door.Desk(home, open_ledger(home), load())
    receipt = door.hand_in(desk, accounts.get_identity(desk.engine, "office"), _with_persons(JMBG), "r.csv")
    assert receipt.submission_id is None and receipt.report is not None
    assert receipt.report.verdict == "error" and receipt.report.reading is None
    assert JMBG not in str(receipt.as_json()) and JMBG not in repr(receipt)
    assert _holding(home.root, JMBG) == []
    assert not [p for p in home.store.rglob("*") if p.is_file()]
    assert queries.list_submissions(open_ledger(home)) == []
    assert set(Path(tempfile.gettempdir()).glob("rti-read-*/*/*")) <= before
    said = capfd.readouterr()
    assert JMBG not in said.out + said.err


def test_an_unknown_file_with_persons_is_told_its_persons_and_one_with_a_contact_is_not() -> None:
    registry = load()
    named = take_with(Task(f"a;b\n{NAME};2\n".encode(), "x.csv", OFFLINE_ID, registry.digest), registry)
    assert [f.rule for f in named.findings] == ["person.name"]
    contact = take_with(Task(f"Kontakt: {NAME};\na;2\n".encode(), "x.csv", OFFLINE_ID, registry.digest), registry)
    assert [f.rule for f in contact.findings] == ["return.not_recognised"]


# ------------------------------------------------------------------------------------------------------ batch arrivals


def _rows() -> list[dict[str, str]]:
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
    """A home into which a good return and one that names persons have arrived, not checked yet."""
    check_fakes.install_fakes(monkeypatch)
    with clock.freeze_time(time_at(50)):
        assert arrivals.record_arrivals(home, open_ledger(home), write_arrivals(tmp_path, _rows())) == 2
    return home


def _check(home: Home) -> dict[str, str]:
    engine = open_ledger(home)
    with clock.freeze_time(time_at(50)):
        record.check_waiting(home, engine, REGISTRY, after=arrivals.CHECKED_AFTER)
    return {s.filename: s.state for s in queries.list_submissions(engine)}


def _kept(home: Home) -> list[str]:
    return [p.read_text() for p in home.store.rglob("*") if p.is_file() and not p.is_symlink() and p.stat().st_size]


def test_an_arrival_is_kept_by_its_check_and_not_before(arrived: Home) -> None:
    assert _kept(arrived) == []
    assert _check(arrived) == {"1.csv": "checked", "2.csv": "refused"}
    assert _kept(arrived) == ["2025-Q3;reported;3"]
    assert _holding(arrived.root, SECRET, "reported;77") == []
    assert not [p for p in arrived.store.rglob("*") if p.is_symlink()]
    assert len(store.list_marked(arrived)) == 1
    # Nothing waits any more, not even under other rules: the bytes are gone for good.
    assert _check(arrived) == {"1.csv": "checked", "2.csv": "refused"}
    with pytest.raises(store.StoreError, match="names persons"):
        store.get_bytes(arrived, store.list_marked(arrived)[0])


@pytest.mark.parametrize("step", ["mark_not_kept", "keep_pointed", "drop_not_kept"])
def test_a_crash_at_any_step_leaves_no_byte(arrived: Home, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    with monkeypatch.context() as crash:
        crash.setattr(store, step, _crash)
        with pytest.raises(KeyboardInterrupt):
            _check(arrived)
        assert _holding(arrived.root, SECRET, "reported;77") == []
    assert _check(arrived) == {"1.csv": "checked", "2.csv": "refused"}
    assert _kept(arrived) == ["2025-Q3;reported;3"]
    assert not [p for p in arrived.store.rglob("*") if p.is_symlink()]


def test_a_crash_of_the_ledger_leaves_no_byte(arrived: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as crash:
        crash.setattr(intake, "record_check_many", _crash)
        with pytest.raises(KeyboardInterrupt):
            _check(arrived)
    assert _holding(arrived.root, SECRET, "reported;77") == []
    assert _check(arrived) == {"1.csv": "checked", "2.csv": "refused"}


def test_what_newer_rules_find_in_a_stored_draft_is_removed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    check_fakes.install_fakes(monkeypatch)
    engine = open_ledger(home)
    sha256 = store.put_bytes(home, SECRET.encode())
    intake.record_arrival(engine, Arrival(sha256, len(SECRET), "old.csv", "office", time_at(0), demonstration=True))
    assert _check(home) == {"old.csv": "refused"}
    assert _kept(home) == []
    assert store.put_bytes(home, SECRET.encode()) == sha256  # taken in again under rules that find nothing
    assert store.list_marked(home) == []


def _crash(*_: object) -> None:
    raise KeyboardInterrupt


def test_the_report_of_such_a_file_does_not_quote_it() -> None:
    report = check_file(_with_persons(JMBG), "r.csv", registry=load())
    assert (report.verdict, report.blocks, report.totals) == ("error", (), ())
    assert JMBG not in repr(report.as_json())
