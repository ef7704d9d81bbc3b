"""Write PX files (PC-Axis, AXIS-VERSION 2013) in all languages, as UTF-8."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from math import prod
from typing import Final

from pipelines import words
from pipelines.core import i18n
from pipelines.core.i18n import mark
from pipelines.dissemination.codelists import translate_text
from pipelines.dissemination.correction_notices import AREAS
from pipelines.dissemination.structures import OBS_VALUE, TIME_PERIOD, Text, choose_text
from pipelines.dissemination.writers.cube import CubeAxis, ExtractCube, make_cube
from pipelines.dissemination.writers.extract import Extract, join_chunks
from pipelines.words.language import read_in

MEDIA_TYPE: Final = "text/plain; charset=utf-8"
SYMBOLS: Final[Mapping[str, str]] = {"M": ".", "Q": "..", "O": "...", "L": "....", "K": "....."}
"""How an observation without a value is written, by its status."""
NO_ROW: Final = "......"
"""How a combination that the release does not have is written."""
_KINDS: Final = {"M": "not_applicable", "Q": "withheld", "O": "unavailable", "L": "not_collected", "K": "elsewhere"}
_NOT_RELEASED: Final = mark("not in this release")
_ATTRIBUTES: Final = ("OBS_STATUS", "CONF_STATUS", "FLAGS", "CELL_ID")
_LONGEST: Final = 240
"""Characters of one line of a long text; the format allows 256."""
_TIME_SCALES: Final = {"A": "A1", "Q": "Q1"}


def write_px(extract: Extract, language: str = "en") -> Iterator[bytes]:
    """Yield a file whose first language is `language`, with the names in all others.

    The dots of values that are absent are explained by `DATASYMBOL1` to `6`; status, confidentiality, flags and the
    permanent identifier are attributes of the cells. Raises CubeTooLargeError for a cube that is too large.
    """
    return join_chunks(_compose(extract, language))


def _compose(extract: Extract, language: str) -> Iterator[str]:
    cube = make_cube(extract, keeps_constants=False)
    languages = [language, *(code for code in extract.structures.languages if code != language)]
    names = {code: _name_axes(cube, code) for code in languages}
    yield from _write_head(extract, languages)
    yield from _write_axes(cube, languages, names)
    yield from _write_notes(cube, languages, names)
    yield from _write_attributes(cube, names[language], language)
    yield "DATA=\n"
    yield from _write_data(cube)


def _write_head(extract: Extract, languages: Sequence[str]) -> Iterator[str]:
    structures = extract.structures
    edition = structures.edition
    drafted = datetime.fromisoformat(edition.drafted_at)
    decimals = max((int(code) for code in extract.observations["DECIMALS"].drop_nulls().unique()), default=0)
    yield 'CHARSET="ANSI";\nAXIS-VERSION="2013";\nCODEPAGE="utf-8";\n'
    yield f'LANGUAGE="{languages[0]}";\nLANGUAGES={_list(languages)};\n'
    yield f'CREATION-DATE="{drafted:%Y%m%d %H:%M}";\n'
    yield f"DECIMALS={_count_decimals(extract)};\nSHOWDECIMALS={decimals};\n"
    yield f'MATRIX="{extract.name}";\nCOPYRIGHT=NO;\nAGGREGALLOWED=NO;\n'
    category = next(item for item in structures.categories if item.id == extract.dataflow.category)
    yield f'SUBJECT-CODE="{category.id}";\n'
    units = extract.observations["UNIT_MEASURE"].drop_nulls().unique().sort().to_list()
    for code in languages:
        title = extract.find_title(code)
        unit = ", ".join(structures.find_label("CL_UNIT_MEASURE", name, code) for name in units)
        yield from _write_texts("SUBJECT-AREA", choose_text(category.names, code), code, languages)
        yield from _write_texts("TITLE", title, code, languages)
        yield from _write_texts("CONTENTS", title, code, languages)
        yield from _write_texts("UNITS", unit, code, languages)
        yield from _write_texts("SOURCE", choose_text(edition.citations, code), code, languages)
    yield f'LAST-UPDATED="{drafted:%Y%m%d %H:%M}";\nDATABASE="{structures.agency} {edition.id}";\n'


def _count_decimals(extract: Extract) -> int:
    """Return the decimals that values are stored with: none for whole numbers, else as many as the format allows."""
    values = extract.observations[OBS_VALUE].drop_nulls()
    return 0 if (values == values.round(0)).all() else 15


def _write_axes(cube: ExtractCube, languages: Sequence[str], names: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for code in languages:
        tag = _tag(code, languages)
        *stub, heading = names[code]
        if stub:
            yield f"STUB{tag}={_list(stub)};\n"
        yield f"HEADING{tag}={_list([heading])};\n"
        for axis, name in zip(cube.axes, names[code], strict=True):
            yield f"VALUES{tag}({_quote(name)})={_list(cube.label_codes(axis, code))};\n"
        for axis, name in zip(cube.axes, names[code], strict=True):
            yield f"CODES{tag}({_quote(name)})={_list(axis.codes)};\n"
        for axis, name in zip(cube.axes, names[code], strict=True):
            yield f"VARIABLE-TYPE{tag}({_quote(name)})={_quote(_type_axis(axis))};\n"
        if (times := _list_times(cube)) is not None:
            yield f"TIMEVAL{tag}({_quote(heading)})=TLIST({times[0]}),{_list(times[1])};\n"


def _type_axis(axis: CubeAxis) -> str:
    if axis.name == TIME_PERIOD:
        return "T"
    return "G" if axis.name in AREAS else "V"


def _list_times(cube: ExtractCube) -> tuple[str, list[str]] | None:
    """Return the time scale and the periods as the format writes them; None for several years or several scales."""
    scales = {str(code) for code in cube.extract.observations["FREQ"].unique()}
    scale = _TIME_SCALES.get(next(iter(scales), "")) if len(scales) == 1 else None
    if scale is None:
        return None
    return scale, [code.replace("-Q", "") for code in cube.axes[-1].codes]


def _name_axes(cube: ExtractCube, language: str) -> list[str]:
    """Return the names of the axes, each only once."""
    concepts = cube.extract.structures.concepts
    titles = [choose_text(concepts[axis.name].names, language) for axis in cube.axes]
    return [
        f"{title} ({axis.name})" if titles.count(title) > 1 else title
        for title, axis in zip(titles, cube.axes, strict=True)
    ]


def _write_notes(cube: ExtractCube, languages: Sequence[str], names: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield the description, notices on corrected figures, footnotes of names, and the meaning of the dots."""
    extract = cube.extract
    footnotes = extract.structures.edition.footnotes
    for code in languages:
        notes = " ".join([choose_text(extract.dataflow.descriptions, code), *extract.list_corrections(code)])
        yield from _write_texts("NOTEX", notes, code, languages)
        for axis, name in zip(cube.axes, names[code], strict=True):
            if axis.name in AREAS:
                for area, label in zip(axis.codes, cube.label_codes(axis, code), strict=True):
                    if area in footnotes:
                        text = choose_text(footnotes[area], code)
                        yield from _write_texts("VALUENOTEX", text, code, languages, (name, label))
    meanings = {symbol: _describe_symbol(_KINDS[status]) for status, symbol in SYMBOLS.items()}
    meanings[NO_ROW] = translate_text(_NOT_RELEASED)
    for symbol, texts in meanings.items():
        for code in languages:
            yield from _write_texts(f"DATASYMBOL{len(symbol)}", choose_text(texts, code), code, languages)


def _describe_symbol(kind: str) -> Text:
    """Return the word for an absent value in all languages."""
    texts = {}
    for code in i18n.list_languages():
        with read_in(code):
            texts[i18n.html_lang(code)] = words.LEGEND[kind][0]
    return texts


def _write_attributes(cube: ExtractCube, names: Sequence[str], language: str) -> Iterator[str]:
    """Yield the attributes of each cell that has others than most."""
    extract = cube.extract
    present = [name for name in _ATTRIBUTES if name in extract.observations.columns]
    concepts = extract.structures.concepts
    yield f"ATTRIBUTE-ID={_list(present)};\n"
    yield f"ATTRIBUTE-TEXT={_list([choose_text(concepts[name].names, language) for name in present])};\n"
    defaults = ["A", "F", *[""] * (len(present) - 2)]
    yield f"ATTRIBUTES={_list(defaults)};\n"
    labels = [dict(zip(axis.codes, cube.label_codes(axis, language), strict=True)) for axis in cube.axes]
    columns = [axis.name for axis in cube.axes]
    for row in extract.observations.select(*columns, *(f for f in present)).iter_rows():
        key = [labels[place][str(code)] for place, code in enumerate(row[: len(columns)])]
        values = [str(value or "") for value in row[len(columns) :]]
        if values != defaults:
            yield f"ATTRIBUTES({_list(key)})={_list(values)};\n"


def _write_data(cube: ExtractCube) -> Iterator[str]:
    rows = cube.extract.observations
    cells = [f'"{NO_ROW}"'] * prod(cube.sizes)
    columns = zip(cube.positions, rows[OBS_VALUE].to_list(), rows["OBS_STATUS"].to_list(), strict=True)
    for place, value, status in columns:
        cells[place] = f'"{SYMBOLS.get(status, SYMBOLS["O"])}"' if value is None else _format_number(value)
    width = cube.sizes[-1]
    for start in range(0, len(cells), width):
        yield f"{' '.join(cells[start : start + width])}\n"
    yield ";\n"


def _format_number(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)


# ------------------------------------------------------------------------------------------------------------ syntax


def _tag(language: str, languages: Sequence[str]) -> str:
    """Return the language of a keyword in brackets; the first language has none."""
    return "" if language == languages[0] else f"[{language}]"


def _quote(text: str) -> str:
    """Return a text in quotation marks. The format has no escape for one, so that others are written inside."""
    return f'"{text.replace(chr(34), chr(39))}"'


def _list(texts: Sequence[str]) -> str:
    return ",".join(map(_quote, texts))


def _write_texts(
    keyword: str, text: str, language: str, languages: Sequence[str], keys: Sequence[str] = ()
) -> Iterator[str]:
    """Yield a keyword with a text of any length, broken into lines."""
    if text:
        sub = f"({_list(keys)})" if keys else ""
        parts = [text[start : start + _LONGEST] for start in range(0, len(text), _LONGEST)]
        joined = "\n".join(map(_quote, parts))
        yield f"{keyword}{_tag(language, languages)}{sub}={joined};\n"
