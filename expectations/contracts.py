"""Great Expectations contracts shared by the instruments: keys, codes, values, declared sums, coverage, bounds.

Each expectation names in its `meta` the rule that a failing row breaks (see `reporting.FindingTemplate`), and in its
`notes` what it means; both are shown in Data Docs.  Importing this module imports Great Expectations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from expectations.engine import RETURN_ID, TableExpectations
from expectations.loading import Column, Expectation, gxe
from expectations.reporting import EMPTY, FindingTemplate
from expectations.tables import CODED
from pipelines.core import codes
from pipelines.findings import rules as all_rules
from pipelines.model.long_tables import OBSERVATION_KEY

_GX_SEVERITY = {"error": "critical", "warning": "warning", "information": "info"}
_SKIP_MISSING = {"ignore_row_if": "either_value_is_missing"}


def describe_failure(
    note: str, rule: str, seen: str | None = None, expected: str | None = None, **more: Any
) -> dict[str, Any]:
    """Return `meta`, `notes` (Markdown) and `severity` of an expectation whose failing rows break a rule."""
    template = FindingTemplate(rule, seen, expected, **more)
    return {
        "meta": template.as_meta(),
        "notes": [f"{note}\n\n{_describe_report(template)}"],
        "severity": _GX_SEVERITY[all_rules.find_rule(rule).severity],
    }


def _describe_report(template: FindingTemplate) -> str:
    """Describe the finding of a failing row: the rule, its words, and the column that fills each of its parameters."""
    rule = all_rules.find_rule(template.rule)
    columns = {"seen": template.seen, "expected": template.expected, **template.params}
    fills = [f"`{{{name}}}` from the column `{column}`" for name, column in columns.items() if column is not None]
    fills += [f"`{{{name}}}` is always `{value}`" for name, value in template.constants.items()]
    lines = [f"A row that fails is reported as `{rule.id}` ({rule.severity}):", f"> {rule.message}"]
    if fills:
        lines.append(f"Parameters: {'; '.join(fills)}.")
    if template.severity is not None:
        lines.append(f"The column `{template.severity}` overrides the severity.")
    if template.once_per == "value":
        lines.append("A return has one such finding for each value at most.")
    elif template.once_per == "return":
        lines.append("A return has one such finding at most.")
    return "\n\n".join(lines)


def expect_keys_and_codes(key: Iterable[str], coded: Mapping[str, str]) -> list[Expectation]:
    """Return expectations that no part of a key is empty and every code is in its list. `coded`: column -> code list.

    Tables have EMPTY where a coded part of the key is empty, so that one expectation finds both (each costs 5 to 9 ms).
    """
    return [
        *(_expect_code(column, coded[column], key) if column in coded else _expect_value(column) for column in key),
        *(_expect_code(column, name, key) for column, name in coded.items() if column not in key),
    ]


def _expect_value(column: str) -> Expectation:
    note = f"`{column}` is part of the key of a row, so every row has it."
    expectation: Expectation = gxe.ExpectColumnValuesToNotBeNull(
        column=column, **describe_failure(note, "expect.key", constants={"column": column}, once_per="value")
    )
    return expectation


def _expect_code(column: str, codelist: str, key: Iterable[str]) -> Expectation:
    note = f"`{column}` has only codes of the code list `{codelist}`."
    if column in key:
        note += f" It is part of the key of a row, so every row has it: `{EMPTY}` is reported as `expect.key`."
    expectation: Expectation = gxe.ExpectColumnValuesToBeInSet(
        column=column,
        value_set=list(codes.list_codes(codelist)),
        **describe_failure(
            note,
            "expect.code",
            column,
            constants={"column": column},
            once_per="value",
            rule_if_empty="expect.key" if column in key else None,
        ),
    )
    return expectation


def expect_unique_key(key: Iterable[str], note: str, rule: str, **template: Any) -> Expectation:
    """Return the expectation that a key is unique within each return."""
    expectation: Expectation = gxe.ExpectCompoundColumnsToBeUnique(
        column_list=[*key, RETURN_ID], **describe_failure(note, rule, **template)
    )
    return expectation


def expect_in_order(later: str, earlier: str, note: str, rule: str, **template: Any) -> Expectation:
    """Return the expectation that one date is not before another; the finding shows the date of the event."""
    expectation: Expectation = gxe.ExpectColumnPairValuesAToBeGreaterThanB(
        column_A=later,
        column_B=earlier,
        or_equal=True,
        ignore_row_if="either_value_is_missing",
        **describe_failure(note, rule, "event_date", **template),
    )
    return expectation


def expect_in_period() -> tuple[Expectation, Expectation]:
    """Return the expectations that an event is in the period of its return, whose days the table has."""
    params = {"period": "period"}
    return (
        expect_in_order(
            "period_end",
            "event_date",
            "An event is not after the period of its return.",
            "record.period",
            params=params,
        ),
        expect_in_order(
            "event_date",
            "period_start",
            "An event is not before the period of its return.",
            "record.period",
            params=params,
        ),
    )


def build_observation_contract(instrument: str, more: Iterable[Expectation] = ()) -> TableExpectations:
    """Build the contract of the figures of a return: complete unique keys, codes, and values that fit their status."""
    return TableExpectations(
        f"{instrument}.observations",
        "observations",
        (
            *expect_keys_and_codes(OBSERVATION_KEY, CODED),
            gxe.ExpectColumnValuesToBeBetween(
                column="value", min_value=0, **describe_failure("Counts are not negative.", "value.negative", "value")
            ),
            gxe.ExpectColumnPairValuesToBeEqual(
                column_A="value",
                column_B="nearest_whole_number",
                **_SKIP_MISSING,
                **describe_failure(
                    "Counts are whole numbers. Figures in other units have no `nearest_whole_number`.",
                    "value.fraction",
                    "value",
                ),
            ),
            gxe.ExpectColumnPairValuesToBeEqual(
                column_A="value_is",
                column_B="status_says",
                **_SKIP_MISSING,
                **describe_failure(
                    "A figure has a value, or a status that explains why it has none, never both or neither.",
                    "expect.status",
                    "value",
                    params={"status": "obs_status"},
                ),
            ),
            expect_unique_key(
                (*OBSERVATION_KEY, "form"),
                "A return has each figure once.",
                "expect.unique",
                seen="value",
                params={"label": "label", "period": "period"},
            ),
            *more,
        ),
    )


def build_sum_contracts(instrument: str) -> list[TableExpectations]:
    """Build contracts that a declared total equals its parts if all are known, and is not less than the known ones."""
    template: dict[str, Any] = {
        "seen": "total",
        "expected": "sum_of_parts",
        "params": {"dim": "dim", "label": "label", "parts": "parts"},
        "severity": "severity",
    }
    return [
        TableExpectations(
            f"{instrument}.complete_sums",
            "complete_sums",
            (
                gxe.ExpectColumnPairValuesToBeEqual(
                    column_A="total",
                    column_B="sum_of_parts",
                    **describe_failure(
                        "A total equals the sum of its parts if all parts are known.", "sum.differs", **template
                    ),
                ),
            ),
        ),
        TableExpectations(
            f"{instrument}.incomplete_sums",
            "incomplete_sums",
            (
                gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                    column_A="total",
                    column_B="sum_of_parts",
                    or_equal=True,
                    **describe_failure(
                        "A total is not less than the sum of its known parts.", "sum.exceeded", **template
                    ),
                ),
            ),
        ),
    ]


def build_coverage_contract(instrument: str) -> TableExpectations:
    """Build the contract that periods have ended, are expected, and arrived in time."""
    template: dict[str, Any] = {"params": {"period": "period"}, "once_per": "return"}
    return TableExpectations(
        f"{instrument}.coverage",
        "coverage",
        (
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A="received",
                column_B="period_end",
                **describe_failure("A return arrives after its period has ended.", "coverage.too_early", **template),
            ),
            gxe.ExpectColumnValuesToNotBeNull(
                column="deadline",
                row_condition=Column("has_ended") == "yes",
                **describe_failure(
                    "The calendar of the territory has a deadline for the return.", "coverage.unexpected", **template
                ),
            ),
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A="deadline",
                column_B="first_received",
                or_equal=True,
                **_SKIP_MISSING,
                **describe_failure(
                    "A period arrives by its deadline. Only its first return counts: a period that was reported "
                    "before has no `first_received`.",
                    "coverage.late",
                    "received",
                    "deadline",
                    **template,
                ),
            ),
        ),
    )


def build_bounds_contract(instrument: str) -> TableExpectations:
    """Build the contract that totals are within the bounds that the territory declares."""
    template: dict[str, Any] = {
        "seen": "seen",
        "params": {
            "measure": "measure",
            "offence_group": "offence_group",
            "period": "period",
            "low": "low",
            "high": "high",
        },
    }
    return TableExpectations(
        f"{instrument}.bounds",
        "bounds",
        (
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A="value",
                column_B="low",
                or_equal=True,
                **describe_failure(
                    "A total is not below the bound that its territory declares.", "plausible.bounds", **template
                ),
            ),
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A="high",
                column_B="value",
                or_equal=True,
                **describe_failure(
                    "A total is not above the bound that its territory declares.", "plausible.bounds", **template
                ),
            ),
        ),
    )
