"""Uploads to the API of a running service: twenty accounts at once, and one large workbook.

They include everything that a person waits for: the request, the check against the history, the store, the ledger,
and the answer.
"""

from __future__ import annotations

import json
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median, quantiles

from benchmarks import homes, measuring, workbook
from benchmarks.registry import Figure, Setting, register_benchmark

TOGETHER = 15.0
ANSWERED = 5.0
"""Seconds, from the issue: everybody's answer of twenty at once, and the answer to one large workbook."""


@register_benchmark("uploading", "uploads to the running service: 20 accounts at once, one large workbook")
def measure_uploads(setting: Setting) -> Iterator[Figure]:
    """Measure a warm service on a copy of the demonstration's home."""
    from tests.support.service import running

    folder = setting.scratch / "uploading"
    folder.mkdir()
    home = folder / "home"
    shutil.copytree(homes.build_home(setting, 1).home, home, symlinks=True)
    environment = {"RTI_NOW": measuring.NOW, "RTI_TERRITORIES": str(_declare_territory(folder / "territories"))}
    with running.run_service(home, folder, environment=environment) as service:
        running.warm_service(service)
        before = service.measure_memory()
        walls, each = [], []
        for number in range(setting.repetitions):
            times = _time_simultaneous_uploads(service, number)
            walls.append(max(times))
            each += times
        after = service.measure_memory()
        large = _time_large_uploads(service, folder / "benchmark.xlsx", max(5, 2 * setting.repetitions))
    floor = measuring.run_module(__name__, str(setting.repetitions), environment=environment).last_json()
    people = len(running.SENDERS)
    yield Figure(
        f"{people} at once, all answered",
        median(walls),
        "s",
        floor["twenty"],
        "the same checks in process, one by one",
        note=f"slowest of {people} in each of {setting.repetitions} rounds",
    )
    yield Figure(f"{people} at once, p50 a person", median(each), "s")
    p95 = _p95(each)
    yield Figure(f"{people} at once, p95 a person", p95, "s", target="≤ 15 s", reached=p95 <= TOGETHER)
    yield Figure("memory of the service afterwards", after, "MB", before, "before them")
    p95 = _p95(large)
    yield Figure(
        f"{workbook.CELLS:,} cells, p95", p95, "s", floor["large"], "the same check in process", "≤ 5 s",
        p95 <= ANSWERED,
    )  # fmt: skip


def _declare_territory(folder: Path) -> Path:
    """Declare the workbook's invented territory as one whose returns are stored."""
    workbook.declare_territory(folder)
    path = folder / "ZX" / "territory.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("kind: training", "kind: national"), encoding="utf-8")
    return folder


def _find_newest_returns() -> Mapping[str, Path]:
    from tests.support.service import running

    return {account: running.find_newest_return(account) for account in running.SENDERS}


def _vary_bytes(account: str, path: Path, number: int) -> bytes:
    from tests.support.service import running

    return running.make_variant(path, number + (50 if account == "sender" else 0))


def _time_simultaneous_uploads(service: object, number: int) -> list[float]:
    from tests.support.service import running

    assert isinstance(service, running.Service)
    files = _find_newest_returns()
    clients = {account: service.open_client(account) for account in files}
    data = {account: _vary_bytes(account, path, number) for account, path in files.items()}
    times: list[float] = []
    start = threading.Barrier(len(files))

    def upload_return(account: str) -> None:
        start.wait()
        began = time.perf_counter()
        if running.upload_file(clients[account], data[account], files[account].name).status_code == 201:
            times.append(time.perf_counter() - began)

    threads = [threading.Thread(target=upload_return, args=(account,)) for account in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in clients.values():
        client.close()
    if len(times) != len(files):
        raise SystemExit(f"{len(files) - len(times)} of {len(files)} were not answered")
    return times


def _time_large_uploads(service: object, file: Path, times: int) -> list[float]:
    from tests.support.service import running

    assert isinstance(service, running.Service)
    workbook.write_workbook(file)
    durations = []
    with service.open_client("sender") as client:
        for number in range(times):
            data = running.make_variant(file, number)
            began = time.perf_counter()
            answer = running.upload_file(client, data, file.name)
            durations.append(time.perf_counter() - began)
            if answer.status_code != 201 or answer.json()["report"]["observations"] != workbook.CELLS:
                raise SystemExit(f"the workbook was not accepted whole: {answer.text[:300]}")
    return durations


def _p95(values: list[float]) -> float:
    return quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]


def main(rounds: int) -> None:
    """Measure the floor in a process of its own: the same checks one after another, and those of the workbook."""
    import tempfile

    from pipelines.declarations.registry import load
    from pipelines.submissions.checking.check import check_file, warm_up

    registry = load()
    warm_up(registry)
    files = _find_newest_returns()
    twenty = [
        measuring.median_seconds(
            lambda number=number: [  # type: ignore[misc]
                check_file(_vary_bytes(account, path, number), path.name, registry=registry)
                for account, path in files.items()
            ],
            1,
        )
        for number in range(rounds)
    ]
    with tempfile.TemporaryDirectory() as folder:
        file = workbook.write_workbook(Path(folder) / "benchmark.xlsx")
        data = file.read_bytes()
        large = [
            measuring.median_seconds(lambda: check_file(data, file.name, registry=registry), 1)
            for _ in range(max(5, rounds))
        ]
    print(json.dumps({"twenty": median(twenty), "large": _p95(large)}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
