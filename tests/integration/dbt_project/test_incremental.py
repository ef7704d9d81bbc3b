"""A warehouse built return by return equals one built at once."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.core import clock
from pipelines.core.home import Home, initialise_home, open_home
from pipelines.warehouse import count_builds, dbt, dbt_runner, fact_batches
from pipelines.warehouse.dbt_runner import WarehouseError
from tests.support.kept_builds import build_kept
from tests.support.warehouse.dbt_facts import World, parse_moment
from tests.support.warehouse.made_up_world import NOW, made_up_world

WITHDRAWN_AT = "2026-02-27T10:00:00Z"
StartHome = Callable[[str, World], Home]


@pytest.fixture
def start_home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StartHome]:
    """Return a function that makes a home of a world with its counts, under the frozen clock.

    The build is kept under the given name, so that a world that is drawn with a seed has the seed in its name.
    """

    def copy_started_home(name: str, world: World) -> Home:
        def build_counts_of_world(root: Path) -> None:
            built = initialise_home(root, "demonstration")
            world.write_files(built)
            dbt.build_counts(built)

        shutil.copytree(build_kept(request, name, build_counts_of_world), tmp_path / "home", symlinks=True)
        return open_home(tmp_path / "home")

    with clock.freeze_time(parse_moment(NOW)):
        yield copy_started_home


def build_from_nothing(home: Home) -> dict[str, list[str]]:
    """Build all counts at once and return their rows. Their data are not tested again: they are only compared."""
    return read_all_rows(dbt.build_counts(home, full_refresh=True, with_tests=False))


def read_all_rows(path: Path) -> dict[str, list[str]]:
    """Read all rows of all tables as sorted text."""
    with duckdb.connect(str(path), read_only=True) as connection:
        names = [r[0] for r in connection.execute("select table_name from duckdb_tables() order by 1").fetchall()]
        return {n: sorted(map(str, connection.execute(f'select * from "{n}"').fetchall())) for n in names}


def select_part(world: World, submissions: set[str]) -> World:
    """Return the same world with only some of its returns."""
    return World(
        territories=world.territories,
        jurisdictions=world.jurisdictions,
        forms=world.forms,
        calendar=world.calendar,
        counting_rules=world.counting_rules,
        counts_sources=world.counts_sources,
        populations=world.populations,
        submissions=[s for s in world.submissions if s["submission_id"] in submissions],
        blocks=[b for b in world.blocks if b["submission_id"] in submissions],
        observations={k: v for k, v in world.observations.items() if k in submissions},
        events={k: v for k, v in world.events.items() if k in submissions},
    )


def withdraw_randomly(world: World, chance: random.Random) -> World:
    """Return the world with a tenth of the returns that count withdrawn."""
    replaced = {block["submission_id"] for block in world.blocks if block["superseded_at"]}
    counting = sorted({block["submission_id"] for block in world.blocks} - replaced)
    withdrawn = set(chance.sample(counting, len(counting) // 10))
    changed = select_part(world, {s["submission_id"] for s in world.submissions})
    changed.blocks = [
        {**block, "superseded_at": WITHDRAWN_AT} if block["submission_id"] in withdrawn else block
        for block in world.blocks
    ]
    return changed


@pytest.mark.sampled(turn=4)
@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3, 4))])
def test_incremental_builds_equal_a_full_build(
    start_home: StartHome, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Read returns in a random order, a third first; then the rest, corrections among them, and withdraw some."""
    world, chance = made_up_world(), random.Random(seed)
    everything = [s["submission_id"] for s in world.submissions]
    chance.shuffle(everything)
    third = len(everything) // 3
    home = start_home(f"third-of-made-up-world-{seed}", select_part(world, set(everything[:third])))
    numbers_read: list[int] = []
    files = dbt.fact_files

    def record_fact_files(*arguments: object) -> dict[str, list[str]]:
        selected = files(*arguments)  # type: ignore[arg-type]
        numbers_read.append(len(selected["facts.observation"]) - 1)  # the first is the empty file that has the columns
        return selected

    monkeypatch.setattr(dbt, "fact_files", record_fact_files)
    assert dbt.fact_files(home, None) and numbers_read == [third]
    world = withdraw_randomly(world, chance)
    world.write_files(home)
    grown = read_all_rows(dbt.build_counts(home))
    assert numbers_read == [third, len(everything) - third]
    assert grown == build_from_nothing(home)
    assert any(block["superseded_at"] == WITHDRAWN_AT for block in world.blocks)


@pytest.mark.sampled(turn=6)
def test_facts_in_batches_give_the_same_build(start_home: StartHome, monkeypatch: pytest.MonkeyPatch) -> None:
    """Insert returns of a first and a later build, and rows of long lists, in batches, and compare all rows."""
    world = made_up_world()
    everything = sorted(s["submission_id"] for s in world.submissions)
    home = start_home("all-of-made-up-world", world)
    whole = read_all_rows(dbt.latest_counts(home) or home.root)
    note = count_builds.read_build_note(dbt.latest_counts(home) or home.root)
    batches: list[int] = []
    split = fact_batches.split_files

    def split_small(of_home: Home, files: fact_batches.Files) -> list[dict[str, list[str]]]:
        parts = split(of_home, files, fact_batches.FILE_SIZE * len(everything) // 4)
        batches.append(len(parts))
        return parts

    is_alone: list[bool] = []
    create_runner = dbt_runner._create_runner

    def create_noting_runner(manifest: Any) -> Any:
        """Return a runner that notes whether it builds one model after another."""
        runner = create_runner(manifest)
        invoke = runner.invoke

        def note_threads(arguments: list[str]) -> Any:
            is_alone.append("--threads" in arguments)
            return invoke(arguments)

        runner.invoke = note_threads
        return runner

    monkeypatch.setattr(dbt_runner, "_create_runner", create_noting_runner)
    monkeypatch.setattr(fact_batches, "split_files", split_small)
    monkeypatch.setattr(fact_batches, "count_batches", lambda _: 3)
    in_batches = dbt.build_counts(home, full_refresh=True)
    assert len(is_alone) >= 4
    assert all(is_alone)
    assert batches.pop() >= 4
    assert read_all_rows(in_batches) == whole
    noted = count_builds.read_build_note(in_batches)
    assert {test["name"] for test in noted["tests"]} == {test["name"] for test in note["tests"]}
    assert set(noted["seconds"]) == set(note["seconds"])
    shutil.rmtree(home.warehouse)
    select_part(world, set(everything[: len(everything) // 4])).write_files(home)
    with monkeypatch.context() as of_short_history:
        of_short_history.setattr(fact_batches, "count_batches", lambda _: 1)
        is_alone.clear()
        dbt.build_counts(home, with_tests=False)
        assert not any(is_alone)
    world.write_files(home)
    grown = dbt.build_counts(home)
    assert batches[-1] >= 3
    assert read_all_rows(grown) == whole


# ------------------------------------------------------------------------------------- one late or corrected return


KEY = ("jurisdiction", "instrument", "form", "freq", "period")
STEPS = ("late", "correct", "withdraw", "day")
HISTORY = "first-of-history-{seed}"
"""Name of the kept build of the world with which a history begins."""


class History:
    """A world that changes step by step: one return comes late, is corrected or withdrawn, or only days pass."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self.chance = chance
        late = chance.sample(sorted(s["submission_id"] for s in world.submissions), 6)
        self.late = [select_part(world, {identity}) for identity in late]
        self.world = select_part(world, {s["submission_id"] for s in world.submissions} - set(late))
        self.steps = 0

    def name_moment(self) -> str:
        return f"2026-02-{self.steps + 10}T10:00:00Z"

    def choose_current(self) -> dict[str, Any]:
        with_rows = [b for b in self.world.blocks if b["superseded_at"] is None and not b["nil"] and b["rows"]]
        return self.chance.choice(with_rows)

    def take_step(self, step: str) -> None:
        self.steps += 1
        if step == "late" and self.late:
            late = self.late.pop()
            for name in ("submissions", "blocks"):
                getattr(self.world, name).extend(getattr(late, name))
            self.world.observations |= late.observations
            self.world.events |= late.events
        elif step == "correct":
            self.correct_return()
        elif step == "withdraw":
            self.withdraw_return()

    def correct_return(self) -> None:
        """Let a new return with higher figures replace a block of a return that counts."""
        old, moment = self.choose_current(), self.name_moment()
        identity = f"{old['submission_id']}+{self.steps}"
        submission = next(s for s in self.world.submissions if s["submission_id"] == old["submission_id"])
        self.world.submissions.append(
            submission | {"submission_id": identity, "received_at": moment, "accepted_at": moment}
        )
        self.world.blocks.append(old | {"submission_id": identity, "accepted_at": moment})
        old["superseded_at"] = moment
        identifiers = {"submission_id": identity, "origin_submission_id": identity}
        for facts in (self.world.observations, self.world.events):
            rows = [row for row in facts.get(old["submission_id"], []) if is_of_block(row, old)]
            facts[identity] = [row | identifiers | raise_value(row) for row in rows]

    def withdraw_return(self) -> None:
        """Withdraw a block that counts; the one that it had replaced counts again."""
        block, moment = self.choose_current(), self.name_moment()
        block["superseded_at"] = moment
        replaced = [
            b
            for b in self.world.blocks
            if all(b[name] == block[name] for name in KEY) and b["superseded_at"] == block["accepted_at"]
        ]
        self.world.blocks += [b | {"accepted_at": moment, "superseded_at": None} for b in replaced[-1:]]


def is_of_block(row: dict[str, Any], block: dict[str, Any]) -> bool:
    return all(row[name] == block[name] for name in KEY if name in row)


def raise_value(row: dict[str, Any]) -> dict[str, Any]:
    return {"value": row["value"] + 1} if row.get("value") is not None else {}


@pytest.mark.sampled(turn=6)
@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 8))])
def test_late_corrected_and_withdrawn_returns_leave_what_a_full_build_makes(start_home: StartHome, seed: int) -> None:
    """Take every step once, in a random order, with a build on a copy of the last one.

    A build follows each step with the slow seeds, and every second one with the first seed. The tests of the data run
    in the last of them. A full build is compared at the end, and with the slow seeds after three steps as well.
    """
    chance = random.Random(seed)
    history = History(made_up_world(), chance)
    home = start_home(HISTORY.format(seed=seed), history.world)
    steps = [*chance.sample(STEPS, len(STEPS)), "correct"]
    for number, step in enumerate(steps):
        history.take_step(step)
        history.world.write_files(home)
        with clock.freeze_time(clock.now() + timedelta(days=30 * steps[: number + 1].count("day"))):
            is_last = number == len(steps) - 1
            if seed == 1 and number % 2 == 0 and not is_last:
                continue
            built = dbt.build_counts(home, with_tests=is_last)
            if is_last or (seed > 1 and number == 2):
                grown = read_all_rows(built)
                whole = build_from_nothing(home)
                assert [name for name in whole if grown[name] != whole[name]] == [], steps[: number + 1]


@pytest.mark.sampled(turn=1)
def test_build_on_a_copy_keeps_revisions_of_territories_with_the_same_inputs(
    start_home: StartHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plant a wrong figure in the revisions of two territories, and correct a return of one of them."""
    history = History(made_up_world(), random.Random(1))
    home = start_home(HISTORY.format(seed=1), history.world)
    built = dbt.latest_counts(home)
    assert built is not None
    block = history.choose_current()
    corrected = block["jurisdiction"][:2]
    with duckdb.connect(str(built)) as connection:
        territories = {r[0] for r in connection.execute("select distinct territory from int_revision").fetchall()}
        untouched = min(territories - {corrected})
        connection.execute(
            "update int_revision set value = 4711 where territory in (?, ?) and value is not null",
            [untouched, corrected],
        )
    monkeypatch.setattr(history, "choose_current", lambda: block)
    history.take_step("correct")
    history.world.write_files(home)
    with duckdb.connect(str(dbt.build_counts(home, is_start_whole=True)), read_only=True) as connection:
        wrong = connection.execute("select distinct territory from mart_revision where value = 4711").fetchall()
    assert wrong == [(untouched,)]


def test_new_return_with_a_row_twice_fails_its_build(start_home: StartHome) -> None:
    """Rows of returns that the copied build had already are not tested again; those of new ones are."""
    history = History(made_up_world(), random.Random(1))
    home = start_home(HISTORY.format(seed=1), history.world)
    history.late = [late for late in history.late if any(late.observations.values())][:1]
    ((new, rows),) = history.late[0].observations.items()
    history.take_step("late")
    history.world.observations[new] = [*rows, rows[0]]
    history.world.write_files(home)
    with pytest.raises(WarehouseError, match="fct_observation_key"):
        dbt.build_counts(home)
