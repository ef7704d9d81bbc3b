"""The memory of compared facts files: it finds what a full comparison finds, and reads only what has changed."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from pipelines.core import file_states
from pipelines.core.home import Home
from pipelines.ledger import checked_facts, export, fact_digests
from pipelines.refresh import build_counts, integrity
from pipelines.warehouse import dbt
from tests.support.fakes.ledger_fakes import home_and_ledger, make_accepted_submission

Ledger = tuple[Home, sa.Engine, list[Path]]
_RETURNS = 4


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """A ledger with four accepted returns, whose files count as settled at once."""
    monkeypatch.setattr(file_states, "SETTLED_SECONDS", -1.0)
    home, engine = home_and_ledger(tmp_path)
    ids = [
        make_accepted_submission(home, engine, f"{day}.csv", {("2025-Q4", "reported"): day}, days=day)
        for day in range(1, _RETURNS + 1)
    ]
    yield home, engine, [home.facts / "observation" / f"{identity}.parquet" for identity in ids]
    engine.dispose()


def count_reads(monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]) -> int:
    """Return how many facts files a piece of work reads."""
    compare, reads = fact_digests._compare_fact_file, []

    def note_read(path: Path, *arguments: object, **more: object) -> object:
        reads.append(path)
        return compare(path, *arguments, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(fact_digests, "_compare_fact_file", note_read)
        work()
    return len(reads)


def test_only_changed_and_new_files_are_read_again(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    home, engine, paths = ledger

    def check_changes() -> None:
        assert integrity.check_facts(home, engine, only_changes=True) == []

    assert [count_reads(monkeypatch, check_changes) for _ in range(2)] == [_RETURNS, 0]
    shutil.copyfile(paths[0], paths[0].with_suffix(".new"))
    paths[0].with_suffix(".new").replace(paths[0])
    make_accepted_submission(home, engine, "late.csv", {("2026-Q1", "reported"): 9}, days=9)
    assert [count_reads(monkeypatch, check_changes) for _ in range(2)] == [2, 0]
    assert count_reads(monkeypatch, lambda: integrity.check_facts(home, engine)) == _RETURNS + 1


def test_file_that_was_changed_a_moment_ago_is_not_remembered(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    home, engine, _ = ledger
    monkeypatch.setattr(file_states, "SETTLED_SECONDS", 60.0)
    for _ in range(2):
        assert count_reads(monkeypatch, lambda: integrity.check_facts(home, engine, only_changes=True)) == _RETURNS


def test_lost_file_is_found_right_after_all_files_were_written_again(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Remember all files, and then none, because each was written a moment ago, as in a home that was just restored."""
    home, engine, paths = ledger
    assert integrity.check_facts(home, engine, only_changes=True) == []
    monkeypatch.setattr(file_states, "SETTLED_SECONDS", 60.0)
    for path in paths:
        path.touch()
    assert integrity.check_facts(home, engine, only_changes=True) == []
    checked = checked_facts.read_checked(home)
    assert checked is not None
    assert (checked.lines, checked.again) == (frozenset(), {path.stem for path in paths})
    paths[0].unlink()
    assert [damage.file for damage in integrity.check_facts(home, engine, only_changes=True)] == [paths[0]]


def _overwrite_quietly(path: Path) -> None:
    """Change one bit in place, and set the time of modification back."""
    status = path.stat()
    with path.open("r+b") as file:
        first = file.read(1)
        file.seek(0)
        file.write(bytes([first[0] ^ 1]))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _add_file(path: Path) -> None:
    shutil.copyfile(path, path.parent.with_name("case_event") / path.name)


def _exchange(path: Path) -> None:
    facts_files = sorted(path.parent.glob("S*.parquet"))
    if len(facts_files) > 1:
        shutil.copyfile(facts_files[facts_files.index(path) - 1], path)


EDITS: tuple[Callable[[Path], object], ...] = (
    _overwrite_quietly, _add_file, _exchange, Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:50]),
)  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_changes_are_the_damage_that_a_full_comparison_finds(ledger: Ledger, seed: int) -> None:
    home, engine, paths = ledger
    chance = random.Random(seed)
    good = {path: path.read_bytes() for path in paths}
    n_damaged = 0
    for _ in range(12):
        path = chance.choice(paths)
        if chance.random() < 0.4 or not path.exists():
            path.write_bytes(good[path])
            (path.parent.with_name("case_event") / path.name).unlink(missing_ok=True)
        else:
            chance.choice(EDITS)(path)
        damage = integrity.check_facts(home, engine, only_changes=True)
        assert damage == integrity.check_facts(home, engine)
        n_damaged += len(damage)
    assert n_damaged


@pytest.mark.parametrize("memory", [b"", b"\xff\xfe", b"observation/S0 nothing", None])
def test_lost_or_torn_memory_costs_only_another_comparison(
    ledger: Ledger, memory: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, engine, _ = ledger
    integrity.check_facts(home, engine, only_changes=True)
    path = checked_facts.memory_path(home)
    path.unlink()
    if memory is not None:
        path.write_bytes(memory)
    assert count_reads(monkeypatch, lambda: integrity.check_facts(home, engine, only_changes=True)) == _RETURNS


def test_build_from_nothing_reads_all_facts_again(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    home, engine, paths = ledger
    export.export_ledger(engine, home.gathered)
    days = pl.DataFrame(schema={"deadline": pl.Date, "final_on": pl.Date})
    days.write_parquet(home.gathered / "calendar.parquet")
    integrity.check_facts(home, engine, only_changes=True)
    monkeypatch.setattr(dbt, "build_counts", lambda _home, **_options: home.warehouse / "counts-000001.duckdb")
    assert count_reads(monkeypatch, lambda: build_counts(home)) == _RETURNS
    paths[0].write_bytes(b"")
    with pytest.raises(integrity.IntegrityError, match=paths[0].stem):
        build_counts(home)
    monkeypatch.setattr(dbt, "extends_last_build", lambda _home: True)
    assert count_reads(monkeypatch, lambda: build_counts(home)) == 0
