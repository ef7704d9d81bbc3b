"""Tests of the command line: exit codes, standard error, JSON, and the acts on returns from end to end."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pipelines.cli import common, files
from pipelines.cli.main import app, main
from pipelines.core.home import Home
from pipelines.model.content import ReadError, Where
from pipelines.submissions.checking.read_task import ReadResult, Task
from tests.support.fakes import check_fakes
from tests.support.paths import ROOT

SCHEMAS = ROOT / "docs" / "schema"
COMMANDS = (
    *("init", "check", "submit", "nil", "justify", "send", "approve", "give-back", "withdraw", "status"),
    *("refresh", "publish", "rollback", "explain", "serve", "read", "preview", "territories", "import-reference"),
    *("timetable", "metadata", "template", "as-of", "doctor", "restore", "step-worker"),
)


@pytest.fixture(autouse=True)
def _setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    check_fakes.install_fakes(monkeypatch)
    monkeypatch.setattr("pipelines.declarations.registry.load", lambda: check_fakes.REGISTRY)
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RTI_NOW", "2026-02-10T09:00:00Z")
    monkeypatch.delenv("RTI_ACTOR", raising=False)
    monkeypatch.chdir(tmp_path)


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    output, error_output = capsys.readouterr()
    return code, output, error_output


def _json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code, output, _ = _run(capsys, *arguments, "--json")
    return code, json.loads(output)


def _file(name: str, text: str) -> str:
    Path(name).write_text(text)
    return name


# ------------------------------------------------------------------------------------------------------------ commands


def test_every_command_has_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert sorted(c.name or c.callback.__name__ for c in app.registered_commands if c.callback) == sorted(COMMANDS)
    for command in COMMANDS:
        code, output, _ = _run(capsys, command, "--help")
        assert (code, "Usage: rti" in output) == (0, True)
    assert _run(capsys, "--help")[0] == 0
    assert _run(capsys, "--version")[1].startswith("rti ")


def test_every_command_is_documented() -> None:
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    for command in COMMANDS:
        assert f"`rti {command}" in text, command


def test_help_does_not_import_heavy_packages() -> None:
    code = (
        "import sys; from pipelines.cli.main import main; main(['--help']); "
        "heavy = {'polars', 'sqlalchemy', 'alembic', 'dagster', 'pandas', 'duckdb', 'great_expectations', 'pydantic', "
        "'openpyxl', 'streamlit', 'dbt'} & set(sys.modules); sys.exit(str(heavy) if heavy else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["chek"], "No such command 'chek'"),
        (["check"], "Missing argument"),
        (["check", "--nope", "x"], "No such option"),
        (["init", "--kind", "other"], "demonstration"),
        (["status"], "rti init"),
        (["approve", "S1"], "rti init"),
    ],
)
def test_wrong_arguments_exit_with_3_and_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    code, output, error_output = _run(capsys, *arguments)
    assert (code, output) == (3, "")
    assert error_output.startswith("rti: ")
    assert words in error_output
    assert _json(capsys, *arguments)[1]["error"]["exit_code"] == 3


def test_missing_file_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["check", "none.csv"], ["read", "none.csv"], ["preview", "none.csv", "-o", "x.html"]):
        code, output, error_output = _run(capsys, *command)
        assert (code, output) == (2, "")
        assert "there is no file none.csv" in error_output
    assert _run(capsys, "read", ".")[0] == 2


def test_oversized_file_is_refused_before_it_is_read(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "large.px"
    with path.open("wb") as handle:
        handle.truncate(200 * 1024 * 1024)
    read_bytes = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda self: pytest.fail("read") if self == path else read_bytes(self))
    for command in (["check", str(path)], ["read", str(path)], ["preview", str(path), "-o", str(tmp_path / "x.html")]):
        code, output, error_output = _run(capsys, *command)
        assert (code, output) == (2, "")
        assert "has 200 MB; at most 50 MB are taken. Send the tables" in error_output


def test_fault_of_the_program_has_its_own_exit_code(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def raise_runtime_error(*_: object, **__: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr("pipelines.submissions.checking.check.check_many", raise_runtime_error)
    code, _, error_output = _run(capsys, "check", _file("a.csv", "2025-Q4;reported;3"))
    assert code == common.FAULT
    assert "RuntimeError" in error_output


@pytest.mark.parametrize("command", ["check", "submit"])
def test_judgement_is_loaded_while_the_file_is_read(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Load the judgement while a separate process reads the file: a cold command took the sum of both times."""
    began = threading.Event()
    monkeypatch.setattr("expectations.engine.warm_up", began.set)
    read_task = check_fakes.read_task

    def read_after_loading(task: Task) -> ReadResult:
        assert began.wait(60), "the judgement is loaded only after reading"
        return read_task(task)

    monkeypatch.setattr(check_fakes, "read_task", read_after_loading)
    judge = sys.modules["expectations.judge"]
    monkeypatch.setitem(sys.modules, "expectations.judge", judge)  # restored afterwards
    _run(capsys, "init")
    load = common.load_judgement_meanwhile

    def load_cold() -> None:
        del sys.modules["expectations.judge"]
        load()
        sys.modules["expectations.judge"] = judge

    monkeypatch.setattr(
        f"pipelines.cli.{'files' if command == 'check' else command}.load_judgement_meanwhile", load_cold
    )
    code, output, error_output = _run(capsys, command, _file("a.csv", "2025-Q4;reported;3"))
    assert began.is_set(), (code, output, error_output)


def test_closed_output_pipe_is_not_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    code = "import sys; from pipelines.cli.main import main; sys.exit(main(['--help']))"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(120) in (0, 120, 1)
    assert b"Traceback" not in (process.stderr.read() if process.stderr else b"")


# ---------------------------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize(
    ("text", "code", "verdict"),
    [
        ("2025-Q4;reported;3", 0, "good"),
        ("2025-Q4;reported;101", 0, "warning"),
        ("2025-Q4;reported;-1", 1, "error"),
        ("broken", 2, "unreadable"),
    ],
)
def test_check_exit_code_follows_the_verdict(
    capsys: pytest.CaptureFixture[str], text: str, code: int, verdict: str
) -> None:
    name = _file("a.csv", text)
    exit_code, output, error_output = _run(capsys, "check", name)
    assert exit_code == code
    assert output.startswith(f"a.csv: {verdict}")
    assert ("not run" in error_output) == (verdict != "unreadable")
    exit_code, content = _json(capsys, "check", name)
    assert (exit_code, content["verdict"]) == (code, verdict)
    jsonschema.validate(content, json.loads((SCHEMAS / "check-report.json").read_text()))


def test_check_of_several_files_exits_with_the_worst_code(capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = _file("a.csv", "2025-Q4;reported;3"), _file("b.csv", "2025-Q4;reported;-1")
    code, content = _json(capsys, "check", good, bad)
    assert code == 1
    assert [c["verdict"] for c in content] == ["good", "error"]
    assert _run(capsys, "check", good, _file("c.csv", "broken"), bad)[0] == 2


def test_check_shows_place_message_remedy_and_rule(capsys: pytest.CaptureFixture[str]) -> None:
    _, output, _ = _run(capsys, "check", _file("a.csv", "2025-Q4;reported;-1"))
    assert "error  line 1: Reported is -1." in output
    assert "Correct it." in output
    assert "rule test.negative, finding " in output


def test_check_with_an_unknown_form_exits_with_3(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, error_output = _run(capsys, "check", _file("a.csv", "2025-Q4;reported;3"), "--form", "X")
    assert (code, "no form is named X" in error_output) == (3, True)


def test_read_prints_cells_with_their_places(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Read in this process: the child process has its own tests.
    monkeypatch.setattr("pipelines.reading.sandbox.launchers.read_in_child", _read_here)
    name = _file("a.csv", "Дело;Број\nА;12\n")
    code, content = _json(capsys, "read", name)
    assert code == 0
    jsonschema.validate(content, json.loads((SCHEMAS / "read.json").read_text()))
    assert {c["text"] for c in content["tables"][0]["cells"]} == {"Дело", "Број", "А", "12"}
    code, output, _ = _run(capsys, "read", name)
    assert (code, "'Дело'" in output) == (0, True)
    code, _, error_output = _run(capsys, "read", name, "--format", "word")
    assert (code, "no format is named word" in error_output) == (3, True)
    code, _, error_output = _run(capsys, "read", name, "--encoding", "windows-9")
    assert (code, "windows-9" in error_output) == (3, True)


def test_read_of_a_damaged_file_exits_with_2_and_names_the_remedy(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def raise_read_error(*_: object, **__: object) -> None:
        raise ReadError("read.malformed", Where(line=3), format="px", detail="no end")

    monkeypatch.setattr("pipelines.reading.sandbox.launchers.read_in_child", raise_read_error)
    code, output, error_output = _run(capsys, "read", _file("a.px", "x"))
    assert (code, output) == (2, "")
    assert "line 3: The file looks like px" in error_output
    assert "save it again" in error_output


def _read_here(data: bytes, filename: str | None = None, **options: Any) -> Any:
    from pipelines.reading.formats.read import read_content

    return read_content(data, filename, **options)


# ----------------------------------------------------------------------------------------------------------------- acts


def test_return_from_submission_to_withdrawal(capsys: pytest.CaptureFixture[str]) -> None:
    assert _json(capsys, "init")[1]["kind"] == "demonstration"
    assert _run(capsys, "status")[1].startswith("no submission yet")
    code, receipt = _json(capsys, "submit", _file("a.csv", "2025-Q4;reported;101"))
    assert (code, receipt["state"]) == (0, "checked")
    identity = receipt["submission_id"]
    code, _, error_output = _run(capsys, "send", identity)
    assert (code, "without a justification" in error_output) == (3, True)
    code, result = _json(
        capsys, "justify", identity[:8], "--reason", "large_case", "--text", "one case of many persons"
    )
    assert (code, result) == (0, {"submission_id": identity, "state": "sent", "to_justify": 0})
    code, _, error_output = _run(capsys, "approve", identity, "--as", "sender")
    assert (code, "ask a second person" in error_output) == (3, True)
    assert _json(capsys, "approve", identity)[1]["state"] == "approved"
    code, _, error_output = _run(capsys, "approve", identity)
    assert (code, "already been approved" in error_output) == (3, True)
    code, output, _ = _run(capsys, "status", identity)
    assert "approve by approver -> approved" in output
    assert "is justified: large_case" in output
    assert _json(capsys, "status")[1]["submissions"][0]["state"] == "approved"
    assert _run(capsys, "withdraw", identity, "--reason", "because", "--comment", "the wrong year")[0] == 3
    reason = ("--reason", "wrong_return", "--comment", "the wrong year")
    code, _, error_output = _run(capsys, "withdraw", identity, *reason, "--as", "sender")
    assert (code, "ask a second person" in error_output) == (3, True)
    assert _run(capsys, "withdraw", identity, *reason, "--ask", "--override")[0] == 3
    assert _json(capsys, "withdraw", identity, *reason, "--ask")[1]["state"] == "approved"
    assert "ask_withdrawal by sender -> approved (wrong_return): the wrong year" in _run(capsys, "status", identity)[1]
    assert _run(capsys, "withdraw", identity, *reason, "--override", "--as", "approver")[0] == 3
    withdrawn = _json(capsys, "withdraw", identity, "--reason", "wrong_return", "--comment", "the wrong year")
    assert withdrawn[1]["state"] == "withdrawn"
    assert _run(capsys, "status", "--state", "withdrawn")[1].count("a.csv") == 1
    assert _run(capsys, "status", "--state", "gone")[0] == 3


def test_status_names_the_return_that_replaced_another(capsys: pytest.CaptureFixture[str]) -> None:
    _run(capsys, "init")
    first = _json(capsys, "submit", _file("a.csv", "2025-Q4;reported;3"))[1]["submission_id"]
    _run(capsys, "approve", first)
    assert _json(capsys, "status", first)[1]["replaced_by"] == []
    second_command = ("submit", _file("b.csv", "2025-Q4;reported;4"), "--reason", "late_data")
    second = _json(capsys, *second_command)[1]["submission_id"]
    _run(capsys, "approve", second)
    (successor,) = _json(capsys, "status", first)[1]["replaced_by"]
    assert (successor["submission_id"], successor["periods"]) == (second, ["2025-Q4"])
    assert f"replaced by {second} since {successor['since']}: 2025-Q4" in _run(capsys, "status", first)[1]
    rows = {line.split()[0]: line for line in _run(capsys, "status")[1].splitlines()}
    assert second in rows[first] and first not in rows[second]
    replaced_by = {entry["submission_id"]: entry["replaced_by"] for entry in _json(capsys, "status")[1]["submissions"]}
    assert replaced_by == {first: [successor], second: []}


def test_submit_recognises_earlier_files_and_accepts_folders(capsys: pytest.CaptureFixture[str]) -> None:
    _run(capsys, "init")
    Path("in").mkdir()
    _file("in/a.csv", "2025-Q3;reported;3")
    _file("in/b.csv", "2025-Q4;reported;-3")
    _file("in/.hidden", "broken")
    code, receipts = _json(capsys, "submit", "in")
    assert code == 1
    assert [r["state"] for r in receipts] == ["sent", "refused"]
    code, output, _ = _run(capsys, "submit", "in/a.csv")
    assert (code, "this file came before" in output) == (0, True)
    code, output, _ = _run(capsys, "submit", _file("c.csv", "broken"))
    assert (code, "was not kept" in output) == (2, True)
    Path("empty").mkdir()
    assert _run(capsys, "submit", "empty")[0] == 2
    assert _run(capsys, "submit", "in/a.csv", "--corrects", "S9")[0] == 3


@pytest.mark.sampled(turn=7)
def test_nil_return_is_submitted_like_any_return(capsys: pytest.CaptureFixture[str]) -> None:
    _run(capsys, "init", "--kind", "real")
    code, _, error_output = _run(capsys, "nil", "QQ-JUSTICE-1", "2025-Q4")
    assert (code, "sender is not an account" in error_output) == (3, True)
    _run(capsys, "account", "add", "sender", "Office", "--grant", "submitter")
    code, receipt = _json(capsys, "nil", "QQ-JUSTICE-1", "2025-Q4", "--comment", "no case at all")
    assert (code, receipt["state"]) == (0, "sent")
    assert receipt["report"]["blocks"][0]["nil"] is True
    for wrong in (
        ["QQ-JUSTICE-9", "2025-Q4"],
        ["QQ-JUSTICE-1", "2025"],
        ["QQ-JUSTICE-1", "2019-Q4"],
        ["QQ-JUSTICE-1", "x"],
    ):
        assert _run(capsys, "nil", *wrong)[0] == 3


def test_refresh_creates_the_home_when_asked_and_keeps_the_kind_of_an_existing_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    refreshed: list[str] = []

    def note_refresh(home: Home, say: object, even_if_unchanged: bool, by_workers: bool) -> dict[str, Any]:
        assert not by_workers
        refreshed.append(home.kind)
        return {"run": "1", "draft": None, "new": False}

    monkeypatch.setattr("pipelines.operations.run.run_refresh", note_refresh)
    assert _run(capsys, "refresh")[0] == 3 and not refreshed
    code, output, _ = _run(capsys, "refresh", "--init", "real")
    assert (code, output, refreshed) == (0, "draft unchanged\n", ["real"])
    code, _, error_output = _run(capsys, "refresh", "--init", "demonstration")
    assert code == 3 and "is a real home and stays one" in error_output and refreshed == ["real"]


def test_init_keeps_the_kind_of_a_home(capsys: pytest.CaptureFixture[str]) -> None:
    _run(capsys, "init", "--kind", "real")
    code, _, error_output = _run(capsys, "init", "--kind", "demonstration")
    assert (code, "stays one" in error_output) == (3, True)


def test_progress_is_silent_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with common.show_progress(5, "Checking") as tick:
        tick("one")
    assert capsys.readouterr() == ("", "")
    assert files.check.__doc__
