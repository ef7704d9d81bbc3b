"""Compound files (MS-CFB) made in memory, faultless or with the faults of programs that write old Excel workbooks."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

SECTOR, SHORT_SECTOR, SHORTEST = 512, 64, 4096
END, FREE, TABLE, NONE = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD, 0xFFFFFFFF
ROOT, STREAM, STORAGE = 5, 2, 1


@dataclass(frozen=True)
class Faults:
    """Faults of a compound file.

    `one_chain`: all sectors of data are one chain, as PHPExcel writes them. `links` replaces the links (left, right,
    child) of entries by their number, the root first. `root` replaces the first sector and the size of the short
    streams. `lost_sector`: the second sector of the workbook is not linked to the third.
    """

    one_chain: bool = False
    links: Mapping[int, tuple[int, int, int]] | None = None
    root: tuple[int, int] | None = None
    lost_sector: bool = False


def pack_compound_file(
    streams: Mapping[str, bytes], faults: Faults | None = None, inside: Mapping[str, bytes] | None = None
) -> bytes:
    """Write streams in the order PHPExcel does; those of `inside` are in a folder of the container."""
    faults = faults or Faults()
    all_streams = [*streams.items(), *(inside or {}).items()]
    short = [(name, content) for name, content in all_streams if len(content) < SHORTEST]
    starts: dict[int, int] = {}
    short_table: list[int] = []
    container = b""
    for number, (_, content) in enumerate(all_streams):
        if len(content) < SHORTEST:
            starts[number] = len(short_table)
            count = -(-len(content) // SHORT_SECTOR)
            short_table += [*range(len(short_table) + 1, len(short_table) + count), END]
            container += content.ljust(count * SHORT_SECTOR, b"\0")
    sectors: list[bytes] = []
    table: list[int] = []

    def append_chain(content: bytes) -> int:
        start, count = len(sectors), max(1, -(-len(content) // SECTOR))
        sectors.extend(content[i * SECTOR : (i + 1) * SECTOR].ljust(SECTOR, b"\0") for i in range(count))
        table.extend([*range(start + 1, start + count), END])
        return start

    packed_table = struct.pack(f"<{len(short_table)}I", *short_table) if short else b""
    first_of_short_table = append_chain(packed_table + b"\xff" * (-len(packed_table) % SECTOR)) if short else END
    data_start = len(sectors)
    root = (append_chain(container), len(container)) if short else (END, 0)
    for number, (_, content) in enumerate(all_streams):
        if len(content) >= SHORTEST:
            starts[number] = append_chain(content)
    if faults.one_chain:
        table[data_start:] = [*range(data_start + 1, len(table)), END]
    if faults.lost_sector:
        table[starts[0] + 1] = END
    first_of_directory = append_chain(_pack_directory(all_streams, len(streams), starts, faults, faults.root or root))
    table_sectors = 1
    while table_sectors * (SECTOR // 4) < len(table) + table_sectors:
        table_sectors += 1
    first_of_table = len(sectors)
    table += [TABLE] * table_sectors
    packed = struct.pack(f"<{len(table)}I", *table)
    header = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(16)
        + struct.pack("<5H", 0x3B, 3, 0xFFFE, 9, 6)
        + bytes(10)
        + struct.pack("<8I", table_sectors, first_of_directory, 0, SHORTEST, first_of_short_table, bool(short), END, 0)
        + struct.pack("<109I", *range(first_of_table, first_of_table + table_sectors), *[FREE] * (109 - table_sectors))
    )
    return header + b"".join(sectors) + packed.ljust(table_sectors * SECTOR, b"\xff")


def _pack_directory(
    all_streams: Sequence[tuple[str, bytes]],
    outside_count: int,
    starts: Mapping[int, int],
    faults: Faults,
    root: tuple[int, int],
) -> bytes:
    """Write the entries: the root, the streams, and a folder last if there are streams inside one."""
    outside = list(range(1, outside_count + 1))
    inside = list(range(outside_count + 1, len(all_streams) + 1))
    if inside:
        outside.append(len(all_streams) + 1)
    links = {0: (NONE, NONE, outside[0])}
    for chain in (outside, inside):
        links |= {number: (NONE, following, NONE) for number, following in pairwise([*chain, NONE])}
    if inside:
        links[outside[-1]] = (NONE, NONE, inside[0])
    links |= faults.links or {}
    entries = [_pack_entry("Root Entry", ROOT, links[0], *root)]
    for number, (name, content) in enumerate(all_streams):
        entries.append(_pack_entry(name, STREAM, links[number + 1], starts[number], len(content)))
    if inside:
        entries.append(_pack_entry("MBD0018", STORAGE, links[outside[-1]], 0, 0))
    return b"".join(entries)


def _pack_entry(name: str, kind: int, links: tuple[int, int, int], start: int, size: int) -> bytes:
    encoded = name.encode("utf-16-le") + b"\0\0"
    return (
        encoded.ljust(64, b"\0")
        + struct.pack("<HBB3I", len(encoded), kind, 1, *links)
        + bytes(36)
        + struct.pack("<III", start, size, 0)
    )
