"""Reading alone: cells per second of each format, compared with the bare library over the same bytes.

A cell is a cell of a grid or an observation of a cube, as the project's reader counts them; both sides are divided by
that same number. Every observation of a cube is built. Readers run in this process, without the child process that a
return gets. Processor time is measured, which other work on the machine changes less than the time that passes.
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
    files = group_by_format()
    folder = setting.scratch / "reading"
    folder.mkdir(parents=True, exist_ok=True)
    large = workbook.write_workbook(folder / "benchmark.xlsx").read_bytes()
    for name, (floor_name, floor) in FLOORS.items():
        if contents := files.get(name):
            yield _measure_format(name, contents, floor_name, floor, setting.repetitions)
    floor_name, floor = FLOORS["xlsx"]
    yield _measure_format("xlsx, one large workbook", [large], floor_name, floor, setting.repetitions)


def _measure_format(
    name: str, files: Sequence[bytes], floor_name: str, floor: Callable[[bytes], None], repetitions: int
) -> Figure:
    cells, reader_seconds, floor_seconds = compare_with_floor(files, floor, repetitions)
    size = sum(map(len, files)) / 1e6
    note = f"{len(files)} files, {size:.2f} MB, {cells:,} cells"
    return Figure(name, cells / reader_seconds, "cells/s", cells / floor_seconds, floor_name, note=note)


def compare_with_floor(
    files: Sequence[bytes], floor: Callable[[bytes], None], repetitions: int
) -> tuple[int, float, float]:
    """Return the cells of some files, and the processor seconds of our reader and of the floor for all of them."""
    cells = sum(map(_read_all, files))
    reading = partial(_apply_to_each, _read_all, files)
    return cells, *measuring.compare_processor_seconds(reading, partial(_apply_to_each, floor, files), repetitions)


def _apply_to_each(work: Callable[[bytes], object], files: Sequence[bytes]) -> None:
    for data in files:
        work(data)


def _read_all(data: bytes) -> int:
    """Read a file completely and return the number of its cells."""
    from pipelines.model.content import Grid
    from pipelines.reading.formats.read import read_content

    content = read_content(data)
    if isinstance(content, Grid):
        return sum(len(table.cells) for table in content.tables)
    return sum(1 for _ in content.observations)


def group_by_format() -> dict[str, list[bytes]]:
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
