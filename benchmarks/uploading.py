"""Twenty accounts hand in through the API of a running service at once; and one large workbook through it.

Everything a person waits for is in them: the request, the check beside the history, the store, the ledger, and the
answer.
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
from benchmarks.registry import Figure, Setting, benchmark

TOGETHER = 15.0
ANSWERED = 5.0
"""Seconds, from the issue: everybody's answer of twenty at once, and the answer to one large workbook."""


@benchmark("uploading", "uploads to the running service: 20 accounts at once, one large workbook")
def uploading(setting: Setting) -> Iterator[Figure]:
    """A service that is warm, on a copy of the demonstration's home."""
    from tests.support.service import running

    folder = setting.scratch / "uploading"
    folder.mkdir()
    home = folder / "home"
    shutil.copytree(homes.built(setting, 1).home, home, symlinks=True)
    environment = {"RTI_NOW": measuring.NOW, "RTI_TERRITORIES": str(_declared(folder / "territories"))}
    with running.run_service(home, folder, environment=environment) as service:
        running.warm_service(service)
        before = service.measure_memory()
        walls, each = [], []
        for number in range(setting.repetitions):
            taken = _together(service, number)
            walls.append(max(taken))
            each += taken
        after = service.measure_memory()
        large = _large(service, folder / "benchmark.xlsx", max(5, 2 * setting.repetitions))
    floor = measuring.python(__name__, str(setting.repetitions), environment=environment).last_json()
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


def _declared(folder: Path) -> Path:
    """The made-up territory of the workbook, as one whose returns are kept."""
    workbook.declare(folder)
    path = folder / "ZX" / "territory.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("kind: training", "kind: national"), encoding="utf-8")
    return folder


def _files() -> Mapping[str, Path]:
    from tests.support.service import running

    return {account: running.find_newest_return(account) for account in running.SENDERS}


def _bytes(account: str, path: Path, number: int) -> bytes:
    from tests.support.service import running

    return running.make_variant(path, number + (50 if account == "sender" else 0))


def _together(service: object, number: int) -> list[float]:
    from tests.support.service import running

    assert isinstance(service, running.Service)
    files = _files()
    clients = {account: service.open_client(account) for account in files}
    data = {account: _bytes(account, path, number) for account, path in files.items()}
    taken: list[float] = []
    start = threading.Barrier(len(files))

    def hand_in(account: str) -> None:
        start.wait()
        began = time.perf_counter()
        if running.upload_file(clients[account], data[account], files[account].name).status_code == 201:
            taken.append(time.perf_counter() - began)

    threads = [threading.Thread(target=hand_in, args=(account,)) for account in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in clients.values():
        client.close()
    if len(taken) != len(files):
        raise SystemExit(f"{len(files) - len(taken)} of {len(files)} were not answered")
    return taken


def _large(service: object, file: Path, times: int) -> list[float]:
    from tests.support.service import running

    assert isinstance(service, running.Service)
    workbook.write(file)
    taken = []
    with service.open_client("sender") as client:
        for number in range(times):
            data = running.make_variant(file, number)
            began = time.perf_counter()
            answer = running.upload_file(client, data, file.name)
            taken.append(time.perf_counter() - began)
            if answer.status_code != 201 or answer.json()["report"]["observations"] != workbook.CELLS:
                raise SystemExit(f"the workbook was not taken whole: {answer.text[:300]}")
    return taken


def _p95(values: list[float]) -> float:
    return quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]


def main(rounds: int) -> None:
    """The floor, in a process of its own: the same checks one after another, and those of the workbook."""
    import tempfile

    from pipelines.declarations.registry import load
    from pipelines.submissions.checking.check import check_file, warm_up

    registry = load()
    warm_up(registry)
    files = _files()
    twenty = [
        measuring.seconds(
            lambda number=number: [  # type: ignore[misc]
                check_file(_bytes(account, path, number), path.name, registry=registry)
                for account, path in files.items()
            ],
            1,
        )
        for number in range(rounds)
    ]
    with tempfile.TemporaryDirectory() as folder:
        file = workbook.write(Path(folder) / "benchmark.xlsx")
        data = file.read_bytes()
        large = [
            measuring.seconds(lambda: check_file(data, file.name, registry=registry), 1) for _ in range(max(5, rounds))
        ]
    print(json.dumps({"twenty": median(twenty), "large": _p95(large)}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
