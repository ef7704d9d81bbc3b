"""Run dbt inside this process: one parse of the project, then one invocation for each command, and their results."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from pipelines.core import codes
from pipelines.core.duckdb_files import choose_memory_limit
from pipelines.core.home import Home
from pipelines.statistics.thresholds import (
    DEFAULT_DISPERSION,
    ENOUGH_EVENTS,
    FEWEST_TERRITORIES_IN_RANGE,
    FEWEST_TERRITORIES_IN_REGION,
    MIRROR_REQUESTS,
    MIRROR_SHARE,
)
from pipelines.warehouse import build_cache, dbt_cache

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
LAST_TIMES = "seconds.json"
"""In `restricted/dbt`: seconds of each model, seed and test of the last invocation, in either phase."""
_SELECTION = ("--indirect-selection", "buildable")
"""Run a test only in a phase in which all its inputs are built or come from the previous phase."""
_OUT_OF_MEMORY = "Out of Memory Error"
"""How DuckDB's message begins if a statement needs more memory at once than its limit."""
_FAILED = {"error", "fail", "runtime error"}
Target = Literal["warehouse", "lake", "spark"]
"""The targets of the profile."""
Engine = Literal["warehouse", "spark"]
"""One target for each engine: the lake is written by DuckDB too."""


@dataclass(frozen=True)
class NodeResult:
    """Result of one model, seed or test that dbt ran.

    `status` is dbt's: success, pass, warn, fail, error or skipped. `failures` counts the rows that failed a test.
    """

    name: str
    kind: str
    seconds: float
    status: str = "success"
    failures: int = 0
    message: str = ""


class WarehouseError(Exception):
    """A build failed. The text names each failed model or test, dbt's message and where to look.

    `tests` are the results of the tests that ran before or with the failure.
    """

    def __init__(self, message: str, tests: Sequence[NodeResult] = ()) -> None:
        super().__init__(message)
        self.tests = tuple(tests)


@cache
def prepare_manifest() -> Path:
    """Return the path of the dbt manifest for Dagster. Parse the project only if it has changed."""
    path = dbt_cache.find_manifest(PROJECT, _variable_arguments({})[1])
    if path is None:
        parse_project()
        path = dbt_cache.find_manifest(PROJECT, _variable_arguments({})[1])
    if path is None:
        raise WarehouseError(f"the manifest of the dbt project could not be kept in {dbt_cache.cache_folder()}")
    return path


@cache
def parse_project(engine: Engine = "warehouse") -> Any:
    """Parse the project, unless any process has done so, and return dbt's manifest. Raises WarehouseError.

    `engine` is a target of the profile; the targets of one engine have the same manifest.
    """
    key = _variable_arguments({})[1]
    if engine != "warehouse":
        key += f"\0{engine} {version(f'dbt-{engine}')}"
    manifest = _read_manifest(dbt_cache.read_parsed(PROJECT, key))
    if manifest is not None:
        return manifest
    with dbt_cache.parse_target(PROJECT, key) as folder:
        result = _create_runner(None).invoke(
            ["parse", "--target", engine, *_path_arguments(folder), *_variable_arguments({})]
        )
        if not result.success:
            raise WarehouseError(f"the dbt project cannot be parsed: {result.exception}")
    return result.result


def load_dbt() -> None:
    """Load dbt and all that its builds have in common, for a process from which those that build are forked."""
    from pipelines.warehouse.dbt_overhead import compile_templates

    manifest = parse_project()
    runner = _create_runner(manifest)
    compile_templates(node.raw_code for node in manifest.nodes.values() if str(node.resource_type) in ("model", "test"))
    compile_templates(macro.macro_sql for macro in manifest.macros.values())
    # The first command of a process builds the schemas of dbt's settings. This one opens no database.
    with tempfile.TemporaryDirectory() as target:
        result = runner.invoke(
            ["list", "--quiet", "--select", "mart_count", *_path_arguments(Path(target)), *_variable_arguments({})]
        )
    _close_database()
    if not result.success:
        raise WarehouseError(f"dbt could not list a model: {result.exception}")


def _read_manifest(parsed: bytes | None) -> Any:
    """Return the manifest of an earlier parse, or None if there is none or it cannot be read.

    dbt's parse command reads the same record, but looks at every file again: 1.3 s of processor time.
    """
    if parsed is None:
        return None
    from dbt.contracts.graph.manifest import Manifest
    from dbt_common.dataclass_schema import ValidationError

    try:
        manifest = Manifest.from_msgpack(parsed)
    except (ValueError, KeyError, TypeError, ValidationError):
        return None
    if not manifest.nodes:
        return None
    manifest.build_flat_graph()
    return manifest


@cache
def project_digest() -> str:
    """Return the SHA-256 over every file of the dbt project that affects a build."""
    digest = hashlib.sha256()
    for folder in ("models", "macros", "seeds"):
        for path in sorted((PROJECT / folder).rglob("*")):
            if path.suffix in {".sql", ".csv", ".yml"} and path.stem != "codelist_labels":
                digest.update(str(path.relative_to(PROJECT)).encode() + b"\0" + path.read_bytes())
    digest.update((PROJECT / "dbt_project.yml").read_bytes())
    digest.update(_variable_arguments({})[1].encode())
    return digest.hexdigest()


@cache
def indicators_digest() -> str:
    """Return the SHA-256 over the dbt project and the Python functions that its SQL calls."""
    return build_cache.digest_parts(
        project_digest(),
        build_cache.code_digest("statistics", "warehouse/metrics/udf.py", "warehouse/metrics/pair_udf.py"),
    )


def run_dbt(
    home: Home,
    variables: Mapping[str, Any],
    command: str,
    arguments: Sequence[str],
    *,
    target: Target = "warehouse",
) -> list[NodeResult]:
    """Run one command of dbt on a target of the profile and return the result of each model, seed and test.

    Raises WarehouseError.
    """
    manifest = parse_project("spark") if target == "spark" else parse_project()
    scratch = home.restricted / "dbt"
    if target != "spark":
        variables = {**variables, "memory_limit": choose_memory_limit(), "spill": str(_clear_spill(scratch, variables))}
    # Without --no-write-json dbt writes its manifest again for each build: half a second for a file that exists.
    result = _create_runner(manifest).invoke(
        [
            command,
            *arguments,
            *_SELECTION,
            *("--target", target),
            # Two models at once share DuckDB's memory. In a long history, one alone already needs most of it.
            *(("--threads", "1") if variables.get("batches", 1) > 1 else ()),
            "--no-write-json",
            *_path_arguments(scratch),
            *_variable_arguments(variables),
        ]
    )
    _close_database()
    if result.exception is not None:
        raise WarehouseError(f"dbt could not run: {type(result.exception).__name__}: {result.exception}".rstrip(": "))
    failed = [r for r in result.result.results if str(r.status) in _FAILED]
    results = [_make_result(r) for r in result.result.results if str(r.node.resource_type) != "operation"]
    if failed or not result.success:
        raise WarehouseError(_describe_failures(failed, scratch), select_tests(results))
    written = json.dumps({result.name: result.seconds for result in results}, indent=1)
    (scratch / LAST_TIMES).write_text(written, encoding="utf-8")
    return results


def _clear_spill(scratch: Path, variables: Mapping[str, Any]) -> Path:
    """Return the folder into which a build writes what exceeds its memory, without what a killed one left there."""
    path = variables.get("path")
    # Next to a build there is a folder of its own. Builds of one part of the lake never run at once.
    spill = Path(path).with_suffix(".spill") if path else scratch / f"spill-{variables.get('part', 'other')}"
    shutil.rmtree(spill, ignore_errors=True)
    return spill


def write_documentation(database: Path, target: Path) -> None:
    """Write dbt's documentation of the relations in a database into a folder. Raises WarehouseError."""
    result = _create_runner(parse_project()).invoke(
        [
            "docs",
            "generate",
            "--static",
            "--no-compile",
            *_path_arguments(target),
            *_variable_arguments({"path": str(database)}),
        ]
    )
    _close_database()
    if not result.success:
        raise WarehouseError(f"the documentation could not be made: {result.exception}")


def select_tests(results: Iterable[NodeResult]) -> tuple[NodeResult, ...]:
    """Return the results of tests."""
    return tuple(result for result in results if result.kind == "test")


def _make_result(result: Any) -> NodeResult:
    return NodeResult(
        result.node.name,
        str(result.node.resource_type),
        round(result.execution_time, 3),
        str(result.status),
        int(result.failures or 0),
        " ".join(str(result.message or "").split()) if str(result.status) in _FAILED else "",
    )


def _describe_failures(failed: Sequence[Any], scratch: Path) -> str:
    lines = [f"{len(failed)} of the warehouse's models or tests failed:"]
    for result in failed:
        node = result.node
        words = " ".join(str(result.message or "").split())
        lines.append(f"- {node.resource_type} {node.name} ({node.original_file_path}): {words}")
    if any(_OUT_OF_MEMORY in str(result.message or "") for result in failed):
        lines.append(f"DuckDB may use {choose_memory_limit()}; set RTI_BUILD_MEMORY to more, or use a larger machine.")
    lines.append(f"The SQL that ran is in {scratch / 'compiled'}; a failed test counts rows that should not be.")
    return "\n".join(lines)


def _create_runner(manifest: Any) -> Any:
    # dbt sends usage statistics unless this is disabled; the project disables it, and these settings do so before the
    # import of dbt.
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    os.environ["DO_NOT_TRACK"] = "1"
    from dbt.cli.main import dbtRunner

    from pipelines.warehouse.dbt_overhead import remove_needless_work

    remove_needless_work()
    return dbtRunner(manifest=manifest)


def _close_database() -> None:
    """Close the DuckDB file, so that it can be renamed and opened elsewhere in this process."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import reset_adapters

    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    reset_adapters()  # type: ignore[no-untyped-call]


def _path_arguments(target: Path) -> list[str]:
    # dbt prepares a line for each of its 2,500 events of a build even if none is shown. Errors are in its result.
    return [
        "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(target),
        "--log-path", str(target), "--log-level-file", "none", "--log-level", "none", "--no-use-colors",
    ]  # fmt: skip


def _variable_arguments(run_variables: Mapping[str, Any]) -> list[str]:
    """Return dbt's command line arguments for the variables of one run and those that are the same for every run."""
    declared = {
        "region": codes.REGION,
        "count_type_columns": codes.COUNT_TYPE,
        "enough_events": ENOUGH_EVENTS,
        "fewest_in_range": FEWEST_TERRITORIES_IN_RANGE,
        "fewest_in_region": FEWEST_TERRITORIES_IN_REGION,
        "default_dispersion": DEFAULT_DISPERSION,
        "cooperation_columns": codes.COOPERATION_DIMENSIONS,
        "mirror_requests": MIRROR_REQUESTS,
        "mirror_share": MIRROR_SHARE,
    }
    return ["--vars", json.dumps({**declared, **run_variables})]
