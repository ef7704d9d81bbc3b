"""Edits of a file, drawn at random: of its bytes, or of the bytes of one part of a package."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass

from hypothesis import strategies as st

_NUMBERS = (b"0", b"-1", b"1e999", b"99999999999999999999", b"2147483648", b"NaN", b"0.0000001", b"1,5", b"")
_TEXTS = (b"\x00", b"\xff", b"\xfe\xff", "ž".encode(), b"\n", b'"', b"'", b";", b"\t", b"\r\n", b"=1+1")
TOKENS: dict[str, tuple[bytes, ...]] = {
    "markup": (
        *(
            b"<",
            b">",
            b"/>",
            b"&#0;",
            b"&#x110000;",
            b"<![CDATA[",
            b"<!--",
            b"<tr>",
            b"</table>",
            b"<td rowspan=99999>",
        ),
        *(
            b' r="A0"',
            b' r="XFE1048577"',
            b' colspan="-1"',
            b' ref="B9:A1"',
            b' s="4096"',
            b' t="s"',
            b' count="1000000"',
        ),
        b' table:number-columns-repeated="1000000000"',
    ),
    "json": (b"{", b"}", b"[", b"]", b",", b"null", b"true", b'"id":[]', b'"size":[-1]', b'"value":{"x":1}', b"1e400"),
    "px": (
        b"DATA=",
        b"VALUES=",
        b'STUB="a";',
        b"CHARSET=",
        b'".."',
        b'KEYS("a")=CODES;',
        b"TIMEVAL(",
        b";;",
        b"HEADING=",
    ),
    "pdf": (
        b"stream",
        b"endobj",
        b"0 0 re",
        b"BT",
        b"ET",
        b"Tj",
        b"/Length 1",
        b"<<",
        b">>",
        b"-1 0 0 -1 0 0 cm",
        b"q",
        b"Q",
    ),
    "text": (b",,,,", b'"unclosed', b"STRUCTURE", b"sep=;", b"\xef\xbb\xbf"),
    "sdmx-csv": (
        b"STRUCTURE,STRUCTURE_ID,ACTION,",
        b"STRUCTURE[;]",
        b"DATAFLOW",
        b"dataflow,XK_NATC:DF_THB_VICTIMS(1.0),I,",
        b",OBS_VALUE",
        b"TIME_PERIOD",
        b",OBS_STATUS",
        b",REF_AREA: Reporting area",
        b"2022-Q5",
        b"(99.99.99)",
        b"D,",
        b",,,,",
        b'"unclosed',
        b";",
    ),
    "binary": (b"\x09\x08", b"\xfd\x00", b"\xff\xff\xff\xff", b"\x00\x00\x00\x80", b"\x0a\x00\x00\x00"),
}
"""Pieces that mean something to the readers of a family of formats."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit: at a place in millionths of the content, over so many bytes, with new bytes."""

    kind: str
    place: int
    length: int
    new: bytes


@dataclass(frozen=True, slots=True)
class Damage:
    """Edits of a file; in a package those of one part, chosen by `part` modulo the number of its parts."""

    part: int
    edits: tuple[Edit, ...]


def draw_damage(family: str) -> st.SearchStrategy[Damage]:
    """Return a strategy of damages with tokens of a family of formats (a key of TOKENS)."""
    new_bytes = st.one_of(st.sampled_from((*TOKENS[family], *_NUMBERS, *_TEXTS)), st.binary(max_size=8))
    kinds = st.sampled_from(("replace", "replace", "insert", "insert", "delete", "repeat", "move", "truncate"))
    lengths = st.one_of(st.integers(1, 8), st.integers(1, 4000))
    # Hypothesis prefers small numbers, which would be the head of the file, where damage makes it another format.
    places = st.integers(0, 999_999).map(lambda number: number * 7919 % 1_000_003)
    edit = st.builds(Edit, kinds, places, lengths, new_bytes)
    return st.builds(Damage, st.integers(0, 40), st.lists(edit, min_size=1, max_size=5).map(tuple))


def damage_file(data: bytes, damage: Damage) -> bytes:
    """Return the file with its damage. A package is packed again, so that the readers get to its parts."""
    if not data.startswith(b"PK\x03\x04"):
        return _apply_edits(data, damage.edits)
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        names = [info.filename for info in source.infolist()]
        chosen = names[damage.part % len(names)]
        for name in names:
            content = source.read(name)
            target.writestr(name, _apply_edits(content, damage.edits) if name == chosen else content)
    return packed.getvalue()


def _apply_edits(content: bytes, edits: tuple[Edit, ...]) -> bytes:
    for edit in edits:
        start = len(content) * edit.place // 1_000_000
        piece = content[start : start + edit.length]
        before, after = content[:start], content[start + edit.length :]
        match edit.kind:
            case "replace":
                content = before + edit.new + content[start + len(edit.new) :]
            case "insert":
                content = before + edit.new + content[start:]
            case "delete":
                content = before + after
            case "repeat":
                content = before + piece * (2 + len(edit.new)) + after
            case "move":
                content = piece + before + after
            case "truncate":
                content = before
            case kind:
                raise ValueError(f"no edit is named {kind}")
    return content
