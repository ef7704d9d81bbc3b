"""PC-Axis files, AXIS-VERSION 2013, with any number of languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from tests.samples.writers.cube import Cube, Dimension

_LINE = 200


def _quoted(texts: Sequence[str]) -> str:
    return ",".join(f'"{text}"' for text in texts)


def _long(text: str) -> str:
    """Quote a text of notes, broken into adjacent strings as PC-Axis does beyond a length."""
    pieces = [text[start : start + _LINE] for start in range(0, len(text), _LINE)]
    return "\n".join(f'"{piece}"' for piece in pieces)


def write_px(
    cube: Cube,
    *,
    heading: Sequence[str],
    languages: Sequence[str],
    texts: Mapping[str, Mapping[str, str]],
    properties: Mapping[str, str],
    signs: Mapping[str, str],
    codepage: str,
    notes: Sequence[Mapping[str, str]] = (),
    cell_notes: Sequence[tuple[Mapping[str, str], Mapping[str, str]]] = (),
    last_updated: str,
) -> bytes:
    """Return a PX file.

    `texts`: keyword (TITLE, CONTENTS, UNITS, SOURCE, SUBJECT-AREA …) -> text by language; `heading`: ids of the
    dimensions in the head, the others are in the stub; `properties`: keyword -> value as written (quotes included);
    `signs`: DATASYMBOL1… -> meaning in the first language; `notes` by language; `cell_notes`: (codes of members by
    dimension id, text by language). Dimensions must be in the cube stub first.
    """
    first = languages[0]
    stub = [dimension for dimension in cube.dimensions if dimension.id not in heading]
    head = [dimension for dimension in cube.dimensions if dimension.id in heading]
    if [*stub, *head] != list(cube.dimensions):
        raise ValueError("the dimensions of the heading must stand last in the cube")
    lines = ['CHARSET="ANSI";', 'AXIS-VERSION="2013";', f'CODEPAGE="{codepage}";']
    lines += [f'LANGUAGE="{first}";']
    if len(languages) > 1:
        lines.append(f"LANGUAGES={_quoted(languages)};")
    lines.append(f'CREATION-DATE="{last_updated}";')
    lines += [f"{keyword}={value};" for keyword, value in properties.items()]
    for language in languages:
        tag = "" if language == first else f"[{language}]"
        lines += [
            f'{keyword}{tag}="{translations[language]}";'
            for keyword, translations in texts.items()
            if language in translations
        ]
        lines.append(f"STUB{tag}={_quoted([dimension.labels[language] for dimension in stub])};")
        lines.append(f"HEADING{tag}={_quoted([dimension.labels[language] for dimension in head])};")
        for dimension in cube.dimensions:
            lines += _dimension(dimension, language, tag)
    lines.append(f'LAST-UPDATED="{last_updated}";')
    lines += [f'{keyword}="{meaning}";' for keyword, meaning in signs.items()]
    for language in languages:
        tag = "" if language == first else f"[{language}]"
        lines += [f"NOTE{tag}={_long(note[language])};" for note in notes]
        for where, words in cell_notes:
            path = ",".join(f'"{_member(cube, d, where, language)}"' for d in cube.dimensions)
            lines.append(f"CELLNOTE{tag}({path})={_long(words[language])};")
    lines.append("DATA=")
    width = prod(len(dimension.members) for dimension in head)
    cells = [f'"{value}"' if isinstance(value, str) else f"{value:g}" for _, value in cube.list_cells()]
    lines += [" ".join(cells[start : start + width]) for start in range(0, len(cells), width)]
    text = "\r\n".join(line.replace("\n", "\r\n") for line in lines) + ";\r\n"
    return text.encode(codepage.replace("windows-", "cp"))


def _member(cube: Cube, dimension: Dimension, where: Mapping[str, str], language: str) -> str:
    return dimension.members[where[dimension.id]][language] if dimension.id in where else "*"


def _dimension(dimension: Dimension, language: str, tag: str) -> list[str]:
    name = dimension.labels[language]
    labels = [words[language] for words in dimension.members.values()]
    lines = [f'VALUES{tag}("{name}")={_quoted(labels)};', f'CODES{tag}("{name}")={_quoted(list(dimension.members))};']
    if dimension.time:
        scale = "A1" if all(len(code) == 4 for code in dimension.members) else "Q1"
        lines.append(
            f'TIMEVAL{tag}("{name}")=TLIST({scale}),{_quoted([c.replace("K", "") for c in dimension.members])};'
        )
    if dimension.eliminated_by:
        lines.append(f'ELIMINATION{tag}("{name}")="{dimension.members[dimension.eliminated_by][language]}";')
    return lines
