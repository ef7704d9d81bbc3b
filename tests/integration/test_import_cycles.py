"""No module of the product imports itself in a circle, late and type-only imports included."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

import grimp
import pytest

PACKAGES = ("pipelines", "expectations", "dashboards")


def find_cycle(imports: Mapping[str, set[str]]) -> list[str]:
    """Return the modules of one import cycle in their order, the first repeated at the end; empty if there is none."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_product_has_no_import_cycle() -> None:
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    imports = {module: set(graph.find_modules_directly_imported_by(module)) for module in graph.modules}
    assert len(imports) > 400
    assert find_cycle(imports) == []


@pytest.mark.parametrize("length", [2, 3, 7])
def test_find_cycle_returns_planted_cycle(length: int) -> None:
    imports = {f"m{n}": {f"m{(n + 1) % length}"} for n in range(length)} | {"outside": {"m0"}}
    cycle = find_cycle(imports)
    assert cycle[0] == cycle[-1] and set(cycle) == {f"m{n}" for n in range(length)}
