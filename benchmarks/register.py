"""A register of 2 MB: the lines of a sample over and over, each time of other persons in other proceedings.

Belongs here: making its bytes.  Does not belong here: measuring.
"""

from __future__ import annotations

from itertools import cycle, islice

from benchmarks.measuring import ROOT

FILE = ROOT / "raw_samples" / "HR" / "register" / "registar_2026_3tr.csv"
BYTES = 2_000_000
FORM = "HR-REGISTER-1"
_PREAMBLE = 3
"""Lines up to the headings."""


def made(salt: int = 0, *, short: bool = False) -> tuple[bytes, int]:
    """The file and how many records it holds. Files of another `salt` have other bytes and the same events.

    With `short` pseudonyms are mere numbers, as an office may give them: a third more records fit in.
    """
    lines = FILE.read_bytes().split(b"\r\n")
    head, body = lines[:_PREAMBLE], [line for line in lines[_PREAMBLE:] if line]
    size, out = sum(map(len, head)) + 2 * len(head), list(head)
    for number, line in enumerate(cycle(body)):
        if size >= BYTES:
            break
        fields = line.split(b";")
        if short:
            fields[1], fields[2] = b"K%d" % (number // 2), b"%d" % (number + salt)
        else:
            fields[1] = b"K%05dx%s" % (number // 2, fields[1][1:])
            fields[2] = b"O%05dx%s" % ((number + salt) % 100_000, fields[2][1:])
        out.append(b";".join(fields))
        size += len(out[-1]) + 2
    return b"\r\n".join([*out, b""]), len(out) - len(head)


def events(records: int) -> int:
    """How many events so many records hold, counted in the sample's own fields: ten columns of dates."""
    lines = [line for line in FILE.read_bytes().split(b"\r\n")[_PREAMBLE:] if line]
    dates = [sum(bool(field) for field in line.split(b";")[6:16]) for line in lines]
    return sum(islice(cycle(dates), records))
