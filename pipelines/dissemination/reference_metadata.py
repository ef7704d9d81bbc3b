"""Declare the reference metadata of a release: the tables that have metadata sets, and the attributes of these.

The texts are those of the release, in English.  The SQL here selects and renames.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pipelines.core.i18n import mark
from pipelines.dissemination.codelists import translate_text
from pipelines.dissemination.components import COMPONENTS
from pipelines.dissemination.structures import Concept, MetadataAttribute, Metadataflow, TextType


@dataclass(frozen=True)
class MetadataItem:
    """The name of the concept of an attribute, with its code list if it is coded, and its text type if it is not."""

    name: str
    codelist: str | None = None
    text_type: TextType = "String"


@dataclass(frozen=True)
class MetadataSource:
    """One metadataflow: its name, what it is, and how the attributes of its metadata sets are selected.

    `query` has one row for each value of a top attribute, with the columns `subject` (the code of `codelist` that the
    metadata set is about), `instrument` (empty if the set is not about one kind of returns), `attribute`, `value` and
    those of `children`.  Rows with the same subject and instrument make one metadata set.  A set that is about returns
    of one kind, or of all, has the kind as its first attribute and points to the dataflows that have their figures.
    """

    name: str
    description: str
    codelist: str
    query: str
    attributes: tuple[str, ...]
    children: tuple[str, ...] = ()
    is_repeated: bool = False
    is_about_returns: bool = True


AREAS: Final = "CL_AREA"
METHODOLOGY: Final = "METHODOLOGY"
INSTRUMENT: Final = "INSTRUMENT"
FOOTNOTE: Final = "FOOTNOTE"
FIRST_PERIOD: Final = "FIRST_PERIOD"
LAST_PERIOD: Final = "LAST_PERIOD"
"""Attributes with the periods that a value is about; both are absent from a value about all time."""
WHOLE: Final = "_T"
"""Instrument of a metadata set about all returns of a territory."""
STATEMENTS: Final[Mapping[str, MetadataItem]] = {
    "CONTACT_ORGANISATION": MetadataItem(mark("Contact organisation")),
    "CONTACT_ORGANISATION_UNIT": MetadataItem(mark("Contact organisation unit")),
    "DATA_DESCRIPTION": MetadataItem(mark("Data description")),
    "CLASSIFICATION_SYSTEM": MetadataItem(mark("Classification system")),
    "STATISTICAL_CONCEPTS_AND_DEFINITIONS": MetadataItem(mark("Statistical concepts and definitions")),
    "STATISTICAL_UNIT": MetadataItem(mark("Statistical unit")),
    "STATISTICAL_POPULATION": MetadataItem(mark("Statistical population")),
    "REFERENCE_AREA": MetadataItem(mark("Reference area")),
    "COVERAGE": MetadataItem(mark("Coverage")),
    "TIME_COVERAGE": MetadataItem(mark("Time coverage")),
    "UNIT_OF_MEASURE": MetadataItem(mark("Unit of measure")),
    "REFERENCE_PERIOD": MetadataItem(mark("Reference period")),
    "LEGAL_ACTS_AND_OTHER_AGREEMENTS": MetadataItem(mark("Legal acts and other agreements")),
    "CONFIDENTIALITY_DATA_TREATMENT": MetadataItem(mark("Confidentiality: data treatment")),
    "FREQUENCY_OF_DISSEMINATION": MetadataItem(mark("Frequency of dissemination")),
    "USER_NEEDS": MetadataItem(mark("User needs")),
    "RECOMMENDED_USES": MetadataItem(mark("Recommended uses")),
    "OVERALL_ACCURACY": MetadataItem(mark("Overall accuracy")),
    "TIMELINESS": MetadataItem(mark("Timeliness")),
    "COMPARABILITY_GEOGRAPHICAL": MetadataItem(mark("Comparability: geographical")),
    "COMPARABILITY_OVER_TIME": MetadataItem(mark("Comparability: over time")),
    "COHERENCE_CROSS_DOMAIN": MetadataItem(mark("Coherence: cross domain")),
    "DATA_REVISION_POLICY": MetadataItem(mark("Data revision: policy")),
    "SOURCE_DATA": MetadataItem(mark("Source data")),
    "COMMENT": MetadataItem(mark("Comment")),
}
"""Concepts of SIMS in the order in which they are shown; a test compares them with those of the declarations."""
METADATA_ITEMS: Final[Mapping[str, MetadataItem]] = {
    **STATEMENTS,
    "TEXT_STATUS": MetadataItem(mark("Status")),
    "TEXT_SOURCE": MetadataItem(mark("Source")),
    "COUNTING_RULE": MetadataItem(mark("Counting rule")),
    "INPUT_OR_OUTPUT": MetadataItem(mark("Input or output")),
    "COUNTED_AT": MetadataItem(mark("Counted at")),
    "SEVERAL_OFFENCES": MetadataItem(mark("Several offences")),
    "ATTEMPTS": MetadataItem(mark("Attempts")),
    "JUVENILES": MetadataItem(mark("Juveniles")),
    "LEGAL_PERSONS": MetadataItem(mark("Legal persons")),
    "UNKNOWN_PERPETRATORS": MetadataItem(mark("Unknown perpetrators")),
    "COUNTED_AGAIN": MetadataItem(mark("Cases taken over, counted again")),
    "NOTE": MetadataItem(mark("Note")),
    "NOTE_KIND": MetadataItem(mark("Kind")),
    FIRST_PERIOD: MetadataItem(mark("First period")),
    LAST_PERIOD: MetadataItem(mark("Last period")),
    "QUALITY_INDICATOR": MetadataItem(mark("Quality indicator"), "CL_INDICATOR"),
    "QUALITY_VALUE": MetadataItem(mark("Value"), text_type="Double"),
    "QUALITY_UNIT": MetadataItem(mark("Unit"), "CL_UNIT_MEASURE"),
    "REASON": MetadataItem(mark("Reason")),
    "RETURN": MetadataItem(mark("Return")),
    "RETURN_FORM": MetadataItem(mark("Form")),
    "RETURN_KIND": MetadataItem(mark("Kind")),
    "RECEIVED_AT": MetadataItem(mark("Received")),
    "ACCEPTED_AT": MetadataItem(mark("Accepted")),
    "IS_NIL": MetadataItem(mark("Nil return")),
    "CORRECTS": MetadataItem(mark("Corrects the return")),
    "INDICATOR_DEFINITION": MetadataItem(mark("Definition")),
    "INDICATOR_FORMULA": MetadataItem(mark("Formula")),
    "INTERVAL_METHOD": MetadataItem(mark("Method of the interval")),
    "CAVEATS": MetadataItem(mark("Caveats")),
    FOOTNOTE: MetadataItem(mark("Footnote of a name")),
}
"""All attributes but those that are components of dataflows too, such as `LEVEL`."""

METADATAFLOWS: Final[Mapping[str, MetadataSource]] = {
    METHODOLOGY: MetadataSource(
        mark("Reference metadata"),
        mark("What the returns of each territory are about, by concepts of the Single Integrated Metadata Structure."),
        AREAS,
        """
            select territory as subject, instrument, upper(concept) as attribute, text as value, status as text_status,
                source as text_source
            from metadata order by territory, instrument, position
        """,
        tuple(STATEMENTS),
        ("TEXT_STATUS", "TEXT_SOURCE"),
    ),
    "COUNTING_RULES": MetadataSource(
        mark("Counting rules"),
        mark("What each office counts, and when, by level of proceedings and count unit."),
        AREAS,
        """
            select jurisdiction as subject,
                case level when 'none' then 'victims' when 'cooperation' then level else 'justice' end as instrument,
                'COUNTING_RULE' as attribute, stage_definition as value, level, count_unit, input_or_output,
                counted_at, several_offences, attempts, juveniles, legal_persons, unknown_perpetrators,
                transferred_counted_again as counted_again, valid_from as first_period, valid_to as last_period,
                status as text_status, source as text_source
            from counting_rule order by jurisdiction, instrument, level, count_unit, valid_from
        """,
        ("COUNTING_RULE",),
        ("LEVEL", "COUNT_UNIT", "INPUT_OR_OUTPUT", "COUNTED_AT", "SEVERAL_OFFENCES", "ATTEMPTS", "JUVENILES",
         "LEGAL_PERSONS", "UNKNOWN_PERPETRATORS", "COUNTED_AGAIN", "FIRST_PERIOD", "LAST_PERIOD", "TEXT_STATUS",
         "TEXT_SOURCE"),
        is_repeated=True,
    ),
    "NOTES": MetadataSource(
        mark("Notes"),
        mark("Notes on territories, their names, offices, laws and sources."),
        AREAS,
        """
            select area as subject, '' as instrument, 'NOTE' as attribute, text as value, kind as note_kind, level,
                offence_group, period_from as first_period, period_to as last_period
            from note order by area, note_id
        """,
        ("NOTE",),
        ("NOTE_KIND", "LEVEL", "OFFENCE_GROUP", "FIRST_PERIOD", "LAST_PERIOD"),
        is_repeated=True,
        is_about_returns=False,
    ),
    "QUALITY_REPORT": MetadataSource(
        mark("Quality indicators"),
        mark("Completeness, timeliness, punctuality and revisions over the whole time observed."),
        AREAS,
        """
            select territory as subject, instrument, 'QUALITY_INDICATOR' as attribute, indicator as value,
                value as quality_value, case unit when 'fraction' then 'RATIO' when 'days' then 'D' else 'NR' end
                    as quality_unit, reason
            from quality where period = '_T' order by territory, instrument, indicator
        """,
        ("QUALITY_INDICATOR",),
        ("QUALITY_VALUE", "QUALITY_UNIT", "REASON"),
        is_repeated=True,
    ),
    "SUBMISSIONS": MetadataSource(
        mark("Returns of offices"),
        mark("The returns behind the figures: who sent them, when, and for which periods."),
        AREAS,
        """
            select jurisdiction as subject, instrument, 'RETURN' as attribute, submission_id as value,
                source as data_source, form as return_form, kind as return_kind,
                strftime(received_at, '%Y-%m-%dT%H:%M:%SZ') as received_at,
                strftime(accepted_at, '%Y-%m-%dT%H:%M:%SZ') as accepted_at,
                first_period, last_period, is_nil, corrects_submission_id as corrects
            from submission order by jurisdiction, instrument, accepted_at, submission_id
        """,
        ("RETURN",),
        ("DATA_SOURCE", "RETURN_FORM", "RETURN_KIND", "RECEIVED_AT", "ACCEPTED_AT", "FIRST_PERIOD", "LAST_PERIOD",
         "IS_NIL", "CORRECTS"),
        is_repeated=True,
    ),
    "INDICATOR_METHODS": MetadataSource(
        mark("Definitions of indicators"),
        mark("How each indicator is computed, where its method is from, and what to be careful about."),
        "CL_INDICATOR",
        """
            select metric as subject, '' as instrument, attribute, value from (
                select metric, position, definition as INDICATOR_DEFINITION, formula as INDICATOR_FORMULA,
                    interval_method as INTERVAL_METHOD, source as TEXT_SOURCE, caveats as CAVEATS
                from metric
            ) unpivot (value for attribute in (
                INDICATOR_DEFINITION, INDICATOR_FORMULA, INTERVAL_METHOD, TEXT_SOURCE, CAVEATS))
            where value <> '' order by position, list_position(
                ['INDICATOR_DEFINITION', 'INDICATOR_FORMULA', 'INTERVAL_METHOD', 'TEXT_SOURCE', 'CAVEATS'], attribute)
        """,
        ("INDICATOR_DEFINITION", "INDICATOR_FORMULA", "INTERVAL_METHOD", "TEXT_SOURCE", "CAVEATS"),
        is_about_returns=False,
    ),
}  # fmt: skip
"""The metadataflows of a release, by id."""


def build_metadataflow(name: str) -> Metadataflow:
    """Return a metadataflow with its structure, in all languages."""
    source = METADATAFLOWS[name]
    children = tuple(_build_attribute(child) for child in source.children)
    attributes = tuple(_build_attribute(item, children, is_repeated=source.is_repeated) for item in source.attributes)
    if source.is_about_returns:
        attributes = (_build_attribute(INSTRUMENT), *attributes)
    attributes = (*attributes, _build_attribute(FOOTNOTE))
    return Metadataflow(
        name, translate_text(source.name), translate_text(source.description), source.codelist, attributes
    )


def _build_attribute(
    name: str, children: tuple[MetadataAttribute, ...] = (), *, is_repeated: bool = False
) -> MetadataAttribute:
    item = METADATA_ITEMS.get(name) or COMPONENTS[name]
    return MetadataAttribute(name, item.codelist, item.text_type, is_repeated, children)


def list_metadata_concepts() -> dict[str, Concept]:
    """Return the concepts of the attributes that dataflows do not have."""
    return {name: Concept(name, translate_text(item.name)) for name, item in METADATA_ITEMS.items()}
