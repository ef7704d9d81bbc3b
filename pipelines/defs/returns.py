"""One asset for each territory: its returns, checked and, if accepted, written as facts. Partitions are quarters.

A run takes in the returns of its quarters only; an annual return belongs to the fourth quarter of its year.  The checks
on each asset never block: a refused return does not reach the gathered tables, so an error of one office does not delay
the others.
"""

from collections.abc import Sequence
from datetime import timedelta

import dagster as dg

from expectations.suites import RULES_BY_INSTRUMENT
from pipelines import refresh
from pipelines.declarations.registry import Registry, load
from pipelines.declarations.territory import Name
from pipelines.defs.home import LockedHomeResource
from pipelines.defs.partitions import QUARTERS, read_range
from pipelines.defs.step_report import AFTER_DRAFT_MARTS, SECRETARIAT, report_step
from pipelines.runs.step_queue import STEP_OF_SERVICES
from pipelines.runs.worker_step import is_in_worker


def english_name(names: tuple[Name, ...]) -> str:
    """Return the English display name."""
    return next(n.name for n in names if n.language == "en" and not n.accepted_only)


def list_suites(registry: Registry, code: str) -> list[str]:
    """Return the instruments of a territory's forms that have an expectation suite."""
    instruments = {
        form.instrument for form in registry.forms.values() if registry.territory_of(form.jurisdiction).code == code
    }
    return [instrument for instrument in RULES_BY_INSTRUMENT if instrument in instruments]


def returns_asset(code: str, name: str, instruments: Sequence[str]) -> dg.AssetsDefinition:
    """Return the asset of one territory with its checks, which run in the same step."""
    key = dg.AssetKey(["returns", code])

    @dg.asset(
        key=key,
        group_name="returns",
        partitions_def=QUARTERS,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=[dg.AssetKey("arrivals")],
        check_specs=[
            dg.AssetCheckSpec(
                "accepted_without_error",
                asset=key,
                description="No return of this territory was refused. A refused one holds up nobody else.",
            ),
            *(
                dg.AssetCheckSpec(
                    f"{instrument}_suite",
                    asset=key,
                    description=(
                        f"The expectation suite `{instrument}` found no error and no unexplained warning in the newest "
                        "returns of the run's quarters."
                    ),
                    metadata={"rules": ", ".join(RULES_BY_INSTRUMENT[instrument])},
                )
                for instrument in instruments
            ),
        ],
        kinds={"polars", "greatexpectations"},
        description=(
            f"The returns of {name}: each file is read in a process of its own, brought to the common standard by its "
            "office's declared form, checked against its history, and kept as facts once a second person has approved "
            "it."
        ),
        freshness_policy=dg.FreshnessPolicy.time_window(
            fail_window=timedelta(days=100), warn_window=timedelta(days=95)
        ),
        tags={"territory": code},
    )
    def _returns(context: dg.AssetExecutionContext, locked_home: LockedHomeResource) -> dg.MaterializeResult:
        home = locked_home.open()
        is_partitioned = context.has_partition_key or context.has_partition_key_range
        quarters = read_range(context.partition_key_range) if is_partitioned else refresh.EVERY_QUARTER
        context.log.info(f"{code}: {quarters}")
        with report_step(context) as step:
            intake = refresh.take_in(home, code, quarters, log=step.write_line)
            suite_results = refresh.summarise_suites(home, code, instruments, quarters)
            if is_in_worker():
                refresh.hand_over_results(home)
        return dg.MaterializeResult(
            metadata=step.add_seconds({"quarters": str(quarters), **intake.as_metadata()}),
            check_results=[
                dg.AssetCheckResult(
                    check_name="accepted_without_error",
                    passed=not intake.refused,
                    severity=dg.AssetCheckSeverity.WARN,
                    metadata={"refused": intake.describe_refusals() or "none"},
                ),
                *(report_suite(suite_results[instrument]) for instrument in instruments),
            ],
        )

    return _returns


def report_suite(result: refresh.SuiteResult) -> dg.AssetCheckResult:
    """Return the check of one suite, with the findings of each rule and examples of their places."""
    columns = [dg.TableColumn(name) for name in ("rule", "severity")]
    columns += [dg.TableColumn(name, "int") for name in ("findings", "open")]
    columns.append(dg.TableColumn("examples", description="submission, then sheet and cell, page or line"))
    records = [
        dg.TableRecord(
            {
                "rule": rule.rule,
                "severity": rule.severity,
                "findings": rule.findings,
                "open": rule.open,
                "examples": "; ".join(rule.places),
            }
        )
        for rule in result.rules
    ]
    table = dg.MetadataValue.table(records, schema=dg.TableSchema(columns))
    return dg.AssetCheckResult(
        check_name=f"{result.instrument}_suite",
        passed=result.is_passed,
        severity=dg.AssetCheckSeverity.ERROR if result.has_errors else dg.AssetCheckSeverity.WARN,
        description=result.describe_open() or None,
        metadata={**result.as_metadata(), "rules": table},
    )


@dg.asset(
    group_name="returns",
    owners=[SECRETARIAT],
    description=(
        "Files that have come in and wait for their check. In a demonstration home these are the invented returns of "
        "raw_samples/, in the order and at the times of arrivals.csv; in a real home offices use `rti submit`."
    ),
    kinds={"file"},
    op_tags=STEP_OF_SERVICES,
)
def arrivals(context: dg.AssetExecutionContext, locked_home: LockedHomeResource) -> dg.MaterializeResult:
    with report_step(context) as step:
        arrived = refresh.enter_arrivals(locked_home.open(), log=step.write_line)
    return dg.MaterializeResult(metadata=step.add_seconds({"new submissions": arrived}))


@dg.asset(
    group_name="returns",
    deps=[dg.AssetKey(["returns", code]) for code in load().without_training().territories],
    description="Great Expectations' own pages on what this run judged: every suite, every expectation, every failure.",
    kinds={"greatexpectations"},
    owners=[SECRETARIAT],
    op_tags=AFTER_DRAFT_MARTS,
)
def data_docs(context: dg.AssetExecutionContext, locked_home: LockedHomeResource) -> dg.MaterializeResult:
    with report_step(context) as step:
        result = refresh.build_data_docs(locked_home.open(), log=step.write_line)
    return dg.MaterializeResult(metadata=step.add_seconds({"new": result.new, "index": str(result.path or "")}))


@dg.definitions
def returns_definitions() -> dg.Definitions:
    registry = load().without_training()
    return dg.Definitions(
        assets=[
            arrivals,
            data_docs,
            *(
                returns_asset(code, english_name(territory.names), list_suites(registry, code))
                for code, territory in registry.territories.items()
            ),
        ]
    )
