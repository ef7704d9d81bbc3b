"""Take the workbook of an old Excel file out of its container, a compound file (MS-CFB).

xlrd refuses containers that other programs read. PHPExcel, the PHP and Perl libraries before it, and programs made with
them chain all sectors of data into one, so that the short streams seem to run on into the workbook (`_saveBbd` in
PHPExcel's Shared/OLE/PPS/Root.php; xlrd's `corrupted_error.xls`, "seen[2] == 4"); others link the entries of the
directory in a wrong way. If xlrd refuses a container, the workbook is found here by its entry, whose start and size say
which sectors are its own. Sectors that belong to something else, repeat or are missing make the file damaged.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from xlrd.compdoc import SIGNATURE, CompDoc, CompDocError

_STREAM_NAMES = ("workbook", "book")
"""Names of the stream: of BIFF 8, and of older workbooks. A file for both generations of Excel has both."""
_OTHER_DOCUMENTS = frozenset({"worddocument", "powerpoint document"})
_LAST_SECTOR = 0xFFFFFFFA
"""Larger numbers are marks: end of a chain, free, and sectors of the allocation tables."""
_IN_HEADER = 109
"""Sectors of the allocation table that the header itself lists."""
_ENTRY = 128
_STORAGE, _STREAM, _ROOT = 1, 2, 5
_REFUSALS = (CompDocError, AssertionError, IndexError, RecursionError, struct.error, UnicodeDecodeError)


class ContainerError(ValueError):
    """The container has no workbook, or is damaged where its workbook is."""


def extract_workbook(data: bytes) -> bytes:
    """Return the records of the workbook; a file without a container is returned as it is. Raises ContainerError."""
    if not data.startswith(SIGNATURE):
        return data
    try:
        container = CompDoc(data, logfile=io.StringIO())
        for name in ("Workbook", "Book"):
            memory, start, size = container.locate_named_stream(name)
            if memory:
                return bytes(memory[start : start + size])
    except _REFUSALS:
        pass  # the container is read below, with the same care for the sectors of the workbook
    try:
        return _Container(data).extract_workbook()
    except (struct.error, UnicodeDecodeError) as error:
        raise ContainerError("the container of the workbook is cut off") from error


class _Entry(NamedTuple):
    """Entry of the directory; `before` and `after` are its neighbours in a tree, `child` is the first one inside it."""

    name: str
    kind: int
    before: int
    after: int
    child: int
    start: int
    size: int


class _Container:
    def __init__(self, data: bytes) -> None:
        self.data = data
        shift, short_shift = struct.unpack_from("<HH", data, 30)
        if shift not in (9, 12) or short_shift != 6:
            raise ContainerError("the container has sectors of an unknown size")
        self.sector_size, self.short_size = 1 << shift, 1 << short_shift
        header = struct.unpack_from("<8I", data, 44)
        _, first_of_directory, _, self.shortest, self.first_of_short_table, short_tables, first_of_list, _ = header
        self.table: list[int] = []
        self.owned: set[int] = set()
        """Sectors of the allocation tables and of the directory."""
        for sector in self._list_table_sectors(first_of_list):
            self.table += struct.unpack(f"<{self.sector_size // 4}I", self._read_sector(sector))
        directory = list(self._iter_chain(first_of_directory))
        self._own(directory)
        self.entries = list(_iter_entries(b"".join(map(self._read_sector, directory))))
        self.short_table = list(self._iter_chain(self.first_of_short_table)) if short_tables else []
        self._own(self.short_table)

    def extract_workbook(self) -> bytes:
        """Return the stream of the workbook."""
        entry = self._find_workbook()
        if entry.size < self.shortest:
            return self._read_short_stream(entry)
        sectors = self._list_sectors(entry.start, entry.size)
        if not self.owned.isdisjoint(sectors) or not set(self._list_short_container()).isdisjoint(sectors):
            raise ContainerError("a part of the workbook belongs to something else as well")
        return self._read_sectors(sectors, entry.size)

    def _find_workbook(self) -> _Entry:
        names = {entry.name.casefold() for entry in self.entries if entry.kind == _STREAM}
        if names & _OTHER_DOCUMENTS:
            raise ContainerError("the workbook is a part of another document")
        embedded = self._find_embedded_entries()
        for name in _STREAM_NAMES:
            matches = [
                entry
                for number, entry in enumerate(self.entries)
                if entry.kind == _STREAM and entry.name.casefold() == name and number not in embedded
            ]
            if len(matches) == 1:
                return matches[0]
            if matches:
                raise ContainerError("the container has several workbooks")
        raise ContainerError("the container has no workbook")

    def _find_embedded_entries(self) -> set[int]:
        """Return the entries inside a folder of the container, such as those of a workbook embedded in this one."""
        embedded: set[int] = set()
        waiting = [entry.child for entry in self.entries if entry.kind == _STORAGE]
        while waiting:
            number = waiting.pop()
            if number < len(self.entries) and number not in embedded:
                embedded.add(number)
                waiting += self.entries[number][2:5]
        return embedded

    def _list_short_container(self) -> list[int]:
        """Return the sectors that the short streams need, whatever is chained to them."""
        if not self.short_table:
            return []
        root = self._find_root()
        return self._list_sectors(root.start, root.size)

    def _find_root(self) -> _Entry:
        root = next((entry for entry in self.entries if entry.kind == _ROOT), None)
        if root is None:
            raise ContainerError("the container has no root")
        return root

    def _read_short_stream(self, entry: _Entry) -> bytes:
        root = self._find_root()
        container = self._read_sectors(self._list_sectors(root.start, root.size), root.size)
        table: list[int] = []
        for sector in self.short_table:
            table += struct.unpack(f"<{self.sector_size // 4}I", self._read_sector(sector))
        numbers = _follow_chain(table, entry.start, -(-entry.size // self.short_size))
        pieces = [container[number * self.short_size : (number + 1) * self.short_size] for number in numbers]
        return _cut_stream(pieces, entry.size)

    def _list_sectors(self, start: int, size: int) -> list[int]:
        return _follow_chain(self.table, start, -(-size // self.sector_size))

    def _read_sectors(self, sectors: Iterable[int], size: int) -> bytes:
        return _cut_stream([self._read_sector(sector, may_be_cut=True) for sector in sectors], size)

    def _read_sector(self, sector: int, *, may_be_cut: bool = False) -> bytes:
        """Return a sector; the last one of a file may be cut."""
        start = (sector + 1) * self.sector_size
        content = self.data[start : start + self.sector_size]
        if len(content) < self.sector_size and not may_be_cut:
            raise ContainerError("the container is cut off")
        return content

    def _list_table_sectors(self, first_of_list: int) -> list[int]:
        """Return the sectors of the allocation table, from the header and the list that continues it."""
        sectors = list(struct.unpack_from(f"<{_IN_HEADER}I", self.data, 76))
        per_sector = self.sector_size // 4
        sector = first_of_list if first_of_list != 0 else _LAST_SECTOR + 1
        while sector <= _LAST_SECTOR:
            self._own([sector])
            *more, sector = struct.unpack(f"<{per_sector}I", self._read_sector(sector))
            sectors += more
        table_sectors = [number for number in sectors if number <= _LAST_SECTOR]
        self._own(table_sectors)
        return table_sectors

    def _iter_chain(self, start: int) -> Iterator[int]:
        """Yield the sectors of a chain up to its end."""
        sector, passed = start, set[int]()
        while sector <= _LAST_SECTOR:
            if sector in passed or sector >= len(self.table):
                raise ContainerError("the sectors of the container are linked in a wrong way")
            passed.add(sector)
            yield sector
            sector = self.table[sector]

    def _own(self, sectors: Sequence[int]) -> None:
        if len(set(sectors)) != len(sectors) or not self.owned.isdisjoint(sectors):
            raise ContainerError("the sectors of the container are linked in a wrong way")
        self.owned.update(sectors)


def _iter_entries(directory: bytes) -> Iterator[_Entry]:
    for at in range(0, len(directory) - _ENTRY + 1, _ENTRY):
        length, kind, _, before, after, child = struct.unpack_from("<HBBIII", directory, at + 64)
        start, size = struct.unpack_from("<II", directory, at + 116)
        name = directory[at : at + min(max(length - 2, 0), 62)].decode("utf-16-le")
        yield _Entry(name, kind, before, after, child, start, size)


def _follow_chain(table: Sequence[int], start: int, count: int) -> list[int]:
    """Return the first `count` numbers of a chain. Raises ContainerError if it is shorter or has a loop."""
    numbers: dict[int, None] = {}
    number = start
    while len(numbers) < count:
        if number >= len(table) or number in numbers:
            raise ContainerError("a part of the workbook is missing")
        numbers[number] = None
        number = table[number]
    return list(numbers)


def _cut_stream(pieces: Iterable[bytes], size: int) -> bytes:
    stream = b"".join(pieces)
    if len(stream) < size:
        raise ContainerError("a part of the workbook is missing")
    return stream[:size]
