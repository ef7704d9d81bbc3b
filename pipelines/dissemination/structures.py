"""Model the data structures of a release in the terms of the SDMX information model.

All artefacts are frozen. A text is a mapping of language tags (BCP 47) to words; English is always present.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

AGENCY: Final = "RTI"
"""Maintenance agency of all structures."""
STRUCTURE_VERSION: Final = "1.0.0"
"""Semantic version of all structures: major for removed or renamed components, minor for added ones. A test compares
the components with those of this version. Code lists grow with the codes of a release."""
TIME_PERIOD: Final = "TIME_PERIOD"
OBS_VALUE: Final = "OBS_VALUE"

Text = Mapping[str, str]
TextType = Literal["String", "Double", "Integer", "ObservationalTimePeriod"]
Attachment = Literal["dataset", "series", "observation"]


class StructureError(ValueError):
    """A release holds something that its declared structures do not describe, or lacks what is asked for."""


@dataclass(frozen=True)
class Code:
    """One code of a code list; `parent` is the code that contains it."""

    id: str
    names: Text
    descriptions: Text = field(default_factory=dict)
    parent: str | None = None


@dataclass(frozen=True)
class Codelist:
    """A code list, in the order in which its codes are shown."""

    id: str
    names: Text
    codes: tuple[Code, ...]

    @cached_property
    def by_id(self) -> Mapping[str, Code]:
        """Return the codes by their ids."""
        return {code.id: code for code in self.codes}


@dataclass(frozen=True)
class Concept:
    """A concept of the concept scheme."""

    id: str
    names: Text
    descriptions: Text = field(default_factory=dict)


@dataclass(frozen=True)
class Dimension:
    """A coded dimension. The time dimension is not one of them: every structure has `TIME_PERIOD`."""

    id: str
    codelist: str


@dataclass(frozen=True)
class Attribute:
    """An attribute: coded, or of a text type. A series attribute has one value for all periods of a series."""

    id: str
    codelist: str | None = None
    text_type: TextType = "String"
    attachment: Attachment = "observation"
    is_required: bool = False


@dataclass(frozen=True)
class DataStructure:
    """The dimensions in the order of the key, the attributes, the time dimension and the one measure `OBS_VALUE`."""

    id: str
    names: Text
    dimensions: tuple[Dimension, ...]
    attributes: tuple[Attribute, ...]

    @cached_property
    def dimension_ids(self) -> tuple[str, ...]:
        """Return the ids of the coded dimensions, in the order of the key."""
        return tuple(dimension.id for dimension in self.dimensions)

    @cached_property
    def codelists(self) -> Mapping[str, str]:
        """Return the code list of each coded component."""
        coded = {dimension.id: dimension.codelist for dimension in self.dimensions}
        return coded | {item.id: item.codelist for item in self.attributes if item.codelist is not None}

    def list_attributes(self, attachment: Attachment) -> tuple[Attribute, ...]:
        """Return the attributes that are attached to a level."""
        return tuple(item for item in self.attributes if item.attachment == attachment)


@dataclass(frozen=True)
class Dataflow:
    """A dataflow with its structure and the category that it belongs to."""

    id: str
    names: Text
    descriptions: Text
    structure: DataStructure
    category: str
    bases: Mapping[str, str] = field(default_factory=dict)
    """By indicator, of what its figures are made, as a key of `words.indicators.FEW`; a count unless it is listed."""


@dataclass(frozen=True)
class MetadataAttribute:
    """An attribute of reference metadata: coded, or of a text type; `children` say more about one value of it."""

    id: str
    codelist: str | None = None
    text_type: TextType = "String"
    is_repeated: bool = False
    children: tuple[MetadataAttribute, ...] = ()


@dataclass(frozen=True)
class Metadataflow:
    """A flow of reference metadata with its structure; `codelist` has the codes that its metadata sets are about."""

    id: str
    names: Text
    descriptions: Text
    codelist: str
    attributes: tuple[MetadataAttribute, ...]

    def list_attributes(self) -> Iterator[MetadataAttribute]:
        """Yield all attributes, each before its children."""
        waiting = list(self.attributes)
        while waiting:
            item = waiting.pop(0)
            yield item
            waiting = [*item.children, *waiting]


@dataclass(frozen=True)
class Category:
    """A category of the category scheme."""

    id: str
    names: Text


@dataclass(frozen=True)
class FigureCorrection:
    """A notice that published figures of an area were wrong, as the secretariat wrote it.

    `territory` is the one that the area belongs to. An empty `period` means all periods. `issued_at` is the time of a
    notice that is newer than the release, and empty for one in its table of notes.
    """

    id: str
    area: str
    territory: str
    period: str
    text: str
    issued_at: str = ""


@dataclass(frozen=True)
class ReleaseLabel:
    """The release that a file belongs to, as files state it."""

    id: str
    is_demonstration: bool
    drafted_at: str
    reference_period: str
    software_version: str
    declarations: str
    citations: Text
    footnotes: Mapping[str, Text]
    """Footnotes of names, by area."""
    corrections: tuple[FigureCorrection, ...] = ()
    """Notices on corrected figures that stay with the data, oldest first."""


@dataclass(frozen=True)
class Structures:
    """All structures of one release."""

    edition: ReleaseLabel
    languages: tuple[str, ...]
    codelists: Mapping[str, Codelist]
    concepts: Mapping[str, Concept]
    categories: tuple[Category, ...]
    dataflows: Mapping[str, Dataflow]
    hierarchies: tuple[str, ...] = ()
    """Code lists whose parents make a hierarchy."""
    agency: str = AGENCY
    version: str = STRUCTURE_VERSION
    agency_names: Text = field(default_factory=dict)
    metadataflows: Mapping[str, Metadataflow] = field(default_factory=dict)

    def find_dataflow(self, name: str) -> Dataflow:
        """Return a dataflow by its id. Raises StructureError if there is none."""
        if name not in self.dataflows:
            raise StructureError(f"There is no dataflow {name}; there are {', '.join(self.dataflows)}")
        return self.dataflows[name]

    def find_codelist(self, dataflow: Dataflow, component: str) -> Codelist:
        """Return the code list of a coded component of a dataflow."""
        return self.codelists[dataflow.structure.codelists[component]]

    def find_label(self, codelist: str, code: str, language: str) -> str:
        """Return the label of a code in a language, in English if it has none, or the code if it is not listed."""
        item = self.codelists[codelist].by_id.get(code)
        return choose_text(item.names, language) if item is not None else code

    def find_used_codelists(self) -> frozenset[str]:
        """Return the code lists of the components of dataflows and of the attributes of metadataflows."""
        used = {name for flow in self.dataflows.values() for name in flow.structure.codelists.values()}
        coded = (item.codelist for flow in self.metadataflows.values() for item in flow.list_attributes())
        return frozenset(used | {codelist for codelist in coded if codelist is not None})

    def list_concepts(self, dataflow: Dataflow) -> Iterator[Concept]:
        """Yield the concepts of all components of a dataflow: dimensions, time, measure, attributes."""
        structure = dataflow.structure
        for name in (*structure.dimension_ids, TIME_PERIOD, OBS_VALUE, *(item.id for item in structure.attributes)):
            yield self.concepts[name]


def choose_text(text: Text, language: str) -> str:
    """Return a text in a language, in English if it has none, and nothing if it is empty."""
    return text.get(language) or text.get("en", "")
