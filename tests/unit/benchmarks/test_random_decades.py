"""Random decades: both editions, what differs between them, and outcomes that are kept from an interrupted run."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from benchmarks import random_decades
from benchmarks.registry import Setting
from pipelines.core import codes
from pipelines.publication.disclosure import protect

SEED = 1


@pytest.fixture(scope="module")
def editions() -> tuple[pl.DataFrame, pl.DataFrame]:
    return random_decades.build_editions(SEED, random_decades.SMALL)


def test_decade_has_every_kind_of_structure(editions: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    before, now = editions
    assert set(now["offence_group"]) == {"TIP", "SOM"}
    assert set(now["area_kind"]) == {"territory", "jurisdiction", "region"}
    assert set(now["freq"]) == {"Q", "A", "P3", "P5"}
    assert set(now["statistic"]) == {"count", "start", "end"}
    assert {"case", "person", "victim"} == set(now["count_unit"])
    assert now.n_unique(list(codes.CELL_KEY)) == now.height
    newest = str(random_decades.YEARS[-1])
    assert newest in set(now["period"])
    assert newest not in set(before["period"])


def test_earlier_edition_lacks_a_late_territory_and_corrected_persons(
    editions: tuple[pl.DataFrame, pl.DataFrame],
) -> None:
    before, now = editions
    year = str(random_decades.YEARS[-2])
    reporters = [
        set(cells.filter(area_kind="territory", period=year, measure="adjudicated_first")["area"])
        for cells in (before, now)
    ]
    assert len(reporters[1] - reporters[0]) == 1
    matched = now.join(before.select(*codes.CELL_KEY, "reporters", then="value"), on=[*codes.CELL_KEY, "reporters"])
    added = (matched["value"] - matched["then"]).filter(matched["value"] != matched["then"])
    assert added.min() > 0  # type: ignore[operator]
    assert added.max() < 3 * random_decades.MOST_CORRECTED  # type: ignore[operator]


def test_same_seed_gives_the_same_decade(editions: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    again = random_decades.build_editions(SEED, random_decades.SMALL)
    assert all(first.equals(second) for first, second in zip(editions, again, strict=True))


def test_interrupted_run_goes_on_where_it_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    protected: list[int] = []

    def protect_decade(seed: int, _territories: object) -> dict[str, float]:
        if seed == 2 and not protected.count(2):
            protected.append(seed)
            raise KeyboardInterrupt
        protected.append(seed)
        return {"seed": seed, **dict.fromkeys(random_decades._COUNTED, int(seed == 1)), "processor": 1.0}

    monkeypatch.setattr(random_decades, "protect_decade", protect_decade)
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    setting = Setting(tmp_path, 1, (1,), 3, tmp_path / "outcomes.jsonl")
    with pytest.raises(KeyboardInterrupt):
        list(random_decades.measure_random_decades(setting))
    figures = {figure.name: figure for figure in random_decades.measure_random_decades(setting)}
    assert protected == [0, 1, 2, 2]
    assert figures["disclosed, 3 decades"].value == 1
    assert figures["disclosed, 3 decades"].reached is False
    guessed = figures["open to a guess that a correction closes a balance, 3 decades"]
    assert (guessed.value, guessed.reached) == (1, None)
    lines = [json.loads(line) for line in (tmp_path / "outcomes.jsonl").read_text().splitlines()]
    assert [line["seed"] for line in lines] == [0, 1, 2]
    monkeypatch.setattr(protect, "digest_code", lambda: "changed")
    list(random_decades.measure_random_decades(setting))
    assert protected[4:] == [0, 1, 2]
