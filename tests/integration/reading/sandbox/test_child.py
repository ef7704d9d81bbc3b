"""Reading in a child process: limits hold, a dead child costs one file, and no dangerous result is accepted."""

from __future__ import annotations

import os
import pickle
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipelines.model.content import Grid, ReadError, SourceCell, SourceTable, Where
from pipelines.reading.sandbox import landlock, wire
from pipelines.reading.sandbox.child import Job
from pipelines.reading.sandbox.forking import ForkingLauncher
from pipelines.reading.sandbox.isolation import measure_isolation
from pipelines.reading.sandbox.launchers import read_in_child
from pipelines.reading.sandbox.pool import ChildPool
from tests.support.misbehaving_jobs import Payload, run_misbehaving_job
from tests.support.paths import ROOT


@pytest.fixture(scope="module")
def pool() -> Iterator[ChildPool[str, object]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RTI_TEST_KEPT", "kept")
        patch.setenv("SECRET_TEST", "dropped")
        patch.setenv("RTI_TOKEN", "dropped")
        patch.setenv("RTI_TOKEN_FILE", "dropped")
        with ChildPool(run_misbehaving_job, timeout=10.0, preload=()) as child_pool:
            yield child_pool


@pytest.fixture(scope="module")
def impatient() -> Iterator[ChildPool[str, object]]:
    with ChildPool(run_misbehaving_job, timeout=1.5, cpu_seconds=1, preload=()) as child_pool:
        list(child_pool.map_jobs([(0, "x"), (1, "x")]))
        yield child_pool


def _run_job(pool: ChildPool[str, object], job: str) -> object:
    return next(result for _, result in pool.map_jobs([(0, job)]))


@pytest.mark.parametrize(
    ("job", "words"),
    [
        ("crash", "SIGABRT"),
        ("exit", "code 3"),
        ("evil", "could not be taken"),
    ],
)
def test_child_that_dies_gives_a_refusal_with_its_reason(pool: ChildPool[str, object], job: str, words: str) -> None:
    result = _run_job(pool, job)
    assert isinstance(result, ReadError) and result.rule == "read.child_died"
    assert words in str(result.params["reason"])
    assert _run_job(pool, "next") == "next"


def test_a_file_that_takes_too_long_is_stopped(impatient: ChildPool[str, object]) -> None:
    result = _run_job(impatient, "sleep")
    assert isinstance(result, ReadError) and (result.rule, result.params) == ("read.no_time", {"seconds": "1.5"})


def test_processor_time_is_limited_for_each_file(impatient: ChildPool[str, object]) -> None:
    child = impatient.launcher.start_child()
    result = child.run_job("spin", 30.0)
    assert isinstance(result, ReadError) and (result.rule, result.params["seconds"]) == ("read.too_slow", 1)
    assert 0.9 < child.used < 1.5 and not child.reusable
    child.close()


def test_file_whose_size_allows_more_may_use_more() -> None:
    with ChildPool(run_misbehaving_job, cpu_seconds=0.2, preload=()) as strict:
        child = strict.launcher.start_child()
        assert child.run_job("earn", 30.0) == "earn"
        result = child.run_job("work", 30.0)
        assert isinstance(result, ReadError) and result.rule == "read.too_slow"
        child.close()


@pytest.mark.sampled(turn=6)
def test_child_that_ignores_signals_is_ended_by_the_system(impatient: ChildPool[str, object]) -> None:
    child = impatient.launcher.start_child()
    result = child.run_job("spin in C", 30.0)
    assert isinstance(result, ReadError) and "processor time" in str(result.params["reason"])
    assert 1 < child.used < 5
    child.close()


@pytest.mark.sampled(turn=2)
def test_processor_time_is_counted_for_each_job(impatient: ChildPool[str, object]) -> None:
    child = impatient.launcher.start_child()
    used = []
    for _ in range(3):
        assert child.run_job("work", 30.0) == "work"
        used.append(child.used)
    assert all(0.35 < seconds < 0.9 for seconds in used), used
    child.close()


def test_memory_network_and_disk_are_limited(pool: ChildPool[str, object]) -> None:
    memory = _run_job(pool, "memory")
    assert isinstance(memory, ReadError) and memory.rule == "read.out_of_memory"
    assert _run_job(pool, "connect") in ("PermissionError", "OSError")
    assert _run_job(pool, "folder") == []
    assert _run_job(pool, "write") == "OSError"
    assert _run_job(pool, "environment") == ["kept", None, None, None]


def test_child_reaches_no_file_of_a_home_and_no_other_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The rules are the kernel's, so that they hold for libraries in C as well: Python stops nothing here.
    if not landlock.find_version():
        pytest.skip("this system has no Landlock: rti doctor warns of that in a real home")
    (tmp_path / "ledger").write_bytes(b"restricted")
    monkeypatch.setenv("RTI_TEST_HOME", str(tmp_path))
    monkeypatch.setenv("RTI_TEST_PROCESS", str(os.getpid()))
    with ChildPool(run_misbehaving_job, preload=()) as confined:
        outcomes = _run_job(confined, "outside")
    assert isinstance(outcomes, dict)
    allowed = {"own file", "module", "time zone"}
    since_version_6 = {"signal"} if landlock.find_version() < 6 else set()
    assert {name for name, outcome in outcomes.items() if outcome == "reached"} == allowed | since_version_6, outcomes
    assert {outcome for outcome in outcomes.values() if outcome != "reached"} <= {"PermissionError", "OSError"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ledger"]
    assert (tmp_path / "ledger").read_bytes() == b"restricted"


def test_child_reads_declarations_outside_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ledger").write_bytes(b"declared")
    monkeypatch.setenv("RTI_TEST_HOME", str(tmp_path))
    monkeypatch.setenv("RTI_TEST_PROCESS", str(os.getpid()))
    monkeypatch.setenv("RTI_TERRITORIES", str(tmp_path))
    with ChildPool(run_misbehaving_job, preload=()) as confined:
        outcomes = _run_job(confined, "outside")
    assert isinstance(outcomes, dict)
    assert (outcomes["read"], outcomes["list"]) == ("reached", "reached")
    if landlock.find_version():
        assert outcomes["write"] == "PermissionError"


def test_paths_of_the_program_have_no_home_in_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package, home = tmp_path / "package", tmp_path / "data"
    for folder in (package, home / "restricted"):
        folder.mkdir(parents=True)
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    paths = landlock.list_program_paths()
    assert package.resolve() in paths
    assert not any(home.resolve().is_relative_to(path.resolve()) for path in paths)


def test_linked_packages_may_be_read_where_they_lead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Link packages as uv does with `--link-mode symlink`."""
    site, cache = tmp_path / "environment" / "site-packages", tmp_path / "cache" / "polars"
    for folder in (site / "pipelines", cache):
        folder.mkdir(parents=True)
    (site / "polars").symlink_to(cache)
    (site / "lost").symlink_to(tmp_path / "removed")
    monkeypatch.setattr(landlock.sysconfig, "get_path", lambda name: str(site))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "environment"))
    paths = landlock.list_program_paths()
    assert {site, tmp_path / "environment", cache} <= set(paths) and tmp_path / "cache" not in paths
    (tmp_path / "own").mkdir()
    program = (
        "import pathlib, sys; from pipelines.reading.sandbox import landlock; "
        "own, listed, *readable = map(pathlib.Path, sys.argv[1:]); "
        "landlock.restrict_files(readable, own); print(len(list(listed.iterdir())))"
    )
    if landlock.find_version():
        arguments = [str(tmp_path / "own"), str(site / "polars"), *map(str, paths)]
        listed = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, cwd=ROOT)
        assert listed.stdout == "0\n", listed.stderr


def test_launcher_names_the_isolation_that_its_children_have(pool: ChildPool[str, object]) -> None:
    """Print which of the two it is, since the system that runs the test decides that."""
    interfaces = _run_job(pool, "interfaces")
    assert isinstance(pool.launcher, ForkingLauncher)
    assert pool.launcher.isolation == measure_isolation()
    print(f"files are read in processes with the isolation {pool.launcher.isolation}, which see {interfaces}")
    own_interfaces = sorted(name for _, name in socket.if_nameindex())
    if pool.launcher.isolation in ("full", "network"):
        assert interfaces == ["lo"], "the network namespace has an interface to the outside"
    else:
        assert interfaces == own_interfaces, "a child of the weaker isolation sees other interfaces"


_FORBID_NAMESPACES = (
    'echo 0 > /proc/sys/user/max_user_namespaces && echo 0 > /proc/sys/user/max_net_namespaces && exec "$@"'
)
"""Command of a shell in a namespace of its own, in which these limits hold for its processes alone."""


def test_isolation_without_namespaces_is_named_as_the_weaker_one() -> None:
    forbidden = ("unshare", "--user", "--map-root-user", "sh", "-c", _FORBID_NAMESPACES, "sh")
    if subprocess.run((*forbidden, "true"), capture_output=True, check=False).returncode:
        pytest.skip("this system allows no namespaces, so that the other tests see the weaker isolation")
    code = (
        "from pipelines.reading.sandbox.isolation import measure_isolation; "
        "from pipelines.reading.sandbox.pool import ChildPool; "
        "from tests.support.misbehaving_jobs import run_misbehaving_job; "
        "pool = ChildPool(run_misbehaving_job, preload=()); "
        "print(measure_isolation(), [result for _, result in pool.map_jobs([(0, 'connect')])], pool.launcher.isolation)"
    )
    answer = subprocess.run(
        (*forbidden, sys.executable, "-c", code), cwd=ROOT, capture_output=True, text=True, check=True
    )
    weaker = "files" if landlock.find_version() else "python"
    assert answer.stdout.strip() == f"{weaker} ['PermissionError'] {weaker}"


def test_errors_are_returned_without_the_text_of_the_file(pool: ChildPool[str, object]) -> None:
    failed = _run_job(pool, "fail")
    assert isinstance(failed, ReadError) and failed.rule == "read.reader_failed" and "Petar" not in str(failed)
    refused = _run_job(pool, "refuse")
    assert isinstance(refused, ReadError)
    assert (refused.rule, refused.where.line, refused.params) == ("read.empty", 3, {"a": 1})


def test_a_batch_loses_only_the_files_that_kill_their_child(pool: ChildPool[str, object]) -> None:
    jobs = [(n, "crash" if n % 7 == 3 else f"job {n}") for n in range(30)]
    results = dict(pool.map_jobs(jobs))
    assert len(results) == 30
    assert {n for n, result in results.items() if isinstance(result, ReadError)} == {3, 10, 17, 24}


def test_children_are_reused_and_replaced_after_their_limit_of_files() -> None:
    with ChildPool(run_misbehaving_job, workers=1, recycle_after=3, preload=()) as small:
        pids = [result for _, result in small.map_jobs((n, "pid") for n in range(7))]
    assert len(set(pids[:3])) == 1 and len(set(pids)) == 3


def test_jobs_are_started_only_when_children_are_free(pool: ChildPool[str, object]) -> None:
    started = []

    def make_jobs() -> Iterator[tuple[int, str]]:
        for n in range(10):
            started.append(n)
            yield n, "x"

    results = pool.map_jobs(make_jobs())
    next(results)
    assert len(started) <= 4
    assert len(list(results)) == 9


def test_slow_consumer_does_not_lose_finished_results(impatient: ChildPool[str, object]) -> None:
    results = impatient.map_jobs([(n, "x") for n in range(4)])
    all_results = [next(results)]
    time.sleep(1.6)  # longer than a job may take
    all_results.extend(results)
    assert [result for _, result in all_results] == ["x"] * 4


def test_read_in_child_gives_the_result_of_read_from_any_thread() -> None:
    data = "Žene;1\nMuškarci;2\n".encode("cp1250")
    results: list[object] = []
    threads = [
        threading.Thread(target=lambda: results.append(read_in_child(data, "a.csv", encodings=("windows-1250",))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert all(isinstance(grid, Grid) and grid.tables[0].cells[0].text == "Žene" for grid in results)
    with pytest.raises(ReadError) as refusal:
        read_in_child(b"", "a.csv")
    assert refusal.value.rule == "read.empty"


def test_read_many_keeps_keys() -> None:
    with ChildPool() as readers:
        results = dict(readers.read_many([Job("good", b"a;b\n1;2\n"), Job("bad", b"")]))
    assert isinstance(results["good"], Grid) and isinstance(results["bad"], ReadError)


def test_a_function_that_a_child_cannot_import_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="top level"):
        ChildPool(lambda job: job)


def test_results_are_unpickled_with_an_allow_list() -> None:
    grid = Grid("csv", (SourceTable("t", (SourceCell(1, 1, "a", "a", Where(line=1)),)),))
    assert wire.load(wire.dump_value(grid), ("pipelines",)) == grid
    for bad in (Payload(), os.getcwd, threading.Thread):
        with pytest.raises(pickle.UnpicklingError):
            wire.load(pickle.dumps(bad), ("pipelines", "tests"))


def test_frame_is_packed_and_unpacked_unchanged() -> None:
    schema = {"a": pl.String, "n": pl.Float64, "d": pl.Date, "b": pl.Boolean}
    rows = [("Skoplje", None, date(2026, 7, 1), True), (None, 1.5, None, False)]
    for frame in (pl.DataFrame(rows * 5_000, schema, orient="row"), pl.DataFrame(schema=schema)):
        packed = wire.dump_value(("ok", frame))
        unpacked = wire.load(packed, ("pipelines", "polars"))[1]
        assert unpacked.equals(frame) and unpacked.schema == frame.schema
        assert len(packed) < max(5_000, len(pickle.dumps(frame)) // 10)


def test_damaged_frame_is_refused() -> None:
    packed = wire.dump_value(("ok", pl.DataFrame({"a": ["x" * 99]})))
    broken = packed.replace(b"ARROW1", b"ARROW9")
    assert broken != packed
    with pytest.raises(pickle.UnpicklingError, match="unpacked"):
        wire.load(broken, ("pipelines", "polars"))
