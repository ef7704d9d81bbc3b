"""Read PX (PC-Axis) files into a labelled cube.

Split by reason to change: `decoding` (codepage), `grammar` (keywords, sub-keys, quoted texts), `cells` (the DATA part),
`structure` (variables, codes, labels, languages, mandatory keywords), `notes` (notes and attributes of single cells),
`cube` (observations built on demand).
"""

from __future__ import annotations

import re

from pipelines.model.content import Cube
from pipelines.reading.formats.px import cells, decoding, grammar, structure
from pipelines.reading.formats.px.cube import build_cube

RULES: dict[str, tuple[str, str]] = {
    **decoding.RULES,
    **grammar.RULES,
    **structure.RULES,
    **cells.RULES,
}
"""Rule id -> (message, remedy), English, with the names of the rule's parameters in braces."""

_FIRST_STATEMENT = re.compile(rb"\s*[A-Za-z][A-Za-z0-9._-]*\s*(\[[^\]]*\])?\s*(\([^=\n]*\))?\s*=\s*[\"A-Za-z0-9]")
_A_PX_KEYWORD = re.compile(
    rb"(?im)^\s*(CHARSET|AXIS-VERSION|CODEPAGE|MATRIX|SUBJECT-AREA|SUBJECT-CODE|STUB|HEADING)\s*[=\[]"
)


def looks_like(head: bytes) -> bool:
    """Return True if the first bytes (up to 4096) are of a PX file: `KEYWORD=…` first, and a keyword only PX has."""
    head = decoding.as_ascii_superset(head[:4096])
    return bool(_FIRST_STATEMENT.match(head)) and bool(_A_PX_KEYWORD.search(head))


def read_file(data: bytes, *, encodings: tuple[str, ...] = ()) -> Cube:
    """Read a PX file.

    `encodings` are the codepages that the declaring form knows its office to use. They are tried if the file does not
    state its codepage, or states one in which its bytes cannot be read.

    Observations are in file order, stub variables slowest. They are built on demand, so a large cube costs little until
    it is iterated. With KEYS only the rows in the file are returned, and `Cube.absent` is `zero`. Each has the notes
    that apply to it (in the default language: table, variable, value, cell), and as attributes its DATANOTECELL mark,
    its ATTRIBUTES, and what CONTVARIABLE says of its content (UNITS, REFPERIOD …).

    Labels of a file that names no language are under `und`. Raises ReadError (`RULES`) with keyword and line.
    """
    text, encoding, remarks = decoding.decode_text(data, encodings)
    header, start = grammar.parse_header(text)
    layout = structure.lay_out(header)
    body = cells.parse_cells(text, start, layout)
    return build_cube(header, layout, body, encoding, remarks)
