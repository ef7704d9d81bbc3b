"""Load what each run of the daemon needs, in the process from which `prepared_runs` forks them.

Importing this module does the work: multiprocessing imports it before the first fork. Nothing here may start a thread
that a run needs, because a fork has none of them: polars makes its pool on first use, DuckDB one for each database.
"""

from __future__ import annotations

import gc
import importlib
import warnings

from pipelines.core.garbage import collect_rarely
from pipelines.core.structured_log import configure_log
from pipelines.runs.run_log import PART

_MODULES = (
    "dagster._grpc.impl",
    "great_expectations",
    "expectations.engine",
    "dbt.adapters.duckdb",
    "pipelines.publication.disclosure.protect",
    "pipelines.refresh.measuring",
    "pipelines.refresh.suites",
    "pipelines.warehouse.records.build",
)
"""Modules that the steps of a refresh import when they need them."""


def _load_definitions() -> None:
    from dagster._core.code_pointer import ModuleCodePointer
    from dagster._core.definitions.reconstruct import reconstruct_repository_def_from_pointer

    from pipelines.operations.code_server import DEFINITIONS

    reconstruct_repository_def_from_pointer(ModuleCodePointer(DEFINITIONS, "defs", None)).load_all_definitions()


def _load() -> None:
    from pipelines.warehouse.dbt_runner import load_dbt

    collect_rarely()
    configure_log(PART)
    warnings.filterwarnings("ignore", module="dagster")
    _load_definitions()
    load_dbt()
    for module in _MODULES:
        importlib.import_module(module)
    # Searching for garbage would copy the pages that a run shares with this process.
    gc.collect()
    gc.freeze()


_load()
