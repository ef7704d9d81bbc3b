"""Read the shared texts of an Excel workbook (records SST and CONTINUE of BIFF 8) by their own lengths.

xlrd reads as many texts as the first record announces and lets phonetic data (the reading of East Asian characters,
which Excel stores with a text) reach into the next record only. Phonetic data may be longer than a record, and some
programs announce a wrong number of texts.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from xlrd.biffh import XL_CONTINUE
from xlrd.book import Book

_HEADER = struct.Struct("<HB")
_RUN = struct.Struct("<HH")
_WIDE, _PHONETIC, _RICH = 0x01, 0x04, 0x08
_COUNTS = 8
"""Bytes before the first text: how often texts are used, and how many different ones follow."""

Runs = list[tuple[int, int]]
"""Runs of type of a text: the character each begins with, and the number of its font."""


class Workbook(Book):  # type: ignore[misc]
    """Workbook of xlrd whose shared texts are read here."""

    def handle_sst(self, data: bytes) -> None:
        """Read the shared texts from the record `data` and those that continue it."""
        records = [data]
        while True:
            code, _, more = self.get_record_parts_conditional(XL_CONTINUE)
            if code is None:
                break
            records.append(more)
        self._sharedstrings, self._rich_text_runlist_map = read_shared_texts(records)


def read_shared_texts(records: Sequence[bytes]) -> tuple[list[str], dict[int, Runs]]:
    """Return the shared texts, and the runs of type of those that have any by the number of the text.

    Texts are read to the end of the records. What cannot be read after the announced number of texts is left out; what
    cannot be read before it raises an error of the decoder.
    """
    announced = int.from_bytes(records[0][4:_COUNTS], "little")
    texts: list[str] = []
    runs: dict[int, Runs] = {}
    reader = _RecordReader(records)
    while not reader.is_at_end():
        try:
            text, text_runs = reader.read_text()
        except (struct.error, UnicodeDecodeError, EOFError):
            if len(texts) < announced:
                raise
            break
        if text_runs:
            runs[len(texts)] = text_runs
        texts.append(text)
    return texts, runs


class _RecordReader:
    """Position in a row of records that continue each other."""

    def __init__(self, records: Sequence[bytes]) -> None:
        self.records = list(records)
        self.number = 0
        self.record = self.records[0]
        self.at = _COUNTS

    def is_at_end(self) -> bool:
        """Go to the next record with unread bytes; return True if there is none."""
        while self.at >= len(self.record):
            if self.number + 1 == len(self.records):
                return True
            self.number += 1
            self.record, self.at = self.records[self.number], 0
        return False

    def read_text(self) -> tuple[str, Runs]:
        """Return the next text and its runs of type."""
        length, options = _HEADER.unpack(self._take(3))
        rich_runs = int.from_bytes(self._take(2), "little") if options & _RICH else 0
        phonetic_size = int.from_bytes(self._take(4), "little") if options & _PHONETIC else 0
        text = self._take_characters(length, options)
        runs = list(_RUN.iter_unpack(self._take(_RUN.size * rich_runs))) if rich_runs else []
        self._skip(phonetic_size)
        return text, runs

    def _take(self, count: int) -> bytes:
        content = self.record[self.at : self.at + count]
        self.at += len(content)
        while len(content) < count:
            if self.is_at_end():
                raise EOFError("the shared texts are cut off")
            piece = self.record[: count - len(content)]
            self.at = len(piece)
            content += piece
        return content

    def _take_characters(self, length: int, options: int) -> str:
        """Return the characters of a text. Each record that continues them begins with options of its own."""
        pieces: list[str] = []
        while True:
            width, encoding = (2, "utf-16-le") if options & _WIDE else (1, "latin-1")
            available = min(length, (len(self.record) - self.at) // width)
            encoded = self.record[self.at : self.at + available * width]
            self.at += len(encoded)
            length -= available
            if not length and not pieces:
                return encoded.decode(encoding)
            pieces.append(encoded.decode(encoding, "surrogatepass" if width == 2 else "strict"))
            if not length:
                # The halves of one character may be in two records; a half without the other is an error.
                return "".join(pieces).encode("utf-16-le", "surrogatepass").decode("utf-16-le")
            self.at = len(self.record)
            if self.is_at_end():
                raise EOFError("the shared texts are cut off")
            options = self._take(1)[0]

    def _skip(self, count: int) -> None:
        """Skip bytes across records, as far as there are any."""
        while count and not self.is_at_end():
            skipped = min(count, len(self.record) - self.at)
            self.at += skipped
            count -= skipped
