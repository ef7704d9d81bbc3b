"""The second form: the workbook of a form that is no workbook, derived from its declaration.

The registry derives one for every form that is neither a workbook itself nor has a declared one (`second_of`), so
that a new territory gets it without doing anything.

Crossed tables stay as they are; lists and registers keep their columns; a cube becomes a list with a column for each of
its dimensions, in the office's words, and one for the number.  The workbook is known by its own mark alone, a cell that
says its id and period, so that no file of another format or form is ever taken for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pipelines.core.codes import codelist_names, codes, label
from pipelines.core.text.folding import fold
from pipelines.declarations.base import placeholders
from pipelines.declarations.coordinates import PERIOD_PARTS
from pipelines.declarations.form import Form
from pipelines.declarations.shapes import CubeDimension, CubeShape
from pipelines.model.long_tables import OBS_STATUS_OF_SIGN

ENDING = "-XLSX"
_NUMBER = {
    "sq": "Numri", "hr": "Broj", "bs": "Broj", "cnr-Latn": "Broj", "cnr-Cyrl": "Број", "sr-Latn": "Broj",
    "sr-Cyrl": "Број", "mk": "Број",
}  # fmt: skip
"""Heading of the numbers of a cube's workbook by the form's language, where the form declares none."""
_WORKBOOK = {
    "sq": "libër pune", "hr": "radna knjiga", "bs": "radna sveska", "cnr-Latn": "radna sveska",
    "cnr-Cyrl": "радна свеска", "sr-Latn": "radna sveska", "sr-Cyrl": "радна свеска", "mk": "работна книга",
}  # fmt: skip
"""What is said behind a title that the workbook is one, by the title's language; elsewhere its format."""
_SIGNS = {"not_applicable": (".", "x"), "not_available": ("..", ":"), "not_collected": ("…", "/"),
          "confidential": ("c", "*")}  # fmt: skip
"""Signs for what only an attribute of the file could say: the usual one first, another where that is taken."""
_NO_SHEET_NAME = re.compile(r"[\[\]:*?/\\]")
LONGEST_SHEET_NAME = 31
_ONLY_THEIRS = ("encodings", "recognise", "cube", "second_of")


def needs_second(form: Form) -> bool:
    """Whether a workbook is derived for a form: it is not one itself, and is not the workbook of another."""
    return "xlsx" not in form.formats and form.second_of is None


def mark_of(form_id: str, freq: str) -> str:
    """The template of the cell by which the workbook is known: its id and period."""
    return f"{form_id} / {{year}}-Q{{quarter}}" if freq == "Q" else f"{form_id} / {{year}}"


def second_of(form: Form) -> Form:
    """The workbook of a form, a form of its own with the id `<ID>-XLSX`.

    Raises ValueError (pydantic's) where the declaration does not allow one; the registry says where.
    """
    identity = form.id + ENDING
    mark = mark_of(identity, form.freq)
    data: dict[str, Any] = {k: v for k, v in form.model_dump(exclude_defaults=True).items() if k not in _ONLY_THEIRS}
    data |= {
        "id": identity,
        "second_of": form.id,
        "title": f"{form.title} (workbook)",
        "titles": {spoken: f"{title} ({_WORKBOOK.get(spoken, 'XLSX')})" for spoken, title in form.titles.items()},
        "formats": ["xlsx"],
        "recognise": {"all": [mark]},
        "codes": _codes(form),
    }
    if "quarter" in form.codes and form.freq == "Q":
        # The mark names the quarter by its digit even where the office's own titles have words for it.
        data["recognise"] = {"all": [f"{identity} / {{text}}"]}
    if form.tables is not None:
        data["tables"] = [_table(table) for table in data["tables"]]
    elif form.flat is not None:
        data["flat"] = {**data["flat"], "title": data["recognise"]["all"][0]}
    elif form.records is not None:
        data["records"] = {"title": data["recognise"]["all"][0], **data["records"]}
    elif form.cube is not None:
        data["flat"] = _list(form, form.cube, data["recognise"]["all"][0])
        data["signs"] = {**form.signs, **_signs(form, form.cube)}
        data["note_marks"] = {**data.get("note_marks", {}), **_status_marks(form.cube)}
    for shape in ("flat", "records"):
        if shape in data:
            data[shape] = {k: v for k, v in data[shape].items() if k != "sheet"}
    return Form.model_validate(data)


def _table(table: Mapping[str, Any]) -> dict[str, Any]:
    """A table without what only its own format needs; a sheet name that a workbook cannot have is left to the title."""
    out = {k: v for k, v in table.items() if k not in ("continues", "lines_x", "carry_headings")}
    sheet = out.get("sheet")
    if sheet is not None and (_NO_SHEET_NAME.search(sheet) or len(sheet) > LONGEST_SHEET_NAME):
        del out["sheet"]
    return out


def _codes(form: Form) -> dict[str, list[dict[str, Any]]]:
    """The code tables, the office's words first and the labels of its file beside them."""
    tables = {name: _entries(form, name) for name in form.codes}
    for dimension in form.cube.dims.values() if form.cube is not None else ():
        if dimension.dim is not None and dimension.same and dimension.dim not in tables:
            tables[dimension.dim] = _common(dimension.dim, form.language)
    return tables


def _entries(form: Form, name: str) -> list[dict[str, Any]]:
    known = [entry.words for entry in form.entries(name) if entry.words is not None]
    twice = {fold(word) for word in known if sum(fold(word) == fold(other) for other in known) > 1}
    out = []
    for entry in form.entries(name):
        data = entry.model_dump(exclude_defaults=True)
        if (words := data.pop("words", None)) is not None:
            written = f"{words} ({entry.labels[0]})" if fold(words) in twice else words
            others = [text for text in entry.labels if fold(text) != fold(written)]
            data["labels"] = [written, *others]
        out.append(data)
    return out


def _common(dimension: str, language: str) -> list[dict[str, Any]]:
    """The code list of a dimension whose codes the file shares with us, by our words in the form's language."""
    if dimension not in codelist_names():
        return []
    spoken = language if label_differs(dimension, language) else language.partition("-")[0]
    known = [code for code in codes(dimension) if code != "_Z"]
    words = {code: label(dimension, code, spoken) for code in known}
    twice = [fold(word) for word in words.values()]
    return [
        {"labels": [words[c], c] if twice.count(fold(words[c])) == 1 else [f"{words[c]} ({c})", c], "code": c}
        for c in known
    ]


def label_differs(dimension: str, language: str) -> bool:
    """Whether a code list has words of its own in exactly this language."""
    return any(label(dimension, code, language) != label(dimension, code, "en") for code in codes(dimension))


def _list(form: Form, cube: CubeShape, title: str) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for name, dimension in cube.dims.items():
        heading = dimension.words or name
        if dimension.dim is not None:
            columns[heading] = {"dim": dimension.dim}
        elif dimension.template is not None and (not _of_period(dimension) or "{text}" in title):
            columns[heading] = {"template": dimension.template}
    columns[cube.number or _NUMBER.get(form.language, "Number")] = {"value": True}
    for name, attribute in cube.attributes.items():
        if attribute.use == "note":
            columns[name] = {"note": True}
    return {"title": title, "columns": columns, "crossed": True, "fixed": cube.fixed.said()}


def _of_period(dimension: CubeDimension) -> bool:
    return set(placeholders(dimension.template or "")) <= set(PERIOD_PARTS)


def _signs(form: Form, cube: CubeShape) -> dict[str, str]:
    """A sign for each status without a number that only an attribute of the file could say."""
    said = {code for a in cube.attributes.values() if a.use == "obs_status" for code in a.codes.values()}
    hidden = {code for a in cube.attributes.values() if a.use == "conf_status" for code in a.codes.values()}
    needed = [
        meaning
        for meaning, (value, status, conf) in OBS_STATUS_OF_SIGN.items()
        if value is None and (status in said or conf in hidden - {"F"}) and meaning not in form.signs.values()
    ]
    out: dict[str, str] = {}
    for meaning in needed:
        out[next(sign for sign in _SIGNS[meaning] if sign not in form.signs)] = meaning
    return out


def _status_marks(cube: CubeShape) -> dict[str, Any]:
    """A mark behind the number for each status that stands beside a number: `12 (P)`."""
    without_number = {status for value, status, _ in OBS_STATUS_OF_SIGN.values() if value is None}
    said = {code for a in cube.attributes.values() if a.use == "obs_status" for code in a.codes.values()}
    return {f"({code})": {"status": code} for code in sorted(said - without_number - {"A"})}
