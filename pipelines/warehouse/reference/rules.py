"""Rules for imported reference tables: severity, message and remedy, registered together with the rules for returns."""

from __future__ import annotations

from pipelines.findings.finding import Severity
from pipelines.findings.rules import Rule, register_rules

SEVERITIES: dict[str, Severity] = {
    "reference.repeated_key": "warning",
    "reference.total_differs": "warning",
    "reference.subtotal_differs": "information",
    "reference.recoverable": "information",
    "reference.odd_category": "information",
    "reference.unknown_indicator": "warning",
    "reference.unknown_word": "error",
    "reference.bad_year": "error",
    "reference.bad_value": "error",
    "reference.no_rows": "warning",
    "reference.no_offence": "error",
    "reference.no_table": "error",
    "reference.other_table": "error",
    "reference.offences_table": "error",
    "reference.column_missing": "error",
    "reference.too_large": "error",
}

RULES: dict[str, tuple[str, str]] = {
    "reference.repeated_key": (
        "This row has the same indicator, category, sex, age and year as the row at {first}.",
        "Nothing to do here: all are kept and numbered, none is compared. The publisher merged several sub-forms.",
    ),
    "reference.total_differs": (
        "{territory} {year}, {indicator}: male {male} and female {female} do not add up to the total {total}.",
        "Nothing to do here: the figures are kept as published. Mention it where the total is quoted.",
    ),
    "reference.subtotal_differs": (
        "{territory} {year}, {indicator}, {group}: male {male} and female {female} do not add up to {total}.",
        "Nothing to do here: the figures are kept as published.",
    ),
    "reference.recoverable": (
        "In {count} of {triples} sets of total, male and female the publisher withheld one figure only, so that the "
        "other two give it away.",
        "Never print the other two next to each other as our own figures.",
    ),
    "reference.odd_category": (
        "The category {seen} is spelled in an unusual way.",
        "Nothing to do here: it is kept as a word, and not used as a code.",
    ),
    "reference.unknown_indicator": (
        "The indicator {seen} is not known.",
        "The rows are kept without a measure of ours. Add the indicator to the reader of the table in "
        "pipelines/warehouse/reference/ once its definition is known.",
    ),
    "reference.unknown_word": (
        "The {column} {seen} is not known; the row is left out.",
        "Add the word to the reader of the table in pipelines/warehouse/reference/ once its meaning is known, and "
        "import again.",
    ),
    "reference.bad_year": (
        "{seen} is not a year; the row is left out.",
        "Download the table again; if the problem remains, ask the publisher.",
    ),
    "reference.bad_value": (
        "{seen} is neither a whole number nor a withheld value like <5; the row is left out.",
        "Download the table again; if the problem remains, ask the publisher.",
    ),
    "reference.no_rows": (
        "None of the {rows} rows refers to a territory of this region.",
        "Check that the table was not filtered before it was downloaded.",
    ),
    "reference.no_offence": (
        "No category of this table is an offence that is imported ({expected}). Its categories: {seen}.",
        "If one of them is such an offence in other words, add it to `OFFENCES` in "
        "`pipelines/warehouse/reference/uncts.py` and import the table again. Otherwise check that the table was not "
        "filtered before it was downloaded.",
    ),
    "reference.no_table": (
        "No table with the columns {expected} was found.",
        "Download the table `Trafficking in persons` (GLOTIP) or `Access and functioning of justice` (UN-CTS) of the "
        "UNODC data portal as it is, as a workbook or as CSV.",
    ),
    "reference.other_table": (
        "This is neither the table on trafficking in persons (GLOTIP) nor the table of persons by offence (UN-CTS): "
        "most of its rows are about {seen}.",
        "Download the table `Trafficking in persons` (GLOTIP) or `Access and functioning of justice` (UN-CTS) of the "
        "UNODC data portal as it is, as a workbook or as CSV.",
    ),
    "reference.offences_table": (
        "This table of UN-CTS counts recorded offences and no persons by stage, so that it cannot be compared with "
        "returns.",
        "Recorded offences are not imported, those of smuggling of migrants included. Download `Access and functioning "
        "of justice` (UN-CTS) instead: it has persons suspected, prosecuted and convicted by offence.",
    ),
    "reference.column_missing": (
        "The table lacks the column {columns}.",
        "Download the table with all columns; only Iso3_code (where there is Country), Region, Subregion and Source "
        "may be left out, and in the table on trafficking in persons (GLOTIP) Unit of measurement.",
    ),
    "reference.too_large": (
        "The file unpacks to {megabytes} MB or more than {limit} rows; no table of this publisher is so large.",
        "Download the table again and import it without changing it.",
    ),
}

register_rules({id_: Rule(id_, SEVERITIES[id_], message, remedy) for id_, (message, remedy) in RULES.items()})
