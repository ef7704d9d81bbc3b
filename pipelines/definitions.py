"""The Dagster code location: it merges the definitions of `pipelines/defs/`, which has one file for each concern."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from warnings import catch_warnings, simplefilter

import dagster as dg
from dagster.components.definitions import LazyDefinitions

from pipelines.core.garbage import collect_rarely
from pipelines.runs.running_clock import follow_running_clock

_FOLDER = Path(__file__).parent / "defs"

# The daemon's runs load the definitions in a process of their own, which ends with the run: 0.8 of 4.1 s were garbage.
collect_rarely()
# Every process with these definitions asks Dagster for partitions and days: code server, runs, step workers.
follow_running_clock()


@dg.definitions
def defs() -> dg.Definitions:
    """Merge the definitions of all modules.

    Dagster's `load_from_defs_folder` does the same and then imports every package with components, dagster-dbt and all
    of dbt among them, to list components that this project does not use: half of the time of a start.
    """
    names = sorted(module.name for module in iter_modules([str(_FOLDER)]))
    with catch_warnings():
        # Dagster warns of each parameter that is new, in every process that loads the definitions.
        simplefilter("ignore", dg.BetaWarning)
        modules = [import_module(f"pipelines.defs.{name}") for name in names]
        functions = {module: list(_find_functions(module)) for module in modules}
        assets = dg.load_assets_from_modules([module for module in modules if not functions[module]])
        parts = [function() for listed in functions.values() for function in listed]
        return dg.Definitions.merge(dg.Definitions(assets=assets), *parts)


def _find_functions(module: ModuleType) -> Iterator[LazyDefinitions[dg.Definitions]]:
    """Yield the functions `@dg.definitions` of a module, which then return all that it defines."""
    yield from (value for value in vars(module).values() if isinstance(value, LazyDefinitions))
