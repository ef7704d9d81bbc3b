"""The declaration of a form: one layout of one instrument of one jurisdiction, as frozen pydantic models.

`docs/forms.md` explains it with examples.

Every pattern is a template of literal words with `{placeholders}`, matched whole and never a regular expression, so
that the same declaration can also write the empty template for the office.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from pipelines.core.codes import get_code_attribute
from pipelines.declarations.base import DeclarationModel, Many, PeriodRange, Template, find_placeholders
from pipelines.declarations.coordinates import (
    COORDINATES,
    FREE_PARTS,
    PERIOD_PARTS,
    Accumulation,
    CodeEntry,
    CodeTable,
    Coordinate,
    DateBasis,
    Instrument,
    ObsStatus,
    Scope,
)
from pipelines.declarations.shapes import CrossedTable, CubeShape, FlatList, Records

Format = Literal["xlsx", "xls", "ods", "csv", "pdf", "docx", "html", "px", "jsonstat", "sdmx-ml", "sdmx-csv"]
CUBE_FORMATS = frozenset({"px", "jsonstat", "sdmx-ml", "sdmx-csv"})
WORKBOOK_FORMATS = frozenset({"xlsx", "xls", "ods"})
"""A workbook can be saved in any of these formats without a change of sheets, cells or words."""
SignMeaning = Literal["zero", "not_applicable", "not_available", "not_collected", "confidential", "below_half_unit"]


TitleLanguage = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-(Latn|Cyrl))?$")]
Title = Annotated[str, Field(min_length=3, max_length=120)]


class Numbers(DeclarationModel):
    """How the office writes numbers as text. Not used for numbers stored as numbers."""

    decimal: Literal[",", "."] = ","
    thousands: Many[str] = Field(("",), description="Signs between thousands; [''] for none.")


class NoteMark(DeclarationModel):
    """Meaning of a note mark at a number or label; `status` applies to the number itself (P provisional, B break …)."""

    text: str | None = None
    status: ObsStatus | None = None


class Recognise(DeclarationModel):
    """Words that identify a file of this form, in a cell, title, sheet name, dimension or keyword."""

    all: Many[Template] = Field(min_length=1)
    none: Many[Template] = ()


class Ignore(DeclarationModel):
    """Sheets and column headings that are ignored, whatever their content.

    Additions by the templates of this system (instructions, code lists, earlier figures) are named `RTI – …`.
    """

    sheets: Many[Template] = ("RTI – {text}",)
    headings: Many[Template] = ("RTI – {text}",)


class Nil(DeclarationModel):
    """The words with which the office reports that there was nothing to count; they or `title` have the period."""

    words: Template
    title: Template | None = None


class AddsUp(DeclarationModel):
    """A declared sum: `total` equals the sum of the mutually exclusive `parts`, all other coordinates being equal.

    `parts: "*"` means all codes of that dimension that are present, except the total. `where` restricts the sum.
    """

    dim: str
    total: str
    parts: Many[str] | Literal["*"]
    where: Coordinate = Coordinate()
    severity: Literal["error", "warning"] = "error"

    @model_validator(mode="after")
    def _has_valid_parts(self) -> Self:
        if self.dim not in COORDINATES:
            raise ValueError(f"{self.dim!r} is not a dimension; there are {', '.join(COORDINATES)}")
        if self.total in self.parts:
            raise ValueError("the total is not one of its own parts")
        return self


class Form(DeclarationModel):
    """One layout. Exactly one of `tables`, `flat`, `records`, `cube` declares its shape."""

    id: str = Field(pattern=r"^[A-Z]{2}[A-Z_]*-[A-Z]+(-[A-Z0-9]+)+$")
    series: str = Field(pattern=r"^[A-Z0-9_-]+$", description="Identity of its blocks across layouts.")
    title: str = Field(description="What a person calls this form, in English.")
    titles: dict[TitleLanguage, Title] = Field(
        default_factory=dict, description="The same in other languages, the office's own first: mk, sr-Cyrl, sq …"
    )
    jurisdiction: str
    source: str
    instrument: Instrument
    formats: Many[Format] = Field(min_length=1)
    language: str = Field(description="Language and script of its words: mk, sr-Cyrl, sr-Latn, sq …")
    valid: PeriodRange
    freq: Literal["Q", "A"]
    kind: Literal["full", "patch"] = "full"
    absent_cell: Literal["zero", "missing", "error"] = Field(
        description="An empty cell of a table, or a combination a cube leaves out: zero, missing, or never allowed."
    )
    accumulation: Accumulation
    date_basis: DateBasis
    scope: Scope
    encodings: Many[str] = ()
    alphabets: Many[str] = ()
    recognise: Recognise
    contacts: Many[Template] = Field((), description="The compiler's own contact cells: read past, never kept.")
    fixed: Coordinate = Coordinate()
    codes: dict[str, CodeTable] = Field(default_factory=dict)
    signs: dict[str, SignMeaning] = Field(default_factory=dict)
    numbers: Numbers = Numbers()
    note_marks: dict[Template, NoteMark] = Field(default_factory=dict)
    adds_up: Many[AddsUp] = ()
    hidden: Literal["refuse", "ignore"] = Field(
        "refuse", description="Hidden rows, columns and sheets that hold values."
    )
    nil: Nil | None = None
    ignore: Ignore = Ignore()
    second_of: str | None = Field(
        None, description="The form of which this is the workbook; the registry derives one where none is declared."
    )
    tables: Many[CrossedTable] | None = None
    flat: FlatList | None = None
    records: Records | None = None
    cube: CubeShape | None = None
    note: str | None = None

    @property
    def shape(self) -> Literal["tables", "flat", "records", "cube"]:
        """The shape of the form."""
        if self.tables is not None:
            return "tables"
        if self.flat is not None:
            return "flat"
        return "records" if self.records is not None else "cube"

    def accepts_format(self, format_: str) -> bool:
        """Return True if the form accepts a format: a declared one, or any workbook format if one of them is declared.

        An office may save our XLSX as ODS in LibreOffice or move from XLS to XLSX without changing the content.
        """
        return format_ in self.formats or (format_ in WORKBOOK_FORMATS and bool(WORKBOOK_FORMATS & set(self.formats)))

    def table_entries(self, table: str) -> tuple[CodeEntry, ...]:
        """Return the lines of a code table in the long form; empty if the form has no such table."""
        declared = self.codes.get(table, ())
        if isinstance(declared, dict):
            return tuple(
                CodeEntry(labels=(label,), code=value)
                if isinstance(value, str)
                else CodeEntry(labels=(label,), set=value)
                for label, value in declared.items()
            )
        return declared

    def iterate_templates(self) -> Iterator[tuple[str, str]]:
        """Yield every template of the form that sets coordinates, as (key, template)."""
        for number, table in enumerate(self.tables or ()):
            for key in ("sheet", "title"):
                if (text := getattr(table, key)) is not None:
                    yield f"tables.{number}.{key}", text
            yield from ((f"tables.{number}.columns", text) for text in table.columns)
            yield from ((f"tables.{number}.rows", text) for text in table.rows)
        for name in ("flat", "records"):
            if (part := getattr(self, name)) is not None:
                for key in ("sheet", "title"):
                    if (text := getattr(part, key)) is not None:
                        yield f"{name}.{key}", text

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        shapes = [n for n in ("tables", "flat", "records", "cube") if getattr(self, n) is not None]
        if len(shapes) != 1:
            raise ValueError(
                f"a form has exactly one of tables, flat, records, cube; this has {', '.join(shapes) or 'none'}"
            )
        if (self.cube is not None) != bool(CUBE_FORMATS & set(self.formats)):
            raise ValueError("`cube` goes with px, jsonstat, sdmx-ml and sdmx-csv, and with these only")
        if (self.records is not None) != (get_code_attribute("instrument", self.instrument, "shape") == "case_event"):
            raise ValueError("`records` goes with the instruments register and requests, and with these only")
        if (len(self.valid.partition("..")[0]) == 4) != (self.freq == "A"):
            raise ValueError("a quarterly form is valid for quarters, an annual form for years")
        if "en" in self.titles:
            raise ValueError("the English title is `title`; `titles` are those of other languages")
        self._check_tables()
        self._check_names()
        return self

    def _check_tables(self) -> None:
        for name in self.codes:
            for entry in self.table_entries(name):
                if entry.code is None and name in COORDINATES:
                    raise ValueError(f"codes.{name}: {entry.labels[0]!r} must have a code of {name}")
                if entry.code is not None and name not in COORDINATES:
                    raise ValueError(
                        f"codes.{name} is not a dimension, so {entry.labels[0]!r} must say what it sets, "
                        "as in {measure: reported}"
                    )
                if entry.code is not None:
                    try:
                        Coordinate.model_validate({name: entry.code})
                    except ValueError as error:
                        raise ValueError(f"codes.{name}: {entry.labels[0]!r}: {_first_message(error)}") from None

    def _check_names(self) -> None:
        for key, text in self.iterate_templates():
            for name in find_placeholders(text):
                self._check_name(key, text, name)
        columns: dict[str, Any] = dict(self.flat.columns) if self.flat else dict(self.cube.dims) if self.cube else {}
        for heading, column in columns.items():
            if column.dim is not None and not getattr(column, "same", False):
                self._check_name("columns" if self.flat else "dims", heading, column.dim)
            if (repeats := getattr(column, "repeats", None)) is not None:
                self._check_name("columns", heading, repeats)
        if self.flat is not None and not any(c.value for c in self.flat.columns.values()):
            raise ValueError("flat.columns: no column is the `value`")

    def _check_name(self, key: str, text: str, name: str) -> None:
        if name in self.codes or name in PERIOD_PARTS or name in FREE_PARTS or name == "article":
            return
        raise ValueError(
            f"{key}: {text!r} needs a code table named {name!r} under `codes`; "
            f"there are {', '.join(self.codes) or 'none'}"
        )


def _first_message(error: ValueError) -> str:
    errors = getattr(error, "errors", None)
    return str(errors()[0]["msg"]) if callable(errors) else str(error)


class FormFile(DeclarationModel):
    """One file of forms of one instrument of one territory."""

    forms: Many[Form]
