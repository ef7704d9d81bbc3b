"""The four shapes of a form: crossed tables, a list, a register, a cube.

`docs/forms.md` explains each with an example.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from pipelines.declarations.base import DeclarationModel, Many, Template
from pipelines.declarations.coordinates import Age, Coordinate, HeadingLine, Level, Measure


class CrossedTable(DeclarationModel):
    """One crossed table of a grid, located by its words.

    The `corner` is the heading of its first label column; `stub` lists the headings of further label columns to the
    right of it. The heading path of a column is its `header_rows` headings joined by ` / ` (a merged heading counts
    once); the path of a row is its labels joined in the same way.
    """

    sheet: Template | None = None
    title: Template | None = Field(None, description="Words above the table, or its caption; may carry the period.")
    corner: Template
    stub: Many[Template] = ()
    header_rows: int = Field(1, ge=1, le=8)
    end: Many[Template] = Field((), description="First label after the end of the table.")
    continues: Literal["no", "repeats_header"] = "no"
    carry_headings: bool = Field(False, description="A blank upper heading takes the one to its left (text formats).")
    carry_labels: bool = Field(False, description="A blank label of the first label columns takes the one above it.")
    lines_x: Many[float] | None = Field(
        None, description="Last resort for a PDF table without rules: x of its vertical lines, in points."
    )
    occurs: Literal["once", "optional", "many"] = Field(
        "once", description="`many`: one for each sheet or title that fits."
    )
    fixed: Coordinate = Coordinate()
    columns: dict[Template, HeadingLine]
    rows: dict[Template, HeadingLine]


class ListColumn(DeclarationModel):
    """A column of a list: a coordinate (`dim`, a dimension or code table), the number, or a column to ignore.

    `template` reads a text such as `2024/Q3` by placeholders instead of a code table. An ignored column may repeat in
    words what another column says by code: `repeats` names the code table of these words.
    """

    dim: str | None = None
    template: Template | None = None
    value: bool = False
    set: Coordinate = Coordinate()
    note: bool = False
    ignore: bool = False
    repeats: str | None = Field(
        None, description="Code table of an ignored column whose words must agree with the codes of its line."
    )

    @model_validator(mode="after")
    def _has_one_role(self) -> Self:
        if self.repeats is not None and not self.ignore:
            raise ValueError("`repeats` goes with `ignore: true`")
        if sum((self.dim is not None, self.template is not None, self.value, self.note, self.ignore)) != 1:
            raise ValueError("a column has exactly one of dim, template, value, note, ignore")
        return self


class FlatList(DeclarationModel):
    """A list of observations: one line per number (or several number columns), and a column for each dimension."""

    sheet: Template | None = None
    title: Template | None = None
    fixed: Coordinate = Coordinate()
    columns: dict[Template, ListColumn]
    end: Many[Template] = ()
    crossed: bool = Field(
        False,
        description="The lines are the combinations of a cube: one that is left out, or has no number, means what "
        "`absent_cell` says of a cube.",
    )


RecordFieldName = Literal[
    "proceeding", "person", "event", "event_date", "cutoff_date", "offence", "article", "sex", "age", "age_years",
    "sentence_type", "sentence_months", "sentence_years", "level", "direction", "partner", "assistance", "ignore",
]  # fmt: skip


class RecordColumn(DeclarationModel):
    """A column of a register: a field of `case_event`, or (with `event`) a date that records this event.

    Use `event` if a line is one record with several dates, and `field: event` with `field: event_date` if a line is
    one event. `codes` names the code table, by default the one with the name of the field. A date that is
    `stated_again` may be before the period of the return: an earlier return has the event, and the other dates of the
    line are compared with it.
    """

    field: RecordFieldName | None = None
    event: Measure | None = None
    level: Level | None = None
    codes: str | None = None
    required: bool = False
    stated_again: bool = Field(False, description="Later returns repeat this date.")

    @model_validator(mode="after")
    def _has_field_or_event(self) -> Self:
        if (self.field is None) == (self.event is None):
            raise ValueError("a column has either `field` or `event`")
        if self.stated_again and self.event is None:
            raise ValueError("only the date of an event can be `stated_again`")
        return self


class Records(DeclarationModel):
    """A register: one defendant in one proceeding, or one request, with one event or several in a line."""

    sheet: Template | None = None
    title: Template | None = Field(None, description="Words above the heading; may carry the period of the return.")
    columns: dict[Template, RecordColumn]
    date: Template = Field("{day}.{month}.{year}", description="How dates are written: {day}.{month}.{year}.")
    age_bands: Many[Age] = Field((), description="Bands that `age_years` is put in.")
    cutoff: Literal["period_end", "column"] = "period_end"
    end: Many[Template] = ()


class CubeDimension(DeclarationModel):
    """A dimension of a cube. `dim` is a dimension or code table; `template` reads members such as `2024K1`.

    `by: codes` looks up members by the codes of the file, `by: labels` by their labels in the language of the form.
    With `dim`, members are looked up in the code table of that name; with `same: true`, the file uses our codes.
    `only` is the single member that an ignored dimension may have.
    """

    dim: str | None = None
    template: Template | None = None
    by: Literal["codes", "labels"] = "codes"
    same: bool = False
    only: str | None = None
    words: str | None = Field(None, min_length=1, description="Its heading in a workbook, where its name is a code.")

    @model_validator(mode="after")
    def _has_one_lookup(self) -> Self:
        if sum((self.dim is not None, self.template is not None, self.only is not None)) != 1:
            raise ValueError("a dimension has exactly one of dim, template, only")
        return self


class CubeAttribute(DeclarationModel):
    """An observation attribute of the file: `obs_status` or `conf_status`, mapped by `codes`, a note, or ignored."""

    use: Literal["obs_status", "conf_status", "note", "ignore"]
    codes: dict[str, str] = Field(default_factory=dict)


class CubeShape(DeclarationModel):
    """A cube: its dimensions by name (id or label in the language of the form); every dimension must be declared."""

    dims: dict[str, CubeDimension]
    attributes: dict[str, CubeAttribute] = Field(default_factory=dict)
    expect: dict[str, str] = Field(
        default_factory=dict, description="Properties of the file that must hold: keyword -> value."
    )
    fixed: Coordinate = Coordinate()
    number: str | None = Field(None, min_length=1, description="Heading of the numbers in a workbook.")
