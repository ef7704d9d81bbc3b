"""Derive a workbook form from the declaration of a form in another format.

The registry derives one for every form that is not a workbook itself and has no declared one (`second_of`), so that a
new territory gets workbooks without further declarations.

Crossed tables do not change; lists and registers keep their columns; a cube becomes a list with a column for each
dimension, in the words of the office, and one for the number.  The workbook is recognised only by its mark, a cell with
its id and period, so that no file of another format or form is mistaken for it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from pipelines.core.codes import codelist_names, get_code_label, list_codes
from pipelines.core.text.folding import fold_text
from pipelines.declarations.base import find_placeholders
from pipelines.declarations.coordinates import PERIOD_PARTS
from pipelines.declarations.form import Form
from pipelines.declarations.form_titles import WORKBOOK_TITLE
from pipelines.declarations.shapes import CubeDimension, CubeShape
from pipelines.model.long_tables import OBS_STATUS_OF_SIGN

ENDING = "-XLSX"
_NUMBER = {
    "sq": "Numri", "hr": "Broj", "bs": "Broj", "cnr-Latn": "Broj", "cnr-Cyrl": "Број", "sr-Latn": "Broj",
    "sr-Cyrl": "Број", "mk": "Број",
}  # fmt: skip
"""Heading of the numbers in the workbook of a cube by language, if the form declares none."""
_WORKBOOK = {
    "sq": "libër pune", "hr": "radna knjiga", "bs": "radna sveska", "cnr-Latn": "radna sveska",
    "cnr-Cyrl": "радна свеска", "sr-Latn": "radna sveska", "sr-Cyrl": "радна свеска", "mk": "работна книга",
}  # fmt: skip
"""Words for "workbook" appended to the title, by its language; in other languages the format is appended."""
_SIGNS = {"not_applicable": (".", "x"), "not_available": ("..", ":"), "not_collected": ("…", "/"),
          "confidential": ("c", "*")}  # fmt: skip
"""Signs for statuses that the file gives as an attribute: the usual sign, and one to use if that is taken."""
_NO_SHEET_NAME = re.compile(r"[\[\]:*?/\\]")
LONGEST_SHEET_NAME = 31
_OMITTED_KEYS = ("encodings", "recognise", "cube", "second_of")


def needs_second(form: Form) -> bool:
    """Return True if the form is not a workbook itself and not the workbook of another form."""
    return "xlsx" not in form.formats and form.second_of is None


def mark_of(form_id: str, freq: str) -> str:
    """Return the template of the cell that identifies the workbook: its id and period."""
    return f"{form_id} / {{year}}-Q{{quarter}}" if freq == "Q" else f"{form_id} / {{year}}"


def second_of(form: Form) -> Form:
    """Derive the workbook of a form, a separate form with the id `<ID>-XLSX`.

    Raises ValueError (from pydantic) if the declaration does not allow one; the registry adds the place.
    """
    identity = form.id + ENDING
    mark = mark_of(identity, form.freq)
    data: dict[str, Any] = {k: v for k, v in form.model_dump(exclude_defaults=True).items() if k not in _OMITTED_KEYS}
    data |= {
        "id": identity,
        "second_of": form.id,
        "title": WORKBOOK_TITLE.format(title=form.title),
        "titles": {spoken: f"{title} ({_WORKBOOK.get(spoken, 'XLSX')})" for spoken, title in form.titles.items()},
        "formats": ["xlsx"],
        "recognise": {"all": [mark]},
        "codes": _convert_codes(form),
    }
    if "quarter" in form.codes and form.freq == "Q":
        # The mark has the quarter as a digit even if the office uses words for it.
        data["recognise"] = {"all": [f"{identity} / {{text}}"]}
    if form.tables is not None:
        data["tables"] = [_convert_table(table) for table in data["tables"]]
    elif form.flat is not None:
        data["flat"] = {**data["flat"], "title": data["recognise"]["all"][0]}
    elif form.records is not None:
        data["records"] = {"title": data["recognise"]["all"][0], **data["records"]}
    elif form.cube is not None:
        data["flat"] = _convert_cube(form, form.cube, data["recognise"]["all"][0])
        data["signs"] = {**form.signs, **_missing_signs(form, form.cube)}
        data["note_marks"] = {**data.get("note_marks", {}), **_status_marks(form.cube)}
    for shape in ("flat", "records"):
        if shape in data:
            data[shape] = {k: v for k, v in data[shape].items() if k != "sheet"}
    return Form.model_validate(data)


def _convert_table(table: Mapping[str, Any]) -> dict[str, Any]:
    """Remove the keys that only the original format needs, and a sheet name that a workbook cannot have."""
    converted = {k: v for k, v in table.items() if k not in ("continues", "lines_x", "carry_headings")}
    sheet = converted.get("sheet")
    if sheet is not None and (_NO_SHEET_NAME.search(sheet) or len(sheet) > LONGEST_SHEET_NAME):
        del converted["sheet"]
    return converted


def _convert_codes(form: Form) -> dict[str, list[dict[str, Any]]]:
    """Return the code tables with the words of the office first, followed by the labels of its file."""
    tables = {name: _convert_entries(form, name) for name in form.codes}
    for dimension in form.cube.dims.values() if form.cube is not None else ():
        if dimension.dim is not None and dimension.same and dimension.dim not in tables:
            tables[dimension.dim] = _shared_code_entries(dimension.dim, form.language)
    return tables


def _convert_entries(form: Form, name: str) -> list[dict[str, Any]]:
    words_of_entries = [entry.words for entry in form.table_entries(name) if entry.words is not None]
    ambiguous = {word for word, count in Counter(map(fold_text, words_of_entries)).items() if count > 1}
    converted = []
    for entry in form.table_entries(name):
        data = entry.model_dump(exclude_defaults=True)
        if (words := data.pop("words", None)) is not None:
            written = f"{words} ({entry.labels[0]})" if fold_text(words) in ambiguous else words
            others = [text for text in entry.labels if fold_text(text) != fold_text(written)]
            data["labels"] = [written, *others]
        converted.append(data)
    return converted


def _shared_code_entries(dimension: str, language: str) -> list[dict[str, Any]]:
    """Return the code list of a dimension with shared codes, labelled with our words in the language of the form."""
    if dimension not in codelist_names():
        return []
    spoken = language if label_differs(dimension, language) else language.partition("-")[0]
    shared_codes = [code for code in list_codes(dimension) if code != "_Z"]
    words = {code: get_code_label(dimension, code, spoken) for code in shared_codes}
    folded_words = [fold_text(word) for word in words.values()]
    return [
        {
            "labels": [words[c], c] if folded_words.count(fold_text(words[c])) == 1 else [f"{words[c]} ({c})", c],
            "code": c,
        }
        for c in shared_codes
    ]


def label_differs(dimension: str, language: str) -> bool:
    """Return True if a code list has labels in exactly this language that differ from the English ones."""
    return any(
        get_code_label(dimension, code, language) != get_code_label(dimension, code, "en")
        for code in list_codes(dimension)
    )


def _convert_cube(form: Form, cube: CubeShape, title: str) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for name, dimension in cube.dims.items():
        heading = dimension.words or name
        if dimension.dim is not None:
            columns[heading] = {"dim": dimension.dim}
        elif dimension.template is not None and (not _holds_only_periods(dimension) or "{text}" in title):
            columns[heading] = {"template": dimension.template}
    columns[cube.number or _NUMBER.get(form.language, "Number")] = {"value": True}
    for name, attribute in cube.attributes.items():
        if attribute.use == "note":
            columns[name] = {"note": True}
    return {"title": title, "columns": columns, "crossed": True, "fixed": cube.fixed.declared_codes()}


def _holds_only_periods(dimension: CubeDimension) -> bool:
    return set(find_placeholders(dimension.template or "")) <= set(PERIOD_PARTS)


def _missing_signs(form: Form, cube: CubeShape) -> dict[str, str]:
    """Return a sign for each status without a number that the file gives as an attribute."""
    statuses = {code for a in cube.attributes.values() if a.use == "obs_status" for code in a.codes.values()}
    confidentialities = {code for a in cube.attributes.values() if a.use == "conf_status" for code in a.codes.values()}
    needed = [
        meaning
        for meaning, (value, status, conf) in OBS_STATUS_OF_SIGN.items()
        if value is None
        and (status in statuses or conf in confidentialities - {"F"})
        and meaning not in form.signs.values()
    ]
    signs: dict[str, str] = {}
    for meaning in needed:
        signs[next(sign for sign in _SIGNS[meaning] if sign not in form.signs)] = meaning
    return signs


def _status_marks(cube: CubeShape) -> dict[str, Any]:
    """Return a mark after the number for each status that accompanies a number: `12 (P)`."""
    without_number = {status for value, status, _ in OBS_STATUS_OF_SIGN.values() if value is None}
    statuses = {code for a in cube.attributes.values() if a.use == "obs_status" for code in a.codes.values()}
    return {f"({code})": {"status": code} for code in sorted(statuses - without_number - {"A"})}
