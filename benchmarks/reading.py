"""Reading alone: cells per second of each format, compared with the bare library over the same bytes.

A cell is a cell of a grid or an observation of a cube, as the project's reader counts them; both sides are divided by
that same number. Readers run in this process, without the child process that a return gets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from benchmarks import measuring, workbook
from benchmarks.floors import FLOORS
from benchmarks.registry import Figure, Setting, register_benchmark

MOST = 12
"""Files of a format that are read: the largest ones."""


@register_benchmark("reading", "Reading, cells a second by format")
def measure_reading(setting: Setting) -> Iterator[Figure]:
    """Yield one figure for each format, over the largest files of the demonstration."""
    from pipelines.reading.formats.read import read_content

    files = _group_by_format()
    folder = setting.scratch / "reading"
    folder.mkdir(parents=True, exist_ok=True)
    large = workbook.write_workbook(folder / "benchmark.xlsx").read_bytes()
    for name, (floor_name, floor) in FLOORS.items():
        if contents := files.get(name):
            yield _measure_format(name, contents, read_content, floor_name, floor, setting.repetitions)
    floor_name, floor = FLOORS["xlsx"]
    yield _measure_format("xlsx, one large workbook", [large], read_content, floor_name, floor, setting.repetitions)


def _measure_format(
    name: str,
    files: Sequence[bytes],
    read: Callable[[bytes], object],
    floor_name: str,
    floor: Callable[[bytes], None],
    repetitions: int,
) -> Figure:
    cells = sum(_count_cells(read(data)) for data in files)
    for data in files:
        floor(data)  # warm up: some work of a library happens only once
    reader_seconds = measuring.median_seconds(partial(_apply_to_each, read, files), repetitions)
    floor_seconds = measuring.median_seconds(partial(_apply_to_each, floor, files), repetitions)
    size = sum(map(len, files)) / 1e6
    note = f"{len(files)} files, {size:.2f} MB, {cells:,} cells"
    return Figure(name, cells / reader_seconds, "cells/s", cells / floor_seconds, floor_name, note=note)


def _apply_to_each(work: Callable[[bytes], object], files: Sequence[bytes]) -> None:
    for data in files:
        work(data)


def _count_cells(content: object) -> int:
    from pipelines.model.content import Grid

    if isinstance(content, Grid):
        return sum(len(table.cells) for table in content.tables)
    return len(content.observations)  # type: ignore[attr-defined]


def _group_by_format() -> dict[str, list[bytes]]:
    """Return the largest demonstration files of each format."""
    from pipelines.reading.formats.sniff import sniff_format

    contents: dict[str, list[bytes]] = {}
    paths = [p for p in (measuring.ROOT / "raw_samples").glob("*/*/*") if p.is_file()]
    for path in sorted(paths, key=lambda p: (-p.stat().st_size, p.name)):
        data = path.read_bytes()
        same = contents.setdefault(sniff_format(data, path.name), [])
        if len(same) < MOST:
            same.append(data)
    return contents
